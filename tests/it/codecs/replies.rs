//! The replies that samples name, so that every codec shows what it makes of the same thing.

use aimock::exchange::{
    Audio, Block, Detail, Emission, ErrorOrigin, ErrorReply, Image, Missed, MissedText, Overrides, Reply, Transcription, Turn, Usage, Video,
};
use aimock::provider::{Context, Provider};
use serde_json::{Value, json};

/// Encodes the reply of this name; `fallback` is the codec's own answer when nothing matched.
pub(super) fn encode(codec: &dyn Provider, context: &mut Context<'_>, name: &str) -> Emission {
    match name {
        "fallback" => codec.fallback(context).unwrap(),
        _ => codec.encode(context, &reply(name)),
    }
}

/// Every name but `fallback`.
pub(super) const NAMES: [&str; 37] = [
    "text",
    "empty",
    "emoji",
    "tools",
    "both",
    "blocks",
    "planned",
    "reasoning",
    "overrides",
    "web-searches",
    "filtered",
    "failed",
    "custom-call",
    "broken-arguments",
    "error",
    "rate-limited",
    "overloaded",
    "miss",
    "strict-miss",
    "audio",
    "wav",
    "audio-object",
    "not-base64",
    "image",
    "images",
    "transcription",
    "transcription-full",
    "transcription-segments",
    "moderation",
    "video",
    "video-failed",
    "search",
    "ranking",
    "plan",
    "json",
    "embedding",
    "embeddings",
];

/// The reply of this name.
pub(super) fn reply(name: &str) -> Reply {
    match name {
        "text" => turn(vec![text("The weather in Oslo is fine today.")]),
        "empty" => turn(vec![text("")]),
        "emoji" => turn(vec![text("Family: 👨‍👩‍👧‍👦 👨‍👩‍👧‍👦, flag 🇳🇴, cafe\u{301}.")]),
        "tools" => turn(vec![call(r#"{"city": "Oslo", "unit": "celsius"}"#, Some("call_given")), call("{}", None)]),
        "both" => turn(vec![text("Let me see."), call(r#"{"city":"Oslo"}"#, None)]),
        "blocks" => Reply::Turn(Turn { ordered: true, ..of(vec![call(r#"{"city":"Oslo"}"#, None), text("I asked.")]) }),
        "planned" => Reply::Turn(Turn {
            tool_plan: Some("I will look up the weather.".into()),
            ..of(vec![call(r#"{"city":"Oslo"}"#, Some("call_given"))])
        }),
        "reasoning" => Reply::Turn(Turn {
            reasoning: Some("They want the weather.".into()),
            redacted_thinking: vec!["c2VjcmV0".into()],
            ..of(vec![text("Fine.")])
        }),
        "web-searches" => Reply::Turn(Turn {
            reasoning: Some("I should look.".into()),
            web_searches: vec!["weather Oslo".into(), "Oslo today".into()],
            ..of(vec![text("Fine.")])
        }),
        "filtered" => ended("content_filter"),
        "failed" => ended("failed"),
        "custom-call" => turn(vec![Block::ToolCall { name: "run_code".into(), arguments: r#""print(1)""#.into(), id: None }]),
        "overrides" => Reply::Turn(Turn { overrides: overrides().into(), ..of(vec![text("Fine.")]) }),
        "broken-arguments" => turn(vec![call(r#"{"city": "#, None)]),
        "error" => Reply::Error(error(500)),
        "rate-limited" => Reply::Error(ErrorReply { retry_after: Some(3.0), ..error(429) }),
        "overloaded" => Reply::Error(ErrorReply { retry_after: Some(0.5), ..error(529) }),
        "miss" => Reply::Error(miss(ErrorOrigin::Miss, 404, "No fixture matched")),
        "strict-miss" => Reply::Error(miss(ErrorOrigin::StrictMiss, 503, "Strict mode: no fixture matched")),
        "audio" => audio(None, None),
        "wav" => audio(Some("wav"), None),
        "audio-object" => audio(None, Some("audio/x-own")),
        "not-base64" => Reply::Audio(Audio { base64: "!".into(), format: None, content_type: None, companion: None }),
        "image" => Reply::Images(vec![Image { b64_json: Some("aW1hZ2U=".into()), ..Image::default() }]),
        "images" => Reply::Images(vec![
            Image { url: Some("https://images.example/1.png".into()), revised_prompt: Some("a cat".into()), ..Image::default() },
            Image { b64_json: Some("aW1hZ2U=".into()), ..Image::default() },
        ]),
        "transcription" => said(json!({ "text": "Hello there, how are you today?" })),
        "transcription-full" => said(json!({
            "text": "Hello there.",
            "language": "norwegian",
            "duration": 1.5,
            "segments": [{ "id": 7, "seek": 3, "start": 0.25, "end": 1.5, "text": " Hello there.", "tokens": [50364, 440], "avg_logprob": -0.5 }],
        })),
        "transcription-segments" => said(json!({
            "text": "Hello there. 你好",
            "segments": [{ "start": 0.0, "end": 1.25, "text": "Hello there." }, { "start": 3661.5, "end": 3662.0, "text": "你好" }],
        })),
        "moderation" => Reply::Json {
            value: json!({ "flagged": true, "categories": { "violence": true }, "category_scores": { "violence": 0.75, "hate": 0.25 } }),
            status: None,
        },
        "video" => video(json!({ "id": "video_given", "status": "completed", "url": "https://videos.example/1.mp4" })),
        "video-failed" => {
            video(json!({ "id": "video_given", "status": "failed", "error": { "code": "blocked", "message": "Not allowed." } }))
        }
        "search" => Reply::Json {
            value: json!({ "answer": "Yes.", "results": [{ "title": "One", "url": "https://one.example", "content": "First.", "score": 0.9 }, { "title": "Two", "url": "https://two.example", "content": "Second.", "score": 0.5 }] }),
            status: None,
        },
        "ranking" => Reply::Json {
            value: json!({ "results": [{ "index": 2, "relevance_score": 0.999_071 }, { "index": 0, "relevance_score": 0.327_130_68 }] }),
            status: None,
        },
        "plan" => turn(vec![text(r#"{"sections":[]}"#)]),
        "json" => Reply::Json { value: json!({ "a": 1 }), status: None },
        "embedding" => Reply::Embedding(vec![0.5, -0.25, 1.0]),
        "embeddings" => Reply::Embeddings(vec![vec![0.1, 0.2], vec![0.3, 0.4]]),
        other => panic!("no reply is called {other}"),
    }
}

/// An error of a fixture.
pub(super) fn error(status: u16) -> ErrorReply {
    ErrorReply::new(ErrorOrigin::Fixture, status, "Something broke")
}

/// A turn of these blocks.
pub(super) fn of(blocks: Vec<Block>) -> Turn {
    let has_text = blocks.iter().any(|block| matches!(block, Block::Text(_)));
    Turn { blocks, has_text, ..Turn::default() }
}

fn turn(blocks: Vec<Block>) -> Reply {
    Reply::Turn(of(blocks))
}

/// A text that ended so.
fn ended(finish_reason: &str) -> Reply {
    let overrides = Overrides { finish_reason: Some(finish_reason.to_owned()), ..Overrides::default() };
    Reply::Turn(Turn { overrides: overrides.into(), ..of(vec![text("Fine.")]) })
}

fn text(text: &str) -> Block {
    Block::Text(text.to_owned())
}

/// Three bytes that are no text.
fn audio(format: Option<&str>, content_type: Option<&str>) -> Reply {
    let given = |text: Option<&str>| text.map(str::to_owned);
    Reply::Audio(Audio { base64: "/wD+".into(), format: given(format), content_type: given(content_type), companion: None })
}

fn video(video: Value) -> Reply {
    Reply::Video(Video(video))
}

fn said(said: Value) -> Reply {
    Reply::Transcription(Transcription(said))
}

fn call(arguments: &str, id: Option<&str>) -> Block {
    Block::ToolCall { name: "get_weather".to_owned(), arguments: arguments.to_owned(), id: id.map(str::to_owned) }
}

fn miss(origin: ErrorOrigin, status: u16, message: &str) -> ErrorReply {
    ErrorReply { detail: Some(Detail::Missed(MissedText::new(Missed::default()))), ..ErrorReply::new(origin, status, message) }
}

fn overrides() -> Overrides {
    let given = json!({
        "prompt_tokens": 12, "completion_tokens": 3,
        "prompt_tokens_details": { "cached_tokens": 8 }, "cache_read_input_tokens": 8,
    });
    let Value::Object(given) = given else { unreachable!() };
    Overrides {
        id: Some("given-id".into()),
        created: Some(1_600_000_000.0),
        model: Some("given-model".into()),
        role: Some("given-role".into()),
        finish_reason: Some("length".into()),
        system_fingerprint: Some("fp_given".into()),
        usage: Some(Usage { input_tokens: Some(12.0), output_tokens: Some(3.0), total_tokens: None, given }),
        ..Overrides::default()
    }
}
