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

impl Framing {
    /// The framing that a content type announces.
    pub fn of(content_type: Option<&str>) -> Framing {
        let kind = content_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "text/event-stream" => Framing::Sse,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonl" => Framing::Ndjson,
            "application/vnd.amazon.eventstream" => Framing::EventStream,
            _ => Framing::Whole,
        }
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
