//! OpenAI videos (API reference, "Videos"): jobs that are created, asked after, fetched, listed, deleted and remixed.

use serde_json::{Map, Value, json};

use super::job::{FollowUp, Job, Jobs, Progress, Verb, not_found};
use super::shared::collapse::{LeftOut, error, json_body, unsayable};
use super::shared::form::{self, Fields};
use super::shared::video::{self, End};
use super::shared::{chat_collapse, openai, respond};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{
    Captured, Collapsed, Emission, Endpoint, ErrorOrigin, ErrorReply, Message, RawRequest, Reply, Request, Role, Unsayable, Video,
};

pub(super) static PROVIDER: OpenAiVideos = OpenAiVideos;

const DEFAULT_MODEL: &str = "sora-2";
/// The vendor's page of a list.
const PAGE: usize = 20;
const LONGEST_PAGE: usize = 100;
const NOT_READY: &str = "Video is not ready yet, use GET /v1/videos/{video_id} to check status.";
const VIDEO: &str = "/v1/videos/{video_id}";

#[derive(Debug)]
pub(super) struct OpenAiVideos;

impl Provider for OpenAiVideos {
    fn name(&self) -> &'static str {
        "openai_videos"
    }

    fn provider(&self) -> &'static str {
        "openai"
    }

    fn summary(&self) -> &'static str {
        "OpenAI video jobs: create, status, content, list, delete, remix, edit, extend"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/v1/videos", endpoint: Endpoint::Video },
            Route { method: "POST", path: "/v1/videos/edits", endpoint: Endpoint::Video },
            Route { method: "POST", path: "/v1/videos/extensions", endpoint: Endpoint::Video },
            Route { method: "POST", path: "/v1/videos/{video_id}/remix", endpoint: Endpoint::Video },
            Route { method: "GET", path: "/v1/videos", endpoint: Endpoint::Video },
            Route { method: "GET", path: VIDEO, endpoint: Endpoint::Video },
            Route { method: "GET", path: "/v1/videos/{video_id}/content", endpoint: Endpoint::Video },
            Route { method: "DELETE", path: VIDEO, endpoint: Endpoint::Video },
        ]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = |fields: Fields<'_>| {
            let prompt = fields.needed("prompt")?;
            let model = fields.text("model")?.filter(|model| !model.is_empty());
            fields.label("seconds")?;
            fields.text("size")?;
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(Endpoint::Video),
                model: Some(model.map_or_else(|| DEFAULT_MODEL.to_owned(), Into::into)),
                messages: vec![Message::text(Role::User, prompt)],
                ..Request::default()
            })
        };
        Fields::of(raw).and_then(read).map_err(|problem| form::refusal(raw, problem))
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match (self.begin(context, reply), reply) {
            (Some(job), _) => self.submitted(context, &job),
            (None, Reply::Error(error)) => openai::encode_error(error),
            (None, _) => openai::encode_error(&openai::unusable(video::NOT_A_VIDEO)),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        if captured.status >= 400 {
            let reply = Reply::Error(chat_collapse::without_defaults(error(captured, &mut left_out)?));
            return Ok(left_out.with(reply));
        }
        let body = json_body(captured)?;
        let status = body.get("status").and_then(Value::as_str);
        let (Some(_), Some(id)) = (status, body.get("id").and_then(Value::as_str)) else { return Err(unsayable("the body is no video")) };
        left_out.others(&body, &[KEPT.as_slice(), &HOUSE].concat());
        let mut kept = Map::from_iter([("id".to_owned(), id.into())]);
        let members = body.as_object().into_iter().flatten().filter(|(key, value)| KEPT.contains(&key.as_str()) && !value.is_null());
        kept.extend(members.map(|(key, value)| (key.clone(), value.clone())));
        Ok(left_out.with(Reply::Video(Video(Value::Object(kept)))))
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        openai::encode_error(error)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn jobs(&self) -> Option<&'static dyn Jobs> {
        Some(&PROVIDER)
    }
}

/// Members of an answer that a fixture keeps.
const KEPT: [&str; 7] = ["id", "status", "url", "error", "seconds", "size", "duration"];
/// Members that say more about the moment, or repeat the request.
const HOUSE: [&str; 7] = ["object", "created_at", "completed_at", "expires_at", "progress", "model", "prompt"];

impl Jobs for OpenAiVideos {
    fn follow_up(&self, _raw: &RawRequest, route: &Route, params: &Params) -> Option<FollowUp> {
        let verb = match (route.method, route.path) {
            ("GET", "/v1/videos") => Verb::List,
            ("GET", VIDEO) => Verb::Status,
            ("GET", "/v1/videos/{video_id}/content") => Verb::Result,
            ("DELETE", VIDEO) => Verb::Delete,
            _ => return None,
        };
        Some(FollowUp::of(verb, params, "video_id"))
    }

    fn begin(&self, context: &mut Context<'_>, reply: &Reply) -> Option<Job> {
        let Reply::Video(Video(said)) = reply else { return None };
        let given = said.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
        let id = given.unwrap_or_else(|| context.ids.next("video_"));
        let mut job = Job::new(id, context, reply);
        let fields = Fields::of(context.raw).ok();
        let asked = |name, usual: &str| {
            let text = fields.as_ref().and_then(|fields| fields.label(name).ok().flatten());
            text.filter(|text| !text.is_empty()).map_or_else(|| usual.to_owned(), Into::into)
        };
        job.asked.insert("seconds".to_owned(), asked("seconds", "4").into());
        job.asked.insert("size".to_owned(), asked("size", "720x1280").into());
        let source = context.raw.path.strip_suffix("/remix").and_then(|path| path.rsplit('/').next());
        job.asked.insert("remixed_from_video_id".to_owned(), source.map_or(Value::Null, Value::from));
        Some(job)
    }

    fn submitted(&self, _context: &mut Context<'_>, job: &Job) -> Emission {
        respond::json(200, &object(job))
    }

    fn answer(&self, context: &mut Context<'_>, verb: Verb, job: &Job) -> Emission {
        match verb {
            Verb::Delete => respond::json(200, &json!({ "id": job.id, "deleted": true, "object": "video.deleted" })),
            Verb::Result => content(context.raw, job),
            Verb::Status | Verb::Watch | Verb::Cancel | Verb::List => respond::json(200, &object(job)),
        }
    }

    fn list(&self, context: &mut Context<'_>, jobs: &[Job]) -> Option<Emission> {
        let raw = context.raw;
        let limit = raw.query_value("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE).clamp(1, LONGEST_PAGE);
        let mut jobs: Vec<&Job> = jobs.iter().collect();
        if raw.query_value("order").as_deref() != Some("asc") {
            jobs.reverse();
        }
        let after = raw.query_value("after").and_then(|after| jobs.iter().position(|job| job.id == after));
        let rest = jobs.get(after.map_or(0, |after| after + 1)..).unwrap_or_default();
        let page: Vec<Value> = rest.iter().take(limit).map(|job| object(job)).collect();
        let id = |video: Option<&Value>| video.and_then(|video| video.get("id")).cloned();
        let has_more = rest.len() > limit;
        Some(respond::json(
            200,
            &json!({ "object": "list", "first_id": id(page.first()), "last_id": id(page.last()), "has_more": has_more, "data": page }),
        ))
    }

    fn unfinished(&self, captured: &Captured) -> Option<String> {
        let body = json_body(captured).ok()?;
        let text = |key: &str| body.get(key).and_then(Value::as_str);
        text("status").filter(|status| matches!(*status, "queued" | "in_progress"))?;
        Some(text("id").unwrap_or_default().to_owned())
    }

    fn unknown(&self, id: &str) -> ErrorReply {
        let mut error = not_found(format!("Video {id} not found"), "not_found");
        error.kind = Some("not_found".to_owned());
        error
    }
}

/// The video object. What the fixture says wins.
fn object(job: &Job) -> Value {
    let (status, progress) = match (job.progress(), video::end(job)) {
        (Progress::Queued, _) => ("queued", 0),
        (Progress::Running { percent }, _) => ("in_progress", percent),
        (Progress::Done, End::Completed) => ("completed", 100),
        (Progress::Done, End::Failed) => ("failed", 0),
        (Progress::Done, End::Never) => ("in_progress", 0),
    };
    let completed = status == "completed";
    let mut object = json!({
        "id": job.id,
        "object": "video",
        "created_at": job.created,
        "completed_at": if completed { json!(job.created) } else { Value::Null },
        "expires_at": if completed { json!(job.created + 24 * 3600) } else { Value::Null },
        "status": status,
        "progress": progress,
        "model": job.model,
        "prompt": job.prompt,
        "seconds": Value::Null,
        "size": Value::Null,
        "error": Value::Null,
    });
    let Some(members) = object.as_object_mut() else { return object };
    members.extend(job.asked.clone());
    for key in ["model", "seconds", "size", "prompt", "completed_at", "expires_at"] {
        members.extend(job.video().get(key).filter(|given| !given.is_null()).map(|given| (key.to_owned(), given.clone())));
    }
    if completed {
        members.extend(job.video().get("url").map(|url| ("url".to_owned(), url.clone())));
    }
    if status == "failed" {
        let (message, code) = video::failure(job);
        members.insert("error".to_owned(), json!({ "code": code.as_deref().unwrap_or("video_generation_failed"), "message": message }));
    }
    object
}

/// Bytes of the video, or of what else is made of it.
fn content(raw: &RawRequest, job: &Job) -> Emission {
    if !job.is_done() || video::end(job) != End::Completed {
        return openai::encode_error(&ErrorReply::new(ErrorOrigin::Request, 400, NOT_READY));
    }
    let (key, kind) = match raw.query_value("variant").as_deref() {
        None | Some("video") => return video::file(job),
        Some("thumbnail") => ("thumbnail", "image/webp"),
        Some("spritesheet") => ("spritesheet", "image/jpeg"),
        Some(_) => {
            let mut error =
                ErrorReply::new(ErrorOrigin::Request, 400, "Invalid value for 'variant': must be video, thumbnail or spritesheet");
            error.param = Some("variant".to_owned());
            return openai::encode_error(&error);
        }
    };
    match video::given_bytes(job, key) {
        Some(bytes) => video::whole(kind, bytes),
        None => openai::encode_error(&not_found(format!("The fixture gives no {key}: add `video.{key}` in base64"), "not_found")),
    }
}
