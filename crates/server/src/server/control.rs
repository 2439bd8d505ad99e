//! The control API and the probes: paths, keys and messages of the peer.
//!
//! Not journalled. Browsers may use the control API from pages of this machine only: any page in the world could reach
//! a server on the loopback interface otherwise.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::app::{App, Level};
use super::journal::Filter;
use super::{chaos, head, intake, metrics, models, ollama, pipeline, routes, tail, verify};
use crate::exchange::{ErrorOrigin, ErrorReply, MediaKind};
use crate::fixture::Fixture;

const PREFIX: &str = "/__aimock";
const DEPRECATED: &str = "POST /__aimock/reset/fixtures is deprecated: use POST /__aimock/reset (everything) or POST /__aimock/reset/journal (the journal alone)";

/// A path that the server answers by itself.
pub struct OwnRoute {
    pub path: &'static str,
    /// Method, and what it does, in one line.
    pub methods: &'static [(&'static str, &'static str)],
    handler: fn() -> MethodRouter<Arc<App>>,
}

impl std::fmt::Debug for OwnRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OwnRoute({})", self.path)
    }
}

const METRICS: &str = "/metrics";

/// Every path that the server answers by itself, in the order of the documentation. The routes of the codecs are theirs.
pub static OWN: &[OwnRoute] = &[
    OwnRoute { path: "/health", methods: &[("GET", "says that it runs")], handler: || probe("ok") },
    OwnRoute { path: "/ready", methods: &[("GET", "says that it answers")], handler: || probe("ready") },
    OwnRoute {
        path: "/v1/models",
        methods: &[("GET", "the models that fixtures name, else a list that looks like one; in Anthropic's words for its clients")],
        handler: || get(models::list),
    },
    // Other APIs have actions below it (`:predict`).
    OwnRoute { path: "/v1/models/{*model}", methods: &[("GET", "one of them")], handler: || get(models::one).fallback(pipeline::answer) },
    OwnRoute { path: "/api/tags", methods: &[("GET", "the same models, as Ollama lists them")], handler: || get(ollama::tags) },
    OwnRoute { path: "/api/ps", methods: &[("GET", "the same models, as loaded")], handler: || get(ollama::loaded) },
    OwnRoute { path: "/api/show", methods: &[("POST", "what Ollama says of a model")], handler: || post(ollama::show) },
    OwnRoute { path: "/api/version", methods: &[("GET", "a version of Ollama")], handler: || get(ollama::version) },
    OwnRoute {
        path: METRICS,
        methods: &[("GET", "counts and times for Prometheus, where `--metrics` is set")],
        handler: || get(metrics::show),
    },
    OwnRoute { path: "/__aimock/health", methods: &[("GET", "says that it runs")], handler: || probe("ok") },
    OwnRoute {
        path: "/__aimock/journal",
        methods: &[("GET", "the requests so far; filters `method`, `path`, `status`, `testId`, `requestId`, `limit`, `offset`")],
        handler: || get(journal),
    },
    OwnRoute {
        path: "/__aimock/journal/stream",
        methods: &[("GET", "each request from now on as a line of JSON, once its answer has ended; same filters, `limit` ends it")],
        handler: || get(tail::answer),
    },
    OwnRoute { path: "/__aimock/verify", methods: &[("POST", "judges expectations: docs/verify.md")], handler: || post(verify::answer) },
    OwnRoute {
        path: "/__aimock/fixtures",
        methods: &[
            ("GET", "how many fixtures there are; `?include=fixtures` lists them"),
            ("POST", "adds fixtures at the end, from a body like a fixture file"),
            ("DELETE", "removes all"),
        ],
        handler: || get(fixtures).post(add_fixtures).delete(clear_fixtures),
    },
    OwnRoute {
        path: "/__aimock/reset",
        methods: &[(
            "POST",
            "removes fixtures (`?fixtures=keep`: those that were added here), journal, counts, queued errors and chaos that was set here",
        )],
        handler: || post(reset),
    },
    OwnRoute { path: "/__aimock/reset/journal", methods: &[("POST", "empties the journal")], handler: || post(reset_journal) },
    OwnRoute {
        path: "/__aimock/reset/fixtures",
        methods: &[("POST", "deprecated: the same as `/__aimock/reset`")],
        handler: || post(reset_fixtures),
    },
    OwnRoute {
        path: "/__aimock/error",
        methods: &[("POST", "the next request gets this error: `{ \"status\": 503, \"body\": { \"message\": \"…\" } }`")],
        handler: || post(inject),
    },
    OwnRoute {
        path: "/__aimock/chaos",
        methods: &[
            ("GET", "the faults that are set, for a test id or for all"),
            ("POST", "sets faults by rate: docs/chaos.md"),
            ("DELETE", "takes back what was set"),
        ],
        handler: || get(chaos::control::show).post(chaos::control::set).delete(chaos::control::clear),
    },
    OwnRoute { path: "/__aimock/routes", methods: &[("GET", "every route as JSON")], handler: || get(routes::list) },
    OwnRoute {
        path: "/__aimock/openapi.json",
        methods: &[("GET", "every route as an OpenAPI 3.1 document")],
        handler: || get(routes::openapi),
    },
    OwnRoute {
        path: "/v1/_requests",
        methods: &[("GET", "the journal in its old place; `limit` keeps the newest"), ("DELETE", "empties it")],
        handler: || get(requests).delete(clear_requests),
    },
];

/// All routes: control, probes, and the pipeline for everything else.
pub(super) fn router(app: Arc<App>) -> Router {
    let served = |route: &&OwnRoute| route.path != METRICS || app.metrics.is_some();
    let own = OWN.iter().filter(served);
    own.fold(Router::new(), |router, route| router.route(route.path, (route.handler)()))
        .method_not_allowed_fallback(wrong_method)
        .fallback(pipeline::answer)
        .with_state(app)
}

/// Whether the router has a say about a path; all others are for the pipeline.
pub(super) fn is_own(path: &str) -> bool {
    /// The routes of [`OWN`] up to their parameters, and of 128 letters those that stand fifth in one of them: one letter
    /// tells nearly all of them apart from the paths that matter.
    static STARTS: LazyLock<(Vec<&str>, u128)> = LazyLock::new(|| {
        let starts: Vec<&str> = OWN.iter().filter_map(|route| route.path.split('{').next()).collect();
        let letters = starts.iter().map(|start| fifth(start).map_or(u128::MAX, letter)).fold(0, |all, letter| all | letter);
        (starts, letters)
    });
    let (starts, letters) = &*STARTS;
    let possible = fifth(path).is_none_or(|byte| letters & letter(byte) != 0);
    possible && starts.iter().any(|start| path.starts_with(start))
}

fn fifth(path: &str) -> Option<u8> {
    path.as_bytes().get(4).copied()
}

fn letter(byte: u8) -> u128 {
    1 << (byte % 128)
}

/// Whether whatever asks for a path is the pipeline's to answer.
pub(super) fn is_pipelines(path: &str) -> bool {
    !is_own(path) && !is_control(path)
}

/// Whether a path belongs to the control API.
pub(super) fn is_control(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// Whether a browser sends this for a page that is not of this machine.
pub(super) fn is_cross_site(path: &str, headers: &HeaderMap) -> bool {
    if !is_control(path) && path != "/v1/_requests" {
        return false;
    }
    let text = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    match text("origin") {
        Some(origin) => !is_loopback_origin(&origin),
        None => text("sec-fetch-site").is_some_and(|site| site.eq_ignore_ascii_case("cross-site")),
    }
}

/// What a page of another site gets.
pub(super) fn cross_site() -> Response {
    head::json(
        403,
        &json!({ "error": "The control API takes no requests from web pages of other sites: call it without an Origin header, or from a page on localhost" }),
    )
}

/// A control path that does not exist.
pub(super) fn unknown(path: &str) -> Response {
    head::json(404, &json!({ "error": { "message": format!("Unknown control endpoint: {path}"), "type": "not_found" } }))
}

fn is_loopback_origin(origin: &str) -> bool {
    let Some(host) = origin.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase)) else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The codecs' routes know nothing of the control paths, so their 405 is made here. The router adds `Allow`.
async fn wrong_method(State(app): State<Arc<App>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if app.editions.current().answers_any_url && !is_control(&path) {
        return pipeline::answer(State(app), request).await;
    }
    let message = format!("{} is not allowed on {path}: the Allow header names what is", request.method());
    head::json(405, &json!({ "error": { "message": message, "type": "method_not_allowed" } }))
}

fn probe(status: &'static str) -> MethodRouter<Arc<App>> {
    get(move || async move { head::json(200, &json!({ "status": status })) })
}

/// `GET /v1/_requests`: the journal in its old place; `limit` keeps the newest.
async fn requests(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let query = intake::query(uri.query().unwrap_or_default());
    let entries = app.journal.entries();
    let kept = match query.query_value("limit").map(|text| (text.trim().parse::<usize>(), text)) {
        None => entries.len(),
        Some((Ok(limit), _)) if limit > 0 => limit,
        Some((_, text)) => {
            let message = format!("Invalid limit parameter: {}", json!(text));
            return head::json(400, &json!({ "error": { "message": message, "type": "invalid_request_error" } }));
        }
    };
    let newest = entries.iter().skip(entries.len().saturating_sub(kept));
    head::redacted(200, &newest.map(|entry| entry.to_json()).collect())
}

async fn clear_requests(State(app): State<Arc<App>>) -> Response {
    app.journal.clear();
    head::response(204, Vec::new(), axum::body::Body::empty())
}

async fn journal(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let filter = match Filter::parse(uri.query().unwrap_or_default()) {
        Ok(filter) => filter,
        Err(message) => return bad(&message),
    };
    let (entries, total) = filter.apply(app.journal.entries());
    let mut response = head::redacted(200, &entries.iter().map(|entry| entry.to_json()).collect());
    response.headers_mut().insert("x-total-count", HeaderValue::from(total));
    response.headers_mut().insert("x-aimock-forgotten", HeaderValue::from(app.journal.forgotten()));
    response
}

/// `GET /__aimock/fixtures`: how many there are; with `include=fixtures` which, and how often each answered.
async fn fixtures(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("include", "fixtures") => {}
            ("include", _) => return bad("Invalid 'include': expected 'fixtures'"),
            (name, _) => return bad(&format!("Unknown query parameter: '{name}'. Supported: include")),
        }
    }
    let edition = app.editions.current();
    let count = edition.library.fixtures.len();
    if query.is_empty() {
        return head::json(200, &json!({ "count": count }));
    }
    let listed = edition.library.fixtures.iter().enumerate().filter_map(|(row, fixture)| {
        let view = edition.view(row)?;
        Some(json!({
            "index": row,
            "match": view.matches,
            "responseKind": response_kind(fixture),
            "handle": view.handle,
            "served": edition.hits(row),
        }))
    });
    head::json(200, &json!({ "count": count, "fixtures": listed.collect::<Vec<_>>() }))
}

/// In the peer's words.
fn response_kind(fixture: &Fixture) -> &'static str {
    use crate::exchange::Reply;
    let Some(answer) = fixture.answers.first() else { return "unknown" };
    match (&answer.reply, answer.reply.kind()) {
        (Reply::Turn(turn), _) if turn.calls_tools() && turn.has_text => "contentWithToolCalls",
        (Reply::Turn(turn), _) if turn.calls_tools() => "toolCalls",
        (_, MediaKind::Turn) => "text",
        (_, MediaKind::Error) => "error",
        (_, MediaKind::Embedding) => "embedding",
        (_, MediaKind::Image) => "image",
        (_, MediaKind::Audio) => "audio",
        (_, MediaKind::Transcription) => "transcription",
        (_, MediaKind::Video) => "video",
        (_, MediaKind::Json) => "json",
        (Reply::Events(_), MediaKind::Raw) => "events",
        (_, MediaKind::Raw) => "http",
        (_, MediaKind::Unrecognised) => "unknown",
    }
}

async fn add_fixtures(State(app): State<Arc<App>>, request: Request) -> Response {
    let (text, value) = match body(&app, request).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    if !value.get("fixtures").is_some_and(Value::is_array) {
        return bad("Missing or invalid \"fixtures\" array");
    }
    match (app.world.load)(&text) {
        Ok(added) => {
            let count = added.len();
            app.editions.append(added);
            head::json(200, &json!({ "added": count }))
        }
        Err(problems) => {
            let details: Vec<Value> = problems.iter().map(|message| json!({ "severity": "error", "message": message })).collect();
            head::json(400, &json!({ "error": "Validation failed", "details": details }))
        }
    }
}

async fn clear_fixtures(State(app): State<Arc<App>>) -> Response {
    app.editions.clear();
    app.sessions.clear_injected();
    head::json(200, &json!({ "cleared": true }))
}

/// `POST /__aimock/reset`: fixtures (those from files too, as the peer has it), journal, counts and queued errors. With
/// `?fixtures=keep` the fixtures from files stay, and those that were recorded since.
async fn reset(State(app): State<Arc<App>>, uri: Uri) -> Response {
    match uri.query() {
        None | Some("") => app.editions.clear(),
        Some("fixtures=keep") => app.editions.restore(),
        Some(other) => return bad(&format!("Unknown query '{other}'. Supported: fixtures=keep")),
    }
    reset_rest(&app);
    head::json(200, &json!({ "reset": true }))
}

fn reset_rest(app: &App) {
    app.journal.clear();
    app.sessions.reset();
    app.sessions.clear_injected();
    app.chaos.clear();
    app.shelf.clear();
    app.jobs.clear();
}

async fn reset_journal(State(app): State<Arc<App>>) -> Response {
    app.journal.clear();
    head::json(200, &json!({ "reset": true }))
}

async fn reset_fixtures(State(app): State<Arc<App>>) -> Response {
    app.log(Level::Warning, DEPRECATED);
    app.editions.clear();
    reset_rest(&app);
    let mut response = head::json(200, &json!({ "reset": true, "deprecated": true, "deprecation": DEPRECATED }));
    response.headers_mut().insert("deprecation", HeaderValue::from_static("true"));
    response
}

/// `POST /__aimock/error`: the next request that can carry an error gets this one.
async fn inject(State(app): State<Arc<App>>, request: Request) -> Response {
    let value = match body(&app, request).await {
        Ok((_, value)) => value,
        Err(response) => return response,
    };
    match injected(&value).and_then(|error| app.sessions.inject(error).map_err(str::to_owned)) {
        Ok(()) => head::json(200, &json!({ "queued": true })),
        Err(message) => bad(&message),
    }
}

/// An error from the body of a control request.
fn injected(value: &Value) -> Result<ErrorReply, String> {
    let object = value.as_object().ok_or("Invalid body: expected a JSON object")?;
    let status = match object.get("status").filter(|status| !status.is_null()) {
        None => 500,
        Some(status) => status
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
            .filter(|status| (200..=999).contains(status))
            .ok_or("Invalid 'status': must be an integer between 200 and 999")?,
    };
    let body = match object.get("body") {
        None | Some(Value::Null) => None,
        Some(Value::Object(body)) => Some(body),
        Some(_) => return Err("Invalid 'body': must be an object".to_owned()),
    };
    let text = |name: &str| match body.and_then(|body| body.get(name)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("Invalid 'body.{name}': must be a string")),
    };
    let message = text("message")?.unwrap_or_else(|| "Injected error".to_owned());
    let mut error = ErrorReply::new(ErrorOrigin::Fixture, status, message);
    (error.kind, error.code) = (text("type")?.or_else(|| Some("server_error".to_owned())), text("code")?);
    Ok(error)
}

/// The body of a control request, as text and as JSON.
pub(super) async fn body(app: &App, request: Request) -> Result<(String, Value), Response> {
    let bytes = intake::read(request.into_body(), &app.settings.limits).await;
    let bytes = bytes.map_err(|error| bad(&format!("Failed to read request body: {}", intake::refusal(&error, app).message)))?;
    let text = String::from_utf8(bytes.to_vec()).map_err(|error| bad(&format!("Invalid JSON: {error}")))?;
    match serde_json::from_str(&text) {
        Ok(value @ Value::Object(_)) => Ok((text, value)),
        Ok(_) => Err(bad("Invalid body: expected a JSON object")),
        Err(error) => Err(bad(&format!("Invalid JSON: {error}"))),
    }
}

/// Control errors are plain strings, unlike those of every other endpoint.
pub(super) fn bad(message: &str) -> Response {
    head::json(400, &json!({ "error": message }))
}
