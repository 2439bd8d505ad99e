//! `/__aimock/chaos`: chaos while the server runs, for a test id (`X-Test-Id` or `?testId=`) or for all requests. Keys and
//! messages are the peer's.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use hyper::{HeaderMap, Uri};
use serde_json::{Map, Value, json};

use crate::engine::DEFAULT_TEST_ID;
use crate::fixture::{Chaos, ChaosField};
use crate::server::control::{bad, body};
use crate::server::{App, head, intake};

/// `GET`: what is in force.
pub(in crate::server) async fn show(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    scope(&uri, &headers).map_or_else(|message| bad(&message), |test_id| in_force(&app, &test_id))
}

/// `POST`: settings in place of those that the scope had; `{}` means none at all.
pub(in crate::server) async fn set(State(app): State<Arc<App>>, request: Request) -> Response {
    let test_id = match scope(request.uri(), request.headers()) {
        Ok(test_id) => test_id,
        Err(message) => return bad(&message),
    };
    let value = match body(&app, request).await {
        Ok((_, value)) => value,
        Err(response) => return response,
    };
    let set = read(value.as_object().unwrap_or(&Map::new())).and_then(|chaos| app.chaos.set(&test_id, chaos).map_err(str::to_owned));
    set.map_or_else(|message| bad(&message), |()| in_force(&app, &test_id))
}

/// `DELETE`: back to what holds without the scope.
pub(in crate::server) async fn clear(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    match scope(&uri, &headers) {
        Ok(test_id) => {
            app.chaos.remove(&test_id);
            in_force(&app, &test_id)
        }
        Err(message) => bad(&message),
    }
}

/// The test id that a control request is about.
fn scope(uri: &Uri, headers: &HeaderMap) -> Result<String, String> {
    let header = headers.get("x-test-id").map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
    let query = || intake::query(uri.query().unwrap_or_default()).query_value("testId");
    match header.or_else(query) {
        None => Ok(DEFAULT_TEST_ID.to_owned()),
        Some(test_id) if test_id.trim().is_empty() => {
            Err("Invalid test id: must not be blank; leave it out to set chaos for all requests".to_owned())
        }
        Some(test_id) => Ok(test_id),
    }
}

fn read(object: &Map<String, Value>) -> Result<Chaos, String> {
    let mut chaos = Chaos::default();
    for (key, value) in object {
        let field = ChaosField::of_key(key).ok_or_else(|| format!("Unknown chaos field: '{key}'"))?;
        let number = value.as_f64().filter(|number| field.accepts(*number));
        chaos.set(field, Some(number.ok_or_else(|| format!("Invalid '{key}': must be {}", field.wanted()))?));
    }
    Ok(chaos)
}

fn in_force(app: &App, test_id: &str) -> Response {
    let chaos = app.chaos.resolve(test_id, &app.settings.chaos);
    let set = ChaosField::ALL.into_iter().filter_map(|field| Some((field.key().to_owned(), number(chaos.get(field)?))));
    head::json(200, &json!({ "chaos": set.collect::<Map<String, Value>>() }))
}

/// Whole numbers without a fraction, as they were given.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}
