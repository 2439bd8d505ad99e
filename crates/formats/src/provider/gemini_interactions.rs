//! Gemini Interactions: steps in, steps out (Gemini API reference, "Interactions").
//!
//! What `previous_interaction_id` names is repeated in the answer and not looked up, so a fixture meets the newest input alone.

use super::grammar::{self, Grammar};
use super::shared::{google, interactions_collapse, interactions_reply, interactions_request, interactions_stored};
use super::{Context, Moment, Params, Provider, Recall, Recalled, Route, Stored, StoredRoute};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: GeminiInteractions = GeminiInteractions;

#[derive(Debug)]
pub(super) struct GeminiInteractions;

impl Provider for GeminiInteractions {
    fn name(&self) -> &'static str {
        "gemini_interactions"
    }

    fn provider(&self) -> &'static str {
        "gemini-interactions"
    }

    fn upstream(&self) -> &'static str {
        "gemini"
    }

    fn summary(&self) -> &'static str {
        "Gemini Interactions"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/{version}/interactions", endpoint: Endpoint::Chat }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        interactions_request::decode(raw, self.provider()).map_err(google::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        interactions_reply::encode(context, reply)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        interactions_collapse::collapse(captured)
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        interactions_reply::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(interactions_reply::error_event(error))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::INTERACTIONS)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn offered_tools(&self, raw: &RawRequest) -> Option<serde_json::Value> {
        interactions_request::offered_tools(raw)
    }

    fn stored_routes(&self) -> &'static [StoredRoute] {
        &interactions_stored::ROUTES
    }

    fn store(&self, raw: &RawRequest, answer: &Captured) -> Option<Stored> {
        interactions_stored::store(raw, answer)
    }

    fn recall(&self, recall: &Recall<'_>) -> Result<Recalled, Box<ErrorReply>> {
        interactions_stored::recall(recall)
    }
}
