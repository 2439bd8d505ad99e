//! Reading Converse requests (Amazon Bedrock's API reference, "Converse"): the body of two of its operations, and the
//! body that Amazon's own models take when they are invoked.
//!
//! The neutral conversation keeps what matching asks about: system texts are joined, reasoning is left out, and the tool
//! results of a user message stand before its text as messages of their own. A user message of tool results alone says
//! nothing, one of images alone says the empty text.

use serde_json::{Value, json};

use super::body::{Place, Problem, json as json_of};
use crate::exchange::{Endpoint, Message, RawRequest, Request, Role, ToolCall, ToolOffer};

/// The request in a Converse body; the model stands in the path.
pub(in crate::provider) fn decode(raw: &RawRequest, provider: &'static str, model: Option<&str>) -> Result<Request, Problem> {
    read(&Place::body(json_of(raw)?)?, provider, model)
}

/// The same, wherever the body stands.
pub(in crate::provider) fn read(body: &Place<'_, '_>, provider: &'static str, model: Option<&str>) -> Result<Request, Problem> {
    let mut request = Request { provider, endpoint: Some(Endpoint::Chat), model: model.map(str::to_owned), ..Request::default() };
    let mut system = String::new();
    body.objects("system", |block| {
        system.push_str(&text_of(block)?);
        Ok(())
    })?;
    if !system.is_empty() {
        request.messages.push(Message::text(Role::System, system));
    }
    // A stored prompt brings its own messages.
    if body.member("messages").is_none() && !model.is_some_and(|model| model.contains(":prompt/")) {
        return Err(Problem::Missing("messages"));
    }
    body.objects("messages", |place| push_message(place, &mut request.messages))?;
    if let Some(config) = object(body, "toolConfig")? {
        config.objects("tools", |place| {
            request.tools.extend(offer(place)?);
            Ok(())
        })?;
    }
    if let Some(config) = object(body, "outputConfig")?
        && let Some(format) = object(&config, "textFormat")?
    {
        request.response_format = format.text("type")?.map(str::to_owned);
    }
    object(body, "inferenceConfig")?;
    body.texts(&["schemaVersion"])?;
    Ok(request)
}

/// The tools of a request as OpenAI's API lists them.
pub(in crate::provider) fn offered_tools(raw: &RawRequest) -> Option<Value> {
    let tools = raw.json()?.pointer("/toolConfig/tools")?.as_array()?;
    let function = |tool: &Value| {
        let tool = tool.get("toolSpec")?;
        let members = [("name", "/name"), ("description", "/description"), ("parameters", "/inputSchema/json")];
        let members = members.into_iter().filter_map(|(key, pointer)| Some((key.to_owned(), tool.pointer(pointer)?.clone())));
        Some(json!({ "type": "function", "function": members.collect::<serde_json::Map<String, Value>>() }))
    };
    let functions: Vec<Value> = tools.iter().filter_map(function).collect();
    (!functions.is_empty()).then_some(Value::Array(functions))
}

/// A member that must be an object if it is there.
fn object<'v, 'a>(place: &'a Place<'v, '_>, key: &'v str) -> Result<Option<Place<'v, 'a>>, Problem> {
    let member = place.member(key);
    member.map(|member| member.object().map(|_| member)).transpose()
}

fn push_message(place: &Place<'_, '_>, messages: &mut Vec<Message>) -> Result<(), Problem> {
    let role = place.text("role")?;
    let Some(content) = place.member("content") else { return Err(Problem::Missing("content")) };
    if !content.value().is_array() {
        return Err(content.is_not("an array of objects"));
    }
    let (mut text, mut calls, mut results) = (String::new(), Vec::new(), Vec::new());
    content.each_object(|block| {
        text.push_str(&text_of(block)?);
        if let Some(call) = object(block, "toolUse")? {
            calls.push(tool_call(&call)?);
        }
        if let Some(result) = object(block, "toolResult")? {
            results.push(tool_result(&result)?);
        }
        Ok(())
    })?;
    match role {
        Some("user") => {
            let said = (!text.is_empty() || results.is_empty()).then(|| Message::text(Role::User, text));
            messages.extend(results.into_iter().chain(said));
        }
        Some("assistant") => {
            let text = (!text.is_empty()).then_some(text);
            messages.push(Message { role: Role::Assistant, text, tool_calls: calls, tool_call_id: None });
        }
        // Matching knows no other speaker on this wire, but what they say must still be well formed.
        _ => {}
    }
    Ok(())
}

/// The text of a block, that which a guardrail is to look at included; empty for blocks of another kind.
fn text_of(block: &Place<'_, '_>) -> Result<String, Problem> {
    let mut text = block.text("text")?.unwrap_or_default().to_owned();
    if let Some(guarded) = object(block, "guardContent")?
        && let Some(inner) = object(&guarded, "text")?
    {
        text.push_str(inner.text("text")?.unwrap_or_default());
    }
    Ok(text)
}

fn tool_call(call: &Place<'_, '_>) -> Result<ToolCall, Problem> {
    Ok(ToolCall {
        id: call.text("toolUseId")?.map(str::to_owned),
        name: call.text("name")?.unwrap_or_default().to_owned(),
        arguments: call.member("input").map_or_else(|| "{}".to_owned(), |input| input.value().to_string()),
    })
}

/// The result of a call: its texts, and its JSON as text, joined with nothing between.
fn tool_result(result: &Place<'_, '_>) -> Result<Message, Problem> {
    let mut text = String::new();
    result.objects("content", |block| {
        text.push_str(block.text("text")?.unwrap_or_default());
        if let Some(json) = block.member("json") {
            text.push_str(&json.value().to_string());
        }
        Ok(())
    })?;
    let call = result.text("toolUseId")?.map(str::to_owned);
    Ok(Message { role: Role::Tool, text: Some(text), tool_calls: Vec::new(), tool_call_id: call })
}

/// A tool on offer; cache points are none, and the vendor's own tools have a name and no schema.
fn offer(place: &Place<'_, '_>) -> Result<Option<ToolOffer>, Problem> {
    let own = object(place, "systemTool")?;
    let Some(tool) = object(place, "toolSpec")?.or(own) else { return Ok(None) };
    let schema = object(&tool, "inputSchema")?.and_then(|schema| schema.member("json").map(|schema| schema.value().clone()));
    Ok(tool.text("name")?.map(|name| ToolOffer { name: name.to_owned(), namespace: None, parameters: schema }))
}
