//! What a program is exercised with to see what it executes: all workloads, at a size that takes a minute or two, the sample
//! requests of every codec, and the commands.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::material::Scene;
use super::programs::Target;
use super::results::Results;
use super::servers::{Place, SERVER_CORE, Server, Start, free_port};
use super::workloads::{self, Bench, Extent, Workload};
use crate::process::{command, finish};
use crate::recordings;

/// The workload that is none of the server.
const COMMANDS: &str = "tools";
/// The sample requests of the codecs.
const SAMPLES: &str = "tests/wire";
/// How often each is sent.
const TIMES: usize = 40;
/// Longest time of a command.
const LIMIT: Duration = Duration::from_mins(5);

/// Exercises the server: under load, and with the samples of all codecs.
///
/// # Errors
/// A part of it fails; the text names it.
pub(super) fn serving(root: &Path, place: &Place) -> Result<(), String> {
    run(place, |workload| workload.name != COMMANDS)?;
    samples(root, place)
}

/// Exercises the other commands.
///
/// # Errors
/// A part of it fails; the text names it.
pub(super) fn commands(root: &Path, place: &Place) -> Result<(), String> {
    run(place, |workload| workload.name == COMMANDS)?;
    recorded(root, place)
}

fn run(place: &Place, is_meant: impl Fn(&Workload) -> bool) -> Result<(), String> {
    let extent =
        Extent { rounds: 1, seconds: 1.0, sizes: vec![10, 10_000], files: 1_000, cold_runs: 2, streams: vec![200], requests: 8_000 };
    let mut results = Results::default();
    for workload in workloads::ALL.iter().filter(|workload| is_meant(workload)) {
        workload.run(&mut Bench { place, extent: &extent, results: &mut results });
    }
    let failed = results.rows.iter().find(|row| !row.figures["failed"].is_null());
    failed.map_or(Ok(()), |row| Err(row.to_string()))
}

/// Sends the samples of all codecs to a server that has an answer of each kind.
fn samples(root: &Path, place: &Place) -> Result<(), String> {
    let (folder, port) = (place.folder()?, free_port()?);
    let text = "The forecast says that it stays dry until the evening, with some wind from the west. ".repeat(6);
    let fixtures = json!({ "fixtures": [
        { "match": { "endpoint": "embedding" }, "response": { "embedding": vec![0.125; 64] } },
        { "match": { "endpoint": "image" }, "response": { "image": { "b64Json": "aW1hZ2U=" } } },
        { "match": { "endpoint": "speech" }, "response": { "audio": "SUQzBAAAAAAA", "format": "mp3" } },
        { "match": { "endpoint": "transcription" }, "response": { "transcription": { "text": text } } },
        { "match": { "hasToolResult": true }, "response": { "content": text, "reasoning": "It is about the weather." } },
        { "match": { "turnIndex": 1 }, "response": { "toolCalls": [{ "name": "get_weather", "arguments": { "city": "Paris" } }] } },
        { "match": { "endpoint": "chat" }, "response": { "content": text } },
    ] });
    std::fs::write(folder.join("fixtures.json"), fixtures.to_string()).map_err(|error| format!("{}: {error}", folder.display()))?;
    let words = place.programs.tool(Target::Ours, &["serve", "-p", &port.to_string(), "-f", "fixtures.json"])?;
    let scene = Scene::default();
    let start = Start { target: Target::Ours, scene: &scene, ready: &scene.request(1), upstream: None, core: Some(SERVER_CORE) };
    let server = Server::run(place, &folder, &words, port, &start)?;
    let mut answered = 0;
    for codec in entries(&root.join(SAMPLES))? {
        for sample in entries(&codec)? {
            let sample: Value = std::fs::read(&sample).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
            let (Some(path), false) = (sample["path"].as_str(), sample["body"].is_null()) else { continue };
            let body = sample["body"].to_string();
            answered += (0..TIMES).filter(|_| server.ask(path, body.as_bytes()) == Some(200)).count();
        }
    }
    if answered < 1_000 {
        return Err(format!("of the samples in {SAMPLES} only {answered} were answered"));
    }
    Ok(())
}

/// The commands that the workloads leave out, on recordings.
fn recorded(root: &Path, place: &Place) -> Result<(), String> {
    let folder = place.folder()?;
    for (name, megabytes) in [("old", 2), ("new", 4)] {
        recordings::generate(&folder.join(name), megabytes).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let documented = root.join("docs/recordings");
    for (words, folder) in [
        (&["normalize", "old", "--check"][..], &folder),
        (&["normalize", "old", "--write"], &folder),
        (&["diff", "old", "new"], &folder),
        (&["lint", "new", "--select", "all", "--no-cache"], &folder),
        (&["validate", "new"], &folder),
        (&["lint", "april.yaml", "--no-cache"], &documented),
        (&["--version"], &folder),
    ] {
        let outcome = finish(command(&place.programs.ours, words, folder), LIMIT)?;
        // 1 says that there is something to say.
        if outcome.status.is_none_or(|status| status > 1) {
            return Err(format!("`{}`: {}", words.join(" "), outcome.last_line()));
        }
    }
    Ok(())
}

/// What is in a folder, in order.
fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, String> {
    let read = || std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut paths = read().map_err(|error| format!("{}: {error}", folder.display()))?;
    paths.sort();
    Ok(paths)
}
