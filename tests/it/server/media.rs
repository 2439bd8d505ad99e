//! Images, audio, moderations, searches and models over real sockets: what a form holds, bytes as they are, faults and misses.

use serde_json::{Value, json};

use super::support::{Request, start};

/// A form with these texts and one file.
fn form(target: &str, texts: &[(&str, &str)], file: &str) -> Request {
    let mut body = Vec::new();
    for (name, text) in texts {
        body.extend(format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").bytes());
    }
    let head = format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file}\"\r\nContent-Type: audio/mpeg\r\n\r\n");
    body.extend(head.bytes());
    body.extend(b"\xff\xfe\x00--edg\r\n\r\n\xff");
    body.extend(b"\r\n--edge--\r\n");
    Request::new("POST", target).header("content-type", "multipart/form-data; boundary=\"edge\"").body(body)
}

const TRANSCRIBE: &str = "/v1/audio/transcriptions";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcription_is_chosen_by_prompt_file_name_and_model() {
    let said = |text: &str| json!({ "transcription": { "text": text } });
    let server = start(json!([
        { "match": { "endpoint": "transcription", "userMessage": "Ada" }, "response": said("by prompt") },
        { "match": { "endpoint": "transcription", "inputText": "meeting" }, "response": said("by file") },
        { "match": { "endpoint": "transcription", "model": "whisper-1" }, "response": said("by model") },
        { "match": { "endpoint": "translation" }, "response": said("translated") },
    ]))
    .await;
    let text = async |target: &str, texts: &[(&str, &str)], file: &str| server.send(form(target, texts, file)).await.json()["text"].clone();
    assert_eq!(text(TRANSCRIBE, &[("model", "gpt-4o-transcribe"), ("prompt", "Names: Ada")], "x.mp3").await, "by prompt");
    assert_eq!(text(TRANSCRIBE, &[("model", "gpt-4o-transcribe")], "meeting 2.mp3").await, "by file");
    assert_eq!(text(TRANSCRIBE, &[], "x.mp3").await, "by model");
    assert_eq!(text("/v1/audio/translations", &[("model", "whisper-1")], "x.mp3").await, "translated");
    let miss = server.send(form(TRANSCRIBE, &[("model", "gpt-4o-transcribe")], "x.mp3")).await;
    assert_eq!((miss.status, miss.json()["error"]["code"].clone()), (404, json!("no_fixture_match")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_that_are_none_get_the_vendors_400() {
    let server = start(json!([])).await;
    let send = async |kind: &str, body: &str| {
        let response = server.send(Request::new("POST", TRANSCRIBE).header("content-type", kind).body(body)).await;
        (response.status, response.json()["error"]["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        send("multipart/form-data", "x").await,
        (400, "Could not parse multipart form: the content type names no boundary".to_owned())
    );
    for body in ["", "--edge", "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nabc", "no form at all"] {
        let (status, message) = send("multipart/form-data; boundary=edge", body).await;
        assert_eq!(status, 400, "{body}");
        assert!(message.starts_with("Could not parse multipart form: "), "{message}");
    }
    let (status, message) = send("multipart/form-data; boundary=edge", "--edge--\r\n").await;
    assert_eq!((status, message.as_str()), (400, "Missing required parameter: 'file'"));
    assert_eq!(send("application/json", "{}").await, (400, "Missing required parameter: 'file'".to_owned()));
    let bad = "--edge\r\ncontent-disposition: form-data; name=\"stream\"\r\n\r\nmaybe\r\n--edge\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\ngpt-4o-transcribe\r\n--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n\r\n--edge--";
    let (status, message) = send("multipart/form-data; boundary=edge", bad).await;
    assert_eq!((status, message.as_str()), (400, "Invalid type for 'stream': expected a boolean, but got a string instead."));
    let parts = "--edge\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n\r\n".repeat(1001) + "--edge--";
    assert_eq!(send("multipart/form-data; boundary=edge", &parts).await.1, "Could not parse multipart form: it has more than 1000 parts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audio_arrives_byte_for_byte_and_streams_can_be_cut() {
    let bytes: Vec<u8> = (0..=255).collect();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes);
    let server = start(json!([
        { "match": { "endpoint": "speech", "userMessage": "cut" }, "response": { "audio": base64 }, "disconnectAfterEvents": 2 },
        { "match": { "endpoint": "speech" }, "response": { "audio": base64, "format": "opus" } },
        { "match": { "endpoint": "elevenlabs-tts" }, "response": { "audio": { "b64Json": base64, "contentType": "audio/wav" } } },
        { "match": { "endpoint": "audio-gen" }, "response": { "audio": base64 } },
    ]))
    .await;
    let speech = server.post("/v1/audio/speech", r#"{"model":"tts-1","input":"hi","voice":"alloy"}"#).await;
    assert_eq!((speech.header("content-type"), &speech.body), (Some("audio/opus"), &bytes));
    let events = server.post("/v1/audio/speech", r#"{"model":"m","input":"cut","stream_format":"sse"}"#).await;
    assert_eq!((events.events().len(), events.complete), (2, false));
    let speech = server.post("/v1/text-to-speech/voice", r#"{"text":"hi"}"#).await;
    assert_eq!((speech.header("content-type"), &speech.body), (Some("audio/wav"), &bytes));
    let music = server.post("/v1/music?output_format=pcm_44100", r#"{"prompt":"a waltz"}"#).await;
    assert_eq!((music.header("content-type"), &music.body, music.header("song-id").is_some()), (Some("audio/pcm"), &bytes, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_and_faults_are_those_of_every_route() {
    let chaos =
        |endpoint: &str, response: Value| json!({ "match": { "endpoint": endpoint }, "response": response, "chaos": { "dropRate": 1 } });
    let server = start(json!([
        chaos("image", json!({ "image": { "url": "https://images.example/1.png" } })),
        chaos("moderation", json!({ "json": { "flagged": true } })),
        chaos("search", json!({ "json": [] })),
        chaos("rerank", json!({ "json": [] })),
        chaos("elevenlabs-tts", json!({ "audio": "AAAA" })),
        chaos("video", json!({ "video": { "status": "completed" } })),
    ]))
    .await;
    for (target, body, message) in [
        ("/v1/images/generations", r#"{"prompt":"x"}"#, "/error/message"),
        ("/v1/moderations", r#"{"input":"x"}"#, "/error/message"),
        ("/search", r#"{"query":"x"}"#, "/detail/error"),
        ("/v2/rerank", r#"{"model":"m","query":"x","documents":["a"]}"#, "/message"),
        ("/v1/text-to-speech/v", r#"{"text":"x"}"#, "/detail/message"),
        ("/v1/videos/generations", r#"{"prompt":"x"}"#, "/error"),
    ] {
        let dropped = server.post(target, body).await;
        assert_eq!((dropped.status, dropped.json().pointer(message)), (500, Some(&json!("Chaos: request dropped"))), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_an_answer_of_its_own_misses_only_in_strict_mode() {
    let server = start(json!([{ "match": {}, "response": { "json": { "of": "fal" } } }])).await;
    let moderation = server.post("/v1/moderations", r#"{"input":"x"}"#).await;
    assert_eq!((moderation.header("x-aimock-match"), moderation.json()["results"][0]["flagged"].clone()), (Some("fallback"), json!(false)));
    assert_eq!(server.post("/search", r#"{"query":"x"}"#).await.json()["results"], json!([]));
    for (target, body) in [("/v1/moderations", r#"{"input":"x"}"#), ("/search", r#"{"query":"x"}"#)] {
        let strict = server.send(Request::new("POST", target).header("x-aimock-strict", "true").body(body)).await;
        assert_eq!((strict.status, strict.header("x-should-retry")), (503, Some("false")), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variations_are_gone_as_they_are_at_the_vendor() {
    let server = start(json!([])).await;
    assert_eq!(server.post("/v1/images/variations", "x").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_can_be_asked_for_in_either_vendors_words() {
    let server = start(json!([{ "match": { "model": "org/own:model" }, "response": { "content": "x" } }])).await;
    let model = server.get("/v1/models/org/own:model").await.json();
    assert_eq!((&model["id"], &model["object"]), (&json!("org/own:model"), &json!("model")));
    let missing = server.get("/v1/models/other").await;
    assert_eq!((missing.status, missing.json()["error"]["code"].clone()), (404, json!("model_not_found")));
    let claude = |target: &str| Request::new("GET", target).header("anthropic-version", "2023-06-01");
    let list = server.send(claude("/v1/models")).await.json();
    assert_eq!((&list["data"][0]["type"], &list["has_more"], &list["first_id"]), (&json!("model"), &json!(false), &json!("org/own:model")));
    let missing = server.send(claude("/v1/models/other")).await.json();
    assert_eq!((&missing["type"], &missing["error"]["type"]), (&json!("error"), &json!("not_found_error")));
}
