//! The items of an answer, whole: reasoning, web searches, then the turn's blocks in their order.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::reasoning;
use super::request::{includes_encrypted_reasoning, wants_encrypted_reasoning};
use crate::exchange::{Block, RawRequest, Turn};
use crate::provider::Context;

/// Begins what stands in for encrypted reasoning that the fixture does not give, before it is written in base64.
pub(super) const PLACEHOLDER: &str = "aimock-encrypted-reasoning:";

/// The output of a turn. `last_status` is the status of its last message: what was cut short is incomplete.
pub(super) fn output(context: &mut Context<'_>, turn: &Turn, last_status: &str) -> Vec<Value> {
    let mut items: Vec<Value> = reasoning_item(context, turn).into_iter().collect();
    items.extend(turn.web_searches.iter().map(|query| web_search(context, query)));
    let written = turn.blocks.iter().any(|block| matches!(block, Block::Text(_)));
    if turn.has_text && !written {
        items.push(message(context, ""));
    }
    let custom = custom_tools(context.raw);
    items.extend(turn.blocks.iter().map(|block| match block {
        Block::Text(text) => message(context, text),
        Block::ToolCall { name, arguments, id } => {
            let call_id = id.clone().unwrap_or_else(|| context.ids.next("call_"));
            if custom.contains(name.as_str()) {
                custom_call(context, &call_id, name, arguments)
            } else {
                function_call(context, &call_id, name, arguments)
            }
        }
    }));
    if let Some(status) = items.last_mut().and_then(|item| item.get_mut("status")) {
        *status = last_status.into();
    }
    items
}

/// The reasoning that the fixture gives; without any an empty item around the encrypted form, where the client asked for
/// that and the model may reason.
fn reasoning_item(context: &mut Context<'_>, turn: &Turn) -> Option<Value> {
    let text = reasoning::shown(context, turn);
    let may_reason = || !context.request.model.as_deref().is_some_and(|model| context.reasoning.never_reasons(model));
    if text.is_none() && !(includes_encrypted_reasoning(context.raw) && may_reason()) {
        return None;
    }
    let id = context.ids.next("rs_");
    let summary: Vec<Value> = text.into_iter().map(|text| json!({ "type": "summary_text", "text": text })).collect();
    let mut item = json!({ "id": id, "type": "reasoning", "summary": summary });
    if let Some(members) = item.as_object_mut().filter(|_| wants_encrypted_reasoning(context.raw)) {
        let given = turn.reasoning_signature.clone();
        let encrypted = given.unwrap_or_else(|| STANDARD.encode(format!("{PLACEHOLDER}{id}")));
        members.insert("encrypted_content".to_owned(), encrypted.into());
    }
    Some(item)
}

fn web_search(context: &mut Context<'_>, query: &str) -> Value {
    json!({
        "id": context.ids.next("ws_"),
        "type": "web_search_call",
        "status": "completed",
        "action": { "type": "search", "query": query, "queries": [query] },
    })
}

fn message(context: &mut Context<'_>, text: &str) -> Value {
    json!({
        "id": context.ids.next("msg_"),
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [{ "type": "output_text", "annotations": [], "logprobs": [], "text": text }],
    })
}

fn function_call(context: &mut Context<'_>, call_id: &str, name: &str, arguments: &str) -> Value {
    json!({
        "id": context.ids.next("fc_"),
        "type": "function_call",
        "status": "completed",
        "arguments": arguments,
        "call_id": call_id,
        "name": name,
    })
}

/// A call of a tool that takes plain text: arguments that are a JSON text are that text.
fn custom_call(context: &mut Context<'_>, call_id: &str, name: &str, arguments: &str) -> Value {
    let input = serde_json::from_str::<String>(arguments).unwrap_or_else(|_| arguments.to_owned());
    json!({
        "id": context.ids.next("ctc_"),
        "type": "custom_tool_call",
        "status": "completed",
        "call_id": call_id,
        "input": input,
        "name": name,
    })
}

/// Names of the custom tools on offer.
fn custom_tools(raw: &RawRequest) -> HashSet<&str> {
    let tools = raw.json().and_then(|body| body.get("tools")).and_then(Value::as_array);
    let custom = tools.into_iter().flatten().filter(|tool| tool.get("type").and_then(Value::as_str) == Some("custom"));
    custom.filter_map(|tool| tool.get("name")?.as_str()).collect()
}
