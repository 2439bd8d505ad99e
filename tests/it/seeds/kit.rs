//! The three APIs that every line is shown for, whole and streamed.

use serde_json::{Value, json};

use crate::server::support::{Request, Response, Running};

/// Which API, and whether its answer is a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub anthropic: bool,
    pub responses: bool,
    pub stream: bool,
}

const CHAT: Way = Way { anthropic: false, responses: false, stream: false };
const MESSAGES: Way = Way { anthropic: true, ..CHAT };
const RESPONSES: Way = Way { responses: true, ..CHAT };

/// All six.
pub(super) const WAYS: [Way; 6] = [CHAT, STREAMS[0], MESSAGES, STREAMS[1], RESPONSES, STREAMS[2]];

/// The three that stream.
pub(super) const STREAMS: [Way; 3] = [Way { stream: true, ..CHAT }, Way { stream: true, ..MESSAGES }, Way { stream: true, ..RESPONSES }];

impl Way {
    pub(super) fn path(self) -> &'static str {
        match self {
            Way { anthropic: true, .. } => "/v1/messages",
            Way { responses: true, .. } => "/v1/responses",
            Way { .. } => "/v1/chat/completions",
        }
    }

    /// A request whose user says this.
    pub(super) fn says(self, text: &str) -> Request {
        self.with(&json!([{ "role": "user", "content": text }]))
    }

    /// A request with these messages, in this API's words.
    pub(super) fn with(self, messages: &Value) -> Request {
        let model = if self.anthropic { "claude-sonnet-4-5" } else { "gpt-4o" };
        let body = if self.responses {
            json!({ "model": model, "max_output_tokens": 100, "stream": self.stream, "input": messages })
        } else {
            json!({ "model": model, "max_tokens": 100, "stream": self.stream, "messages": messages })
        };
        Request::new("POST", self.path()).header("content-type", "application/json").body(body.to_string())
    }

    /// The events of a stream, each as it stands on the wire without its empty line.
    pub(super) fn events(response: &Response) -> Vec<String> {
        response.text().split_terminator("\n\n").filter(|event| !event.starts_with(':')).map(str::to_owned).collect()
    }

    /// The event that ends a stream.
    pub(super) fn is_terminator(self, event: &str) -> bool {
        match self {
            Way { anthropic: true, .. } => event.contains("message_stop"),
            Way { responses: true, .. } => event.starts_with("event: response.completed\n"),
            Way { .. } => event == "data: [DONE]",
        }
    }

    /// The text that a whole or streamed answer says.
    #[track_caller]
    pub(super) fn said(self, response: &Response) -> String {
        let at = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (whole, delta) = match self {
            Way { anthropic: true, .. } => ("/content/0/text", "/delta/text"),
            Way { responses: true, .. } => ("/output/0/content/0/text", "/delta"),
            Way { .. } => ("/choices/0/message/content", "/choices/0/delta/content"),
        };
        if !self.stream {
            return at(&response.json(), whole);
        }
        Way::events(response).iter().filter_map(|event| data(event)).map(|value| at(&value, delta)).collect()
    }

    /// Asserts an error of this API.
    #[track_caller]
    pub(super) fn assert_error(self, response: &Response, status: u16, kind: &str, message: &str) {
        let body = response.json();
        assert_eq!(response.status, status, "{self:?} {body}");
        assert_eq!((&body["error"]["type"], &body["error"]["message"]), (&json!(kind), &json!(message)), "{self:?}");
        assert_eq!(body.get("type").is_some(), self.anthropic, "{body}");
    }
}

/// The JSON of an event's data.
pub(crate) fn data(event: &str) -> Option<Value> {
    let line = event.lines().find_map(|line| line.strip_prefix("data: "))?;
    serde_json::from_str(line).ok()
}

/// A fixture for everything, with members added.
pub(super) fn fixture(response: &Value, more: &Value) -> Value {
    let mut fixture = json!({ "match": {}, "response": response });
    let members = more.as_object().cloned().unwrap_or_default();
    fixture.as_object_mut().unwrap().extend(members);
    json!([fixture])
}

/// The journal's only entry.
pub(super) async fn entry(server: &Running) -> Value {
    let journal = server.journal().await;
    assert_eq!(journal.len(), 1, "{journal:?}");
    journal[0].clone()
}

/// The value of a metric's line, 0 where there is none.
pub(super) fn metric(text: &str, line: &str) -> u64 {
    let value = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().unwrap())
}
