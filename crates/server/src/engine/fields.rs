//! Header fields of an answer: one by one, or as they were put together for an answer before.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::Either;
use hyper::HeaderMap;
use hyper::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderName, HeaderValue, TRAILER, TRANSFER_ENCODING, UPGRADE};

use crate::wire::{Framing, media_type};

/// A header field: its name, and its value as text that is shared with whoever keeps it.
pub type Field = (Cow<'static, str>, FieldValue);

/// The value of a header field, looked at once whether HTTP can carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldValue(Result<HeaderValue, Bytes>);

impl FieldValue {
    fn new(value: Bytes) -> FieldValue {
        FieldValue(HeaderValue::from_maybe_shared(value.clone()).map_err(|_| value))
    }

    /// The value as text.
    pub fn as_str(&self) -> &str {
        let bytes = self.0.as_ref().map_or_else(Bytes::as_ref, HeaderValue::as_bytes);
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The value as HTTP carries it, without a copy; `None` if it holds what HTTP cannot carry.
    pub fn into_header(self) -> Option<HeaderValue> {
        self.0.ok()
    }
}

impl Default for FieldValue {
    fn default() -> FieldValue {
        FieldValue::new(Bytes::new())
    }
}

impl From<&'static str> for FieldValue {
    fn from(value: &'static str) -> FieldValue {
        FieldValue::new(Bytes::from_static(value.as_bytes()))
    }
}

impl From<String> for FieldValue {
    fn from(value: String) -> FieldValue {
        FieldValue::new(value.into())
    }
}

/// The header fields of an answer, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    list: Vec<Field>,
    /// In place of the list: what was put together for an answer of the same fixture before, and the id of this request.
    made: Option<(Arc<Made>, FieldValue)>,
}

/// All header fields of a fixture's answer but one: what depends on the fixture alone is put together once.
#[derive(Debug, PartialEq, Eq)]
pub struct Made {
    /// What the answer depends on beside the fixture.
    pub occasion: Occasion,
    /// Those of every answer among them.
    fields: HeaderMap,
    /// Which of them have the id of the request.
    ids: Vec<HeaderName>,
    pub speech: Speech,
    /// The fields as HTTP/1.1 has them, up to each place where the id stands, and what comes behind the last one; `None`: they
    /// are not plain.
    lines: Option<Vec<Box<[u8]>>>,
}

/// What the bytes of an answer are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speech {
    /// Nothing that states usage or text.
    #[default]
    Other,
    /// A whole JSON body.
    Json,
    /// A stream of events; the codec that wrote them, if one did.
    Events(Framing, Option<&'static str>),
}

impl Speech {
    /// Told by how the body is divided, or by the content type.
    pub fn of(content_type: Option<&str>, framing: Framing, codec: Option<&'static str>) -> Speech {
        let is_json = || content_type.is_some_and(|kind| media_type(kind).eq_ignore_ascii_case("application/json"));
        match framing {
            framing if framing.is_stream() => Speech::Events(framing, codec),
            _ if is_json() => Speech::Json,
            _ => Speech::Other,
        }
    }
}

/// What decides about the fields of a fixture's answer, beside the fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// Why the fixture was chosen.
    pub matched: &'static str,
    /// How the answer would be divided if it streamed.
    pub framing: Framing,
}

impl Fields {
    /// Those of an answer before, with the id of this request.
    pub fn made(made: Arc<Made>, id: FieldValue) -> Fields {
        Fields { list: Vec::new(), made: Some((made, id)) }
    }

    /// What was put together before, if these were not listed since.
    pub fn as_made(&self) -> Option<&Made> {
        self.made.as_ref().map(|(made, _)| made.as_ref())
    }

    /// The first value of a field; the name is compared without case.
    pub fn get(&self, name: &str) -> Option<&str> {
        match &self.made {
            Some((made, id)) if made.ids.iter().any(|key| key.as_str().eq_ignore_ascii_case(name)) => Some(id.as_str()),
            Some((made, _)) => made.fields.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok()),
            None => self.list.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()),
        }
    }

    /// Writes the fields as HTTP/1.1 has them where they were put together before; `false`, and nothing is written: they were
    /// not, or are not plain.
    pub fn write(&self, out: &mut Vec<u8>) -> bool {
        let Some((made, FieldValue(Ok(id)))) = &self.made else { return false };
        let Some((last, lines)) = made.lines.as_ref().and_then(|lines| lines.split_last()) else { return false };
        for line in lines {
            out.extend_from_slice(line);
            out.extend_from_slice(id.as_bytes());
        }
        out.extend_from_slice(last);
        true
    }

    /// The fields one by one, to change them.
    pub fn listed(&mut self) -> &mut Vec<Field> {
        if let Some((made, id)) = self.made.take() {
            let fields = made.fields(id);
            self.list = fields.iter().map(|(name, value)| (name.to_string().into(), FieldValue(Ok(value.clone())))).collect();
        }
        &mut self.list
    }

    /// The fields one by one, or put together.
    pub fn into_either(self) -> Either<Vec<Field>, HeaderMap> {
        match self.made {
            Some((made, id)) => Either::Right(made.fields(id)),
            None => Either::Left(self.list),
        }
    }
}

impl From<Vec<Field>> for Fields {
    fn from(list: Vec<Field>) -> Fields {
        Fields { list, made: None }
    }
}

/// Fields that say how a message is framed, or that are not there unless someone set them.
const SPECIAL: [HeaderName; 6] = [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, DATE, TRAILER, UPGRADE];

/// Writes fields as HTTP/1.1 has them (RFC 9112, section 5); `false`, and nothing is written: some of them are not plain.
pub fn write_fields(fields: &HeaderMap, out: &mut Vec<u8>) -> bool {
    if fields.keys().any(|name| SPECIAL.contains(name)) {
        return false;
    }
    for (name, value) in fields {
        write_field(name, value.as_bytes(), out);
    }
    true
}

fn write_field(name: &HeaderName, value: &[u8], out: &mut Vec<u8>) {
    for bytes in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(bytes);
    }
}

impl Made {
    /// What was put together for an occasion, with the fields that have the id of the request.
    pub fn new(occasion: Occasion, fields: HeaderMap, ids: Vec<HeaderName>, speech: Speech) -> Made {
        let mut made = Made { occasion, fields, ids, speech, lines: None };
        made.lines = made.lines();
        made
    }

    fn lines(&self) -> Option<Vec<Box<[u8]>>> {
        if self.fields.keys().any(|name| SPECIAL.contains(name)) {
            return None;
        }
        let (mut lines, mut rest) = (Vec::new(), Vec::new());
        for (name, value) in &self.fields {
            if !self.ids.contains(name) {
                write_field(name, value.as_bytes(), &mut rest);
                continue;
            }
            rest.extend_from_slice(name.as_str().as_bytes());
            rest.extend_from_slice(b": ");
            lines.push(std::mem::replace(&mut rest, b"\r\n".to_vec()).into());
        }
        lines.push(rest.into());
        Some(lines)
    }

    /// All fields, with the id of a request.
    fn fields(&self, id: FieldValue) -> HeaderMap {
        let mut fields = self.fields.clone();
        if let Some(id) = id.into_header() {
            for name in &self.ids {
                fields.insert(name, id.clone());
            }
        }
        fields
    }
}
