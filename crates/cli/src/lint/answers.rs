//! What rules read from the tree of an entry: its answers, their kinds, their tool calls, and who wrote it.
//!
//! Rules look at what is written, not at what is served, so that findings point at the very value; broken neighbours
//! do not shift anything.

use super::{FileContext, Findings};
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Member, Node, Value};
use crate::exchange::MediaKind;
use crate::fixture::response::KIND_KEYS;

/// The responses of an entry: `response`, or the items of `responses`.
pub(super) fn responses<'n, 's>(entry: &'n Node<'s>) -> impl Iterator<Item = &'n Node<'s>> {
    let single = entry.get("response").filter(|_| entry.get("responses").is_none());
    let list = entry.get("responses").map_or(&[][..], Node::items);
    single.into_iter().chain(list.iter().map(|item| item.get("response").unwrap_or(item)))
}

/// The objects of an entry that may hold delivery keys (`latency`, `chaos` …): itself and the items of `responses`
/// that wrap a response, each with the responses it governs.
pub(super) fn carriers<'n, 's>(entry: &'n Node<'s>) -> impl Iterator<Item = (&'n Node<'s>, Vec<&'n Node<'s>>)> {
    let items = entry.get("responses").map_or(&[][..], Node::items);
    let wrapped = items.iter().filter_map(|item| item.get("response").map(|response| (item, vec![response])));
    std::iter::once((entry, responses(entry).collect())).chain(wrapped)
}

/// The key that decides what kind of answer a response is.
pub(super) fn kind_key(response: &Node<'_>) -> Option<&'static str> {
    let members = response.members();
    KIND_KEYS.into_iter().find(|key| members.iter().any(|member| member.key == *key))
}

/// What kind of answer a response is.
pub(super) fn kind(response: &Node<'_>) -> MediaKind {
    match kind_key(response) {
        Some("http" | "events") => MediaKind::Raw,
        Some("error") => MediaKind::Error,
        Some("audio") => MediaKind::Audio,
        Some("blocks" | "content" | "toolCalls") => MediaKind::Turn,
        Some("embedding" | "embeddings") => MediaKind::Embedding,
        Some("image" | "images") => MediaKind::Image,
        Some("transcription") => MediaKind::Transcription,
        Some("video") => MediaKind::Video,
        Some("json") => MediaKind::Json,
        _ => MediaKind::Unrecognised,
    }
}

/// What a kind of answer is called in messages.
pub(super) fn kind_name(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Turn => "a chat answer",
        MediaKind::Error => "an error",
        MediaKind::Embedding => "an embedding",
        MediaKind::Image => "an image",
        MediaKind::Audio => "audio",
        MediaKind::Transcription => "a transcription",
        MediaKind::Video => "a video",
        MediaKind::Json => "JSON",
        MediaKind::Raw => "a raw answer",
        MediaKind::Unrecognised => "nothing known",
    }
}

/// The tool calls that a response sends: those of `blocks` if there are any blocks, else `toolCalls`.
pub(super) fn calls<'n, 's>(response: &'n Node<'s>) -> impl Iterator<Item = &'n Node<'s>> {
    let blocks = response.get("blocks").map_or(&[][..], Node::items);
    let listed = if blocks.is_empty() { response.get("toolCalls").map_or(&[][..], Node::items) } else { &[] };
    blocks.iter().filter(|block| text(block, "type") == Some("toolCall")).chain(listed)
}

/// The text under a key.
pub(super) fn text<'n>(node: &'n Node<'_>, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::as_str)
}

/// The number of a node.
pub(super) fn number(node: &Node<'_>) -> Option<f64> {
    if let Value::Number(text) = &node.value { text.parse().ok() } else { None }
}

/// The members of an object that count: of equal keys the last.
pub(super) fn counting<'n, 's>(node: &'n Node<'s>) -> impl Iterator<Item = &'n Member<'s>> {
    let members = node.members();
    members
        .iter()
        .enumerate()
        .filter(|(at, member)| !members[at + 1..].iter().any(|later| later.key == member.key))
        .map(|(_, member)| member)
}

/// Whether a flag is set.
pub(super) fn is_true(node: &Node<'_>, key: &str) -> bool {
    node.get(key).is_some_and(|flag| flag.value == Value::Bool(true))
}

/// The HTTP status of an `error` or `http` response.
pub(super) fn status(response: &Node<'_>) -> Option<f64> {
    match kind_key(response)? {
        "error" => Some(response.get("status").and_then(number).unwrap_or(500.0)),
        "http" => response.get("http")?.get("status").and_then(number),
        _ => None,
    }
}

/// Whether an entry was written by a recorder: it carries measured times, a recording date or prompt hashes, or its
/// file has the name or the folder that recorders use.
pub(super) fn is_recording(file: &FileContext<'_>, entry: &Node<'_>) -> bool {
    let metadata = entry.get("metadata");
    entry.get("recordedTimings").is_some()
        || entry.get("recordedAt").is_some()
        || metadata.is_some_and(|metadata| ["systemHash", "toolsHash", "transforms"].iter().any(|key| metadata.get(key).is_some()))
        || is_recorders_name(file.source.name())
}

/// `…/recorded/…`, or `provider-2026-01-31T10-20-30-123Z-0a1b2c3d.json`.
fn is_recorders_name(name: &str) -> bool {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let stem = file.split('.').next().unwrap_or(file);
    folder.split('/').any(|part| part == "recorded") || has_recorders_stamp(stem)
}

fn has_recorders_stamp(stem: &str) -> bool {
    const SHAPE: &[u8] = b"-0000-00-00T00-00-00-000Z-xxxxxxxx";
    let bytes = stem.as_bytes();
    let Some(tail) = bytes.len().checked_sub(SHAPE.len()).and_then(|start| bytes.get(start..)) else { return false };
    tail.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'x' => byte.is_ascii_hexdigit(),
        exact => byte == exact,
    })
}

/// Whether the author says what a fixture is for: an id, a description, tags, a note or an expectation.
pub(super) fn explains_itself(entry: &Node<'_>) -> bool {
    entry.members().iter().any(|member| {
        let key = member.key.as_ref();
        matches!(key, "id" | "description" | "tags" | "expect") || (key.starts_with('_') && member.value.as_str().is_some())
    })
}

/// Reports at a place within an entry; the finding is known again by the entry's id or `match`.
pub(super) fn report<'f>(
    findings: &'f mut Findings,
    file: &FileContext<'_>,
    entry: &Node<'_>,
    span: Span,
    message: impl Into<String>,
) -> &'f mut Diagnostic {
    let finding = findings.report(file.label(span), message);
    finding.identity = match text(entry, "id") {
        Some(id) => id.to_owned(),
        None => entry.get("match").map(crate::document::to_text).unwrap_or_default(),
    };
    finding
}

#[cfg(test)]
mod tests {
    use super::is_recorders_name;

    #[track_caller]
    fn check(name: &str, expected: bool) {
        assert_eq!(is_recorders_name(name), expected, "{name}");
    }

    #[test]
    fn recordings_are_known_by_folder_and_stamp() {
        check("fixtures/recorded/chat.json", true);
        check("openai-2026-01-31T10-20-30-123Z-0a1b2c3d.json", true);
        check("fixtures/openai-2026-01-31T10-20-30-123Z-0a1b2c3d.json", true);
        check("fixtures/recorded.json", false);
        check("fixtures/weather.json", false);
        check("-0000-00-00T00-00-00-000Z-xxxxxxx.json", false);
    }
}
