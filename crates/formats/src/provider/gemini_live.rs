//! Gemini Live over WebSocket (Gemini API reference, "Live API"): the messages of the bidirectional stream, each JSON.
//!
//! The body of a turn is what `generateContent` would take: model, instructions, tools and all contents so far.

use super::grammar::{self, Grammar};
use super::shared::{gemini_request, google, live_collapse, live_reply, live_session};
use super::socket::{Opening, Session};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: GeminiLive = GeminiLive;

#[derive(Debug)]
pub(super) struct GeminiLive;

impl Provider for GeminiLive {
    fn name(&self) -> &'static str {
        "gemini_live"
    }

    fn provider(&self) -> &'static str {
        "gemini"
    }

    fn summary(&self) -> &'static str {
        "Gemini Live"
    }

    fn routes(&self) -> &'static [Route] {
        &[]
    }

    fn sockets(&self) -> &'static [Route] {
        &[
            Route {
                method: "GET",
                path: "/ws/google.ai.generativelanguage.{version}.GenerativeService.BidiGenerateContent",
                endpoint: Endpoint::Chat,
            },
            Route {
                method: "GET",
                path: "/ws/google.ai.generativelanguage.{version}.GenerativeService.BidiGenerateContentConstrained",
                endpoint: Endpoint::Chat,
            },
        ]
    }

    fn session(&self, opening: Opening<'_>, _route: &Route) -> Option<Box<dyn Session>> {
        Some(Box::new(live_session::LiveSession::new(opening.relays)))
    }

    fn decode(&self, raw: &RawRequest, route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let model = raw.json().and_then(|body| body.get("model")).and_then(|model| model.as_str());
        let request = gemini_request::decode(raw, route.path, self.provider(), model).map_err(google::refusal)?;
        Ok(Request { stream: true, ..request })
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        live_reply::encode(context, reply)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        live_collapse::collapse(captured)
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        live_reply::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(live_reply::error_event(error))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::LIVE)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn offered_tools(&self, raw: &RawRequest) -> Option<serde_json::Value> {
        gemini_request::offered_tools(raw)
    }

    fn audit(&self, raw: &RawRequest, _request: &Request) -> Vec<String> {
        gemini_request::audit(raw)
    }
}
