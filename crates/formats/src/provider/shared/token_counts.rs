//! Token counts that are asked for without an answer: the estimate that every answer's usage comes from.
//!
//! Such a request is no chat, so that it takes no fixture's turn: only fixtures with a `path` key answer it in place of
//! the estimate.

use serde_json::{Number, Value};

use super::collapse::{LeftOut, json_body, unsayable};
use super::openai;
use super::respond::json as json_answer;
use super::text::units_of;
use super::usage::{count, estimate};
use crate::exchange::{Captured, Collapsed, Emission, ErrorReply, Reply, Request, Unsayable};

/// What a reply of another kind is told.
const NOT_JSON: &str = "Fixture response for a token count must be `json` or an error";

/// The tokens of the conversation.
pub(in crate::provider) fn estimated(request: &Request) -> Number {
    let texts = request.messages.iter().filter_map(|message| message.text.as_deref()).map(units_of);
    let calls =
        request.messages.iter().flat_map(|message| &message.tool_calls).map(|call| units_of(&call.name) + units_of(&call.arguments));
    let tools =
        request.tools.iter().map(|tool| units_of(&tool.name) + tool.parameters.as_ref().map_or(0, |schema| schema.to_string().len()));
    count(estimate(texts.chain(calls).chain(tools).sum()))
}

/// The answer of a fixture: its JSON as it is, or the error, in the words of `encode_error`.
pub(in crate::provider) fn encode(reply: &Reply, encode_error: impl Fn(&ErrorReply) -> Emission) -> Emission {
    match reply {
        Reply::Json { value, status } => json_answer(status.unwrap_or(200), value),
        Reply::Error(error) => encode_error(error),
        Reply::Turn(_)
        | Reply::Audio(_)
        | Reply::Embedding(_)
        | Reply::Embeddings(_)
        | Reply::Images(_)
        | Reply::Transcription(_)
        | Reply::Video(_)
        | Reply::Events(_)
        | Reply::Http { .. }
        | Reply::Unrecognised => encode_error(&openai::unusable(NOT_JSON)),
    }
}

/// The JSON of a count, kept as it is.
pub(in crate::provider) fn collapse(captured: &Captured, key: &str) -> Result<Collapsed, Unsayable> {
    let value = json_body(captured)?;
    if !value.get(key).is_some_and(Value::is_number) {
        return Err(unsayable(format!("the body has no `{key}`")));
    }
    let status = (captured.status != 200).then_some(captured.status);
    Ok(LeftOut::default().with(Reply::Json { value, status }))
}
