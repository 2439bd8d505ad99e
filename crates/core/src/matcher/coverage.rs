//! Whether one pattern, or one `match`, takes everything that another one takes.
//!
//! `Yes` is a proof by the operators' meaning. `No` is an example: a text or a request that the other one takes and
//! this one does not, made and tried before the word is spoken. Everything else is `Unknown`, and lint stays silent.

use super::implication::{Domain, excludes, implies};
use super::plainest::{Setting, Sketch};
use super::sample::{forbidden, samples};
use super::{Clause, Criterion, Facet, Match, Pattern, TextPattern, pattern, subset};
use crate::exchange::{Endpoint, Exchange, Headers};

/// An answer that can be "cannot tell": lint speaks only on `Yes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// A proof.
    Yes,
    /// A request could be named that the other one takes and this one does not.
    No,
    /// Neither was proved.
    Unknown,
}

impl Coverage {
    /// The answer to a proof and to an example, whichever there is.
    pub(super) fn of(proved: bool, example: impl FnOnce() -> bool) -> Coverage {
        if proved {
            Coverage::Yes
        } else if example() {
            Coverage::No
        } else {
            Coverage::Unknown
        }
    }
}

/// Facts about the bytes that a codec turns into the request: a clause about them may follow from one about the
/// request in ways that only the codec knows, so an example that fails on them alone proves nothing.
const RAW: [&str; 3] = ["method", "path", "body"];

/// Keys that read the last message as a tool result.
const TOOL_RESULT: [&str; 2] = ["toolCallId", "toolResultContains"];

impl TextPattern {
    /// Whether every text that `other` accepts is accepted.
    pub fn covers(&self, other: &TextPattern) -> Coverage {
        Coverage::of(implies(other, self, Domain::One), || self.counterexample(other).is_some())
    }

    /// A text that `other` accepts and this pattern does not, if one comes to mind.
    pub fn counterexample(&self, other: &TextPattern) -> Option<String> {
        let theirs = samples(other);
        let mine: Vec<String> = forbidden(self).into_iter().chain(samples(self)).collect();
        let is_one = |text: &String| other.accepts(text) && !self.accepts(text);
        let variants = |text: &String| {
            let mixed = mine.iter().flat_map(|mine| [format!("{text}{mine}"), format!("{mine}{text}")]);
            let plain = [text.clone(), text.to_uppercase(), text.to_lowercase(), format!("~{text}"), format!("{text}~")];
            plain.into_iter().chain(mixed).find(is_one)
        };
        theirs.iter().find_map(variants)
    }
}

impl Pattern {
    /// Whether every facet that `other` accepts is accepted, be it one text or a set of names.
    pub fn covers(&self, other: &Pattern) -> Coverage {
        Coverage::of(self.follows_from(other, Domain::Many), || self.has_counterexample(other))
    }

    fn follows_from(&self, other: &Pattern, domain: Domain) -> bool {
        match (self, other) {
            (Pattern::Text(mine), Pattern::Text(theirs)) => implies(theirs, mine, domain),
            (Pattern::Flag(mine), Pattern::Flag(theirs)) => mine == theirs,
            (Pattern::Headers(mine), Pattern::Headers(theirs)) => mine.iter().all(|(name, mine)| {
                theirs.iter().any(|(other, theirs)| other.eq_ignore_ascii_case(name) && header_follows(mine.as_ref(), theirs.as_ref()))
            }),
            (Pattern::Subset(mine), Pattern::Subset(theirs)) => subset::holds(mine, theirs),
            _ => self.is_vacuous(),
        }
    }

    fn has_counterexample(&self, other: &Pattern) -> bool {
        match (self, other) {
            (Pattern::Text(mine), Pattern::Text(theirs)) => mine.counterexample(theirs).is_some(),
            (Pattern::Headers(mine), Pattern::Headers(theirs)) => {
                let example = headers_of(theirs);
                let takes = |fields: &[(String, Option<TextPattern>)]| {
                    fields.iter().all(|(name, wanted)| pattern::accepts_header(name, wanted.as_ref(), &example))
                };
                takes(theirs) && !takes(mine)
            }
            (Pattern::Flag(mine), Pattern::Flag(theirs)) => mine != theirs,
            // The other pattern is itself a body that it accepts.
            (Pattern::Subset(mine), Pattern::Subset(theirs)) => !subset::holds(mine, theirs),
            _ => false,
        }
    }
}

/// Headers may have several values, so they are compared as sets.
fn header_follows(mine: Option<&TextPattern>, theirs: Option<&TextPattern>) -> bool {
    match (mine, theirs) {
        (Some(mine), Some(theirs)) => implies(theirs, mine, Domain::Many),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// A header list that the fields accept, as far as samples can be made.
pub(super) fn headers_of(fields: &[(String, Option<TextPattern>)]) -> Headers {
    let wanted = fields.iter().filter_map(|(name, wanted)| Some((name, wanted.as_ref()?)));
    wanted.filter_map(|(name, wanted)| Some((name, samples(wanted).into_iter().next()?))).collect()
}

impl Criterion {
    /// Whether it reads one text or a set of names: the reader itself says, asked about an empty request.
    pub(super) fn domain(&self) -> Domain {
        match (self.read)(&Exchange::default()) {
            Facet::Names(_) => Domain::Many,
            Facet::Absent | Facet::Text(_) | Facet::Flag(_) | Facet::Headers(_) | Facet::Json(_) => Domain::One,
        }
    }
}

impl Match {
    /// Whether every request that `other` takes is taken. A clause follows from one of the same key, and
    /// `hasToolResult: true` from any clause about the last tool result.
    ///
    /// A match that takes nothing, because it contradicts itself, is not treated specially: it is covered if its
    /// clauses say so.
    pub fn covers(&self, other: &Match) -> Coverage {
        Coverage::of(self.surely_covers(other), || self.counterexample(other).is_some())
    }

    /// Whether [`Match::covers`] would be `Yes`, without looking for examples: the cheap half.
    pub fn surely_covers(&self, other: &Match) -> bool {
        self.clauses.iter().all(|clause| clause.follows_from(other))
    }

    /// Whether no request is taken by both: two clauses of one key that exclude each other, or a tool result wanted
    /// by one and ruled out by the other.
    pub fn surely_excludes(&self, other: &Match) -> bool {
        let tool_results = |a: &Match, b: &Match| a.rules_out_tool_result() && b.wants_tool_result();
        tool_results(self, other)
            || tool_results(other, self)
            || self.clauses.iter().any(|mine| other.clauses.iter().any(|theirs| mine.excludes(theirs)))
    }

    /// A request that `other` takes and this match does not, if one comes to mind.
    pub fn counterexample(&self, other: &Match) -> Option<Exchange> {
        self.counterexample_in(other, None)
    }

    /// The same with a given number of assistant messages.
    pub(super) fn counterexample_in(&self, other: &Match, assistants: Option<u64>) -> Option<Exchange> {
        let plain = Setting { assistants, ..Setting::default() };
        let mut sketches = vec![Sketch::new(other, plain)];
        for clause in self.clauses.iter().filter(|clause| !clause.follows_from(other)) {
            sketches.extend(clause.against(other, plain));
        }
        let is_one = |exchange: &Exchange| {
            other.accepts(exchange) && self.clauses.iter().any(|clause| !RAW.contains(&clause.criterion.key) && !clause.accepts(exchange))
        };
        sketches.into_iter().filter_map(Sketch::draw).find(is_one)
    }

    fn rules_out_tool_result(&self) -> bool {
        self.clause("hasToolResult").is_some_and(|clause| clause.pattern == Pattern::Flag(false))
    }

    /// Whether it takes only requests with a tool result in their current turn.
    pub fn wants_tool_result(&self) -> bool {
        self.clause("hasToolResult").is_some_and(|clause| clause.pattern == Pattern::Flag(true))
            || TOOL_RESULT.iter().any(|key| self.clause(key).is_some())
    }
}

impl Clause {
    /// Whether it holds for every request that `other` takes.
    fn follows_from(&self, other: &Match) -> bool {
        let same = |theirs: &&Clause| theirs.criterion == self.criterion;
        let domain = if matches!(self.pattern, Pattern::Text(_)) { self.criterion.domain() } else { Domain::One };
        other.clauses.iter().filter(same).any(|theirs| self.pattern.follows_from(&theirs.pattern, domain))
            || (self.criterion.key == "hasToolResult" && self.pattern == Pattern::Flag(true) && other.wants_tool_result())
    }

    fn excludes(&self, other: &Clause) -> bool {
        if self.criterion != other.criterion {
            return false;
        }
        match (&self.pattern, &other.pattern) {
            (Pattern::Text(mine), Pattern::Text(theirs)) => excludes(mine, theirs, self.criterion.domain()),
            (Pattern::Flag(mine), Pattern::Flag(theirs)) => mine != theirs,
            _ => false,
        }
    }

    /// Sketches of requests for `other` that this clause might not take.
    fn against<'m>(&self, other: &'m Match, plain: Setting) -> Vec<Sketch<'m>> {
        let key = self.criterion.key;
        match (&self.pattern, other.clause(key).map(|clause| &clause.pattern)) {
            (Pattern::Text(mine), Some(Pattern::Text(theirs))) => {
                mine.counterexample(theirs).map(|text| Sketch::new(other, plain).with(key, text)).into_iter().collect()
            }
            // Most facets are absent unless asked for, and no pattern takes what is absent; these two never are.
            (Pattern::Text(_), None) if key == "endpoint" => {
                ["image", Endpoint::Chat.name()].map(|name| Sketch::new(other, plain).with(key, name.to_owned())).into()
            }
            (Pattern::Text(_), None) if key == "provider" => {
                ["anthropic", "openai"].map(|name| Sketch::new(other, plain).with(key, name.to_owned())).into()
            }
            (Pattern::Flag(wanted), _) if key == "hasToolResult" => {
                vec![Sketch::new(other, Setting { tool_result: Some(!wanted), ..plain })]
            }
            (Pattern::Flag(wanted), _) => vec![Sketch::new(other, Setting { stream: Some(!wanted), ..plain })],
            _ => Vec::new(),
        }
    }
}
