//! OpenAI moderations (API reference, "Create moderation").
//!
//! A fixture says only what is remarkable (`{"json": {"categories": {"violence": true}}}`); every other category is there
//! and not flagged. Where no fixture answers, nothing is flagged.

use serde_json::{Map, Value, json};

use super::shared::body::{self, Place, Problem};
use super::shared::collapse::{LeftOut, error, json_body, unsayable};
use super::shared::{chat_collapse, openai, respond};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Message, RawRequest, Reply, Request, Role, Unsayable};

pub(super) static PROVIDER: OpenAiModeration = OpenAiModeration;

const DEFAULT_MODEL: &str = "omni-moderation-latest";
const BAD_INPUT: &str = "Invalid parameter: 'input' must be a string, an array of strings, or an array of multimodal parts";
const NOT_A_RESULT: &str = "Fixture response is not a moderation type: give the result as `json`";
/// The vendor's limit for lists is lower; this bounds what one small request can make us say.
const MOST_INPUTS: usize = 2048;
const TOO_MANY: &str = "Invalid parameter: 'input' must have at most 2048 items";
/// The score of a category that a fixture flags without one.
const FLAGGED: f64 = 0.9;

/// Every category, and whether images are looked at for it too.
const CATEGORIES: [(&str, bool); 13] = [
    ("harassment", false),
    ("harassment/threatening", false),
    ("sexual", true),
    ("hate", false),
    ("hate/threatening", false),
    ("illicit", false),
    ("illicit/violent", false),
    ("self-harm/intent", true),
    ("self-harm/instructions", true),
    ("self-harm", true),
    ("sexual/minors", false),
    ("violence", true),
    ("violence/graphic", true),
];

#[derive(Debug)]
pub(super) struct OpenAiModeration;

impl Provider for OpenAiModeration {
    fn name(&self) -> &'static str {
        "openai_moderation"
    }

    fn provider(&self) -> &'static str {
        "openai"
    }

    fn summary(&self) -> &'static str {
        "OpenAI moderations; nothing is flagged where no fixture answers"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/v1/moderations", endpoint: Endpoint::Moderation }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = || {
            let body = Place::body(body::json(raw)?)?;
            let (text, _) = input(body.member("input").ok_or(Problem::Missing("input"))?.value())?;
            let model = body.text("model")?.filter(|model| !model.is_empty()).unwrap_or(DEFAULT_MODEL);
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(Endpoint::Moderation),
                model: Some(model.to_owned()),
                messages: vec![Message::text(Role::User, text)],
                ..Request::default()
            })
        };
        read().map_err(|problem| openai::refusal(problem, "Malformed JSON"))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match reply {
            Reply::Json { value: value @ (Value::Object(_) | Value::Array(_)), status: _ } => answer(context, value),
            Reply::Error(error) => openai::encode_error(error),
            _ => openai::encode_error(&openai::unusable(NOT_A_RESULT)),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        if captured.status >= 400 {
            let reply = Reply::Error(chat_collapse::without_defaults(error(captured, &mut left_out)?));
            return Ok(left_out.with(reply));
        }
        let body = json_body(captured)?;
        left_out.others(&body, &["id", "model", "results"]);
        let results = body.get("results").and_then(Value::as_array).filter(|results| results.iter().all(Value::is_object));
        let value = match results.map(Vec::as_slice) {
            None | Some([]) => return Err(unsayable("the body holds no moderation results")),
            Some([only]) => only.clone(),
            // One result says the same of every input.
            Some([first, rest @ ..]) if rest.iter().all(|result| result == first) => first.clone(),
            Some(several) => Value::Array(several.to_vec()),
        };
        Ok(left_out.with(Reply::Json { value, status: None }))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        openai::encode_error(error)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        Some(answer(context, &json!({})))
    }
}

/// The text to judge, lists joined with a space, and how many results it gets: parts of one message get one.
fn input(input: &Value) -> Result<(String, usize), Problem> {
    let refused = || Problem::Refused { message: BAD_INPUT };
    let items = match input {
        Value::String(text) => return Ok((text.clone(), 1)),
        Value::Array(items) if items.len() <= MOST_INPUTS => items,
        Value::Array(_) => return Err(Problem::Refused { message: TOO_MANY }),
        _ => return Err(refused()),
    };
    let (mut texts, mut results) = (Vec::new(), 0);
    for item in items {
        match item {
            Value::String(text) => {
                texts.push(text.as_str());
                results += 1;
            }
            Value::Object(part) => texts.extend(part.get("text").and_then(Value::as_str)),
            _ => return Err(refused()),
        }
    }
    Ok((texts.join(" "), results.max(1)))
}

/// A result for every input: a list of results in order, starting over where it is too short, or one for all.
fn answer(context: &mut Context<'_>, value: &Value) -> Emission {
    let inputs = context.raw.json().and_then(|body| input(body.get("input")?).ok()).map_or(1, |(_, inputs)| inputs);
    let given = value.get("results").unwrap_or(value);
    let one = std::slice::from_ref(given);
    let given = given.as_array().filter(|given| !given.is_empty()).map_or(one, Vec::as_slice);
    let results: Vec<Value> = given.iter().cycle().take(inputs).map(result).collect();
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let id = text("id").map_or_else(|| context.ids.next("modr-"), str::to_owned);
    let model = text("model").or(context.request.model.as_deref());
    respond::json(200, &json!({ "id": id, "model": model, "results": results }))
}

/// A result with every member that the vendor sends.
fn result(given: &Value) -> Value {
    let (mut flags, mut scores, mut kinds) = (Map::new(), Map::new(), Map::new());
    let member = |list: &str, category: &str| given.get(list).and_then(|list| list.get(category)).cloned();
    for (category, sees_images) in CATEGORIES {
        let flag = member("categories", category).unwrap_or(Value::Bool(false));
        let usual = if flag == Value::Bool(true) { FLAGGED } else { 0.0 };
        scores.insert(category.to_owned(), member("category_scores", category).unwrap_or_else(|| json!(usual)));
        let usual = if sees_images { json!(["text", "image"]) } else { json!(["text"]) };
        kinds.insert(category.to_owned(), member("category_applied_input_types", category).unwrap_or(usual));
        flags.insert(category.to_owned(), flag);
    }
    let any = flags.values().any(|flag| *flag == Value::Bool(true));
    let flagged = given.get("flagged").and_then(Value::as_bool).unwrap_or(any);
    json!({ "flagged": flagged, "categories": flags, "category_scores": scores, "category_applied_input_types": kinds })
}
