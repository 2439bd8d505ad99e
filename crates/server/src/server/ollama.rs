//! What Ollama says about itself: its models, which are those that fixtures name, and its version.
//!
//! Not journalled, and never chaos: clients ask for it to see whether the server runs. Source: Ollama's API documentation,
//! "List local models", "List running models", "Show model information", "Version".

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use super::app::App;
use super::{head, models};
use crate::exchange::TextFacts;

/// One that knows every part of the API that is answered here.
const VERSION: &str = "0.12.11";
/// When every model was changed last.
const CHANGED: &str = "2023-06-16T17:03:22Z";
/// When a loaded model is let go of.
const NEVER: &str = "2318-11-14T22:13:20Z";
/// In bytes.
const SIZE: u64 = 2_019_393_189;

/// `GET /api/tags`
pub(super) async fn tags(State(app): State<Arc<App>>) -> Response {
    let models: Vec<Value> = models::names(&app).iter().map(|name| model(name)).collect();
    head::json(200, &json!({ "models": models }))
}

/// `GET /api/ps`: every model that fixtures name is loaded, and stays so.
pub(super) async fn loaded(State(app): State<Arc<App>>) -> Response {
    let models = models::names(&app).into_iter().map(|name| {
        let mut model = model(&name);
        if let Some(members) = model.as_object_mut() {
            members.shift_remove("modified_at");
            members.extend([("expires_at".to_owned(), json!(NEVER)), ("size_vram".to_owned(), json!(SIZE))]);
            members.insert("context_length".to_owned(), json!(4096));
        }
        model
    });
    head::json(200, &json!({ "models": models.collect::<Vec<Value>>() }))
}

/// `POST /api/show`
pub(super) async fn show(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let refuse = |status, message: &str| head::json(status, &json!({ "error": message }));
    if body.is_empty() {
        return refuse(400, "missing request body");
    }
    let asked: Value = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return refuse(400, &error.to_string()),
    };
    // `name` is how older clients say it.
    let name = ["model", "name"].iter().find_map(|key| asked.get(*key)).and_then(Value::as_str).filter(|name| !name.is_empty());
    let Some(name) = name else { return refuse(400, "model is required") };
    let bare = name.strip_suffix(":latest").unwrap_or(name);
    if !models::names(&app).iter().any(|known| known == name || known == bare) {
        return refuse(404, &format!("model '{name}' not found: no fixture names it, and GET /api/tags lists those that are"));
    }
    head::json(
        200,
        &json!({
            "license": "",
            "modelfile": format!("FROM {name}\n"),
            "parameters": "",
            "template": "{{ .Prompt }}",
            "details": details(),
            "model_info": { "general.architecture": "aimock", "general.parameter_count": 0 },
            "capabilities": ["completion", "tools", "thinking"],
            "modified_at": CHANGED,
        }),
    )
}

/// `GET /api/version`
pub(super) async fn version() -> Response {
    head::json(200, &json!({ "version": VERSION }))
}

fn model(name: &str) -> Value {
    let digest = TextFacts::of(name).digest;
    json!({ "name": name, "model": name, "modified_at": CHANGED, "size": SIZE, "digest": digest, "details": details() })
}

fn details() -> Value {
    json!({ "parent_model": "", "format": "gguf", "family": "aimock", "families": ["aimock"], "parameter_size": "0B", "quantization_level": "F16" })
}
