//! Reading requests (OpenAI's API reference, "Create a model response").
//!
//! The conversation is the peer's, so that turns count alike: instructions and system or developer items are system
//! text, every function call is an assistant turn of its own, the call that an output answers is made up when the request
//! does not hold it, and a reference to an item is an assistant turn without text. Reasoning and items of built-in tools
//! are passed over. A user message of images alone says the empty text.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::super::body::{Place, Problem, json as body_json};
use crate::exchange::{Endpoint, Message, RawRequest, Request, Role, ToolCall, ToolOffer};

/// What may stand in for `input`.
const INSTEAD_OF_INPUT: [&str; 3] = ["previous_response_id", "prompt", "conversation"];

/// The request in a Responses body.
pub(in crate::provider) fn decode(raw: &RawRequest, provider: &'static str) -> Result<Request, Problem> {
    let body = Place::body(body_json(raw)?)?;
    let mut request = Request {
        provider,
        endpoint: Some(Endpoint::Chat),
        model: body.text("model")?.map(str::to_owned),
        stream: body.flag("stream")?.unwrap_or(false),
        response_format: response_format(&body)?,
        ..Request::default()
    };
    check_types(&body)?;
    let mut conversation = Conversation::default();
    if let Some(text) = body.text("instructions")?.filter(|text| !text.is_empty()) {
        conversation.push(Message::text(Role::System, text));
    }
    match body.member("input") {
        None if INSTEAD_OF_INPUT.iter().all(|key| body.member(key).is_none()) => return Err(Problem::Missing("input")),
        None => {}
        Some(input) => match input.value() {
            Value::String(text) => conversation.push(Message::text(Role::User, text.as_str())),
            Value::Array(_) => input.each_object(|item| conversation.item(item))?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                return Err(input.is_not("a string or an array of objects"));
            }
        },
    }
    request.messages = conversation.messages;
    body.objects("tools", |tool| offers(tool, None, &mut request.tools))?;
    Ok(request)
}

/// `text.format.type`; the older spelling of chat completions counts where that is missing, as in the peer.
fn response_format(body: &Place<'_, '_>) -> Result<Option<String>, Problem> {
    let mut found = None;
    if let Some(text) = body.member("text") {
        text.object()?;
        if let Some(format) = text.member("format") {
            format.object()?;
            found = format.text("type")?;
        }
    }
    if let (None, Some(format)) = (found, body.member("response_format")) {
        format.object()?;
        found = format.text("type")?;
    }
    Ok(found.map(str::to_owned))
}

/// Types of what an answer repeats.
fn check_types(body: &Place<'_, '_>) -> Result<(), Problem> {
    for key in ["previous_response_id", "truncation", "service_tier", "user", "prompt_cache_key", "safety_identifier"] {
        body.text(key)?;
    }
    for key in ["store", "background", "parallel_tool_calls"] {
        body.flag(key)?;
    }
    body.numbers(&["temperature", "top_p", "max_output_tokens", "max_tool_calls", "top_logprobs"])?;
    for key in ["metadata", "reasoning"] {
        body.member(key).map_or(Ok(()), |place| place.object().map(drop))?;
    }
    if let Some(place) = body.member("include").filter(|place| !place.value().is_array()) {
        return Err(place.is_not("an array of strings"));
    }
    match body.member("tool_choice") {
        Some(place) if !(place.value().is_string() || place.value().is_object()) => Err(place.is_not("a string or an object")),
        _ => Ok(()),
    }
}

/// The messages so far, and what later items need to know of them.
#[derive(Default)]
struct Conversation {
    messages: Vec<Message>,
    /// Ids of all calls so far.
    calls: HashSet<String>,
    /// The last assistant message that calls tools, unless a user spoke since.
    caller: Option<usize>,
    /// The last message stands for an item that the vendor keeps.
    ends_in_reference: bool,
}

impl Conversation {
    fn push(&mut self, message: Message) {
        self.ends_in_reference = false;
        if message.role == Role::User {
            self.caller = None;
        }
        if !message.tool_calls.is_empty() {
            self.caller = Some(self.messages.len());
            self.calls.extend(message.tool_calls.iter().filter_map(|call| call.id.clone()));
        }
        self.messages.push(message);
    }

    fn item(&mut self, item: &Place<'_, '_>) -> Result<(), Problem> {
        let kind = item.text("type")?.unwrap_or_default();
        match item.text("role")? {
            Some("system" | "developer") => self.push(Message::text(Role::System, content(item, "content")?)),
            Some("user") => self.push(Message::text(Role::User, content(item, "content")?)),
            Some("assistant") => self.push(Message::text(Role::Assistant, content(item, "content")?)),
            // Matching knows no other speaker on this wire, but what they say must still be well formed.
            Some(_) => drop(content(item, "content")?),
            None => self.other_item(kind, item)?,
        }
        Ok(())
    }

    fn other_item(&mut self, kind: &str, item: &Place<'_, '_>) -> Result<(), Problem> {
        match kind {
            "function_call" | "custom_tool_call" => {
                let key = if kind == "function_call" { "arguments" } else { "input" };
                let call = ToolCall {
                    id: item.text("call_id")?.map(str::to_owned),
                    name: item.text("name")?.unwrap_or_default().to_owned(),
                    arguments: item.text(key)?.unwrap_or_default().to_owned(),
                };
                self.push(calling(call));
            }
            "function_call_output" | "custom_tool_call_output" => {
                let text = content(item, "output")?;
                let id = item.text("call_id")?;
                if !id.is_some_and(|id| self.calls.contains(id)) {
                    self.make_up_call(id);
                }
                let id = id.map(str::to_owned);
                self.push(Message { role: Role::Tool, text: Some(text), tool_calls: Vec::new(), tool_call_id: id });
            }
            "item_reference" => {
                self.push(Message::text(Role::Assistant, ""));
                self.ends_in_reference = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// The call that an output answers, when an earlier request had it: a part of the assistant's last turn.
    fn make_up_call(&mut self, id: Option<&str>) {
        let call = ToolCall { id: id.map(str::to_owned), ..ToolCall::default() };
        if self.ends_in_reference {
            // The reference stood for that call.
            self.messages.pop();
        } else if let Some(caller) = self.caller.and_then(|index| self.messages.get_mut(index)) {
            self.calls.extend(call.id.clone());
            caller.tool_calls.push(call);
            return;
        }
        self.push(calling(call));
    }
}

/// An assistant turn of one call.
fn calling(call: ToolCall) -> Message {
    Message { role: Role::Assistant, text: None, tool_calls: vec![call], tool_call_id: None }
}

/// Text, or the text parts joined with nothing between; empty when there is neither.
fn content(item: &Place<'_, '_>, key: &'static str) -> Result<String, Problem> {
    let Some(content) = item.member(key) else { return Ok(String::new()) };
    let mut text = String::new();
    match content.value() {
        Value::String(whole) => text.push_str(whole),
        Value::Array(_) => content.each_object(|part| {
            if matches!(part.text("type")?, Some("input_text" | "output_text")) {
                text.push_str(part.text("text")?.unwrap_or_default());
            }
            Ok(())
        })?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            return Err(content.is_not("a string or an array of objects"));
        }
    }
    Ok(text)
}

/// The tools of one entry of `tools`: a function, a custom tool, or the functions of a namespace. The vendor's own tools
/// have no name.
fn offers(tool: &Place<'_, '_>, namespace: Option<&str>, found: &mut Vec<ToolOffer>) -> Result<(), Problem> {
    let name = tool.text("name")?;
    match (tool.text("type")?, name) {
        (Some("namespace"), _) if namespace.is_none() => return tool.objects("tools", |inner| offers(inner, name, found)),
        (Some("function" | "custom"), Some(name)) => found.push(ToolOffer {
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
            parameters: tool.member("parameters").map(|schema| schema.value().clone()),
        }),
        _ => {}
    }
    Ok(())
}

/// The functions of a request as chat completions list them.
pub(in crate::provider) fn offered_tools(raw: &RawRequest) -> Option<Value> {
    let tools = raw.json()?.get("tools")?.as_array()?;
    let functions = tools.iter().filter(|tool| is(tool, "type", "function")).map(|tool| {
        let members = ["name", "description", "parameters"].into_iter();
        let members = members.filter_map(|key| Some((key.to_owned(), tool.get(key)?.clone())));
        json!({ "type": "function", "function": members.collect::<Map<String, Value>>() })
    });
    let functions: Vec<Value> = functions.collect();
    (!functions.is_empty()).then_some(Value::Array(functions))
}

/// What the vendor refuses of a request whose types are right: what is left over from chat completions, and calls and
/// outputs without each other.
pub(in crate::provider) fn audit(raw: &RawRequest) -> Vec<String> {
    let Some(body) = raw.json() else { return Vec::new() };
    let list = |key: &str| body.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    for (index, tool) in list("tools").iter().enumerate() {
        if is(tool, "type", "function") && tool.get("name").is_none() {
            found.push(format!("Missing required parameter: 'tools[{index}].name'."));
        }
    }
    let items = list("input");
    for (index, item) in items.iter().enumerate() {
        let parts = item.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if let Some(part) = parts.iter().position(|part| is(part, "type", "text")) {
            let wanted = if is(item, "role", "assistant") { "'output_text'" } else { "'input_text'" };
            found.push(format!("Invalid value: 'text'. Supported values are: {wanted}. (input[{index}].content[{part}].type)"));
        }
    }
    // With these the vendor knows more of the conversation than the request says.
    let partial = ["previous_response_id", "conversation"].iter().any(|key| body.get(*key).is_some_and(|value| !value.is_null()))
        || items.iter().any(|item| is(item, "type", "item_reference"));
    if !partial {
        found.extend(unanswered(items));
    }
    found
}

/// Calls without an output and outputs without a call.
fn unanswered(items: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    for (call, output, name) in
        [("function_call", "function_call_output", "function"), ("custom_tool_call", "custom_tool_call_output", "custom tool")]
    {
        let ids = |kind: &str| -> Vec<&str> {
            items.iter().filter(|item| is(item, "type", kind)).filter_map(|item| item.get("call_id")?.as_str()).collect()
        };
        let (calls, outputs) = (ids(call), ids(output));
        let (known_calls, known_outputs): (HashSet<&str>, HashSet<&str>) =
            (calls.iter().copied().collect(), outputs.iter().copied().collect());
        found
            .extend(calls.iter().filter(|id| !known_outputs.contains(*id)).map(|id| format!("No tool output found for {name} call {id}.")));
        found.extend(
            outputs
                .iter()
                .filter(|id| !known_calls.contains(*id))
                .map(|id| format!("No tool call found for {name} call output with call_id {id}.")),
        );
    }
    found
}

fn is(value: &Value, key: &str, expected: &str) -> bool {
    value.get(key).and_then(Value::as_str) == Some(expected)
}

/// Whether the answer's reasoning carries its encrypted form, as the peer decides.
pub(super) fn wants_encrypted_reasoning(raw: &RawRequest) -> bool {
    includes_encrypted_reasoning(raw) || raw.json().and_then(|body| body.get("store")).and_then(Value::as_bool) == Some(false)
}

/// Whether the client asked for encrypted reasoning in so many words.
pub(super) fn includes_encrypted_reasoning(raw: &RawRequest) -> bool {
    let include = raw.json().and_then(|body| body.get("include")).and_then(Value::as_array);
    include.into_iter().flatten().any(|name| name.as_str() == Some("reasoning.encrypted_content"))
}
