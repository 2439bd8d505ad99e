//! Two journals of the server: the same multiset of requests and answers, or not.
//!
//! Left out are ids, times, ports and request ids, which no two runs share. Which key a request carried is compared by
//! its ordinal (`k0`, `k1` …), since fingerprints belong to one run. The order of requests does not count, as parallel
//! requests have none.

use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;

use rapidhash::RapidHashMap;
use regex::Regex;
use serde_json::{Map, Value};

use super::topic::{Topic, Verdict};
use super::walk::walk;
use super::{Change, Ignore, digest};

/// The requests of one run, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    entries: Vec<Value>,
}

/// A journal that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    #[error("line {line} is no entry of a journal: {reason}")]
    Line { line: usize, reason: String },
}

/// A request that both runs have, with another answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Positions in both journals, from 0.
    pub old: usize,
    pub new: usize,
    /// `POST /v1/chat/completions`.
    pub request: String,
    pub changes: Vec<Change>,
}

impl Exchange {
    /// The worst of its changes.
    pub fn verdict(&self) -> Verdict {
        self.changes.iter().map(Change::verdict).max().unwrap_or_default()
    }
}

/// A request that one run has and the other has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Single {
    /// Position in its journal, from 0.
    pub position: usize,
    pub request: String,
}

/// How often a fixture answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Its handle; empty: no fixture.
    pub fixture: String,
    pub old: usize,
    pub new: usize,
}

/// What differs between two runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JournalDiff {
    /// Requests that both runs have with the same answer.
    pub same: usize,
    pub changed: Vec<Exchange>,
    pub added: Vec<Single>,
    pub removed: Vec<Single>,
    /// Fixtures that answered another number of times.
    pub counts: Vec<Count>,
}

impl JournalDiff {
    /// The worst that happened.
    pub fn verdict(&self) -> Verdict {
        let worst = self.changed.iter().map(Exchange::verdict).max().unwrap_or_default();
        if self.added.is_empty() && self.removed.is_empty() { worst } else { Verdict::Breaking }
    }
}

impl Journal {
    /// Reads what `GET /__aimock/journal` answers, or entries one a line. `None`: the text is no journal.
    ///
    /// # Errors
    /// It begins as entries one a line, and a later line is none.
    pub fn read(text: &str) -> Option<Result<Journal, JournalError>> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with('[') {
            let entries: Vec<Value> = serde_json::from_str(text).ok()?;
            return entries.iter().all(is_entry).then_some(Ok(Journal { entries }));
        }
        let first = text.lines().next()?;
        serde_json::from_str(first).ok().filter(is_entry)?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let entry = |(index, line): (usize, &str)| {
            let bad = |reason: String| JournalError::Line { line: index + 1, reason };
            let value: Value = serde_json::from_str(line).map_err(|error| bad(error.to_string()))?;
            if is_entry(&value) { Ok(value) } else { Err(bad("it has no `method` and `path`".to_owned())) }
        };
        Some(lines.map(entry).collect::<Result<_, _>>().map(|entries| Journal { entries }))
    }

    /// How many requests it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn is_entry(value: &Value) -> bool {
    value.get("method").is_some_and(Value::is_string) && value.get("path").is_some_and(Value::is_string)
}

/// An entry as it is compared.
struct Entry {
    lasting: Value,
    whole: u64,
    request: u64,
    name: String,
    fixture: String,
}

/// Compares two runs.
pub fn compare(old: &Journal, new: &Journal, ignore: &Ignore) -> JournalDiff {
    let take = |journal: &Journal| journal.entries.iter().map(|entry| Entry::of(entry, ignore)).collect::<Vec<Entry>>();
    let (old, new) = (take(old), take(new));
    let mut diff = JournalDiff { counts: counts(&old, &new), ..JournalDiff::default() };
    let (mut old_left, mut new_left): (Vec<usize>, Vec<usize>) = ((0..old.len()).collect(), (0..new.len()).collect());
    diff.same = meet(&old, &new, &mut old_left, &mut new_left, |entry| entry.whole).len();
    let met = meet(&old, &new, &mut old_left, &mut new_left, |entry| entry.request);
    for (left, right) in met {
        if let (Some(before), Some(after)) = (old.get(left), new.get(right)) {
            diff.changed.push(Exchange { old: left, new: right, request: before.name.clone(), changes: changes(before, after) });
        }
    }
    let single = |entries: &[Entry], left: Vec<usize>| {
        left.into_iter().filter_map(|position| Some(Single { position, request: entries.get(position)?.name.clone() })).collect()
    };
    diff.removed = single(&old, old_left);
    diff.added = single(&new, new_left);
    diff
}

/// Pairs entries of equal keys, the first with the first, and takes them out of what is left.
fn meet(old: &[Entry], new: &[Entry], old_left: &mut Vec<usize>, new_left: &mut Vec<usize>, key: fn(&Entry) -> u64) -> Vec<(usize, usize)> {
    let mut waiting: RapidHashMap<u64, VecDeque<usize>> = RapidHashMap::default();
    for position in new_left.iter() {
        if let Some(entry) = new.get(*position) {
            waiting.entry(key(entry)).or_default().push_back(*position);
        }
    }
    let mut met = Vec::new();
    old_left.retain(|position| {
        let partner = old.get(*position).and_then(|entry| waiting.get_mut(&key(entry))?.pop_front());
        met.extend(partner.map(|partner| (*position, partner)));
        partner.is_none()
    });
    let taken: rapidhash::RapidHashSet<usize> = met.iter().map(|(_, partner)| *partner).collect();
    new_left.retain(|position| !taken.contains(position));
    met
}

fn changes(old: &Entry, new: &Entry) -> Vec<Change> {
    let mut found = Vec::new();
    walk(Some(&old.lasting), Some(&new.lasting), &mut String::new(), &mut |at, old, new| {
        let topic = match at.split('/').nth(1) {
            Some("stream") => Topic::Chunking,
            Some("credential") => Topic::Credential,
            Some("headers") => Topic::Http,
            _ => Topic::Response,
        };
        found.push(Change { pointer: at.to_owned(), topic, old: old.cloned(), new: new.cloned() });
    });
    found
}

fn counts(old: &[Entry], new: &[Entry]) -> Vec<Count> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for entry in old {
        counts.entry(&entry.fixture).or_default().0 += 1;
    }
    for entry in new {
        counts.entry(&entry.fixture).or_default().1 += 1;
    }
    let changed = counts.into_iter().filter(|(_, (old, new))| old != new);
    changed.map(|(fixture, (old, new))| Count { fixture: fixture.to_owned(), old, new }).collect()
}

impl Entry {
    fn of(entry: &Value, ignore: &Ignore) -> Entry {
        let mut lasting = entry.clone();
        ignore.prune(&mut lasting);
        strip(&mut lasting);
        let text = |key: &str| lasting.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = format!("{} {}", text("method"), text("path"));
        let session = lasting.pointer("/headers/x-test-id").map(digest::of_value);
        let body = lasting.get("body").map(digest::of_value);
        let request = digest::of((&name, body, session));
        let fixture = lasting.pointer("/response/fixture");
        let handle = fixture.and_then(|fixture| fixture.get("handle").or_else(|| fixture.get("id"))).and_then(Value::as_str);
        let fixture = handle.unwrap_or_default().to_owned();
        Entry { whole: digest::of_value(&lasting), request, name, fixture, lasting }
    }
}

/// A port that the system chose.
static PORT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):[0-9]{1,5}\b").ok());

/// Takes out what no two runs share.
fn strip(entry: &mut Value) {
    let Value::Object(members) = entry else { return };
    for key in ["id", "timestamp", "arrivedMs", "durationMs", "pending"] {
        members.shift_remove(key);
    }
    remove(members, "stream", "firstByteMs");
    remove(members, "credential", "fingerprint");
    if let Some(Value::Object(headers)) = members.get_mut("headers") {
        headers.retain(|name, _| !is_of_one_run(name));
        headers.values_mut().for_each(without_port);
    }
    members.get_mut("path").into_iter().for_each(without_port);
}

fn remove(members: &mut Map<String, Value>, part: &str, key: &str) {
    if let Some(Value::Object(part)) = members.get_mut(part) {
        part.shift_remove(key);
    }
}

fn is_of_one_run(header: &str) -> bool {
    let name = header.to_ascii_lowercase();
    name.ends_with("request-id") || ["date", "traceparent", "tracestate", "idempotency-key"].contains(&name.as_str())
}

fn without_port(value: &mut Value) {
    if let Some(text) = value.as_str()
        && let Some(pattern) = PORT.as_ref()
        && pattern.is_match(text)
    {
        *value = pattern.replace_all(text, "$1:<port>").into_owned().into();
    }
}
