//! Texts that a pattern accepts, made from the pattern: for witness requests and for proofs that something is not
//! covered. Every text was tried on its pattern before it leaves this module.

use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind};

use super::TextPattern;

/// How many texts are made for one pattern.
const MOST: usize = 6;

/// A regular expression whose shortest text is longer than this gets none.
const LONGEST: usize = 512;

/// What to say where anything is accepted, for `not` and for gaps.
const FILLERS: [&str; 5] = ["hello", "", "0", "~", "x y"];

/// Texts that the pattern accepts, the plainest first; none when none was found.
pub(super) fn samples(pattern: &TextPattern) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for text in guesses(pattern) {
        if texts.len() < MOST && !texts.contains(&text) && pattern.accepts(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Values that together the pattern accepts as a set of names.
pub(super) fn names(pattern: &TextPattern) -> Option<Vec<String>> {
    let mut sets: Vec<Vec<String>> = samples(pattern).into_iter().map(|text| vec![text]).collect();
    if let TextPattern::AllOf(arms) = pattern {
        sets.push(arms.iter().filter_map(|arm| samples(arm).into_iter().next()).collect());
        let stated = arms.iter().filter(|arm| !matches!(arm, TextPattern::Not(_)));
        sets.push(stated.filter_map(|arm| samples(arm).into_iter().next()).collect());
    }
    sets.into_iter().find(|set| pattern.accepts_any(&set.iter().map(String::as_str).collect::<Vec<_>>()))
}

fn guesses(pattern: &TextPattern) -> Vec<String> {
    match pattern {
        TextPattern::Contains { needle: text, .. }
        | TextPattern::Equals { text, .. }
        | TextPattern::StartsWith { prefix: text, .. }
        | TextPattern::EndsWith { suffix: text, .. } => vec![text.clone()],
        TextPattern::ContainsAll { needles, .. } => vec![needles.join(" ")],
        TextPattern::Model(model) => vec![model.clone(), format!("{model}-2024-01-01")],
        TextPattern::Glob { source, .. } => vec![source.replace('*', ""), source.replace('*', " ")],
        TextPattern::Regex { source, .. } => of_regex(source),
        TextPattern::Not(_) => FILLERS.map(str::to_owned).to_vec(),
        TextPattern::AnyOf(arms) => arms.iter().flat_map(samples).take(MOST).collect(),
        TextPattern::AllOf(arms) => of_all(arms),
    }
}

/// Texts of each arm alone, and of all arms one behind the other, prefixes first and suffixes last.
fn of_all(arms: &[TextPattern]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut parts: Vec<(u8, String)> = Vec::new();
    for arm in arms {
        let of_arm = samples(arm);
        if let (false, Some(first)) = (matches!(arm, TextPattern::Not(_)), of_arm.first()) {
            parts.push((place(arm), first.clone()));
        }
        texts.extend(of_arm);
    }
    parts.sort_by_key(|(place, _)| *place);
    let parts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    texts.push(parts.join(" "));
    texts.push(parts.concat());
    texts.extend(FILLERS.map(str::to_owned));
    texts
}

/// Texts that a pattern forbids, as far as it has a `not`.
pub(super) fn forbidden(pattern: &TextPattern) -> Vec<String> {
    match pattern {
        TextPattern::Not(inner) => samples(inner),
        TextPattern::AnyOf(arms) | TextPattern::AllOf(arms) => arms.iter().flat_map(forbidden).take(MOST).collect(),
        _ => Vec::new(),
    }
}

fn place(pattern: &TextPattern) -> u8 {
    match pattern {
        TextPattern::StartsWith { .. } => 0,
        TextPattern::EndsWith { .. } => 2,
        _ => 1,
    }
}

fn of_regex(source: &str) -> Vec<String> {
    let mut text = String::new();
    let parsed = regex_syntax::Parser::new().parse(source);
    let whole = parsed.is_ok_and(|hir| write(&hir, &mut text).is_some());
    if whole { vec![text] } else { Vec::new() }
}

/// Writes a shortest text of a regular expression, conditions on places left out; `None` when there is none or it is
/// too long.
fn write(hir: &Hir, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(char_of(class)?),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min {
                let before = text.len();
                write(&repetition.sub, text)?;
                // Repeating nothing may be asked for a billion times.
                if text.len() == before {
                    break;
                }
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write(part, text))?,
        HirKind::Alternation(arms) => write(arms.first()?, text)?,
    }
    (text.len() <= LONGEST).then_some(())
}

/// A readable character of a class, if it has one.
fn char_of(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let has = |c: char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&c));
    "a1 A_-.".chars().find(|c| has(*c)).or_else(|| class.ranges().first().map(ClassUnicodeRange::start))
}
