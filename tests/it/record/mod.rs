//! Recording over real sockets: what a scripted upstream said is written down, replays at once, and after a restart.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "helpers of tests: what is missing should fail the test")]

/// Cohere's events, vectors and rankings.
mod cohere;
/// What lands in files, and how they are named.
mod files;
/// The APIs of Google.
mod google;
/// Images, audio, moderations, and jobs to their end.
mod media;
/// Ollama's lines.
mod ollama;
/// The peer's configuration.
mod peers;
/// The built program, killed and doubled.
pub(crate) mod processes;
/// Recorded once, replayed for ever: every codec, streaming and not.
mod replay;
/// Disks without room, folders that refuse, upstreams without end.
mod room;
/// OpenRouter and Mistral.
mod router;
/// Transforms of what is recorded.
mod transforms;
/// Folders and sizes that refuse.
mod trouble;

use std::path::Path;
use std::sync::Arc;

use aimock::server::{OnMiss, RecordSettings, Recorder, Settings, UpstreamSettings, Upstreams};
use serde_json::{Value, json};

use crate::server::support::Request;

/// Records into a folder.
pub(crate) fn recording(upstream: UpstreamSettings, folder: &Path, change: impl FnOnce(&mut RecordSettings)) -> impl FnOnce(&mut Settings) {
    let mut settings = RecordSettings::new(folder);
    change(&mut settings);
    let recorder = Arc::new(Recorder::new(settings));
    move |all| {
        all.policy.strict_turns = true;
        all.on_miss = OnMiss::Record(Arc::new(Upstreams::new(upstream).unwrap()), recorder);
    }
}

/// Every file below a folder with its text, in order of their names.
pub(crate) fn written(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                match std::fs::read_to_string(path) {
                    Ok(text) => found.push((name, text)),
                    // A file that was being written has got its own name meanwhile.
                    Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{name}"),
                }
            }
        }
    }
    found.sort();
    found
}

/// Every recorded entry. A file that is still being written has a name of its own.
pub(crate) fn entries(folder: &Path) -> Vec<Value> {
    let files = written(folder).into_iter().filter(|(name, _)| Path::new(name).extension().is_some_and(|ending| ending == "json"));
    files.flat_map(|(_, text)| serde_json::from_str::<Value>(&text).unwrap()["fixtures"].as_array().unwrap().clone()).collect()
}

/// A request for messages of Anthropic with a user who says this.
fn messages(text: &str, stream: bool) -> Request {
    let body = json!({
        "model": "claude-sonnet-4-20250514", "max_tokens": 64, "stream": stream, "system": "Be brief.",
        "tools": [{ "name": "f", "description": "d", "input_schema": { "type": "object" } }],
        "messages": [{ "role": "user", "content": text }],
    });
    Request::new("POST", "/v1/messages").header("content-type", "application/json").body(body.to_string())
}

/// The texts of an answer, whatever its format: every string that comes under one of these keys, joined.
fn text_of(body: &str) -> String {
    let events = body.split("\n\n").filter_map(|event| event.lines().find_map(|line| line.strip_prefix("data: ")));
    let values: Vec<Value> = match serde_json::from_str(body) {
        Ok(whole) => vec![whole],
        Err(_) => events.filter_map(|data| serde_json::from_str(data).ok()).collect(),
    };
    let mut said = String::new();
    for value in &values {
        collect(value, &mut said);
    }
    said
}

fn collect(value: &Value, said: &mut String) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if ["content", "text", "arguments", "partial_json", "message"].contains(&key.as_str()) => {
                        said.push_str(text);
                    }
                    Value::String(_) => {}
                    other => collect(other, said),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, said)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
