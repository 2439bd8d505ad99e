//! Reading requests of Cohere's chat (Cohere's API reference, "Chat" of version 2).
//!
//! The neutral conversation keeps what matching asks about: texts are joined, images and earlier thinking are left out,
//! and a document in the result of a tool is its JSON. Documents beside the conversation and earlier plans are no part
//! of it.

use std::collections::HashSet;

use serde_json::Value;

use super::body::{Place, Problem, json};
use crate::exchange::{Endpoint, Message, RawRequest, Request, Role, ToolCall, ToolOffer};

const BAD_DOCUMENT: &str = "invalid type: every item of documents must be a string or an object with data.";

/// The request in a body of `/v2/chat`.
pub(in crate::provider) fn decode(raw: &RawRequest, provider: &'static str) -> Result<Request, Problem> {
    let body = Place::body(json(raw)?)?;
    let model = body.text("model")?.filter(|model| !model.is_empty()).ok_or(Problem::Missing("model"))?;
    let mut request = Request {
        provider,
        endpoint: Some(Endpoint::Chat),
        model: Some(model.to_owned()),
        stream: body.flag("stream")?.unwrap_or(false),
        ..Request::default()
    };
    if body.member("messages").is_none() {
        return Err(Problem::Missing("messages"));
    }
    body.objects("messages", |place| {
        request.messages.push(message(place)?);
        Ok(())
    })?;
    body.objects("tools", |place| {
        request.tools.extend(offer(place)?);
        Ok(())
    })?;
    if let Some(format) = object(&body, "response_format")? {
        request.response_format = format.text("type")?.map(str::to_owned);
        object(&format, "json_schema")?;
    }
    if let Some(documents) = body.member("documents") {
        let items = documents.value().as_array().ok_or_else(|| documents.is_not("an array of documents"))?;
        if !items.iter().all(|item| item.is_string() || item.get("data").is_some()) {
            return Err(Problem::Refused { message: BAD_DOCUMENT });
        }
    }
    body.flag("strict_tools")?;
    object(&body, "thinking")?;
    object(&body, "citation_options")?;
    Ok(request)
}

/// A member that must be an object if it is there.
fn object<'v, 'a>(place: &'a Place<'v, '_>, key: &'v str) -> Result<Option<Place<'v, 'a>>, Problem> {
    let member = place.member(key);
    member.map(|member| member.object().map(|_| member)).transpose()
}

fn message(place: &Place<'_, '_>) -> Result<Message, Problem> {
    let role = match place.text("role")?.unwrap_or_default() {
        "system" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        other => Role::Other(other.to_owned()),
    };
    let mut message = Message { role, text: text(place)?, tool_calls: Vec::new(), tool_call_id: None };
    place.objects("tool_calls", |call| {
        message.tool_calls.push(tool_call(call)?);
        Ok(())
    })?;
    message.tool_call_id = place.text("tool_call_id")?.map(str::to_owned);
    place.text("tool_plan")?;
    Ok(message)
}

/// The text of a message: a string, or its parts joined with nothing between; images alone say the empty text.
fn text(place: &Place<'_, '_>) -> Result<Option<String>, Problem> {
    let Some(content) = place.member("content") else { return Ok(None) };
    match content.value() {
        Value::String(text) => return Ok(Some(text.clone())),
        Value::Array(_) => {}
        Value::Object(_) => return part(&content),
        Value::Null | Value::Bool(_) | Value::Number(_) => return Err(content.is_not("a string or an array of objects")),
    }
    let mut joined = String::new();
    content.each_object(|item| {
        joined.push_str(&part(item)?.unwrap_or_default());
        Ok(())
    })?;
    Ok(Some(joined))
}

fn part(part: &Place<'_, '_>) -> Result<Option<String>, Problem> {
    match part.text("type")? {
        Some("text") => Ok(Some(part.text("text")?.unwrap_or_default().to_owned())),
        Some("document") => {
            let Some(document) = object(part, "document")? else { return Ok(None) };
            let data = document.member("data").map(|data| match data.value() {
                Value::String(text) => text.clone(),
                data => data.to_string(),
            });
            Ok(data)
        }
        _ => Ok(None),
    }
}

fn tool_call(call: &Place<'_, '_>) -> Result<ToolCall, Problem> {
    let id = call.text("id")?.map(str::to_owned);
    let Some(function) = object(call, "function")? else { return Ok(ToolCall { id, ..ToolCall::default() }) };
    let name = function.text("name")?.unwrap_or_default().to_owned();
    Ok(ToolCall { id, name, arguments: function.text("arguments")?.unwrap_or("{}").to_owned() })
}

fn offer(tool: &Place<'_, '_>) -> Result<Option<ToolOffer>, Problem> {
    let Some(function) = object(tool, "function")? else { return Ok(None) };
    let parameters = object(&function, "parameters")?.map(|schema| schema.value().clone());
    Ok(function.text("name")?.map(|name| ToolOffer { name: name.to_owned(), namespace: None, parameters }))
}

/// What the vendor refuses beyond wrong types ("Errors", the messages of status 400).
pub(in crate::provider) fn audit(raw: &RawRequest, request: &Request) -> Vec<String> {
    let mut violations = Vec::new();
    let documents = raw.json().and_then(|body| body.get("documents")).and_then(Value::as_array);
    if request.response_format.as_deref() == Some("json_object") && documents.is_some_and(|documents| !documents.is_empty()) {
        violations.push("invalid request: response_format is not supported with RAG.".to_owned());
    }
    let mut calls = HashSet::new();
    for message in &request.messages {
        if message.tool_calls.iter().filter_map(|call| call.id.as_deref()).any(|id| !calls.insert(id)) {
            violations.push("cannot have duplicate tool ids".to_owned());
        }
        if message.role == Role::Tool {
            match message.tool_call_id.as_deref().filter(|id| !id.is_empty()) {
                None => violations.push("tool call id must be provided with tool message".to_owned()),
                Some(id) if !calls.contains(id) => violations.push("tool call id not found in previous tool calls".to_owned()),
                Some(_) => {}
            }
        }
    }
    violations
}
