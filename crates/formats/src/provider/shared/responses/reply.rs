//! Writing answers (OpenAI's API reference, "The response object").
//!
//! What the vendor repeats of the request is repeated, with the vendor's defaults where the request is silent. Fields
//! that only a real model could fill (`annotations`, `logprobs`) are there and empty.

use serde_json::{Map, Value, json};

use super::super::openai::{self, NOT_A_TURN};
use super::super::respond::{event_stream, json as json_answer};
use super::super::usage::{count, tokens};
use super::{item, stream};
use crate::exchange::{Emission, Reply, Turn};
use crate::provider::Context;

/// A reply as a response, or the error that says why it cannot be one.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply) -> Emission {
    match reply {
        Reply::Turn(turn) => {
            let response = response(context, turn);
            if context.request.stream { event_stream(stream::frames(&response, context.chunk_size)) } else { json_answer(200, &response) }
        }
        Reply::Error(error) => openai::encode_error(error),
        Reply::Audio(_)
        | Reply::Embedding(_)
        | Reply::Embeddings(_)
        | Reply::Images(_)
        | Reply::Transcription(_)
        | Reply::Video(_)
        | Reply::Json { .. }
        | Reply::Events(_)
        | Reply::Http { .. }
        | Reply::Unrecognised => openai::encode_error(&openai::unusable(NOT_A_TURN)),
    }
}

/// How a response ended.
struct End<'a> {
    status: &'a str,
    /// `incomplete_details.reason`
    reason: Option<&'static str>,
    error: Option<Value>,
}

impl End<'_> {
    fn of(turn: &Turn) -> End<'_> {
        let end = |status, reason| End { status, reason, error: None };
        match turn.overrides.finish_reason.as_deref() {
            None | Some("stop" | "tool_calls" | "completed") => end("completed", None),
            Some("length" | "incomplete") => end("incomplete", Some("max_output_tokens")),
            Some("content_filter") => end("incomplete", Some("content_filter")),
            Some("failed" | "error") => {
                let error = json!({ "code": "server_error", "message": "The model failed to generate a response." });
                End { status: "failed", reason: None, error: Some(error) }
            }
            Some(other) => end(other, None),
        }
    }
}

/// The whole response.
fn response(context: &mut Context<'_>, turn: &Turn) -> Value {
    let given = &turn.overrides;
    let end = End::of(turn);
    let id = given.id.clone().unwrap_or_else(|| context.ids.next("resp_"));
    let output = item::output(context, turn, if end.status == "incomplete" { "incomplete" } else { "completed" });
    let created = given.created.map_or_else(|| context.created.into(), count);
    let body = context.raw.json().and_then(Value::as_object);
    let asked = Asked(body);
    let mut response = json!({ "id": id, "object": "response", "created_at": created, "status": end.status });
    let Some(members) = response.as_object_mut() else { return response };
    let mut put = |key: &str, value: Value| drop(members.insert(key.to_owned(), value));
    put("background", asked.or("background", json!(false)));
    if end.status == "completed" {
        put("completed_at", created.into());
    }
    put("error", end.error.unwrap_or_default());
    put("incomplete_details", end.reason.map_or(Value::Null, |reason| json!({ "reason": reason })));
    for key in ["instructions", "max_output_tokens", "max_tool_calls"] {
        put(key, asked.or(key, Value::Null));
    }
    if let Some(model) = given.model.as_deref().or(context.request.model.as_deref()) {
        put("model", model.into());
    }
    put("output", output.into());
    put("parallel_tool_calls", asked.or("parallel_tool_calls", json!(true)));
    put("previous_response_id", asked.or("previous_response_id", Value::Null));
    put("prompt_cache_key", asked.or("prompt_cache_key", Value::Null));
    put("reasoning", asked.over("reasoning", json!({ "effort": null, "summary": null })));
    put("safety_identifier", asked.or("safety_identifier", Value::Null));
    put("service_tier", asked.service_tier());
    put("store", asked.or("store", json!(true)));
    put("temperature", asked.or("temperature", json!(1.0)));
    put("text", asked.over("text", json!({ "format": { "type": "text" }, "verbosity": "medium" })));
    put("tool_choice", asked.or("tool_choice", json!("auto")));
    put("tools", asked.or("tools", json!([])));
    put("top_logprobs", asked.or("top_logprobs", json!(0)));
    put("top_p", asked.or("top_p", json!(1.0)));
    put("truncation", asked.or("truncation", json!("disabled")));
    put("usage", usage(context, turn));
    put("user", asked.or("user", Value::Null));
    put("metadata", asked.or("metadata", json!({})));
    response
}

/// What the request says, where the answer repeats it.
struct Asked<'a>(Option<&'a Map<String, Value>>);

impl Asked<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.0?.get(key).filter(|value| !value.is_null())
    }

    fn or(&self, key: &str, default: Value) -> Value {
        self.get(key).cloned().unwrap_or(default)
    }

    /// The defaults, with what the request says put over them.
    fn over(&self, key: &str, mut defaults: Value) -> Value {
        if let (Some(members), Some(said)) = (defaults.as_object_mut(), self.get(key).and_then(Value::as_object)) {
            members.extend(said.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), value.clone())));
        }
        defaults
    }

    /// The tier that served the request: the vendor never answers `auto`.
    fn service_tier(&self) -> Value {
        match self.get("service_tier").and_then(Value::as_str) {
            None | Some("auto") => json!("default"),
            Some("fast") => json!("priority"),
            Some(other) => json!(other),
        }
    }
}

/// Counts, with the details that the fixture gives in the words of either of the vendor's APIs.
fn usage(context: &Context<'_>, turn: &Turn) -> Value {
    let tokens = tokens(context.request, turn);
    let given = turn.overrides.usage.as_ref().map(|usage| &usage.given);
    let details = |keys: [&str; 2], names: &[&str]| -> Value {
        let found = keys.iter().find_map(|key| given?.get(*key)?.as_object());
        let mut details: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), json!(0))).collect();
        details.extend(found.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        details.into()
    };
    json!({
        "input_tokens": count(tokens.input),
        "input_tokens_details": details(["input_tokens_details", "prompt_tokens_details"], &["cached_tokens", "cache_write_tokens"]),
        "output_tokens": count(tokens.output),
        "output_tokens_details": details(["output_tokens_details", "completion_tokens_details"], &["reasoning_tokens"]),
        "total_tokens": count(tokens.total),
    })
}
