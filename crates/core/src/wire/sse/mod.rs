//! Server-sent events: writing them, and reading them however the bytes are cut.
//!
//! Follows the event stream format of the HTML standard, with one difference: a block without data is not thrown away
//! but handed out without `data`, so that a relay loses no comment. It does not reconnect and keeps no last event id.

#[cfg(test)]
mod tests;

use bytes::Bytes;

/// One event. A block that has only comments has neither `event` nor `data`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    pub event: Option<String>,
    /// Lines joined with LF.
    pub data: Option<String>,
    pub id: Option<String>,
    /// Milliseconds.
    pub retry: Option<u64>,
    /// Lines joined with LF, without the colon and the one space behind it.
    pub comment: Option<String>,
}

impl Event {
    /// An event with data alone.
    pub fn data(data: impl Into<String>) -> Event {
        Event { data: Some(data.into()), ..Event::default() }
    }

    fn is_empty(&self) -> bool {
        *self == Event::default()
    }
}

/// The bytes of an event with data alone.
pub fn data(data: &str) -> Bytes {
    let mut out = String::with_capacity(data.len() + 8);
    push_lines(&mut out, "data: ", data);
    out.push('\n');
    Bytes::from(out)
}

/// The bytes of a named event.
pub fn named(event: &str, data: &str) -> Bytes {
    let mut out = String::with_capacity(event.len() + data.len() + 16);
    push_line(&mut out, "event: ", event);
    push_lines(&mut out, "data: ", data);
    out.push('\n');
    Bytes::from(out)
}

/// The bytes of an event: comment, name, id, retry, data, then an empty line. Text of several lines becomes several
/// fields; a line break in a name or id, which the format cannot carry, becomes a space.
pub fn encode(event: &Event) -> Bytes {
    let mut out = String::new();
    if let Some(comment) = &event.comment {
        push_lines(&mut out, ": ", comment);
    }
    if let Some(name) = &event.event {
        push_line(&mut out, "event: ", name);
    }
    if let Some(id) = &event.id {
        push_line(&mut out, "id: ", id);
    }
    if let Some(retry) = event.retry {
        push_line(&mut out, "retry: ", &retry.to_string());
    }
    if let Some(data) = &event.data {
        push_lines(&mut out, "data: ", data);
    }
    out.push('\n');
    Bytes::from(out)
}

fn push_line(out: &mut String, field: &str, value: &str) {
    out.push_str(field);
    out.extend(value.chars().map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }));
    out.push('\n');
}

fn push_lines(out: &mut String, field: &str, text: &str) {
    let mut rest = text;
    loop {
        let end = rest.find(['\r', '\n']).unwrap_or(rest.len());
        let (line, behind) = rest.split_at(end);
        out.push_str(field);
        out.push_str(line);
        out.push('\n');
        rest = match (behind.strip_prefix("\r\n"), behind.strip_prefix(['\r', '\n'])) {
            (Some(next), _) | (None, Some(next)) => next,
            (None, None) => return,
        };
    }
}

/// An event grew beyond the decoder's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a server-sent event is longer than {limit} bytes")]
pub struct TooLong {
    pub limit: usize,
}

/// Reads events from bytes that come in pieces of any size. Line ends may be LF, CRLF or CR, a byte order mark at the
/// start is dropped, bytes outside UTF-8 are replaced.
#[derive(Debug)]
pub struct Decoder {
    line: Vec<u8>,
    current: Event,
    /// Bytes of the current event, so that no stream can fill the memory.
    held: usize,
    limit: usize,
    after_cr: bool,
    first_line: bool,
}

impl Decoder {
    /// A decoder that refuses events longer than `limit` bytes.
    pub fn new(limit: usize) -> Decoder {
        Decoder { line: Vec::new(), current: Event::default(), held: 0, limit, after_cr: false, first_line: true }
    }

    /// Takes the next bytes and returns the events that they complete.
    ///
    /// # Errors
    /// An event is longer than the limit. The decoder is of no use afterwards.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while let Some((&first, tail)) = rest.split_first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                rest = tail;
                continue;
            }
            let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
                self.hold(rest)?;
                break;
            };
            let (line, behind) = rest.split_at(end);
            self.hold(line)?;
            self.after_cr = behind.first() == Some(&b'\r');
            rest = behind.get(1..).unwrap_or_default();
            events.extend(self.end_line());
        }
        Ok(events)
    }

    /// Whether an event has begun that no empty line has ended. At the end of a stream it is incomplete and does not
    /// count, as the standard has it.
    pub fn is_mid_event(&self) -> bool {
        !self.line.is_empty() || !self.current.is_empty()
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        self.held = self.held.saturating_add(bytes.len());
        if self.held > self.limit {
            return Err(TooLong { limit: self.limit });
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let mut bytes = line.as_slice();
        if std::mem::take(&mut self.first_line) {
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        if !bytes.is_empty() {
            self.take_field(&String::from_utf8_lossy(bytes));
            return None;
        }
        self.held = 0;
        let event = std::mem::take(&mut self.current);
        (!event.is_empty()).then_some(event)
    }

    fn take_field(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => append_line(&mut self.current.comment, value),
            "data" => append_line(&mut self.current.data, value),
            "event" => self.current.event = Some(value.to_owned()),
            "id" if !value.contains('\0') => self.current.id = Some(value.to_owned()),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.current.retry = value.parse().ok();
            }
            // The standard ignores fields that it does not know.
            _ => {}
        }
    }
}

fn append_line(text: &mut Option<String>, line: &str) {
    match text {
        Some(text) => {
            text.push('\n');
            text.push_str(line);
        }
        None => *text = Some(line.to_owned()),
    }
}
