//! One file becomes several.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Stays;
use super::parts::{Parts, parsed, says};
use crate::document::{Node, Value, to_json, to_text};
use crate::fixture::Input;
use crate::normalize::identity::hash;

/// What stands together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Every fixture alone.
    Fixture,
    /// Fixtures with the same `match.model`.
    Model,
    /// Fixtures with the same `match.endpoint`.
    Endpoint,
}

/// One of the new files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Without its folder: the old name, a number that keeps the order, a word for what is in it, and a hash of that.
    pub name: String,
    pub text: String,
    pub fixtures: usize,
}

/// Longest word of a name, in characters.
const MOST_WORD: usize = 32;
/// Most bytes that what stands around the list may take when it is repeated in every file.
const MOST_REPEATED: usize = 256 << 20;
/// With more different models only neighbours stand together.
const MOST_KEYS: usize = 1000;

/// The files that this one becomes, in load order; none where all of it stands together. `name` is its name without
/// the folder.
///
/// # Errors
/// It cannot be cut without a change of meaning.
pub fn split(input: &Input, name: &str, by: By) -> Result<Vec<Piece>, Stays> {
    let text = input.source.text();
    let parsed = parsed(input)?;
    if parsed.root.get("expect").is_some() {
        return Err(Stays("its `expect` is about all of its fixtures together".to_owned()));
    }
    let items = parsed.root.get("fixtures").map_or(&[][..], Node::items);
    let groups = groups(items, by);
    if groups.len() < 2 {
        return Ok(Vec::new());
    }
    let parts = Parts::of(text, input.format, &parsed.root)?;
    if (parts.head.len() + parts.tail.len()).saturating_mul(groups.len()) > MOST_REPEATED {
        return Err(Stays("what stands around its fixtures is too long to be repeated in every file".to_owned()));
    }
    let width = (groups.len() * 10).to_string().len();
    let (stem, suffix) = name.rsplit_once('.').unwrap_or((name, "json"));
    let mut pieces = Vec::with_capacity(groups.len());
    for (index, group) in groups.iter().enumerate() {
        let entries: Vec<&str> = group.members.iter().filter_map(|member| parts.entries.get(*member).copied()).collect();
        let new = parts.with(&entries);
        let wanted: Vec<Json> = group.members.iter().filter_map(|member| items.get(*member)).map(to_json).collect();
        if !says(&new, input.format, &parsed.root, &wanted) {
            return Err(Stays("its fixtures hang together (anchors, or an unusual layout), so that none can stand alone".to_owned()));
        }
        let (word, identity) = group.name(items);
        let number = (index + 1) * 10;
        let name = format!("{stem}.{number:0width$}-{}-{:08x}.{suffix}", slug(&word), hash(&identity) >> 32);
        pieces.push(Piece { name, text: new, fixtures: group.members.len() });
    }
    Ok(pieces)
}

/// Fixtures that stand together.
struct Group<'n> {
    /// What they share; `None`: nothing, or they are one.
    key: Option<&'n str>,
    members: Vec<usize>,
}

impl Group<'_> {
    /// A word for people, and what the hash is of.
    fn name(&self, items: &[Node<'_>]) -> (String, String) {
        if let Some(key) = self.key {
            return (key.to_owned(), key.to_owned());
        }
        let Some(first) = self.members.first().and_then(|index| items.get(*index)) else { return Default::default() };
        if let Some(id) = first.get("id").and_then(Node::as_str) {
            return (id.to_owned(), id.to_owned());
        }
        let matches = first.get("match");
        (matches.and_then(first_text).unwrap_or("fixture").to_owned(), matches.map(to_text).unwrap_or_default())
    }
}

/// An entry joins the file of its key where every fixture that it passes on the way has another one, so that no request
/// can meet both; else it begins a new file.
fn groups<'n>(items: &'n [Node<'_>], by: By) -> Vec<Group<'n>> {
    let key_of = |item: &'n Node<'_>| match by {
        By::Fixture => None,
        By::Model => item.get("match")?.get("model")?.as_str(),
        By::Endpoint => item.get("match")?.get("endpoint")?.as_str(),
    };
    let many = items.iter().filter_map(key_of).collect::<BTreeSet<_>>().len() > MOST_KEYS;
    let related = |one: &str, other: &str| starts(one, other) || starts(other, one);
    let mut groups: Vec<Group<'n>> = Vec::new();
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let mut last_free = None;
    for (index, item) in items.iter().enumerate() {
        let key = key_of(item);
        let joins = match key {
            None => {
                groups.len().checked_sub(1).filter(|last| by != By::Fixture && groups.get(*last).is_some_and(|group| group.key.is_none()))
            }
            Some(key) => last.get(key).copied().filter(|group| {
                let passes_free = last_free.is_some_and(|free| free > *group);
                let passes_kin = by == By::Model && last.iter().any(|(other, place)| place > group && (many || related(key, other)));
                !passes_free && !passes_kin
            }),
        };
        let place = joins.unwrap_or(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.members.push(index),
            None => groups.push(Group { key, members: vec![index] }),
        }
        match key {
            Some(key) => {
                last.insert(key, place);
            }
            None => last_free = Some(place),
        }
    }
    groups
}

/// Whether a model's name begins with another: the family takes the requests of its members.
fn starts(name: &str, start: &str) -> bool {
    name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// The first text in a match.
fn first_text<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    match &node.value {
        Value::String(text) => Some(text),
        Value::Array(items) => items.iter().find_map(first_text),
        Value::Object(members) => members.iter().find_map(|member| first_text(&member.value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Small letters, digits and single dashes: safe in the name of a file everywhere.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars() {
        if slug.len() >= MOST_WORD {
            break;
        }
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "fixture".to_owned() } else { slug.to_owned() }
}
