//! Patterns as literal pieces with gaps between them: the common form in which operators are compared.
//!
//! `contains "a"` is *gap, a, gap*; `startsWith "a"` is *a, gap*; a glob is its pieces; a plain regular expression such
//! as `^weather.*Oslo` becomes *weather, gap, Oslo, gap*. An outline never says less than the truth about the texts a
//! pattern takes: each of them has that shape. If it also takes every text of that shape, the outline is exact.

use regex_syntax::hir::{Hir, HirKind, Look};

use super::TextPattern;
use super::fold::{fold_if, is_cased};

/// Alternatives of a regular expression beyond this are not told apart.
const MOST_ALTERNATIVES: usize = 32;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    /// Any characters, or none.
    Gap,
}

/// A shape of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outline {
    pieces: Vec<Piece>,
    ignore_case: bool,
    /// Whether every text of the shape is accepted by the pattern it was made from.
    pub(super) exact: bool,
}

/// The shapes of the texts that a single operator accepts: each such text has one of them. `not` and the combinations
/// are no single operators; they have every shape.
pub(super) fn outlines(pattern: &TextPattern) -> Vec<Outline> {
    use Piece::Gap;
    let exact = |pieces, ignore_case: &bool| vec![Outline { pieces, ignore_case: *ignore_case, exact: true }];
    let literal = |text: &String| Piece::Literal(text.clone());
    match pattern {
        TextPattern::Contains { needle, ignore_case } => exact(vec![Gap, literal(needle), Gap], ignore_case),
        TextPattern::Equals { text, ignore_case } => exact(vec![literal(text)], ignore_case),
        TextPattern::StartsWith { prefix, ignore_case } => exact(vec![literal(prefix), Gap], ignore_case),
        TextPattern::EndsWith { suffix, ignore_case } => exact(vec![Gap, literal(suffix)], ignore_case),
        TextPattern::Glob { source, ignore_case } => exact(of_glob(source), ignore_case),
        TextPattern::Regex { source, ignore_case, .. } => of_regex(source, *ignore_case),
        TextPattern::Model(model) => {
            let dated = ('0'..='9').map(|digit| vec![Piece::Literal(format!("{model}-{digit}")), Gap]);
            let shapes = std::iter::once(vec![literal(model)]).chain(dated);
            shapes.map(|pieces| Outline { pieces, ignore_case: false, exact: true }).collect()
        }
        TextPattern::ContainsAll { .. } | TextPattern::Not(_) | TextPattern::AnyOf(_) | TextPattern::AllOf(_) => vec![anything()],
    }
}

impl Outline {
    /// Whether every text of `other`'s shape has this shape.
    pub(super) fn contains(&self, other: &Outline) -> bool {
        self.unused_char().is_some_and(|unknown| self.fits(&other.specimen(unknown, !self.ignore_case)))
    }

    /// The longest text that every text of the shape contains, but for its case where that is ignored.
    pub(super) fn longest_literal(&self) -> Option<&str> {
        let literals = self.pieces.iter().filter_map(|piece| if let Piece::Literal(text) = piece { Some(text.as_str()) } else { None });
        literals.filter(|text| !text.is_empty()).max_by_key(|text| text.len())
    }

    /// Whether its literals stand for their text in any case.
    pub(super) fn ignore_case(&self) -> bool {
        self.ignore_case
    }

    /// The only text of this shape, if there is just one.
    pub(super) fn only_text(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] if !(self.ignore_case && text.chars().any(is_cased)) => Some(text),
            _ => None,
        }
    }

    /// Whether no text can have both shapes: they begin differently, or they end differently.
    pub(super) fn excludes(&self, other: &Outline) -> bool {
        let fold = self.ignore_case || other.ignore_case;
        let (mine, theirs) = (fold_if(self.prefix(), fold), fold_if(other.prefix(), fold));
        if !mine.starts_with(theirs.as_ref()) && !theirs.starts_with(mine.as_ref()) {
            return true;
        }
        let (mine, theirs) = (fold_if(self.suffix(), fold), fold_if(other.suffix(), fold));
        !mine.ends_with(theirs.as_ref()) && !theirs.ends_with(mine.as_ref())
    }

    /// What every text of the shape begins with.
    fn prefix(&self) -> &str {
        if let Some(Piece::Literal(text)) = self.pieces.first() { text } else { "" }
    }

    /// What every text of the shape ends with.
    fn suffix(&self) -> &str {
        if let Some(Piece::Literal(text)) = self.pieces.last() { text } else { "" }
    }

    /// A text of the shape with a character in its gaps that only a gap can take. If a shape takes the specimen, it
    /// takes whatever may stand in the gaps. Where the other side minds case and this one does not, letters are gaps too.
    fn specimen(&self, unknown: char, minds_case: bool) -> String {
        let hide = self.ignore_case && minds_case;
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Gap => text.push(unknown),
                Piece::Literal(literal) => text.extend(literal.chars().map(|c| if hide && is_cased(c) { unknown } else { c })),
            }
        }
        text
    }

    /// A character without case that stands in none of the literals.
    fn unused_char(&self) -> Option<char> {
        let taken = |c: char| self.pieces.iter().any(|piece| matches!(piece, Piece::Literal(text) if text.contains(c)));
        ('\u{e000}'..='\u{e0ff}').find(|c| !taken(*c))
    }

    /// Whether a text has this shape.
    fn fits(&self, text: &str) -> bool {
        let text = fold_if(text, self.ignore_case);
        let mut rest: &str = &text;
        let mut gap = false;
        for (index, piece) in self.pieces.iter().enumerate() {
            let Piece::Literal(literal) = piece else {
                gap = true;
                continue;
            };
            let literal = fold_if(literal, self.ignore_case);
            let last = index + 1 == self.pieces.len();
            let found = match (gap, last) {
                (true, true) => return rest.ends_with(literal.as_ref()),
                (true, false) => rest.split_once(literal.as_ref()).map(|(_, behind)| behind),
                (false, _) => rest.strip_prefix(literal.as_ref()),
            };
            let Some(behind) = found else { return false };
            rest = behind;
            gap = false;
        }
        gap || rest.is_empty()
    }
}

/// The shape of every text, from a pattern that may take fewer.
fn anything() -> Outline {
    Outline { pieces: vec![Piece::Gap], ignore_case: false, exact: false }
}

fn of_glob(source: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, literal) in source.split('*').enumerate() {
        if index > 0 {
            pieces.push(Piece::Gap);
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.to_owned()));
        }
    }
    pieces
}

/// Parsed without regard to case, so that literals stay literals; the outline ignores case instead.
fn of_regex(source: &str, ignore_case: bool) -> Vec<Outline> {
    let Ok(hir) = regex_syntax::Parser::new().parse(source) else { return vec![anything()] };
    let arms: Vec<&Hir> = match hir.kind() {
        HirKind::Alternation(arms) if arms.len() <= MOST_ALTERNATIVES => arms.iter().collect(),
        _ => vec![&hir],
    };
    // A flag inside, `(?-i)` for one, may mind case where the operator does not.
    let exact = !(ignore_case && source.contains("(?"));
    arms.into_iter().map(|arm| of_arm(arm, ignore_case, exact)).collect()
}

fn of_arm(arm: &Hir, ignore_case: bool, exact: bool) -> Outline {
    let parts: Vec<&Hir> = if let HirKind::Concat(parts) = arm.kind() { parts.iter().collect() } else { vec![arm] };
    let is_look = |part: Option<&&Hir>, look| part.is_some_and(|part| matches!(part.kind(), HirKind::Look(found) if *found == look));
    let from_start = is_look(parts.first(), Look::Start);
    let to_end = parts.len() > usize::from(from_start) && is_look(parts.last(), Look::End);
    let inner = parts.get(usize::from(from_start)..parts.len() - usize::from(to_end)).unwrap_or_default();
    let mut outline = Outline { pieces: Vec::new(), ignore_case, exact };
    if !from_start {
        outline.gap(true);
    }
    for part in inner {
        outline.extend(part);
    }
    if !to_end {
        outline.gap(true);
    }
    outline
}

impl Outline {
    /// Adds the shape of a part of a regular expression at the end.
    fn extend(&mut self, part: &Hir) {
        match part.kind() {
            HirKind::Empty => {}
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => self.literal(text),
                Err(_) => self.gap(false),
            },
            HirKind::Capture(capture) => self.extend(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.extend(part)),
            HirKind::Repetition(repetition) => {
                let anything = repetition.min == 0 && repetition.max.is_none() && is_any_char(&repetition.sub);
                self.gap(anything);
            }
            // A condition on a place: leaving it out says less, which stays true.
            HirKind::Look(_) => self.exact = false,
            HirKind::Class(_) | HirKind::Alternation(_) => self.gap(false),
        }
    }

    fn literal(&mut self, text: &str) {
        if let Some(Piece::Literal(last)) = self.pieces.last_mut() {
            last.push_str(text);
        } else {
            self.pieces.push(Piece::Literal(text.to_owned()));
        }
    }

    fn gap(&mut self, exact: bool) {
        self.exact &= exact;
        if self.pieces.last() != Some(&Piece::Gap) {
            self.pieces.push(Piece::Gap);
        }
    }
}

/// Whether it is `.` with newlines.
fn is_any_char(hir: &Hir) -> bool {
    let HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = hir.kind() else { return false };
    matches!(class.ranges(), [all] if all.start() == '\0' && all.end() == char::MAX)
}
