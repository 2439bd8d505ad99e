//! How a body is divided into events.

/// The ways events are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON value a line.
    Ndjson,
    /// The elements of one JSON array that is sent while it grows. No content type tells it from a whole body.
    JsonArray,
    /// Binary messages with checksums (Amazon's event stream encoding).
    EventStream,
    /// No stream of events: one body.
    Whole,
}

/// The media types of streams.
const ANNOUNCED: [(&str, Framing); 6] = [
    ("text/event-stream", Framing::Sse),
    ("application/x-ndjson", Framing::Ndjson),
    ("application/ndjson", Framing::Ndjson),
    ("application/jsonl", Framing::Ndjson),
    ("application/x-jsonl", Framing::Ndjson),
    ("application/vnd.amazon.eventstream", Framing::EventStream),
];

/// The media type in a content type, without its parameters.
pub fn media_type(content_type: &str) -> &str {
    // Bytes are searched faster than characters, and what is split at is one byte.
    let end = content_type.bytes().position(|byte| byte == b';').unwrap_or(content_type.len());
    content_type.get(..end).unwrap_or_default().trim()
}

impl Framing {
    /// The framing that a content type announces.
    pub fn of(content_type: Option<&str>) -> Framing {
        let kind = content_type.map(media_type).unwrap_or_default();
        let announced = ANNOUNCED.iter().find(|(known, _)| known.eq_ignore_ascii_case(kind));
        announced.map_or(Framing::Whole, |(_, framing)| *framing)
    }

    /// The framing of an answer with status 200 and this content type, to a request whose answer would stream so.
    pub fn of_answer(content_type: Option<&str>, asked: Framing) -> Framing {
        match (Framing::of(content_type), asked) {
            (Framing::Whole, Framing::JsonArray) if content_type.is_some_and(|kind| kind.trim_start().starts_with("application/json")) => {
                Framing::JsonArray
            }
            (announced, _) => announced,
        }
    }

    /// Whether there are events at all.
    pub fn is_stream(self) -> bool {
        self != Framing::Whole
    }
}

#[cfg(test)]
mod tests {
    use super::Framing;

    #[track_caller]
    fn check(kind: &str, expected: Framing) {
        assert_eq!(Framing::of(Some(kind)), expected, "{kind}");
    }

    #[test]
    fn content_types_announce_framings() {
        check("text/event-stream; charset=utf-8", Framing::Sse);
        check("Application/X-NDJSON", Framing::Ndjson);
        check("application/vnd.amazon.eventstream", Framing::EventStream);
        check("application/json", Framing::Whole);
        assert_eq!(Framing::of(None), Framing::Whole);
    }
}
