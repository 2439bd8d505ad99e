//! Reading chat-completions requests (OpenAI's API reference, "Create chat completion"), for every vendor that takes
//! them.
//!
//! Strict where OpenAI refuses a body because of its types; everything that it would merely not understand is passed
//! over. Legacy `functions`, `function_call` and the role `function` are read as tools.

use serde_json::Value;

use super::body::{Place, Problem, json};
use super::plain::{self, Said};
use crate::exchange::{Endpoint, Message, RawRequest, Request, Role, ToolCall, ToolOffer};

/// Members that are numbers, also of those that nobody reads: the vendor looks at all of them.
pub(super) const NUMBERS: [&str; 9] =
    ["max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "seed", "top_logprobs", "presence_penalty", "frequency_penalty"];

/// The request in a chat-completions body. `default_model` stands in when the body names none (Azure's deployment).
pub(in crate::provider) fn decode(raw: &RawRequest, provider: &'static str, default_model: Option<&str>) -> Result<Request, Problem> {
    match at_once(raw, provider, default_model) {
        Some(request) => Ok(request),
        None => decode_tree(raw, provider, default_model),
    }
}

/// The same in one pass, if the body is plain.
pub(super) fn at_once(raw: &RawRequest, provider: &'static str, default_model: Option<&str>) -> Option<Request> {
    let body = plain::read(&raw.body)?;
    let mut request = Request {
        provider,
        endpoint: Some(Endpoint::Chat),
        model: body.model.or_else(|| default_model.map(str::to_owned)),
        stream: body.stream.unwrap_or(false),
        messages: Vec::with_capacity(body.messages.len()),
        text_units: Some(body.messages.iter().map(|said| said.units).sum()),
        ..Request::default()
    };
    for said in body.messages {
        let Said { role: name, content, units: _, tool_call_id, rest } = said;
        let mut message = Message { role: role(name.as_deref().unwrap_or_default()), text: content, tool_calls: Vec::new(), tool_call_id };
        calls(&Place::body(&rest).ok()?, &mut message).ok()?;
        request.messages.push(message);
    }
    options(&Place::body(&body.rest).ok()?, &mut request).ok()?;
    Some(request)
}

/// The same for every body, or why it is refused.
pub(super) fn decode_tree(raw: &RawRequest, provider: &'static str, default_model: Option<&str>) -> Result<Request, Problem> {
    let body = Place::body(json(raw)?)?;
    // A value that is no list counts as missing, as in the peer.
    let messages = body.member("messages").filter(|place| place.value().is_array()).ok_or(Problem::Missing("messages"))?;
    let mut request = Request {
        provider,
        endpoint: Some(Endpoint::Chat),
        model: body.text("model")?.or(default_model).map(str::to_owned),
        stream: body.flag("stream")?.unwrap_or(false),
        ..Request::default()
    };
    body.numbers(&NUMBERS)?;
    messages.each_object(|place| {
        request.messages.push(message(place)?);
        Ok(())
    })?;
    options(&body, &mut request)?;
    Ok(request)
}

/// What stands beside model and messages.
fn options(body: &Place<'_, '_>, request: &mut Request) -> Result<(), Problem> {
    body.object_at("stream_options")?;
    body.objects("tools", |place| {
        request.tools.extend(offer(place)?);
        Ok(())
    })?;
    body.objects("functions", |place| {
        request.tools.extend(named_offer(place)?);
        Ok(())
    })?;
    if let Some(format) = body.member("response_format") {
        format.object()?;
        request.response_format = format.text("type")?.map(str::to_owned);
    }
    request.wants_usage = asks_for_usage(body.value());
    Ok(())
}

/// Whether the client asked for a usage chunk at the end of the stream.
pub(in crate::provider) fn wants_usage(raw: &RawRequest) -> bool {
    raw.json().is_some_and(asks_for_usage)
}

fn asks_for_usage(body: &Value) -> bool {
    let option = body.get("stream_options").and_then(|options| options.get("include_usage"));
    option.and_then(Value::as_bool).unwrap_or(false)
}

fn message(place: &Place<'_, '_>) -> Result<Message, Problem> {
    let mut message = Message {
        role: role(place.text("role")?.unwrap_or_default()),
        text: content(place)?,
        tool_calls: Vec::new(),
        tool_call_id: place.text("tool_call_id")?.map(str::to_owned),
    };
    calls(place, &mut message)?;
    Ok(message)
}

/// The calls that a message makes.
fn calls(place: &Place<'_, '_>, message: &mut Message) -> Result<(), Problem> {
    place.objects("tool_calls", |call| {
        message.tool_calls.extend(tool_call(call)?);
        Ok(())
    })?;
    if let Some(call) = place.member("function_call") {
        call.object()?;
        message.tool_calls.extend(function(&call, None)?);
    }
    Ok(())
}

fn role(name: &str) -> Role {
    match name {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        other => Role::Other(other.to_owned()),
    }
}

/// Text, or the text parts joined; `None` when there is no text part.
fn content(message: &Place<'_, '_>) -> Result<Option<String>, Problem> {
    let Some(content) = message.member("content") else { return Ok(None) };
    match content.value() {
        Value::String(text) => Ok(Some(text.clone())),
        Value::Array(_) => joined_parts(&content),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Err(content.is_not("a string or an array of objects")),
    }
}

fn joined_parts(content: &Place<'_, '_>) -> Result<Option<String>, Problem> {
    let mut text: Option<String> = None;
    content.each_object(|part| {
        if part.text("type")? == Some("text") {
            text.get_or_insert_default().push_str(part.text("text")?.unwrap_or_default());
        }
        Ok(())
    })?;
    Ok(text)
}

fn tool_call(place: &Place<'_, '_>) -> Result<Option<ToolCall>, Problem> {
    let id = place.text("id")?;
    if let Some(call) = place.member("function") {
        call.object()?;
        return function(&call, id);
    }
    let Some(call) = place.member("custom") else { return Ok(None) };
    let (name, input) = (call.text("name")?, call.text("input")?);
    Ok(name.map(|name| ToolCall { id: id.map(str::to_owned), name: name.to_owned(), arguments: input.unwrap_or_default().to_owned() }))
}

fn function(place: &Place<'_, '_>, id: Option<&str>) -> Result<Option<ToolCall>, Problem> {
    let Some(name) = place.text("name")? else { return Ok(None) };
    let arguments = place.text("arguments")?.unwrap_or_default();
    Ok(Some(ToolCall { id: id.map(str::to_owned), name: name.to_owned(), arguments: arguments.to_owned() }))
}

/// A tool on offer: `{type: "function", function: {…}}`, or `custom` likewise. A tool without a name is passed over.
fn offer(place: &Place<'_, '_>) -> Result<Option<ToolOffer>, Problem> {
    for kind in ["function", "custom"] {
        if let Some(inner) = place.member(kind) {
            inner.object()?;
            return named_offer(&inner);
        }
    }
    Ok(None)
}

fn named_offer(place: &Place<'_, '_>) -> Result<Option<ToolOffer>, Problem> {
    let name = place.text("name")?;
    let parameters = place.member("parameters").map(|schema| schema.value().clone());
    Ok(name.map(|name| ToolOffer { name: name.to_owned(), namespace: None, parameters }))
}
