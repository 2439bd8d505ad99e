//! Reading a turn: its kind, the session, the items so far.
//!
//! The conversation is the peer's: instructions are system text, audio stands as `[audio input]` unless its transcript is
//! known, a function call is an assistant turn of its own.

use serde_json::{Map, Value, json};

use super::super::body::{Place, Problem, json as body_json};
use super::{AUDIO_INPUT, text_at};
use crate::exchange::{Endpoint, Message, RawRequest, Request, Role, ToolCall, ToolOffer};

/// Begins a response of a conversation.
pub(super) const RESPONSE: &str = "response.create";
/// Ends a piece of audio that is to be transcribed.
pub(super) const COMMIT: &str = "input_audio_buffer.commit";
/// Ends a translation.
pub(super) const CLOSE: &str = "session.close";

/// The request in the body of a turn.
pub(in crate::provider) fn decode(raw: &RawRequest, provider: &'static str) -> Result<Request, Problem> {
    let value = body_json(raw)?;
    let body = Place::body(value)?;
    let endpoint = match body.text("type")? {
        Some(RESPONSE) => Endpoint::Realtime,
        Some(COMMIT) => Endpoint::RealtimeTranscription,
        Some(CLOSE) => Endpoint::RealtimeTranslation,
        Some(_) => {
            return Err(Problem::Refused { message: "Expected a turn: `response.create`, `input_audio_buffer.commit` or `session.close`" });
        }
        None => return Err(Problem::Missing("type")),
    };
    let model = text_at(value, "/session/audio/input/transcription/model").filter(|_| endpoint == Endpoint::RealtimeTranscription);
    let model = model.or_else(|| text_at(value, "/session/model"));
    let mut request = Request { provider, endpoint: Some(endpoint), model: model.map(str::to_owned), stream: true, ..Request::default() };
    let response = body.member("response");
    let session = body.member("session");
    for place in [&response, &session].into_iter().flatten() {
        place.object()?;
    }
    let said = |key: &'static str| {
        let own = response.as_ref().and_then(|response| response.member(key));
        own.or_else(|| session.as_ref().and_then(|session| session.member(key)))
    };
    if let Some(instructions) = said("instructions") {
        let text = instructions.value().as_str().ok_or_else(|| instructions.is_not("a string"))?;
        request.messages.extend((!text.is_empty()).then(|| Message::text(Role::System, text)));
    }
    let own = response.as_ref().filter(|response| response.member("input").is_some());
    match own {
        Some(response) => response.objects("input", |item| push(item, &mut request.messages))?,
        None => body.objects("items", |item| push(item, &mut request.messages))?,
    }
    if let Some(tools) = said("tools") {
        if !tools.value().is_array() {
            return Err(tools.is_not("an array of objects"));
        }
        tools.each_object(|tool| {
            request.tools.extend(offer(tool)?);
            Ok(())
        })?;
    }
    Ok(request)
}

fn push(item: &Place<'_, '_>, messages: &mut Vec<Message>) -> Result<(), Problem> {
    match item.text("type")? {
        Some("message") | None => {
            let role = match item.text("role")? {
                Some("assistant") => Role::Assistant,
                Some("system") => Role::System,
                _ => Role::User,
            };
            let mut text = String::new();
            item.objects("content", |part| {
                text.push_str(said(part)?);
                Ok(())
            })?;
            messages.push(Message::text(role, text));
        }
        Some("function_call") => {
            let call = ToolCall {
                id: item.text("call_id")?.map(str::to_owned),
                name: item.text("name")?.unwrap_or_default().to_owned(),
                arguments: item.text("arguments")?.unwrap_or_default().to_owned(),
            };
            messages.push(Message { role: Role::Assistant, text: None, tool_calls: vec![call], tool_call_id: None });
        }
        Some("function_call_output") => {
            let output = item.text("output")?.unwrap_or_default();
            let call = item.text("call_id")?.map(str::to_owned);
            messages.push(Message { role: Role::Tool, text: Some(output.to_owned()), tool_calls: Vec::new(), tool_call_id: call });
        }
        Some(_) => {}
    }
    Ok(())
}

/// The text of a part.
fn said<'v>(part: &Place<'v, '_>) -> Result<&'v str, Problem> {
    let transcript = part.text("transcript")?;
    match part.text("type")? {
        Some("input_audio") => Ok(transcript.filter(|transcript| !transcript.is_empty()).unwrap_or(AUDIO_INPUT)),
        Some("input_image") => Ok(""),
        _ => Ok(part.text("text")?.or(transcript).unwrap_or_default()),
    }
}

fn offer(tool: &Place<'_, '_>) -> Result<Option<ToolOffer>, Problem> {
    let parameters = tool.member("parameters").map(|schema| schema.value().clone());
    Ok(tool.text("name")?.map(|name| ToolOffer { name: name.to_owned(), namespace: None, parameters }))
}

/// The functions of a turn as chat completions list them.
pub(in crate::provider) fn offered_tools(raw: &RawRequest) -> Option<Value> {
    let body = raw.json()?;
    let tools = body.pointer("/response/tools").or_else(|| body.pointer("/session/tools"))?.as_array()?;
    let functions = tools.iter().filter(|tool| tool.get("name").is_some()).map(|tool| {
        let members = ["name", "description", "parameters"].into_iter();
        let members = members.filter_map(|key| Some((key.to_owned(), tool.get(key)?.clone())));
        json!({ "type": "function", "function": members.collect::<Map<String, Value>>() })
    });
    let functions: Vec<Value> = functions.collect();
    (!functions.is_empty()).then_some(Value::Array(functions))
}
