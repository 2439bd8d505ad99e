//! Media recorded and replayed: bytes stay bytes, and a job is recorded when it is done, under the request that began it.

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
    assert_eq!(entry["response"]["video"]["status"], "completed");
    let replay = start(Value::Array(recorded.clone())).await;
    assert_eq!(replay.send(submit).await.json()["status"], "completed");
    assert_eq!(replay.get("/v1/videos/video_up").await.json()["status"], "completed");
}
