//! Two entries: every difference with its topic.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::digest::same;
use super::meaning::{self, Spoken};
use super::topic::{self, Topic, Verdict};
use super::volatile::{differ_by_recording, is_epoch};
use super::walk::walk;
use super::{Ignore, events, stream, turn};
use crate::document::{self, Format, Limits, pointer};
use crate::fixture::{EntryOptions, Fixture};
use crate::matcher::{CRITERIA, Match};
use crate::normalize::{self, Work};

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where, as a JSON pointer from the fixture.
    pub pointer: String,
    pub topic: Topic,
    /// `None`: not there.
    pub old: Option<Value>,
    pub new: Option<Value>,
}

impl Change {
    /// How bad it is.
    pub fn verdict(&self) -> Verdict {
        self.topic.verdict()
    }
}

/// The differences of one pair.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) changes: Vec<Change>,
    /// Ids of tool calls that a recording drew, before and after.
    pub(super) renames: Vec<(String, String)>,
}

/// Where the differences of one part of an entry are written down.
pub(super) struct Notes<'c> {
    pub(super) compared: &'c mut Compared,
}

impl Notes<'_> {
    /// Writes a difference down; what every recording draws anew is told apart, whatever it is part of.
    pub(super) fn tell(&mut self, topic: Topic, pointer: &str, old: Option<&Value>, new: Option<&Value>) {
        let topic = if topic != Topic::Match && is_volatile(pointer, old, new) { Topic::Volatile } else { topic };
        self.compared.changes.push(Change { pointer: pointer.to_owned(), topic, old: old.cloned(), new: new.cloned() });
    }

    /// Every smallest difference of two values, under one topic.
    pub(super) fn all(&mut self, topic: Topic, pointer: &str, old: Option<&Value>, new: Option<&Value>) {
        walk(old, new, &mut pointer.to_owned(), &mut |at, old, new| self.tell(topic, at, old, new));
    }
}

fn is_volatile(pointer: &str, old: Option<&Value>, new: Option<&Value>) -> bool {
    match (old, new) {
        (Some(Value::String(old)), Some(Value::String(new))) => differ_by_recording(old, new),
        (Some(Value::Number(old)), Some(Value::Number(new))) => {
            let key = pointer.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            let of_time = ["created", "time", "date", "expires", "_at"].iter().any(|word| key.contains(word));
            let epoch = |number: &serde_json::Number| number.as_f64().is_some_and(is_epoch);
            of_time && epoch(old) && epoch(new)
        }
        _ => false,
    }
}

/// Compares two fixtures with the trees they were read from.
pub(super) fn compare(old: (&Fixture, Value), new: (&Fixture, Value), ignore: &Ignore) -> Compared {
    let ((old, mut old_tree), (new, mut new_tree)) = (old, new);
    ignore.prune(&mut old_tree);
    ignore.prune(&mut new_tree);
    let mut compared = Compared::default();
    let mut notes = Notes { compared: &mut compared };
    heads(&old_tree, &new_tree, &mut notes);
    matches((old, &old_tree), (new, &new_tree), ignore, &mut notes);
    answers(&old_tree, &new_tree, &mut notes);
    let mut seen = BTreeSet::new();
    compared.changes.retain(|change| seen.insert((change.pointer.clone(), change.topic)));
    compared
}

/// Everything of an entry but its match and its answers.
fn heads(old: &Value, new: &Value, notes: &mut Notes<'_>) {
    let keys = |entry: &Value| entry.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect::<BTreeSet<String>>();
    let told_elsewhere = |key: &str| matches!(key, "match" | "responses") || EntryOptions::KEYS.contains(&key);
    for key in keys(old).union(&keys(new)).filter(|key| !told_elsewhere(key)) {
        let mut at = String::new();
        pointer::push_key(&mut at, key);
        walk(old.get(key), new.get(key), &mut at, &mut |at, old, new| {
            // Hashes tell of a difference only where both sides have one.
            let both = old.is_some() && new.is_some();
            let topic = match at {
                "/metadata/systemHash" if both => Topic::PromptChanged,
                "/metadata/toolsHash" if both => Topic::ToolsChanged,
                _ => topic::of_entry_key(key),
            };
            notes.tell(topic, at, old, new);
        });
    }
}

/// Matches that take the same requests are the same, however they are written.
fn matches(old: (&Fixture, &Value), new: (&Fixture, &Value), ignore: &Ignore, notes: &mut Notes<'_>) {
    let ((old, old_tree), (new, new_tree)) = (old, new);
    let written = |tree: &Value, key: &str| tree.get("match").and_then(|matches| matches.get(key)).cloned();
    if old.dead || new.dead {
        notes.all(Topic::Match, "/match", old_tree.get("match"), new_tree.get("match"));
    } else if !are_equivalent(&old.matches, &new.matches) {
        for key in CRITERIA.iter().map(|criterion| criterion.key).filter(|key| !ignore.covers("match", key)) {
            let alone = |matches: &Match| Match::new(matches.clause(key).cloned().into_iter().collect());
            let (before, after) = (written(old_tree, key), written(new_tree, key));
            if before != after && !are_equivalent(&alone(&old.matches), &alone(&new.matches)) {
                notes.tell(Topic::Match, &format!("/match/{key}"), before.as_ref(), after.as_ref());
            }
        }
    }
    let positions = [("sequenceIndex", old.position.sequence, new.position.sequence), ("turnIndex", old.position.turn, new.position.turn)];
    for (key, before, after) in positions {
        if before != after && !ignore.covers("match", key) && !(old.dead || new.dead) {
            let value = |number: Option<u64>| number.map(Value::from);
            notes.tell(Topic::Match, &format!("/match/{key}"), value(before).as_ref(), value(after).as_ref());
        }
    }
}

/// Whether two matches surely take the same requests.
pub(super) fn are_equivalent(old: &Match, new: &Match) -> bool {
    old == new || (old.surely_covers(new) && new.surely_covers(old))
}

fn answers(old: &Value, new: &Value, notes: &mut Notes<'_>) {
    let ((old, old_list), (new, new_list)) = (meaning::answers(old), meaning::answers(new));
    let listed = old_list || new_list;
    for index in 0..old.len().max(new.len()) {
        let base = if listed { format!("/responses/{index}") } else { String::new() };
        match (old.get(index), new.get(index)) {
            (Some(old), Some(new)) => answer(old, new, &base, notes),
            (old, new) => {
                let value = |answer: Option<&Spoken>| answer.map(|answer| answer.response.clone());
                notes.tell(Topic::Sequence, &base, value(old).as_ref(), value(new).as_ref());
            }
        }
    }
}

/// One answer of each side; `base` leads to it from the fixture.
fn answer(old: &Spoken, new: &Spoken, base: &str, notes: &mut Notes<'_>) {
    let keys: BTreeSet<&String> = old.options.keys().chain(new.options.keys()).collect();
    for key in keys {
        let own = old.own.contains(key) || new.own.contains(key);
        let at = if own { format!("{base}/{key}") } else { format!("/{key}") };
        let (before, after) = (old.options.get(key), new.options.get(key));
        if key == "recordedTimings" {
            timings(before, after, &at, notes);
        } else {
            notes.all(topic::of_entry_key(key), &at, before, after);
        }
    }
    let is_bare_item = !base.is_empty() && !old.wrapped && !new.wrapped;
    let at = if is_bare_item { base.to_owned() } else { format!("{base}/response") };
    response(&old.response, &new.response, &at, notes);
}

/// Gaps between chunks: another number of them means other chunks. What normalize rounds to the same is the same.
fn timings(old: Option<&Value>, new: Option<&Value>, at: &str, notes: &mut Notes<'_>) {
    let gaps = |timings: Option<&Value>| timings.and_then(|timings| timings.get("interChunkDelaysMs")?.as_array()).map(Vec::len);
    let same_number = gaps(old) == gaps(new) || gaps(old).is_none() || gaps(new).is_none();
    let topic = match (old, new) {
        _ if !same_number => Topic::Chunking,
        (Some(old), Some(new)) if old != new && rounded(old).zip(rounded(new)).is_some_and(|(old, new)| same(&old, &new)) => {
            Topic::Volatile
        }
        _ => Topic::Timing,
    };
    notes.all(topic, at, old, new);
}

/// Recorded timings on the grid of normalize.
fn rounded(timings: &Value) -> Option<Value> {
    let text = timings.to_string();
    let parsed = document::parse(&text, Format::Json, &Limits::default()).ok()?;
    let Work::Timings(round) = normalize::ALL.iter().find(|pass| pass.name == "timings")?.work else { return None };
    let (mut new, mut from) = (String::new(), 0);
    let mut edits = round(&parsed.root);
    edits.sort_unstable_by_key(|(node, _)| node.span.start);
    for (node, number) in edits {
        new.push_str(text.get(from..node.span.start)?);
        new.push_str(&number.to_string());
        from = node.span.end;
    }
    new.push_str(text.get(from..)?);
    serde_json::from_str(&new).ok()
}

fn response(old: &Value, new: &Value, at: &str, notes: &mut Notes<'_>) {
    let kinds = (meaning::kind(old), meaning::kind(new));
    if kinds.0 != kinds.1 {
        let name = |kind: &str| Some(Value::from(format!("an answer of kind {kind}")));
        return notes.tell(Topic::Response, at, name(kinds.0).as_ref(), name(kinds.1).as_ref());
    }
    let mut told: &[&str] = &[];
    let (mut old, mut new) = (Cow::Borrowed(old), Cow::Borrowed(new));
    match kinds.0 {
        "turn" => {
            turn::compare(&old, &new, at, notes);
            told = &["content", "toolCalls", "blocks"];
        }
        "events" => {
            let list = |response: &Value| response.get("events").cloned().unwrap_or_default();
            events::compare(&list(&old), &list(&new), &format!("{at}/events"), notes);
            told = &["events"];
        }
        "http" if stream::is_in(&old) && stream::is_in(&new) => {
            let (before, after) = (stream::take(old.to_mut()), stream::take(new.to_mut()));
            events::compare(&before, &after, &format!("{at}/http/body"), notes);
        }
        _ => {}
    }
    let keys: BTreeSet<&String> = [&*old, &*new].into_iter().filter_map(Value::as_object).flat_map(|members| members.keys()).collect();
    for key in keys.into_iter().filter(|key| !told.contains(&key.as_str())) {
        let mut below = at.to_owned();
        pointer::push_key(&mut below, key);
        walk(old.get(key), new.get(key), &mut below, &mut |at, old, new| {
            let is_text = |value: Option<&Value>| value.is_some_and(Value::is_string);
            let topic = match topic::of_response_key(key) {
                // Text that comes or goes changes what a client sees as structure.
                Topic::Text if !is_text(old) || !is_text(new) => Topic::Response,
                Topic::Media if at.ends_with("/transcription/text") || at.ends_with("/revisedPrompt") => Topic::Text,
                topic => topic,
            };
            notes.tell(topic, at, old, new);
        });
    }
}
