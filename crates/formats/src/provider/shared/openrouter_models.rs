//! What OpenRouter says beside its answers (API reference, "List all models", "Get current API key", "Get remaining
//! credits"): its models are those that fixtures name, the key has no limit and nothing was spent.

use serde_json::{Value, json};

use super::respond;
use crate::provider::{Recall, Recalled, StoredRoute};

const MODELS: StoredRoute = StoredRoute {
    method: "GET",
    path: "/api/v1/models",
    summary: "OpenRouter: the models that fixtures name, else a list that looks like one",
};
const KEY: StoredRoute = StoredRoute { method: "GET", path: "/api/v1/key", summary: "OpenRouter: what the key may spend" };
const CREDITS: StoredRoute = StoredRoute { method: "GET", path: "/api/v1/credits", summary: "OpenRouter: what is left" };

/// All of them.
pub(in crate::provider) static ROUTES: [StoredRoute; 3] = [MODELS, KEY, CREDITS];

/// Listed when no fixture names a model.
const DEFAULT: [&str; 3] = ["openai/gpt-4o", "anthropic/claude-sonnet-4", "google/gemini-2.5-flash"];
const CONTEXT: u64 = 128_000;
const LONGEST_ANSWER: u64 = 16_384;

/// Answers on one of [`ROUTES`].
pub(in crate::provider) fn recall(recall: &Recall<'_>) -> Recalled {
    let body = match *recall.route {
        MODELS => models(&recall.models.names()),
        KEY => json!({ "data": key() }),
        _ => json!({ "data": { "total_credits": 0, "total_usage": 0 } }),
    };
    Recalled { emission: respond::json(200, &body), forget: false }
}

fn models(named: &[String]) -> Value {
    let data: Vec<Value> =
        if named.is_empty() { DEFAULT.into_iter().map(model).collect() } else { named.iter().map(|name| model(name)).collect() };
    let count = data.len();
    json!({ "data": data, "links": { "next": null }, "total_count": count })
}

/// A model that costs nothing. The official client refuses `null` where it wants no member at all.
fn model(id: &str) -> Value {
    json!({
        "id": id,
        "canonical_slug": id,
        "hugging_face_id": null,
        "name": id,
        "created": 0,
        "description": format!("{id}, served by aimock"),
        "context_length": CONTEXT,
        "architecture": {
            "modality": "text->text",
            "input_modalities": ["text"],
            "output_modalities": ["text"],
            "tokenizer": "Other",
            "instruct_type": null,
        },
        "pricing": {
            "prompt": "0",
            "completion": "0",
            "request": "0",
            "image": "0",
            "web_search": "0",
            "internal_reasoning": "0",
            "input_cache_read": "0",
            "input_cache_write": "0",
        },
        "top_provider": { "context_length": CONTEXT, "max_completion_tokens": LONGEST_ANSWER, "is_moderated": false },
        "per_request_limits": null,
        "supported_parameters": ["tools", "tool_choice", "max_tokens", "temperature", "top_p", "stop", "reasoning", "response_format", "structured_outputs"],
        "default_parameters": null,
        "supported_voices": null,
        "knowledge_cutoff": null,
        "expiration_date": null,
        "links": { "details": format!("/api/v1/models/{id}/endpoints") },
    })
}

fn key() -> Value {
    json!({
        "label": "sk-or-v1-aimock",
        "is_management_key": false,
        "is_provisioning_key": false,
        "limit": null,
        "limit_reset": null,
        "limit_remaining": null,
        "include_byok_in_limit": false,
        "usage": 0,
        "usage_daily": 0,
        "usage_weekly": 0,
        "usage_monthly": 0,
        "byok_usage": 0,
        "byok_usage_daily": 0,
        "byok_usage_weekly": 0,
        "byok_usage_monthly": 0,
        "is_free_tier": false,
        "free_model_daily_requests": { "limit": 1000, "remaining": 1000, "used": 0 },
        "allowed_data_regions": ["global"],
        "expires_at": null,
        "creator_user_id": null,
        "organization_id": null,
        "workspace_id": null,
        "rate_limit": { "requests": -1, "interval": "10s", "note": "This field is deprecated and safe to ignore." },
    })
}
