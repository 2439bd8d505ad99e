//! Tavily: search, and the pages of URLs (API reference, "Search", "Extract", "Crawl", "Map"). Where no fixture answers, nothing is
//! found.

use serde_json::{Value, json};

use super::shared::body::{self, Place, Problem};
use super::shared::collapse::{LeftOut, json_body, own_pause, unsayable};
use super::shared::{openai, respond, video};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{
    Captured, Collapsed, Emission, Endpoint, ErrorOrigin, ErrorReply, Message, RawRequest, Reply, Request, Role, Unsayable,
};

pub(super) static PROVIDER: Tavily = Tavily;

const SEARCH: &str = "/search";
const EXTRACT: &str = "/extract";

const BAD_URLS: &str = "Invalid parameter: 'urls' must be a string or an array of strings";
const BAD_QUERY: &str = "Invalid parameter: 'query' must be a string or an array of strings";
const NOT_RESULTS: &str = "Fixture response is not a search type: give the results as `json`";

#[derive(Debug)]
pub(super) struct Tavily;

impl Provider for Tavily {
    fn name(&self) -> &'static str {
        "tavily"
    }

    fn provider(&self) -> &'static str {
        "tavily"
    }

    fn summary(&self) -> &'static str {
        "Tavily search, extract, crawl and map; nothing is found where no fixture answers"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: SEARCH, endpoint: Endpoint::Search },
            Route { method: "POST", path: EXTRACT, endpoint: Endpoint::Search },
            Route { method: "POST", path: "/crawl", endpoint: Endpoint::Search },
            Route { method: "POST", path: "/map", endpoint: Endpoint::Search },
        ]
    }

    fn decode(&self, raw: &RawRequest, route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = || {
            let body = Place::body(body::json(raw)?)?;
            body.numbers(&["max_results", "max_depth", "max_breadth", "limit"])?;
            body.texts(&["search_depth", "extract_depth", "topic"])?;
            let asked = match route.path {
                SEARCH => texts(&body, "query", BAD_QUERY)?,
                EXTRACT => texts(&body, "urls", BAD_URLS)?,
                _ => body.text("url")?.ok_or(Problem::Missing("url"))?.to_owned(),
            };
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(Endpoint::Search),
                messages: vec![Message::text(Role::User, asked)],
                ..Request::default()
            })
        };
        read().map_err(|problem| openai::refusal(problem, "Malformed JSON"))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match reply {
            Reply::Json { value: value @ (Value::Object(_) | Value::Array(_)), status: _ } => answer(context, value),
            Reply::Error(error) => failed(error),
            _ => failed(&openai::unusable(NOT_RESULTS)),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        let body = json_body(captured)?;
        if captured.status >= 400 {
            let message =
                body.pointer("/detail/error").or(body.get("detail")).and_then(Value::as_str).filter(|message| !message.is_empty());
            let mut error =
                ErrorReply::new(ErrorOrigin::Fixture, captured.status, message.ok_or_else(|| unsayable("the error has no message"))?);
            error.retry_after = own_pause(captured, &mut left_out);
            return Ok(left_out.with(Reply::Error(error)));
        }
        if !body.get("results").is_some_and(Value::is_array) {
            return Err(unsayable("the body holds no search results"));
        }
        let members = body.as_object().into_iter().flatten();
        let kept = members.filter(|(key, value)| !HOUSE.contains(&key.as_str()) && !value.is_null());
        let value = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
        left_out.others(&json!({ "response_time": body.get("response_time"), "request_id": body.get("request_id") }), &[]);
        Ok(left_out.with(Reply::Json { value, status: None }))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        failed(error)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn fallback(&self, context: &mut Context<'_>) -> Option<Emission> {
        let mut nothing = json!({});
        if let (true, Some(body)) = (context.raw.path.ends_with(EXTRACT), context.raw.json()) {
            let urls = body.get("urls").map(|urls| urls.as_array().cloned().unwrap_or_else(|| vec![urls.clone()])).unwrap_or_default();
            let failed = |url: Value| json!({ "url": url, "error": "no fixture has this page" });
            nothing["failed_results"] = urls.into_iter().map(failed).collect();
        }
        Some(answer(context, &nothing))
    }
}

/// Members that the server makes up, or that repeat the request.
const HOUSE: [&str; 4] = ["query", "base_url", "response_time", "request_id"];

/// A text, several joined with a space.
fn texts(body: &Place<'_, '_>, key: &'static str, wrong: &'static str) -> Result<String, Problem> {
    match body.member(key).map(|place| place.value()) {
        None => Err(Problem::Missing(key)),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(items)) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            texts.map(|texts| texts.join(" ")).ok_or(Problem::Refused { message: wrong })
        }
        Some(_) => Err(Problem::Refused { message: wrong }),
    }
}

/// The members that an answer has whatever was found.
fn head(context: &mut Context<'_>) -> Value {
    let request = context.raw.json();
    let asked = |key: &str| request.and_then(|body| body.get(key)).cloned();
    let request_id = video::uuid(context.ids);
    match context.raw.path.as_str() {
        path if path.ends_with(EXTRACT) => json!({ "results": [], "failed_results": [], "response_time": 0.0, "request_id": request_id }),
        path if path.ends_with(SEARCH) => json!({
            "query": asked("query"),
            "follow_up_questions": Value::Null,
            "answer": Value::Null,
            "images": [],
            "results": [],
            "response_time": 0.0,
            "request_id": request_id,
        }),
        _ => json!({ "base_url": asked("url"), "results": [], "response_time": 0.0, "request_id": request_id }),
    }
}

/// A list of results, or a whole answer; of the results at most as many as were asked for.
fn answer(context: &mut Context<'_>, value: &Value) -> Emission {
    let request = context.raw.json();
    let asked = |key: &str| request.and_then(|body| body.get(key));
    let mut body = head(context);
    if let Some(body) = body.as_object_mut() {
        match value {
            Value::Object(members) => body.extend(members.clone()),
            results => drop(body.insert("results".to_owned(), results.clone())),
        }
        let most = asked("max_results").and_then(Value::as_u64).and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0);
        if let (Some(most), Some(results)) = (most, body.get_mut("results").and_then(Value::as_array_mut)) {
            results.truncate(most);
        }
    }
    respond::json(200, &body)
}

/// An error in Tavily's envelope.
fn failed(error: &ErrorReply) -> Emission {
    let mut detail = json!({ "error": error.message });
    if let Some(found) = error.detail.as_ref() {
        detail["aimock"] = found.to_json();
    }
    let mut emission = respond::json(respond::status_or_500(error.status), &json!({ "detail": detail }));
    emission.headers.extend(openai::retry_headers(error));
    emission
}
