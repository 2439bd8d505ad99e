//! Texts for people: what differs within a text, long stretches left out, values on one line.

use serde_json::Value;
use similar::ChangeTag;

use super::super::lines::words;
use super::super::report::{escape, grouped};

/// Longest stretch of equal text that is shown whole, in characters.
const EQUAL: usize = 60;
/// Longest stretch that differs and is shown whole.
const CHANGED: usize = 400;
/// Longer differing parts are not compared word by word.
const COMPARED: usize = 8_000;
/// Longest value on one line.
const VALUE: usize = 120;

/// A stretch of a text, escaped and shortened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) tag: ChangeTag,
    pub(super) text: String,
}

/// The stretches of two texts: equal, removed and added.
pub(super) fn stretches(old: &str, new: &str) -> Vec<Stretch> {
    let head = common_head(old, new);
    let (old_rest, new_rest) = (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let tail = common_tail(old_rest, new_rest);
    let middle = |rest: &str| rest.get(..rest.len() - tail).unwrap_or_default().to_owned();
    let (before, after) = (middle(old_rest), middle(new_rest));
    let mut found: Vec<(ChangeTag, String)> = vec![(ChangeTag::Equal, old.get(..head).unwrap_or_default().to_owned())];
    if before.len() + after.len() <= COMPARED {
        for (tag, word) in words(&before, &after) {
            match found.last_mut() {
                Some((last, text)) if *last == tag => text.push_str(word),
                _ => found.push((tag, word.to_owned())),
            }
        }
    } else {
        found.push((ChangeTag::Delete, before));
        found.push((ChangeTag::Insert, after));
    }
    match found.last_mut() {
        Some((ChangeTag::Equal, text)) => text.push_str(old_rest.get(old_rest.len() - tail..).unwrap_or_default()),
        _ => found.push((ChangeTag::Equal, old_rest.get(old_rest.len() - tail..).unwrap_or_default().to_owned())),
    }
    let last = found.len().saturating_sub(1);
    found
        .into_iter()
        .enumerate()
        .filter(|(_, (_, text))| !text.is_empty())
        .map(|(nth, (tag, text))| Stretch { tag, text: shortened(tag, &text, nth == 0, nth == last) })
        .collect()
}

/// Bytes of the common beginning, cut behind a blank so that words stay whole.
fn common_head(old: &str, new: &str) -> usize {
    if old == new {
        return old.len();
    }
    let same = old.char_indices().zip(new.chars()).take_while(|((_, old), new)| old == new);
    same.filter(|((_, letter), _)| letter.is_whitespace()).last().map_or(0, |((at, letter), _)| at + letter.len_utf8())
}

/// Bytes of the common end, cut before a blank.
fn common_tail(old: &str, new: &str) -> usize {
    let length = old.len();
    let same = old.char_indices().rev().zip(new.chars().rev()).take_while(|((_, old), new)| old == new);
    same.filter(|((_, letter), _)| letter.is_whitespace()).last().map_or(0, |((at, _), _)| length - at)
}

/// Equal text is shown beside what differs only; what differs is shown up to a length.
fn shortened(tag: ChangeTag, text: &str, is_first: bool, is_last: bool) -> String {
    let count = text.chars().count();
    let skip = |from: usize| text.chars().skip(from).collect::<String>();
    let take = |up_to: usize| text.chars().take(up_to).collect::<String>();
    if tag != ChangeTag::Equal {
        return if count <= CHANGED {
            escape(text).into_owned()
        } else {
            format!("{}… ({} more characters)", escape(&take(CHANGED)), grouped(count - CHANGED))
        };
    }
    let side = EQUAL / 2;
    match (is_first, is_last) {
        _ if count <= EQUAL => escape(text).into_owned(),
        (true, false) => format!("…{}", escape(&skip(count - side))),
        (false, true) => format!("{}…", escape(&take(side))),
        _ => format!("{} … {}", escape(&take(side)), escape(&skip(count - side))),
    }
}

/// A value on one line, shortened.
pub(super) fn value(value: &Value) -> String {
    let text = match value {
        Value::Array(items) if items.len() > 8 && items.iter().all(Value::is_number) => format!("{} numbers", grouped(items.len())),
        other => other.to_string(),
    };
    match text.char_indices().nth(VALUE) {
        Some((cut, _)) => {
            let left = text.get(cut..).map_or(0, |rest| rest.chars().count());
            format!("{}… ({} more characters)", escape(text.get(..cut).unwrap_or_default()), grouped(left))
        }
        None => escape(&text).into_owned(),
    }
}
