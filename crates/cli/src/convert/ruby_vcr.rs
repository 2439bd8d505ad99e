//! Cassettes of Ruby's VCR (and R's vcr, which copies it): `http_interactions` in vcrpy's shape.

use super::opened::Opened;
use super::reading::Reading;
use super::{Format, vcrpy};
use crate::document::Node;

pub(super) static FORMAT: Format = Format {
    name: "ruby-vcr",
    title: "a cassette of Ruby's VCR",
    summary: "YAML and JSON cassettes of Ruby's VCR, with `string`, `base64_string` and `!binary` bodies",
    suffixes: &["yaml", "yml", "json"],
    exhausted: Some("error"),
    marks: &["http_interactions"],
    detect,
    read,
};

fn detect(opened: &Opened<'_>) -> bool {
    opened.get("http_interactions").is_some()
}

fn read(opened: &Opened<'_>, reading: &mut Reading) {
    for node in opened.get("http_interactions").map_or(&[][..], Node::items) {
        let read = vcrpy::interaction(node, reading);
        reading.keep(node.span, read);
    }
}
