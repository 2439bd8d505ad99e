//! Reading Messages requests (Anthropic's API reference, "Create a Message"), for every vendor that takes them.
//!
//! The neutral conversation keeps what matching asks about: system blocks are joined, thinking is left out, and the
//! tool results of a user message stand behind its text as messages of their own. A user message of tool results
//! alone says nothing, one of images alone says the empty text.

use serde_json::Value;

use super::body::{Place, Problem, json};
use super::plain;
use super::text::units_of;
use crate::exchange::{Endpoint, ErrorOrigin, ErrorReply, Message, RawRequest, Request, Role, ToolCall, ToolOffer};

/// Where the tool results of a user message stand among the neutral messages: what comes last is what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Results {
    /// Behind its text.
    Behind,
    /// Before its text.
    Before,
}

/// Members that are numbers, also of those that nobody reads: the vendor looks at all of them.
pub(super) const NUMBERS: [&str; 4] = ["max_tokens", "temperature", "top_p", "top_k"];

/// The request in a Messages body.
pub(in crate::provider) fn decode(raw: &RawRequest, provider: &'static str) -> Result<Request, Problem> {
    decode_with(raw, provider, Results::Behind)
}

/// The same, with the tool results where the vendor's users expect them.
pub(in crate::provider) fn decode_with(raw: &RawRequest, provider: &'static str, results: Results) -> Result<Request, Problem> {
    match at_once(raw, provider) {
        Some(request) => Ok(request),
        None => decode_tree(raw, provider, results),
    }
}

/// The same in one pass, if the body is plain. Tool results never are.
pub(super) fn at_once(raw: &RawRequest, provider: &'static str) -> Option<Request> {
    let plain = plain::read(&raw.body)?;
    let body = Place::body(&plain.rest).ok()?;
    let mut request = Request {
        provider,
        endpoint: Some(Endpoint::Chat),
        model: plain.model,
        stream: plain.stream.unwrap_or(false),
        messages: Vec::with_capacity(plain.messages.len() + 1),
        ..Request::default()
    };
    around(&body, &mut request).ok()?;
    let mut units: usize = request.messages.iter().filter_map(|message| message.text.as_deref()).map(units_of).sum();
    for said in plain.messages {
        let message = match said.role.as_deref() {
            Some("user") => Message::text(Role::User, said.content.unwrap_or_default()),
            Some("assistant") => Message { role: Role::Assistant, text: said.content, tool_calls: Vec::new(), tool_call_id: None },
            _ => continue,
        };
        units += said.units;
        request.messages.push(message);
    }
    request.text_units = Some(units);
    tools(&body, &mut request).ok()?;
    Some(request)
}

/// The same for every body, or why it is refused.
pub(super) fn decode_tree(raw: &RawRequest, provider: &'static str, results: Results) -> Result<Request, Problem> {
    let body = Place::body(json(raw)?)?;
    let mut request = Request {
        provider,
        endpoint: Some(Endpoint::Chat),
        model: body.text("model")?.map(str::to_owned),
        stream: body.flag("stream")?.unwrap_or(false),
        ..Request::default()
    };
    around(&body, &mut request)?;
    if body.member("messages").is_none() {
        return Err(Problem::Missing("messages"));
    }
    body.objects("messages", |place| push_message(place, results, &mut request.messages))?;
    tools(&body, &mut request)?;
    Ok(request)
}

/// What stands before the messages.
fn around(body: &Place<'_, '_>, request: &mut Request) -> Result<(), Problem> {
    // A thread keeps the conversation at the vendor's side; matching needs the whole conversation in the request.
    if body.member("thread").is_some() {
        return Err(Problem::Refused { message: NO_THREADS });
    }
    body.numbers(&NUMBERS)?;
    body.texts(&["anthropic_version"])?;
    if let Some(system) = joined_text(body, "system")? {
        request.messages.push(Message::text(Role::System, system));
    }
    Ok(())
}

fn tools(body: &Place<'_, '_>, request: &mut Request) -> Result<(), Problem> {
    body.objects("tools", |place| {
        request.tools.extend(offer(place)?);
        Ok(())
    })
}

/// The tools of a request as OpenAI's API lists them.
pub(in crate::provider) fn offered_tools(raw: &RawRequest) -> Option<Value> {
    let tools = raw.json()?.get("tools")?.as_array().filter(|tools| !tools.is_empty())?;
    let function = |tool: &Value| {
        let members = [("name", "name"), ("description", "description"), ("parameters", "input_schema")];
        let members = members.into_iter().filter_map(|(key, theirs)| Some((key.to_owned(), tool.get(theirs)?.clone())));
        serde_json::json!({ "type": "function", "function": members.collect::<serde_json::Map<String, Value>>() })
    };
    Some(tools.iter().map(function).collect())
}

/// What a request with `thread` is told.
const NO_THREADS: &str = "thread: message threads are not supported here; send the full history";

/// A refused body in Anthropic's words. Clients that meet the `details` of a refused thread send the full history instead
/// (the vendor's clients of the `message-threads` beta).
pub(in crate::provider) fn refusal(problem: Problem) -> Box<ErrorReply> {
    let message = match problem {
        Problem::Malformed(reason) => format!("Malformed JSON: {reason}"),
        Problem::NotAnObject => "Request body must be a JSON object".to_owned(),
        Problem::Missing(name) => format!("{name}: Field required"),
        Problem::WrongType { path, wanted, got } => format!("{}: Input should be {wanted}, not {got}", path.dotted()),
        Problem::Refused { message } => message.to_owned(),
    };
    let metadata =
        (message == NO_THREADS).then(|| serde_json::json!({ "error_code": "thread_unsupported_request", "unsupported": ["thread"] }));
    Box::new(ErrorReply { metadata: metadata.map(Box::new), ..ErrorReply::new(ErrorOrigin::Request, 400, message) })
}

fn push_message(place: &Place<'_, '_>, order: Results, messages: &mut Vec<Message>) -> Result<(), Problem> {
    match place.text("role")? {
        Some("user") => push_user(place, order, messages),
        Some("assistant") => {
            messages.push(assistant(place)?);
            Ok(())
        }
        // Matching knows no other speaker on this wire, but what they say must still be well formed.
        _ => joined_text(place, "content").map(drop),
    }
}

fn push_user(place: &Place<'_, '_>, order: Results, messages: &mut Vec<Message>) -> Result<(), Problem> {
    let text = joined_text(place, "content")?;
    let mut results = Vec::new();
    each_block(place, |block| {
        if block.text("type")? == Some("tool_result") {
            let text = joined_text(block, "content")?.unwrap_or_default();
            let call = block.text("tool_use_id")?.map(str::to_owned);
            results.push(Message { role: Role::Tool, text: Some(text), tool_calls: Vec::new(), tool_call_id: call });
        }
        Ok(())
    })?;
    let said = (text.is_some() || results.is_empty()).then(|| Message::text(Role::User, text.unwrap_or_default()));
    match order {
        Results::Behind => messages.extend(said.into_iter().chain(results)),
        Results::Before => messages.extend(results.into_iter().chain(said)),
    }
    Ok(())
}

fn assistant(place: &Place<'_, '_>) -> Result<Message, Problem> {
    let mut tool_calls = Vec::new();
    each_block(place, |block| {
        if block.text("type")? == Some("tool_use") {
            tool_calls.push(ToolCall {
                id: block.text("id")?.map(str::to_owned),
                name: block.text("name")?.unwrap_or_default().to_owned(),
                arguments: arguments(block),
            });
        }
        Ok(())
    })?;
    Ok(Message { role: Role::Assistant, text: joined_text(place, "content")?, tool_calls, tool_call_id: None })
}

fn arguments(block: &Place<'_, '_>) -> String {
    match block.member("input").map(|input| input.value()) {
        None => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(input) => input.to_string(),
    }
}

/// Visits the blocks of `content`, if it is a list.
fn each_block(place: &Place<'_, '_>, visit: impl FnMut(&Place<'_, '_>) -> Result<(), Problem>) -> Result<(), Problem> {
    let blocks = place.member("content").filter(|content| content.value().is_array());
    blocks.map_or(Ok(()), |content| content.each_object(visit))
}

/// Text, or the text blocks joined with nothing between; `None` when there is neither.
fn joined_text(place: &Place<'_, '_>, key: &'static str) -> Result<Option<String>, Problem> {
    let Some(content) = place.member(key) else { return Ok(None) };
    match content.value() {
        Value::String(text) => return Ok(Some(text.clone())),
        Value::Array(_) => {}
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return Err(content.is_not("a string or a list of blocks")),
    }
    let mut text: Option<String> = None;
    content.each_object(|block| {
        if block.text("type")? == Some("text") {
            text.get_or_insert_default().push_str(block.text("text")?.unwrap_or_default());
        }
        Ok(())
    })?;
    Ok(text)
}

/// A tool on offer; the vendor's own tools have a name and no schema.
fn offer(place: &Place<'_, '_>) -> Result<Option<ToolOffer>, Problem> {
    let name = place.text("name")?;
    let parameters = place.member("input_schema").map(|schema| schema.value().clone());
    Ok(name.map(|name| ToolOffer { name: name.to_owned(), namespace: None, parameters }))
}

/// What the vendor refuses of a tool loop under extended thinking: an assistant turn that called a tool and is
/// answered by the next user turn must begin with the thinking that led to the call, unchanged.
pub(in crate::provider) fn audit_thinking(raw: &RawRequest) -> Vec<String> {
    let Some(body) = raw.json() else { return Vec::new() };
    if body.pointer("/thinking/type").and_then(Value::as_str) != Some("enabled") {
        return Vec::new();
    }
    let messages = body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let turns = messages.windows(2).enumerate();
    turns.filter_map(|(index, pair)| Some(format!("messages.{index}.content.0: {}", violation(pair.first()?, pair.get(1)?)?))).collect()
}

fn violation(turn: &Value, answer: &Value) -> Option<String> {
    if !(is(turn, "role", "assistant") && is(answer, "role", "user")) {
        return None;
    }
    let calls = blocks(turn).iter().any(|block| is(block, "type", "tool_use"));
    let answered = blocks(answer).iter().any(|block| is(block, "type", "tool_result"));
    let first = blocks(turn).first().filter(|_| calls && answered)?;
    let has = |key| first.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    match first.get("type").and_then(Value::as_str) {
        Some("thinking") if has("signature") => None,
        Some("thinking") => Some("the leading `thinking` block is missing a non-empty `signature`.".to_owned()),
        Some("redacted_thinking") if has("data") => None,
        Some("redacted_thinking") => Some("the leading `redacted_thinking` block must preserve its `data`.".to_owned()),
        other => Some(format!(
            "when `thinking` is enabled, a tool-loop continuation assistant turn must begin with a `thinking` block; got `{}`.",
            other.unwrap_or("unknown")
        )),
    }
}

fn blocks(message: &Value) -> &[Value] {
    message.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn is(value: &Value, key: &str, expected: &str) -> bool {
    value.get(key).and_then(Value::as_str) == Some(expected)
}
