//! Heads of answers: status and header fields, those of CORS and our own among them.

use std::cell::RefCell;

use axum::body::Body;
use axum::response::Response;
use futures_util::future::Either;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::engine::{Field, FieldValue, Fields};
use crate::secrets::Redacted;

/// The handle of the fixture that answered.
pub(super) const FIXTURE: &str = "x-aimock-fixture";
/// Why it did.
pub(super) const MATCH: &str = "x-aimock-match";

/// How the names of CORS fields begin.
const ACCESS_CONTROL: &str = "access-control-";
/// A thread keeps no more shapes than this.
const MOST_SHAPES: usize = 16;
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The peer's CORS fields, with our own headers in the list of what pages may read.
const CORS: [(HeaderName, HeaderValue); 4] = [
    (HeaderName::from_static("access-control-allow-origin"), HeaderValue::from_static("*")),
    (HeaderName::from_static("access-control-allow-methods"), HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS")),
    (HeaderName::from_static("access-control-allow-headers"), HeaderValue::from_static("*")),
    (
        HeaderName::from_static("access-control-expose-headers"),
        HeaderValue::from_static("X-Total-Count, X-Request-Id, X-AIMock-Fixture, X-AIMock-Match, Request-Id, Retry-After"),
    ),
];

thread_local! {
    static SHAPES: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
}

/// A response of these parts. A field that HTTP cannot carry is left out; a status that cannot end an answer becomes
/// 500.
pub(super) fn response(status: u16, headers: impl Into<Fields>, body: Body) -> Response {
    assembled(status, put_together(headers.into()), body)
}

/// The fields of an answer, those of CORS among them.
pub(super) fn put_together(fields: Fields) -> HeaderMap {
    match fields.into_either() {
        Either::Left(listed) => put_in(listed),
        Either::Right(made) => made,
    }
}

fn put_in(headers: Vec<Field>) -> HeaderMap {
    let alike = SHAPES.with_borrow(|shapes| shapes.iter().find(|shape| is_of(shape, &headers)).cloned());
    match alike {
        Some(shape) => shaped(shape, headers),
        None => fields(headers),
    }
}

/// Answers are of few kinds: fields of the same names in the same order were put together before, and only their values
/// differ.
fn shaped(mut shape: HeaderMap, headers: Vec<Field>) -> HeaderMap {
    let mut left_out = Vec::new();
    for ((_, slot), (name, value)) in shape.iter_mut().zip(headers) {
        match value.into_header() {
            Some(value) => *slot = value,
            None => left_out.push(name),
        }
    }
    for name in left_out {
        shape.remove(name.as_ref());
    }
    shape
}

/// Whether a shape is of these names, in this order, with those of CORS behind them.
fn is_of(shape: &HeaderMap, headers: &[Field]) -> bool {
    shape.len() == headers.len() + CORS.len() && shape.keys().zip(headers).all(|(known, (name, _))| known.as_str() == name)
}

/// The fields one by one, and those of CORS.
fn fields(headers: Vec<Field>) -> HeaderMap {
    let mut fields = HeaderMap::with_capacity(headers.len() + CORS.len() + 1);
    let named = headers.len();
    let mut own_cors = false;
    for (name, value) in headers {
        own_cors |= name.get(..ACCESS_CONTROL.len()).is_some_and(|start| start.eq_ignore_ascii_case(ACCESS_CONTROL));
        if let (Some(name), Some(value)) = (field_name(&name), value.into_header()) {
            fields.append(name, value);
        }
    }
    fill(&mut fields);
    if !own_cors && fields.keys_len() == named + CORS.len() {
        SHAPES.with_borrow_mut(|shapes| {
            if shapes.len() < MOST_SHAPES {
                shapes.push(fields.clone());
            }
        });
    }
    fields
}

/// Adds what is missing of CORS.
fn fill(fields: &mut HeaderMap) {
    for (name, value) in CORS {
        fields.entry(name).or_insert(value);
    }
}

/// The name of a field; those of most answers need not be read.
fn field_name(name: &str) -> Option<HeaderName> {
    match name {
        "content-type" => Some(CONTENT_TYPE),
        "cache-control" => Some(CACHE_CONTROL),
        "x-request-id" => Some(REQUEST_ID),
        FIXTURE => Some(HeaderName::from_static(FIXTURE)),
        MATCH => Some(HeaderName::from_static(MATCH)),
        _ => HeaderName::from_bytes(name.as_bytes()).ok(),
    }
}

/// A response whose fields are such already.
pub(super) fn relayed(status: u16, mut fields: HeaderMap, body: Body) -> Response {
    fill(&mut fields);
    assembled(status, fields, body)
}

fn assembled(status: u16, fields: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = self::status(status);
    *response.headers_mut() = fields;
    response
}

/// A status that ends an answer; 500 in place of one that cannot.
pub(super) fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).ok().filter(|code| code.as_u16() >= 200).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A JSON answer.
pub(super) fn json(status: u16, value: &Value) -> Response {
    response(status, vec![("content-type".into(), "application/json".into())], Body::from(value.to_string()))
}

/// An answer that shows what the journal has.
pub(super) fn redacted(status: u16, value: &Redacted<Value>) -> Response {
    json(status, value.get())
}

/// What every answer carries: CORS and the id of the request. Fields that a fixture set stay as they are.
pub(super) fn finish(headers: &mut HeaderMap, request_id: &FieldValue) {
    // What has an id was made here, with all the others.
    if headers.contains_key(REQUEST_ID) {
        return;
    }
    fill(headers);
    if let Some(id) = request_id.clone().into_header() {
        headers.insert(REQUEST_ID, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(status: &'static str, id: &str) -> Vec<Field> {
        let field = |name: &'static str, value: String| -> Field { (name.into(), value.into()) };
        vec![field("content-type", status.to_owned()), field("x-aimock-match", "content".to_owned()), field("x-request-id", id.to_owned())]
    }

    #[test]
    fn a_field_that_http_cannot_carry_is_left_out_of_the_first_answer_and_of_those_like_it() {
        for id in ["one", "line\nbreak", "two"] {
            let answer = response(200, headers("text/plain", id), Body::empty());
            assert_eq!(answer.headers(), &fields(headers("text/plain", id)), "{id}");
            assert_eq!(answer.headers().contains_key(REQUEST_ID), !id.contains('\n'), "{id}");
        }
    }

    #[test]
    fn fields_of_one_name_stay_apart_and_own_cors_stays() {
        let twice = || vec![("set-cookie".into(), "a=1".into()), ("set-cookie".into(), "b=2".into())];
        let own = || vec![("Access-Control-Allow-Origin".into(), "https://example.com".into())];
        for _ in 0..2 {
            let answer = response(200, twice(), Body::empty());
            assert_eq!(answer.headers().get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
            let answer = response(200, own(), Body::empty());
            assert_eq!(answer.headers().get_all("access-control-allow-origin").iter().collect::<Vec<_>>(), ["https://example.com"]);
        }
    }
}
