//! What a codec writes it reads back: `collapse` undoes `encode`, for every sample and for made-up turns, whole and
//! streamed, wherever the bytes are cut.

use std::sync::Arc;

use aimock::diagnostic::{Source, SourceId};
use aimock::document::Format;
use aimock::exchange::{Block, Body, Captured, Emission, Endpoint, ErrorOrigin, Overrides, Reply, Turn};
use aimock::fixture;
use aimock::provider::ALL;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;

use super::{Asked, ask, laws, replies, samples};

/// An emission as it arrives, cut into pieces of these lengths (over and over).
fn captured(emission: &Emission, cuts: &[usize]) -> Captured {
    let bytes = match &emission.body {
        Body::Whole(bytes) => bytes.to_vec(),
        Body::Stream(frames) => frames.iter().flat_map(|frame| frame.bytes.to_vec()).collect(),
    };
    let headers = emission.headers.iter().map(|(name, value)| (*name, value.clone())).collect();
    let mut pieces = Vec::new();
    let mut rest = bytes.as_slice();
    for length in cuts.iter().cycle().take_while(|length| **length > 0) {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at((*length).min(rest.len()));
        pieces.push(Bytes::copy_from_slice(piece));
        rest = behind;
    }
    pieces.push(Bytes::copy_from_slice(rest));
    Captured { status: emission.status, headers, pieces }
}

/// A reply without what the wire cannot tell: which ids and times the server made up, how texts were divided, how JSON was
/// spaced.
fn said(reply: &Reply, wanted: &Reply) -> Reply {
    let mut reply = reply.clone();
    match (&mut reply, wanted) {
        (Reply::Turn(turn), Reply::Turn(wanted)) => *turn = said_by_turn(turn, wanted),
        (Reply::Error(error), Reply::Error(_)) => {
            error.origin = ErrorOrigin::Fixture;
            error.metadata = None;
        }
        (Reply::Transcription(said), Reply::Transcription(wanted)) => keep(&mut said.0, &wanted.0),
        (Reply::Json { value, .. }, Reply::Json { value: wanted, .. }) => keep(value, wanted),
        (Reply::Video(said), Reply::Video(wanted)) => keep(&mut said.0, &wanted.0),
        _ => {}
    }
    reply
}

/// Leaves only members that were written, at any depth: the format adds what its vendor always sends.
fn keep(said: &mut Value, wanted: &Value) {
    match (said, wanted) {
        (Value::Object(said), Value::Object(wanted)) => {
            said.retain(|key, _| wanted.contains_key(key));
            said.iter_mut().for_each(|(key, value)| keep(value, &wanted[key]));
        }
        (Value::Array(said), Value::Array(wanted)) => said.iter_mut().zip(wanted).for_each(|(said, wanted)| keep(said, wanted)),
        _ => {}
    }
}

fn said_by_turn(turn: &Turn, wanted: &Turn) -> Turn {
    let ids: Vec<bool> = calls(wanted).map(|(_, id)| id.is_some()).collect();
    let mut nth = 0;
    let mut blocks: Vec<Block> = Vec::new();
    for block in &turn.blocks {
        match (blocks.last_mut(), block) {
            (_, Block::Text(text)) if text.is_empty() => {}
            (Some(Block::Text(before)), Block::Text(text)) => before.push_str(text),
            (_, Block::Text(_)) => blocks.push(block.clone()),
            (_, Block::ToolCall { name, arguments, id }) => {
                let compact = serde_json::from_str::<Value>(arguments).map_or_else(|_| arguments.clone(), |value| value.to_string());
                let id = id.clone().filter(|_| ids.get(nth) == Some(&true));
                nth += 1;
                blocks.push(Block::ToolCall { name: name.clone(), arguments: compact, id });
            }
        }
    }
    let given = &wanted.overrides;
    Turn {
        has_text: blocks.iter().any(|block| matches!(block, Block::Text(_))),
        ordered: false,
        blocks,
        reasoning: turn.reasoning.clone().filter(|text| !text.is_empty()),
        overrides: Overrides {
            finish_reason: turn.overrides.finish_reason.clone(),
            id: turn.overrides.id.clone().filter(|_| given.id.is_some()),
            ..Overrides::default()
        },
        redacted_thinking: Vec::new(),
        ..turn.clone()
    }
}

fn calls(turn: &Turn) -> impl Iterator<Item = (&str, Option<&str>)> {
    turn.blocks.iter().filter_map(|block| match block {
        Block::ToolCall { name, arguments: _, id } => Some((name.as_str(), id.as_deref())),
        Block::Text(_) => None,
    })
}

/// Whether text stands behind a call: a whole chat completion cannot tell.
fn text_after_call(turn: &Turn) -> bool {
    let first_call = turn.blocks.iter().position(|block| matches!(block, Block::ToolCall { .. }));
    first_call.is_some_and(|call| turn.blocks.iter().skip(call).any(|block| matches!(block, Block::Text(text) if !text.is_empty())))
}

#[track_caller]
fn check(asked: &Asked, reply: &Reply, chunk_size: usize, cuts: &[usize]) {
    let emission = asked.answer(reply, chunk_size);
    let read = asked.codec.collapse(asked.request(), &captured(&emission, cuts));
    let read = read.unwrap_or_else(|error| panic!("{}: {error}: {reply:?}", asked.codec.name())).reply;
    assert_eq!(said(&read, reply), said(reply, reply), "{} {}", asked.codec.name(), asked.route.path);
}

/// Replies that the endpoint of a request can say and that its format keeps.
fn sayable(asked: &Asked) -> &'static [&'static str] {
    let request = asked.request();
    match asked.route.endpoint {
        Endpoint::Chat => &["text", "emoji", "tools", "both", "overrides", "error", "rate-limited", "overloaded", "reasoning"],
        Endpoint::Embedding => match request.embedding_inputs.len() {
            0 => &[],
            2 => &["embeddings"],
            _ => &["embedding"],
        },
        Endpoint::Image if asked.codec.name() == "google_imagen" => &["image", "error", "rate-limited"],
        Endpoint::Image if request.stream => &["image", "error"],
        Endpoint::Image => &["image", "images", "error", "rate-limited"],
        Endpoint::Speech if request.stream => &["audio", "error"],
        Endpoint::Speech => &["wav", "audio-object", "error", "rate-limited"],
        Endpoint::Transcription | Endpoint::Translation => match request.response_format.as_deref() {
            // Words alone were asked for: segments are not said.
            Some("verbose_json") if asked.raw.body.windows(13).any(|part| part == b"granularities") => &["transcription"],
            Some("verbose_json") => &["transcription", "transcription-full", "error"],
            Some("srt" | "vtt" | "diarized_json") => &["transcription-segments", "error"],
            _ => &["transcription", "error", "rate-limited"],
        },
        Endpoint::Moderation => &["moderation", "error", "rate-limited"],
        // Of the results it was asked for one alone.
        Endpoint::Search if asked.raw.body.windows(11).any(|part| part == b"max_results") => &["error"],
        Endpoint::Search => &["search", "error", "rate-limited"],
        // What is done when it is submitted is told at once by these, and by others only when they are asked.
        Endpoint::Video if asked.codec.name() == "openai_videos" => &["video", "video-failed", "error", "rate-limited"],
        Endpoint::Video | Endpoint::Fal | Endpoint::FalAudio => &["error", "rate-limited"],
        Endpoint::ElevenlabsTts | Endpoint::AudioGen => match asked.route.path.rsplit('/').next() {
            Some("plan") => &["plan", "error"],
            Some("with-timestamps") => &["audio", "error"],
            _ => &["wav", "error", "rate-limited"],
        },
        _ => &[],
    }
}

#[test]
fn what_is_written_is_read_back() {
    let mut checked = 0;
    for codec in ALL {
        for (_, sample) in samples(codec.name()) {
            let asked = sample.ask();
            for name in sayable(&asked) {
                check(&asked, &replies::reply(name), 7, &[0]);
                check(&asked, &replies::reply(name), 1, &[1]);
                checked += 1;
            }
        }
    }
    assert!(checked > 40, "only {checked} samples were tried");
}

#[test]
fn what_a_reply_cannot_say_is_refused_with_the_reason() {
    #[track_caller]
    fn check(path: &str, body: &str, expected: &str) {
        let asked = ask(path, r#"{"model":"m","messages":[],"input":"x"}"#);
        let headers = std::iter::empty::<(&str, &str)>().collect();
        let read = asked.codec.collapse(asked.request(), &Captured::whole(200, headers, body.to_owned()));
        assert_eq!(read.unwrap_err().to_string(), expected, "{body}");
    }
    let chat = "/v1/chat/completions";
    check(chat, "<html>", "the body is no JSON");
    check(chat, "{}", "the body is no chat completion");
    check(chat, r#"{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}"#, "the answer has not exactly one choice");
    check(
        chat,
        r#"{"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]}"#,
        "the message has `refusal`, which no neutral response holds",
    );
    check(
        chat,
        r#"{"choices":[{"message":{"content":"a"},"logprobs":{"content":[1]},"finish_reason":"stop"}]}"#,
        "the choice has `logprobs`, which no neutral response holds",
    );
    check(chat, r#"{"choices":[{"message":{"content":"a"}}]}"#, "the answer has no finish reason");
    check(chat, r#"{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}"#, "the answer has neither text nor tool calls");
    check(chat, "data: {\"choices\":[]}\n\n", "the stream ends without `[DONE]`");
    check(chat, "data: {\"error\":{\"message\":\"x\"}}\n\n", "the stream holds an error");
    let messages = "/v1/messages";
    check(messages, "{}", "the body is no Message");
    check(
        messages,
        r#"{"content":[{"type":"text","text":"a"},{"type":"thinking","thinking":"b"}],"stop_reason":"end_turn"}"#,
        "thinking stands after other content",
    );
    check(
        messages,
        r#"{"content":[{"type":"server_tool_use"}],"stop_reason":"end_turn"}"#,
        "a content block of type `server_tool_use`, which no neutral response holds",
    );
    check(
        messages,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n",
        "the stream ends without `message_stop`",
    );
    let embeddings = "/v1/embeddings";
    check(embeddings, r#"{"data":[]}"#, "the body holds no embeddings");
    check(embeddings, r#"{"data":[{"index":1,"embedding":[1]}]}"#, "the embeddings are not in order");
    check(embeddings, r#"{"data":[{"index":0,"embedding":"AAA"}]}"#, "an embedding is neither numbers nor base64");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_a_turn_says_is_read_back(
        blocks in prop::collection::vec(laws::any_block(), 1..4),
        reasoning in prop::option::of(laws::any_text()),
        chunk_size in 0..30_usize,
        streams in any::<bool>(),
        cuts in prop::collection::vec(1..40_usize, 1..4),
    ) {
        let reply = Reply::Turn(Turn { reasoning, ..replies::of(blocks) });
        let Reply::Turn(turn) = &reply else { unreachable!() };
        prop_assume!(!turn.text().is_empty() || turn.calls_tools());
        for path in ["/v1/chat/completions", "/v1/messages"] {
            // A chat completion has one text before all calls, so an order that is the author's own is not told.
            prop_assume!(path == "/v1/messages" || streams || !text_after_call(turn));
            let body = serde_json::json!({ "model": "m", "stream": streams, "messages": [{ "role": "user", "content": "hi" }] });
            check(&ask(path, body.to_string()), &reply, chunk_size, &cuts);
        }
    }

    #[test]
    fn what_is_dumped_of_a_turn_loads_as_that_turn(
        blocks in prop::collection::vec(laws::any_block(), 1..4),
        reasoning in prop::option::of(laws::any_text()),
        ordered in any::<bool>(),
    ) {
        // Without an order of the author's own, all texts are one and come first.
        let blocks = if ordered { blocks } else { blocks.into_iter().take(1).collect() };
        let turn = Turn { reasoning, ordered, ..replies::of(blocks) };
        // The loader refuses empty texts.
        let is_said = |block: &Block| !matches!(block, Block::Text(text) if text.is_empty());
        prop_assume!(turn.blocks.iter().all(is_said) && turn.reasoning.as_deref() != Some(""));
        let reply = Reply::Turn(turn);
        let file = serde_json::json!({ "fixtures": [{ "match": {}, "response": fixture::response(&reply) }] }).to_string();
        let source = Arc::new(Source::new(SourceId(0), "x.json", file.clone()));
        let loaded = fixture::load(&source, Format::Json, &fixture::LoadOptions::default());
        let answer = loaded.entries.first().and_then(|entry| entry.fixture.answers.first());
        prop_assert_eq!(answer.map(|answer| &answer.reply), Some(&reply), "{} {:?}", file, loaded.problems);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), status in 200..600_u16, events in any::<bool>()) {
        for path in ["/v1/chat/completions", "/v1/messages", "/v1/embeddings"] {
            let asked = ask(path, r#"{"model":"m","messages":[],"input":"x"}"#);
            let kind = if events { "text/event-stream" } else { "application/json" };
            let captured = Captured::whole(status, [("content-type", kind)].into_iter().collect(), bytes.clone());
            prop_assert!(asked.codec.collapse(asked.request(), &captured).is_err());
        }
    }
}
