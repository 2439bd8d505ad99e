//! Reading Messages answers back, whole and streamed (Anthropic's API reference: "The Message object", "Streaming
//! Messages", "Errors").

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::collapse::{LeftOut, error, events, json_body, only, short, turn, unsayable, usage};
use super::messages_reply::{PLACEHOLDER_SIGNATURE, kind_of};
use super::token_counts;
use crate::exchange::{Block, Captured, Collapsed, ErrorReply, Overrides, Reply, Request, Turn, Unsayable};

/// Members of a message that a reply holds.
const HEAD: [&str; 7] = ["id", "type", "role", "model", "content", "stop_reason", "usage"];

/// What a Message says, or a token count.
pub(in crate::provider) fn collapse(request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    let reply = if captured.status >= 400 {
        let mut error: ErrorReply = error(captured, &mut left_out)?;
        let plain = ErrorReply { kind: None, ..error.clone() };
        error.kind = error.kind.filter(|kind| kind != kind_of(&plain));
        Reply::Error(error)
    } else if request.endpoint.is_none() {
        return token_counts::collapse(captured, "input_tokens");
    } else if captured.is_event_stream() {
        Reply::Turn(stream(captured, &mut left_out)?)
    } else {
        Reply::Turn(whole(&json_body(captured)?, &mut left_out)?)
    };
    Ok(left_out.with(reply))
}

/// A Message.
pub(in crate::provider) fn whole(message: &Value, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let content = message.get("content").and_then(Value::as_array).ok_or_else(|| unsayable("the body is no Message"))?;
    left_out.others(message, &HEAD);
    let mut read = Read::default();
    for block in content {
        read.block(block)?;
    }
    let mut turn = turn(read.blocks)?;
    turn.reasoning = read.reasoning;
    turn.reasoning_signature = read.signature;
    turn.redacted_thinking = read.redacted;
    let text = |key: &str| message.get(key).and_then(Value::as_str).map(str::to_owned);
    let stop = text("stop_reason").ok_or_else(|| unsayable("the answer has no stop reason"))?;
    turn.overrides = Overrides {
        id: text("id"),
        model: text("model"),
        role: text("role").filter(|role| role != "assistant"),
        finish_reason: finish_reason(&stop, turn.calls_tools()),
        usage: message.get("usage").and_then(|given| usage(given, left_out)),
        ..Overrides::default()
    }
    .into();
    Ok(turn)
}

/// The stop reason in the words of fixtures; `None` where it goes without saying.
fn finish_reason(stop: &str, calls: bool) -> Option<String> {
    let neutral = match stop {
        "end_turn" => "stop",
        "tool_use" => "tool_calls",
        "max_tokens" => "length",
        "refusal" => "content_filter",
        other => other,
    };
    let natural = if calls { "tool_calls" } else { "stop" };
    (neutral != natural).then(|| neutral.to_owned())
}

/// The content blocks read so far. Fixtures have one order: redacted thinking, thinking, then the rest.
#[derive(Debug, Default)]
struct Read {
    blocks: Vec<Block>,
    reasoning: Option<String>,
    signature: Option<String>,
    redacted: Vec<String>,
}

impl Read {
    fn block(&mut self, block: &Value) -> Result<(), Unsayable> {
        let text = |key: &str| block.get(key).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "text" => {
                only(block, &["type", "text"], "a text block")?;
                self.blocks.push(Block::Text(text("text").to_owned()));
            }
            "tool_use" => {
                only(block, &["type", "id", "name", "input"], "a tool call")?;
                let arguments = block.get("input").map_or_else(|| "{}".to_owned(), Value::to_string);
                self.blocks.push(Block::ToolCall { name: text("name").to_owned(), arguments, id: Some(text("id").to_owned()) });
            }
            "thinking" => {
                only(block, &["type", "thinking", "signature"], "a thinking block")?;
                if self.reasoning.is_some() || !self.blocks.is_empty() {
                    return Err(unsayable("thinking stands after other content"));
                }
                if text("thinking").is_empty() {
                    return Err(unsayable("a thinking block has no text"));
                }
                self.reasoning = Some(text("thinking").to_owned());
                self.signature = Some(text("signature")).filter(|signature| *signature != PLACEHOLDER_SIGNATURE).map(str::to_owned);
            }
            "redacted_thinking" => {
                only(block, &["type", "data"], "redacted thinking")?;
                if self.reasoning.is_some() || !self.blocks.is_empty() {
                    return Err(unsayable("redacted thinking stands after other content"));
                }
                self.redacted.push(text("data").to_owned());
            }
            other => return Err(unsayable(format!("a content block of type `{}`, which no neutral response holds", short(other)))),
        }
        Ok(())
    }
}

/// A block of the stream: as it started, and what its deltas add.
#[derive(Debug, Default)]
struct Growing {
    block: Map<String, Value>,
    input: String,
}

impl Growing {
    fn delta(&mut self, delta: &Value) -> Result<(), Unsayable> {
        let (key, member) = match delta.get("type").and_then(Value::as_str).unwrap_or_default() {
            "text_delta" => ("text", "text"),
            "thinking_delta" => ("thinking", "thinking"),
            "signature_delta" => ("signature", "signature"),
            "input_json_delta" => {
                self.input.push_str(delta.get("partial_json").and_then(Value::as_str).unwrap_or_default());
                return Ok(());
            }
            other => return Err(unsayable(format!("a delta of type `{}`, which no neutral response holds", short(other)))),
        };
        let piece = delta.get(key).and_then(Value::as_str).unwrap_or_default();
        match self.block.get_mut(member) {
            Some(Value::String(text)) => text.push_str(piece),
            _ => drop(self.block.insert(member.to_owned(), piece.into())),
        }
        Ok(())
    }

    /// The block as it stands in a whole answer.
    fn finish(mut self) -> Result<Value, Unsayable> {
        if !self.input.is_empty() {
            let input = serde_json::from_str(&self.input).map_err(|_| unsayable("the arguments of a tool call are not JSON"))?;
            self.block.insert("input".to_owned(), input);
        }
        Ok(Value::Object(self.block))
    }
}

/// The events of the body.
fn stream(captured: &Captured, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let mut data = Vec::new();
    for event in events(captured)? {
        if event.comment.is_some() {
            left_out.name("comments of the stream");
        }
        data.extend(event.data);
    }
    streamed(data, left_out)
}

/// Puts the events together to the whole answer that they stand for; each is the JSON of one.
pub(in crate::provider) fn streamed(events: Vec<String>, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let mut parts = Map::new();
    let mut growing: BTreeMap<u64, Growing> = BTreeMap::new();
    let mut ended = false;
    for data in events {
        let data: Value = serde_json::from_str(&data).map_err(|_| unsayable("an event of the stream is no JSON"))?;
        let index = data.get("index").and_then(Value::as_u64).unwrap_or(0);
        let object = |key: &str| data.get(key).and_then(Value::as_object).cloned();
        match data.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message_start" => parts = object("message").ok_or_else(|| unsayable("`message_start` has no message"))?,
            "content_block_start" => {
                let block = object("content_block").ok_or_else(|| unsayable("`content_block_start` has no block"))?;
                growing.insert(index, Growing { block, input: String::new() });
            }
            "content_block_delta" => {
                let block = growing.get_mut(&index).ok_or_else(|| unsayable("a delta of a block that was not started"))?;
                block.delta(data.get("delta").unwrap_or(&Value::Null))?;
            }
            "message_delta" => message_delta(&mut parts, object("delta"), object("usage")),
            "message_stop" => ended = true,
            "ping" | "content_block_stop" => {}
            "error" => return Err(unsayable("the stream holds an error")),
            other => return Err(unsayable(format!("an event of type `{}`", short(other)))),
        }
    }
    if !ended {
        return Err(unsayable("the stream ends without `message_stop`"));
    }
    let content: Vec<Value> = growing.into_values().map(Growing::finish).collect::<Result<_, _>>()?;
    parts.insert("content".to_owned(), Value::Array(content));
    whole(&Value::Object(parts), left_out)
}

/// The last word on why it stopped and on what was used.
fn message_delta(whole: &mut Map<String, Value>, delta: Option<Map<String, Value>>, usage: Option<Map<String, Value>>) {
    whole.extend(delta.into_iter().flatten());
    match whole.get_mut("usage").and_then(Value::as_object_mut) {
        Some(counts) => counts.extend(usage.into_iter().flatten()),
        None => whole.extend(usage.map(|usage| ("usage".to_owned(), Value::Object(usage)))),
    }
}
