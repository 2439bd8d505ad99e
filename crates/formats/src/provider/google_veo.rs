//! Veo (Gemini API reference, "Generate videos"): `:predictLongRunning` names an operation, which is asked after until it is
//! done; the video is a file.

use serde_json::{Map, Value, json};

use super::job::{FollowUp, Job, Jobs, Progress, Verb, not_found};
use super::shared::body::{self, Place, Problem};
use super::shared::collapse::{LeftOut, json_body, unsayable};
use super::shared::video::{self, End};
use super::shared::{gemini_collapse, google, openai, respond};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{Captured, Collapsed, Emission, Endpoint, ErrorReply, Message, RawRequest, Reply, Request, Role, Unsayable, Video};

pub(super) static PROVIDER: GoogleVeo = GoogleVeo;

const ANSWER: &str = "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse";

#[derive(Debug)]
pub(super) struct GoogleVeo;

impl Provider for GoogleVeo {
    fn name(&self) -> &'static str {
        "google_veo"
    }

    fn provider(&self) -> &'static str {
        "gemini"
    }

    fn summary(&self) -> &'static str {
        "Veo video jobs: operations and files"
    }

    fn routes(&self) -> &'static [Route] {
        &[
            Route { method: "POST", path: "/v1beta/models/{model}:predictLongRunning", endpoint: Endpoint::Video },
            Route { method: "GET", path: "/v1beta/operations/{operation}", endpoint: Endpoint::Video },
            Route { method: "GET", path: "/v1beta/models/{model}/operations/{operation}", endpoint: Endpoint::Video },
            Route { method: "GET", path: "/v1beta/files/{operation}:download", endpoint: Endpoint::Video },
        ]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, params: &Params) -> Result<Request, Box<ErrorReply>> {
        let read = || {
            let body = Place::body(body::json(raw)?)?;
            body.object_at("parameters")?;
            let mut prompt = None;
            body.objects("instances", |instance| {
                prompt = prompt.take().or(instance.text("prompt")?.map(str::to_owned));
                Ok(())
            })?;
            Ok(Request {
                provider: self.provider(),
                endpoint: Some(Endpoint::Video),
                model: params.get("model").map(str::to_owned),
                messages: vec![Message::text(
                    Role::User,
                    prompt.filter(|prompt| !prompt.is_empty()).ok_or(Problem::Missing("instances[0].prompt"))?,
                )],
                ..Request::default()
            })
        };
        read().map_err(google::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match (self.begin(context, reply), reply) {
            (Some(job), _) => self.submitted(context, &job),
            (None, Reply::Error(error)) => google::encode_error(error, context.moment()),
            (None, _) => google::encode_error(&openai::unusable(video::NOT_A_VIDEO), context.moment()),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        let mut left_out = LeftOut::default();
        if captured.status >= 400 {
            let reply = Reply::Error(gemini_collapse::error(captured, &mut left_out)?);
            return Ok(left_out.with(reply));
        }
        let body = json_body(captured)?;
        let name = body.get("name").and_then(Value::as_str).ok_or_else(|| unsayable("the body is no operation"))?;
        left_out.others(&body, &["name", "done", "response", "error"]);
        let mut kept = Map::from_iter([("id".to_owned(), name.rsplit('/').next().unwrap_or(name).into())]);
        let uri = body.pointer("/response/generateVideoResponse/generatedSamples/0/video/uri");
        let (word, more) = match (body.get("done").and_then(Value::as_bool), body.pointer("/error/message"), uri) {
            (Some(true), Some(message), _) => ("failed", Some(("error", message))),
            (Some(true), None, Some(uri)) => ("completed", Some(("url", uri))),
            (Some(true), None, None) => return Err(unsayable("the operation holds no video")),
            _ => ("processing", None),
        };
        kept.insert("status".to_owned(), word.into());
        kept.extend(more.map(|(key, value)| (key.to_owned(), value.clone())));
        Ok(left_out.with(Reply::Video(Video(Value::Object(kept)))))
    }

    fn encode_error(&self, error: &ErrorReply, moment: Moment<'_>) -> Emission {
        google::encode_error(error, moment)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn jobs(&self) -> Option<&'static dyn Jobs> {
        Some(&PROVIDER)
    }
}

impl Jobs for GoogleVeo {
    fn follow_up(&self, _raw: &RawRequest, route: &Route, params: &Params) -> Option<FollowUp> {
        let verb = match (route.method, route.path) {
            ("GET", "/v1beta/files/{operation}:download") => Verb::Result,
            ("GET", path) if path.ends_with("/operations/{operation}") => Verb::Status,
            _ => return None,
        };
        Some(FollowUp::of(verb, params, "operation"))
    }

    fn begin(&self, context: &mut Context<'_>, reply: &Reply) -> Option<Job> {
        let Reply::Video(_) = reply else { return None };
        // Files are named in lower case without dashes.
        let id = video::uuid(context.ids).replace('-', "");
        Some(Job::new(id, context, reply))
    }

    fn submitted(&self, _context: &mut Context<'_>, job: &Job) -> Emission {
        respond::json(200, &json!({ "name": name(job) }))
    }

    fn answer(&self, context: &mut Context<'_>, verb: Verb, job: &Job) -> Emission {
        let completed = job.progress() == Progress::Done && video::end(job) == End::Completed;
        if verb == Verb::Result {
            let missing = || google::encode_error(&self.unknown(&job.id), context.moment());
            return if completed { video::file(job) } else { missing() };
        }
        let mut body = json!({ "name": name(job) });
        match (job.progress(), video::end(job)) {
            (Progress::Queued | Progress::Running { .. }, _) | (Progress::Done, End::Never) => {}
            (Progress::Done, End::Failed) => {
                body["done"] = true.into();
                body["error"] = json!({ "code": 3, "message": video::failure(job).0 });
            }
            (Progress::Done, End::Completed) => {
                let own = || {
                    format!("{}/v1beta/files/{}:download?alt=media{}", video::origin(context.raw), job.id, video::test_id(context.raw, '&'))
                };
                // Bytes of the fixture are served here, whatever place they were recorded from.
                let elsewhere = video::text(job, "url").filter(|_| video::text(job, "b64").is_none());
                let uri = elsewhere.map_or_else(own, str::to_owned);
                body["done"] = true.into();
                body["response"] =
                    json!({ "@type": ANSWER, "generateVideoResponse": { "generatedSamples": [{ "video": { "uri": uri } }] } });
            }
        }
        respond::json(200, &body)
    }

    fn unfinished(&self, captured: &Captured) -> Option<String> {
        let body = json_body(captured).ok()?;
        let name = body.get("name").and_then(Value::as_str)?;
        let done = body.get("done").and_then(Value::as_bool).unwrap_or(false);
        (!done).then(|| name.rsplit('/').next().unwrap_or(name).to_owned())
    }

    fn file(&self, captured: &Captured) -> Option<String> {
        let body = json_body(captured).ok()?;
        let uri = body.pointer("/response/generateVideoResponse/generatedSamples/0/video/uri")?.as_str()?;
        Some(uri.split_once("/files/")?.1.split_once(":download")?.0.to_owned())
    }

    fn unknown(&self, id: &str) -> ErrorReply {
        let mut error = not_found(format!("Operation {id} not found"), "not_found");
        error.kind = Some("NOT_FOUND".to_owned());
        error
    }
}

fn name(job: &Job) -> String {
    format!("models/{}/operations/{}", job.model.as_deref().unwrap_or_default(), job.id)
}
