//! Plans over real sockets: what a client gets of a stream that is cut, and what the journal says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::finish::{CLIENT_GONE, Finish};
use super::journal::{Arrival, Outcome};
use super::pacer::Pacers;
use super::pipeline::Origin;
use super::transmit::{Carrier, transmit};
use super::{ApiKeys, App, Level, Settings, Stage, World, listen};
use crate::engine::{Close, Cut, Plan, Step};
use crate::exchange::RawRequest;
use crate::fixture::Library;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server whose every answer is one plan.
struct Planned {
    address: SocketAddr,
    app: Arc<App>,
    _stage: watch::Sender<Stage>,
}

impl Planned {
    async fn start(plan: Plan) -> Planned {
        let app = Arc::new(App::new(Settings::default(), Library::default(), World::new(Box::new(|_| Ok(Vec::new())), Box::new(quiet))));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, stage) = watch::channel(Stage::Serve);
        let (shared, router) = (app.clone(), router(app.clone(), plan));
        tokio::spawn(async move {
            let pacers = Pacers::start();
            while let Ok((tcp, _)) = listener.accept().await {
                let place = listen::Place { pacer: pacers.pick(), ..listen::Place::default() };
                tokio::spawn(listen::connection(tcp, shared.clone(), router.clone(), stage.clone(), place));
            }
        });
        Planned { address, app, _stage: tell }
    }

    /// The only journal entry, once its answer has ended.
    async fn entry(&self) -> Value {
        for _ in 0..2000 {
            let entries = self.app.journal.entries();
            assert!(entries.len() <= 1, "{} entries for one request", entries.len());
            if let Some(entry) = entries.first().filter(|entry| entry.outcome().duration.is_some()) {
                return entry.to_json().into_inner();
            }
            moment().await;
        }
        panic!("the request never ended");
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

fn quiet(_: Level, _: &crate::secrets::Redacted<String>) {}

/// Long enough for other tasks to get on, short enough not to matter.
async fn moment() {
    let _ = timeout(Duration::from_millis(2), std::future::pending::<()>()).await;
}

fn router(app: Arc<App>, plan: Plan) -> Router {
    Router::new().fallback(move |request: Request| {
        let (app, plan) = (app.clone(), plan.clone());
        async move {
            let origin = request.extensions().get::<Origin>().cloned().unwrap();
            let arrival = Arrival { id: app.ids.draw(), arrived: app.now(), request_id: origin.request_id, test_id: "".into() };
            let raw = RawRequest::default();
            let mut finish = Finish::new(app, Instant::now(), arrival, &raw);
            finish.decided(&raw, Outcome { status: plan.status, streamed: plan.streamed, ..Outcome::default() });
            transmit(plan, Carrier::new(origin.link, origin.http2), finish).await
        }
    })
}

/// `count` events, each with its number, and one byte string of them all.
fn events(count: usize, padding: usize) -> (Vec<Bytes>, Vec<u8>) {
    let events: Vec<Bytes> = (0..count).map(|number| Bytes::from(format!("data: {number} {}\n\n", "x".repeat(padding)))).collect();
    let all = events.concat();
    (events, all)
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        status: 200,
        headers: vec![("content-type".into(), "text/event-stream".into())].into(),
        streamed: true,
        steps,
        told: None,
        telling: None,
    }
}

fn send(bytes: &Bytes) -> Step {
    Step::Send { bytes: bytes.clone(), events: 1 }
}

fn hang_up(close: Close) -> Step {
    Step::HangUp(Cut { close, reason: "test" })
}

/// The events of `all`, one step each, then a cut. Without events the head goes out alone.
fn cut_after(all: &[Bytes], close: Close) -> Plan {
    let head = Step::Send { bytes: Bytes::new(), events: 0 };
    plan(std::iter::once(head).chain(all.iter().map(send)).chain([hang_up(close)]).collect())
}

const GET: &[u8] = b"GET /health HTTP/1.1\r\nhost: test\r\n\r\n";

/// Reads to the end of a connection in steps of `piece` bytes.
async fn read_all(tcp: &mut TcpStream, piece: usize, slow: bool) -> (Vec<u8>, std::io::Result<()>) {
    let (mut all, mut buffer) = (Vec::new(), vec![0; piece]);
    loop {
        if slow {
            moment().await;
        }
        match timeout(PATIENCE, tcp.read(&mut buffer)).await.expect("the connection hangs") {
            Ok(0) => return (all, Ok(())),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) => return (all, Err(error)),
        }
    }
}

/// Head, body without its chunk framing, and whether the body has its final chunk.
fn parse(response: &[u8]) -> (String, Vec<u8>, bool) {
    let end = response.windows(4).position(|window| window == b"\r\n\r\n").expect("a complete head");
    let (mut rest, mut body) = (&response[end + 4..], Vec::new());
    while let Some(line) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return (String::from_utf8(response[..end].to_vec()).unwrap(), body, true);
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + size]);
        rest = &rest[line + 2 + size + 2..];
    }
    (String::from_utf8(response[..end].to_vec()).unwrap(), body, false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_everything_before_a_cut_is_read_by_a_fast_reader() {
    for (count, padding) in [(0, 0), (1, 0), (2, 0), (50, 0), (50, 20_000)] {
        let (events, all) = events(count, padding);
        let server = Planned::start(cut_after(&events, Close::Fin)).await;
        let mut tcp = server.connect().await;
        tcp.write_all(GET).await.unwrap();
        let (response, end) = read_all(&mut tcp, 64 * 1024, false).await;
        let (head, body, complete) = parse(&response);
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("transfer-encoding: chunked"), "{head}");
        assert_eq!((body == all, complete), (true, false), "{count} events of {padding}");
        assert!(end.is_ok(), "a FIN, no reset: {end:?}");
        let entry = server.entry().await;
        assert_eq!(entry["response"]["interruptReason"], "test");
        assert_eq!(entry["stream"]["events"], count, "{entry}");
        assert_eq!(entry["stream"]["bytes"], all.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_everything_before_a_cut_is_read_by_a_slow_reader() {
    for (count, padding) in [(0, 0), (1, 0), (2, 300_000), (50, 20_000)] {
        let (events, all) = events(count, padding);
        let server = Planned::start(cut_after(&events, Close::Fin)).await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut tcp = socket.connect(server.address).await.unwrap();
        tcp.write_all(GET).await.unwrap();
        let (response, end) = read_all(&mut tcp, 8 * 1024, true).await;
        let (_, body, complete) = parse(&response);
        assert_eq!((body == all, complete, end.is_ok()), (true, false, true), "{count} events of {padding}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_paced_events_before_a_cut_are_read() {
    let (events, all) = events(3, 0);
    let paced = (1..).zip(&events).flat_map(|(number, event)| [Step::Until(Duration::from_millis(number * 15)), send(event)]);
    let server = Planned::start(plan(paced.chain([Step::Until(Duration::from_millis(60)), hang_up(Close::Fin)]).collect())).await;
    let mut tcp = server.connect().await;
    tcp.write_all(GET).await.unwrap();
    let (response, _) = read_all(&mut tcp, 4096, false).await;
    let (_, body, complete) = parse(&response);
    assert_eq!((body, complete), (all, false));
    assert!(server.entry().await["durationMs"].as_f64().unwrap() >= 60.0);
}

/// Each of these so many microseconds after the one before.
fn paced(events: &[Bytes], gap: u64) -> Plan {
    let moments = (0..).map(|number| Step::Until(Duration::from_micros(number * gap)));
    plan(moments.zip(events).flat_map(|(moment, event)| [moment, send(event)]).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paced_streams_follow_each_other_on_one_connection() {
    let (mut events, _) = events(20, 0);
    // More than is copied lightly, nothing at all, and more than a socket takes at once.
    events[7] = vec![b'y'; 200_000].into();
    events[8] = Bytes::new();
    events[12] = vec![b'z'; 60_000].into();
    let all = events.concat();
    let server = Planned::start(paced(&events, 3000)).await;
    let mut tcp = server.connect().await;
    let last = GET.strip_suffix(b"\r\n").unwrap();
    // All three at once: the second and the third wait for the one before.
    tcp.write_all(&[GET, GET, last, b"connection: close\r\n\r\n"].concat()).await.unwrap();
    let (mut responses, end) = read_all(&mut tcp, 64 * 1024, false).await;
    assert!(end.is_ok(), "{end:?}");
    for _ in 0..3 {
        let length = responses.windows(7).position(|end| end == b"\r\n0\r\n\r\n").expect("a whole answer") + 7;
        let rest = responses.split_off(length);
        let (_, body, complete) = parse(&responses);
        assert_eq!((body == all, complete), (true, true));
        responses = rest;
    }
    assert!(responses.is_empty());
    for entry in server.app.journal.entries() {
        let outcome = entry.outcome();
        assert_eq!((outcome.events, outcome.bytes, outcome.interrupted), (20, all.len() as u64, None));
        assert!(outcome.duration.is_some_and(|duration| duration >= Duration::from_millis(57)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_gets_all_of_a_paced_stream() {
    // Far more than the system keeps for a client that does not read, in many pieces and in few.
    for (count, padding) in [(800, 20_000), (40, 400_000)] {
        let (events, all) = events(count, padding);
        let server = Planned::start(paced(&events, 100)).await;
        let mut tcp = server.connect().await;
        tcp.write_all(&[GET.strip_suffix(b"\r\n").unwrap(), b"connection: close\r\n\r\n"].concat()).await.unwrap();
        let (response, end) = read_all(&mut tcp, 64 * 1024, true).await;
        let (_, body, complete) = parse(&response);
        assert_eq!((body == all, complete, end.is_ok()), (true, true, true), "events of {padding}");
        assert_eq!(server.entry().await["stream"]["events"], count);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_knows_no_chunks_gets_a_paced_stream() {
    let (events, all) = events(5, 0);
    let server = Planned::start(paced(&events, 3000)).await;
    let mut tcp = server.connect().await;
    tcp.write_all(b"GET /health HTTP/1.0\r\nhost: test\r\n\r\n").await.unwrap();
    let (response, end) = read_all(&mut tcp, 4096, false).await;
    assert!(end.is_ok() && response.ends_with(&[b"\r\n\r\n", all.as_slice()].concat()), "{}", String::from_utf8_lossy(&response));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_a_paced_stream_ends_it() {
    let (events, _) = events(3, 0);
    let moments = [0, 10, 3_600_000].map(|moment| Step::Until(Duration::from_millis(moment)));
    let server = Planned::start(plan(moments.into_iter().zip(&events).flat_map(|(moment, event)| [moment, send(event)]).collect())).await;
    let mut tcp = server.connect().await;
    tcp.write_all(GET).await.unwrap();
    let mut seen = Vec::new();
    while !seen.windows(7).any(|window| window == b"data: 1") {
        tcp.read_buf(&mut seen).await.unwrap();
    }
    drop(tcp);
    let entry = server.entry().await;
    assert_eq!(entry["response"]["interruptReason"], CLIENT_GONE, "{entry}");
    assert_eq!(entry["stream"]["events"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_reaches_the_client_as_one() {
    let (events, all) = events(2, 0);
    let server = Planned::start(cut_after(&events, Close::Rst)).await;
    let mut tcp = server.connect().await;
    tcp.write_all(GET).await.unwrap();
    let (response, end) = read_all(&mut tcp, 4096, false).await;
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(parse(&response).1, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b13_a_cut_before_the_first_byte_sends_no_status_either() {
    for close in [Close::Fin, Close::Rst] {
        let server = Planned::start(plan(vec![Step::Until(Duration::from_millis(5)), hang_up(close)])).await;
        let mut tcp = server.connect().await;
        tcp.write_all(GET).await.unwrap();
        let (response, _) = read_all(&mut tcp, 4096, false).await;
        assert_eq!(response, b"");
        let entry = server.entry().await;
        assert_eq!((&entry["response"]["status"], &entry["response"]["interrupted"]), (&Value::from(0), &Value::from(true)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b1_an_empty_stream_ends_cleanly() {
    let server = Planned::start(plan(Vec::new())).await;
    let mut tcp = server.connect().await;
    tcp.write_all(b"GET /health HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await.unwrap();
    let (response, _) = read_all(&mut tcp, 4096, false).await;
    let head = String::from_utf8(response).unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream") && head.ends_with("\r\n\r\n"), "{head}");
    assert_eq!(server.entry().await["response"].get("interrupted"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_work_ends_within_100_ms_of_the_client() {
    let (events, _) = events(2, 0);
    let steps = vec![send(&events[0]), Step::Until(Duration::from_secs(60)), send(&events[1])];
    for waits_for_the_head in [false, true] {
        let steps = if waits_for_the_head { steps[1..].to_vec() } else { steps.clone() };
        let server = Planned::start(plan(steps)).await;
        let mut tcp = server.connect().await;
        tcp.write_all(GET).await.unwrap();
        if waits_for_the_head {
            while server.app.journal.entries().is_empty() {
                moment().await;
            }
        } else {
            let mut byte = [0; 1];
            tcp.read_exact(&mut byte).await.unwrap();
        }
        drop(tcp);
        let entry = timeout(Duration::from_millis(100), server.entry()).await.expect("the server works on for nobody");
        assert_eq!(entry["response"]["interruptReason"], CLIENT_GONE);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_on_one_connection_follow_each_other() {
    let (events, all) = events(2, 0);
    let server = Planned::start(plan(events.iter().map(send).collect())).await;
    let mut tcp = server.connect().await;
    let mut responses = Vec::new();
    for _ in 0..3 {
        tcp.write_all(GET).await.unwrap();
        let mut response = Vec::new();
        while !response.ends_with(b"\r\n0\r\n\r\n") {
            let mut byte = [0; 1];
            timeout(PATIENCE, tcp.read_exact(&mut byte)).await.unwrap().unwrap();
            response.push(byte[0]);
        }
        responses.push(response);
    }
    assert!(responses.iter().all(|response| parse(response).1 == all && parse(response).2));
}

/// What an HTTP/2 client reads: the status if there is one, the body, and whether it ended as it should.
async fn http2(server: &Planned, window: u32) -> (Option<u16>, Vec<u8>, bool) {
    let tcp = TokioIo::new(server.connect().await);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(window);
    let (mut sender, connection) = builder.handshake(tcp).await.unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::get("http://test/health").body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = timeout(PATIENCE, sender.send_request(request)).await.unwrap() else { return (None, Vec::new(), false) };
    let status = response.status().as_u16();
    let (mut body, mut all) = (response.into_body(), Vec::new());
    loop {
        match timeout(PATIENCE, body.frame()).await.expect("the stream hangs") {
            None => return (Some(status), all, true),
            Some(Ok(frame)) => all.extend_from_slice(frame.data_ref().unwrap()),
            Some(Err(_)) => return (Some(status), all, false),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_on_http2_resets_the_stream_after_everything_sent() {
    for (count, padding, window) in
        [(0, 0, 65_535), (1, 0, 65_535), (2, 0, 65_535), (50, 0, 65_535), (50, 20_000, 65_535), (3, 90_000, 16_384)]
    {
        let (events, all) = events(count, padding);
        let server = Planned::start(cut_after(&events, Close::Fin)).await;
        let (status, body, complete) = http2(&server, window).await;
        assert_eq!((status, body.len(), complete), (Some(200), all.len(), false), "{count} events of {padding} in {window}");
        assert_eq!(server.entry().await["response"]["interruptReason"], "test");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_serves_streams_and_cuts_without_a_byte() {
    let (events, all) = events(3, 10);
    let server = Planned::start(plan(events.iter().map(send).collect())).await;
    assert_eq!(http2(&server, 65_535).await, (Some(200), all, true));
    let server = Planned::start(plan(vec![hang_up(Close::Fin)])).await;
    assert_eq!(http2(&server, 65_535).await, (None, Vec::new(), false));
}

#[test]
fn listening_beyond_this_machine_without_keys_is_warned_of() {
    let keys = ApiKeys::new(["k"]).unwrap();
    let warns = |address: &str, keys: &ApiKeys| listen::exposure(address.parse().unwrap(), keys).is_some();
    assert!(warns("0.0.0.0:4010", &ApiKeys::default()) && warns("[::]:1", &ApiKeys::default()) && warns("10.1.2.3:1", &ApiKeys::default()));
    assert!(!warns("127.0.0.1:4010", &ApiKeys::default()) && !warns("[::1]:1", &ApiKeys::default()) && !warns("0.0.0.0:1", &keys));
}

#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::disallowed_methods, reason = "it is no file: the system's word on this process")]
fn room_is_made_for_connections() {
    listen::make_room(3000);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    assert!(size.trim().parse::<u64>().unwrap() >= most.min(3000), "{size}");
}
