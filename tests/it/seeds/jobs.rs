//! (a12) Chaos on the status of video jobs: it comes before the 404 of an unknown one, and the journal says `internal`.

use serde_json::{Value, json};

use super::kit::{entry, metric};
use crate::server::support::{Request, Response, Running, start_with};

async fn server() -> Running {
    start_with(json!([{ "match": { "endpoint": "video" }, "response": { "video": { "id": "v1", "status": "completed" } } }]), |settings| {
        settings.metrics = true;
    })
    .await
}

async fn status(server: &Running, id: &str, chaos: &str) -> Response {
    server.send(Request::new("GET", &format!("/v1/videos/{id}")).header(&format!("x-aimock-chaos-{chaos}"), "1")).await
}

async fn assert_counted(server: &Running, action: &str) {
    let metrics = server.get("/metrics").await.text().to_owned();
    assert_eq!(metric(&metrics, &format!("aimock_chaos_triggered_total{{action=\"{action}\",source=\"internal\"}}")), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a12_drop_fires_before_the_404_of_an_unknown_video() {
    let server = server().await;
    let answer = status(&server, "nobody", "drop").await;
    assert_eq!((answer.status, answer.json()["error"]["code"].clone()), (500, json!("chaos_drop")));
    let entry = entry(&server).await;
    assert_eq!((&entry["body"], &entry["response"]["fixture"]), (&Value::Null, &Value::Null));
    assert_eq!((&entry["response"]["source"], &entry["response"]["chaosAction"]), (&json!("internal"), &json!("drop")));
    assert_counted(&server, "drop").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a12_disconnect_sends_no_byte() {
    let server = server().await;
    assert_eq!(status(&server, "nobody", "disconnect").await.raw, b"");
    let entry = &entry(&server).await["response"];
    assert_eq!((&entry["status"], &entry["source"], &entry["chaosAction"]), (&json!(0), &json!("internal"), &json!("disconnect")));
    assert_counted(&server, "disconnect").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a12_malformed_is_no_json_whether_the_video_is_known_or_not() {
    for (id, expected) in [("v1", 200), ("nobody", 404)] {
        let server = server().await;
        server.post("/v1/videos", r#"{"prompt":"a cat"}"#).await;
        let answer = status(&server, id, "malformed").await;
        assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
        let journal = server.journal().await;
        let [_, entry] = &journal[..] else { panic!("two requests, two entries") };
        assert_eq!((&entry["body"], &entry["response"]["source"]), (&Value::Null, &json!("internal")));
        assert_eq!((&entry["response"]["status"], &entry["response"]["chaosAction"]), (&json!(answer.status), &json!("malformed")));
        assert!(answer.status == 200 || answer.status == expected, "{id}: {}", answer.status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a12_content_and_other_vendors_jobs_are_no_exception() {
    for target in ["/v1/videos/v1/content", "/api/v1/videos/x", "/v1beta/operations/x", "/fal/a/b/requests/x/status"] {
        let server = server().await;
        let answer = server.send(Request::new("GET", target).header("x-aimock-chaos-drop", "1")).await;
        assert_eq!(answer.status, 500, "{target}");
        assert_eq!(entry(&server).await["response"]["source"], "internal", "{target}");
    }
}
