//! The codec of Ollama's answers in text, to a chat or to a prompt.

use super::ollama_reply::Form;
use super::{ollama, ollama_collapse, ollama_reply, ollama_request};
use crate::exchange::{Captured, Collapsed, Emission, ErrorReply, Frame, RawRequest, Reply, Request, Unsayable};
use crate::provider::grammar::{self, Grammar};
use crate::provider::{Context, Moment, Params, Provider, Route};
use crate::wire::Framing;

/// The codec, but for who serves it where.
#[derive(Debug)]
pub(in crate::provider) struct OllamaText {
    pub(in crate::provider) name: &'static str,
    pub(in crate::provider) provider: &'static str,
    pub(in crate::provider) summary: &'static str,
    pub(in crate::provider) routes: &'static [Route],
    pub(in crate::provider) form: Form,
}

impl Provider for OllamaText {
    fn name(&self) -> &'static str {
        self.name
    }

    fn provider(&self) -> &'static str {
        self.provider
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn routes(&self) -> &'static [Route] {
        self.routes
    }

    fn framing(&self, _raw: &RawRequest) -> Framing {
        Framing::Ndjson
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = match self.form {
            Form::Chat => ollama_request::chat,
            Form::Generate => ollama_request::generate,
        };
        read(raw, self.provider).map_err(|problem| ollama::refusal(raw, problem))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        ollama_reply::encode(context, reply, self.form)
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        ollama_collapse::collapse(captured, self.form)
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        ollama::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(ollama::error_event(error))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::OLLAMA)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        ollama_reply::loaded(context, self.form)
    }
}
