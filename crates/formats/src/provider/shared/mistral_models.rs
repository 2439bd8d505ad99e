//! Mistral's list of models (API reference, "List Models", "Retrieve Model"): those that fixtures name.

use serde_json::{Value, json};

use super::respond;
use crate::exchange::{ErrorOrigin, ErrorReply};
use crate::provider::{Recall, Recalled, StoredRoute};

const LIST: StoredRoute = StoredRoute {
    method: "GET",
    path: "/mistral/v1/models",
    summary: "Mistral: the models that fixtures name, else a list that looks like one",
};
const ONE: StoredRoute = StoredRoute { method: "GET", path: "/mistral/v1/models/{model}", summary: "Mistral: one of them" };

/// Both of them.
pub(in crate::provider) static ROUTES: [StoredRoute; 2] = [LIST, ONE];

/// Listed when no fixture names a model.
const DEFAULT: [&str; 4] = ["mistral-large-latest", "mistral-small-latest", "codestral-latest", "mistral-embed"];
/// When every model was made, in Unix seconds.
const CREATED: u64 = 1_686_935_002;
const CONTEXT: u64 = 131_072;

/// Answers on one of [`ROUTES`].
///
/// # Errors
/// 404: no fixture names the model.
pub(in crate::provider) fn recall(recall: &Recall<'_>) -> Result<Recalled, Box<ErrorReply>> {
    let mut names = recall.models.names();
    if names.is_empty() {
        names = DEFAULT.map(str::to_owned).to_vec();
    }
    let body = match recall.params.get("model") {
        None => json!({ "object": "list", "data": names.iter().map(|name| model(name)).collect::<Vec<_>>() }),
        Some(name) if names.iter().any(|known| known == name) => model(name),
        Some(name) => {
            let message = format!("Model '{name}' not found: no fixture names it, and GET /v1/models lists those that are");
            return Err(Box::new(ErrorReply::new(ErrorOrigin::Request, 404, message)));
        }
    };
    Ok(Recalled { emission: respond::json(200, &body), forget: false })
}

fn model(name: &str) -> Value {
    json!({
        "id": name,
        "object": "model",
        "created": CREATED,
        "owned_by": "aimock",
        "capabilities": {
            "completion_chat": true,
            "completion_fim": true,
            "function_calling": true,
            "fine_tuning": false,
            "vision": false,
            "classification": false,
        },
        "name": name,
        "description": null,
        "max_context_length": CONTEXT,
        "aliases": [],
        "deprecation": null,
        "default_model_temperature": null,
        "type": "base",
    })
}
