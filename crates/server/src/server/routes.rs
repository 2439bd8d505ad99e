//! What the server says of its own surface: every route, those of the codecs and its own, from the tables that answer.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::control::OWN;
use super::head;
use crate::provider::ALL;

/// `GET /__aimock/routes`.
pub(super) async fn list() -> Response {
    head::json(200, &table())
}

/// `GET /__aimock/openapi.json`.
pub(super) async fn openapi() -> Response {
    head::json(200, &document())
}

/// Every route: those of the codecs with what they are, the server's own with what they do.
fn table() -> Value {
    let codecs = ALL.iter().flat_map(|codec| {
        codec.routes().iter().map(|route| {
            json!({
                "method": route.method, "path": route.path, "endpoint": route.endpoint.name(), "provider": codec.provider(),
                "codec": codec.name(), "summary": codec.summary(),
            })
        })
    });
    let sockets = ALL.iter().flat_map(|codec| {
        codec.sockets().iter().map(|route| {
            json!({
                "method": route.method, "path": route.path, "endpoint": route.endpoint.name(), "provider": codec.provider(),
                "codec": codec.name(), "summary": codec.summary(), "upgrade": "websocket",
            })
        })
    });
    let stored = ALL.iter().flat_map(|codec| {
        codec.stored_routes().iter().map(|route| {
            json!({
                "method": route.method, "path": route.path, "provider": codec.provider(), "codec": codec.name(), "summary": route.summary,
            })
        })
    });
    let own = OWN.iter().flat_map(|route| {
        route.methods.iter().map(|(method, summary)| json!({ "method": method, "path": route.path, "summary": summary }))
    });
    json!({ "routes": codecs.chain(sockets).chain(stored).collect::<Vec<_>>(), "control": own.collect::<Vec<_>>() })
}

/// The routes as an `OpenAPI` 3.1 document. Bodies are the vendors' own and are not described here.
fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for codec in ALL {
        for route in codec.routes() {
            let id =
                format!("{}_{}", codec.name(), route.path.trim_matches('/').replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"));
            let id = if route.method == "POST" { id } else { format!("{id}_{}", route.method.to_ascii_lowercase()) };
            add(&mut paths, route.method, route.path, codec.provider(), codec.summary(), &id);
        }
    }
    for codec in ALL {
        for route in codec.sockets() {
            let name = route.path.trim_matches('/').replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
            let id = format!("{}_{name}_socket", codec.name());
            add(&mut paths, route.method, route.path, codec.provider(), codec.summary(), &id);
        }
        for route in codec.stored_routes() {
            let name = route.path.trim_matches('/').replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
            let id = format!("{}_{name}_{}", codec.name(), route.method.to_ascii_lowercase());
            add(&mut paths, route.method, route.path, codec.provider(), route.summary, &id);
        }
    }
    for route in OWN {
        for (method, summary) in route.methods {
            let name = route.path.trim_matches('/').replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
            add(&mut paths, method, route.path, "aimock", summary, &format!("{}_{name}", method.to_ascii_lowercase()));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "aimock", "version": env!("CARGO_PKG_VERSION"),
            "description": "Replays fixtures in the wire formats of LLM providers. Bodies are those of the providers' own references.",
        },
        "paths": paths,
    })
}

fn add(paths: &mut Map<String, Value>, method: &str, pattern: &str, tag: &str, summary: &str, id: &str) {
    let path = pattern.replace("{*", "{");
    let names = path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    let parameters: Vec<Value> =
        names.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })).collect();
    let mut operation = json!({
        "operationId": id, "tags": [tag], "summary": summary,
        "responses": { "200": { "description": "The answer." }, "default": { "description": "An error in the provider's own words." } },
    });
    if let Some(operation) = operation.as_object_mut() {
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), parameters.into());
        }
        if method == "POST" {
            operation.insert("requestBody".to_owned(), json!({ "content": { "*/*": {} } }));
        }
    }
    let methods = paths.entry(path).or_insert_with(|| json!({}));
    if let Some(methods) = methods.as_object_mut() {
        methods.insert(method.to_ascii_lowercase(), operation);
    }
}
