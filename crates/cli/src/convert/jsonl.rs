//! Lines of JSON, each a request with its response.

use super::opened::Opened;
use super::reading::Reading;
use super::{Format, pair};
use crate::diagnostic::Span;
use crate::document::{self, Limits, Node};

pub(super) static FORMAT: Format = Format {
    name: "jsonl",
    title: "lines of requests with their responses",
    summary: "JSONL with an object `{\"request\": …, \"response\": …}` a line",
    suffixes: &["jsonl", "ndjson"],
    exhausted: None,
    marks: &["request", "response"],
    detect,
    read,
};

/// The lines that are not blank, with their places.
fn lines(text: &str) -> impl Iterator<Item = (Span, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let plain = line.trim_end().trim_start_matches('\u{feff}');
        (!plain.is_empty()).then_some((Span::new(start, start + plain.len()), plain))
    })
}

fn parse(line: &str) -> Option<Node<'_>> {
    document::parse(line, document::Format::Json, &Limits::default()).ok().map(|parsed| parsed.root)
}

fn detect(opened: &Opened<'_>) -> bool {
    opened.root.is_none() && lines(opened.source.text()).next().is_some_and(|(_, line)| pair::is_pair(parse(line).as_ref()))
}

fn read(opened: &Opened<'_>, reading: &mut Reading) {
    for (span, line) in lines(opened.source.text()) {
        let Some(node) = parse(line) else {
            reading.lose(span, "this line is lost: it is no JSON");
            continue;
        };
        let read = pair::together(&node, reading).map(|mut interaction| {
            interaction.span = span;
            interaction
        });
        reading.keep(span, read);
    }
}
