//! Azure OpenAI: OpenAI's bodies below a deployment's path. The deployment stands in for a model that the body does
//! not name; `api-version` is not looked at.

use super::grammar::{self, Grammar};
use super::shared::{chat_collapse, chat_reply, chat_request, embeddings, embeddings_collapse, openai};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};

pub(super) static PROVIDER: AzureOpenAi = AzureOpenAi;

#[derive(Debug)]
pub(super) struct AzureOpenAi;

impl Provider for AzureOpenAi {
    fn name(&self) -> &'static str {
        "azure_openai"
    }

    fn provider(&self) -> &'static str {
        "azure"
    }

    fn summary(&self) -> &'static str {
        "Azure OpenAI deployments: chat completions and embeddings"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/openai/deployments/{deployment}/chat/completions", endpoint: Endpoint::Chat },
            Route { method: "POST", path: "/openai/deployments/{deployment}/embeddings", endpoint: Endpoint::Embedding },
        ]
    }

    fn decode(&self, raw: &RawRequest, route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        let deployment = params.get("deployment");
        if route.endpoint == Endpoint::Embedding {
            embeddings::decode(raw, self.provider(), deployment).map_err(embeddings::refusal)
        } else {
            chat_request::decode(raw, self.provider(), deployment).map_err(chat_reply::refusal)
        }
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        if context.request.endpoint == Some(Endpoint::Embedding) {
            embeddings::encode(context, reply)
        } else {
            chat_reply::encode(context, reply)
        }
    }

    fn collapse(&self, request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        if request.endpoint == Some(Endpoint::Embedding) {
            embeddings_collapse::collapse(captured)
        } else {
            chat_collapse::collapse(captured)
        }
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        openai::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(chat_reply::error_event(error))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::CHAT)
    }

    fn request_id_header(&self) -> &'static str {
        "apim-request-id"
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        (context.request.endpoint == Some(Endpoint::Embedding)).then(|| embeddings::fallback(context))
    }
}
