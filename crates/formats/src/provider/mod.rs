//! Codecs: one file a wire format. A codec turns bytes into a [`Request`] and a [`Reply`] into an [`Emission`], and
//! stops there: it never matches, sleeps, journals, rolls dice or opens a socket. Only this module knows a vendor's
//! field names.
//!
//! A codec imports nothing of another codec; what several need stands in `shared`. To add one: a file, `mod x;`, and
//! a line in [`ALL`], both below; samples go to `tests/wire/<name>/`.

mod anthropic_messages;
mod azure_openai;
mod bedrock_converse;
mod bedrock_invoke;
mod cohere_chat;
mod cohere_embed;
mod cohere_rerank;
mod elevenlabs;
mod fal_queue;
mod gemini_embed;
mod gemini_generate;
mod gemini_interactions;
mod gemini_live;
mod google_imagen;
mod google_veo;
pub mod grammar;
pub mod job;
mod mistral_chat;
mod mistral_embeddings;
mod ollama_chat;
mod ollama_embed;
mod ollama_generate;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_images;
mod openai_moderation;
mod openai_realtime;
mod openai_responses;
mod openai_speech;
mod openai_transcription;
mod openai_videos;
mod openrouter_chat;
mod openrouter_embeddings;
mod openrouter_videos;
pub mod protocol;
pub mod route;
mod shared;
pub mod socket;
mod stored;
mod tavily;
mod vertex_anthropic;
mod vertex_embed;
mod vertex_generate;
mod xai_videos;

pub use shared::ids::{SeededIds, numbered as numbered_id};
pub use shared::reasoning::ReasoningModels;
pub use shared::usage::{estimated, estimated_input};
pub use stored::{Models, Recall, Recalled, Stored, StoredRoute};

use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};
use crate::wire::Framing;

/// Every codec, in the order of the documentation.
pub static ALL: &[&dyn Provider] = &[
    &openai_chat::PROVIDER,
    &openai_responses::PROVIDER,
    &openai_completions::PROVIDER,
    &openai_embeddings::PROVIDER,
    &openai_images::PROVIDER,
    &openai_speech::PROVIDER,
    &openai_transcription::PROVIDER,
    &openai_moderation::PROVIDER,
    &openai_videos::PROVIDER,
    &openai_realtime::PROVIDER,
    &azure_openai::PROVIDER,
    &anthropic_messages::PROVIDER,
    &gemini_generate::PROVIDER,
    &gemini_embed::PROVIDER,
    &gemini_interactions::PROVIDER,
    &gemini_live::PROVIDER,
    &vertex_generate::PROVIDER,
    &vertex_embed::PROVIDER,
    &vertex_anthropic::PROVIDER,
    &bedrock_invoke::PROVIDER,
    &bedrock_converse::PROVIDER,
    &ollama_chat::PROVIDER,
    &ollama_generate::PROVIDER,
    &ollama_embed::PROVIDER,
    &cohere_chat::PROVIDER,
    &cohere_embed::PROVIDER,
    &cohere_rerank::PROVIDER,
    &google_veo::PROVIDER,
    &google_imagen::PROVIDER,
    &xai_videos::PROVIDER,
    &openrouter_chat::PROVIDER,
    &openrouter_embeddings::PROVIDER,
    &openrouter_videos::PROVIDER,
    &mistral_chat::PROVIDER,
    &mistral_embeddings::PROVIDER,
    &elevenlabs::PROVIDER,
    &fal_queue::PROVIDER,
    &tavily::PROVIDER,
];

/// The codec with this name.
pub fn named(name: &str) -> Option<&'static dyn Provider> {
    ALL.iter().copied().find(|codec| codec.name() == name)
}

/// A route of a codec. `path` is matched whole; `{name}` takes a part of one segment (at least one character, no `/`),
/// and the text after it must match literally, so `/v1beta/models/{model}:generateContent` works. Query strings are
/// ignored.
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

/// When and as which request an answer is given: what an error needs beside itself.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The id in the provider's own request-id header; Anthropic's error envelope repeats it.
    pub request_id: &'a str,
    /// Unix seconds.
    pub now: u64,
    /// How the answer is divided, if it streams: [`Provider::framing`] of the request.
    pub framing: Framing,
    /// Events that leave before this one, for formats that number them.
    pub events: u64,
}

/// What encoding needs beside the reply. Time and ids come in as arguments so that output can be repeated.
#[derive(Debug)]
pub struct Context<'a> {
    /// The request as it arrived, for options that only the encoder reads (`stream_options`, `encoding_format` …).
    pub raw: &'a RawRequest,
    pub request: &'a Request,
    /// Longest slice of text in a stream, in UTF-16 code units (grapheme clusters are never split).
    pub chunk_size: usize,
    /// Unix seconds.
    pub created: u64,
    /// See [`Moment::request_id`].
    pub request_id: &'a str,
    /// See [`Moment::framing`].
    pub framing: Framing,
    /// The fixture wants a comment first that says that the answer is being worked on.
    pub processing: bool,
    pub ids: &'a mut dyn Ids,
    /// Strict mode suppresses reasoning for models that are known not to reason.
    pub strict: bool,
    /// Which models those are.
    pub reasoning: &'a ReasoningModels,
}

impl<'a> Context<'a> {
    /// The part that errors need.
    pub fn moment(&self) -> Moment<'a> {
        Moment { request_id: self.request_id, now: self.created, framing: self.framing, events: 0 }
    }
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
    /// Whose upstream answers in its place, as the flags name it.
    fn upstream(&self) -> &'static str {
        self.provider()
    }
    /// One line for docs.
    fn summary(&self) -> &'static str;
    /// Where it answers.
    fn routes(&self) -> &'static [Route];
    /// How an answer to this request is divided, if it streams. Only the head is read.
    fn framing(&self, _raw: &RawRequest) -> Framing {
        Framing::Sse
    }
    /// Bytes to meaning.
    ///
    /// # Errors
    /// The vendor's own 4xx for a body it would refuse: not JSON, no messages, wrong types.
    fn decode(&self, raw: &RawRequest, route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>>;
    /// A reply to bytes, streaming if the request asked for it. Reply kinds that the endpoint cannot carry become a
    /// 500 (or what the peer answers) in the vendor's envelope.
    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission;
    /// An answer of the vendor, or of [`Provider::encode`], back to the reply that says it. Ids and times that the server makes
    /// up are left in [`Overrides`](crate::exchange::Overrides); what is natural (`stop` where nothing is called) is not.
    ///
    /// # Errors
    /// It says something that no reply can hold, or is not complete: the reason, to be shown to people.
    fn collapse(&self, request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable>;
    /// An error in the vendor's envelope, with its retry headers.
    fn encode_error(&self, error: &ErrorReply, moment: Moment<'_>) -> Emission;
    /// An error after a stream has begun, as an event inside it; `None` where the format does not stream.
    fn encode_error_event(&self, _error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        None
    }
    /// The grammar of its streams; `None` where the format does not stream.
    fn grammar(&self) -> Option<&'static grammar::Grammar> {
        None
    }
    /// The response header in which the vendor sends the id of the request, in lower case.
    fn request_id_header(&self) -> &'static str;
    /// The tools on offer in OpenAI's shape, as the peer hashes them for `metadata.toolsHash`; `None` without tools.
    fn offered_tools(&self, raw: &RawRequest) -> Option<serde_json::Value> {
        raw.json()?.get("tools").filter(|tools| tools.as_array().is_some_and(|tools| !tools.is_empty())).cloned()
    }
    /// What, beside ids, time, model and the length of the prompt, the encoding of a turn takes from the request outside strict
    /// mode, as a number; `None` where more of the request than this may show.
    fn likeness(&self, _request: &Request) -> Option<u64> {
        None
    }
    /// What strict mode refuses beyond [`Provider::decode`]: one message a violation, best first; each is a 400.
    fn audit(&self, _raw: &RawRequest, _request: &Request) -> Vec<String> {
        Vec::new()
    }
    /// What the endpoint answers when nothing matched outside strict mode, if it has an answer of its own
    /// (embeddings: a deterministic vector).
    fn fallback(&self, _context: &mut Context<'_>) -> Option<Emission> {
        None
    }
    /// Where a client asks for what was answered before, by its id, or about such an answer; none where the API keeps
    /// nothing. No fixture is looked for there, unless it names the path.
    fn stored_routes(&self) -> &'static [StoredRoute] {
        &[]
    }
    /// What can be asked for later of an answer of success; `None` where the API keeps nothing of it.
    fn store(&self, _raw: &RawRequest, _answer: &Captured) -> Option<Stored> {
        None
    }
    /// Answers on one of [`Provider::stored_routes`].
    ///
    /// # Errors
    /// The vendor's own 4xx: nothing of that id is kept, or the request is wrong.
    fn recall(&self, recall: &Recall<'_>) -> Result<Recalled, Box<ErrorReply>> {
        let message = format!("Nothing is kept for {} {}", recall.raw.method, recall.raw.path);
        Err(Box::new(ErrorReply::new(crate::exchange::ErrorOrigin::Request, 404, message)))
    }
    /// Where it takes sockets (WebSocket); each turn on one is decoded with that route.
    fn sockets(&self) -> &'static [Route] {
        &[]
    }
    /// A conversation on one of [`Provider::sockets`].
    fn session(&self, _opening: socket::Opening<'_>, _route: &Route) -> Option<Box<dyn socket::Session>> {
        None
    }
    /// What the codec says of work that is submitted and fetched later, if its API has such.
    fn jobs(&self) -> Option<&'static dyn job::Jobs> {
        None
    }
}
