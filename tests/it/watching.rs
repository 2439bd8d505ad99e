//! `aimock serve --watch`: real folders, renames, partial writes and broken edits.
#![expect(clippy::unwrap_used, reason = "a test whose server or client fails has failed")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::workplace::Workplace;

/// A server that watches a folder, and the lines of its log.
struct Watching {
    place: Workplace,
    child: Child,
    address: String,
    log: Receiver<String>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn file(fixtures: &Value) -> String {
    json!({ "fixtures": fixtures }).to_string()
}

fn says(id: &str, text: &str, answers: &[&str]) -> Value {
    let answers: Vec<Value> = answers.iter().map(|answer| json!({ "response": { "content": answer } })).collect();
    json!({ "id": id, "match": { "userMessage": text }, "responses": answers })
}

impl Watching {
    fn start(flags: &[&str], fixtures: &Value) -> Watching {
        let place = Workplace::new(&[("fixtures/a.json", &file(fixtures))]);
        let arguments = [&["serve", "fixtures", "-p", "0"], flags].concat();
        let mut child = place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, log) = channel();
        let stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Watching { place, child, address: url.trim().trim_start_matches("http://").to_owned(), log }
    }

    /// Waits for a line of the log.
    #[track_caller]
    fn wait_for(&self, part: &str) -> String {
        loop {
            let line = self.log.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("the log never says `{part}`"));
            if line.contains(part) {
                return line;
            }
        }
    }

    fn answer(&self, request: &str) -> String {
        let mut tcp = TcpStream::connect(&self.address).unwrap();
        write!(tcp, "{request}").unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn get(&self, path: &str) -> String {
        self.answer(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
    }

    fn ask(&self, text: &str) -> String {
        let body = json!({ "model": "m", "messages": [{ "role": "user", "content": text }] }).to_string();
        let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close";
        let answer = self.answer(&format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        let body: Value = serde_json::from_str(&answer).unwrap();
        body.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap_or("miss").to_owned()
    }
}

#[test]
fn a_change_is_served_and_counts_of_the_others_go_on() {
    let two = ["one", "two", "three"];
    let server = Watching::start(&["--watch"], &json!([says("kept", "count", &two), says("old", "old", &["old"])]));
    assert_eq!([server.ask("count"), server.ask("old")], ["one", "old"]);
    server.place.write(
        "fixtures/a.json",
        &file(&json!([says("new", "fresh", &["new"]), says("kept", "count", &two), says("old", "old", &["other"])])),
    );
    assert_eq!(server.wait_for("reloaded"), "info: reloaded: 1 added, 1 changed, 1 as before");
    server.wait_for("added  new");
    server.wait_for("changed  old");
    assert_eq!([server.ask("count"), server.ask("old"), server.ask("fresh"), server.ask("count")], ["two", "other", "new", "three"]);
}

#[test]
fn a_broken_edit_keeps_what_was_and_a_rename_ends_it() {
    let server = Watching::start(&["--watch"], &json!([says("a", "hi", &["before"])]));
    server.place.write("fixtures/a.json", "{ \"fixtures\": [ { \"match\": ");
    let line = server.wait_for("not reloaded");
    assert!(line.contains("what was served before stays: 1 new error"), "{line}");
    assert!(server.wait_for("fixtures/a.json:").contains(":1:"));
    assert_eq!(server.ask("hi"), "before");
    server.place.write("a.tmp", &file(&json!([says("a", "hi", &["after"])])));
    server.place.rename("a.tmp", "fixtures/a.json");
    server.wait_for("reloaded: 1 changed, 0 as before");
    assert_eq!(server.ask("hi"), "after");
    server.place.write("fixtures/deep/b.yaml", "fixtures:\n  - match: { userMessage: deep }\n    response: { content: deep }\n");
    server.wait_for("added  fixtures/deep/b.yaml#/fixtures/0");
    assert_eq!(server.ask("deep"), "deep");
}

/// Only files that say something new are loaded again.
#[test]
fn what_other_files_say_stays_true() {
    let server = Watching::start(&["--watch"], &json!([says("a", "hi", &["one", "two", "three"])]));
    let [other, named] = ["fixtures/b.json", "fixtures/named.json"];
    server.place.write("fixtures/body.txt", "first body");
    let body = json!({ "id": "n", "match": { "path": "/named" }, "response": { "http": { "status": 200, "file": "body.txt" } } });
    server.place.write(named, &file(&json!([body])));
    server.wait_for("added  n");
    assert_eq!(server.ask("hi"), "one");
    server.place.write(other, &file(&json!([says("b", "bye", &["b"]), says("c", "see you", &["c"])])));
    server.wait_for("reloaded: 2 added, 2 as before");
    assert_eq!([server.ask("hi"), server.ask("see you")], ["two", "c"]);
    // A body that a fixture names is part of what it says.
    assert_eq!(server.get("/named"), "first body");
    server.place.write("fixtures/body.txt", "second body");
    server.wait_for("reloaded: 1 changed, 3 as before");
    assert_eq!(server.get("/named"), "second body");
    // An id that is taken in a file that was not loaded again.
    server.place.write(other, &file(&json!([says("a", "bye", &["b"])])));
    server.wait_for("not reloaded");
    let line = server.wait_for("fixtures/b.json:1:");
    assert!(line.ends_with("the id `a` is taken"), "{line}");
    assert_eq!([server.ask("hi"), server.ask("bye")], ["three", "b"]);
    // What comes before all others moves them, and changes nothing about them.
    server.place.write("fixtures/0.json", &file(&json!([says("0", "first", &["0"])])));
    server.place.remove(other);
    server.wait_for("reloaded: 1 added, 2 removed, 2 as before");
    assert_eq!([server.ask("first"), server.ask("hi"), server.ask("bye")], ["0", "three", "miss"]);
    assert_eq!(server.get("/named"), "second body");
}

/// As a change of branches does it, or a generator that begins anew.
#[test]
fn a_folder_that_is_removed_and_made_again_is_followed() {
    let server = Watching::start(&["--watch"], &json!([says("a", "hi", &["first"])]));
    for (away, answer) in [("away", "second"), ("away2", "third")] {
        server.place.rename("fixtures", away);
        assert!(server.wait_for("not reloaded").contains("what was served before stays"));
        server.place.write("fixtures/a.json", &file(&json!([says("a", "hi", &[answer])])));
        server.wait_for("1 changed");
        assert_eq!(server.ask("hi"), answer);
        server.place.write("fixtures/b.json", &file(&json!([says(answer, answer, &["b"])])));
        server.wait_for("reloaded: 1 added, 1 as before");
    }
    // Nothing is heard of the old ones.
    server.place.write("away/a.json", "{");
    server.place.write("fixtures/c.json", &file(&json!([says("c", "see you", &["c"])])));
    server.wait_for("reloaded: 1 added, 2 as before");
    std::fs::remove_dir_all(server.place.path("fixtures")).unwrap();
    server.wait_for("not reloaded");
    server.place.write("fixtures/a.json", &file(&json!([says("a", "hi", &["last"])])));
    server.wait_for("reloaded: ");
    assert_eq!(server.ask("hi"), "last");
}

#[test]
fn polling_notices_as_well() {
    let server = Watching::start(&["--watch-poll", "50"], &json!([says("a", "hi", &["before"])]));
    server.place.write("fixtures/a.json", &file(&json!([says("a", "hi", &["after"])])));
    server.wait_for("reloaded: 1 changed");
    assert_eq!(server.ask("hi"), "after");
}

#[test]
fn the_last_miss_is_explained() {
    let server = Watching::start(&[], &json!([says("hello", "hello", &["x"])]));
    let url = format!("http://{}", server.address);
    let explain = |more: &[&str]| server.place.run(&[&["match", "--last", "--url", &url], more].concat());
    let none = explain(&[]);
    assert_eq!((none.status, none.stdout.as_str()), (0, ""));
    assert_eq!(server.ask("helo"), "miss");
    let miss = explain(&[]);
    assert_eq!(miss.status, 1);
    assert!(miss.stdout.starts_with("POST /v1/chat/completions: no fixture matches (404, req-"), "{}", miss.stdout);
    assert!(miss.stdout.ends_with("1. hello\n   userMessage\n     wanted  contains `hello`\n     found   \"helo\"\n"), "{}", miss.stdout);
    let again = explain(&["-f", "fixtures"]);
    assert!(again.stdout.starts_with("no fixture matches\n\n1. hello\n   at fixtures/a.json"), "{}", again.stdout);
    let verified = server.place.run(&["verify", "--url", &url, "-f", "fixtures"]);
    assert!(verified.stderr.contains("none of these fixtures has an `expect` block"), "{}", verified.stderr);
    server.place.write("expect.json", r#"{ "requests": 1, "noMisses": true, "unused": 1 }"#);
    let verified = server.place.run(&["verify", "expect.json", "--url", &url, "-f", "fixtures", "--format", "concise"]);
    let expected = "expect.json:1:18: error[broken-expectation] the run: noMisses: expected no request without a fixture, seen 1: POST /v1/chat/completions\n";
    assert_eq!((verified.status, verified.stdout.as_str()), (1, expected), "{}", verified.stderr);
}
