//! Amazon's event stream encoding: binary messages with typed headers, a payload and two checksums.
//!
//! Source: "Amazon Event Stream" of the Smithy documentation
//! (<https://smithy.io/2.0/aws/amazon-eventstream.html>). Messages are written and checked by the
//! `aws-smithy-eventstream` crate; here they are found in bytes that come in pieces, within a bound.

#[cfg(test)]
mod tests;

use aws_smithy_eventstream::frame::{read_message_from, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message as Framed};
use bytes::Bytes;

/// Bytes of the prelude: total length, length of the headers, checksum of both.
const PRELUDE: usize = 12;
/// A message is at least its prelude and its checksum.
const SHORTEST: usize = PRELUDE + 4;

/// One message: its text headers in order, and its payload. Headers of other types, which no API of ours sends, are left
/// out when read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub headers: Vec<(String, String)>,
    pub payload: Bytes,
}

impl Message {
    /// An event of an API: `:event-type`, a JSON payload.
    pub fn event(kind: &str, payload: impl Into<Bytes>) -> Message {
        Message::with(&[(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")], payload)
    }

    /// An exception of an API, after which nothing follows.
    pub fn exception(kind: &str, payload: impl Into<Bytes>) -> Message {
        Message::with(&[(":exception-type", kind), (":content-type", "application/json"), (":message-type", "exception")], payload)
    }

    fn with(headers: &[(&str, &str)], payload: impl Into<Bytes>) -> Message {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Message { headers, payload: payload.into() }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether it says that the stream failed: an exception that the API's model has, or an error outside of it.
    pub fn is_exception(&self) -> bool {
        matches!(self.header(":message-type"), Some("exception" | "error"))
    }

    /// Its name: the type of the event or exception, or the code of an error.
    pub fn name(&self) -> Option<&str> {
        [":event-type", ":exception-type", ":error-code"].into_iter().find_map(|header| self.header(header))
    }
}

/// The bytes of a message. Headers that no message can hold (names above 255 bytes, values above 32 KiB) are cut.
pub fn encode(message: &Message) -> Bytes {
    let header = |(name, value): &(String, String)| {
        Header::new(cut(name, 255).to_owned(), HeaderValue::String(cut(value, 32 * 1024 - 1).to_owned().into()))
    };
    let framed = Framed::new_from_parts(message.headers.iter().map(header).collect(), message.payload.clone());
    let mut bytes = Vec::with_capacity(message.payload.len() + 160);
    // Only lengths can be refused, and messages of 4 GiB do not come this far.
    let written = write_message_to(&framed, &mut bytes);
    debug_assert!(written.is_ok(), "{written:?}");
    bytes.into()
}

fn cut(text: &str, most: usize) -> &str {
    (0..=most.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

/// Why bytes are no event stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("a message of the event stream claims {length} bytes, and {limit} are allowed")]
    TooLong { length: u64, limit: usize },
    #[error("a message of the event stream claims {0} bytes, which is less than it must have")]
    TooShort(u64),
    #[error("a message of the event stream is damaged: {0}")]
    Damaged(String),
}

/// Reads messages from bytes that come in pieces of any size.
#[derive(Debug)]
pub struct Decoder {
    held: Vec<u8>,
    limit: usize,
}

impl Decoder {
    /// A decoder that refuses messages longer than `limit` bytes.
    pub fn new(limit: usize) -> Decoder {
        Decoder { held: Vec::new(), limit }
    }

    /// Takes the next bytes and returns the messages that they complete.
    ///
    /// # Errors
    /// The bytes are no event stream, or a checksum is wrong. The decoder is of no use afterwards.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Message>, Broken> {
        self.held.extend_from_slice(bytes);
        let mut messages = Vec::new();
        let mut from = 0;
        while let Some(length) = self.next_length(from)? {
            let Some(frame) = self.held.get(from..from.saturating_add(length)) else { break };
            messages.push(read(frame)?);
            from += length;
        }
        self.held.drain(..from);
        Ok(messages)
    }

    /// Whether a message has begun that is not complete.
    pub fn is_mid_event(&self) -> bool {
        !self.held.is_empty()
    }

    /// The length of the message that begins there, once its prelude has come.
    fn next_length(&self, from: usize) -> Result<Option<usize>, Broken> {
        let Some(length) = self.held.get(from..from.saturating_add(PRELUDE)).and_then(<[u8]>::first_chunk::<4>) else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length);
        let fits = usize::try_from(length).unwrap_or(usize::MAX);
        if fits > self.limit {
            return Err(Broken::TooLong { length: length.into(), limit: self.limit });
        }
        if fits < SHORTEST {
            return Err(Broken::TooShort(length.into()));
        }
        Ok(Some(fits))
    }
}

fn read(frame: &[u8]) -> Result<Message, Broken> {
    let framed = read_message_from(frame).map_err(|error| Broken::Damaged(error.to_string()))?;
    let text = |header: &Header| Some((header.name().as_str().to_owned(), header.value().as_string().ok()?.as_str().to_owned()));
    Ok(Message { headers: framed.headers().iter().filter_map(text).collect(), payload: framed.payload().clone() })
}
