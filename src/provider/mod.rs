//! Codecs: one file a wire format. A codec turns bytes into a [`Request`] and a [`Reply`] into an [`Emission`], and
//! stops there: it never matches, sleeps, journals, rolls dice or opens a socket. Only this module knows a vendor's
//! field names.

use crate::exchange::{Emission, Endpoint, ErrorReply, RawRequest, Reply, Request};

/// A route of a codec. `path` is matched whole; `{name}` takes one segment (no `/`, no `:`), and the text after it must
/// match literally, so `/v1beta/models/{model}:generateContent` works. Query strings are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub endpoint: Endpoint,
}

/// Path parameters, percent-decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(pub Vec<(&'static str, String)>);

impl Params {
    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

/// What encoding needs beside request and reply. Time and ids come in as arguments so that output can be repeated.
#[derive(Debug)]
pub struct Context<'a> {
    pub request: &'a Request,
    /// Longest slice of text in a stream, in characters (grapheme clusters are never split).
    pub chunk_size: usize,
    /// Unix seconds.
    pub created: u64,
    pub ids: &'a mut dyn Ids,
    /// Strict mode suppresses reasoning for models that are known not to reason.
    pub strict: bool,
}

/// Makes ids: prefix plus something new each time.
pub trait Ids: std::fmt::Debug {
    /// A new id with this prefix (`chatcmpl-`, `toolu_` …): 16 characters of base64url behind it.
    fn next(&mut self, prefix: &str) -> String;
}

/// A wire format.
pub trait Provider: Sync {
    /// The registry name, equal to the file's (`openai_chat`).
    fn name(&self) -> &'static str;
    /// The value of `match.provider` (`openai`, `anthropic`, `azure` …).
    fn provider(&self) -> &'static str;
    /// One line for docs.
    fn summary(&self) -> &'static str;
    /// Where it answers.
    fn routes(&self) -> &'static [Route];
    /// Bytes to meaning.
    ///
    /// # Errors
    /// The vendor's own 4xx for a body it would refuse: not JSON, no messages, wrong types.
    fn decode(&self, raw: &RawRequest, route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>>;
    /// A reply to bytes, streaming if the request asked for it. Reply kinds that the endpoint cannot carry become a
    /// 500 (or what the peer answers) in the vendor's envelope.
    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission;
    /// An error in the vendor's envelope, with its retry headers.
    fn encode_error(&self, error: &ErrorReply) -> Emission;
    /// What the endpoint answers when nothing matched outside strict mode, if it has an answer of its own
    /// (embeddings: a deterministic vector).
    fn fallback(&self, _context: &mut Context<'_>) -> Option<Emission> {
        None
    }
}
