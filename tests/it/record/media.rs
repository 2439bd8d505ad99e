//! Media recorded and replayed: bytes stay bytes, and a job is recorded when it is done, under the request that began it.

use aimock::server::{Target, UpstreamSettings};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{entries, recording};
use crate::proxy::upstream::{Upstream, answer};
use crate::server::support::{Request, start, start_with};

/// What the upstream says to a request whose head holds this.
fn says(status: &'static str, kind: &'static str, body: &[u8]) -> Vec<crate::proxy::upstream::Act> {
    vec![answer(status, &format!("content-type: {kind}\r\n"), body)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn speech_images_and_moderations_replay_as_they_were() {
    let upstream = Upstream::playing(|request| {
        let text = String::from_utf8_lossy(request);
        if text.starts_with("POST /v1/audio/speech") {
            says("200 OK", "audio/mpeg", b"\xff\xf3\x00\xfe")
        } else if text.starts_with("POST /v1/images/generations") {
            says("200 OK", "application/json", br#"{"created":1,"data":[{"b64_json":"aW1hZ2U="}],"size":"1024x1024","usage":{"total_tokens":3}}"#)
        } else {
            says("200 OK", "application/json", br#"{"id":"modr-1","model":"omni-moderation-latest","results":[{"flagged":true,"categories":{"violence":true},"category_scores":{"violence":0.5}}]}"#)
        }
    })
    .await;
    let folder = TempDir::new().unwrap();
    let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |_| ())).await;
    let requests = [
        Request::new("POST", "/v1/audio/speech").body(r#"{"model":"tts-1","input":"hello","voice":"alloy"}"#),
        Request::new("POST", "/v1/images/generations").body(r#"{"model":"gpt-image-1","prompt":"a cat"}"#),
        Request::new("POST", "/v1/moderations").body(r#"{"input":"I will hit you"}"#),
    ];
    for request in &requests {
        assert_eq!(server.send(request.clone()).await.status, 200);
    }
    assert_eq!(upstream.count(), 3);
    let recorded = entries(folder.path());
    assert_eq!(recorded.len(), 3, "{recorded:?}");
    let replay = start(Value::Array(recorded)).await;
    let speech = replay.send(requests[0].clone()).await;
    assert_eq!((speech.header("content-type"), speech.body.as_slice()), (Some("audio/mpeg"), &b"\xff\xf3\x00\xfe"[..]));
    assert_eq!(replay.send(requests[1].clone()).await.json()["data"][0]["b64_json"], "aW1hZ2U=");
    let moderation = replay.send(requests[2].clone()).await.json();
    assert_eq!(moderation["results"][0]["category_scores"]["violence"], json!(0.5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_job_is_recorded_when_it_is_done() {
    let polls = std::sync::atomic::AtomicU32::new(0);
    let upstream = Upstream::playing(move |request| {
        let video = |status: &str| {
            let body = json!({ "id": "video_up", "object": "video", "status": status, "progress": 0, "created_at": 1, "model": "sora-2", "seconds": "4", "size": "720x1280" });
            says("200 OK", "application/json", body.to_string().as_bytes())
        };
        if request.starts_with(b"POST") {
            return video("queued");
        }
        if request.starts_with(b"GET /v1/videos/video_up/content") {
            return says("200 OK", "video/mp4", b"\x00\xff");
        }
        let before = polls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        video(if before == 0 { "in_progress" } else { "completed" })
    })
    .await;
    let folder = TempDir::new().unwrap();
    let server = start_with(json!([]), recording(upstream.settings(), folder.path(), |_| ())).await;
    let submit = Request::new("POST", "/v1/videos").body(r#"{"prompt":"a cat"}"#);
    assert_eq!(server.send(submit.clone()).await.json()["status"], "queued");
    assert!(entries(folder.path()).is_empty(), "a job that has only begun is no recording");
    assert_eq!(server.get("/v1/videos/video_up").await.json()["status"], "in_progress");
    assert!(entries(folder.path()).is_empty());
    assert_eq!(server.get("/v1/videos/video_up").await.json()["status"], "completed");
    assert_eq!(server.get("/v1/videos/video_up/content").await.body, b"\x00\xff");
    let recorded = entries(folder.path());
    let [entry] = &recorded[..] else { panic!("one entry: {recorded:?}") };
    assert_eq!((&entry["match"]["userMessage"], &entry["match"]["endpoint"]), (&json!("a cat"), &json!("video")));
    assert_eq!((&entry["response"]["video"]["status"], &entry["response"]["video"]["b64"]), (&json!("completed"), &json!("AP8=")));
    // The recording with the bytes is in service in place of the one without.
    let again = server.send(submit.clone()).await.json();
    assert_eq!(again["status"], "completed");
    assert_eq!(server.get(&format!("/v1/videos/{}/content", again["id"].as_str().unwrap())).await.body, b"\x00\xff");
    let replay = start(Value::Array(recorded.clone())).await;
    assert_eq!(replay.send(submit).await.json()["status"], "completed");
    assert_eq!(replay.get("/v1/videos/video_up").await.json()["status"], "completed");
    assert_eq!(replay.get("/v1/videos/video_up/content").await.body, b"\x00\xff");
}

/// The upstream in place of those vendors too that have jobs.
fn everyone(upstream: &Upstream) -> UpstreamSettings {
    let mut settings = upstream.settings();
    let base = format!("http://{}", upstream.address);
    let more = ["gemini", "grok", "openrouter"].map(|provider| Target { provider: provider.to_owned(), base: base.clone(), key: None });
    settings.targets.extend(more);
    settings
}

/// Records what a client does with one job, and replays it without the upstream.
async fn one_job(upstream: &Upstream, requests: &[Request]) -> Value {
    let folder = TempDir::new().unwrap();
    let server = start_with(json!([]), recording(everyone(upstream), folder.path(), |_| ())).await;
    for request in requests {
        assert_eq!(server.send(request.clone()).await.status, 200, "{}", server.log.lock().unwrap().join("\n"));
    }
    let recorded = entries(folder.path());
    let [entry] = &recorded[..] else { panic!("one entry: {recorded:?}") };
    entry.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_xais_is_recorded_in_its_own_words() {
    let upstream = Upstream::playing(|request| {
        let body = if request.starts_with(b"POST") {
            json!({ "request_id": "req_up" })
        } else {
            json!({ "status": "done", "video": { "url": "https://videos.example/1.mp4", "duration": 6, "respect_moderation": true }, "model": "grok-imagine-video" })
        };
        says("200 OK", "application/json", body.to_string().as_bytes())
    })
    .await;
    let submit = Request::new("POST", "/v1/videos/generations").body(r#"{"prompt":"a dog","model":"grok-imagine-video"}"#);
    let entry = one_job(&upstream, &[submit.clone(), Request::new("GET", "/v1/videos/req_up")]).await;
    assert_eq!((&entry["match"]["userMessage"], &entry["match"]["endpoint"]), (&json!("a dog"), &json!("video")));
    let video = json!({ "status": "completed", "url": "https://videos.example/1.mp4", "duration": 6 });
    assert_eq!(entry["response"]["video"], video);
    let replay = start(json!([entry])).await;
    let id = replay.send(submit).await.json()["request_id"].as_str().unwrap().to_owned();
    let told = replay.get(&format!("/v1/videos/{id}")).await.json();
    assert_eq!((&told["status"], &told["video"]["url"], &told["video"]["duration"]), (&json!("done"), &video["url"], &json!(6)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_of_a_veo_job_replays_byte_for_byte() {
    let upstream = Upstream::playing(|request| {
        let body = if request.starts_with(b"POST") {
            json!({ "name": "models/veo-3.1-generate-preview/operations/op1" })
        } else if request.starts_with(b"GET /v1beta/files/file1:download") {
            return says("200 OK", "video/mp4", b"\x00\x01\xfe");
        } else {
            let uri = "https://generativelanguage.googleapis.com/v1beta/files/file1:download?alt=media";
            json!({ "name": "models/veo-3.1-generate-preview/operations/op1", "done": true, "response": {
                "generateVideoResponse": { "generatedSamples": [{ "video": { "uri": uri } }] } } })
        };
        says("200 OK", "application/json", body.to_string().as_bytes())
    })
    .await;
    let submit =
        Request::new("POST", "/v1beta/models/veo-3.1-generate-preview:predictLongRunning").body(r#"{"instances":[{"prompt":"a fox"}]}"#);
    let status = Request::new("GET", "/v1beta/models/veo-3.1-generate-preview/operations/op1");
    let entry = one_job(&upstream, &[submit.clone(), status, Request::new("GET", "/v1beta/files/file1:download?alt=media")]).await;
    assert_eq!((&entry["response"]["video"]["status"], &entry["response"]["video"]["b64"]), (&json!("completed"), &json!("AAH+")));
    let replay = start(json!([entry])).await;
    let name = replay.send(submit).await.json()["name"].as_str().unwrap().to_owned();
    let done = replay.get(&format!("/v1beta/{name}")).await.json();
    let uri = done.pointer("/response/generateVideoResponse/generatedSamples/0/video/uri").and_then(Value::as_str).unwrap();
    let path = uri.split_once("://").unwrap().1.split_once('/').unwrap().1;
    assert_eq!(replay.get(&format!("/{path}")).await.body, b"\x00\x01\xfe");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_long_for_a_fixture_is_left_out_and_said_so() {
    const LONG: usize = (16 << 20) + 1;
    let upstream = Upstream::playing(|request| {
        if request.starts_with(b"GET /api/v1/videos/job_up/content") {
            return says("200 OK", "video/mp4", &vec![7; LONG]);
        }
        let status = if request.starts_with(b"POST") { "pending" } else { "completed" };
        let body = json!({ "id": "job_up", "status": status, "polling_url": "https://openrouter.ai/api/v1/videos/job_up" });
        says(if status == "pending" { "202 Accepted" } else { "200 OK" }, "application/json", body.to_string().as_bytes())
    })
    .await;
    let folder = TempDir::new().unwrap();
    let server = start_with(json!([]), recording(everyone(&upstream), folder.path(), |_| ())).await;
    server.post("/api/v1/videos", r#"{"prompt":"a cow","model":"google/veo-3.1"}"#).await;
    assert_eq!(server.get("/api/v1/videos/job_up").await.json()["status"], "completed");
    assert_eq!(server.get("/api/v1/videos/job_up/content").await.body.len(), LONG);
    let recorded = entries(folder.path());
    let [entry] = &recorded[..] else { panic!("one entry: {recorded:?}") };
    assert_eq!(entry["response"]["video"].get("b64"), None);
    assert_eq!(entry["_leftOut"], json!([format!("video.b64 (its {LONG} bytes are more than 16777216)")]));
}
