//! What a codec writes it reads back: `collapse` undoes `encode`, for every sample and for made-up turns, whole and
//! streamed, wherever the bytes are cut.

use std::sync::Arc;

use aimock::diagnostic::{Source, SourceId};
use aimock::document::Format;
use aimock::exchange::{Block, Body, Captured, Emission, Endpoint, ErrorOrigin, Overrides, Reply, Request, Turn};
use aimock::fixture;
use aimock::provider::{ALL, named};
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
        }
        .into(),
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

/// Whether answers have an id.
fn has_ids(asked: &Asked) -> bool {
    asked.codec.name() != "bedrock_converse"
        && asked.codec.provider() != "ollama"
        && (asked.codec.name() != "bedrock_invoke" || asked.raw.path.contains("anthropic"))
}

#[track_caller]
fn check(asked: &Asked, reply: &Reply, chunk_size: usize, cuts: &[usize]) {
    let emission = asked.answer(reply, chunk_size);
    let read = asked.codec.collapse(asked.request(), &captured(&emission, cuts));
    let mut read = read.unwrap_or_else(|error| panic!("{}: {error}: {reply:?}", asked.codec.name())).reply;
    let mut wanted = reply.clone();
    if let (Reply::Audio(read), Reply::Audio(wanted), true) = (&mut read, &mut wanted, asked.codec.routes().is_empty()) {
        // A session has one format, whatever a fixture says.
        assert!(read.content_type.take().is_some_and(|kind| kind.starts_with("audio/")), "{}", asked.codec.name());
        wanted.content_type = None;
        read.companion = read.companion.take().filter(|_| wanted.companion.is_some());
    }
    if let (Reply::Turn(turn), true) = (&mut wanted, !has_ids(asked)) {
        turn.overrides.id = None;
    }
    assert_eq!(said(&read, &wanted), said(&wanted, &wanted), "{} {}", asked.codec.name(), asked.route.path);
}

/// Of OpenAI's shape.
const CHATS: [&str; 3] = ["/v1/chat/completions", "/api/v1/chat/completions", "/mistral/v1/chat/completions"];
const GEMINI_STREAMS: &[&str] = &["/v1beta/models/m:streamGenerateContent?alt=sse", "/v1beta/models/m:streamGenerateContent"];
const BEDROCK: [&str; 2] = ["/model/m/invoke", "/model/m/converse"];
const BEDROCK_STREAMS: [&str; 2] = ["/model/m/invoke-with-response-stream", "/model/m/converse-stream"];

/// Replies that the endpoint of a request can say and that its format keeps.
fn sayable(asked: &Asked) -> &'static [&'static str] {
    let request = asked.request();
    let Some(endpoint) = request.endpoint else { return &[] };
    let body = asked.raw.json();
    match endpoint {
        // Several choices, or the prompt before the answer, say more than one reply does.
        Endpoint::Chat if asked.codec.name() == "openai_completions" => {
            let more = body.is_some_and(|body| body.get("echo").is_some() || body["prompt"].is_array());
            if more { &[] } else { &["text", "emoji", "overrides", "error", "rate-limited", "overloaded"] }
        }
        // What was thought is not told to those who want none of it.
        Endpoint::Chat if asked.raw.body.windows(9).any(|part| part == b"\"exclude\"") => &["text", "tools", "error"],
        // Makers' own bodies on Bedrock: text alone, or text and calls without reasoning.
        Endpoint::Chat
            if body.is_some_and(|body| body.get("prompt").is_some() || body.get("inputText").is_some())
                && asked.codec.name() == "bedrock_invoke" =>
        {
            &["text", "emoji", "overrides", "error", "rate-limited", "overloaded"]
        }
        Endpoint::Chat if asked.codec.name() == "bedrock_invoke" && asked.raw.path.contains("mistral") => {
            &["text", "emoji", "tools", "both", "overrides", "error", "rate-limited", "overloaded"]
        }
        // Over a socket an error has no field that says when to come again.
        Endpoint::Realtime => &["text", "emoji", "tools", "both", "audio-object", "error"],
        Endpoint::RealtimeTranscription => &["transcription", "error"],
        Endpoint::RealtimeTranslation => &["text", "error"],
        // Turns of Gemini Live say nothing of why they end.
        Endpoint::Chat if asked.codec.name() == "gemini_live" => &["text", "emoji", "tools", "both", "audio-object", "error", "reasoning"],
        Endpoint::Chat => &["text", "emoji", "tools", "both", "overrides", "error", "rate-limited", "overloaded", "reasoning"],
        Endpoint::Embedding => match request.embedding_inputs.len() {
            0 => &[],
            2 => &["embeddings"],
            _ => &["embedding"],
        },
        Endpoint::Image if ["google_imagen", "vertex_embed"].contains(&asked.codec.name()) => &["image", "error", "rate-limited"],
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
        Endpoint::Rerank if asked.raw.body.windows(5).any(|part| part == b"top_n") => &["error"],
        Endpoint::Rerank => &["ranking", "error", "rate-limited"],
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

/// What an answer of Gemini says in the words of fixtures.
#[track_caller]
fn read_of_gemini(answer: &Value) -> Turn {
    let asked = ask("/v1beta/models/m:generateContent", r#"{"contents":[]}"#);
    let headers = std::iter::empty::<(&str, &str)>().collect();
    let read = asked.codec.collapse(asked.request(), &Captured::whole(200, headers, answer.to_string())).unwrap();
    if let Reply::Turn(turn) = read.reply { turn } else { panic!("not a turn") }
}

#[test]
fn thoughts_signatures_searches_and_counts_of_gemini_are_kept() {
    let turn = read_of_gemini(&serde_json::json!({
        "candidates": [{
            "content": { "parts": [
                { "text": "Hm.", "thought": true },
                { "functionCall": { "name": "f" }, "thoughtSignature": "c2ln" },
                { "functionCall": { "name": "g", "args": { "a": 1 }, "id": "x" } },
            ] },
            "finishReason": "STOP", "avgLogprobs": -0.1, "groundingMetadata": { "webSearchQueries": ["oslo"] },
        }],
        "usageMetadata": { "promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 6, "totalTokenCount": 19, "cachedContentTokenCount": 3 },
        "modelVersion": "gemini-2.5-flash", "responseId": "r",
    }));
    assert_eq!((turn.reasoning.as_deref(), turn.reasoning_signature.as_deref()), (Some("Hm."), Some("c2ln")));
    assert_eq!((turn.web_searches, turn.overrides.finish_reason.clone()), (vec!["oslo".to_owned()], None));
    assert_eq!((turn.overrides.id.as_deref(), turn.overrides.model.as_deref()), (Some("r"), Some("gemini-2.5-flash")));
    let usage = serde_json::json!({
        "prompt_tokens": 9, "completion_tokens": 10, "total_tokens": 19,
        "prompt_tokens_details": { "cached_tokens": 3 }, "completion_tokens_details": { "reasoning_tokens": 6 },
    });
    assert_eq!(Value::Object(turn.overrides.usage.clone().unwrap().given), usage);
    let calls = [("f", "{}", None), ("g", "{\"a\":1}", Some("x"))];
    let calls =
        calls.map(|(name, arguments, id)| Block::ToolCall { name: name.into(), arguments: arguments.into(), id: id.map(Into::into) });
    assert_eq!(turn.blocks, calls);
}

/// What a completion says in the words of fixtures.
#[track_caller]
fn read_of_chat(path: &str, answer: &Value) -> Turn {
    let asked = ask(path, r#"{"messages":[]}"#);
    let read = asked.codec.collapse(asked.request(), &Captured::whole(200, aimock::exchange::Headers::new(), answer.to_string())).unwrap();
    assert_eq!(read.left_out, Vec::<String>::new());
    if let Reply::Turn(turn) = read.reply { turn } else { panic!("not a turn") }
}

#[test]
fn who_served_what_it_cost_and_what_was_thought_at_openrouter_is_kept() {
    let details = serde_json::json!([
        { "type": "reasoning.text", "text": "Hm.", "signature": "c2ln", "format": "anthropic-claude-v1", "index": 0 },
        { "type": "reasoning.encrypted", "data": "b3BhcXVl", "format": "anthropic-claude-v1", "index": 1 },
    ]);
    let cost = serde_json::json!({ "upstream_inference_cost": 0.25, "upstream_inference_prompt_cost": 0.125, "upstream_inference_completions_cost": 0.125 });
    let turn = read_of_chat(
        CHATS[1],
        &serde_json::json!({
            "id": "gen-1", "provider": "Amazon Bedrock", "model": "anthropic/claude-sonnet-4", "object": "chat.completion", "created": 1,
            "choices": [{ "logprobs": null, "finish_reason": "stop", "native_finish_reason": "end_turn", "index": 0,
                "message": { "role": "assistant", "content": "Fine.", "refusal": null, "reasoning": "Hm.", "reasoning_details": details } }],
            "system_fingerprint": null, "service_tier": null,
            "usage": { "prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "cost": 0.25, "is_byok": false, "cost_details": cost },
        }),
    );
    assert_eq!((turn.reasoning.as_deref(), turn.reasoning_signature.as_deref()), (Some("Hm."), Some("c2ln")));
    assert_eq!(turn.redacted_thinking, ["b3BhcXVl"]);
    let given = turn.overrides;
    assert_eq!((given.provider.as_deref(), given.native_finish_reason.as_deref()), (Some("Amazon Bedrock"), Some("end_turn")));
    let usage = given.usage.clone().unwrap().given;
    assert_eq!((&usage["cost"], &usage["cost_details"], &usage["is_byok"]), (&serde_json::json!(0.25), &cost, &serde_json::json!(false)));
}

#[test]
fn thoughts_of_mistral_are_entries_of_the_content() {
    let thought =
        serde_json::json!({ "type": "thinking", "thinking": [{ "type": "text", "text": "H" }, { "type": "text", "text": "m." }] });
    let turn = read_of_chat(
        CHATS[2],
        &serde_json::json!({
            "id": "1", "object": "chat.completion", "model": "magistral-small", "created": 1,
            "choices": [{ "index": 0, "finish_reason": "stop",
                "message": { "role": "assistant", "content": [thought, { "type": "text", "text": "Fine." }], "tool_calls": null, "prefix": false } }],
            "usage": { "prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13 },
        }),
    );
    assert_eq!((turn.reasoning.as_deref(), turn.text().as_str()), (Some("Hm."), "Fine."));
}

#[test]
fn what_a_reply_cannot_say_is_refused_with_the_reason() {
    #[track_caller]
    fn check(path: &str, body: &str, expected: &str) {
        let asked = ask(path, r#"{"model":"m","messages":[],"input":"x","prompt":"x","contents":[],"content":{}}"#);
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
    let mistral = |content: &str| format!(r#"{{"choices":[{{"message":{{"content":{content}}},"finish_reason":"stop"}}]}}"#);
    check(chat, &mistral("[]"), "the content is no text");
    let image = r#"[{"type":"image_url"}]"#;
    check(CHATS[2], &mistral(image), "a content entry of type `image_url`, which no neutral response holds");
    let late = r#"[{"type":"text","text":"a"},{"type":"thinking","thinking":[]}]"#;
    check(CHATS[2], &mistral(late), "thinking stands after other content");
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
    responses_that_no_reply_can_say(check);
    let completions = "/v1/completions";
    check(completions, "{}", "the body is no text completion");
    check(completions, r#"{"choices":[{"text":"a"}]}"#, "the answer has no finish reason");
    check(completions, r#"{"choices":[{"text":"a","index":1}]}"#, "the answer has not exactly one choice");
    check(
        completions,
        r#"{"choices":[{"text":"a","finish_reason":"stop","logprobs":{"tokens":["a"]}}]}"#,
        "the choice has `logprobs`, which no neutral response holds",
    );
    check(completions, "data: {\"choices\":[]}\n\n", "the stream ends without `[DONE]`");
    let gemini = "/v1beta/models/m:generateContent";
    check(gemini, "7", "the body is no JSON object");
    check(gemini, "{}", "the answer has no candidate");
    check(gemini, r#"{"candidates":[{},{}]}"#, "the answer has more than one candidate");
    check(gemini, r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#, "the answer has no finish reason");
    check(gemini, r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#, "the prompt was blocked, which no neutral response holds");
    check(
        gemini,
        r#"{"candidates":[{"content":{"parts":[{"executableCode":{"code":"1"}}]},"finishReason":"STOP"}]}"#,
        "a part has `executableCode`, which no neutral response holds",
    );
    check(
        gemini,
        r#"{"candidates":[{"content":{"parts":[{"text":"a"},{"text":"b","thought":true}]},"finishReason":"STOP"}]}"#,
        "thoughts stand after other content",
    );
    check(
        gemini,
        r#"{"candidates":[{"groundingMetadata":{"groundingChunks":[{"web":{}}]}}]}"#,
        "`groundingMetadata` has `groundingChunks`, which no neutral response holds",
    );
    check(gemini, r#"[{"candidates":[{"content":{"parts":[{"text":"a"}]},"#, "the body is no JSON");
    check(gemini, r#"[{"error":{"message":"x"}}]"#, "the stream holds an error");
    check("/v1beta/models/m:countTokens", "{}", "the body has no `totalTokens`");
    check("/v1beta/models/m:embedContent", "{}", "the body holds no embeddings");
    check("/v1beta/models/m:embedContent", r#"{"embedding":{"values":["x"]}}"#, "an embedding has no numbers");
    check("/v1/messages/count_tokens", "{}", "the body has no `input_tokens`");
    interactions_that_no_reply_can_say(check);
    let [invoke, converse] = BEDROCK;
    check(invoke, "{}", "the body is no Message");
    check(converse, "{}", "the body is no Converse answer");
    let block = |block: &str| format!(r#"{{"output":{{"message":{{"content":[{{"text":"a"}},{block}]}}}},"stopReason":"end_turn"}}"#);
    check(converse, &block(r#"{"image":{}}"#), "a content block with `image`, which no neutral response holds");
    check(converse, &block(r#"{"reasoningContent":{"reasoningText":{"text":"b"}}}"#), "reasoning stands after other content");
    check(converse, r#"{"output":{"message":{"content":[{"text":"a"}]}}}"#, "the answer has no stop reason");
    cohere_that_no_reply_can_say(check);
    let embeddings = "/v1/embeddings";
    check(embeddings, r#"{"data":[]}"#, "the body holds no embeddings");
    check(embeddings, r#"{"data":[{"index":1,"embedding":[1]}]}"#, "the embeddings are not in order");
    check(embeddings, r#"{"data":[{"index":0,"embedding":"AAA"}]}"#, "an embedding is neither numbers nor base64");
}

fn cohere_that_no_reply_can_say(check: fn(&str, &str, &str)) {
    let said = |message: &str| format!(r#"{{"id":"x","finish_reason":"COMPLETE","message":{message}}}"#);
    let chat = "/v2/chat";
    check(chat, "{}", "the body is no answer of a chat");
    check(chat, r#"{"message":{"content":[{"type":"text","text":"a"}]}}"#, "the answer has no finish reason");
    let text = r#"{"type":"text","text":"a"}"#;
    let cited = said(&format!(r#"{{"content":[{text}],"citations":[{{"start":0}}]}}"#));
    check(chat, &cited, "the message has `citations`, which no neutral response holds");
    let late = said(&format!(r#"{{"content":[{text},{{"type":"thinking","thinking":"b"}}]}}"#));
    check(chat, &late, "thinking stands after other content");
    let event = |event: &str| format!("data: {event}\n\n");
    check(chat, &event(r#"{"type":"message-start","id":"x"}"#), "the stream ends without `message-end`");
    check(chat, &event(r#"{"type":"message-end","delta":{"finish_reason":"ERROR","error":"x"}}"#), "the stream holds an error");
    let citation = r#"{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":0}}}}"#;
    check(chat, &event(citation), "an event of type `citation-start`, which no neutral response holds");
}

#[test]
fn vectors_and_rankings_of_cohere_that_no_reply_can_say_are_refused() {
    #[track_caller]
    fn check(path: &str, body: &str, expected: &str) {
        let request = match path {
            "/v2/embed" => r#"{"model":"m","texts":["x"]}"#,
            _ => r#"{"model":"m","query":"x","documents":["x"]}"#,
        };
        let asked = ask(path, request);
        let headers = std::iter::empty::<(&str, &str)>().collect();
        let read = asked.codec.collapse(asked.request(), &Captured::whole(200, headers, body.to_owned()));
        assert_eq!(read.unwrap_err().to_string(), expected, "{body}");
    }
    let embed = "/v2/embed";
    check(embed, r#"{"embeddings":{}}"#, "the body holds no embeddings");
    check(embed, r#"{"embeddings":{"float":["x"]}}"#, "an embedding is not what its type says");
    check(embed, r#"{"embeddings":{"int4":[[1]]}}"#, "the body holds no embeddings");
    let apart = r#"{"embeddings":{"float":[[0.5,1.0]],"int8":[[63,127]]}}"#;
    check(embed, apart, "the `int8` embeddings are not those of one vector of `float`");
    check("/v2/rerank", "{}", "the body holds no ranking");
}

/// Vectors of one type alone are read so that they are written again.
#[test]
fn vectors_of_cohere_are_kept_in_every_type() {
    for (kind, list) in [
        ("float", serde_json::json!([[0.033_020_02, -0.0625]])),
        ("int8", serde_json::json!([[12, -128, 0, 127]])),
        ("uint8", serde_json::json!([[140, 0, 128, 255]])),
        ("binary", serde_json::json!([[-128, 127, 3]])),
        ("ubinary", serde_json::json!([[0, 255, 131]])),
        ("base64", serde_json::json!(["AACAPgAAgL8="])),
    ] {
        let request = serde_json::json!({ "model": "embed-v4.0", "texts": ["a"], "embedding_types": [kind] });
        let asked = ask("/v2/embed", request.to_string());
        let answer = serde_json::json!({ "id": "x", "embeddings": { kind: list }, "texts": ["a"] });
        let headers = std::iter::empty::<(&str, &str)>().collect();
        let read = asked.codec.collapse(asked.request(), &Captured::whole(200, headers, answer.to_string())).unwrap().reply;
        let Body::Whole(bytes) = asked.answer(&read, 1).body else { panic!("not whole") };
        let again: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(again["embeddings"], answer["embeddings"], "{kind}");
    }
}

/// What Cohere bills and what it used are told apart.
#[test]
fn counts_and_plans_of_cohere_are_kept() {
    let usage = serde_json::json!({
        "billed_units": { "input_tokens": 84, "output_tokens": 314 },
        "tokens": { "input_tokens": 1501, "output_tokens": 346, "reasoning_tokens": 304 }, "cached_tokens": 1008,
    });
    let call = serde_json::json!({ "id": "f_1", "type": "function", "function": { "name": "f", "arguments": "null" } });
    let message = serde_json::json!({ "role": "assistant", "tool_plan": "I will ask f.", "tool_calls": [call] });
    let answer = serde_json::json!({ "id": "x", "message": message, "finish_reason": "TOOL_CALL", "usage": usage });
    let asked = ask("/v2/chat", r#"{"model":"m","messages":[]}"#);
    let headers = std::iter::empty::<(&str, &str)>().collect();
    let read = asked.codec.collapse(asked.request(), &Captured::whole(200, headers, answer.to_string())).unwrap();
    assert_eq!(read.left_out, Vec::<String>::new());
    let Body::Whole(bytes) = asked.answer(&read.reply, 1).body else { panic!("not whole") };
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), answer);
}

fn interactions_that_no_reply_can_say(check: fn(&str, &str, &str)) {
    let interactions = "/v1beta/interactions";
    check(interactions, "{}", "the body is no interaction");
    check(interactions, r#"{"steps":[],"status":"completed"}"#, "the answer has neither text nor tool calls");
    let text = r#"{"type":"model_output","content":[{"type":"text","text":"a"}]}"#;
    check(interactions, &format!(r#"{{"steps":[{text}],"status":"in_progress"}}"#), "the interaction has not come to an end");
    check(interactions, &format!(r#"{{"steps":[{text},{{"type":"thought"}}]}}"#), "a thought stands after other content");
    check(
        interactions,
        r#"{"steps":[{"type":"google_search_call"}]}"#,
        "a step of type `google_search_call`, which no neutral response holds",
    );
    check(
        interactions,
        "event: interaction.created\ndata: {\"event_type\":\"interaction.created\",\"interaction\":{}}\n\n",
        "the stream ends without `interaction.completed`",
    );
}

#[test]
fn turns_of_sockets_that_no_reply_can_say_are_refused_with_the_reason() {
    #[track_caller]
    fn check(codec: &str, endpoint: Endpoint, messages: &[Value], expected: &str) {
        let body = messages.iter().map(|message| format!("data: {message}\n\n")).collect::<Vec<String>>().concat();
        let captured = Captured::whole(200, [("content-type", "text/event-stream")].into_iter().collect(), body);
        let request = Request { endpoint: Some(endpoint), ..Request::default() };
        let read = named(codec).unwrap().collapse(&request, &captured);
        assert_eq!(read.unwrap_err().to_string(), expected);
    }
    let realtime =
        |output: Value, status: &str| serde_json::json!({ "type": "response.done", "response": { "status": status, "output": output } });
    let refused = |message: &Value, expected: &str| check("openai_realtime", Endpoint::Realtime, std::slice::from_ref(message), expected);
    refused(&serde_json::json!({ "type": "response.created" }), "the turn ends without `response.done`");
    refused(&serde_json::json!({ "type": "error" }), "the turn holds an error");
    refused(&realtime(serde_json::json!([]), "cancelled"), "the status is `cancelled`");
    let call = serde_json::json!([{ "type": "mcp_call" }]);
    refused(&realtime(call, "completed"), "an item of type `mcp_call`, which no neutral response holds");
    let part = serde_json::json!({ "type": "output_text", "text": "a" });
    let two = serde_json::json!([{ "type": "message", "content": [part, part] }]);
    refused(&realtime(two, "completed"), "a message has more than one part");
    check("openai_realtime", Endpoint::RealtimeTranslation, &[], "the translation ends without `session.closed`");
    let live = |messages: &[Value], expected: &str| check("gemini_live", Endpoint::Chat, messages, expected);
    let content = |content: Value| serde_json::json!({ "serverContent": content });
    let said = content(serde_json::json!({ "modelTurn": { "parts": [{ "text": "a" }] } }));
    live(std::slice::from_ref(&said), "the turn ends without `turnComplete`");
    live(&[content(serde_json::json!({ "interrupted": true }))], "the turn was interrupted");
    live(
        &[content(serde_json::json!({ "modelTurn": { "parts": [{ "executableCode": { "code": "1" } }] } }))],
        "a part has `executableCode`, which no neutral response holds",
    );
    let audio = serde_json::json!({ "inlineData": { "mimeType": "audio/pcm", "data": "AAAA" } });
    let spoken = content(serde_json::json!({ "modelTurn": { "parts": [audio] }, "turnComplete": true }));
    live(&[said, spoken], "the turn holds text beside audio");
}

fn responses_that_no_reply_can_say(check: fn(&str, &str, &str)) {
    let responses = "/v1/responses";
    let said = |output: &str, expected: &str| {
        check(responses, &format!(r#"{{"status":"completed","output":[{output}]}}"#), expected);
    };
    check(responses, "{}", "the body is no response");
    let steered = r#"{"status":"incomplete","incomplete_details":{"reason":"steered"},"output":[]}"#;
    check(responses, steered, "the response is incomplete because of `steered`");
    check(responses, r#"{"status":"in_progress","output":[]}"#, "the status is `in_progress`");
    check(
        responses,
        r#"{"status":"failed","error":{"code":"server_error","message":"x"},"output":[]}"#,
        "the answer holds an error with a status of success",
    );
    said("", "the answer has neither text nor tool calls");
    said(r#"{"type":"image_generation_call"}"#, "an item of type `image_generation_call`, which no neutral response holds");
    said(
        r#"{"type":"message","content":[{"type":"output_text","text":"a","annotations":[{"type":"url_citation"}]}]}"#,
        "a part of a message has `annotations`, which no neutral response holds",
    );
    said(r#"{"type":"message","content":[{"type":"refusal","refusal":"No."}]}"#, "a message holds something else than text");
    let reasoning = r#"{"type":"reasoning","summary":[{"type":"summary_text","text":"a"}]}"#;
    let message = r#"{"type":"message","content":[{"type":"output_text","text":"a"}]}"#;
    said(&format!("{message},{reasoning}"), "reasoning stands after other content");
    said(&reasoning.replace("[{", r#"[{"type":"summary_text","text":"b"},{"#), "a summary of reasoning has more than one part");
    let search = r#"{"type":"web_search_call","action":{"type":"search","query":"a","queries":["a","b"]}}"#;
    said(search, "a web search has not exactly one query");
    said(r#"{"type":"function_call","name":"f","arguments":"{"}"#, "the arguments of a tool call are not JSON");
    check(responses, "data: {\"type\":\"response.created\"}\n\n", "the stream ends without `response.completed`");
    check(responses, "data: {\"type\":\"error\",\"message\":\"x\"}\n\n", "the stream holds an error");
}

#[test]
fn a_binary_stream_that_is_cut_damaged_or_failed_is_refused_with_the_reason() {
    use aimock::wire::event_stream::{Message, encode};
    #[track_caller]
    fn check(path: &str, messages: &[Bytes], expected: &str) {
        let asked = ask(path, r#"{"messages":[]}"#);
        let headers = [("content-type", "application/vnd.amazon.eventstream")].into_iter().collect();
        let read = asked.codec.collapse(asked.request(), &Captured::whole(200, headers, messages.concat()));
        assert_eq!(read.unwrap_err().to_string(), expected);
    }
    let [invoke, converse] = BEDROCK_STREAMS;
    let delta = encode(&Message::event("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"a"}}"#));
    let failed = encode(&Message::exception("throttlingException", r#"{"message":"x"}"#));
    for path in [invoke, converse] {
        check(path, &[delta.clone(), failed.clone()], "the stream holds an error");
        check(path, &[delta.clone(), delta.slice(..20)], "the stream ends in the middle of a message");
    }
    check(converse, std::slice::from_ref(&delta), "the stream ends without `metadata`");
    check(converse, &[encode(&Message::event("chunk", "{}"))], "an event of type `chunk`");
    check(invoke, &[delta], "a chunk of the stream holds no event");
    let chunk = encode(&Message::event("chunk", r#"{"bytes":"eyJ0eXBlIjoicGluZyJ9","p":"abc"}"#));
    check(invoke, &[chunk], "the stream ends without `message_stop`");
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
        let gemini = if streams { GEMINI_STREAMS } else { &["/v1beta/models/m:generateContent"] };
        let bedrock = if streams { &BEDROCK_STREAMS } else { &BEDROCK };
        for path in CHATS.iter().chain(&["/v1/messages", "/v1beta/interactions", "/v1/responses"]).chain(gemini).chain(bedrock) {
            // A chat completion has one text before all calls, so an order that is the author's own is not told.
            if CHATS.contains(path) && !streams && text_after_call(turn) {
                continue;
            }
            let content = if path.contains("/converse") { serde_json::json!([{ "text": "hi" }]) } else { "hi".into() };
            let hi = serde_json::json!([{ "role": "user", "content": content }]);
            let input = if *path == "/v1/responses" { hi.clone() } else { "hi".into() };
            let body = serde_json::json!({ "model": "m", "stream": streams, "messages": hi, "contents": [], "input": input });
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
        let paths = [
            "/api/v1/chat/completions",
            "/mistral/v1/chat/completions",
            "/v1/chat/completions",
            "/v1/messages",
            "/v1/embeddings",
            "/v1/responses",
            "/v1/completions",
            "/v1/models/m:generateContent",
            "/v1/models/m:embedContent",
        ];
        for path in paths.into_iter().chain(BEDROCK) {
            let asked = ask(path, r#"{"model":"m","messages":[],"input":"x","prompt":"x","contents":[],"content":{}}"#);
            let stream = if path.starts_with("/model/") { "application/vnd.amazon.eventstream" } else { "text/event-stream" };
            let kind = if events { stream } else { "application/json" };
            let captured = Captured::whole(status, [("content-type", kind)].into_iter().collect(), bytes.clone());
            prop_assert!(asked.codec.collapse(asked.request(), &captured).is_err());
        }
        for codec in ["openai_realtime", "gemini_live"] {
            let kind = if events { "text/event-stream" } else { "application/json" };
            let captured = Captured::whole(status, [("content-type", kind)].into_iter().collect(), bytes.clone());
            prop_assert!(named(codec).unwrap().collapse(&Request::default(), &captured).is_err());
        }
    }
}
