//! Video jobs and queues: submitted, asked after, fetched, listed, cancelled, deleted; each test id has its own.

use serde_json::{Value, json};

use super::support::{Request, Response, Running, start};

/// A server whose one fixture is this answer to everything of its endpoint.
async fn serving(endpoint: &str, response: &Value) -> Running {
    start(json!([{ "match": { "endpoint": endpoint }, "response": response }])).await
}

async fn submit(server: &Running, target: &str, body: &Value) -> Response {
    server.send(Request::new("POST", target).header("content-type", "application/json").body(body.to_string())).await
}

/// `status progress` of an OpenAI video.
async fn state(server: &Running, id: &str) -> String {
    let video = server.get(&format!("/v1/videos/{id}")).await.json();
    format!("{} {}", video["status"].as_str().unwrap(), video["progress"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_openai_video_is_queued_runs_and_can_be_fetched_when_it_is_done() {
    let server = serving("video", &json!({ "video": { "status": "completed", "b64": "AP/+AA==" }, "polls": 2 })).await;
    let created = submit(&server, "/v1/videos", &json!({ "prompt": "a cat", "seconds": "8" })).await;
    let video = created.json();
    assert_eq!(
        (created.status, &video["status"], &video["seconds"], &video["model"]),
        (200, &json!("queued"), &json!("8"), &json!("sora-2"))
    );
    let id = video["id"].as_str().unwrap().to_owned();
    let early = server.get(&format!("/v1/videos/{id}/content")).await;
    assert_eq!((early.status, early.json()["error"]["type"].clone()), (400, json!("invalid_request_error")));
    assert_eq!(state(&server, &id).await, "in_progress 33");
    assert_eq!(state(&server, &id).await, "in_progress 66");
    assert_eq!(state(&server, &id).await, "completed 100");
    assert_eq!(state(&server, &id).await, "completed 100");
    let content = server.get(&format!("/v1/videos/{id}/content")).await;
    assert_eq!(
        (content.status, content.header("content-type"), content.body.as_slice()),
        (200, Some("video/mp4"), &b"\x00\xff\xfe\x00"[..])
    );
    assert_eq!(server.get(&format!("/v1/videos/{id}/content?variant=thumbnail")).await.status, 404);
    assert_eq!(server.get(&format!("/v1/videos/{id}/content?variant=x")).await.status, 400);
    let deleted = server.send(Request::new("DELETE", &format!("/v1/videos/{id}"))).await;
    assert_eq!(deleted.json(), json!({ "id": id, "deleted": true, "object": "video.deleted" }));
    let gone = server.get(&format!("/v1/videos/{id}")).await;
    assert_eq!((gone.status, gone.json()["error"]["message"].clone()), (404, json!(format!("Video {id} not found"))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fixture_names_its_job_and_how_it_ends() {
    let server = serving("video", &json!({ "video": { "id": "v1", "status": "failed", "error": "too dark" } })).await;
    let created = submit(&server, "/v1/videos", &json!({ "prompt": "a cat" })).await.json();
    assert_eq!((&created["id"], &created["status"], &created["error"]["message"]), (&json!("v1"), &json!("failed"), &json!("too dark")));
    let server = serving("video", &json!({ "video": { "id": "v1", "status": "processing" } })).await;
    submit(&server, "/v1/videos", &json!({ "prompt": "a cat" })).await;
    assert_eq!((state(&server, "v1").await, state(&server, "v1").await), ("in_progress 0".to_owned(), "in_progress 0".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_belong_to_their_test_and_go_with_a_reset() {
    let server = serving("video", &json!({ "video": { "id": "v1", "status": "completed" } })).await;
    let request = Request::new("POST", "/v1/videos").header("x-test-id", "one").body(r#"{"prompt":"a"}"#);
    server.send(request).await;
    let status = async |target: &str| server.get(target).await.status;
    assert_eq!(
        (status("/v1/videos/v1?testId=one").await, status("/v1/videos/v1").await, status("/v1/videos/v1?testId=two").await),
        (200, 404, 404)
    );
    let list = server.get("/v1/videos?testId=one").await.json();
    assert_eq!((list["data"].as_array().unwrap().len(), &list["first_id"], &list["has_more"]), (1, &json!("v1"), &json!(false)));
    assert_eq!(server.get("/v1/videos").await.json()["data"], json!([]));
    server.send(Request::new("POST", "/__aimock/reset?fixtures=keep")).await;
    assert_eq!(status("/v1/videos/v1?testId=one").await, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_have_pages_and_an_order() {
    let server = serving("video", &json!({ "video": { "status": "completed" } })).await;
    let mut ids = Vec::new();
    for prompt in ["a", "b", "c"] {
        let video = submit(&server, "/v1/videos", &json!({ "prompt": prompt })).await.json();
        ids.push(video["id"].as_str().unwrap().to_owned());
    }
    let page = async |query: &str| {
        let list = server.get(&format!("/v1/videos?{query}")).await.json();
        let found: Vec<String> = list["data"].as_array().unwrap().iter().map(|video| video["id"].as_str().unwrap().to_owned()).collect();
        (found, list["has_more"].as_bool().unwrap())
    };
    let [one, two, three] = [ids[0].clone(), ids[1].clone(), ids[2].clone()];
    assert_eq!(page("limit=2").await, (vec![three, two.clone()], true));
    assert_eq!(page(&format!("limit=2&after={two}")).await, (vec![one.clone()], false));
    assert_eq!(page("limit=1&order=asc").await, (vec![one], true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_xai_request_is_asked_after_at_the_url_that_openai_has_too() {
    let server =
        serving("video", &json!({ "video": { "status": "completed", "url": "https://videos.example/1.mp4", "cost": 0.5 }, "polls": 1 }))
            .await;
    let id = submit(&server, "/v1/videos/generations", &json!({ "prompt": "a cat", "duration": 6 })).await.json()["request_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let pending = server.get(&format!("/v1/videos/{id}")).await.json();
    assert_eq!((&pending["status"], &pending["progress"]), (&json!("pending"), &json!(50)));
    let done = server.get(&format!("/v1/videos/{id}")).await.json();
    assert_eq!(
        (&done["status"], &done["video"]["url"], &done["video"]["duration"]),
        (&json!("done"), &json!("https://videos.example/1.mp4"), &json!(6))
    );
    assert_eq!(done["usage"]["cost_in_usd_ticks"], json!(5_000_000_000_u64));
    assert_eq!(server.get(&format!("/v1/videos/{id}/content")).await.status, 404, "xAI has no such route");
    assert_eq!(server.get("/v1/videos").await.json()["data"], json!([]), "nor is it a video of OpenAI's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_id_keeps_its_job_where_a_client_percent_encodes_it() {
    let server = serving("video", &json!({ "video": { "status": "completed", "url": "https://videos.example/1.mp4" } })).await;
    let request = Request::new("POST", "/v1/videos/generations").header("x-test-id", "t 1").body(r#"{"prompt":"a cat"}"#);
    let id = server.send(request).await.json()["request_id"].as_str().unwrap().to_owned();
    assert!(id.ends_with("?testId=t%201"), "{id}");
    let encoded = id.replace('%', "%25").replace('?', "%3F").replace('=', "%3D");
    for path in [id, encoded] {
        let done = server.send(Request::new("GET", &format!("/v1/videos/{path}")).header("x-test-id", "t 1")).await;
        assert_eq!((done.status, &done.json()["status"]), (200, &json!("done")), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_openrouter_job_gives_its_bytes_to_whoever_has_a_key() {
    let server = serving("video", &json!({ "video": { "status": "completed", "b64": "AP8=", "cost": 0.25 } })).await;
    let request = Request::new("POST", "/api/v1/videos").header("x-test-id", "t 1").body(r#"{"model":"google/veo-3.1","prompt":"a cat"}"#);
    let submitted = server.send(request).await;
    assert_eq!((submitted.status, submitted.json()["status"].clone()), (202, json!("pending")));
    let url = submitted.json()["polling_url"].as_str().unwrap().strip_prefix("http://test").unwrap().to_owned();
    let done = server.get(&url).await.json();
    assert_eq!((&done["status"], &done["usage"]["cost"]), (&json!("completed"), &json!(0.25)));
    let content = done["unsigned_urls"][0].as_str().unwrap().strip_prefix("http://test").unwrap().to_owned();
    let refused = server.get(&content).await;
    assert_eq!((refused.status, refused.json()["error"]["code"].clone()), (401, json!(401)));
    let bytes = server.send(Request::new("GET", &content).header("authorization", "Bearer not-a-real-key")).await;
    assert_eq!((bytes.status, bytes.body.as_slice()), (200, &b"\x00\xff"[..]));
    let models = server.get("/api/v1/videos/models").await.json();
    assert_eq!(models["data"].as_array().map(Vec::len), Some(3));
    for required in ["seed", "supported_sizes", "supported_frame_images", "generate_audio", "allowed_passthrough_parameters"] {
        assert!(models["data"][0].get(required).is_some(), "its client wants {required}");
    }
    assert_eq!(server.get("/api/v1/videos/nobody").await.json()["error"]["code"], 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_veo_operation_ends_in_a_file() {
    let server = serving("video", &json!({ "video": { "status": "completed", "b64": "AP8=" }, "polls": 1 })).await;
    let target = "/v1beta/models/veo-3.0-generate-001:predictLongRunning";
    let name = submit(&server, target, &json!({ "instances": [{ "prompt": "a cat" }] })).await.json()["name"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/v1beta/{name}")).await.json(), json!({ "name": name }));
    let done = server.get(&format!("/v1beta/operations/{}", name.rsplit('/').next().unwrap())).await.json();
    assert_eq!(done["done"], true);
    let uri = done["response"]["generateVideoResponse"]["generatedSamples"][0]["video"]["uri"].as_str().unwrap().to_owned();
    assert_eq!(server.get(uri.strip_prefix("http://test").unwrap()).await.body, b"\x00\xff");
    assert_eq!(server.get("/v1beta/operations/nobody").await.json()["error"]["status"], "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fal_queue_is_asked_watched_fetched_and_cancelled() {
    let server = serving("fal", &json!({ "json": { "seed": 7 }, "polls": 2, "billableUnits": 1.5 })).await;
    let at = |method: &str, target: &str| Request::new(method, target).header("x-fal-target-host", "queue.fal.run");
    let submitted = server.send(at("POST", "/fal/fal-ai/flux/dev").body(r#"{"prompt":"a cat"}"#)).await.json();
    let path = submitted["response_url"].as_str().unwrap().strip_prefix("https://queue.fal.run").unwrap().to_owned();
    let follow = async |method: &str, rest: &str| server.send(at(method, &format!("/fal{path}{rest}"))).await;
    let early = follow("GET", "").await;
    assert_eq!((early.status, early.json()["detail"].clone()), (400, json!("Request is still in progress")));
    assert_eq!(follow("GET", "/status").await.json()["status"], "IN_PROGRESS");
    let watched: Vec<Value> =
        follow("GET", "/status/stream").await.events().iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let seen: Vec<&str> = watched.iter().map(|event| event["status"].as_str().unwrap()).collect();
    assert_eq!(seen, ["IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]);
    let result = follow("GET", "").await;
    assert_eq!((result.status, result.json(), result.header("x-fal-billable-units")), (200, json!({ "seed": 7 }), Some("1.5")));
    assert_eq!(result.header("x-fal-request-id"), submitted["request_id"].as_str());
    let late = follow("PUT", "/cancel").await;
    assert_eq!((late.status, late.json()), (400, json!({ "status": "ALREADY_COMPLETED" })));

    let other = server.send(at("POST", "/fal/fal-ai/flux/dev").body(r#"{"prompt":"a dog"}"#)).await.json();
    let path = other["cancel_url"].as_str().unwrap().strip_prefix("https://queue.fal.run").unwrap().to_owned();
    let cancelled = server.send(at("PUT", &format!("/fal{path}"))).await;
    assert_eq!((cancelled.status, cancelled.json()), (202, json!({ "status": "CANCELLATION_REQUESTED" })));
    let status = server.send(at("GET", &format!("/fal{}", path.replace("/cancel", "/status")))).await.json();
    assert_eq!((&status["status"], &status["error_type"]), (&json!("COMPLETED"), &json!("client_cancelled")));
    assert_eq!(server.send(at("GET", "/fal/fal-ai/flux/requests/nobody/status")).await.status, 404);
    let run = server.send(Request::new("POST", "/fal/fal-ai/flux/dev").header("x-fal-target-host", "fal.run").body("{}")).await;
    assert_eq!(run.json(), json!({ "seed": 7 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fixture_with_a_path_answers_a_follow_up_first() {
    let server = start(json!([
        { "match": { "path": "/v1/videos/mine", "method": "GET" }, "response": { "json": { "mine": true } } },
        { "match": { "endpoint": "video" }, "response": { "video": { "id": "v1", "status": "completed" } } },
    ]))
    .await;
    assert_eq!(server.get("/v1/videos/mine").await.json(), json!({ "mine": true }));
    submit(&server, "/v1/videos", &json!({ "prompt": "a" })).await;
    assert_eq!(server.get("/v1/videos/v1").await.json()["status"], "completed");
}
