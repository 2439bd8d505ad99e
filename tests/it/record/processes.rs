//! The built program: killed at any moment, two on one folder, a long answer in little memory.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::sandbox::Sandbox;
use serde_json::{Value, json};

use super::{entries, written};
use crate::proxy::upstream::{Act, Upstream, answer, send};

const CHAT: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}"#;

/// A recorder of its own, and where it listens.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) address: String,
    pub(crate) log: Mutex<Receiver<String>>,
}

impl Program {
    fn start(upstream: &Upstream, folder: &Path) -> Program {
        Program::run(upstream, folder.parent().unwrap(), &["record", "-o", folder.to_str().unwrap()])
    }

    fn run(upstream: &Upstream, place: &Path, arguments: &[&str]) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
        command.args(arguments);
        Program::spawn(command, upstream, place)
    }

    /// A command that becomes the program once it has the last of its arguments.
    pub(super) fn spawn(mut command: Command, upstream: &Upstream, place: &Path) -> Program {
        command.args(["--provider-openai", &format!("http://{}", upstream.address)]);
        Program::spawn_as_it_is(command, place)
    }

    /// The same, whose upstreams its configuration names.
    pub(crate) fn spawn_as_it_is(mut command: Command, place: &Path) -> Program {
        command.args(["-p", "0"]).current_dir(place).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (tell, log) = channel();
        let stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            let mut all = String::new();
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                all = all + &line + "\n";
                let _ = tell.send(line);
            }
            crate::sandbox::keep("log", &all);
        });
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Program { child, address: line.trim().strip_prefix("http://").unwrap().to_owned(), log: Mutex::new(log) }
    }

    /// Waits for a line of the log about a reload.
    fn reloaded(&self) -> String {
        self.says("reloaded")
    }

    /// Waits for a line of the log with this in it.
    pub(super) fn says(&self, what: &str) -> String {
        loop {
            let line = self.log.lock().unwrap().recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("nobody says `{what}`"));
            if line.contains(what) {
                return line;
            }
        }
    }

    /// The most memory that it had, in KiB, where the system tells.
    pub(crate) fn peak(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
    }

    /// Sends a chat request of a test; the connection, unread.
    pub(super) fn send(&self, text: &str) -> std::io::Result<TcpStream> {
        let body = json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": text }] }).to_string();
        let mut tcp = TcpStream::connect(&self.address)?;
        tcp.set_read_timeout(Some(Duration::from_secs(60)))?;
        write!(
            tcp,
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-test-id: same\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        Ok(tcp)
    }

    pub(super) fn ask(&self, text: &str) -> String {
        let mut answer = String::new();
        self.send(text).unwrap().read_to_string(&mut answer).unwrap();
        answer
    }

    pub(super) fn get(&self, target: &str) -> Value {
        let mut tcp = TcpStream::connect(&self.address).unwrap();
        write!(tcp, "GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        crate::sandbox::keep("shown", &answer);
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn upstream() -> Upstream {
    Upstream::start(vec![answer("200 OK", "content-type: application/json\r\n", CHAT)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_recorders_on_one_folder_lose_nothing() {
    let (upstream, root) = (upstream().await, Sandbox::new());
    let folder = root.path().join("recorded");
    let programs = [Program::start(&upstream, &folder), Program::start(&upstream, &folder)];
    std::thread::scope(|scope| {
        for (which, program) in programs.iter().enumerate() {
            for part in 0..5 {
                scope.spawn(move || {
                    for number in 0..10 {
                        assert!(program.ask(&format!("question {which} {part} {number}.")).starts_with("HTTP/1.1 200 OK"));
                    }
                });
            }
        }
    });
    assert_eq!((entries(&folder).len(), written(&folder).len()), (100, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_that_is_killed_leaves_whole_files() {
    let (upstream, root) = (upstream().await, Sandbox::new());
    let folder = root.path().join("recorded");
    let mut before = 0;
    for round in 0..8 {
        let mut program = Program::start(&upstream, &folder);
        // One is answered and so must be there; the others are under way when the end comes, later in each round.
        program.ask(&format!("answered {round}."));
        let under_way: Vec<_> = (0..12).filter_map(|number| program.send(&format!("question {round} {number}.")).ok()).collect();
        for mut tcp in under_way.into_iter().take(round) {
            let _ = tcp.read(&mut [0; 16]);
        }
        program.kill();
        let files = written(&folder).into_iter().filter(|(name, _)| Path::new(name).extension().is_some_and(|ending| ending == "json"));
        let count: usize = files
            .map(|(name, text)| {
                let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
                file["fixtures"].as_array().unwrap().len()
            })
            .sum();
        assert!(count > before, "round {round}: {before} recordings became {count}");
        before = count;
    }
}

/// 100 MB pass through, more than is ever captured, and take up little.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_passes_in_little_memory() {
    const PIECE: usize = 1 << 20;
    let head =
        send(format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", 100 * PIECE));
    let script: Vec<Act> = std::iter::once(head).chain((0..100).map(|_| send(vec![b'x'; PIECE]))).collect();
    let (upstream, root) = (Upstream::start(script).await, Sandbox::new());
    let program = Program::start(&upstream, &root.path().join("recorded"));
    let mut tcp = program.send("long").unwrap();
    let (mut piece, mut length) = (vec![0; PIECE], 0);
    loop {
        match tcp.read(&mut piece).unwrap() {
            0 => break,
            count => length += count,
        }
    }
    assert!(length > 100 * PIECE, "only {length} bytes came");
    let Some(peak) = program.peak() else { return };
    // 64 MiB are kept until the limit is met.
    assert!(peak < 260 * 1024, "{peak} KiB");
    assert_eq!(written(root.path()), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_under_watch_is_no_news_and_no_count_is_lost() {
    for flags in [["--watch", "--record-mode=missing"], ["--watch-poll=50", "--record-mode=missing"]] {
        let place = Sandbox::new();
        let upstream = Upstream::start(vec![answer("200 OK", "content-type: application/json\r\n", CHAT)]).await;
        std::fs::create_dir(place.path().join("fixtures")).unwrap();
        let own = |more: &[&str]| {
            let answers: Vec<_> = ["one", "two", "three"].iter().map(|text| json!({ "content": text })).collect();
            let others = more.iter().map(|text| json!({ "match": { "userMessage": text }, "response": { "content": text } }));
            let all: Vec<_> = [json!({ "match": { "userMessage": "count" }, "responses": answers })].into_iter().chain(others).collect();
            std::fs::write(place.path().join("fixtures/own.json"), json!({ "fixtures": all }).to_string()).unwrap();
        };
        own(&[]);
        let arguments = [&["serve", "fixtures", "--record"], flags.as_slice()].concat();
        let program = tokio::task::block_in_place(|| Program::run(&upstream, place.path(), &arguments));
        tokio::task::block_in_place(|| {
            let says = |text: &str, said: &str| assert!(program.ask(text).contains(&format!("\"content\":\"{said}\"")), "{text}");
            says("count", "one");
            says("new", "hello");
            says("new", "hello");
            own(&["late"]);
            assert!(program.reloaded().ends_with("reloaded: 1 added, 2 as before"));
            says("count", "two");
            says("new", "hello");
            says("other", "hello");
            own(&["late", "later"]);
            assert!(program.reloaded().ends_with("reloaded: 1 added, 4 as before"));
            says("count", "three");
            says("other", "hello");
            says("new", "hello");
        });
        assert_eq!((upstream.count(), entries(&place.path().join("fixtures/recorded")).len()), (2, 2));
        let listed = tokio::task::block_in_place(|| program.get("/__aimock/fixtures?include=fixtures"));
        let mut served: Vec<u64> = listed["fixtures"].as_array().unwrap().iter().map(|it| it["served"].as_u64().unwrap()).collect();
        served.sort_unstable();
        assert_eq!(served, [0, 0, 1, 3, 3], "{listed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_still_empty_can_be_recorded_into() {
    for (arguments, folder) in [(["record", "-o", "empty"].as_slice(), "empty"), (&["serve", "empty", "--record"], "empty/recorded")] {
        let place = Sandbox::new();
        std::fs::create_dir(place.path().join("empty")).unwrap();
        let upstream = Upstream::start(vec![answer("200 OK", "content-type: application/json\r\n", CHAT)]).await;
        tokio::task::block_in_place(|| {
            let program = Program::run(&upstream, place.path(), arguments);
            assert!(program.ask("hi").starts_with("HTTP/1.1 200 OK"));
            let first = program.log.lock().unwrap().recv_timeout(Duration::from_secs(30)).unwrap();
            assert!(first.starts_with("serving 0 fixtures"), "{first}");
        });
        assert_eq!(entries(&place.path().join(folder)).len(), 1);
    }
}
