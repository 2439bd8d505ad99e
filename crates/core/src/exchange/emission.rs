//! Bytes ready to leave, not yet timed.

use bytes::Bytes;

/// What a frame is to the client: pacing and scripted faults count by it without knowing the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Opens the stream or a block (role chunk, `message_start`).
    Prelude,
    /// Carries text, reasoning or arguments.
    Token,
    /// Usage, finish reason, block ends: after the text, before the terminator.
    Closing,
    /// Keeps the connection and says nothing: neither chunk nor event.
    Comment,
    /// Says that the stream is over (`[DONE]`, `message_stop`). Not counted as an event by scripted faults.
    Terminal,
}

/// One event, framed by its codec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub bytes: Bytes,
    pub kind: FrameKind,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    Whole(Bytes),
    Stream(Vec<Frame>),
}

/// Status, headers and body, ready to be paced and sent. `content-type` stands in `headers`; the server adds
/// framing headers (`content-length` …), CORS and its own `X-…` headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emission {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
}
