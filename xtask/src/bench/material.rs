//! What servers are given and asked: fixture files, request bodies, and answers rendered beforehand for the limit.
//! Everything is made by rule, so that each run asks the same.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

/// Characters of a streamed piece, in every server that can be told.
const PIECE: usize = 20;

/// The API that is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Api {
    #[default]
    OpenAi,
    Anthropic,
}

impl Api {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Api::OpenAi => "/v1/chat/completions",
            Api::Anthropic => "/v1/messages",
        }
    }
}

/// How fixtures lie on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Layout {
    #[default]
    OneFile,
    FileEach,
}

/// What a server is to answer.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) fixtures: usize,
    /// Characters of an answer.
    pub(crate) length: usize,
    pub(crate) layout: Layout,
    pub(crate) api: Api,
    pub(crate) stream: bool,
    /// Seconds to the first event and between events.
    pub(crate) pace: Option<(f64, f64)>,
}

impl Default for Scene {
    fn default() -> Scene {
        Scene { fixtures: 1, length: 500, layout: Layout::default(), api: Api::default(), stream: false, pace: None }
    }
}

/// Plain words without anything that JSON, templates or shells would take for their own.
fn words(length: usize) -> String {
    const WORDS: &str = "a mock that answers at once lets a suite measure what it came for while nobody waits for a model to think ";
    WORDS.chars().cycle().take(length).collect()
}

/// The text that only fixture `number` looks for.
pub(crate) fn question(number: usize) -> String {
    format!("please answer question {number} now")
}

impl Scene {
    /// Writes the fixture files below `folder`; the path to serve.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn write_fixtures(&self, folder: &Path) -> std::io::Result<String> {
        let file = |fixtures: &[Value]| json!({ "fixtures": fixtures }).to_string();
        if self.layout == Layout::OneFile {
            let all: Vec<Value> = (1..=self.fixtures).map(|number| self.fixture(number)).collect();
            std::fs::write(folder.join("fixtures.json"), file(&all))?;
            return Ok("fixtures.json".to_owned());
        }
        let below = folder.join("fixtures");
        std::fs::create_dir_all(&below)?;
        for number in 1..=self.fixtures {
            std::fs::write(below.join(format!("{number:06}.json")), file(&[self.fixture(number)]))?;
        }
        Ok("fixtures".to_owned())
    }

    fn fixture(&self, number: usize) -> Value {
        let mut fixture = json!({ "match": { "userMessage": question(number) }, "response": { "content": words(self.length) } });
        if let Some((ttft, gap)) = self.pace {
            fixture["streamingProfile"] = json!({ "ttft": ttft * 1000.0, "tps": 1.0 / gap });
        }
        fixture
    }

    /// The bytes that the limit answers: a body, or the events of a stream.
    pub(crate) fn rendered(&self) -> String {
        let text = words(self.length);
        match (self.api, self.stream) {
            (Api::OpenAi, false) => chat(&text).to_string(),
            (Api::OpenAi, true) => chat_events(&text),
            (Api::Anthropic, _) => message_events(&text),
        }
    }

    /// The smallest request for fixture `number`, about 200 bytes.
    pub(crate) fn request(&self, number: usize) -> Vec<u8> {
        self.body(&[json!({ "role": "user", "content": question(number) })], 200)
    }

    /// A conversation of so many messages and about so many bytes that ends with the question of fixture 1.
    pub(crate) fn long_request(&self, messages: usize, bytes: usize) -> Vec<u8> {
        // What is escaped takes about 6 % more room.
        let each = (bytes / messages).saturating_sub(50) * 94 / 100;
        // With what JSON has to escape: a line break each line, a quotation now and then.
        let text: Vec<String> =
            words(each).as_bytes().chunks(80).map(|line| String::from_utf8_lossy(line).replace("suite", "\"suite\"")).collect();
        let role = |index: usize| if index.is_multiple_of(2) { "user" } else { "assistant" };
        let mut all: Vec<Value> =
            (0..messages - messages % 2).map(|index| json!({ "role": role(index), "content": text.join("\n") })).collect();
        all.push(json!({ "role": "user", "content": question(1) }));
        self.body(&all, 0)
    }

    fn body(&self, messages: &[Value], at_least: usize) -> Vec<u8> {
        let model = if self.api == Api::OpenAi { "gpt-4o-mini" } else { "claude-sonnet-4-5" };
        let mut body = json!({ "model": model, "messages": messages, "stream": self.stream, "temperature": 0.7, "max_tokens": 256 });
        let padding = at_least.saturating_sub(body.to_string().len() + 12);
        if padding > 0 {
            body[if self.api == Api::OpenAi { "user" } else { "system" }] = "b".repeat(padding).into();
        }
        body.to_string().into_bytes()
    }
}

fn chat(text: &str) -> Value {
    let message = json!({ "role": "assistant", "content": text, "refusal": null });
    json!({
        "id": "chatcmpl-0123456789abcdef", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-4o-mini",
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 },
    })
}

fn chat_events(text: &str) -> String {
    let event = |delta: Value, finish: Option<&str>| {
        let chunk = json!({
            "id": "chatcmpl-0123456789abcdef", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "gpt-4o-mini",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
        });
        format!("data: {chunk}\n\n")
    };
    let mut events = event(json!({ "role": "assistant", "content": "" }), None);
    for piece in pieces(text) {
        events.push_str(&event(json!({ "content": piece }), None));
    }
    events.push_str(&event(json!({}), Some("stop")));
    events + "data: [DONE]\n\n"
}

fn message_events(text: &str) -> String {
    let mut events = String::new();
    let mut event = |kind: &str, mut data: Value| {
        data["type"] = kind.into();
        // Writing to a String cannot fail.
        let _ = write!(events, "event: {kind}\ndata: {data}\n\n");
    };
    let message = json!({
        "id": "msg_0123456789abcdef", "type": "message", "role": "assistant", "content": [], "model": "claude-sonnet-4-5",
        "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 0, "output_tokens": 0 },
    });
    event("message_start", json!({ "message": message }));
    event("content_block_start", json!({ "index": 0, "content_block": { "type": "text", "text": "" } }));
    for piece in pieces(text) {
        event("content_block_delta", json!({ "index": 0, "delta": { "type": "text_delta", "text": piece } }));
    }
    event("content_block_stop", json!({ "index": 0 }));
    event("message_delta", json!({ "delta": { "stop_reason": "end_turn", "stop_sequence": null }, "usage": { "output_tokens": 0 } }));
    event("message_stop", json!({}));
    events
}

/// The text in pieces; it is all ASCII.
fn pieces(text: &str) -> impl Iterator<Item = String> {
    text.as_bytes().chunks(PIECE).map(|piece| String::from_utf8_lossy(piece).into_owned())
}

/// The settings of `VidaiMock` below `folder`, in its best case: one fixed template.
///
/// # Errors
/// A file cannot be written.
pub(crate) fn write_vidaimock(scene: &Scene, folder: &Path) -> std::io::Result<()> {
    for (name, text) in [
        ("templates/bench/chat.json.j2", scene.rendered()),
        (
            "providers/openai.yaml",
            "name: \"openai\"\nmatcher: \"^/v1/chat/completions$\"\npriority: 100\nresponse_template: \"bench/chat.json.j2\"\n".to_owned(),
        ),
    ] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Layout, Scene, question};

    #[test]
    fn requests_have_the_size_that_is_said() {
        let scene = Scene::default();
        assert!((190..=215).contains(&scene.request(1).len()), "{}", scene.request(1).len());
        let long = scene.long_request(200, 1_000_000);
        assert!((950_000..=1_050_000).contains(&long.len()), "{}", long.len());
        let body: serde_json::Value = serde_json::from_slice(&long).unwrap_or_default();
        assert_eq!(body["messages"].as_array().map(Vec::len), Some(201));
        assert_eq!(body["messages"][200]["content"], question(1));
    }

    #[test]
    fn no_question_holds_another() {
        assert!(!question(10).contains(&question(1)) && !question(100_000).contains(&question(10_000)));
        assert_eq!(Scene::default().layout, Layout::OneFile);
    }

    #[test]
    fn a_stream_ends_each_event_with_an_empty_line() {
        let events = Scene { stream: true, ..Scene::default() }.rendered();
        assert_eq!(events.matches("\n\n").count(), 1 + 25 + 1 + 1);
    }
}
