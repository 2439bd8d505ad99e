//! Cassettes of go-vcr (Go), versions 1 to 4: vcrpy's shape with `url`, `code` and text bodies.

use super::opened::Opened;
use super::reading::Reading;
use super::{Format, vcrpy};
use crate::document::Node;

pub(super) static FORMAT: Format = Format {
    name: "go-vcr",
    title: "a go-vcr cassette",
    summary: "YAML cassettes of dnaeon/go-vcr",
    suffixes: &["yaml", "yml"],
    exhausted: Some("error"),
    marks: &["interactions"],
    detect,
    read,
};

fn detect(opened: &Opened<'_>) -> bool {
    let first = opened.get("interactions").and_then(|list| list.items().first());
    first.is_some_and(|first| {
        let has_url = first.get("request").is_some_and(|request| request.get("url").is_some() && request.get("body").is_some());
        has_url && first.get("response").is_some_and(|response| response.get("code").is_some())
    })
}

fn read(opened: &Opened<'_>, reading: &mut Reading) {
    for node in opened.get("interactions").map_or(&[][..], Node::items) {
        let read = vcrpy::interaction(node, reading);
        reading.keep(node.span, read);
    }
}
