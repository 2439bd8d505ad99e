//! A server in this process and a client that hides nothing: requests and responses as bytes.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aimock::diagnostic::{Severity, Source, SourceId};
use aimock::document::Format;
use aimock::fixture::{Fixture, Library, LoadOptions, SourceFile, load};
use aimock::matcher::Matching;
use aimock::server::{App, Ended, Settings, Stage, World, serve};
use aimock::transform::{Spec, Transforms};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running server.
pub(crate) struct Running {
    pub address: SocketAddr,
    pub log: Arc<Mutex<Vec<String>>>,
    stage: watch::Sender<Stage>,
    task: JoinHandle<Ended>,
    _kept: Kept,
}

/// A log that is kept when its server is let go.
struct Kept(Arc<Mutex<Vec<String>>>);

/// Serves these fixtures (the value of a file's `fixtures`).
pub(crate) async fn start(fixtures: Value) -> Running {
    start_with(fixtures, |_| ()).await
}

/// Serves these fixtures with settings changed.
pub(crate) async fn start_with(fixtures: Value, change: impl FnOnce(&mut Settings)) -> Running {
    let mut settings = Settings { seed: 7, ..Settings::default() };
    change(&mut settings);
    start_in(fixtures, settings, |_| ()).await
}

/// Serves these fixtures under transforms.
pub(super) async fn start_under(transforms: &[Spec], matching: Matching, fixtures: Value) -> Running {
    start_under_with(transforms, matching, fixtures, |_| ()).await
}

/// The same with settings of the test's own.
pub(crate) async fn start_under_with(
    transforms: &[Spec],
    matching: Matching,
    fixtures: Value,
    change: impl FnOnce(&mut Settings),
) -> Running {
    let mut settings = Settings { seed: 7, transforms: Transforms::compile(transforms).unwrap(), ..Settings::default() };
    change(&mut settings);
    let options = LoadOptions { matching, transforms: settings.transforms.clone(), ..LoadOptions::default() };
    start_loaded(fixtures, settings, options, |_| ()).await
}

/// Serves these fixtures with codecs or a clock of the test's own.
pub(crate) async fn start_in(fixtures: Value, settings: Settings, change: impl FnOnce(&mut World)) -> Running {
    start_loaded(fixtures, settings, LoadOptions::default(), change).await
}

async fn start_loaded(fixtures: Value, settings: Settings, options: LoadOptions<'static>, change: impl FnOnce(&mut World)) -> Running {
    let text = serde_json::json!({ "fixtures": fixtures }).to_string();
    let library = Library::new(read("suite.json", &text, &options).unwrap(), vec![SourceFile::new("suite.json")]);
    let log = Arc::new(Mutex::new(Vec::new()));
    let (lines, loader) = (log.clone(), move |text: &str| read("posted.json", text, &options));
    let mut world = World::new(Box::new(loader), Box::new(move |_, line| lines.lock().unwrap().push(line.get().clone())));
    world.now = || SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    change(&mut world);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stage, stages) = watch::channel(Stage::Serve);
    let task = tokio::spawn(serve(listener, Arc::new(App::new(settings, library, world)), stages));
    Running { address, _kept: Kept(log.clone()), log, stage, task }
}

/// Loads a text; errors become a list of messages.
fn read(name: &str, text: &str, options: &LoadOptions<'_>) -> Result<Vec<Fixture>, Vec<String>> {
    let source = Arc::new(Source::new(SourceId(0), name, text));
    let loaded = load(&source, Format::Json, options);
    let errors: Vec<String> =
        loaded.problems.iter().filter(|problem| problem.severity == Severity::Error).map(|p| p.message.clone()).collect();
    if errors.is_empty() { Ok(loaded.entries.into_iter().map(|entry| entry.fixture).collect()) } else { Err(errors) }
}

impl Running {
    /// Moves the server on towards its end.
    pub(crate) fn signal(&self, stage: Stage) {
        self.stage.send_replace(stage);
    }

    /// How it ended, once it has.
    pub(crate) async fn ended(self) -> Ended {
        timeout(PATIENCE, self.task).await.expect("the server does not stop").unwrap()
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn send(&self, request: Request) -> Response {
        let mut tcp = self.connect().await;
        // A server that refuses early may close before all is written.
        let _ = tcp.write_all(&request.bytes()).await;
        Response::read(&mut tcp).await
    }

    /// A chat request whose user says this.
    pub(crate) async fn ask(&self, text: &str) -> Response {
        self.send(chat(text)).await
    }

    pub(crate) async fn get(&self, target: &str) -> Response {
        let response = self.send(Request::new("GET", target)).await;
        if target.starts_with("/__aimock") {
            crate::sandbox::keep("shown", &String::from_utf8_lossy(&response.body));
        }
        response
    }

    pub(crate) async fn post(&self, target: &str, body: &str) -> Response {
        self.send(Request::new("POST", target).body(body)).await
    }

    /// The journal's entries as they are.
    pub(crate) async fn entries(&self) -> Vec<Value> {
        self.get("/__aimock/journal").await.json().as_array().unwrap().clone()
    }

    /// The journal's entries, once no answer is under way.
    pub(crate) async fn journal(&self) -> Vec<Value> {
        for _ in 0..2000 {
            let entries = self.entries().await;
            if entries.iter().all(|entry| entry.get("pending").is_none()) {
                return entries;
            }
            moment().await;
        }
        panic!("an answer never ended");
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        crate::sandbox::keep("log", &self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).join("\n"));
    }
}

/// Long enough for other tasks to get on, short enough not to matter; of the real clock, whatever the test's own says.
pub(crate) async fn moment() {
    tokio::task::spawn_blocking(|| std::thread::park_timeout(Duration::from_millis(2))).await.unwrap();
}

/// A request as it will stand on the wire.
#[derive(Clone)]
pub(crate) struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Request {
        Request { head: format!("{method} {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n"), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Request {
        let _ = write!(self.head, "{name}: {value}\r\n");
        self
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Request {
        self.body = body.as_ref().to_vec();
        self.header("content-length", &body.as_ref().len().to_string())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

/// `POST /v1/chat/completions` with a user who says this.
pub(crate) fn chat(text: &str) -> Request {
    chat_of(&serde_json::json!({ "model": "gpt-4o", "messages": [{ "role": "user", "content": text }] }))
}

/// The same, streaming.
pub(crate) fn chat_stream(text: &str) -> Request {
    chat_of(&serde_json::json!({ "model": "gpt-4o", "stream": true, "messages": [{ "role": "user", "content": text }] }))
}

pub(crate) fn chat_of(body: &Value) -> Request {
    Request::new("POST", "/v1/chat/completions").header("content-type", "application/json").body(body.to_string())
}

/// A response as it came.
#[derive(Debug)]
pub(crate) struct Response {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
    /// Whether the body ended as its framing says.
    pub complete: bool,
    /// Every byte.
    pub raw: Vec<u8>,
}

impl Response {
    /// Reads to the end of the connection.
    pub(crate) async fn read(tcp: &mut TcpStream) -> Response {
        let mut raw = Vec::new();
        // A reset after the answer is the same as its end.
        let _ = timeout(PATIENCE, tcp.read_to_end(&mut raw)).await.expect("the connection hangs");
        Response::parse(raw)
    }

    pub(crate) fn parse(raw: Vec<u8>) -> Response {
        let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Response { status: 0, head: String::new(), body: Vec::new(), complete: false, raw };
        };
        let head = String::from_utf8(raw[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let rest = &raw[end + 4..];
        let (body, complete) = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            dechunk(rest)
        } else {
            let length = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            (rest.to_vec(), rest.len() == length)
        };
        Response { status, head, body, complete, raw }
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.raw)))
    }

    /// `data` of every server-sent event.
    pub(crate) fn events(&self) -> Vec<String> {
        self.text().split("\n\n").filter_map(|event| event.strip_prefix("data: ")).map(str::to_owned).collect()
    }

    /// The text that a chat answer says, streamed or not.
    pub(crate) fn said(&self) -> String {
        if self.header("content-type").is_some_and(|kind| kind.contains("event-stream")) {
            let deltas = self.events().into_iter().filter_map(|event| serde_json::from_str::<Value>(&event).ok());
            return deltas.filter_map(|event| Some(event.pointer("/choices/0/delta/content")?.as_str()?.to_owned())).collect();
        }
        let body = self.json();
        body.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap_or_else(|| panic!("no chat answer: {body}")).to_owned()
    }
}

fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().skip(1).filter_map(|line| line.split_once(": ")).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + size]);
        rest = &rest[line + 2 + size + 2..];
    }
    (body, false)
}
