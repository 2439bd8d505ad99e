//! The rows nearest to a request that nothing answered: what a person would look at first.
//!
//! Fewest failed clauses come first, then those whose failed texts are most alike, then the earlier row. Texts are
//! compared by the share of a pattern's three-letter pieces that the request's text has, so the cost is bounded by the
//! lengths looked at and does not multiply.

use std::cmp::Reverse;

use super::choice::is_open;
use super::fold::fold_char;
use super::{Clause, Compatibility, Facet, Facets, Pattern, Row, Served, Strictness, Table, TextPattern};
use crate::exchange::Exchange;

/// Smaller tables are compared row by row; of larger ones so many rows that are likely to be near.
const MOST_COMPARED: usize = 32;

/// How much of a request's text is looked at, in characters.
pub(super) const TEXT_LOOKED_AT: usize = 4096;

/// How much of a pattern's text is looked at, in characters.
pub(super) const PATTERN_LOOKED_AT: usize = 256;

/// A row that nearly matched.
#[derive(Clone, Debug)]
pub struct Near<'t> {
    pub row: usize,
    /// The clauses that failed, in registry order; empty when only position or endpoint compatibility was to blame.
    pub failed: Vec<&'t Clause>,
    /// Whether content matched and position did not.
    pub position_failed: bool,
    /// Whether the reply's kind cannot answer this endpoint.
    pub incompatible: bool,
}

impl Table {
    /// The rows nearest to a request that nothing answered, best first, at most `limit`. Dead rows are never near.
    pub fn nearest(&self, exchange: &Exchange, served: &Served, limit: usize) -> Vec<Near<'_>> {
        let mut facets = Facets::new(exchange);
        let to = Compatibility::of(&exchange.request);
        let turn = exchange.request.assistant_count();
        let near = |number: usize, facets: &mut Facets<'_>| {
            let row = self.rows().get(number).filter(|row| !row.dead)?;
            // Nothing answered, so a row whose content matched was closed, and if only its turn was wrong, turns were strict.
            let open = is_open(number, row, turn, served, Strictness { turns: true });
            Some(Near::new(number, row, facets, to, open))
        };
        let mut nears: Vec<Near<'_>> = self.likely_near(&mut facets).into_iter().filter_map(|number| near(number, &mut facets)).collect();
        // Whether texts are alike matters only among those that may be named.
        nears.sort_by_key(Near::faults);
        let most = limit.checked_sub(1).and_then(|last| nears.get(last)).map_or(usize::MAX, Near::faults);
        nears.retain(|near| near.faults() <= most);
        let mut texts = Texts::default();
        let mut ranked: Vec<_> =
            nears.into_iter().map(|near| ((near.faults(), Reverse(near.likeness(&mut facets, &mut texts)), near.row), near)).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().take(limit).map(|(_, near)| near).collect()
    }

    /// The rows to compare, ascending: all of a small table. Of a larger one those whose needles the request has, those of
    /// alike texts, and the last that came since; where these are few, the first.
    fn likely_near(&self, facets: &mut Facets<'_>) -> Vec<usize> {
        let count = self.rows().len();
        if count <= MOST_COMPARED {
            return (0..count).collect();
        }
        let mut likely: Vec<usize> = self.likely(facets).take(MOST_COMPARED).collect();
        let kin = self.kin();
        likely.extend(kin.of(facets, MOST_COMPARED / 4));
        likely.extend((kin.end..count).rev().take(MOST_COMPARED / 4));
        // Each row that is looked at has to come from memory: the first ones do only where there are few others.
        let missing = (MOST_COMPARED / 4).saturating_sub(likely.len());
        likely.extend(self.rows().iter().enumerate().filter(|(_, row)| !row.dead).map(|(number, _)| number).take(missing));
        likely.sort_unstable();
        likely.dedup();
        likely
    }
}

impl<'t> Near<'t> {
    fn new(number: usize, row: &'t Row, facets: &mut Facets<'_>, to: Compatibility<'_>, open: bool) -> Near<'t> {
        let mut fails = |clause: &&Clause| !clause.pattern.accepts(facets.of(clause.criterion));
        let failed: Vec<&Clause> = row.matches.clauses().iter().filter(|clause| fails(clause)).collect();
        let position_failed = failed.is_empty() && !open;
        Near { row: number, failed, position_failed, incompatible: !row.admits(to) }
    }

    /// How many things are in the way.
    fn faults(&self) -> usize {
        self.failed.len() + usize::from(self.incompatible) + usize::from(self.position_failed)
    }

    /// How alike the failed clauses and the request are, in thousandths, on average.
    fn likeness(&self, facets: &mut Facets<'_>, texts: &mut Texts) -> usize {
        if self.failed.is_empty() {
            return 1000;
        }
        let total: usize = self.failed.iter().map(|clause| texts.likeness(clause, facets)).sum();
        total / self.failed.len()
    }
}

/// The pieces of the request's texts, made once a criterion.
#[derive(Default)]
struct Texts {
    known: Vec<(&'static str, Pieces)>,
}

/// Pieces of a text, to be asked for: each stands at its slot or behind it, before an empty one.
struct Pieces {
    /// A power of two, at least twice as many as pieces. A piece has 63 bits, and stands here as one more; 0 is none.
    slots: Vec<u64>,
}

impl Pieces {
    fn new(pieces: &[u64]) -> Pieces {
        let mut found = Pieces { slots: vec![0; (pieces.len() * 2 + 1).next_power_of_two()] };
        for piece in pieces {
            let place = found.place(*piece).1;
            if let Some(slot) = found.slots.get_mut(place) {
                *slot = *piece + 1;
            }
        }
        found
    }

    fn has(&self, piece: u64) -> bool {
        self.place(piece).0
    }

    /// Whether a piece is there, and where it is or would be.
    fn place(&self, piece: u64) -> (bool, usize) {
        let (wanted, last) = (piece + 1, self.slots.len() - 1);
        // Multiplication spreads the bits upwards; the upper ones are taken.
        let mut place = (piece.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & last;
        loop {
            match self.slots.get(place) {
                Some(found) if *found == wanted => return (true, place),
                Some(0) | None => return (false, place),
                Some(_) => place = (place + 1) & last,
            }
        }
    }
}

impl Texts {
    fn likeness(&mut self, clause: &Clause, facets: &mut Facets<'_>) -> usize {
        let Pattern::Text(pattern) = &clause.pattern else { return 0 };
        let key = clause.criterion.key;
        let index = self.known.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            let pieces: Vec<u64> = pieces_of(facets.of(clause.criterion)).collect();
            self.known.push((key, Pieces::new(&pieces)));
            self.known.len() - 1
        });
        self.known.get(index).map_or(0, |(_, pieces)| alike(pattern, pieces))
    }
}

/// The pieces of what a request has.
pub(super) fn pieces_of<'f>(facet: &'f Facet<'_>) -> impl Iterator<Item = u64> + 'f {
    let (text, names) = match facet {
        Facet::Text(text) => (Some(text.as_ref()), [].as_slice()),
        Facet::Names(names) => (None, names.as_slice()),
        Facet::Absent | Facet::Flag(_) | Facet::Headers(_) | Facet::Json(_) => (None, [].as_slice()),
    };
    let of_names = names.iter().flat_map(|name| pieces(name, PATTERN_LOOKED_AT));
    text.into_iter().flat_map(|text| pieces(text, TEXT_LOOKED_AT)).chain(of_names)
}

/// Thousandths of the pattern's pieces that are there; of several texts, all or the best, as the operator has it.
fn alike(pattern: &TextPattern, found: &Pieces) -> usize {
    let share = |text: &str| {
        let (there, all) =
            pieces(text, PATTERN_LOOKED_AT).fold((0, 0), |(there, all), piece| (there + usize::from(found.has(piece)), all + 1));
        1000 * there / all.max(1)
    };
    match pattern {
        TextPattern::ContainsAll { needles, .. } => needles.iter().map(|needle| share(needle)).sum::<usize>() / needles.len().max(1),
        TextPattern::Not(_) => 0,
        TextPattern::AnyOf(arms) | TextPattern::AllOf(arms) => arms.iter().map(|arm| alike(arm, found)).max().unwrap_or(0),
        one => one.own_text().map_or(0, share),
    }
}

/// Every run of three characters, case aside, with the ends of the text marked so that short texts have pieces too; each
/// packed into a number.
pub(super) fn pieces(text: &str, limit: usize) -> impl Iterator<Item = u64> {
    const BITS: u32 = 21;
    const THREE: u64 = (1 << (3 * BITS)) - 1;
    let end = if text.len() <= limit { None } else { text.char_indices().nth(limit) };
    let mut letters = end.and_then(|(end, _)| text.get(..end)).unwrap_or(text).chars();
    let mut next = move || letters.next().map(|letter| u64::from(fold_char(letter)));
    let space = u64::from(' ');
    let first = next();
    let mut packed = first.map_or(space, |first| space << BITS | first);
    // Of an empty text only the mark is left, which is no piece.
    let mut ended = first.is_none();
    std::iter::from_fn(move || {
        let letter = match next() {
            Some(letter) => letter,
            None if ended => return None,
            None => {
                ended = true;
                space
            }
        };
        packed = (packed << BITS | letter) & THREE;
        Some(packed)
    })
}
