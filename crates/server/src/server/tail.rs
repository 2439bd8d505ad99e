//! `GET /__aimock/journal/stream`: one line of JSON for each request, as soon as its answer has ended.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use serde_json::json;

use super::app::App;
use super::journal::{Filter, Tail, Told};
use super::line::InFlight;
use super::pipeline::Origin;
use super::{control, head};

pub(super) async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let filter = match Filter::parse(request.uri().query().unwrap_or_default()) {
        Ok(filter) => filter,
        Err(message) => return control::bad(&message),
    };
    if filter.offset() > 0 {
        return control::bad("Invalid 'offset': the stream begins with the next request");
    }
    let left = filter.limit();
    let Some(tail) = app.journal.follow(filter) else {
        return head::json(503, &json!({ "error": "Too many readers follow the journal, or the server stops" }));
    };
    // The connection is not idle while nothing happens.
    let in_flight = request.extensions().get::<Origin>().map(|origin| origin.link.request());
    let headers = vec![("content-type".into(), "application/x-ndjson".into()), ("cache-control".into(), "no-store".into())];
    head::response(200, headers, Body::new(Lines { tail, left, _in_flight: in_flight }))
}

/// The lines of one reader.
#[derive(Debug)]
struct Lines {
    tail: Tail,
    /// How many more entries were asked for.
    left: Option<usize>,
    _in_flight: Option<InFlight>,
}

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == Some(0) {
            return Poll::Ready(None);
        }
        let line = match ready!(self.tail.poll_next(context)) {
            None => return Poll::Ready(None),
            Some(Told::LeftOut(count)) => json!({ "note": "entries were left out: this reader is too slow", "leftOut": count }).to_string(),
            Some(Told::Entry(entry)) => {
                self.left = self.left.map(|left| left - 1);
                entry.to_json().get().to_string()
            }
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(line + "\n")))))
    }
}
