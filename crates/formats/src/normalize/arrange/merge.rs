//! Several files become one.

use serde_json::Value as Json;

use super::Stays;
use super::parts::{Parts, outside, parsed, says};
use crate::document::{Node, Parsed, to_json};
use crate::fixture::Input;
use crate::shape::{code, is_free_key};

/// The one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    pub text: String,
    pub fixtures: usize,
    /// What the first file does not say and the others do, and which is left out.
    pub notes: Vec<String>,
}

/// One file of the fixtures of these, in load order, within what stands around the list in the first. Where the first
/// already ends with the fixtures of all others it stays: a merge was interrupted before they were removed.
///
/// # Errors
/// They say different things beside their fixtures, or are written in different ways.
pub fn merge(inputs: &[Input]) -> Result<Merged, Stays> {
    let [first, others @ ..] = inputs else { return Err(Stays("no file was named".to_owned())) };
    let trees =
        inputs.iter().map(|input| parsed(input).map_err(|reason| named(input, &reason))).collect::<Result<Vec<Parsed<'_>>, Stays>>()?;
    let parts = inputs
        .iter()
        .zip(&trees)
        .map(|(input, parsed)| Parts::of(input.source.text(), input.format, &parsed.root).map_err(|reason| named(input, &reason)))
        .collect::<Result<Vec<_>, Stays>>()?;
    let (Some(around), Some(frame)) = (trees.first(), parts.first()) else { return Err(Stays("no file was named".to_owned())) };
    let mut notes = Vec::new();
    for ((input, parsed), part) in inputs.iter().zip(&trees).zip(&parts).skip(1) {
        if input.format != first.format || part.flow != frame.flow {
            return Err(named(input, &Stays(format!("it is not written as {} is", first.source.name()))));
        }
        notes.extend(left_out(input, &around.root, &parsed.root)?);
    }
    let lists: Vec<Vec<Json>> = trees.iter().map(|parsed| items(&parsed.root).iter().map(to_json).collect()).collect();
    let of_others: Vec<Json> = lists.iter().skip(1).flatten().cloned().collect();
    if let Some(list) = lists.first().filter(|list| !others.is_empty() && !of_others.is_empty() && list.ends_with(&of_others)) {
        return Ok(Merged { text: first.source.text().to_owned(), fixtures: list.len(), notes });
    }
    let entries: Vec<&str> = parts.iter().flat_map(|part| part.entries.iter().copied()).collect();
    let text = frame.with(&entries);
    let wanted: Vec<Json> = lists.into_iter().flatten().collect();
    if !says(&text, first.format, &around.root, &wanted) {
        return Err(Stays("together they would not say the same (anchors, or different indentation)".to_owned()));
    }
    Ok(Merged { text, fixtures: wanted.len(), notes })
}

fn items<'n>(root: &'n Node<'_>) -> &'n [Node<'n>] {
    root.get("fixtures").map_or(&[][..], Node::items)
}

fn named(input: &Input, reason: &Stays) -> Stays {
    Stays(format!("{}: {reason}", input.source.name()))
}

/// Free keys that differ are left out and said; all others must be the same in both.
fn left_out(input: &Input, first: &Node<'_>, other: &Node<'_>) -> Result<Vec<String>, Stays> {
    let (first, other) = (outside(first), outside(other));
    let mut notes = Vec::new();
    for member in other.iter().filter(|member| !first.contains(member)) {
        let key = &member.0;
        if !(is_free_key(key) || key == "meta") || key == "$lint" {
            return Err(named(input, &Stays(format!("the first file does not say the same under {}", code(key)))));
        }
        notes.push(format!("{}: {} is left out, since the first file does not say the same there", input.source.name(), code(key)));
    }
    if let Some((key, _)) =
        first.iter().find(|(key, value)| (key == "$lint" || key == "expect") && !other.iter().any(|one| one.0 == *key && one.1 == *value))
    {
        return Err(named(input, &Stays(format!("{} of the first file would be about its fixtures too", code(key)))));
    }
    Ok(notes)
}
