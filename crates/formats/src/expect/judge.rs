//! Claims against a run.

use std::collections::{HashMap, HashSet};

use super::claim::What;
use super::{Claim, Outcome, Run, Seen, Subject, retries, streams};
use crate::fixture::ExpectShape;
use crate::fixture::limits::Bounds;

/// Handles that a message lists before it only counts.
const LISTED: usize = 5;

/// Judges every claim; the outcomes are in the claims' order.
pub fn judge(claims: &[Claim<'_>], run: &Run) -> Vec<Outcome> {
    let court = Court::new(run);
    let mut outcomes = Vec::new();
    for (number, claim) in claims.iter().enumerate() {
        let mut verdict = |key: &'static str, pointer: String, (holds, expected, seen): Verdict| {
            outcomes.push(Outcome { claim: number, subject: claim.subject.clone(), key, pointer, holds, expected, seen });
        };
        match &claim.what {
            What::Block(expect) => court.block(claim, expect, &mut verdict),
            What::NeverCalled(handle) => verdict("neverCalled", claim.base.clone(), court.never_called(handle)),
            What::Unused(bounds) => verdict("unused", "/unused".to_owned(), court.unused(*bounds)),
            What::NoMisses => verdict("noMisses", "/noMisses".to_owned(), court.no_misses()),
            What::Status(status, bounds) => verdict("statuses", claim.base.clone(), court.status(status, *bounds)),
        }
    }
    outcomes
}

/// Whether it holds, what was expected, what was seen.
pub(super) type Verdict = (bool, String, String);

/// A run, made ready to be asked about many fixtures.
struct Court<'a> {
    run: &'a Run,
    by_fixture: HashMap<&'a str, Vec<usize>>,
    by_file: HashMap<&'a str, Vec<usize>>,
    all: Vec<usize>,
    keys: Vec<String>,
    known: Option<HashSet<&'a str>>,
}

impl<'a> Court<'a> {
    fn new(run: &'a Run) -> Court<'a> {
        let mut by_fixture: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut by_file: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, entry) in run.entries.iter().enumerate() {
            if let Some(fixture) = &entry.fixture {
                by_fixture.entry(&fixture.handle).or_default().push(number);
                by_file.entry(&fixture.file).or_default().push(number);
            }
        }
        let known = run.fixtures.as_ref().map(|fixtures| fixtures.iter().map(String::as_str).collect());
        Court { run, by_fixture, by_file, all: (0..run.entries.len()).collect(), keys: run.keys(), known }
    }

    fn selected(&self, subject: &Subject) -> &[usize] {
        let found = match subject {
            Subject::Run => Some(&self.all),
            Subject::File(name) => self.by_file.get(name.as_str()),
            Subject::Fixture(name) => self.by_fixture.get(name.as_str()),
        };
        found.map_or(&[], Vec::as_slice)
    }

    fn entries(&self, numbers: &[usize]) -> Vec<&'a Seen> {
        numbers.iter().filter_map(|number| self.run.entries.get(*number)).collect()
    }

    fn block(&self, claim: &Claim<'_>, expect: &ExpectShape, verdict: &mut dyn FnMut(&'static str, String, Verdict)) {
        let ExpectShape { requests, keys, retry_after, stream, text, order, input_tokens, output_tokens } = expect;
        let selected = self.selected(&claim.subject);
        let entries = self.entries(selected);
        let mut say = |key: &'static str, found: Verdict| verdict(key, format!("{}/{key}", claim.base), found);
        if let Some(bounds) = requests {
            say("requests", self.requests(&claim.subject, *bounds, selected.len() as u64));
        }
        if let Some(keys) = keys {
            say("keys", self.whole(|| self.keys_seen(keys, selected)));
        }
        if retry_after.is_some() {
            say("retryAfter", self.whole(|| retries::respected(self.run, selected)));
        }
        for word in stream.iter().flat_map(|words| &words.0) {
            say("stream", self.whole(|| streams::word(*word, &entries)));
        }
        if let Some(text) = text {
            say("text", self.whole(|| streams::text(text, &entries)));
        }
        if let Some(order) = order {
            let wanted: Vec<&str> = order.iter().map(|handle| handle.0.as_str()).collect();
            say("order", self.whole(|| self.order(&wanted)));
        }
        if let Some(bounds) = input_tokens {
            say("inputTokens", self.whole(|| within(*bounds, tokens(&entries, |usage| usage.input))));
        }
        if let Some(bounds) = output_tokens {
            say("outputTokens", self.whole(|| within(*bounds, tokens(&entries, |usage| usage.output))));
        }
    }

    /// A verdict that needs every entry; a journal that forgot some cannot tell.
    fn whole(&self, verdict: impl FnOnce() -> Verdict) -> Verdict {
        let (holds, expected, seen) = verdict();
        match self.run.forgotten {
            0 => (holds, expected, seen),
            forgotten => (false, expected, unknown(forgotten)),
        }
    }

    fn requests(&self, subject: &Subject, bounds: Bounds, kept: u64) -> Verdict {
        let counted = match (subject, &self.run.counts) {
            (_, _) if self.run.forgotten == 0 => Some(kept),
            (Subject::Run, Some(counts)) => Some(counts.requests),
            (Subject::Fixture(handle), Some(counts)) => Some(counts.by_fixture.get(handle).copied().unwrap_or(0)),
            (Subject::File(_), _) | (_, None) => None,
        };
        match counted {
            Some(count) => {
                let (holds, expected, seen) = within(bounds, count);
                (holds, expected, self.with_hint(subject, count, seen))
            }
            None => (false, wanted(bounds), unknown(self.run.forgotten)),
        }
    }

    /// A count of zero can mean that the fixture does not exist, or that the journal was emptied.
    fn with_hint(&self, subject: &Subject, count: u64, seen: String) -> String {
        let is_unknown = |handle: &str| self.known.as_ref().is_some_and(|known| !known.contains(handle));
        match subject {
            Subject::Fixture(handle) if count == 0 && is_unknown(handle) => format!("{seen} (there is no such fixture)"),
            _ if self.run.resets > 0 => format!("{seen} (since the journal was emptied last)"),
            _ => seen,
        }
    }

    fn keys_seen(&self, wanted: &[String], selected: &[usize]) -> Verdict {
        let seen: Vec<&str> = selected.iter().filter_map(|number| self.keys.get(*number)).map(String::as_str).collect();
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        (wanted == seen, listed(&wanted), listed(&seen))
    }

    /// Each must have been served first after the one before it was.
    fn order(&self, wanted: &[&str]) -> Verdict {
        let first = |handle: &str| self.by_fixture.get(handle).and_then(|numbers| numbers.first()).copied();
        let mut served: Vec<(usize, &str)> = wanted.iter().filter_map(|handle| Some((first(handle)?, *handle))).collect();
        let holds = served.len() == wanted.len() && served.is_sorted_by(|a, b| a.0 < b.0);
        served.sort_unstable();
        served.dedup();
        let seen: Vec<&str> = served.iter().map(|(_, handle)| *handle).collect();
        (holds, listed(wanted), listed(&seen))
    }

    fn never_called(&self, handle: &str) -> Verdict {
        let kept = self.by_fixture.get(handle).map_or(0, Vec::len) as u64;
        self.requests(&Subject::Fixture(handle.to_owned()), Bounds { min: Some(0), max: Some(0) }, kept)
    }

    fn unused(&self, bounds: Bounds) -> Verdict {
        let Some(fixtures) = &self.run.fixtures else {
            return (false, wanted(bounds), "unknown: the fixtures were not given (`-f`)".to_owned());
        };
        let counted =
            |handle: &str| self.run.counts.as_ref().and_then(|counts| counts.by_fixture.get(handle)).is_some_and(|count| *count > 0);
        let tried: HashSet<&str> = self.run.entries.iter().flat_map(|entry| &entry.tried).map(String::as_str).collect();
        let used = |handle: &str| self.by_fixture.contains_key(handle) || tried.contains(handle) || counted(handle);
        let idle: Vec<&str> = fixtures.iter().map(String::as_str).filter(|handle| !used(handle)).collect();
        let (holds, expected, seen) = within(bounds, idle.len() as u64);
        let names = if idle.is_empty() { String::new() } else { format!(": {}", listed(&idle)) };
        match (&self.run.counts, self.run.forgotten) {
            (None, forgotten) if forgotten > 0 => (false, expected, unknown(forgotten)),
            _ => (holds, expected, format!("{seen}{names}")),
        }
    }

    fn no_misses(&self) -> Verdict {
        let missed: Vec<String> =
            self.run.entries.iter().filter(|entry| entry.missed).map(|entry| format!("{} {}", entry.method, entry.target)).collect();
        let count = self.run.counts.as_ref().map_or(missed.len() as u64, |counts| counts.missed);
        let expected = "no request without a fixture".to_owned();
        match (count, self.run.forgotten, &self.run.counts) {
            (0, forgotten, None) if forgotten > 0 => (false, expected, unknown(forgotten)),
            (0, _, _) => (true, expected, "none".to_owned()),
            (count, _, _) => (false, expected, format!("{count}: {}", listed(&missed))),
        }
    }

    fn status(&self, status: &str, bounds: Bounds) -> Verdict {
        self.whole(|| within(bounds, self.run.entries.iter().filter(|entry| entry.status.to_string() == status).count() as u64))
    }
}

fn tokens(entries: &[&Seen], part: impl Fn(crate::exchange::StatedUsage) -> u64) -> u64 {
    // Missing counts are 0: a stream that was cut before them is no error.
    entries.iter().filter_map(|entry| entry.usage).map(part).fold(0, u64::saturating_add)
}

fn within(bounds: Bounds, count: u64) -> Verdict {
    let holds = bounds.min.is_none_or(|min| count >= min) && bounds.max.is_none_or(|max| count <= max);
    (holds, wanted(bounds), count.to_string())
}

/// Bounds in words.
fn wanted(bounds: Bounds) -> String {
    match (bounds.min, bounds.max) {
        (Some(min), Some(max)) if min == max => min.to_string(),
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any number".to_owned(),
    }
}

fn unknown(forgotten: u64) -> String {
    format!("unknown: the journal no longer has {forgotten} of the requests (raise --journal-max)")
}

/// The first few of a list, and how many more there are. Lists of keys are short and shown whole.
fn listed<T: AsRef<str>>(items: &[T]) -> String {
    let most = if items.iter().all(|item| item.as_ref().len() < 8) { 50 } else { LISTED };
    let shown = items.iter().take(most).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(most) {
        0 if items.is_empty() => "nothing".to_owned(),
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
