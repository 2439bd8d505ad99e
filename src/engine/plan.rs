//! What will be sent and when: status, headers, then steps.

use std::time::Duration;

use bytes::Bytes;

/// How a cut ends the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Close {
    /// Abnormal end of the HTTP message (no final chunk), then FIN.
    #[default]
    Fin,
    /// RST (linger 0); promised for fast readers only.
    Rst,
}

/// Why a stream is cut on purpose; the journal says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub close: Close,
    /// `truncateAfterChunks`, `disconnectAfterMs` …
    pub reason: &'static str,
}

/// One step of carrying an answer out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait until this long after the plan began (an absolute schedule does not drift).
    Until(Duration),
    /// Send these bytes; `events` says how many events they hold.
    Send { bytes: Bytes, events: u32 },
    /// Flush all that was sent, then end the connection without a proper end of the message.
    HangUp(Cut),
}

/// A complete answer in time. Without a `HangUp` it ends properly after its last step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// One body of known length (`content-length`), or a stream (chunked).
    pub streamed: bool,
    pub steps: Vec<Step>,
    /// Cut the connection this long after streaming began, wherever it stands.
    pub deadline: Option<(Duration, Cut)>,
}
