//! Putting answers together: JSON bodies, streams, headers that every vendor shares.

use bytes::Bytes;
use serde::Serialize;

use crate::exchange::{Body, Emission, Frame, FrameKind};
use crate::wire::sse;

/// JSON as text. What codecs serialise has text keys and finite numbers only, so this cannot fail; were that ever
/// wrong, the body would be empty rather than the server gone.
pub(in crate::provider) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Room for an error with the fixtures that came nearest.
const ERROR: usize = 1536;

/// A JSON answer that is an error: it is written at once where most others would have to grow several times.
pub(in crate::provider) fn json_error(status: u16, value: &impl Serialize) -> Emission {
    let mut text = Vec::with_capacity(ERROR);
    if serde_json::to_writer(&mut text, value).is_err() {
        text.clear();
    }
    Emission { status, headers: vec![("content-type", "application/json".to_owned())], body: Body::Whole(Bytes::from(text)) }
}

/// A JSON answer.
pub(in crate::provider) fn json(status: u16, value: &impl Serialize) -> Emission {
    Emission { status, headers: vec![("content-type", "application/json".to_owned())], body: Body::Whole(Bytes::from(to_json(value))) }
}

/// A stream of server-sent events.
pub(in crate::provider) fn event_stream(frames: Vec<Frame>) -> Emission {
    let headers = vec![("content-type", "text/event-stream".to_owned()), ("cache-control", "no-cache".to_owned())];
    Emission { status: 200, headers, body: Body::Stream(frames) }
}

/// A frame of one event that has data alone.
pub(in crate::provider) fn data_frame(kind: FrameKind, value: &impl Serialize) -> Frame {
    Frame { bytes: sse::data(&to_json(value)), kind }
}

/// A frame of one named event.
pub(in crate::provider) fn named_frame(kind: FrameKind, name: &str, value: &impl Serialize) -> Frame {
    Frame { bytes: sse::named(name, &to_json(value)), kind }
}

/// Seconds as a header says them: whole where they are whole.
pub(in crate::provider) fn seconds(value: f64) -> String {
    super::usage::count(value).to_string()
}

/// An HTTP error status; anything that cannot be one is 500.
pub(in crate::provider) fn status_or_500(status: u16) -> u16 {
    if (200..=599).contains(&status) { status } else { 500 }
}
