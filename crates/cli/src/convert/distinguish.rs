//! Equal requests become one fixture with several responses; different requests with the same keys are told apart.
//!
//! A recorder's keys leave much of a request out (earlier turns, tools, the system prompt), so different requests can have
//! equal matches. Then `stream`, or the members of the body that differ, are added until each takes its own.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::Notes;
use super::request::Prepared;
use crate::diagnostic::{Severity, Span};

/// Interactions that one fixture answers, in order.
#[derive(Debug)]
pub(super) struct Group {
    /// At least one.
    pub(super) members: Vec<Prepared>,
    pub(super) matches: Map<String, Value>,
}

impl Group {
    /// Where the first of them stands.
    pub(super) fn span(&self) -> Span {
        self.members.first().map_or(Span::at(0), |member| member.span)
    }

    /// The fixture.
    pub(super) fn entry(&self, exhausted: Option<&str>) -> Map<String, Value> {
        let mut entry = Map::new();
        let first = self.members.first();
        let name = first.and_then(|member| member.name.clone());
        entry.extend(name.map(|name| ("description".to_owned(), name.into())));
        let date = first.and_then(|member| member.recorded_at.clone());
        entry.extend(date.map(|date| ("recordedAt".to_owned(), date.into())));
        entry.insert("match".to_owned(), Value::Object(self.matches.clone()));
        match self.members.as_slice() {
            [only] => entry.extend(answer(only)),
            members => {
                let item = |member: &Prepared| match &member.timings {
                    None => member.response.clone(),
                    Some(_) => Value::Object(answer(member)),
                };
                entry.insert("responses".to_owned(), members.iter().map(item).collect());
                entry.extend(exhausted.map(|word| ("onExhausted".to_owned(), word.into())));
            }
        }
        entry
    }
}

fn answer(member: &Prepared) -> Map<String, Value> {
    let mut answer = Map::from_iter([("response".to_owned(), member.response.clone())]);
    answer.extend(member.timings.clone().map(|timings| ("recordedTimings".to_owned(), timings)));
    answer
}

/// Puts equal requests together, in order of first appearance.
pub(super) fn groups(prepared: Vec<Prepared>, notes: &mut Notes) -> Vec<Group> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut alike: Vec<Vec<Prepared>> = Vec::new();
    for one in prepared {
        let key = sorted(&Value::Object(one.matches.clone())).to_string();
        let place = *places.entry(key).or_insert(alike.len());
        match alike.get_mut(place) {
            Some(bucket) => bucket.push(one),
            None => alike.push(vec![one]),
        }
    }
    alike.into_iter().flat_map(|bucket| apart(bucket, notes)).collect()
}

/// Divides what has the same keys by what was really asked.
fn apart(bucket: Vec<Prepared>, notes: &mut Notes) -> Vec<Group> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for one in bucket {
        let place = *places.entry(identity(&one)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.members.push(one),
            None => groups.push(Group { matches: one.matches.clone(), members: vec![one] }),
        }
    }
    if groups.len() < 2 {
        return groups;
    }
    let place = groups.first().map_or(Span::at(0), Group::span);
    let count = groups.len();
    let Some(differing) = differing(&groups) else {
        let message = format!("{count} different requests here cannot be told apart by match keys: they are answered in this order");
        notes.push("not-told-apart", Severity::Warning, place, message);
        let matches = groups.first().map(|group| group.matches.clone()).unwrap_or_default();
        return vec![Group { matches, members: groups.into_iter().flat_map(|group| group.members).collect() }];
    };
    let streams: Vec<bool> = groups.iter().map(streams).collect();
    let owned = groups.iter().all(|group| group.members.first().is_some_and(|member| member.codec.is_some()));
    if owned && matches!(streams.as_slice(), [a, b] if a != b) {
        for (group, stream) in groups.iter_mut().zip(streams) {
            group.matches.insert("stream".to_owned(), stream.into());
        }
        return groups;
    }
    for group in &mut groups {
        let body = body(group).and_then(Value::as_object);
        let pattern: Map<String, Value> = differing.iter().filter_map(|key| Some((key.clone(), body?.get(key)?.clone()))).collect();
        if !pattern.is_empty() {
            group.matches.insert("body".to_owned(), Value::Object(pattern));
        }
    }
    let names = differing.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let message = format!("{count} requests have the same keys and differ in {names}: `body` tells them apart");
    notes.push("told-apart-by-body", Severity::Info, place, message);
    // A pattern that wants more must come first, since one that wants less takes its requests too.
    groups.sort_by_key(|group| std::cmp::Reverse(group.matches.get("body").and_then(Value::as_object).map_or(0, Map::len)));
    groups
}

fn body(group: &Group) -> Option<&Value> {
    group.members.first()?.exchange.as_ref()?.raw.json()
}

fn streams(group: &Group) -> bool {
    group.members.first().and_then(|member| member.exchange.as_ref()).is_some_and(|exchange| exchange.request.stream)
}

/// The members of the bodies in which they are not all equal; `None` when one is no JSON object or the difference is
/// elsewhere.
fn differing(groups: &[Group]) -> Option<Vec<String>> {
    let bodies: Vec<&Map<String, Value>> = groups.iter().map(|group| body(group)?.as_object()).collect::<Option<_>>()?;
    let (first, others) = bodies.split_first()?;
    let mut keys: Vec<String> = Vec::new();
    let mut seen: HashSet<&String> = HashSet::new();
    for key in bodies.iter().flat_map(|body| body.keys()) {
        if seen.insert(key) && others.iter().any(|other| other.get(key) != first.get(key)) {
            keys.push(key.clone());
        }
    }
    (!keys.is_empty()).then_some(keys)
}

/// What makes requests equal: everything that was sent in the body, whatever the order of its keys.
fn identity(one: &Prepared) -> String {
    let Some(exchange) = &one.exchange else { return String::new() };
    match exchange.raw.json() {
        Some(body) => sorted(body).to_string(),
        None => format!("{:?}", exchange.raw.body),
    }
}

/// The value with the keys of its objects in order. Bodies nest at most as deep as the JSON reader lets them.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut pairs: Vec<(&String, &Value)> = members.iter().collect();
            pairs.sort_by_key(|(key, _)| *key);
            Value::Object(pairs.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
