//! Bodies with files in them: `multipart/form-data` (RFC 7578), read as bytes, and one way to ask for a member whether the
//! body is a form or JSON.
//!
//! A body that is no form is read as JSON, whatever its content type says: that is what the other endpoints do. The
//! whole body is at hand, so its parser, which could wait for more, never waits.

use std::borrow::Cow;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::stream;
use multer::{Constraints, Multipart, SizeLimit};
use serde_json::Value;

use super::body::{Path, Place, Problem, json};
use super::openai;
use crate::exchange::{ErrorReply, Form, Part, PartContent, RawRequest};

/// More parts than any client sends.
const MOST_PARTS: usize = 1000;
/// A text in a form is a prompt at most.
const LONGEST_TEXT: usize = 4 << 20;

/// The members of a body: of a form or of a JSON object.
pub(in crate::provider) enum Fields<'a> {
    Json(Place<'a, 'a>),
    Form(&'a Form),
}

impl<'a> Fields<'a> {
    /// The members of this request's body.
    ///
    /// # Errors
    /// It is neither a form nor a JSON object.
    pub(in crate::provider) fn of(raw: &'a RawRequest) -> Result<Fields<'a>, Problem> {
        if boundary(raw).is_some() {
            return raw.form(parse).map(Fields::Form).map_err(|reason| Problem::Malformed(reason.to_owned()));
        }
        Place::body(json(raw)?).map(Fields::Json)
    }

    /// A member that must be text if it is there.
    pub(in crate::provider) fn text(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Problem> {
        match self {
            Fields::Json(body) => Ok(body.text(name)?.map(Cow::Borrowed)),
            Fields::Form(form) => match part(form, name).map(|part| &part.content) {
                None => Ok(None),
                Some(PartContent::Text(text)) => Ok(Some(Cow::Borrowed(text))),
                Some(PartContent::File { .. }) => Err(unfit(name, "a string", "a file")),
            },
        }
    }

    /// A member that must say something.
    pub(in crate::provider) fn needed(&self, name: &'static str) -> Result<Cow<'a, str>, Problem> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or(Problem::Missing(name))
    }

    /// A member that must be true or false if it is there.
    pub(in crate::provider) fn flag(&self, name: &'static str) -> Result<bool, Problem> {
        let flag = match self {
            Fields::Json(body) => body.flag(name)?,
            Fields::Form(_) => match self.text(name)?.as_deref().map(str::trim) {
                None | Some("") => None,
                Some("true" | "True" | "1") => Some(true),
                Some("false" | "False" | "0") => Some(false),
                Some(_) => return Err(unfit(name, "a boolean", "a string")),
            },
        };
        Ok(flag.unwrap_or(false))
    }

    /// A member that must be a whole number if it is there.
    pub(in crate::provider) fn whole(&self, name: &'static str) -> Result<Option<u64>, Problem> {
        match self {
            Fields::Json(body) => {
                body.member(name).map(|place| place.value().as_u64().ok_or_else(|| place.is_not("an integer"))).transpose()
            }
            Fields::Form(_) => {
                let text = self.text(name)?;
                let number = |text: Cow<'_, str>| text.trim().parse().map_err(|_| unfit(name, "an integer", "a string"));
                text.filter(|text| !text.is_empty()).map(number).transpose()
            }
        }
    }

    /// Text or number as text: what one client sends as `8` and another as `"8"`.
    pub(in crate::provider) fn label(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Problem> {
        match self {
            Fields::Json(body) => match body.member(name).map(|place| (place.value(), place)) {
                None => Ok(None),
                Some((Value::String(text), _)) => Ok(Some(Cow::Borrowed(text))),
                Some((Value::Number(number), _)) => Ok(Some(Cow::Owned(number.to_string()))),
                Some((_, place)) => Err(place.is_not("a string")),
            },
            Fields::Form(_) => self.text(name),
        }
    }

    /// What the client calls the file that it sends under this name, or under this name with `[]` behind it.
    pub(in crate::provider) fn file(&self, name: &str) -> Option<&'a str> {
        let Fields::Form(form) = self else { return None };
        form.0.iter().find_map(|part| match &part.content {
            PartContent::File { name: file, length: _ } if plain(&part.name) == name => Some(file.as_str()),
            PartContent::File { .. } | PartContent::Text(_) => None,
        })
    }

    /// Whether a list holds a text: `["word", "segment"]`, or parts called `name[]`.
    pub(in crate::provider) fn lists(&self, name: &'static str, wanted: &str) -> bool {
        match self {
            Fields::Json(body) => {
                let items = body.member(name).and_then(|place| place.value().as_array());
                items.is_some_and(|items| items.iter().any(|item| item == wanted))
            }
            Fields::Form(form) => form.0.iter().any(|part| {
                plain(&part.name) == name
                    && matches!(&part.content, PartContent::Text(text) if text.split(',').any(|item| item.trim() == wanted))
            }),
        }
    }
}

/// A part of the wrong kind.
fn unfit(name: &str, wanted: &'static str, got: &'static str) -> Problem {
    Problem::WrongType { path: Path::to(name), wanted, got }
}

/// A refused body in OpenAI's words.
pub(in crate::provider) fn refusal(raw: &RawRequest, problem: Problem) -> Box<ErrorReply> {
    if boundary(raw).is_none() {
        return openai::refusal(problem, "Malformed JSON");
    }
    let malformed = matches!(problem, Problem::Malformed(_));
    let mut error = openai::refusal(problem, "Could not parse multipart form");
    if malformed {
        error.code = None;
    }
    error
}

/// The first part of this name, or of this name with `[]` behind it.
fn part<'f>(form: &'f Form, name: &str) -> Option<&'f Part> {
    form.0.iter().find(|part| plain(&part.name) == name)
}

/// A name without the mark of a list: `image[]`, `image[0]`.
fn plain(name: &str) -> &str {
    name.split_once('[').filter(|(plain, _)| !plain.is_empty()).map_or(name, |(plain, _)| plain)
}

/// What stands between the parts; `None` where the body is no form.
fn boundary(raw: &RawRequest) -> Option<String> {
    let kind = raw.headers.first("content-type")?.trim_start();
    let is_form = kind.get(..19).is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data"));
    is_form.then(|| multer::parse_boundary(kind).unwrap_or_default())
}

/// Reads a form; the error says why it is none.
fn parse(raw: &RawRequest) -> Result<Form, String> {
    let boundary = boundary(raw).filter(|boundary| !boundary.is_empty()).ok_or("the content type names no boundary")?;
    let body = stream::iter([Ok::<Bytes, std::convert::Infallible>(raw.body.clone())]);
    let limits = SizeLimit::new().whole_stream(raw.body.len() as u64);
    let mut multipart = Multipart::with_constraints(body, boundary, Constraints::new().size_limit(limits));
    let mut form = Form::default();
    while let Some(mut field) = at_once(multipart.next_field())?.map_err(|error| error.to_string())? {
        if form.0.len() >= MOST_PARTS {
            return Err(format!("it has more than {MOST_PARTS} parts"));
        }
        let name = field.name().ok_or("a part has no name")?.to_owned();
        // A file may come without a name; what is no text is a file all the same.
        let is_text = field.content_type().is_none_or(|kind| kind.type_() == "text" || kind.subtype() == "json");
        let file = field.file_name().map(str::to_owned).or_else(|| (!is_text).then(String::new));
        let (mut text, mut length) = (Vec::new(), 0);
        while let Some(piece) = at_once(field.chunk())?.map_err(|error| error.to_string())? {
            length += piece.len();
            if file.is_none() {
                if length > LONGEST_TEXT {
                    return Err(format!("the part `{name}` is a text of more than {LONGEST_TEXT} bytes"));
                }
                text.extend_from_slice(&piece);
            }
        }
        let content = match file {
            Some(name) => PartContent::File { name, length },
            None => PartContent::Text(String::from_utf8(text).map_err(|_| format!("the part `{name}` is no text in UTF-8"))?),
        };
        form.0.push(Part { name, content });
    }
    Ok(form)
}

/// What a future is ready with, as all that it could wait for is here.
fn at_once<T>(future: impl Future<Output = T>) -> Result<T, String> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => Err("it ends in the middle".to_owned()),
    }
}
