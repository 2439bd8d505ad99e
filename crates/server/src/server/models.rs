//! `GET /v1/models`: the models that fixtures name, in OpenAI's shape, or in Anthropic's for clients that speak so.
//!
//! Not journalled, and never chaos: probes and pickers of models ask for it.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use hyper::HeaderMap;
use serde_json::{Value, json};

use super::app::App;
use super::{head, intake, pipeline};
use crate::exchange::RawRequest;
use crate::fixture::Fixture;
use crate::matcher::{Pattern, TextPattern};
use crate::provider::route;

/// Listed when no fixture names a model.
const MODELS: [&str; 5] = ["gpt-4", "gpt-4o", "claude-3-5-sonnet-20241022", "gemini-2.0-flash", "text-embedding-3-small"];
/// When every model was made, in both vendors' writing.
const CREATED: u64 = 1_686_935_002;
const CREATED_AT: &str = "2023-06-16T17:03:22Z";

/// The models that fixtures name plainly, else a list that looks like one.
pub(super) async fn list(State(app): State<Arc<App>>, request: Request) -> Response {
    if speaks_mistral(&request) {
        return pipeline::answer(State(app), request).await;
    }
    let headers = request.headers();
    let names = names(&app);
    let claude = speaks_claude(headers);
    let data: Vec<Value> = names.iter().map(|name| model(name, claude)).collect();
    let body = if claude {
        json!({ "data": data, "has_more": false, "first_id": names.first(), "last_id": names.last() })
    } else {
        json!({ "object": "list", "data": data })
    };
    head::json(200, &body)
}

/// One of them; a 404 in the vendor's envelope for any other.
pub(super) async fn one(State(app): State<Arc<App>>, Path(name): Path<String>, request: Request) -> Response {
    if speaks_mistral(&request) {
        return pipeline::answer(State(app), request).await;
    }
    let claude = speaks_claude(request.headers());
    if names(&app).contains(&name) {
        return head::json(200, &model(&name, claude));
    }
    let body = if claude {
        json!({ "type": "error", "error": { "type": "not_found_error", "message": format!("model: {name}") } })
    } else {
        let message = format!("The model '{name}' does not exist: no fixture names it, and GET /v1/models lists those that are");
        json!({ "error": { "message": message, "type": "invalid_request_error", "param": "model", "code": "model_not_found" } })
    };
    head::json(404, &body)
}

/// Anthropic's clients say which version of its API they speak.
fn speaks_claude(headers: &HeaderMap) -> bool {
    headers.contains_key("anthropic-version")
}

/// Mistral's clients get their models from the codec.
fn speaks_mistral(request: &Request) -> bool {
    let raw = RawRequest::new("GET", request.uri().path(), intake::headers(request.headers()), Vec::new());
    route::address(&raw) != raw.path
}

fn model(name: &str, claude: bool) -> Value {
    if claude {
        json!({ "type": "model", "id": name, "display_name": name, "created_at": CREATED_AT })
    } else {
        json!({ "id": name, "object": "model", "created": CREATED, "owned_by": "aimock" })
    }
}

/// The models that there are.
pub(super) fn names(app: &App) -> Vec<String> {
    let names = named_by_fixtures(app);
    if names.is_empty() { MODELS.map(str::to_owned).to_vec() } else { names }
}

/// The models that fixtures name plainly.
pub(super) fn named_by_fixtures(app: &App) -> Vec<String> {
    let edition = app.editions.current();
    let mut names: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for name in edition.library.fixtures.iter().filter_map(named) {
        if seen.insert(name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn named(fixture: &Fixture) -> Option<&str> {
    match &fixture.matches.clause("model")?.pattern {
        Pattern::Text(TextPattern::Model(name)) => Some(name),
        Pattern::Text(_) | Pattern::Flag(_) | Pattern::Headers(_) | Pattern::Subset(_) => None,
    }
}
