//! Writing Messages answers, whole and streamed (Anthropic's API reference: "The Message object", "Streaming
//! Messages", "Errors"), for every vendor that answers so.
//!
//! Order on the wire: redacted thinking, thinking, then the turn's blocks. Arguments of a tool call that are not JSON
//! become `{}`, whole and streamed alike, since the vendor never sends anything else; what is to be broken on purpose
//! is written as raw `events`. No `ping` is sent: the vendor may send any number, none included.

use serde::Serialize;
use serde_json::{Value, json};

use super::openai::{self, NOT_A_TURN, retry_headers};
use super::respond::{event_stream, json as json_answer, named_frame, seconds, status_or_500, to_json};
use super::usage::{count, tokens};
use super::{reasoning, text::slices, token_counts};
use crate::exchange::{Block, Emission, ErrorOrigin, ErrorReply, Frame, FrameKind, Reply, Turn};
use crate::provider::{Context, Moment};
use crate::wire::sse;

/// Stands in for a signature that the fixture does not give.
pub(super) const PLACEHOLDER_SIGNATURE: &str = "aimock-placeholder-signature";

/// A reply as a Message, or the error that says why it cannot be one.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply) -> Emission {
    if context.request.endpoint.is_none() {
        return token_counts::encode(reply, |error| encode_error(error, context.moment()));
    }
    match reply {
        Reply::Turn(turn) if context.request.stream => stream(context, turn),
        Reply::Turn(turn) => whole(context, turn),
        Reply::Error(error) => encode_error(error, context.moment()),
        Reply::Audio(_)
        | Reply::Embedding(_)
        | Reply::Embeddings(_)
        | Reply::Images(_)
        | Reply::Transcription(_)
        | Reply::Video(_)
        | Reply::Json { .. }
        | Reply::Events(_)
        | Reply::Http { .. }
        | Reply::Unrecognised => encode_error(&openai::unusable(NOT_A_TURN), context.moment()),
    }
}

/// The tokens of the request ("Count tokens in a Message").
pub(in crate::provider) fn token_count(context: &Context<'_>) -> Emission {
    json_answer(200, &json!({ "input_tokens": token_counts::estimated(context.request) }))
}

/// An error answer with its retry headers, and the rate limit's on a 429 or 529.
pub(in crate::provider) fn encode_error(error: &ErrorReply, moment: Moment<'_>) -> Emission {
    let mut emission = json_answer(status_or_500(error.status), &envelope(error, moment));
    emission.headers.extend(retry_headers(error));
    if matches!(error.status, 429 | 529) {
        emission.headers.extend(rate_limit_headers(error, moment));
    }
    emission
}

/// An error after the stream has begun.
pub(in crate::provider) fn error_event(error: &ErrorReply, moment: Moment<'_>) -> Frame {
    named_frame(FrameKind::Closing, "error", &envelope(error, moment))
}

fn envelope(error: &ErrorReply, moment: Moment<'_>) -> Value {
    let mut body = json!({ "type": error.kind.as_deref().unwrap_or_else(|| kind_of(error)), "message": error.message });
    if let (Some(body), Some(details)) = (body.as_object_mut(), error.metadata.as_deref().filter(|_| error.origin == ErrorOrigin::Request))
    {
        body.insert("details".to_owned(), details.clone());
    }
    if let (Some(body), Some(code), ErrorOrigin::Chaos | ErrorOrigin::Server) = (body.as_object_mut(), &error.code, error.origin) {
        // Not the vendor's member, but the one by which a test knows what the server itself reports, and a random fault.
        body.insert("code".to_owned(), json!(code));
    }
    if let (Some(body), Some(detail)) = (body.as_object_mut(), error.detail.as_ref()) {
        body.insert("aimock".to_owned(), detail.to_json());
    }
    json!({ "type": "error", "error": body, "request_id": moment.request_id })
}

/// The error type that belongs to a status. A miss keeps the type that tests know from the peer.
pub(super) fn kind_of(error: &ErrorReply) -> &'static str {
    match (error.origin, error.status) {
        (ErrorOrigin::Miss | ErrorOrigin::StrictMiss, _) => "invalid_request_error",
        (_, 401) => "authentication_error",
        (_, 402) => "billing_error",
        (_, 403) => "permission_error",
        (_, 404) => "not_found_error",
        (_, 413) => "request_too_large",
        (_, 429) => "rate_limit_error",
        (_, 504) => "timeout_error",
        (_, 529) => "overloaded_error",
        (_, 400..=499) => "invalid_request_error",
        _ => "api_error",
    }
}

/// A request limit that is used up and comes back when the client may retry.
fn rate_limit_headers(error: &ErrorReply, moment: Moment<'_>) -> [(&'static str, String); 6] {
    let wait = error.retry_after.unwrap_or(1.0).clamp(0.0, 86_400.0).ceil();
    let reset = rfc3339(moment.now.saturating_add(seconds(wait).parse().unwrap_or(1)));
    [
        ("anthropic-ratelimit-requests-limit", "60".to_owned()),
        ("anthropic-ratelimit-requests-remaining", "0".to_owned()),
        ("anthropic-ratelimit-requests-reset", reset.clone()),
        ("anthropic-ratelimit-tokens-limit", "150000".to_owned()),
        ("anthropic-ratelimit-tokens-remaining", "0".to_owned()),
        ("anthropic-ratelimit-tokens-reset", reset),
    ]
}

/// Unix seconds as `2026-01-31T23:59:59Z`. Days to dates by counting years from 1 March 0000, so that the leap day
/// comes last; valid up to the year 9999, where it stays.
pub(super) fn rfc3339(unix: u64) -> String {
    let unix = unix.min(253_402_300_799);
    let (days, second) = (unix / 86_400 + 719_468, unix % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'a str,
    content: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    stop_reason: Option<&'a str>,
    stop_sequence: (),
    usage: Value,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Content<'a> {
    Text { text: &'a str },
    Thinking { thinking: &'a str, signature: &'a str },
    RedactedThinking { data: &'a str },
    ToolUse { id: String, name: &'a str, input: Value },
}

/// A block of the answer, not yet whole or streamed.
pub(in crate::provider) enum Piece<'a> {
    Text(&'a str),
    Thinking { text: &'a str, signature: &'a str },
    Redacted(&'a str),
    Call { id: String, name: &'a str, arguments: &'a str },
}

/// The blocks of a turn in the order of the wire, ids made up where the fixture gives none.
pub(in crate::provider) fn pieces<'a>(context: &mut Context<'_>, turn: &'a Turn) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    if reasoning::is_shown(context) {
        pieces.extend(turn.redacted_thinking.iter().map(|data| Piece::Redacted(data)));
    }
    if let Some(text) = reasoning::shown(context, turn) {
        let signature = turn.reasoning_signature.as_deref().unwrap_or(PLACEHOLDER_SIGNATURE);
        pieces.push(Piece::Thinking { text, signature });
    }
    let written = turn.blocks.iter().any(|block| matches!(block, Block::Text(_)));
    if turn.has_text && !written {
        pieces.push(Piece::Text(""));
    }
    pieces.extend(turn.blocks.iter().map(|block| match block {
        Block::Text(text) => Piece::Text(text),
        Block::ToolCall { name, arguments, id } => {
            Piece::Call { id: id.clone().unwrap_or_else(|| context.ids.next("toolu_")), name, arguments }
        }
    }));
    pieces
}

fn stop_reason(turn: &Turn) -> &str {
    match turn.overrides.finish_reason.as_deref() {
        None if turn.calls_tools() => "tool_use",
        None | Some("stop") => "end_turn",
        Some("tool_calls") => "tool_use",
        Some("length") => "max_tokens",
        Some("content_filter") => "refusal",
        Some(other) => other,
    }
}

/// The usage of a message that has written `output` tokens so far.
fn usage(context: &Context<'_>, turn: &Turn, output: f64) -> Value {
    let given = |key: &str| {
        let number = turn.overrides.usage.as_ref().and_then(|usage| usage.given.get(key)).and_then(Value::as_f64);
        count(number.unwrap_or(0.0))
    };
    json!({
        "input_tokens": count(tokens(context.request, turn).input),
        "cache_creation_input_tokens": given("cache_creation_input_tokens"),
        "cache_read_input_tokens": given("cache_read_input_tokens"),
        "output_tokens": count(output),
    })
}

fn message<'m, 'c: 'm>(context: &Context<'c>, turn: &'m Turn, id: &'m str, usage: Value) -> Message<'m> {
    Message {
        id,
        kind: "message",
        role: turn.overrides.role.as_deref().unwrap_or("assistant"),
        content: Vec::new(),
        model: turn.overrides.model.as_deref().or(context.request.model.as_deref()),
        stop_reason: None,
        stop_sequence: (),
        usage,
    }
}

fn message_id(context: &mut Context<'_>, turn: &Turn) -> String {
    turn.overrides.id.clone().unwrap_or_else(|| context.ids.next("msg_"))
}

/// A turn as one Message.
pub(in crate::provider) fn whole(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let id = message_id(context, turn);
    let blocks = pieces(context, turn).into_iter().map(|piece| match piece {
        Piece::Text(text) => Content::Text { text },
        Piece::Thinking { text, signature } => Content::Thinking { thinking: text, signature },
        Piece::Redacted(data) => Content::RedactedThinking { data },
        Piece::Call { id, name, arguments } => {
            let input = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
            Content::ToolUse { id, name, input }
        }
    });
    let usage = usage(context, turn, tokens(context.request, turn).output);
    let opening = message(context, turn, &id, usage);
    json_answer(200, &Message { content: blocks.collect(), stop_reason: Some(stop_reason(turn)), ..opening })
}

/// An event of a stream, not yet framed: vendors that pass it on frame it their own way.
pub(in crate::provider) struct Event {
    pub(in crate::provider) kind: FrameKind,
    pub(in crate::provider) name: &'static str,
    pub(in crate::provider) json: String,
}

/// Collects the events of one stream; blocks are numbered as they are opened.
#[derive(Default)]
struct Events {
    all: Vec<Event>,
    blocks: usize,
}

impl Events {
    fn push(&mut self, kind: FrameKind, name: &'static str, event: &impl Serialize) {
        self.all.push(Event { kind, name, json: to_json(event) });
    }

    fn block<'t>(&mut self, start: &Content<'_>, deltas: impl Iterator<Item = Delta<'t>>) {
        #[derive(Serialize)]
        struct Start<'a> {
            r#type: &'static str,
            index: usize,
            content_block: &'a Content<'a>,
        }
        #[derive(Serialize)]
        struct Step<'a> {
            r#type: &'static str,
            index: usize,
            delta: Delta<'a>,
        }
        let index = self.blocks;
        self.blocks += 1;
        let start = Start { r#type: "content_block_start", index, content_block: start };
        self.push(FrameKind::Prelude, start.r#type, &start);
        for delta in deltas {
            let step = Step { r#type: "content_block_delta", index, delta };
            self.push(FrameKind::Token, step.r#type, &step);
        }
        self.push(FrameKind::Closing, "content_block_stop", &json!({ "type": "content_block_stop", "index": index }));
    }

    fn piece(&mut self, piece: Piece<'_>, chunk_size: usize) {
        match piece {
            Piece::Text(text) => {
                self.block(&Content::Text { text: "" }, slices(text, chunk_size).into_iter().map(|text| Delta::Text { text }));
            }
            Piece::Thinking { text, signature } => {
                let deltas = slices(text, chunk_size).into_iter().map(|thinking| Delta::Thinking { thinking });
                let signed = deltas.chain([Delta::Signature { signature }]);
                self.block(&Content::Thinking { thinking: "", signature: "" }, signed);
            }
            Piece::Redacted(data) => self.block(&Content::RedactedThinking { data }, std::iter::empty()),
            Piece::Call { id, name, arguments } => {
                let valid = serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok();
                let arguments = if valid { arguments } else { "{}" };
                let deltas = slices(arguments, chunk_size).into_iter().map(|partial_json| Delta::InputJson { partial_json });
                self.block(&Content::ToolUse { id, name, input: json!({}) }, deltas);
            }
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Delta<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
}

fn stream(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let framed = |event: Event| Frame { bytes: sse::named(event.name, &event.json), kind: event.kind };
    event_stream(stream_events(context, turn).into_iter().map(framed).collect())
}

/// A turn as the events of a stream, `message_stop` last.
pub(in crate::provider) fn stream_events(context: &mut Context<'_>, turn: &Turn) -> Vec<Event> {
    let id = message_id(context, turn);
    let mut events = Events::default();
    let output = tokens(context.request, turn).output;
    // The vendor counts up: what it has written when it starts is one token or none.
    let opening = message(context, turn, &id, usage(context, turn, output.min(1.0)));
    events.push(FrameKind::Prelude, "message_start", &json!({ "type": "message_start", "message": opening }));
    for piece in pieces(context, turn) {
        events.piece(piece, context.chunk_size);
    }
    let delta = json!({
        "type": "message_delta",
        "delta": { "stop_reason": stop_reason(turn), "stop_sequence": null },
        // Every count, as they are cumulative: some clients read the last word alone.
        "usage": usage(context, turn, output),
    });
    events.push(FrameKind::Closing, "message_delta", &delta);
    events.push(FrameKind::Terminal, "message_stop", &json!({ "type": "message_stop" }));
    events.all
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn days_become_dates() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_704_067_199), "2023-12-31T23:59:59Z");
        assert_eq!(rfc3339(4_107_542_400), "2100-03-01T00:00:00Z");
        assert_eq!(rfc3339(u64::MAX), "9999-12-31T23:59:59Z");
    }
}
