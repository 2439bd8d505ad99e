//! The list applied to a request.
//!
//! What is dropped goes first: rewriting a text never makes or removes a member, so their order cannot matter to it.

use super::list::{Action, TransformError, Transforms};
use crate::exchange::{EmbeddingInput, Endpoint, Request, Role};

impl Transforms {
    /// The rewritten copy of a request: what a `drop` names is gone, and every text that a match key reads is rewritten
    /// as a whole (several system messages as the one text that `systemMessage` reads, inputs to embed likewise).
    ///
    /// Ids of tool calls are rewritten alike wherever they stand, so that results still refer to their calls.
    ///
    /// # Errors
    /// A step failed, or what it left is no request.
    pub fn request(&self, request: &Request) -> Result<Request, TransformError> {
        let mut copy = self.without_drops(request)?;
        self.messages(&mut copy)?;
        self.inputs(&mut copy)?;
        for tool in &mut copy.tools {
            self.field("toolName", &mut tool.name)?;
            self.optional("toolNamespace", &mut tool.namespace)?;
        }
        self.optional("model", &mut copy.model)?;
        for model in &mut copy.fallback_models {
            self.field("model", model)?;
        }
        self.optional("responseFormat", &mut copy.response_format)?;
        self.optional("context", &mut copy.context)?;
        self.endpoint(&mut copy)?;
        Ok(copy)
    }

    fn without_drops(&self, request: &Request) -> Result<Request, TransformError> {
        let mut copy: Option<Request> = None;
        for step in self.steps() {
            let Action::Drop(pointer) = &step.action else { continue };
            let from = copy.as_ref().unwrap_or(request);
            let dropped = if pointer.is_whole() {
                // Who was called, and how, is no part of what was said.
                Request { provider: from.provider, endpoint: from.endpoint, stream: from.stream, ..Request::default() }
            } else {
                let mut value = serde_json::to_value(from).map_err(|error| step.error(error.to_string()))?;
                pointer.remove_from(&mut value);
                Request::from_neutral(&value).map_err(|reason| step.error(format!("what it leaves is no request: {reason}")))?
            };
            copy = Some(dropped);
        }
        Ok(copy.unwrap_or_else(|| request.clone()))
    }

    fn messages(&self, copy: &mut Request) -> Result<(), TransformError> {
        let system = if self.is_about("systemMessage") { copy.system_text() } else { None };
        let mut system = match system {
            Some(text) => Some(self.text("systemMessage", &text)?.into_owned()),
            None => None,
        };
        let joined = system.is_some();
        copy.text_units = None;
        for message in &mut copy.messages {
            match message.role {
                // The whole text stands in the first of them.
                Role::System if joined && message.text.is_some() => message.text = system.take(),
                Role::User => self.optional("userMessage", &mut message.text)?,
                Role::Tool => self.optional("toolResultContains", &mut message.text)?,
                Role::System | Role::Developer | Role::Assistant | Role::Other(_) => {}
            }
            self.optional("toolCallId", &mut message.tool_call_id)?;
            for call in &mut message.tool_calls {
                self.optional("toolCallId", &mut call.id)?;
            }
        }
        Ok(())
    }

    fn inputs(&self, copy: &mut Request) -> Result<(), TransformError> {
        let text = if self.is_about("inputText") { copy.embedding_text() } else { None };
        let Some(text) = text else { return Ok(()) };
        let mut rewritten = Some(self.text("inputText", &text)?.into_owned());
        let inputs = std::mem::take(&mut copy.embedding_inputs).into_iter();
        copy.embedding_inputs = inputs
            .filter_map(|input| match input {
                EmbeddingInput::Text(_) => rewritten.take().map(EmbeddingInput::Text),
                EmbeddingInput::Tokens(tokens) => Some(EmbeddingInput::Tokens(tokens)),
            })
            .collect();
        Ok(())
    }

    fn endpoint(&self, copy: &mut Request) -> Result<(), TransformError> {
        let Some(name) = copy.endpoint.map(Endpoint::name) else { return Ok(()) };
        let rewritten = self.text("endpoint", name)?;
        copy.endpoint = Endpoint::from_name(&rewritten);
        match self.steps().iter().rfind(|step| step.is_about("endpoint")) {
            Some(step) if copy.endpoint.is_none() => {
                Err(step.error(format!("what it leaves is no request: there is no endpoint `{rewritten}`")))
            }
            _ => Ok(()),
        }
    }

    fn field(&self, key: &str, text: &mut String) -> Result<(), TransformError> {
        if self.is_about(key) {
            *text = self.text(key, text)?.into_owned();
        }
        Ok(())
    }

    fn optional(&self, key: &str, text: &mut Option<String>) -> Result<(), TransformError> {
        text.as_mut().map_or(Ok(()), |text| self.field(key, text))
    }
}
