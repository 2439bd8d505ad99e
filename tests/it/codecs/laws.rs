//! What holds for every text, every chunk size and every codec that streams.

use aimock::exchange::{Block, Body, Emission, FrameKind, Overrides, Reply, Turn};
use aimock::wire::sse::{Decoder, Event};
use aimock::wire::{Framing, event_stream};
use base64::Engine as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::replies::of;
use super::{Asked, ask};

/// The events in bytes that end properly.
pub(super) fn events(bytes: &[u8]) -> Vec<Event> {
    let mut decoder = Decoder::new(1 << 24);
    let events = decoder.feed(bytes).unwrap();
    assert!(!decoder.is_mid_event());
    events
}

fn chat() -> Asked {
    ask("/v1/chat/completions", json!({ "messages": [], "stream": true, "stream_options": { "include_usage": true } }).to_string())
}

fn messages() -> Asked {
    ask("/v1/messages", json!({ "messages": [], "stream": true }).to_string())
}

fn responses() -> Asked {
    ask("/v1/responses", json!({ "input": [], "stream": true }).to_string())
}

fn bedrock(operation: &str) -> Asked {
    ask(&format!("/model/m/{operation}"), json!({ "messages": [] }).to_string())
}

/// The same for binary messages: the name of each, and its payload.
fn binary_frames(emission: &Emission) -> Vec<(String, Value)> {
    let Body::Stream(frames) = &emission.body else { panic!("not a stream") };
    let (last, before) = frames.split_last().unwrap();
    assert_eq!(last.kind, FrameKind::Terminal);
    assert!(before.iter().all(|frame| frame.kind != FrameKind::Terminal));
    let parsed = frames.iter().map(|frame| {
        let [message] = &event_stream::Decoder::new(1 << 24).feed(&frame.bytes).unwrap()[..] else { panic!("a frame is one message") };
        (message.name().unwrap().to_owned(), serde_json::from_slice(&message.payload).unwrap())
    });
    parsed.collect()
}

/// The events that an invoked model of Anthropic's sends.
fn invoked(emission: &Emission) -> Vec<Value> {
    let unpack = |(name, payload): (String, Value)| {
        assert_eq!(name, "chunk");
        let bytes = base64::engine::general_purpose::STANDARD.decode(payload["bytes"].as_str().unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    binary_frames(emission).into_iter().map(unpack).collect()
}

fn told_by_converse(events: &[(String, Value)]) -> Told {
    let mut told = Told::default();
    let (mut open, mut calls) = (0, 0);
    for (name, event) in events {
        match name.as_str() {
            "contentBlockStart" => {
                assert!(event["start"]["toolUse"]["toolUseId"].is_string(), "only calls have a start");
                calls += 1;
            }
            "contentBlockDelta" => {
                assert_eq!(event["contentBlockIndex"], json!(open), "blocks come one after the other");
                let delta = &event["delta"];
                told.say(&delta["text"]);
                told.think(&delta["reasoningContent"]["text"]);
                if delta["toolUse"].is_object() {
                    told.argue(calls - 1, &delta["toolUse"]["input"]);
                }
            }
            "contentBlockStop" => open += 1,
            _ => {}
        }
    }
    told
}

/// The JSON of every frame, in order; each frame is one event, only the last one is the terminator.
fn frames(emission: &Emission) -> Vec<Value> {
    let Body::Stream(frames) = &emission.body else { panic!("not a stream") };
    let (last, before) = frames.split_last().unwrap();
    assert_eq!(last.kind, FrameKind::Terminal);
    assert!(before.iter().all(|frame| frame.kind != FrameKind::Terminal));
    assert_eq!(before.first().map(|frame| frame.kind), Some(FrameKind::Prelude));
    let parsed = before.iter().map(|frame| {
        let [event] = &events(&frame.bytes)[..] else { panic!("a frame is one event") };
        serde_json::from_str(event.data.as_deref().unwrap()).unwrap()
    });
    parsed.collect()
}

/// What a client puts together: text, reasoning, and the arguments of each call.
#[derive(Debug, Default, PartialEq)]
struct Told {
    text: String,
    reasoning: String,
    calls: Vec<String>,
    /// Every slice of text and reasoning.
    slices: Vec<String>,
}

impl Told {
    fn say(&mut self, text: &Value) {
        let text = text.as_str().unwrap_or_default();
        self.text.push_str(text);
        self.slices.push(text.to_owned());
    }

    fn think(&mut self, text: &Value) {
        let text = text.as_str().unwrap_or_default();
        self.reasoning.push_str(text);
        self.slices.push(text.to_owned());
    }

    fn argue(&mut self, call: usize, arguments: &Value) {
        if self.calls.len() <= call {
            self.calls.resize(call + 1, String::new());
        }
        self.calls[call].push_str(arguments.as_str().unwrap_or_default());
    }
}

fn told_by_chat(chunks: &[Value]) -> Told {
    let mut told = Told::default();
    for choice in chunks.iter().filter_map(|chunk| chunk["choices"].get(0)) {
        let delta = &choice["delta"];
        told.say(&delta["content"]);
        told.think(&delta["reasoning_content"]);
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            told.argue(index, &call["function"]["arguments"]);
        }
    }
    told
}

fn told_by_messages(events: &[Value]) -> Told {
    let mut told = Told::default();
    let mut open = None;
    let (mut blocks, mut calls) = (0, 0);
    for event in events {
        let kind = event["type"].as_str().unwrap();
        match kind {
            "content_block_start" => {
                assert_eq!((&open, &event["index"]), (&None, &json!(blocks)), "blocks come one after the other");
                open = Some(event["content_block"]["type"].as_str().unwrap().to_owned());
                calls += usize::from(open.as_deref() == Some("tool_use"));
            }
            "content_block_delta" => {
                assert_eq!(event["index"], json!(blocks));
                let delta = &event["delta"];
                told.say(&delta["text"]);
                told.think(&delta["thinking"]);
                if delta["type"] == "input_json_delta" {
                    told.argue(calls - 1, &delta["partial_json"]);
                }
            }
            "content_block_stop" => {
                assert!(open.take().is_some());
                blocks += 1;
            }
            _ => {}
        }
    }
    told
}

/// What the events tell, which their summaries and the last event must repeat; all numbered without a gap.
fn told_by_responses(emission: &Emission) -> Told {
    let mut events = frames(emission);
    let Body::Stream(frames) = &emission.body else { panic!("not a stream") };
    events.push(serde_json::from_str(self::events(&frames.last().unwrap().bytes)[0].data.as_deref().unwrap()).unwrap());
    let (mut told, mut calls, mut piece, mut done) = (Told::default(), 0, String::new(), Vec::new());
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], json!(number));
        let kind = event["type"].as_str().unwrap();
        if let Some(index) = event.get("output_index") {
            assert_eq!(*index, json!(done.len()), "items come one after the other");
        }
        match kind {
            "response.output_text.delta" => told.say(&event["delta"]),
            "response.reasoning_summary_text.delta" => told.think(&event["delta"]),
            "response.function_call_arguments.delta" => told.argue(calls, &event["delta"]),
            "response.function_call_arguments.done" => {
                told.argue(calls, &json!(""));
                calls += 1;
            }
            "response.output_item.done" => done.push(event["item"].clone()),
            "response.completed" => assert_eq!(event["response"]["output"], json!(done)),
            _ => {}
        }
        piece.push_str(event.get("delta").and_then(Value::as_str).unwrap_or_default());
        let joined = ["text", "arguments"].iter().find_map(|key| event.get(*key)).filter(|_| kind.rsplit('.').next() == Some("done"));
        if let Some(joined) = joined {
            assert_eq!(*joined, json!(std::mem::take(&mut piece)), "{kind}");
        }
    }
    assert_eq!(events.last().unwrap()["type"], "response.completed");
    told
}

const ARRAY: &str = "/v1beta/models/m:streamGenerateContent";
const EVENTS: &str = "/v1beta/models/m:streamGenerateContent?alt=sse";

fn gemini(path: &str) -> Asked {
    ask(path, json!({ "contents": [] }).to_string())
}

/// The JSON of every chunk. Only a stream as an array has a terminator; of the chunks the last one alone says why it ends.
fn chunks(asked: &Asked, emission: &Emission) -> Vec<Value> {
    let Body::Stream(frames) = &emission.body else { panic!("not a stream") };
    let framing = asked.codec.framing(&asked.raw);
    let tokens = frames.iter().filter(|frame| frame.kind == FrameKind::Token).count();
    assert_eq!(frames.len() - tokens, usize::from(framing == Framing::JsonArray), "terminators");
    let mut decoder = aimock::wire::Decoder::new(framing, 1 << 24);
    let read = frames.iter().flat_map(|frame| decoder.feed(&frame.bytes).unwrap());
    let chunks: Vec<Value> = read.map(|event| serde_json::from_str(event.data.as_deref().unwrap()).unwrap()).collect();
    assert_eq!((chunks.len(), decoder.is_mid_event(), decoder.is_closed()), (tokens, false, framing == Framing::JsonArray));
    for (index, chunk) in chunks.iter().enumerate() {
        let is_last = index + 1 == chunks.len();
        assert_eq!(chunk.pointer("/candidates/0/finishReason").is_some(), is_last, "{chunk}");
        assert_eq!(chunk.get("usageMetadata").is_some(), is_last, "{chunk}");
    }
    chunks
}

fn told_by_gemini(chunks: &[Value]) -> Told {
    let mut told = Told::default();
    for part in chunks.iter().flat_map(|chunk| chunk["candidates"][0]["content"]["parts"].as_array().unwrap()) {
        if part["thought"] == true {
            told.think(&part["text"]);
        } else if let Some(call) = part.get("functionCall") {
            told.calls.push(call["args"].to_string());
        } else {
            told.say(&part["text"]);
        }
    }
    told
}

pub(super) fn any_text() -> impl Strategy<Value = String> {
    let pieces = vec![
        "word ",
        "é",
        "e\u{301}",
        "😀",
        "👨‍👩‍👧‍👦",
        "🇳🇴",
        "\r\n",
        "\n",
        "\r",
        "שלום",
        "\u{202e}",
        "\"",
        "\\",
        "\u{0}",
        "data: x\n\n",
        "[DONE]",
        "한",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..24).prop_map(|pieces| pieces.concat())
}

pub(super) fn any_block() -> impl Strategy<Value = Block> {
    let arguments = any_text().prop_map(|text| json!({ "value": text }).to_string());
    let call = arguments.prop_map(|arguments| Block::ToolCall { name: "f".into(), arguments, id: None });
    prop_oneof![any_text().prop_map(Block::Text), call]
}

/// No slice begins with what belongs to the character before it. (No text of `any_text` begins so either.)
fn begins_whole(slice: &str) -> bool {
    !slice.starts_with(['\u{301}', '\u{200d}'])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_stream_says_what_the_fixture_says(
        blocks in prop::collection::vec(any_block(), 0..4),
        reasoning in prop::option::of(any_text()),
        chunk_size in 0..30_usize,
    ) {
        let turn = Turn { reasoning, ..of(blocks) };
        let calls: Vec<String> = turn.blocks.iter().filter_map(|block| match block {
            Block::ToolCall { arguments, .. } => Some(arguments.clone()),
            Block::Text(_) => None,
        }).collect();
        let reply = Reply::Turn(turn.clone());
        let by_gemini = |path| {
            let asked = gemini(path);
            told_by_gemini(&chunks(&asked, &asked.answer(&reply, chunk_size)))
        };
        for told in [
            by_gemini(EVENTS),
            by_gemini(ARRAY),
            told_by_chat(&frames(&chat().answer(&reply, chunk_size))),
            told_by_messages(&frames(&messages().answer(&reply, chunk_size))),
            told_by_responses(&responses().answer(&reply, chunk_size)),
            told_by_messages(&invoked(&bedrock("invoke-with-response-stream").answer(&reply, chunk_size))),
            told_by_converse(&binary_frames(&bedrock("converse-stream").answer(&reply, chunk_size))),
        ] {
            prop_assert_eq!(&told.text, &turn.text());
            prop_assert_eq!(&told.reasoning, &turn.reasoning.clone().unwrap_or_default());
            prop_assert_eq!(&told.calls, &calls);
            prop_assert!(told.slices.iter().all(|slice| begins_whole(slice)), "{:?}", told.slices);
        }
    }

    #[test]
    fn smaller_chunks_only_add_tokens(text in any_text(), chunk_size in 1..30_usize) {
        let count = |asked: &Asked, size| frames(&asked.answer(&Reply::Turn(of(vec![Block::Text(text.clone())])), size)).len();
        for asked in [chat(), messages(), responses()] {
            prop_assert!(count(&asked, chunk_size) >= count(&asked, chunk_size * 2));
        }
    }
}

/// The answer to a turn that the filter ended, with this text in it.
fn filtered(text: &str) -> Value {
    let overrides = Overrides { finish_reason: Some("content_filter".to_owned()), ..Overrides::default() };
    let turn = Turn { overrides: overrides.into(), ..of(vec![Block::Text(text.to_owned())]) };
    let emission = gemini("/v1beta/models/m:generateContent").answer(&Reply::Turn(turn), 20);
    let Body::Whole(bytes) = emission.body else { panic!("a stream") };
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn what_the_filter_left_nothing_of_has_no_candidate() {
    let blocked = filtered("");
    assert_eq!((&blocked["promptFeedback"], blocked.get("candidates")), (&json!({ "blockReason": "SAFETY" }), None));
    assert!(blocked["usageMetadata"]["promptTokenCount"].is_u64());
    let stopped = filtered("Once");
    assert_eq!((&stopped["candidates"][0]["finishReason"], stopped.get("promptFeedback")), (&json!("SAFETY"), None));
}

#[test]
fn ordinary_text_is_cut_into_the_chunks_that_users_know() {
    let reply = Reply::Turn(of(vec![Block::Text("Hello there, this is a reply of some length 😀😀😀 with emoji.".into())]));
    let slices = told_by_chat(&frames(&chat().answer(&reply, 20))).slices;
    let told: Vec<&str> = slices.iter().map(String::as_str).filter(|slice| !slice.is_empty()).collect();
    assert_eq!(told, ["Hello there, this is", " a reply of some len", "gth 😀😀😀 with emoj", "i."]);
}

/// The vectors that an embeddings request gets when no fixture answers.
fn made_up(body: &Value) -> Vec<Value> {
    let asked = ask("/v1/embeddings", body.to_string());
    let emission = asked.with_context(20, false, |context| asked.codec.fallback(context)).unwrap();
    let Body::Whole(bytes) = emission.body else { panic!("embeddings are never streamed") };
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    answer["data"].as_array().unwrap().iter().map(|item| item["embedding"].clone()).collect()
}

/// The numbers are the peer's, asked side by side.
#[test]
fn made_up_vectors_are_the_ones_that_users_know() {
    let [vector] = &made_up(&json!({ "input": "zz", "dimensions": 100 }))[..] else { panic!("one input, one vector") };
    let known = [
        (0, -0.419_607_843_137_254_85),
        (31, -0.364_705_882_352_941_2),
        (32, -0.262_745_098_039_215_64),
        (63, 0.490_196_078_431_372_6),
        (64, 0.733_333_333_333_333_4),
        (99, 0.850_980_392_156_862_8),
    ];
    for (index, value) in known {
        assert_eq!(vector[index], json!(value), "{index}");
    }
    assert_eq!(vector.as_array().unwrap().len(), 100);
    assert_eq!(made_up(&json!({ "input": "zz" }))[0].as_array().unwrap().len(), 1536);
    let tokens = made_up(&json!({ "input": [[1, 2], [3]], "dimensions": 1 }));
    assert_eq!(tokens, [json!([0.937_254_901_960_784_3]), json!([-0.388_235_294_117_647])]);
}

#[test]
fn base64_holds_the_same_numbers() {
    use base64::Engine as _;
    let floats = made_up(&json!({ "input": ["a", "b"], "dimensions": 40 }));
    let packed = made_up(&json!({ "input": ["a", "b"], "dimensions": 40, "encoding_format": "base64" }));
    assert_eq!(floats.len(), packed.len());
    for (floats, packed) in floats.iter().zip(packed) {
        let bytes = base64::engine::general_purpose::STANDARD.decode(packed.as_str().unwrap()).unwrap();
        let decoded: Vec<f32> = bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        let floats: Vec<f64> = serde_json::from_value(floats.clone()).unwrap();
        assert_eq!((bytes.len(), decoded.len()), (160, floats.len()));
        assert!(decoded.iter().zip(&floats).all(|(short, long)| (f64::from(*short) - long).abs() < 1e-7));
    }
}
