//! Recordings of Polly.js: HAR with `_recordingName`, `_id` and `_order` (Polly.js, `har/log.js` and `har/entry.js`).
//!
//! Of equal requests the one with the lowest `_order` comes first, wherever it stands.

use super::opened::Opened;
use super::reading::{Reading, text};
use super::{Format, har};
use crate::document::{Node, as_f64};

pub(super) static FORMAT: Format = Format {
    name: "polly",
    title: "a Polly.js recording",
    summary: "HAR of Polly.js: names, orders, and bodies that were stored encoded",
    suffixes: &["har", "json"],
    exhausted: Some("error"),
    marks: &["log", "entries", "_recordingName"],
    detect,
    read,
};

fn detect(opened: &Opened<'_>) -> bool {
    opened.get("log").is_some_and(|log| log.get("_recordingName").is_some() && log.get("entries").is_some())
}

fn read(opened: &Opened<'_>, reading: &mut Reading) {
    let Some(log) = opened.get("log") else { return };
    let name = text(log.get("_recordingName"));
    let mut entries: Vec<&Node<'_>> = log.get("entries").map_or(&[][..], Node::items).iter().collect();
    entries.sort_by(|a, b| order(a).total_cmp(&order(b)));
    for entry in entries {
        let read = har::interaction(entry, name.clone(), reading);
        reading.keep(entry.span, read);
    }
}

fn order(entry: &Node<'_>) -> f64 {
    text(entry.get("_order")).map_or(0.0, |order| as_f64(&order))
}
