//! A client of sockets that hides nothing: messages, closes with code and reason, cuts.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::server::support::Running;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const REALTIME: &str = "/v1/realtime?model=gpt-realtime";
pub(crate) const RESPONSES: &str = "/v1/responses";
pub(crate) const LIVE: &str = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";

/// What comes from the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    Text(String),
    Binary(Vec<u8>),
    Pong(Vec<u8>),
    Closed(u16, String),
    /// The connection ended without a close.
    Cut,
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) protocol: Option<String>,
}

impl Client {
    pub(crate) async fn open(server: &Running, target: &str) -> Client {
        Client::open_with(server, target, &[]).await
    }

    pub(crate) async fn open_with(server: &Running, target: &str, headers: &[(&str, &str)]) -> Client {
        Client::try_open(server, target, headers).await.unwrap_or_else(|error| panic!("{target}: {error}")).0
    }

    pub(crate) async fn try_open(server: &Running, target: &str, headers: &[(&str, &str)]) -> Result<(Client, Response), Error> {
        let mut request = format!("ws://{}{target}", server.address).into_client_request().unwrap();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
        }
        let (socket, response) = client_async(request, server.connect().await).await?;
        let protocol = response.headers().get("sec-websocket-protocol").map(|name| name.to_str().unwrap().to_owned());
        Ok((Client { socket, protocol }, response))
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.say_text(&message.to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Next {
        match timeout(PATIENCE, self.socket.next()).await.expect("the server says nothing") {
            Some(Ok(Message::Text(text))) => Next::Text(text.as_str().to_owned()),
            Some(Ok(Message::Binary(bytes))) => Next::Binary(bytes.to_vec()),
            Some(Ok(Message::Pong(bytes))) => Next::Pong(bytes.to_vec()),
            Some(Ok(Message::Close(Some(frame)))) => Next::Closed(frame.code.into(), frame.reason.as_str().to_owned()),
            Some(Ok(Message::Close(None))) => Next::Closed(1005, String::new()),
            Some(Ok(other)) => panic!("unexpected {other:?}"),
            Some(Err(_)) | None => Next::Cut,
        }
    }

    /// The next message, which must be JSON.
    #[track_caller]
    pub(crate) fn json(next: &Next) -> Value {
        let Next::Text(text) = next else { panic!("not a message: {next:?}") };
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    pub(crate) async fn event(&mut self) -> Value {
        Client::json(&self.next().await)
    }

    /// Every message up to the one that `is_last`, itself included.
    pub(crate) async fn until(&mut self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.event().await;
            let last = is_last(&event);
            events.push(event);
            if last {
                return events;
            }
        }
    }

    /// Every event up to the one of this type.
    pub(crate) async fn until_type(&mut self, kind: &str) -> Vec<Value> {
        self.until(|event| event["type"] == kind).await
    }

    /// Messages up to the end of the connection, and that end.
    pub(crate) async fn rest(&mut self) -> (Vec<String>, Next) {
        let mut texts = Vec::new();
        loop {
            match self.next().await {
                Next::Text(text) => texts.push(text),
                end => return (texts, end),
            }
        }
    }

    /// Asks for a response of a realtime conversation to this text; every event of it.
    pub(crate) async fn converse(&mut self, text: &str) -> Vec<Value> {
        self.say(&item(text)).await;
        self.until_type("conversation.item.done").await;
        self.say(&json!({ "type": "response.create" })).await;
        self.until_type("response.done").await
    }

    /// Asks Gemini Live; every message of the turn.
    pub(crate) async fn live(&mut self, text: &str) -> Vec<Value> {
        self.say(&content(text)).await;
        self.turn().await
    }

    /// The messages of one turn of Gemini Live.
    pub(crate) async fn turn(&mut self) -> Vec<Value> {
        let is_last = |message: &Value| {
            let alone = message.get("usageMetadata").is_some() && message.get("serverContent").is_none();
            message.get("error").is_some() || message["serverContent"]["turnComplete"] == true || alone
        };
        self.until(is_last).await
    }

    /// Asks for a response; every event of it.
    pub(crate) async fn respond(&mut self, text: &str) -> Vec<Value> {
        self.say(&create(text)).await;
        self.until(|event| ["response.completed", "error"].iter().any(|kind| event["type"] == *kind)).await
    }
}

/// A realtime conversation, set up.
pub(crate) async fn realtime(server: &Running) -> Client {
    let mut client = Client::open(server, REALTIME).await;
    assert_eq!(client.event().await["type"], "session.created");
    client
}

/// A Gemini Live conversation, set up.
pub(crate) async fn live(server: &Running) -> Client {
    let mut client = Client::open(server, LIVE).await;
    client.say(&json!({ "setup": { "model": "models/gemini-live" } })).await;
    assert_eq!(client.event().await, json!({ "setupComplete": {} }));
    client
}

pub(crate) fn item(text: &str) -> Value {
    let content = json!([{ "type": "input_text", "text": text }]);
    json!({ "type": "conversation.item.create", "item": { "type": "message", "role": "user", "content": content } })
}

pub(crate) fn content(text: &str) -> Value {
    json!({ "clientContent": { "turns": [{ "role": "user", "parts": [{ "text": text }] }], "turnComplete": true } })
}

pub(crate) fn create(text: &str) -> Value {
    json!({ "type": "response.create", "model": "gpt-4o", "input": text })
}

pub(crate) fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// The text of all deltas of this type.
pub(crate) fn joined(events: &[Value], kind: &str) -> String {
    events.iter().filter(|event| event["type"] == kind).map(|event| event["delta"].as_str().unwrap()).collect()
}

/// The text of a turn of Gemini Live.
pub(crate) fn told(messages: &[Value]) -> String {
    let parts = messages.iter().filter_map(|message| message.pointer("/serverContent/modelTurn/parts/0/text")?.as_str());
    parts.collect()
}
