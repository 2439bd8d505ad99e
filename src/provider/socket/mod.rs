//! Conversations over one socket (RFC 6455): every turn is a request of its own, between them the client sets things up.
//!
//! A codec names the routes where it takes sockets and opens a [`Session`] for each of them. The session hears what the
//! client says and tells what is due; a turn goes through the codec like the body of any request. It is pure: it never
//! matches, sleeps or touches the socket, and its ids come from a seed.

use bytes::Bytes;

use super::SeededIds;
use crate::exchange::{ErrorReply, RawRequest};

/// The method that turns of a socket have in the journal and in `match.method`, as in the peer.
pub const METHOD: &str = "WS";

/// What a session knows when it begins.
#[derive(Debug)]
pub struct Opening<'a> {
    /// The request that asked for the socket, without a body.
    pub raw: &'a RawRequest,
    /// Unix seconds.
    pub now: u64,
    /// For ids of events and items between turns.
    pub ids: SeededIds,
}

/// What is due.
#[derive(Debug, Default)]
pub struct Heard {
    /// Sent at once, in order, whatever comes then.
    pub messages: Vec<String>,
    pub then: Then,
}

/// What comes after the messages.
#[derive(Debug, Default)]
pub enum Then {
    /// The client speaks next.
    #[default]
    Listen,
    /// A request with this body is to be answered.
    Turn(Bytes),
    /// The message is refused, and the journal says so.
    Refuse(Box<ErrorReply>),
    /// The socket is closed.
    Close { code: u16, reason: String },
}

impl Heard {
    /// Messages alone.
    pub fn messages(messages: Vec<String>) -> Heard {
        Heard { messages, then: Then::Listen }
    }

    /// A turn alone.
    pub fn turn(body: &serde_json::Value) -> Heard {
        Heard { messages: Vec::new(), then: Then::Turn(Bytes::from(body.to_string())) }
    }
}

impl From<Box<ErrorReply>> for Heard {
    fn from(error: Box<ErrorReply>) -> Heard {
        Heard { messages: Vec::new(), then: Then::Refuse(error) }
    }
}

/// One conversation.
pub trait Session: Send {
    /// Speaks first.
    fn greet(&mut self) -> Heard {
        Heard::default()
    }

    /// Takes a message of the client's.
    fn hear(&mut self, text: &str) -> Heard;

    /// Takes a message that is about to leave, one event of an answer or an error with this HTTP status, and returns what
    /// leaves in its place.
    fn say(&mut self, _status: u16, text: String) -> Vec<String> {
        vec![text]
    }

    /// Whether a message that comes while an answer is under way ends that answer; what is due then. Other messages wait
    /// for its end. An answer that ends so is over without [`Session::answered`].
    fn interrupt(&mut self, _text: &str) -> Option<Heard> {
        None
    }

    /// The answer is over, told to its end or not.
    fn answered(&mut self) -> Heard {
        Heard::default()
    }
}
