//! Requests and answers for the codecs: the samples of `tests/wire` as clients send them, a long conversation, and what
//! fixtures answer. Shared by the benchmarks; nothing here is random.

use std::sync::Arc;

use aimock::diagnostic::{Source, SourceId};
use aimock::document::Format;
use aimock::exchange::{Emission, Headers, RawRequest, Reply, Request};
use aimock::fixture::{Input, LoadOptions, load_all};
use aimock::provider::route::{Lookup, lookup};
use aimock::provider::{Context, Params, Provider, ReasoningModels, Route, SeededIds};
use serde_json::{Value, json};

/// The codecs that are measured, each with its conversation of several turns and tools, and with a request for a stream.
const SAMPLES: [(&str, &str, &str); 5] = [
    ("openai_chat", include_str!("../tests/wire/openai_chat/conversation.json"), include_str!("../tests/wire/openai_chat/stream.json")),
    (
        "openai_responses",
        include_str!("../tests/wire/openai_responses/conversation.json"),
        include_str!("../tests/wire/openai_responses/stream.json"),
    ),
    (
        "anthropic_messages",
        include_str!("../tests/wire/anthropic_messages/conversation.json"),
        include_str!("../tests/wire/anthropic_messages/stream.json"),
    ),
    (
        "gemini_generate",
        include_str!("../tests/wire/gemini_generate/conversation.json"),
        include_str!("../tests/wire/gemini_generate/stream.json"),
    ),
    (
        "bedrock_converse",
        include_str!("../tests/wire/bedrock_converse/conversation.json"),
        include_str!("../tests/wire/bedrock_converse/stream.json"),
    ),
];

/// The names of the codecs that are measured.
pub(crate) const CODECS: [&str; 5] = [SAMPLES[0].0, SAMPLES[1].0, SAMPLES[2].0, SAMPLES[3].0, SAMPLES[4].0];

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Whole,
    Stream,
}

/// What a fixture answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Some paragraphs: 2,000 characters.
    Text,
    /// The calls of two tools, after a word.
    Tools,
}

/// A request that found its codec.
pub(crate) struct Call {
    codec: &'static dyn Provider,
    route: &'static Route,
    params: Params,
    raw: RawRequest,
}

/// The sample of a codec; `None` if it has none or its path is nobody's.
pub(crate) fn sample(codec: &str, asked: Asked) -> Option<Call> {
    let (_, whole, stream) = SAMPLES.into_iter().find(|(name, ..)| *name == codec)?;
    let sample: Value = serde_json::from_str(if asked == Asked::Stream { stream } else { whole }).ok()?;
    Call::new(sample.get("path")?.as_str()?, sample.get("body")?)
}

/// A chat of this many messages of 1,000 characters.
pub(crate) fn long_chat(messages: usize) -> Option<Call> {
    let message = |number: usize| {
        let role = if number.is_multiple_of(2) { "assistant" } else { "user" };
        json!({ "role": role, "content": prose(1000) })
    };
    let messages: Vec<Value> = (0..messages).map(message).chain([json!({ "role": "user", "content": "and now?" })]).collect();
    Call::new("/v1/chat/completions", &json!({ "model": "gpt-4o-mini", "messages": messages, "temperature": 0.7 }))
}

impl Call {
    fn new(path: &str, body: &Value) -> Option<Call> {
        let raw = RawRequest::new("POST", path, Headers::new(), body.to_string());
        let Lookup::Found { codec, route, params, path_used: _ } = lookup("POST", &raw.path) else { return None };
        Some(Call { codec, route, params, raw })
    }

    /// Bytes of the request's body.
    pub(crate) fn bytes(&self) -> usize {
        self.raw.body.len()
    }

    /// What the request asks; `None` where its codec refuses it, which no sample is.
    pub(crate) fn decode(&self) -> Option<Request> {
        // A copy each time: a request keeps what was parsed of it.
        let raw = RawRequest::new("POST", &self.raw.path, Headers::new(), self.raw.body.clone());
        self.codec.decode(&raw, self.route, &self.params).ok()
    }

    /// The answer to the request on the wire.
    pub(crate) fn encode(&self, request: &Request, reply: &Reply) -> Emission {
        let mut context = Context {
            raw: &self.raw,
            request,
            chunk_size: 20,
            created: 1_700_000_000,
            request_id: "req_0000",
            framing: self.codec.framing(&self.raw),
            processing: false,
            ids: &mut SeededIds::new(7),
            strict: false,
            reasoning: &ReasoningModels::default(),
        };
        self.codec.encode(&mut context, reply)
    }
}

/// The answer of a fixture file that says this.
pub(crate) fn reply(said: Said) -> Option<Reply> {
    let response = match said {
        Said::Text => json!({ "content": prose(2000), "usage": { "prompt_tokens": 12, "completion_tokens": 400 } }),
        Said::Tools => json!({
            "content": "I will look at both.",
            "toolCalls": [
                { "id": "call_oslo", "name": "get_weather", "arguments": { "city": "Oslo", "unit": "celsius", "days": [1, 2, 3] } },
                { "id": "call_rome", "name": "get_weather", "arguments": { "city": "Rome", "unit": "celsius", "days": [1, 2, 3] } },
            ],
        }),
    };
    let text = json!({ "fixtures": [{ "match": { "userMessage": "weather" }, "response": response }] }).to_string();
    let source = Arc::new(Source::new(SourceId(0), "answer.json".to_owned(), text));
    let files = load_all(vec![Input { format: Format::Json, source }], &LoadOptions::default());
    files.first()?.entries.first()?.fixture.answers.first().map(|answer| answer.reply.clone())
}

/// Sentences of this many characters in all.
fn prose(length: usize) -> String {
    const SENTENCE: &str = "The harbour was quiet when the 3 boats came in, and nobody asked \"where from?\".\nSnow lay on the hills. ";
    SENTENCE.chars().cycle().take(length).collect()
}
