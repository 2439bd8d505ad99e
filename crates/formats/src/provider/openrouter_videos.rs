//! OpenRouter videos (API reference, "Video generation"): submit, poll, and fetch the content with the key.

use serde_json::{Map, Value, json};

use super::job::{FollowUp, Job, Jobs, Progress, Verb, not_found};
use super::shared::body::{self, Place};
use super::shared::collapse::{LeftOut, json_body, unsayable};
use super::shared::openrouter::{self, encode_error};
use super::shared::video::{self, End};
use super::shared::{openai, respond};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{
    Captured, Collapsed, Emission, Endpoint, ErrorOrigin, ErrorReply, Message, RawRequest, Reply, Request, Role, Unsayable, Video,
};

pub(super) static PROVIDER: OpenRouterVideos = OpenRouterVideos;

const JOB: &str = "/api/v1/videos/{job_id}";
/// Listed by `/api/v1/videos/models`, beside what was asked for.
const MODELS: [&str; 3] = ["google/veo-3.1", "openai/sora-2", "bytedance/seedance-2.0"];

#[derive(Debug)]
pub(super) struct OpenRouterVideos;

impl Provider for OpenRouterVideos {
    fn name(&self) -> &'static str {
        "openrouter_videos"
    }

    fn provider(&self) -> &'static str {
        "openrouter"
    }

    fn summary(&self) -> &'static str {
        "OpenRouter video jobs: submit, poll, content, models"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/api/v1/videos", endpoint: Endpoint::Video },
            Route { method: "GET", path: "/api/v1/videos/models", endpoint: Endpoint::Video },
            Route { method: "GET", path: JOB, endpoint: Endpoint::Video },
            Route { method: "GET", path: "/api/v1/videos/{job_id}/content", endpoint: Endpoint::Video },
        ]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = || {
            let body = Place::body(body::json(raw)?)?;
            let needed = |name| body.text(name)?.filter(|text| !text.is_empty()).ok_or(body::Problem::Missing(name));
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(Endpoint::Video),
                messages: vec![Message::text(Role::User, needed("prompt")?)],
                model: Some(needed("model")?.to_owned()),
                ..Request::default()
            })
        };
        read().map_err(|problem| openai::refusal(problem, "Malformed JSON"))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match (self.begin(context, reply), reply) {
            (Some(job), _) => self.submitted(context, &job),
            (None, Reply::Error(error)) => encode_error(error),
            (None, _) => encode_error(&openai::unusable(video::NOT_A_VIDEO)),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        if captured.status >= 400 {
            let error = openrouter::collapse_error(captured, &mut left_out)?;
            return Ok(left_out.with(Reply::Error(error)));
        }
        let body = json_body(captured)?;
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        let (Some(id), Some(status)) = (text("id"), text("status")) else { return Err(unsayable("the body is no video")) };
        left_out.others(&body, &["id", "status", "polling_url", "unsigned_urls", "usage", "error"]);
        let mut kept = Map::from_iter([("id".to_owned(), id.into())]);
        let word = match status {
            "completed" => "completed",
            "failed" | "cancelled" | "expired" => "failed",
            _ => "processing",
        };
        kept.insert("status".to_owned(), word.into());
        kept.extend(body.pointer("/usage/cost").filter(|cost| cost.is_number()).map(|cost| ("cost".to_owned(), cost.clone())));
        kept.extend(body.get("error").filter(|error| !error.is_null()).map(|error| ("error".to_owned(), error.clone())));
        Ok(left_out.with(Reply::Video(Video(Value::Object(kept)))))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        encode_error(error)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn jobs(&self) -> Option<&'static dyn Jobs> {
        Some(&PROVIDER)
    }
}

impl Jobs for OpenRouterVideos {
    fn follow_up(&self, _raw: &RawRequest, route: &Route, params: &Params) -> Option<FollowUp> {
        let verb = match (route.method, route.path) {
            ("GET", "/api/v1/videos/models") => Verb::List,
            ("GET", JOB) => Verb::Status,
            ("GET", "/api/v1/videos/{job_id}/content") => Verb::Result,
            _ => return None,
        };
        Some(FollowUp::of(verb, params, "job_id"))
    }

    fn begin(&self, context: &mut Context<'_>, reply: &Reply) -> Option<Job> {
        let Reply::Video(_) = reply else { return None };
        let id = video::uuid(context.ids);
        Some(Job::new(id, context, reply))
    }

    /// Accepted: a job is never done before it is asked after.
    fn submitted(&self, context: &mut Context<'_>, job: &Job) -> Emission {
        respond::json(202, &json!({ "id": job.id, "polling_url": polling_url(context.raw, job), "status": "pending" }))
    }

    fn answer(&self, context: &mut Context<'_>, verb: Verb, job: &Job) -> Emission {
        if verb == Verb::Result {
            return content(context.raw, job);
        }
        let head = |status: &str| json!({ "id": job.id, "polling_url": polling_url(context.raw, job), "status": status });
        let body = match (job.progress(), video::end(job)) {
            (Progress::Queued, _) => head("pending"),
            (Progress::Running { .. }, _) | (Progress::Done, End::Never) => head("in_progress"),
            (Progress::Done, End::Failed) => {
                let mut body = head("failed");
                body["error"] = video::failure(job).0.into();
                body
            }
            (Progress::Done, End::Completed) => {
                let mut body = head("completed");
                body["generation_id"] = format!("gen-{}", job.id).into();
                let own = video::test_id(context.raw, '&');
                body["unsigned_urls"] = json!([format!("{}/api/v1/videos/{}/content?index=0{own}", video::origin(context.raw), job.id)]);
                body["usage"] =
                    json!({ "cost": job.video().get("cost").filter(|cost| cost.is_number()).unwrap_or(&json!(0)), "is_byok": false });
                body
            }
        };
        respond::json(200, &body)
    }

    fn list(&self, context: &mut Context<'_>, _jobs: &[Job]) -> Option<Emission> {
        let model = |id: &str| {
            json!({
                "id": id,
                "canonical_slug": id,
                "name": id,
                "created": context.created,
                "supported_resolutions": ["720p", "1080p"],
                "supported_aspect_ratios": ["16:9", "9:16"],
                "supported_durations": [4, 6, 8],
                "supported_frame_images": ["first_frame", "last_frame"],
                "supported_sizes": null,
                "generate_audio": true,
                "seed": null,
                "creativity": null,
                "upscale_factor": null,
                "allowed_passthrough_parameters": [],
            })
        };
        Some(respond::json(200, &json!({ "data": MODELS.map(model) })))
    }

    fn unfinished(&self, captured: &Captured) -> Option<String> {
        let body = json_body(captured).ok()?;
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        text("status").filter(|status| matches!(*status, "pending" | "in_progress"))?;
        Some(text("id").unwrap_or_default().to_owned())
    }

    fn unknown(&self, id: &str) -> ErrorReply {
        not_found(format!("Video job {id} not found"), "not_found")
    }
}

fn polling_url(raw: &RawRequest, job: &Job) -> String {
    format!("{}/api/v1/videos/{}{}", video::origin(raw), job.id, video::test_id(raw, '?'))
}

/// The bytes, for whoever sends a key with the request.
fn content(raw: &RawRequest, job: &Job) -> Emission {
    let refusal = |status, message: &str| encode_error(&ErrorReply::new(ErrorOrigin::Request, status, message));
    let bearer = raw.headers.first("authorization").and_then(|value| value.split_once(' '));
    if !bearer.is_some_and(|(scheme, key)| scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty()) {
        return refusal(401, "No auth credentials found");
    }
    match (job.progress(), video::end(job)) {
        (Progress::Done, End::Completed) => video::file(job),
        _ => refusal(404, "Video content is not available until the job is completed"),
    }
}
