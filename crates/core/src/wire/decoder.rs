//! Events of any framing, as far as a reader needs to know them.

use super::{Framing, event_stream, json_array, sse};

/// One event with what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The name of a server-sent event, the type of a binary message.
    pub name: Option<String>,
    /// The text of its data; `None` for a comment alone.
    pub data: Option<String>,
    /// It is an exception of a binary stream.
    pub exception: bool,
}

impl From<sse::Event> for Event {
    fn from(event: sse::Event) -> Event {
        Event { name: event.event, data: event.data, exception: false }
    }
}

impl Event {
    /// An event with data alone.
    pub fn data(data: impl Into<String>) -> Event {
        Event { data: Some(data.into()), ..Event::default() }
    }
}

/// Why a stream cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error(transparent)]
    Sse(#[from] sse::TooLong),
    #[error(transparent)]
    Array(#[from] json_array::TooLong),
    #[error(transparent)]
    Binary(#[from] event_stream::Broken),
    #[error("a line is longer than {0} bytes")]
    Line(usize),
    #[error("the content type announces no stream of events")]
    Whole,
}

/// Reads the events of one framing from bytes that come in pieces of any size.
#[derive(Debug)]
pub struct Decoder(Kind);

#[derive(Debug)]
enum Kind {
    Sse(sse::Decoder),
    Lines { line: Vec<u8>, limit: usize },
    Array(json_array::Decoder),
    Binary(event_stream::Decoder),
    Whole,
}

impl Decoder {
    /// A decoder that refuses events longer than `limit` bytes.
    pub fn new(framing: Framing, limit: usize) -> Decoder {
        Decoder(match framing {
            Framing::Sse => Kind::Sse(sse::Decoder::new(limit)),
            Framing::Ndjson => Kind::Lines { line: Vec::new(), limit },
            Framing::JsonArray => Kind::Array(json_array::Decoder::new(limit)),
            Framing::EventStream => Kind::Binary(event_stream::Decoder::new(limit)),
            Framing::Whole => Kind::Whole,
        })
    }

    /// Takes the next bytes and returns the events that they complete.
    ///
    /// # Errors
    /// An event is longer than the limit, a binary message is damaged, or there are no events at all. The decoder is of
    /// no use afterwards.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Unreadable> {
        Ok(match &mut self.0 {
            Kind::Sse(decoder) => decoder.feed(bytes)?.into_iter().map(Event::from).collect(),
            Kind::Lines { line, limit } => lines(line, *limit, bytes)?,
            Kind::Array(decoder) => decoder.feed(bytes)?.into_iter().map(Event::data).collect(),
            Kind::Binary(decoder) => decoder.feed(bytes)?.iter().map(binary).collect(),
            Kind::Whole => return Err(Unreadable::Whole),
        })
    }

    /// The stream has ended: the last line, where its line end is missing, as NDJSON allows.
    pub fn finish(&mut self) -> Option<Event> {
        match &mut self.0 {
            Kind::Lines { line, .. } => end_line(line),
            Kind::Sse(_) | Kind::Array(_) | Kind::Binary(_) | Kind::Whole => None,
        }
    }

    /// Whether an event has begun that is not complete.
    pub fn is_mid_event(&self) -> bool {
        match &self.0 {
            Kind::Sse(decoder) => decoder.is_mid_event(),
            Kind::Lines { line, .. } => !line.trim_ascii().is_empty(),
            Kind::Array(decoder) => decoder.is_mid_event(),
            Kind::Binary(decoder) => decoder.is_mid_event(),
            Kind::Whole => false,
        }
    }

    /// Whether the framing itself says that nothing follows: the bracket of an array.
    pub fn is_closed(&self) -> bool {
        matches!(&self.0, Kind::Array(decoder) if decoder.is_closed())
    }
}

fn lines(line: &mut Vec<u8>, limit: usize, bytes: &[u8]) -> Result<Vec<Event>, Unreadable> {
    let mut events = Vec::new();
    let mut rest = bytes;
    loop {
        let end = memchr::memchr(b'\n', rest);
        let (piece, behind) = rest.split_at(end.unwrap_or(rest.len()));
        if line.len().saturating_add(piece.len()) > limit {
            return Err(Unreadable::Line(limit));
        }
        line.extend_from_slice(piece);
        let Some(next) = behind.get(1..) else { return Ok(events) };
        events.extend(end_line(line));
        rest = next;
    }
}

fn end_line(line: &mut Vec<u8>) -> Option<Event> {
    let line = std::mem::take(line);
    let text = line.trim_ascii();
    (!text.is_empty()).then(|| Event::data(String::from_utf8_lossy(text)))
}

fn binary(message: &event_stream::Message) -> Event {
    Event {
        name: message.name().map(str::to_owned),
        data: Some(String::from_utf8_lossy(&message.payload).into_owned()),
        exception: message.is_exception(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(framing: Framing, bytes: &[u8], expected: &[&str]) {
        for cut in [1, 7, 4096] {
            let mut decoder = Decoder::new(framing, 1 << 20);
            let mut events: Vec<Event> = bytes.chunks(cut).flat_map(|piece| decoder.feed(piece).unwrap()).collect();
            events.extend(decoder.finish());
            let data: Vec<&str> = events.iter().filter_map(|event| event.data.as_deref()).collect();
            assert_eq!(data, expected, "{cut} bytes at a time");
            assert!(!decoder.is_mid_event());
        }
    }

    #[test]
    fn every_framing_is_read() {
        check(Framing::Sse, b": hi\n\ndata: 1\n\nevent: x\ndata: 2\n\n", &["1", "2"]);
        check(Framing::Ndjson, b"{\"a\":1}\r\n\n{\"b\":2}", &["{\"a\":1}", "{\"b\":2}"]);
        check(Framing::JsonArray, b"[{\"a\":1},\n{\"b\":2}]", &["{\"a\":1}", "{\"b\":2}"]);
        let message = event_stream::encode(&event_stream::Message::event("chunk", "{}"));
        check(Framing::EventStream, &[message.as_ref(), message.as_ref()].concat(), &["{}", "{}"]);
    }

    #[test]
    fn a_binary_event_keeps_its_name() {
        let bytes = event_stream::encode(&event_stream::Message::exception("throttlingException", "{}"));
        let events = Decoder::new(Framing::EventStream, 1 << 20).feed(&bytes).unwrap();
        assert_eq!(events, [Event { name: Some("throttlingException".to_owned()), data: Some("{}".to_owned()), exception: true }]);
    }

    #[test]
    fn a_whole_body_is_no_stream() {
        assert_eq!(Decoder::new(Framing::Whole, 10).feed(b"{}"), Err(Unreadable::Whole));
        assert_eq!(Decoder::new(Framing::Ndjson, 3).feed(b"{\"a\""), Err(Unreadable::Line(3)));
    }
}
