//! The programs against each other: what the limit answers is what the load counts.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "to fail here is to fail the test")]

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const EVENTS: &str = "data: {\"a\":1}\n\ndata: {\"b\":2}\n\ndata: {\"c\":3}\n\ndata: [DONE]\n\n";
const REQUEST: &str = "{\"messages\":[{\"role\":\"user\",\"content\":\"a \\\"quoted\\\" word\"}]}";

/// A limit server on a port of its own; it ends with the test.
struct Limit {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Drop for Limit {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The words that start a limit server which answers `answer`, and its port.
fn words(folder: &std::path::Path, answer: &str, more: &[&str]) -> (Vec<String>, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("answer"), answer).unwrap();
    std::fs::write(folder.join("request"), REQUEST).unwrap();
    let body = folder.join("answer").to_str().unwrap().to_owned();
    let mut words: Vec<String> = ["--port", &port.to_string(), "--body", &body].map(str::to_owned).to_vec();
    words.extend(more.iter().map(|word| (*word).to_owned()));
    (words, port)
}

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("bench-programs-{name}-{}", std::process::id()))
}

fn limit(name: &str, answer: &str, more: &[&str]) -> Limit {
    let folder = folder(name);
    let (words, port) = words(&folder, answer, more);
    let mut child = Command::new(env!("CARGO_BIN_EXE_bench-limit")).args(words).stdin(Stdio::null()).spawn().unwrap();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended");
        std::thread::yield_now();
    }
    Limit { child, port, folder }
}

fn load(words: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_bench-load")).args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn ask(limit: &Limit, mode: &str, options: &[&str]) -> Value {
    let (port, body, server) = (limit.port.to_string(), limit.folder.join("request"), limit.child.id().to_string());
    load(&[&[mode, "--port", &port, "--body", body.to_str().unwrap(), "--server", &server], options].concat())
}

#[test]
fn every_answer_of_a_closed_loop_is_counted() {
    for (name, more) in [("plain", &["--stream"][..]), ("parse", &["--stream", "--parse"])] {
        let figures = ask(&limit(name, EVENTS, more), "closed", &["--connections", "4", "--requests", "50"]);
        assert_eq!((&figures["answered"], &figures["errors"]), (&50.into(), &0.into()), "{figures}");
        assert_eq!(figures["statuses"]["200"], 50, "{figures}");
        let per_answer = figures["events_per_second"].as_f64().unwrap() / figures["per_second"].as_f64().unwrap();
        assert!((per_answer - 4.0).abs() < 0.01, "{figures}");
    }
}

#[test]
fn the_limit_that_parses_answers_whatever_it_reads() {
    let limit = limit("whole", "{\"ok\":true}", &["--parse"]);
    std::fs::write(limit.folder.join("request"), "no json").unwrap();
    let figures = ask(&limit, "closed", &["--requests", "3"]);
    assert_eq!((&figures["answered"], &figures["statuses"]["200"]), (&3.into(), &3.into()), "{figures}");
}

#[test]
fn paced_streams_are_not_earlier_than_their_schedule() {
    let limit = limit("paced", EVENTS, &["--stream", "--ttft-ms", "30", "--gap-ms", "20"]);
    let figures = ask(&limit, "paced", &["--connections", "5", "--ttft", "0.03", "--gap", "0.02"]);
    assert_eq!((&figures["finished"], &figures["unfinished"], &figures["errors"]), (&5.into(), &0.into(), &0.into()), "{figures}");
    assert!(figures["first_p50_ms"].as_f64().unwrap() >= 29.0, "{figures}");
    assert!(figures["whole_p50_ms"].as_f64().unwrap() >= 89.0, "{figures}");
}

#[test]
fn a_cold_start_is_timed_and_the_server_ended() {
    let folder = folder("cold");
    let (words, port) = words(&folder, "{\"ok\":true}", &[]);
    let (port_text, body) = (port.to_string(), folder.join("request"));
    let program = env!("CARGO_BIN_EXE_bench-limit");
    let all = ["cold", "--port", &port_text, "--body", body.to_str().unwrap(), "--", program];
    let figures = load(&[&all[..], &words.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    assert!(figures["answers_ms"].as_f64().unwrap() >= figures["listens_ms"].as_f64().unwrap(), "{figures}");
    assert!(figures["rss_mb"].as_f64().unwrap() > 0.0, "{figures}");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "it is still there");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_not_understood_is_named() {
    for (words, named) in
        [(&["opened"][..], "`opened`"), (&["closed", "--port"], "--port"), (&["closed", "--body", "nothing.json"], "nothing.json")]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_bench-load")).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(named));
    }
}
