//! Reading Gemini requests (Gemini API reference, "Generating content" and "Counting tokens"; Vertex AI reference,
//! "Inference"), for both of Google's endpoints.
//!
//! The neutral conversation keeps what matching asks about: thoughts are left out, and the function responses of a turn
//! stand before its text as messages of their own. Calls without an id get one that is made of name and place, so that
//! calls and responses can still be told apart.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::body::{Place, Problem, json};
use super::google::{Names, member, object, objects, text};
use crate::exchange::{Endpoint, Message, RawRequest, Request, Role, ToolCall, ToolOffer};
use crate::wire::Framing;

const STREAM: &str = ":streamGenerateContent";
const COUNT: &str = ":countTokens";
const WHOLE: Names = ["generateContentRequest", "generate_content_request"];
const SYSTEM: Names = ["systemInstruction", "system_instruction"];
const DECLARATIONS: Names = ["functionDeclarations", "function_declarations"];
const CALL: Names = ["functionCall", "function_call"];
const RESPONSE: Names = ["functionResponse", "function_response"];
const CONFIG: Names = ["generationConfig", "generation_config"];
const MIME_TYPE: Names = ["responseMimeType", "response_mime_type"];
const FORMATS: Names = ["responseFormat", "response_format"];
const SCHEMAS: [Names; 2] = [["responseSchema", "response_schema"], ["responseJsonSchema", "response_json_schema"]];
const JSON_SCHEMA: Names = ["parametersJsonSchema", "parameters_json_schema"];

/// How a stream is divided: as server-sent events where the URL asks for them, else as one array.
pub(in crate::provider) fn framing(raw: &RawRequest) -> Framing {
    let events = || raw.query_value("alt").or_else(|| raw.query_value("$alt")).is_some_and(|form| form == "sse");
    if raw.path.ends_with(STREAM) && !events() { Framing::JsonArray } else { Framing::Sse }
}

/// The request in a body. The URL tells the model, and whether it streams or is to be counted only; such a request is at
/// no endpoint.
pub(in crate::provider) fn decode(raw: &RawRequest, route: &str, provider: &'static str, model: Option<&str>) -> Result<Request, Problem> {
    let body = Place::body(json(raw)?)?;
    let counts = route.ends_with(COUNT);
    let endpoint = (!counts).then_some(Endpoint::Chat);
    let model = model.map(str::to_owned);
    let request = Request { provider, endpoint, model, stream: route.ends_with(STREAM), ..Request::default() };
    match object(&body, WHOLE)?.filter(|_| counts) {
        Some(whole) => read(&whole, request),
        None if body.member("contents").is_none() => Err(Problem::Missing("contents")),
        None => read(&body, request),
    }
}

fn read(body: &Place<'_, '_>, mut request: Request) -> Result<Request, Problem> {
    if let Some(system) = object(body, SYSTEM)? {
        let said = Said::of(&system)?.text.unwrap_or_default();
        request.messages.extend((!said.is_empty()).then(|| Message::text(Role::System, said)));
    }
    let mut unnamed = 0;
    objects(body, ["contents", "contents"], |content| push(content, &mut request.messages, &mut unnamed))?;
    objects(body, ["tools", "tools"], |tool| {
        objects(tool, DECLARATIONS, |function| {
            request.tools.extend(offer(function)?);
            Ok(())
        })
    })?;
    request.response_format = format(body)?;
    Ok(request)
}

/// What the parts of a turn say.
#[derive(Default)]
struct Said {
    /// `None`: no part is text.
    text: Option<String>,
    calls: Vec<ToolCall>,
    responses: Vec<Response>,
}

struct Response {
    id: Option<String>,
    name: String,
    text: String,
}

impl Said {
    fn of(content: &Place<'_, '_>) -> Result<Said, Problem> {
        let mut said = Said::default();
        objects(content, ["parts", "parts"], |part| said.take(part))?;
        Ok(said)
    }

    fn take(&mut self, part: &Place<'_, '_>) -> Result<(), Problem> {
        let thought = part.flag("thought")?.unwrap_or(false);
        if let Some(text) = part.text("text")?.filter(|_| !thought) {
            self.text.get_or_insert_default().push_str(text);
        }
        if let Some(call) = object(part, CALL)? {
            let name = call.text("name")?.unwrap_or_default().to_owned();
            let id = call.text("id")?.map_or_else(|| made_up(&name, self.calls.len()), str::to_owned);
            let arguments = object(&call, ["args", "args"])?.map_or_else(|| "{}".to_owned(), |args| args.value().to_string());
            self.calls.push(ToolCall { id: Some(id), name, arguments });
        }
        if let Some(response) = object(part, RESPONSE)? {
            let said = match response.member("response").map(|place| place.value()) {
                None => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
            };
            let name = response.text("name")?.unwrap_or_default().to_owned();
            self.responses.push(Response { id: response.text("id")?.map(str::to_owned), name, text: said });
        }
        Ok(())
    }
}

/// The id of a call that has none.
fn made_up(name: &str, place: usize) -> String {
    format!("call_gemini_{name}_{place}")
}

fn push(content: &Place<'_, '_>, messages: &mut Vec<Message>, unnamed: &mut usize) -> Result<(), Problem> {
    let role = content.text("role")?;
    let said = Said::of(content)?;
    match role {
        None | Some("" | "user" | "function" | "tool") => push_user(said, messages, unnamed),
        Some("model") => {
            let text = said.text.filter(|text| !text.is_empty() || said.calls.is_empty());
            messages.push(Message { role: Role::Assistant, text, tool_calls: said.calls, tool_call_id: None });
        }
        Some(other) => messages.push(Message::text(Role::Other(other.to_owned()), said.text.unwrap_or_default())),
    }
    Ok(())
}

fn push_user(said: Said, messages: &mut Vec<Message>, unnamed: &mut usize) {
    let answered = said.responses.is_empty();
    let calls = messages.iter().rev().find(|message| !message.tool_calls.is_empty()).map(|message| message.tool_calls.clone());
    let mut taken = HashSet::new();
    for Response { id, name, text } in said.responses {
        let of_call = |call: &&ToolCall| call.name == name && !call.id.as_ref().is_some_and(|id| taken.contains(id));
        let id = id.or_else(|| calls.iter().flatten().find(of_call).and_then(|call| call.id.clone())).unwrap_or_else(|| {
            *unnamed += 1;
            made_up(&name, *unnamed - 1)
        });
        taken.insert(id.clone());
        messages.push(Message::tool_result(id, text));
    }
    if answered || said.text.is_some() {
        messages.push(Message::text(Role::User, said.text.unwrap_or_default()));
    }
}

fn offer(function: &Place<'_, '_>) -> Result<Option<ToolOffer>, Problem> {
    let parameters = function.member("parameters").or_else(|| member(function, JSON_SCHEMA)).map(|schema| schema.value().clone());
    Ok(function.text("name")?.map(|name| ToolOffer { name: name.to_owned(), namespace: None, parameters }))
}

/// The response format in OpenAI's words: a schema, JSON of any shape, or text.
fn format(body: &Place<'_, '_>) -> Result<Option<String>, Problem> {
    let Some(config) = object(body, CONFIG)? else { return Ok(None) };
    let mut kind = text(&config, MIME_TYPE)?.and_then(neutral);
    if SCHEMAS.into_iter().any(|names| member(&config, names).is_some()) {
        kind = Some("json_schema");
    }
    objects(&config, FORMATS, |format| {
        if let Some(of_text) = object(format, ["text", "text"])? {
            let named = text(&of_text, ["mimeType", "mime_type"])?.and_then(neutral);
            kind = if of_text.member("schema").is_some() { Some("json_schema") } else { named };
        }
        Ok(())
    })?;
    Ok(kind.map(str::to_owned))
}

fn neutral(mime_type: &str) -> Option<&'static str> {
    match mime_type {
        "application/json" | "APPLICATION_JSON" => Some("json_object"),
        "text/plain" | "TEXT_PLAIN" => Some("text"),
        _ => None,
    }
}

/// The functions of a request as OpenAI's API lists them.
pub(in crate::provider) fn offered_tools(raw: &RawRequest) -> Option<Value> {
    let body = Place::body(raw.json()?).ok()?;
    let mut functions = Vec::new();
    let listed = objects(&body, ["tools", "tools"], |tool| {
        objects(tool, DECLARATIONS, |function| {
            let schema = function.member("parameters").or_else(|| member(function, JSON_SCHEMA));
            let members = [("name", function.member("name")), ("description", function.member("description")), ("parameters", schema)];
            let members = members.into_iter().filter_map(|(key, place)| Some((key.to_owned(), place?.value().clone())));
            functions.push(serde_json::json!({ "type": "function", "function": members.collect::<Map<String, Value>>() }));
            Ok(())
        })
    });
    (listed.is_ok() && !functions.is_empty()).then_some(Value::Array(functions))
}

/// What the vendor refuses beyond wrong types: speakers that it does not know.
pub(in crate::provider) fn audit(raw: &RawRequest) -> Vec<String> {
    let contents = raw.json().and_then(|body| body.get("contents")).and_then(Value::as_array);
    let roles = contents.into_iter().flatten().filter_map(|content| content.get("role")?.as_str());
    let unknown = roles.filter(|role| !matches!(*role, "" | "user" | "model" | "function"));
    unknown.map(|role| format!("Please use a valid role: user, model. Got `{}`.", role.chars().take(40).collect::<String>())).collect()
}
