//! Exchanges as bytes arrived: method, path, headers, body; status, headers, body.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::Request;

/// Header fields in order of arrival, names in lower case, values as text (bytes outside UTF-8 are replaced). All of them
/// are one text, so that a request costs two allocations and not two a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    text: String,
    /// Where each name and each value ends in the text.
    ends: Vec<(usize, usize)>,
    /// A bit for each name, as [`trace`] gives it: most names that are asked for are not there.
    traces: u64,
}

/// One of 64 bits, by the length of a name and its last letter; the same in upper and lower case.
fn trace(name: &str) -> u64 {
    let last = name.as_bytes().last().map_or(0, u8::to_ascii_lowercase);
    1 << ((name.len() ^ (usize::from(last) << 2)) % 64)
}

impl Headers {
    /// An empty list.
    pub fn new() -> Headers {
        Headers::default()
    }

    /// An empty list with room for this many fields of so many bytes in all.
    pub fn with_capacity(fields: usize, bytes: usize) -> Headers {
        Headers { text: String::with_capacity(bytes), ends: Vec::with_capacity(fields), traces: 0 }
    }

    /// The fields of a message as HTTP libraries give them: names, which are lower-cased, and values as bytes. `more` is how
    /// many fields there will be room for behind them.
    pub fn of_bytes<'a, I: Iterator<Item = (&'a str, &'a [u8])>>(fields: impl Fn() -> I, more: usize) -> Headers {
        let (count, bytes) = fields().fold((0, 0), |(count, bytes), (name, value)| (count + 1, bytes + name.len() + value.len()));
        let mut text = Vec::with_capacity(bytes + more * 32);
        let mut ends = Vec::with_capacity(count + more);
        let mut traces = 0;
        for (name, value) in fields() {
            traces |= trace(name);
            let start = text.len();
            text.extend_from_slice(name.as_bytes());
            text.iter_mut().skip(start).for_each(u8::make_ascii_lowercase);
            let middle = text.len();
            text.extend_from_slice(value);
            ends.push((middle, text.len()));
        }
        // Looked at once as a whole, which nearly always is text. Names stand between the values: no two halves of a character
        // meet.
        match String::from_utf8(text) {
            Ok(text) => Headers { text, ends, traces },
            Err(_) => fields().map(|(name, value)| (name, String::from_utf8_lossy(value))).collect(),
        }
    }

    /// Adds a field at the end; the name is lower-cased.
    pub fn push(&mut self, name: &str, value: impl AsRef<str>) {
        self.traces |= trace(name);
        let start = self.text.len();
        self.text.push_str(name);
        let middle = self.text.len();
        if let Some(name) = self.text.get_mut(start..) {
            name.make_ascii_lowercase();
        }
        self.text.push_str(value.as_ref());
        self.ends.push((middle, self.text.len()));
    }

    /// Takes every value of a field away.
    pub fn remove(&mut self, name: &str) {
        if self.first(name).is_some() {
            *self = self.iter().filter(|(key, _)| !key.eq_ignore_ascii_case(name)).collect();
        }
    }

    /// The first value of a field.
    pub fn first<'a>(&'a self, name: &str) -> Option<&'a str> {
        if self.traces & trace(name) == 0 {
            return None;
        }
        let mut start = 0;
        for &(middle, end) in &self.ends {
            // Nearly every other name is of another length, and this is asked often.
            if middle - start == name.len() && self.text.get(start..middle)?.eq_ignore_ascii_case(name) {
                return self.text.get(middle..end);
            }
            start = end;
        }
        None
    }

    /// Every value of a field; the name is compared without case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let ends = if self.traces & trace(name) == 0 { [].as_slice() } else { self.ends.as_slice() };
        let mut from = 0;
        ends.iter().filter_map(move |&(middle, end)| {
            let start = std::mem::replace(&mut from, end);
            let is_it = middle - start == name.len() && self.text.get(start..middle)?.eq_ignore_ascii_case(name);
            if is_it { self.text.get(middle..end) } else { None }
        })
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut from = 0;
        self.ends.iter().map(move |&(middle, end)| {
            let start = std::mem::replace(&mut from, end);
            (self.text.get(start..middle).unwrap_or_default(), self.text.get(middle..end).unwrap_or_default())
        })
    }

    /// All names and values as one text, in order.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lengths of each name and its value, in bytes.
    pub fn lengths(&self) -> impl Iterator<Item = (usize, usize)> {
        let mut from = 0;
        self.ends.iter().map(move |&(middle, end)| (middle - std::mem::replace(&mut from, end), end - middle))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all names and values.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(fields: I) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.push(name.as_ref(), value);
        }
        headers
    }
}

/// A request as it arrived, without its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestHead {
    pub method: Cow<'static, str>,
    /// The path as sent, without the query.
    pub path: String,
    /// The query without `?`; empty when there is none.
    pub query: String,
    pub headers: Headers,
}

/// A request as it arrived, body complete. Its head is at hand as its own fields are, and is shared with whoever keeps it.
#[derive(Clone, Debug, Default)]
pub struct RawRequest {
    head: Arc<RequestHead>,
    pub body: Bytes,
    json: OnceLock<Option<serde_json::Value>>,
    form: OnceLock<Result<Form, String>>,
}

/// A body of named parts, as `multipart/form-data` sends it. What files hold is not kept: nobody reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(pub Vec<Part>);

/// One part of a [`Form`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub content: PartContent,
}

/// What a part holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartContent {
    Text(String),
    File {
        /// As the client calls it.
        name: String,
        /// In bytes.
        length: usize,
    },
}

impl Default for PartContent {
    fn default() -> PartContent {
        PartContent::Text(String::new())
    }
}

impl RawRequest {
    /// A request from its parts; `target` is the path with or without a query.
    pub fn new(method: impl Into<Cow<'static, str>>, target: &str, headers: Headers, body: impl Into<Bytes>) -> RawRequest {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let head = RequestHead { method: method.into(), path: path.to_owned(), query: query.to_owned(), headers };
        RawRequest { head: Arc::new(head), body: body.into(), json: OnceLock::new(), form: OnceLock::new() }
    }

    /// A request of which only the head is at hand.
    pub fn headed(head: Arc<RequestHead>) -> RawRequest {
        RawRequest { head, ..RawRequest::default() }
    }

    /// The head, to be kept.
    pub fn head(&self) -> Arc<RequestHead> {
        self.head.clone()
    }

    /// The body as a form, parsed at most once, by whoever asks first; or why it is none.
    pub fn form(&self, parse: impl FnOnce(&RawRequest) -> Result<Form, String>) -> Result<&Form, &str> {
        self.form.get_or_init(|| parse(self)).as_ref().map_err(String::as_str)
    }

    /// The body as JSON, parsed at most once; `None` when it is not JSON.
    pub fn json(&self) -> Option<&serde_json::Value> {
        self.json.get_or_init(|| serde_json::from_slice(&self.body).ok()).as_ref()
    }
}

impl Deref for RawRequest {
    type Target = RequestHead;

    fn deref(&self) -> &RequestHead {
        &self.head
    }
}

/// Writing copies a head that someone else keeps.
impl DerefMut for RawRequest {
    fn deref_mut(&mut self) -> &mut RequestHead {
        Arc::make_mut(&mut self.head)
    }
}

impl RequestHead {
    /// The first value of a query parameter, percent-decoded where that gives UTF-8.
    pub fn query_value(&self, name: &str) -> Option<String> {
        if self.query.is_empty() {
            return None;
        }
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('=').or(Some((pair, ""))))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| percent_encoding::percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
    }
}

/// A request in both forms: what arrived and what it means. Criteria read this.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    pub raw: RawRequest,
    pub request: Request,
}

/// An answer as it arrived from elsewhere: a recording, or an upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    pub status: u16,
    pub headers: Headers,
    /// The body in the pieces it came in, content encodings undone. Where it was cut means nothing.
    pub pieces: Vec<Bytes>,
}

impl Captured {
    /// An answer whose body is at hand in one piece.
    pub fn whole(status: u16, headers: Headers, body: impl Into<Bytes>) -> Captured {
        Captured { status, headers, pieces: vec![body.into()] }
    }

    /// The body in one piece.
    pub fn body(&self) -> Bytes {
        match self.pieces.as_slice() {
            [only] => only.clone(),
            pieces => pieces.concat().into(),
        }
    }

    /// Whether it is a stream of server-sent events: by its content type, or, without one, by how it begins.
    pub fn is_event_stream(&self) -> bool {
        if let Some(kind) = self.headers.first("content-type") {
            return kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream");
        }
        let body = self.body();
        let begin = body.trim_ascii_start();
        begin.starts_with(b"data:") || begin.starts_with(b"event:")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_bytes_are_those_of_text() {
        for values in [[&b"one"[..], b"", b"two \xc3\xa4"], [b"half \xc3", b"\xa4 half", b"x"], [b"", b"x", b"\xff"]] {
            let fields = || ["host", "x-a", "x-b"].into_iter().zip(values);
            let text: Headers = fields().map(|(name, value)| (name, String::from_utf8_lossy(value))).collect();
            assert_eq!(Headers::of_bytes(fields, 1), text);
        }
    }
}
