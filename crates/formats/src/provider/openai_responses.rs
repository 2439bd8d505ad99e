//! OpenAI Responses over HTTP and over WebSocket, also below compatible prefixes and Azure's.

use super::grammar::{self, Grammar};
use super::shared::{openai, responses};
use super::socket::{METHOD, Opening, Session};
use super::{Context, Moment, Params, Provider, Recall, Recalled, Route, Stored, StoredRoute};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: OpenAiResponses = OpenAiResponses;

#[derive(Debug)]
pub(super) struct OpenAiResponses;

impl Provider for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai_responses"
    }

    fn provider(&self) -> &'static str {
        "openai"
    }

    fn summary(&self) -> &'static str {
        "OpenAI Responses, also below compatible prefixes, over HTTP and WebSocket"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/v1/responses", endpoint: Endpoint::Chat }]
    }

    fn sockets(&self) -> &'static [Route] {
        &[Route { method: "GET", path: "/v1/responses", endpoint: Endpoint::Chat }]
    }

    fn session(&self, opening: Opening<'_>, _route: &Route) -> Option<Box<dyn Session>> {
        Some(Box::new(responses::socket::Connection::new(opening)))
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let request = responses::request::decode(raw, self.provider()).map_err(|problem| openai::refusal(problem, "Malformed JSON"))?;
        // A socket knows streams only, and has no word for them.
        Ok(Request { stream: request.stream || raw.method == METHOD, ..request })
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        responses::reply::encode(context, reply)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        responses::collapse::collapse(captured)
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        openai::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, moment: Moment<'_>) -> Option<Frame> {
        Some(responses::error_event(error, moment))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::RESPONSES)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn offered_tools(&self, raw: &RawRequest) -> Option<serde_json::Value> {
        responses::request::offered_tools(raw)
    }

    fn audit(&self, raw: &RawRequest, _request: &Request) -> Vec<String> {
        responses::request::audit(raw)
    }

    fn stored_routes(&self) -> &'static [StoredRoute] {
        &responses::stored::ROUTES
    }

    fn store(&self, raw: &RawRequest, answer: &Captured) -> Option<Stored> {
        responses::stored::store(raw, answer)
    }

    fn recall(&self, recall: &Recall<'_>) -> Result<Recalled, Box<ErrorReply>> {
        responses::stored::recall(recall)
    }
}
