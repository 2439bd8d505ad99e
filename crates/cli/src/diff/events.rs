//! Raw events: the same list, the same meaning in other pieces, or something else.
//!
//! No vendor's words are known here. Neighbouring events of one form (the same keys, the same kinds of values, the same
//! values except in certain texts) are one run; the texts that vary are deltas, and joined they are what the run says.
//! A number that grows from event to event is a counter. Two streams mean the same if their runs do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::compare::Notes;
use super::digest::{self, same};
use super::topic::Topic;
use super::volatile::{is_epoch, settled};
use super::walk::walk;

/// Texts of an event that name it.
const NAMES: [&str; 2] = ["/event", "/id"];

/// One event, taken apart.
#[derive(Debug, Default)]
struct Event {
    /// Digest of its keys and kinds.
    form: u64,
    /// Values that are no containers, by pointer.
    leaves: BTreeMap<String, Value>,
}

/// Neighbouring events that say one thing.
#[derive(Debug)]
struct Run {
    form: u64,
    length: usize,
    fixed: BTreeMap<String, Value>,
    /// Texts that were joined, with the number of different pieces.
    joined: BTreeMap<String, (String, bool)>,
}

/// Where, in events of one form, deltas and counters stand.
type Places = BTreeSet<(u64, String)>;

/// Compares two lists of events; `at` leads to them.
pub(super) fn compare(old: &Value, new: &Value, at: &str, notes: &mut Notes<'_>) {
    let list = |events: &Value| events.as_array().map_or(0, Vec::len);
    if pauses_only(old, new) {
        return notes.all(Topic::Timing, at, Some(old), Some(new));
    }
    let (old_events, new_events): (Vec<Event>, Vec<Event>) = (apart(old), apart(new));
    let counters = counters(&old_events).intersection(&counters(&new_events)).cloned().collect();
    let deltas = deltas(&old_events, &new_events);
    let (old_runs, new_runs) = (runs(&old_events, &deltas, &counters), runs(&new_events, &deltas, &counters));
    match verdict(&old_runs, &new_runs) {
        Joined::Same if list(old) == list(new) && pieces(&old_runs) == pieces(&new_runs) => {
            notes.all(Topic::Volatile, at, Some(old), Some(new));
        }
        Joined::Same => {
            let count = |events: &Value| Value::from(format!("{} events", list(events)));
            notes.tell(Topic::Chunking, at, Some(&count(old)), Some(&count(new)));
        }
        Joined::Reworded(texts) => {
            for (pointer, before, after) in texts {
                notes.tell(Topic::Text, &format!("{at}/*{pointer}"), Some(&before.into()), Some(&after.into()));
            }
        }
        Joined::Other => walk(Some(old), Some(new), &mut at.to_owned(), &mut |at, old, new| {
            notes.tell(if at.ends_with("/delayMs") { Topic::Timing } else { Topic::Event }, at, old, new);
        }),
    }
}

/// What joined runs say.
enum Joined {
    Same,
    /// Pointer within the event, text before and after.
    Reworded(Vec<(String, String, String)>),
    Other,
}

/// Whether the lists differ in nothing but `delayMs`.
fn pauses_only(old: &Value, new: &Value) -> bool {
    let same_but_pauses = |(old, new): (&Value, &Value)| match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let said = |event: &Map<String, Value>| event.len() - usize::from(event.contains_key("delayMs"));
            let equal = |(key, old): (&String, &Value)| key == "delayMs" || new.get(key).is_some_and(|new| same(old, new));
            said(old) == said(new) && old.iter().all(equal)
        }
        (old, new) => same(old, new),
    };
    match (old, new) {
        (Value::Array(old), Value::Array(new)) => old.len() == new.len() && old.iter().zip(new).all(same_but_pauses),
        (old, new) => same(old, new),
    }
}

/// Events that say something, apart; pauses and comments are left out.
fn apart(events: &Value) -> Vec<Event> {
    let take = |event: &Value| {
        let mut taken = Event::default();
        let mut form = Vec::new();
        for (key, value) in event.as_object()?.iter().filter(|(key, _)| !matches!(key.as_str(), "delayMs" | "comment")) {
            leaves(value, &mut format!("/{key}"), &mut taken.leaves, &mut form);
        }
        form.sort_unstable();
        taken.form = digest::of(&form);
        (!form.is_empty()).then_some(taken)
    };
    events.as_array().into_iter().flatten().filter_map(take).collect()
}

fn leaves(value: &Value, at: &mut String, found: &mut BTreeMap<String, Value>, form: &mut Vec<(String, u8)>) {
    let mut below = |key: &str, value: &Value, at: &mut String| {
        let length = at.len();
        crate::document::pointer::push_key(at, key);
        leaves(value, at, found, form);
        at.truncate(length);
    };
    match value {
        Value::Object(members) if !members.is_empty() => members.iter().for_each(|(key, value)| below(key, value, at)),
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(index, value)| below(&index.to_string(), value, at));
        }
        Value::String(text) => {
            // A marker such as `[DONE]` is no piece of a text.
            let is_marker = at == "/data" && text.starts_with('[') && text.ends_with(']');
            form.push((at.clone(), if is_marker { b'm' } else { b's' }));
            found.insert(at.clone(), settled(text).map_or_else(|| value.clone(), Value::from));
        }
        other => {
            form.push((at.clone(), if other.is_number() { b'n' } else { b'o' }));
            let clock = at.rsplit('/').next().is_some_and(|key| key.contains("created") || key.contains("time"));
            let drawn = clock && other.as_f64().is_some_and(is_epoch);
            found.insert(at.clone(), if drawn { Value::Null } else { other.clone() });
        }
    }
}

/// Numbers that grow with every event that has them.
fn counters(events: &[Event]) -> BTreeSet<String> {
    let mut last: BTreeMap<&str, (f64, usize)> = BTreeMap::new();
    let mut broken = BTreeSet::new();
    for (pointer, number) in events.iter().flat_map(|event| &event.leaves).filter_map(|(at, value)| Some((at.as_str(), value.as_f64()?))) {
        let seen = last.entry(pointer).or_insert((f64::NEG_INFINITY, 0));
        if number <= seen.0 {
            broken.insert(pointer);
        }
        *seen = (number, seen.1 + 1);
    }
    last.into_iter().filter(|(at, (_, times))| *times > 1 && !broken.contains(at)).map(|(at, _)| at.to_owned()).collect()
}

/// Texts that differ among the events of a form on one side, and texts of forms that each side has once. (What is one text
/// throughout a side names something, and does not come in pieces.)
fn deltas(old: &[Event], new: &[Event]) -> Places {
    let mut varying = Places::new();
    let (mut single, mut several) = (BTreeMap::new(), BTreeSet::new());
    for side in [old, new] {
        let mut first: BTreeMap<(u64, &str), &Value> = BTreeMap::new();
        for event in side {
            for (pointer, value) in event.leaves.iter().filter(|(at, value)| value.is_string() && !NAMES.contains(&at.as_str())) {
                match first.get(&(event.form, pointer.as_str())) {
                    Some(known) if *known == value => drop(several.insert((event.form, pointer.as_str()))),
                    Some(_) => drop(varying.insert((event.form, pointer.clone()))),
                    None => drop(first.insert((event.form, pointer), value)),
                }
            }
        }
        for (place, value) in first {
            single.entry(place).or_insert_with(Vec::new).push(value);
        }
    }
    let once = single.into_iter().filter(|(place, values)| !several.contains(place) && values.first() != values.last());
    varying.extend(once.map(|((form, pointer), _)| (form, pointer.to_owned())));
    varying
}

fn runs(events: &[Event], deltas: &Places, counters: &BTreeSet<String>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for event in events {
        let mut fixed = BTreeMap::new();
        let mut joined: BTreeMap<String, (String, bool)> = BTreeMap::new();
        for (pointer, value) in event.leaves.iter().filter(|(pointer, _)| !counters.contains(*pointer)) {
            match value.as_str().filter(|_| deltas.contains(&(event.form, pointer.clone()))) {
                Some(text) => drop(joined.insert(pointer.clone(), (text.to_owned(), false))),
                None => drop(fixed.insert(pointer.clone(), value.clone())),
            }
        }
        match runs.last_mut().filter(|run| run.form == event.form && run.fixed == fixed && !joined.is_empty()) {
            Some(run) => {
                run.length += 1;
                for (pointer, (text, _)) in joined {
                    let (all, several) = run.joined.entry(pointer).or_default();
                    all.push_str(&text);
                    *several = true;
                }
            }
            None => runs.push(Run { form: event.form, length: 1, fixed, joined }),
        }
    }
    runs
}

/// How many events each run has.
fn pieces(runs: &[Run]) -> Vec<usize> {
    runs.iter().map(|run| run.length).collect()
}

fn verdict(old: &[Run], new: &[Run]) -> Joined {
    if old.len() != new.len() {
        return Joined::Other;
    }
    let mut texts = Vec::new();
    for (old, new) in old.iter().zip(new) {
        if old.form != new.form || old.fixed != new.fixed || !old.joined.keys().eq(new.joined.keys()) {
            return Joined::Other;
        }
        for ((pointer, (before, old_several)), (after, new_several)) in old.joined.iter().zip(new.joined.values()) {
            if before == after || same_json(before, after) {
                continue;
            }
            if !is_prose(before, after, *old_several || *new_several) {
                return Joined::Other;
            }
            texts.push((pointer.clone(), before.clone(), after.clone()));
        }
    }
    if texts.is_empty() { Joined::Same } else { Joined::Reworded(texts) }
}

fn same_json(old: &str, new: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok().filter(|value| value.is_object() || value.is_array());
    read(old).zip(read(new)).is_some_and(|(old, new)| same(&old, &new))
}

/// Whether joined texts are words for people: they came in pieces or hold blanks, and are no JSON.
fn is_prose(old: &str, new: &str, in_pieces: bool) -> bool {
    let is_json = |text: &str| text.trim_start().starts_with(['{', '[']);
    let has_blank = |text: &str| text.contains(char::is_whitespace);
    !is_json(old) && !is_json(new) && (in_pieces || (has_blank(old) && has_blank(new)))
}
