//! The limit: what an HTTP server on one thread can do at all on this machine. It answers every request with the same
//! bytes, made beforehand; whoever matches, counts and keeps a journal can only come near it.
//!
//! `bench-limit --port P --body FILE [--stream] [--parse] [--ttft-ms X --gap-ms Y]`: with `--stream` the file holds
//! server-sent events, each of which leaves as a frame of its own (on an absolute schedule if there is a gap); with
//! `--parse` the request's JSON is read into borrowed texts, which any server that matches has to do.

use std::borrow::Cow;
use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

/// What is answered, and how.
#[derive(Default)]
struct Settings {
    port: u16,
    whole: Bytes,
    events: Vec<Bytes>,
    streams: bool,
    parses: bool,
    ttft: Duration,
    gap: Duration,
}

fn main() -> ExitCode {
    match settings(std::env::args().skip(1)).and_then(|settings| run(&Arc::new(settings))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("bench-limit: {reason}");
            ExitCode::from(2)
        }
    }
}

fn settings(mut words: impl Iterator<Item = String>) -> Result<Settings, String> {
    let mut settings = Settings::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let bad = |text: &str| format!("{word}: `{text}` is no number");
        let milliseconds =
            |text: String| text.parse().ok().and_then(|ms: f64| Duration::try_from_secs_f64(ms / 1000.0).ok()).ok_or(bad(&text));
        match word.as_str() {
            "--port" => settings.port = value().and_then(|text| text.parse().map_err(|_| bad(&text)))?,
            "--body" => {
                let name = value()?;
                settings.whole = std::fs::read(&name).map_err(|error| format!("{name}: {error}"))?.into();
            }
            "--stream" => settings.streams = true,
            "--parse" => settings.parses = true,
            "--ttft-ms" => settings.ttft = milliseconds(value()?)?,
            "--gap-ms" => settings.gap = milliseconds(value()?)?,
            _ => return Err(format!("what is `{word}`?")),
        }
    }
    let mut start = 0;
    for end in memchr::memmem::find_iter(&settings.whole, b"\n\n").map(|at| at + 2) {
        settings.events.push(settings.whole.slice(start..end));
        start = end;
    }
    Ok(settings)
}

fn run(settings: &Arc<Settings>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", settings.port)).await.map_err(|error| format!("port {}: {error}", settings.port))?;
        loop {
            if let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(connection(socket, Arc::clone(settings)));
            }
        }
    })
}

async fn connection(socket: TcpStream, settings: Arc<Settings>) {
    let _ = socket.set_nodelay(true);
    let service = service_fn(|request| answer(request, Arc::clone(&settings)));
    let _ = http1::Builder::new().pipeline_flush(true).serve_connection(TokioIo::new(socket), service).await;
}

type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;

async fn answer(request: Request<Incoming>, settings: Arc<Settings>) -> Result<Response<Body>, hyper::Error> {
    let mut body = request.into_body();
    if settings.parses {
        std::hint::black_box(newest_user_text(&body.collect().await?.to_bytes()));
    } else {
        while let Some(frame) = body.frame().await {
            frame?;
        }
    }
    let mut response = Response::new(match (settings.streams, settings.gap.is_zero()) {
        (false, _) => Either::Left(Full::new(settings.whole.clone())),
        (true, true) => Either::Right(at_once(Arc::clone(&settings))),
        (true, false) => Either::Right(paced(Arc::clone(&settings))),
    });
    let kind = if settings.streams { "text/event-stream" } else { "application/json" };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

fn at_once(settings: Arc<Settings>) -> UnsyncBoxBody<Bytes, Infallible> {
    let frames = (0..settings.events.len()).map(move |index| Ok(Frame::data(settings.events[index].clone())));
    StreamBody::new(stream::iter(frames)).boxed_unsync()
}

/// Each event at its own time, counted from the request: one that is late does not make the next ones late.
fn paced(settings: Arc<Settings>) -> UnsyncBoxBody<Bytes, Infallible> {
    let first = Instant::now() + settings.ttft;
    let frames = stream::unfold((0_u32, settings), move |(index, settings)| async move {
        let event = settings.events.get(usize::try_from(index).ok()?)?.clone();
        sleep_until(first + settings.gap * index).await;
        Some((Ok(Frame::data(event)), (index + 1, settings)))
    });
    StreamBody::new(frames).boxed_unsync()
}

#[derive(serde::Deserialize)]
struct Chat<'a> {
    #[serde(borrow)]
    messages: Vec<Message<'a>>,
}

#[derive(serde::Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

/// The length of the text that a fixture would be looked up by.
fn newest_user_text(body: &[u8]) -> Option<usize> {
    let chat: Chat<'_> = serde_json::from_slice(body).ok()?;
    chat.messages.iter().rev().find(|message| message.role == "user").map(|message| message.content.len())
}
