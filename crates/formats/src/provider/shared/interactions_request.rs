//! Reading requests for interactions (Gemini API reference, "Create an interaction").
//!
//! The input is a text, one content or several, turns, or steps. Steps of the model that follow each other are one
//! message, so that turns are counted as in every other format; the results of a turn stand before its text.

use serde_json::{Map, Value};

use super::body::{Place, Problem, json};
use crate::exchange::{Endpoint, Message, RawRequest, Request, Role, ToolCall, ToolOffer};

/// The request in a body. It streams only where the body says so.
pub(in crate::provider) fn decode(raw: &RawRequest, provider: &'static str) -> Result<Request, Problem> {
    let body = Place::body(json(raw)?)?;
    let model = body.text("model")?.or(body.text("agent")?).map(str::to_owned);
    let stream = body.flag("stream")?.unwrap_or(false);
    let mut request = Request { provider, endpoint: Some(Endpoint::Chat), model, stream, ..Request::default() };
    if let Some(system) = body.text("system_instruction")?.filter(|text| !text.is_empty()) {
        request.messages.push(Message::text(Role::System, system));
    }
    match body.member("input") {
        // What goes on with an earlier interaction needs no input of its own.
        None if body.member("previous_interaction_id").is_some() => {}
        None => return Err(Problem::Missing("input")),
        Some(input) => read_input(&input, &mut request.messages)?,
    }
    body.objects("tools", |tool| {
        let parameters = tool.member("parameters").map(|schema| schema.value().clone());
        let name = tool.text("name")?.map(str::to_owned);
        request.tools.extend(name.map(|name| ToolOffer { name, namespace: None, parameters }));
        Ok(())
    })?;
    request.response_format = format(&body)?.map(str::to_owned);
    Ok(request)
}

fn read_input(input: &Place<'_, '_>, messages: &mut Vec<Message>) -> Result<(), Problem> {
    match input.value() {
        Value::String(text) => messages.push(Message::text(Role::User, text.clone())),
        Value::Array(_) => {
            let mut reading = Reading { messages, contents: None };
            input.each_object(|item| reading.item(item))?;
            reading.flush();
        }
        Value::Object(_) => {
            let mut reading = Reading { messages, contents: None };
            reading.item(input)?;
            reading.flush();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => return Err(input.is_not("a string, an object or an array of objects")),
    }
    Ok(())
}

struct Reading<'m> {
    messages: &'m mut Vec<Message>,
    /// The texts of contents that stand by themselves: together they are one message.
    contents: Option<String>,
}

impl Reading<'_> {
    fn item(&mut self, item: &Place<'_, '_>) -> Result<(), Problem> {
        let role = item.text("role")?;
        let kind = item.text("type")?.unwrap_or_default();
        let is_step = role.is_some() || !matches!(kind, "" | "text" | "image" | "audio" | "video" | "document" | "file");
        if !is_step {
            let text = item.text("text")?.unwrap_or_default();
            self.contents.get_or_insert_default().push_str(text);
            return Ok(());
        }
        self.flush();
        match (role, kind) {
            (Some(role), _) => self.turn(role, item),
            (None, "user_input") => self.turn("user", item),
            (None, "model_output") => {
                let said = Said::of(item)?;
                self.model(said);
                Ok(())
            }
            (None, "function_call") => {
                self.model(Said { calls: vec![call(item)?], ..Said::default() });
                Ok(())
            }
            (None, kind) if kind.ends_with("_result") => {
                self.messages.push(result(item)?);
                Ok(())
            }
            // Thoughts, and what the vendor's own tools were asked.
            (None, _) => Ok(()),
        }
    }

    fn flush(&mut self) {
        self.messages.extend(self.contents.take().map(|text| Message::text(Role::User, text)));
    }

    fn turn(&mut self, role: &str, item: &Place<'_, '_>) -> Result<(), Problem> {
        let said = Said::of(item)?;
        match role {
            "model" | "assistant" => self.messages.push(said.assistant()),
            "user" => {
                let answers = !said.results.is_empty();
                let text = said.text.filter(|text| !(answers && text.is_empty()));
                self.messages.extend(said.results);
                if text.is_some() || !answers {
                    self.messages.push(Message::text(Role::User, text.unwrap_or_default()));
                }
            }
            "system" => self.messages.push(Message::text(Role::System, said.text.unwrap_or_default())),
            other => self.messages.push(Message::text(Role::Other(other.to_owned()), said.text.unwrap_or_default())),
        }
        Ok(())
    }

    /// A step of the model goes on with the message before it, if that is the model's too.
    fn model(&mut self, said: Said) {
        let more = said.assistant();
        match self.messages.last_mut().filter(|message| message.role == Role::Assistant) {
            Some(message) => {
                if let Some(text) = more.text {
                    message.text.get_or_insert_default().push_str(&text);
                }
                message.tool_calls.extend(more.tool_calls);
            }
            None => self.messages.push(more),
        }
    }
}

/// What the content of a turn or step says.
#[derive(Default)]
struct Said {
    text: Option<String>,
    calls: Vec<ToolCall>,
    results: Vec<Message>,
}

impl Said {
    fn of(item: &Place<'_, '_>) -> Result<Said, Problem> {
        let mut said = Said::default();
        let Some(content) = item.member("content").or_else(|| item.member("parts")) else { return Ok(said) };
        match content.value() {
            Value::String(text) => said.text = Some(text.clone()),
            Value::Array(_) => content.each_object(|block| said.block(block))?,
            Value::Object(_) => said.block(&content)?,
            Value::Null | Value::Bool(_) | Value::Number(_) => return Err(content.is_not("a string or an array of objects")),
        }
        Ok(said)
    }

    fn block(&mut self, block: &Place<'_, '_>) -> Result<(), Problem> {
        match block.text("type")?.unwrap_or("text") {
            "text" => {
                let text = block.text("text")?;
                if let Some(text) = text {
                    self.text.get_or_insert_default().push_str(text);
                }
            }
            "function_call" => self.calls.push(call(block)?),
            "function_result" => self.results.push(result(block)?),
            _ => {}
        }
        Ok(())
    }

    fn assistant(self) -> Message {
        let text = self.text.filter(|text| !text.is_empty() || self.calls.is_empty());
        Message { role: Role::Assistant, text, tool_calls: self.calls, tool_call_id: None }
    }
}

fn call(block: &Place<'_, '_>) -> Result<ToolCall, Problem> {
    let id = block.text("id")?.or(block.text("call_id")?).map(str::to_owned);
    let arguments = match block.member("arguments") {
        None => "{}".to_owned(),
        Some(arguments) => {
            arguments.object()?;
            arguments.value().to_string()
        }
    };
    Ok(ToolCall { id, name: block.text("name")?.unwrap_or_default().to_owned(), arguments })
}

fn result(block: &Place<'_, '_>) -> Result<Message, Problem> {
    let id = block.text("call_id")?.or(block.text("id")?).unwrap_or_default();
    let text = match block.member("result").or_else(|| block.member("output")).map(|place| place.value()) {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let texts: Option<String> = items.iter().map(|item| item.get("text").and_then(Value::as_str)).collect();
            texts.unwrap_or_else(|| Value::Array(items.clone()).to_string())
        }
        Some(value) => value.to_string(),
    };
    Ok(Message::tool_result(id, text))
}

/// The response format in OpenAI's words. A format without a kind of its own is a JSON Schema.
fn format(body: &Place<'_, '_>) -> Result<Option<&'static str>, Problem> {
    let mut kind = body.text("response_mime_type")?.and_then(neutral);
    let mut take = |format: &Place<'_, '_>| {
        let named = format.member("type").and_then(|kind| kind.value().as_str());
        kind = match named {
            _ if format.member("schema").is_some() => Some("json_schema"),
            Some("text") => format.text("mime_type")?.and_then(neutral),
            Some("image" | "audio" | "video") => kind,
            _ => Some("json_schema"),
        };
        Ok(())
    };
    match body.member("response_format") {
        None => {}
        Some(list) if list.value().is_array() => list.each_object(take)?,
        Some(one) => {
            one.object()?;
            take(&one)?;
        }
    }
    Ok(kind)
}

fn neutral(mime_type: &str) -> Option<&'static str> {
    match mime_type {
        "application/json" => Some("json_object"),
        "text/plain" => Some("text"),
        _ => None,
    }
}

/// The functions of a request as OpenAI's API lists them.
pub(in crate::provider) fn offered_tools(raw: &RawRequest) -> Option<Value> {
    let tools = raw.json()?.get("tools")?.as_array()?;
    let functions = tools.iter().filter(|tool| tool.get("name").is_some()).map(|tool| {
        let members = ["name", "description", "parameters"].into_iter();
        let members: Map<String, Value> = members.filter_map(|key| Some((key.to_owned(), tool.get(key)?.clone()))).collect();
        serde_json::json!({ "type": "function", "function": members })
    });
    let functions: Vec<Value> = functions.collect();
    (!functions.is_empty()).then_some(Value::Array(functions))
}
