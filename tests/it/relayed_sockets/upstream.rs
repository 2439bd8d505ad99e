//! A scripted upstream that speaks WebSocket: every connection plays a script, and all that it hears is kept.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aimock::server::{OnMiss, RecordSettings, Recorder, Settings, Target, UpstreamSettings, Upstreams};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// One step of a script.
#[derive(Clone)]
pub(super) enum Act {
    Say(Value),
    /// As bytes, as Google's servers send their JSON.
    Bytes(Value),
    /// Hears messages up to one that contains this.
    Hear(&'static str),
    Wait(Arc<Notify>),
    Close(u16, &'static str),
    /// Ends the connection without a close.
    Cut,
    /// Keeps the connection and says nothing.
    Silence,
}

/// What a connection does.
#[derive(Clone)]
pub(super) enum Play {
    Acts(Vec<Act>),
    /// Answers the handshake with this status and body.
    Refuse(u16, &'static str),
    /// The same with the JSON content type left out and no words at all.
    Protocol(&'static str, Vec<Act>),
}

#[derive(Default)]
struct Seen {
    heads: Vec<(String, Vec<(String, String)>)>,
    heard: Vec<Value>,
    closed: Vec<Option<u16>>,
}

/// A running upstream.
pub(super) struct Scripted {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    left: Arc<Notify>,
}

impl Scripted {
    /// Plays the same acts on every connection.
    pub(super) async fn start(acts: Vec<Act>) -> Scripted {
        Scripted::playing(move |_| Play::Acts(acts.clone())).await
    }

    /// Chooses by the number of the connection.
    pub(super) async fn playing(choose: impl Fn(usize) -> Play + Send + Sync + 'static) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, left) = (Arc::new(Mutex::new(Seen::default())), Arc::new(Notify::new()));
        let (kept, leaves) = (seen.clone(), left.clone());
        tokio::spawn(async move {
            let mut count = 0;
            while let Ok((tcp, _)) = listener.accept().await {
                let (play, seen, left) = (choose(count), kept.clone(), leaves.clone());
                count += 1;
                tokio::spawn(async move {
                    serve(tcp, play, &seen).await;
                    left.notify_one();
                });
            }
        });
        Scripted { address, seen, left }
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.lock().unwrap().heads.len()
    }

    /// The request of a handshake: its target and its fields.
    pub(super) fn head(&self, index: usize) -> (String, Vec<(String, String)>) {
        self.seen.lock().unwrap().heads[index].clone()
    }

    /// Everything that was heard.
    pub(super) fn heard(&self) -> Vec<Value> {
        self.seen.lock().unwrap().heard.clone()
    }

    /// The code of the close with which a connection ended, once it has.
    pub(super) async fn closed(&self) -> Option<u16> {
        self.left.notified().await;
        *self.seen.lock().unwrap().closed.last().unwrap()
    }

    pub(super) fn settings(&self) -> UpstreamSettings {
        let target = |provider: &str| Target { provider: provider.to_owned(), base: format!("http://{}", self.address), key: None };
        UpstreamSettings { targets: ["openai", "gemini"].map(target).to_vec(), ..UpstreamSettings::default() }
    }

    /// Records on a miss.
    pub(super) fn recording(&self, folder: &Path, change: impl FnOnce(&mut RecordSettings)) -> impl FnOnce(&mut Settings) {
        let mut settings = RecordSettings::new(folder);
        change(&mut settings);
        let (recorder, upstream) = (Arc::new(Recorder::new(settings)), self.settings());
        move |all| all.on_miss = OnMiss::Record(Arc::new(Upstreams::new(upstream).unwrap()), recorder)
    }
}

#[expect(clippy::result_large_err, reason = "the callback's type is the library's")]
async fn serve(tcp: TcpStream, play: Play, seen: &Mutex<Seen>) {
    let (acts, refusal, protocol) = match play {
        Play::Acts(acts) => (acts, None, None),
        Play::Refuse(status, body) => (Vec::new(), Some((status, body)), None),
        Play::Protocol(protocol, acts) => (acts, None, Some(protocol)),
    };
    let callback = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        let fields = request.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        seen.lock().unwrap().heads.push((request.uri().to_string(), fields.collect()));
        if let Some((status, body)) = refusal {
            let mut refused = ErrorResponse::new(Some(body.to_owned()));
            *refused.status_mut() = status.try_into().unwrap();
            let fields = refused.headers_mut();
            fields.insert("content-type", "application/json".parse().unwrap());
            fields.insert("content-length", body.len().into());
            fields.insert("retry-after", "7".parse().unwrap());
            return Err(refused);
        }
        if let Some(protocol) = protocol {
            response.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        Ok(response)
    };
    let Ok(mut socket) = accept_hdr_async(tcp, callback).await else { return };
    let closed = play_acts(&mut socket, acts, seen).await;
    seen.lock().unwrap().closed.push(closed);
}

/// Plays a script, then listens until the other side closes; with which code it did.
async fn play_acts(socket: &mut WebSocketStream<TcpStream>, acts: Vec<Act>, seen: &Mutex<Seen>) -> Option<u16> {
    for act in acts {
        match act {
            Act::Say(message) => socket.send(Message::text(message.to_string())).await.ok()?,
            Act::Bytes(message) => socket.send(Message::binary(format!("{message:#}\n"))).await.ok()?,
            Act::Hear(part) => loop {
                let text = match hear(socket, seen).await {
                    Ok(text) => text,
                    Err(code) => return code,
                };
                if text.contains(part) {
                    break;
                }
            },
            Act::Wait(gate) => gate.notified().await,
            Act::Close(code, reason) => {
                let frame = CloseFrame { code: code.into(), reason: reason.into() };
                socket.close(Some(frame)).await.ok()?;
            }
            Act::Cut => return None,
            Act::Silence => {}
        }
    }
    loop {
        if let Err(code) = hear(socket, seen).await {
            return code;
        }
    }
}

async fn hear(socket: &mut WebSocketStream<TcpStream>, seen: &Mutex<Seen>) -> Result<String, Option<u16>> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                seen.lock().unwrap().heard.push(serde_json::from_str(&text).unwrap());
                return Ok(text.as_str().to_owned());
            }
            Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err(None),
        }
    }
}
