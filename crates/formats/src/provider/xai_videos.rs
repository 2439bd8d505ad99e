//! xAI videos (API reference, "Video generation"): a request id, then its status. The status URL is OpenAI's as well; the job
//! tells whose it is.

use serde_json::{Map, Value, json};

use super::job::{FollowUp, Job, Jobs, Progress, Verb, not_found};
use super::shared::body::{self, Place};
use super::shared::collapse::{LeftOut, json_body, own_pause, unsayable};
use super::shared::video::{self, End};
use super::shared::{openai, respond};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{
    Captured, Collapsed, Emission, Endpoint, ErrorOrigin, ErrorReply, Message, RawRequest, Reply, Request, Role, Unsayable, Video,
};

pub(super) static PROVIDER: XaiVideos = XaiVideos;

const DEFAULT_MODEL: &str = "grok-imagine-video";
/// Where a completed job without a URL of its own is.
const PLACE: &str = "https://cdn.x.ai/aimock-placeholder-video.mp4";
/// What a dollar is in the unit of `usage`.
const TICKS: f64 = 1e10;
const DEFAULT_SECONDS: f64 = 8.0;

#[derive(Debug)]
pub(super) struct XaiVideos;

impl Provider for XaiVideos {
    fn name(&self) -> &'static str {
        "xai_videos"
    }

    fn provider(&self) -> &'static str {
        "grok"
    }

    fn summary(&self) -> &'static str {
        "xAI video jobs; their status is at `/v1/videos/{request_id}`"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/v1/videos/generations", endpoint: Endpoint::Video }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = || {
            let body = Place::body(body::json(raw)?)?;
            body.numbers(&["duration"])?;
            let prompt = body.text("prompt")?.filter(|prompt| !prompt.is_empty()).ok_or(body::Problem::Missing("prompt"))?;
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(Endpoint::Video),
                model: Some(body.text("model")?.filter(|model| !model.is_empty()).unwrap_or(DEFAULT_MODEL).to_owned()),
                messages: vec![Message::text(Role::User, prompt)],
                ..Request::default()
            })
        };
        read().map_err(|problem| openai::refusal(problem, "Malformed JSON"))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match (self.begin(context, reply), reply) {
            (Some(job), _) => self.submitted(context, &job),
            (None, Reply::Error(error)) => failed(error),
            (None, _) => failed(&openai::unusable(video::NOT_A_VIDEO)),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        let body = json_body(captured)?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        if captured.status >= 400 {
            let message =
                text(&body, "error").filter(|message| !message.is_empty()).ok_or_else(|| unsayable("the error has no message"))?;
            let mut error = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message);
            error.code = text(&body, "code").filter(|code| code != words(captured.status));
            error.retry_after = own_pause(captured, &mut left_out);
            return Ok(left_out.with(Reply::Error(error)));
        }
        left_out.others(&body, &["request_id", "status", "video", "usage", "progress", "model", "error"]);
        let mut kept = Map::new();
        let status = text(&body, "status");
        let id = text(&body, "request_id");
        if status.is_none() && id.is_none() {
            return Err(unsayable("the body is no video"));
        }
        kept.extend(id.map(|id| ("id".to_owned(), id.into())));
        let word = match status.as_deref() {
            Some("done") => "completed",
            Some("failed" | "expired") => "failed",
            _ => "processing",
        };
        kept.insert("status".to_owned(), word.into());
        for key in ["url", "duration"] {
            kept.extend(body.get("video").and_then(|video| video.get(key)).map(|value| (key.to_owned(), value.clone())));
        }
        let ticks = body.pointer("/usage/cost_in_usd_ticks").and_then(Value::as_f64);
        kept.extend(ticks.filter(|ticks| *ticks > 0.0).map(|ticks| ("cost".to_owned(), json!(ticks / TICKS))));
        kept.extend(body.get("error").filter(|error| !error.is_null()).map(|error| ("error".to_owned(), error.clone())));
        Ok(left_out.with(Reply::Video(Video(Value::Object(kept)))))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        failed(error)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn jobs(&self) -> Option<&'static dyn Jobs> {
        Some(&PROVIDER)
    }
}

/// An error as xAI words it: a sentence in `code`, another in `error`.
fn failed(error: &ErrorReply) -> Emission {
    let code = error.code.as_deref().unwrap_or_else(|| words(error.status));
    let mut body = json!({ "code": code, "error": error.message });
    if let Some(detail) = error.detail.as_ref() {
        body["aimock"] = detail.to_json();
    }
    let mut emission = respond::json(respond::status_or_500(error.status), &body);
    emission.headers.extend(openai::retry_headers(error));
    emission
}

/// What the vendor says of a status.
fn words(status: u16) -> &'static str {
    match status {
        400 => "Client specified an invalid argument",
        401 => "Unauthenticated",
        403 => "The caller does not have permission to execute the specified operation",
        404 => "Some requested entity was not found",
        429 => "Some resource has been exhausted",
        503 => "The service is currently unavailable",
        _ => "The system encountered an unexpected error",
    }
}

impl Jobs for XaiVideos {
    fn follow_up(&self, _raw: &RawRequest, route: &Route, params: &Params) -> Option<FollowUp> {
        let is_status = (route.method, route.path) == ("GET", "/v1/videos/{video_id}");
        is_status.then(|| FollowUp::of(Verb::Status, params, "video_id"))
    }

    fn begin(&self, context: &mut Context<'_>, reply: &Reply) -> Option<Job> {
        let Reply::Video(_) = reply else { return None };
        // Not the fixture's id, which is the video's: every request is asked after by itself.
        let id = video::uuid(context.ids);
        let mut job = Job::new(id, context, reply);
        let duration = context.raw.json().and_then(|body| body.get("duration")).filter(|duration| duration.is_number());
        job.asked.insert("duration".to_owned(), duration.cloned().unwrap_or_else(|| json!(DEFAULT_SECONDS)));
        Some(job)
    }

    fn submitted(&self, context: &mut Context<'_>, job: &Job) -> Emission {
        let request_id = format!("{}{}", job.id, video::test_id(context.raw, '?'));
        respond::json(200, &json!({ "request_id": request_id }))
    }

    fn answer(&self, _context: &mut Context<'_>, _verb: Verb, job: &Job) -> Emission {
        let head =
            |status: &str, progress: u64| json!({ "request_id": job.id, "status": status, "progress": progress, "model": job.model });
        let body = match (job.progress(), video::end(job)) {
            (Progress::Queued, _) | (Progress::Done, End::Never) => head("pending", 0),
            (Progress::Running { percent }, _) => head("pending", percent),
            (Progress::Done, End::Failed) => {
                let (message, code) = video::failure(job);
                let mut body = head("failed", 0);
                body["error"] = json!({ "code": code.as_deref().unwrap_or("internal_error"), "message": message });
                body
            }
            (Progress::Done, End::Completed) => {
                let mut body = head("done", 100);
                let duration = job.video().get("duration").filter(|given| given.is_number()).or(job.asked.get("duration"));
                let url = video::text(job, "url").unwrap_or(PLACE);
                body["video"] = json!({ "url": url, "duration": duration, "respect_moderation": true });
                let cost = job.video().get("cost").and_then(Value::as_f64).unwrap_or(0.0);
                body["usage"] = json!({ "cost_in_usd_ticks": super::shared::usage::count((cost * TICKS).round()) });
                body
            }
        };
        respond::json(200, &body)
    }

    fn unfinished(&self, captured: &Captured) -> Option<String> {
        let body = json_body(captured).ok()?;
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        let done = text("status").is_some_and(|status| status != "pending") || body.get("video").is_some();
        (!done).then(|| text("request_id").unwrap_or_default().to_owned())
    }

    fn unknown(&self, id: &str) -> ErrorReply {
        not_found(format!("Video {id} not found"), words(404))
    }
}
