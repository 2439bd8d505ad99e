//! The replies that samples name, so that every codec shows what it makes of the same thing.

use aimock::exchange::{Audio, Block, Emission, ErrorOrigin, ErrorReply, Overrides, Reply, Turn, Usage};
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
pub(super) const NAMES: [&str; 22] = [
    "text",
    "empty",
    "emoji",
    "tools",
    "both",
    "blocks",
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
        "overrides" => Reply::Turn(Turn { overrides: overrides(), ..of(vec![text("Fine.")]) }),
        "broken-arguments" => turn(vec![call(r#"{"city": "#, None)]),
        "error" => Reply::Error(error(500)),
        "rate-limited" => Reply::Error(ErrorReply { retry_after: Some(3.0), ..error(429) }),
        "overloaded" => Reply::Error(ErrorReply { retry_after: Some(0.5), ..error(529) }),
        "miss" => Reply::Error(miss(ErrorOrigin::Miss, 404, "No fixture matched")),
        "strict-miss" => Reply::Error(miss(ErrorOrigin::StrictMiss, 503, "Strict mode: no fixture matched")),
        "audio" => Reply::Audio(Audio { base64: "AAAA".into(), format: None, content_type: None, companion: None }),
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
    Reply::Turn(Turn { overrides, ..of(vec![text("Fine.")]) })
}

fn text(text: &str) -> Block {
    Block::Text(text.to_owned())
}

fn call(arguments: &str, id: Option<&str>) -> Block {
    Block::ToolCall { name: "get_weather".to_owned(), arguments: arguments.to_owned(), id: id.map(str::to_owned) }
}

fn miss(origin: ErrorOrigin, status: u16, message: &str) -> ErrorReply {
    ErrorReply { detail: Some(json!({ "nearest": [] })), ..ErrorReply::new(origin, status, message) }
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
