//! Two hundred clients at once, each on a connection that it keeps for as long as the server does.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::questions::{Answer, Question, TIMES};
use crate::seeds::kit::data;

const CLIENTS: usize = 200;

/// What a client was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// Whole, and every part of it parses; with the code of an error.
    Intact(Answer, Option<String>),
    /// The connection ended without a byte.
    Nothing,
    /// Status and headers, and a body that ended too soon.
    Cut,
    /// A whole body that does not parse, or a stream with such an event.
    Malformed,
    /// A stream with an error in it.
    ErrorEvent,
}

/// Puts every question so many times to the server; what came of each request, by the request's number. `turn` deals the
/// requests out in another way.
pub(super) fn storm(address: SocketAddr, turn: usize) -> Vec<(Question, Met)> {
    let all = Question::all();
    let count = all.len() * TIMES;
    // Neighbours are the same question, so that clients meet at it. 7919 shares no factor with the count.
    let dealt =
        |place: usize| if turn == 0 { place } else { (place / CLIENTS * CLIENTS + place * 7919 % CLIENTS + turn * 7919 * CLIENTS) % count };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let requests: Vec<(usize, Question)> =
                    (0..count / CLIENTS).map(|round| dealt(round * CLIENTS + client)).map(|number| (number, all[number / TIMES])).collect();
                tokio::spawn(async move {
                    let mut line = Line { address, sender: None };
                    let mut met = Vec::new();
                    for (number, question) in requests {
                        met.push((number, question, line.ask(number, question).await));
                    }
                    met
                })
            })
            .collect();
        let mut met = vec![None; count];
        for client in clients {
            for (number, question, answer) in client.await.unwrap() {
                assert!(met[number].replace((question, answer)).is_none(), "request {number} is asked twice");
            }
        }
        met.into_iter().map(Option::unwrap).collect()
    })
}

/// The name under which the journal knows a request.
pub(super) fn request_id(number: usize) -> String {
    format!("storm-{number:05}")
}

struct Line {
    address: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Line {
    async fn ask(&mut self, number: usize, question: Question) -> Met {
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await,
        };
        let mut request = hyper::Request::post(question.path())
            .header("host", "storm")
            .header("content-type", "application/json")
            .header("authorization", "Bearer sk-aimock-storm")
            .header("x-request-id", request_id(number));
        for (name, value) in question.headers() {
            request = request.header(name, value);
        }
        // A kept connection that the server has closed meanwhile would be told apart here: it never closes one by itself.
        sender.ready().await.unwrap();
        let request = request.body(Full::new(Bytes::from(question.body().to_string()))).unwrap();
        let Ok(response) = sender.send_request(request).await else { return Met::Nothing };
        let (head, mut body) = response.into_parts();
        let mut bytes = Vec::new();
        let complete = loop {
            match body.frame().await {
                Some(Ok(frame)) => bytes.extend_from_slice(&frame.into_data().unwrap()),
                Some(Err(_)) => break false,
                None => break true,
            }
        };
        if !complete {
            return Met::Cut;
        }
        self.sender = Some(sender);
        read(question, head.status.as_u16(), &String::from_utf8(bytes).unwrap())
    }

    async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(tcp)).await.unwrap();
        // A connection that is cut is one of the things to see.
        tokio::spawn(async move { drop(connection.await) });
        sender
    }
}

/// What a whole body is.
fn read(question: Question, status: u16, text: &str) -> Met {
    if status != 200 {
        let Ok(error) = serde_json::from_str::<Value>(text) else { return Met::Malformed };
        return Met::Intact(Answer::Status(status), error["error"]["code"].as_str().map(str::to_owned));
    }
    let at = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (whole, delta) =
        if question.anthropic { ("/content/0/text", "/delta/text") } else { ("/choices/0/message/content", "/choices/0/delta/content") };
    if !question.stream {
        return serde_json::from_str::<Value>(text).map_or(Met::Malformed, |value| Met::Intact(Answer::Text(at(&value, whole)), None));
    }
    let events: Vec<&str> = text.split_terminator("\n\n").collect();
    let values: Vec<Option<Value>> = events.iter().filter(|event| **event != "data: [DONE]").map(|event| data(event)).collect();
    if values.iter().any(Option::is_none) {
        return Met::Malformed;
    }
    if values.iter().flatten().any(|value| value.get("error").is_some()) {
        return Met::ErrorEvent;
    }
    let last = events.last().unwrap();
    assert!(if question.anthropic { last.contains("message_stop") } else { *last == "data: [DONE]" }, "{text}");
    Met::Intact(Answer::Text(values.iter().flatten().map(|value| at(value, delta)).collect()), None)
}
