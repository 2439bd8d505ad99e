//! Reading requests of Ollama (API documentation, "Generate a chat completion", "Generate a completion"). `stream` is true
//! unless it is said not to be. Clients leave the ids of calls out; a result then answers the first open call of its
//! `tool_name`, or the first open one.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use super::body::{Place, Problem, json};
use crate::exchange::{Endpoint, Message, RawRequest, Request, Role, ToolCall, ToolOffer};

/// The request in a body of `/api/chat`.
pub(in crate::provider) fn chat(raw: &RawRequest, provider: &'static str) -> Result<Request, Problem> {
    let body = Place::body(json(raw)?)?;
    let mut request = head(&body, provider)?;
    let mut open = Open::default();
    body.objects("messages", |place| {
        request.messages.push(message(place, &mut open)?);
        Ok(())
    })?;
    body.objects("tools", |place| {
        let Some(function) = place.member("function") else { return Ok(()) };
        function.object()?;
        let parameters = function.member("parameters").map(|schema| schema.value().clone());
        let name = function.text("name")?;
        request.tools.extend(name.map(|name| ToolOffer { name: name.to_owned(), namespace: None, parameters }));
        Ok(())
    })?;
    Ok(request)
}

/// The request in a body of `/api/generate`.
pub(in crate::provider) fn generate(raw: &RawRequest, provider: &'static str) -> Result<Request, Problem> {
    let body = Place::body(json(raw)?)?;
    let mut request = head(&body, provider)?;
    let said = |key: &'static str| Ok::<_, Problem>(body.text(key)?.filter(|text| !text.is_empty()));
    request.messages.extend(said("system")?.map(|text| Message::text(Role::System, text)));
    request.messages.extend(said("prompt")?.map(|text| Message::text(Role::User, text)));
    Ok(request)
}

/// Whether nothing is asked but to load the model, or to let go of it.
pub(in crate::provider) fn only_loads(request: &Request) -> bool {
    !request.messages.iter().any(|message| message.role != Role::System)
}

fn head(body: &Place<'_, '_>, provider: &'static str) -> Result<Request, Problem> {
    let model = body.text("model")?.filter(|model| !model.is_empty()).ok_or(Problem::Missing("model"))?;
    body.object_at("options")?;
    if let Some(think) = body.member("think").filter(|think| !think.value().is_boolean() && !think.value().is_string()) {
        return Err(think.is_not("a boolean or a string"));
    }
    if let Some(keep) = body.member("keep_alive").filter(|keep| !keep.value().is_number() && !keep.value().is_string()) {
        return Err(keep.is_not("a duration"));
    }
    Ok(Request {
        provider,
        endpoint: Some(Endpoint::Chat),
        model: Some(model.to_owned()),
        stream: body.flag("stream")?.unwrap_or(true),
        response_format: body.member("format").map(|place| format(&place)).transpose()?.flatten().map(str::to_owned),
        ..Request::default()
    })
}

/// `"json"`, or a schema.
fn format(place: &Place<'_, '_>) -> Result<Option<&'static str>, Problem> {
    match place.value() {
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) if text == "json" => Ok(Some("json_object")),
        Value::Object(_) => Ok(Some("json_schema")),
        _ => Err(place.is_not("\"json\" or a JSON schema")),
    }
}

fn message(place: &Place<'_, '_>, open: &mut Open) -> Result<Message, Problem> {
    let role = match place.text("role")?.unwrap_or_default() {
        "system" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        other => Role::Other(other.to_owned()),
    };
    let has_images = place.member("images").is_some_and(|images| images.value().as_array().is_some_and(|images| !images.is_empty()));
    let text = place.text("content")?.filter(|text| !(text.is_empty() && has_images)).map(str::to_owned);
    let mut message = Message { role, text, tool_calls: Vec::new(), tool_call_id: None };
    place.objects("tool_calls", |call| {
        let Some(function) = call.member("function") else { return Ok(()) };
        let arguments = function.member("arguments").map(|arguments| arguments.object().map(|_| arguments.value().to_string()));
        let Some(name) = function.text("name")? else { return Ok(()) };
        let id = open.add(call.text("id")?.filter(|id| !id.is_empty()), name);
        let arguments = arguments.transpose()?.unwrap_or_else(|| "{}".to_owned());
        message.tool_calls.push(ToolCall { id: Some(id), name: name.to_owned(), arguments });
        Ok(())
    })?;
    let given = place.text("tool_call_id")?.filter(|id| !id.is_empty()).map(str::to_owned);
    let name = place.text("tool_name")?;
    if message.role == Role::Tool {
        message.tool_call_id = given.inspect(|id| open.answer(id)).or_else(|| open.take(name));
    }
    Ok(message)
}

/// Calls that no result has answered yet.
#[derive(Debug, Default)]
struct Open {
    count: usize,
    all: VecDeque<String>,
    named: HashMap<String, VecDeque<String>>,
    answered: HashSet<String>,
}

impl Open {
    fn add(&mut self, id: Option<&str>, name: &str) -> String {
        let id = id.map_or_else(|| format!("call_{}", self.count), str::to_owned);
        self.count += 1;
        self.all.push_back(id.clone());
        self.named.entry(name.to_owned()).or_default().push_back(id.clone());
        id
    }

    fn answer(&mut self, id: &str) {
        self.answered.insert(id.to_owned());
    }

    fn take(&mut self, name: Option<&str>) -> Option<String> {
        let queue = name.and_then(|name| self.named.get_mut(name)).unwrap_or(&mut self.all);
        while let Some(id) = queue.pop_front() {
            if self.answered.insert(id.clone()) {
                return Some(id);
            }
        }
        None
    }
}
