//! OpenAI Realtime over WebSocket: conversations, transcription and translation (OpenAI's API reference, "Realtime",
//! "Client events" and "Server events"; the guide "Realtime translation").
//!
//! The body of a turn is what the turn is about: the message that began it (`type`, `response`), the `session` as it is set
//! up, and the `items` of the conversation.

use super::grammar::{self, Grammar};
use super::shared::{openai, realtime};
use super::socket::{Opening, Session};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: OpenAiRealtime = OpenAiRealtime;

#[derive(Debug)]
pub(super) struct OpenAiRealtime;

impl Provider for OpenAiRealtime {
    fn name(&self) -> &'static str {
        "openai_realtime"
    }

    fn provider(&self) -> &'static str {
        "openai"
    }

    fn summary(&self) -> &'static str {
        "OpenAI Realtime: conversations, transcription (`intent=transcription`) and translation"
    }

    fn routes(&self) -> &'static [Route] {
        &[]
    }

    fn sockets(&self) -> &'static [Route] {
        &[
            Route { method: "GET", path: "/v1/realtime", endpoint: Endpoint::Realtime },
            Route { method: "GET", path: realtime::TRANSLATIONS, endpoint: Endpoint::RealtimeTranslation },
        ]
    }

    fn session(&self, opening: Opening<'_>, route: &Route) -> Option<Box<dyn Session>> {
        Some(realtime::session(opening, route))
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        realtime::request::decode(raw, self.provider()).map_err(|problem| openai::refusal(problem, "Malformed JSON"))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        realtime::reply::encode(context, reply)
    }

    fn collapse(&self, request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        realtime::collapse::collapse(request, captured)
    }

    fn encode_error(&self, error: &ErrorReply, moment: Moment<'_>) -> Emission {
        realtime::reply::encode_error(error, moment)
    }

    fn encode_error_event(&self, error: &ErrorReply, moment: Moment<'_>) -> Option<Frame> {
        Some(realtime::reply::error_event(error, moment))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::REALTIME)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn offered_tools(&self, raw: &RawRequest) -> Option<serde_json::Value> {
        realtime::request::offered_tools(raw)
    }
}
