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
    /// An upstream may have to be told later what was said.
    pub relays: bool,
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

/// What brings an upstream to where a conversation stands.
#[derive(Debug)]
pub enum Resumed {
    /// These are told to it, and its next message is heard.
    Waits(Vec<String>),
    /// These are told to it, and it stands there.
    Stands(Vec<String>),
    /// It cannot stand there: why, for the client.
    Never(Box<ErrorReply>),
}

/// What a message of an upstream's is to the turns of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Part of none.
    Aside,
    /// Part of the turn of this name. One of a new name is the turn that was asked for first and has none yet, or else one that
    /// the upstream began by itself.
    Part(String, Stage),
    /// The turn that was asked for first and has not begun is refused, with the status that this would have over HTTP.
    Refusal(u16),
}

/// How far a turn has come with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Goes,
    /// It is whole, and what may still follow needs not.
    Enough,
    /// It is over, with the status that it would have over HTTP.
    Over(u16),
    /// It is over before its end, since the client wanted it so.
    Interrupted,
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

    /// Whether a turn can be answered here and the next one by an upstream. Otherwise an upstream that has answered one answers
    /// all that follow.
    fn stands_alone(&self) -> bool {
        false
    }

    /// Brings an upstream to where the conversation stands, before the message that begins the turn which was heard last. Called
    /// without a message first, then with each that the upstream says, none of which the client gets.
    fn resume(&mut self, _heard: Option<&str>) -> Resumed {
        Resumed::Stands(Vec::new())
    }

    /// Whether a message waits until the turn that an upstream answers is over.
    fn waits(&self, _text: &str) -> bool {
        false
    }

    /// Whether a turn takes the place of one that was asked for before and has not begun.
    fn overtakes(&self) -> bool {
        false
    }

    /// Takes a message of the client's that an upstream answers: the body of the turn that it begins, if any.
    fn pass(&mut self, text: &str) -> Option<Bytes> {
        if let Then::Turn(body) = self.hear(text).then { Some(body) } else { None }
    }

    /// Takes a message of the upstream's that the client gets.
    fn follow(&mut self, text: &str) -> Told;

    /// The body of the turn that the upstream has begun by itself with the message that was followed last; `None` where it is
    /// none.
    fn unasked(&mut self) -> Option<Bytes> {
        None
    }
}
