//! The output is loaded and asked, before anybody else does: does each request get its own fixture?
//!
//! Recorded texts are compared by `contains`, so a short question is part of a longer one. Where that would take another
//! fixture's request, the short one is written with `equals`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::distinguish::Group;
use super::{Notes, entries};
use crate::diagnostic::{Severity, Source, SourceId};
use crate::document::Format;
use crate::fixture::{Library, LoadOptions, into_library, load};
use crate::matcher::{Served, Strictness};

/// Keys whose plain text is compared by `contains`.
const TEXTS: [&str; 2] = ["userMessage", "inputText"];

/// How often it is looked again for what the last narrowing left, and how many fixtures that take one request are narrowed
/// at a time: both only bound what a file made for it can cost.
const ROUNDS: usize = 8;
const TAKERS: usize = 64;

/// Writes `equals` where `contains` would take another fixture's request.
pub(super) fn narrow(groups: &mut [Group], exhausted: Option<&str>) {
    for _ in 0..ROUNDS {
        let asked = Asked::of(&entries(groups, exhausted));
        let takers = asked.takers(groups);
        let mut narrowed = false;
        for taker in takers {
            let Some(group) = groups.get_mut(taker) else { continue };
            for key in TEXTS {
                if let Some(text @ Value::String(_)) = group.matches.get_mut(key) {
                    *text = json!({ "equals": text.take() });
                    narrowed = true;
                }
            }
        }
        if !narrowed {
            return;
        }
    }
}

/// Says which requests would not get their own answer, and what the loader has against the file.
pub(super) fn ask(groups: &[Group], entries: &[Value], notes: &mut Notes) {
    let asked = Asked::of(entries);
    for (group, member, taker) in asked.wrong(groups) {
        let span = groups.get(group).and_then(|group| group.members.get(member)).map_or_else(Default::default, |member| member.span);
        let message = match taker {
            Some(taker) => format!("this request is answered by fixture #{taker}, which comes first and takes it as well"),
            None => "no fixture answers this request: its match keys were changed when secrets were replaced".to_owned(),
        };
        notes.push("answered-by-another", Severity::Warning, span, message);
    }
    for (index, message) in asked.errors {
        let span = groups.get(index).map(Group::span).unwrap_or_default();
        notes.push("not-servable", Severity::Error, span, format!("the fixture made of this cannot be served: {message}"));
    }
}

struct Asked {
    library: Library,
    /// Errors of the loader with the index of their entry.
    errors: Vec<(usize, String)>,
}

impl Asked {
    fn of(entries: &[Value]) -> Asked {
        let source = Arc::new(Source::new(SourceId(0), "converted.json", json!({ "fixtures": entries }).to_string()));
        let file = load(&source, Format::Json, &LoadOptions::default());
        let errors = file.problems.iter().filter(|problem| problem.severity == Severity::Error);
        let index = |pointer: &str| pointer.split('/').nth(2).and_then(|index| index.parse().ok()).unwrap_or(0);
        let errors = errors.map(|problem| (index(&problem.primary.pointer), problem.message.clone())).collect();
        Asked { library: into_library(vec![file]), errors }
    }

    /// The groups that take requests of others.
    fn takers(&self, groups: &[Group]) -> BTreeSet<usize> {
        let mut takers = BTreeSet::new();
        for (own, member, _) in self.wrong(groups) {
            let exchange = groups.get(own).and_then(|group| group.members.get(member)).and_then(|prepared| prepared.exchange.as_ref());
            let rows = exchange.into_iter().flat_map(|exchange| self.library.table.candidates(exchange).map(|(row, _)| row)).take(TAKERS);
            takers.extend(rows.filter_map(|row| Some(self.library.fixtures.get(row)?.origin.index)).filter(|index| *index != own));
        }
        takers
    }

    /// Requests that do not get their own fixture: group, member, and the group that takes them.
    fn wrong(&self, groups: &[Group]) -> Vec<(usize, usize, Option<usize>)> {
        let served = Served::default();
        let mut wrong = Vec::new();
        for (own, group) in groups.iter().enumerate() {
            for (member, prepared) in group.members.iter().enumerate() {
                let Some(exchange) = &prepared.exchange else { continue };
                let row = self.library.table.select(exchange, &served, Strictness::default()).row();
                let taker = row.and_then(|row| self.library.fixtures.get(row)).map(|fixture| fixture.origin.index);
                if taker != Some(own) {
                    wrong.push((own, member, taker));
                }
            }
        }
        wrong
    }
}
