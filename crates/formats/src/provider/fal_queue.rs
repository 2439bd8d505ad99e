//! fal (docs "Queue", "Synchronous inference"): a queue to submit to, ask and fetch from, and answers at once.
//!
//! Clients of fal have their hosts built in, so their requests come here in one of these ways: with
//! `x-fal-target-url` as fal's own proxies get it (`proxyUrl` of the JavaScript client), with `x-fal-target-host` from a rewriting
//! `fetch`, or with the host alone changed. Without any of them `/fal/queue/…` and `/fal/run/…` say which is meant.

use serde_json::{Value, json};

use super::job::{FollowUp, Job, Jobs, Progress, Verb, not_found};
use super::shared::collapse::{LeftOut, json_body, own_pause, unsayable};
use super::shared::{audio, openai, respond, video};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{
    Audio, Captured, Collapsed, Emission, Endpoint, ErrorOrigin, ErrorReply, FrameKind, Image, Message, RawRequest, Reply, Request, Role,
    Unsayable,
};

pub(super) static PROVIDER: FalQueue = FalQueue;

const QUEUE: &str = "queue.fal.run";
const SYNC: &str = "fal.run";
const NOT_JSON: &str = "Fixture response is not JSON or audio for fal endpoint";
const IN_PROGRESS: &str = "Request is still in progress";
const CANCELLED: &str = "Request was cancelled by the client";

#[derive(Debug)]
pub(super) struct FalQueue;

impl Provider for FalQueue {
    fn name(&self) -> &'static str {
        "fal_queue"
    }

    fn provider(&self) -> &'static str {
        "fal"
    }

    fn summary(&self) -> &'static str {
        "fal: queue (submit, status, result, cancel) and synchronous runs"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/fal/{*rest}", endpoint: Endpoint::Fal },
            Route { method: "GET", path: "/fal/{*rest}", endpoint: Endpoint::Fal },
            Route { method: "PUT", path: "/fal/{*rest}", endpoint: Endpoint::Fal },
            Route { method: "POST", path: "/fal-ai/{*rest}", endpoint: Endpoint::Fal },
            Route { method: "GET", path: "/fal-ai/{*rest}", endpoint: Endpoint::Fal },
            Route { method: "PUT", path: "/fal-ai/{*rest}", endpoint: Endpoint::Fal },
        ]
    }

    fn decode(&self, raw: &RawRequest, route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let target = Target::of(raw).filter(|target| route.method == "POST" && !target.model.is_empty() && target.request.is_none());
        let Some(target) = target else {
            return Err(Box::new(not_found(format!("Path {} not found", raw.path), "not_found")));
        };
        let body = if raw.body.trim_ascii().is_empty() { &Value::Null } else { raw.json().ok_or_else(|| malformed(raw))? };
        Ok(Request {
            provider: self.provider(),
            endpoint: Some(if target.legacy { Endpoint::FalAudio } else { Endpoint::Fal }),
            messages: vec![Message::text(Role::User, prompt(body))],
            model: Some(target.model),
            ..Request::default()
        })
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match (self.begin(context, reply), reply) {
            (Some(job), _) => self.submitted(context, &job),
            (None, Reply::Error(error)) => failed(error),
            (None, reply) => match payload(reply) {
                Some(payload) => respond::json(200, &payload),
                None => failed(&openai::unusable(NOT_JSON)),
            },
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        let body = json_body(captured)?;
        if captured.status >= 400 {
            let text = |path: &str| body.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
            let message = text("/detail").or_else(|| text("/detail/0/msg"));
            let mut error =
                ErrorReply::new(ErrorOrigin::Fixture, captured.status, message.ok_or_else(|| unsayable("the error has no message"))?);
            error.kind = text("/error_type");
            error.retry_after = own_pause(captured, &mut left_out);
            return Ok(left_out.with(Reply::Error(error)));
        }
        if body.get("request_id").is_some() && body.get("response_url").is_some() {
            return Err(unsayable("a place in the queue is no result"));
        }
        Ok(left_out.with(Reply::Json { value: body, status: None }))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        failed(error)
    }

    fn request_id_header(&self) -> &'static str {
        "x-fal-request-id"
    }

    fn jobs(&self) -> Option<&'static dyn Jobs> {
        Some(&PROVIDER)
    }
}

/// What a URL of fal's means.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    queue: bool,
    /// The app with its subpath (`fal-ai/flux/dev`).
    model: String,
    /// The request that is followed up, and what is wanted of it.
    request: Option<(String, String)>,
    /// The peer's older paths for audio.
    legacy: bool,
    /// Where the client finds the queue.
    base: String,
}

impl Target {
    fn of(raw: &RawRequest) -> Option<Target> {
        let remote = |host: &str| format!("https://{host}");
        if let Some(url) = raw.headers.first("x-fal-target-url") {
            let (host, path) = url.split_once("://")?.1.split_once('/')?;
            let path = path.split(['?', '#']).next().unwrap_or_default();
            return (host == QUEUE || host == SYNC).then(|| Target::at(host == QUEUE, path, remote(QUEUE)));
        }
        let path = raw.path.strip_prefix("/fal/").filter(|path| !path.is_empty());
        if let Some(host) = raw.headers.first("x-fal-target-host") {
            let path = path.or_else(|| raw.path.strip_prefix('/'))?;
            return (host == QUEUE || host == SYNC).then(|| Target::at(host == QUEUE, path, remote(QUEUE)));
        }
        let own = video::origin(raw);
        let Some(path) = path else {
            let queue = raw.headers.first("host").is_some_and(|host| host.starts_with("queue.")) || raw.path.contains("/requests/");
            return Some(Target::at(queue, raw.path.strip_prefix('/')?, own));
        };
        let legacy = |target: Target| Some(Target { legacy: true, ..target });
        if let Some(model) = path.strip_prefix("run/") {
            return legacy(Target::at(false, model, own));
        }
        if let Some(model) = path.strip_prefix("queue/submit/") {
            return legacy(Target::at(true, model, format!("{own}/fal/queue")));
        }
        if let Some(path) = path.strip_prefix("queue/") {
            return legacy(Target::at(true, path, format!("{own}/fal/queue")));
        }
        Some(Target::at(true, path, format!("{own}/fal")))
    }

    fn at(queue: bool, path: &str, base: String) -> Target {
        let path = path.trim_matches('/');
        let followed = path.strip_prefix("requests/").map(|rest| ("", rest)).or_else(|| path.rsplit_once("/requests/"));
        let (model, request) = match followed {
            Some((model, rest)) => {
                let (id, what) = rest.split_once('/').unwrap_or((rest, ""));
                (model, Some((id.to_owned(), what.to_owned())))
            }
            None => (path, None),
        };
        Target { queue, model: model.to_owned(), request, legacy: false, base }
    }
}

fn malformed(raw: &RawRequest) -> Box<ErrorReply> {
    let reason = serde_json::from_slice::<Value>(&raw.body).err().map(|error| error.to_string()).unwrap_or_default();
    Box::new(ErrorReply::new(ErrorOrigin::Request, 400, format!("Malformed JSON: {reason}")))
}

/// What a request asks for: its prompt or text, also below `input`; else all of it.
fn prompt(body: &Value) -> String {
    let text = |path: &&str| body.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let found = ["/prompt", "/text", "/input/prompt", "/input/text"].iter().find_map(text);
    found.map_or_else(|| if body.is_null() { "{}".to_owned() } else { body.to_string() }, str::to_owned)
}

/// What a fixture says as fal's JSON: its own, or a file of audio, image or video at a made-up place.
fn payload(reply: &Reply) -> Option<Value> {
    match reply {
        Reply::Json { value, status: _ } => Some(value.clone()),
        Reply::Audio(audio) => Some(audio_file(audio)),
        Reply::Images(images) => {
            let images: Vec<Value> = images.iter().enumerate().map(image_file).collect();
            let flags: Vec<bool> = images.iter().map(|_| false).collect();
            Some(json!({ "images": images, "timings": { "inference": 0 }, "seed": 0, "has_nsfw_concepts": flags, "prompt": "" }))
        }
        Reply::Video(video) => {
            let url = video.0.get("url").and_then(Value::as_str).unwrap_or("https://mock.fal.media/files/generated_video.mp4");
            let (name, kind) = (file_name(url), extension(url, "mp4"));
            Some(json!({ "video": { "url": url, "content_type": format!("video/{kind}"), "file_name": name, "file_size": 0 }, "seed": 0 }))
        }
        _ => None,
    }
}

fn audio_file(audio: &Audio) -> Value {
    let kind = audio.content_type.clone().unwrap_or_else(|| audio::content_type(audio.format.as_deref().unwrap_or_default()).to_owned());
    let extension = audio.format.as_deref().unwrap_or("mp3");
    let size = audio::decoded(&audio.base64).map_or(0, |bytes| bytes.len());
    let name = format!("generated_audio.{extension}");
    json!({ "audio": { "url": format!("https://mock.fal.media/files/{name}"), "content_type": kind, "file_name": name, "file_size": size } })
}

fn image_file((index, image): (usize, &Image)) -> Value {
    let url = image.url.clone().unwrap_or_else(|| format!("https://mock.fal.media/files/generated_image_{index}.png"));
    let kind = match extension(&url, "png") {
        "jpg" => "jpeg",
        other => other,
    };
    let kind = format!("image/{kind}");
    json!({ "url": url, "width": 1024, "height": 1024, "content_type": kind })
}

fn file_name(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default()
}

fn extension<'u>(url: &'u str, usual: &'u str) -> &'u str {
    file_name(url).rsplit_once('.').map_or(usual, |(_, extension)| extension)
}

/// An error in fal's envelope.
fn failed(error: &ErrorReply) -> Emission {
    let mut body = json!({ "detail": error.message });
    if let Some(kind) = error.kind.as_deref().or(error.code.as_deref()) {
        body["error_type"] = kind.into();
    }
    if let Some(found) = error.detail.as_ref() {
        body["aimock"] = found.to_json();
    }
    let mut emission = respond::json(respond::status_or_500(error.status), &body);
    emission.headers.extend(openai::retry_headers(error));
    emission
}

impl Jobs for FalQueue {
    fn follow_up(&self, raw: &RawRequest, route: &Route, _params: &Params) -> Option<FollowUp> {
        if !route.path.starts_with("/fal") {
            return None;
        }
        let (id, what) = Target::of(raw)?.request?;
        let verb = match (route.method, what.as_str()) {
            ("GET", "status") => Verb::Status,
            ("GET", "status/stream") => Verb::Watch,
            ("GET", "" | "response") => Verb::Result,
            ("PUT" | "POST", "cancel") => Verb::Cancel,
            _ => return None,
        };
        Some(FollowUp { verb, id })
    }

    fn begin(&self, context: &mut Context<'_>, reply: &Reply) -> Option<Job> {
        let target = Target::of(context.raw).filter(|target| target.queue)?;
        let value = payload(reply)?;
        let id = video::uuid(context.ids);
        let mut job = Job::new(id, context, &Reply::Json { value, status: None });
        job.asked.insert("base".to_owned(), place(&target, &job).into());
        Some(job)
    }

    /// The result is another answer than the status.
    fn settled_by(&self) -> Verb {
        Verb::Result
    }

    fn unfinished(&self, captured: &Captured) -> Option<String> {
        let body = json_body(captured).ok()?;
        body.get("response_url")?;
        body.get("request_id").and_then(Value::as_str).map(str::to_owned)
    }

    fn submitted(&self, context: &mut Context<'_>, job: &Job) -> Emission {
        let mut body = urls(job);
        body["status"] = "IN_QUEUE".into();
        body["queue_position"] = 0.into();
        body["logs"] = Value::Null;
        body["metrics"] = json!({});
        if let Some(given) = context.raw.json().and_then(|body| body.get("webhook_url")) {
            body["webhook_url"] = given.clone();
        }
        headed(job, respond::json(200, &body))
    }

    fn answer(&self, _context: &mut Context<'_>, verb: Verb, job: &Job) -> Emission {
        let refusal = |status, message: &str| failed(&ErrorReply::new(ErrorOrigin::Request, status, message));
        let emission = match verb {
            Verb::Cancel if job.is_done() => respond::json(400, &json!({ "status": "ALREADY_COMPLETED" })),
            Verb::Cancel => respond::json(202, &json!({ "status": "CANCELLATION_REQUESTED" })),
            Verb::Result if job.cancelled => refusal(400, CANCELLED),
            Verb::Result if !job.is_done() => refusal(400, IN_PROGRESS),
            Verb::Result => {
                let value = if let Reply::Json { value, .. } = &job.reply { value } else { &Value::Null };
                respond::json(200, value)
            }
            Verb::Watch => watched(job),
            Verb::Status | Verb::Delete | Verb::List => respond::json(200, &status(job)),
        };
        headed(job, emission)
    }

    fn unknown(&self, id: &str) -> ErrorReply {
        not_found(format!("Request {id} not found"), "not_found")
    }
}

fn headed(job: &Job, mut emission: Emission) -> Emission {
    emission.headers.push(("x-fal-request-id", job.id.clone()));
    emission
}

/// Where the client finds the request: subpaths of the app are not part of it.
fn place(target: &Target, job: &Job) -> String {
    if target.legacy {
        return format!("{}/requests/{}", target.base, job.id);
    }
    let parts: Vec<&str> = target.model.split('/').collect();
    let kept = if matches!(parts.first(), Some(&"workflows" | &"comfy")) { 3 } else { 2 };
    format!("{}/{}/requests/{}", target.base, parts.iter().take(kept).copied().collect::<Vec<_>>().join("/"), job.id)
}

fn urls(job: &Job) -> Value {
    let base = job.asked.get("base").and_then(Value::as_str).unwrap_or_default();
    json!({ "request_id": job.id, "response_url": base, "status_url": format!("{base}/status"), "cancel_url": format!("{base}/cancel") })
}

fn status(job: &Job) -> Value {
    let mut body = urls(job);
    body["logs"] = json!([]);
    match job.progress() {
        Progress::Queued => {
            body["status"] = "IN_QUEUE".into();
            body["queue_position"] = job.waits.into();
        }
        Progress::Running { .. } => body["status"] = "IN_PROGRESS".into(),
        Progress::Done => {
            body["status"] = "COMPLETED".into();
            body["metrics"] = json!({ "inference_time": 0.0 });
            if job.cancelled {
                body["error"] = CANCELLED.into();
                body["error_type"] = "client_cancelled".into();
            }
        }
    }
    body
}

/// Every status from where the job is until it is done.
fn watched(job: &Job) -> Emission {
    let last = job.waits.saturating_add(1).min(job.polls.saturating_add(MOST_WATCHED));
    let steps = job.polls..=last;
    let at = |polls: u64| status(&Job { polls: if polls == last { job.waits.saturating_add(1) } else { polls }, ..job.clone() });
    let frames = steps.map(|polls| {
        let kind = if polls == last { FrameKind::Terminal } else { FrameKind::Token };
        respond::data_frame(kind, &at(polls))
    });
    respond::event_stream(frames.collect())
}

/// Events of one stream of statuses at most.
const MOST_WATCHED: u64 = 1000;
