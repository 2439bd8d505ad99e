//! Proofs between text patterns: every value that one accepts the other accepts too, or no value is accepted by both.
//!
//! A `true` is a proof; a `false` says nothing. Costs are bounded by a budget, since combinations may nest.

use super::TextPattern;
use super::outline::outlines;

/// What a criterion reads: one text, or a set of names of which an operator needs but one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    One,
    Many,
}

/// How many comparisons one proof may take.
const BUDGET: usize = 4096;

/// Whether whatever `from` accepts, `to` accepts.
pub(super) fn implies(from: &TextPattern, to: &TextPattern, domain: Domain) -> bool {
    Prover { domain, budget: BUDGET }.implies(from, to)
}

/// Whether no value is accepted by both.
pub(super) fn excludes(a: &TextPattern, b: &TextPattern, domain: Domain) -> bool {
    Prover { domain, budget: BUDGET }.excludes(a, b)
}

struct Prover {
    domain: Domain,
    budget: usize,
}

impl Prover {
    /// The order of the cases matters: what splits into "all of" comes before what splits into "one of".
    fn implies(&mut self, from: &TextPattern, to: &TextPattern) -> bool {
        use TextPattern::{AllOf, AnyOf, Contains, ContainsAll, Not};
        let Some(left) = self.budget.checked_sub(1) else { return false };
        self.budget = left;
        if from == to {
            return true;
        }
        match (from, to) {
            // By far the commonest pair, told without making outlines.
            (Contains { needle: from, ignore_case: false }, Contains { needle: to, ignore_case: false }) => from.contains(to.as_str()),
            (_, AllOf(arms)) => arms.iter().all(|arm| self.implies(from, arm)),
            (AnyOf(arms), _) => arms.iter().all(|arm| self.implies(arm, to)),
            (AllOf(arms), _) if arms.iter().any(|arm| self.implies(arm, to)) => true,
            (_, AnyOf(arms)) if arms.iter().any(|arm| self.implies(from, arm)) => true,
            (Not(from), Not(to)) => self.implies(to, from),
            (_, Not(inner)) => self.excludes(from, inner),
            (AllOf(arms), ContainsAll { .. }) if self.domain == Domain::One => {
                parts(to).iter().all(|part| arms.iter().any(|arm| self.implies(arm, part)))
            }
            (AllOf(_), _) | (_, AnyOf(_)) => false,
            (Not(_), _) => is_universal(to),
            (_, ContainsAll { .. }) => parts(to).iter().all(|part| self.implies(from, part)),
            (ContainsAll { .. }, _) => is_universal(to) || parts(from).iter().any(|part| self.implies(part, to)),
            _ => operator_implies(from, to),
        }
    }

    fn excludes(&mut self, a: &TextPattern, b: &TextPattern) -> bool {
        use TextPattern::{AllOf, AnyOf, ContainsAll, Not};
        let Some(left) = self.budget.checked_sub(1) else { return false };
        self.budget = left;
        match (a, b) {
            (AnyOf(arms), other) | (other, AnyOf(arms)) => arms.iter().all(|arm| self.excludes(arm, other)),
            (AllOf(arms), other) | (other, AllOf(arms)) => arms.iter().any(|arm| self.excludes(arm, other)),
            (Not(inner), other) | (other, Not(inner)) => self.implies(other, inner),
            // Of several names one may satisfy the first and another the second.
            _ if self.domain == Domain::Many => false,
            (ContainsAll { .. }, other) | (other, ContainsAll { .. }) => {
                let (all, other) = if matches!(a, ContainsAll { .. }) { (a, other) } else { (b, a) };
                parts(all).iter().any(|part| self.excludes(part, other))
            }
            _ => operators_exclude(a, b),
        }
    }
}

/// The single statements that `contains` with a list is made of.
fn parts(pattern: &TextPattern) -> Vec<TextPattern> {
    let TextPattern::ContainsAll { needles, ignore_case } = pattern else { return Vec::new() };
    needles.iter().map(|needle| TextPattern::Contains { needle: needle.clone(), ignore_case: *ignore_case }).collect()
}

/// Whether every text is accepted, and therefore every set that is not empty.
fn is_universal(pattern: &TextPattern) -> bool {
    let nothing = TextPattern::contains("");
    match pattern {
        TextPattern::ContainsAll { .. } => parts(pattern).iter().all(is_universal),
        TextPattern::AnyOf(arms) => arms.iter().any(is_universal),
        TextPattern::AllOf(arms) => arms.iter().all(is_universal),
        TextPattern::Not(_) => false,
        operator => operator_implies(&nothing, operator),
    }
}

/// Two single operators: each shape of the first lies within an exact shape of the second, or is one text that the
/// second accepts.
fn operator_implies(from: &TextPattern, to: &TextPattern) -> bool {
    let wider = outlines(to);
    outlines(from)
        .iter()
        .all(|shape| wider.iter().any(|wide| wide.exact && wide.contains(shape)) || shape.only_text().is_some_and(|text| to.accepts(text)))
}

fn operators_exclude(a: &TextPattern, b: &TextPattern) -> bool {
    let theirs = outlines(b);
    outlines(a)
        .iter()
        .all(|mine| theirs.iter().all(|their| mine.excludes(their) || rejects_only_text(mine, b) || rejects_only_text(their, a)))
}

fn rejects_only_text(shape: &super::outline::Outline, pattern: &TextPattern) -> bool {
    shape.only_text().is_some_and(|text| !pattern.accepts(text))
}
