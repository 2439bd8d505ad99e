//! The rows nearest to a request that nothing answered: what a person would look at first.
//!
//! Fewest failed clauses come first, then those whose failed texts are most alike, then the earlier row. Texts are
//! compared by the share of a pattern's three-letter pieces that the request's text has, so the cost is bounded by the
//! lengths looked at and does not multiply.

use std::cmp::Reverse;

use super::choice::is_open;
use super::fold::fold;
use super::{Clause, Compatibility, Facet, Facets, Pattern, Row, Served, Strictness, Table, TextPattern};
use crate::exchange::Exchange;

/// How many rows are compared by likeness; in larger tables those with the fewest failed clauses.
const MOST_COMPARED: usize = 512;

/// How much of a request's text is looked at, in characters.
const TEXT_LOOKED_AT: usize = 4096;

/// How much of a pattern's text is looked at, in characters.
const PATTERN_LOOKED_AT: usize = 256;

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
        let living = self.rows().iter().enumerate().filter(|(_, row)| !row.dead);
        let mut nears: Vec<Near<'_>> = living
            .map(|(number, row)| {
                // Nothing answered, so a row whose content matched was closed, and if only its turn was wrong, turns were strict.
                let open = is_open(number, row, turn, served, Strictness { turns: true });
                Near::new(number, row, &mut facets, to, open)
            })
            .collect();
        nears.sort_by_key(Near::faults);
        nears.truncate(MOST_COMPARED);
        let mut texts = Texts::default();
        let mut ranked: Vec<_> =
            nears.into_iter().map(|near| ((near.faults(), Reverse(near.likeness(&mut facets, &mut texts)), near.row), near)).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().take(limit).map(|(_, near)| near).collect()
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
        let total: usize = self.failed.iter().map(|clause| texts.likeness(clause, facets)).sum();
        total / self.failed.len().max(1)
    }
}

/// The pieces of the request's texts, made once a criterion.
#[derive(Default)]
struct Texts {
    known: Vec<(&'static str, rapidhash::RapidHashSet<[char; 3]>)>,
}

impl Texts {
    fn likeness(&mut self, clause: &Clause, facets: &mut Facets<'_>) -> usize {
        let Pattern::Text(pattern) = &clause.pattern else { return 0 };
        let key = clause.criterion.key;
        let index = self.known.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            self.known.push((key, pieces_of(facets.of(clause.criterion))));
            self.known.len() - 1
        });
        self.known.get(index).map_or(0, |(_, pieces)| alike(pattern, pieces))
    }
}

fn pieces_of(facet: &Facet<'_>) -> rapidhash::RapidHashSet<[char; 3]> {
    match facet {
        Facet::Text(text) => pieces(text, TEXT_LOOKED_AT).collect(),
        Facet::Names(names) => names.iter().flat_map(|name| pieces(name, PATTERN_LOOKED_AT).collect::<Vec<_>>()).collect(),
        Facet::Absent | Facet::Flag(_) | Facet::Headers(_) | Facet::Json(_) => rapidhash::RapidHashSet::default(),
    }
}

/// Thousandths of the pattern's pieces that are there; of several texts, all or the best, as the operator has it.
fn alike(pattern: &TextPattern, found: &rapidhash::RapidHashSet<[char; 3]>) -> usize {
    let share = |text: &str| {
        let wanted: Vec<[char; 3]> = pieces(text, PATTERN_LOOKED_AT).collect();
        1000 * wanted.iter().filter(|piece| found.contains(*piece)).count() / wanted.len().max(1)
    };
    match pattern {
        TextPattern::Contains { needle: text, .. }
        | TextPattern::Equals { text, .. }
        | TextPattern::StartsWith { prefix: text, .. }
        | TextPattern::EndsWith { suffix: text, .. }
        | TextPattern::Glob { source: text, .. }
        | TextPattern::Regex { source: text, .. }
        | TextPattern::Model(text) => share(text),
        TextPattern::ContainsAll { needles, .. } => needles.iter().map(|needle| share(needle)).sum::<usize>() / needles.len().max(1),
        TextPattern::Not(_) => 0,
        TextPattern::AnyOf(arms) | TextPattern::AllOf(arms) => arms.iter().map(|arm| alike(arm, found)).max().unwrap_or(0),
    }
}

/// Every run of three characters, case aside, with the ends of the text marked so that short texts have pieces too.
fn pieces(text: &str, limit: usize) -> impl Iterator<Item = [char; 3]> {
    let cut: String = text.chars().take(limit).collect();
    let chars: Vec<char> = format!(" {} ", fold(&cut)).chars().collect();
    (0..chars.len().saturating_sub(2)).filter_map(move |start| match chars.get(start..start + 3) {
        Some(&[a, b, c]) => Some([a, b, c]),
        _ => None,
    })
}
