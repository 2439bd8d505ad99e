//! Reading Converse answers back, whole and streamed (Amazon Bedrock's API reference, "Converse", "`ConverseStream`").

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::collapse::{LeftOut, only, says_something, short, turn, unsayable, usage};
use super::messages_reply::PLACEHOLDER_SIGNATURE;
use crate::exchange::{Block, Overrides, Turn, Unsayable};

/// Members of an answer that a reply holds, and the time it took, which is recorded elsewhere.
const HEAD: [&str; 4] = ["output", "stopReason", "usage", "metrics"];

/// Bedrock's names of counts, and those of fixtures.
const COUNTS: [(&str, &str); 5] = [
    ("inputTokens", "input_tokens"),
    ("outputTokens", "output_tokens"),
    ("totalTokens", "total_tokens"),
    ("cacheReadInputTokens", "cache_read_input_tokens"),
    ("cacheWriteInputTokens", "cache_creation_input_tokens"),
];

/// An answer in one piece.
pub(in crate::provider) fn whole(body: &Value, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let content = body.pointer("/output/message/content").and_then(Value::as_array);
    let content = content.ok_or_else(|| unsayable("the body is no Converse answer"))?;
    left_out.others(body, &HEAD);
    let mut read = Read::default();
    for block in content {
        read.block(block)?;
    }
    let mut turn = turn(read.blocks)?;
    turn.reasoning = read.reasoning;
    turn.reasoning_signature = read.signature;
    turn.redacted_thinking = read.redacted;
    let stop = body.get("stopReason").and_then(Value::as_str).ok_or_else(|| unsayable("the answer has no stop reason"))?;
    turn.overrides = Overrides {
        finish_reason: finish_reason(stop, turn.calls_tools()),
        usage: body.get("usage").and_then(|given| usage(&named(given), left_out)),
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
        "content_filtered" => "content_filter",
        other => other,
    };
    let natural = if calls { "tool_calls" } else { "stop" };
    (neutral != natural).then(|| neutral.to_owned())
}

/// The counts under the names that fixtures use; what repeats them under another name is dropped.
fn named(given: &Value) -> Value {
    let counts = COUNTS.iter().filter_map(|(theirs, ours)| Some(((*ours).to_owned(), given.get(theirs)?.clone())));
    Value::Object(counts.collect())
}

/// The content blocks read so far. Fixtures have one order: redacted reasoning, reasoning, then the rest.
#[derive(Debug, Default)]
struct Read {
    blocks: Vec<Block>,
    reasoning: Option<String>,
    signature: Option<String>,
    redacted: Vec<String>,
}

impl Read {
    fn block(&mut self, block: &Value) -> Result<(), Unsayable> {
        if let Some(text) = block.get("text").and_then(Value::as_str) {
            only(block, &["text"], "a text block")?;
            self.blocks.push(Block::Text(text.to_owned()));
        } else if let Some(call) = block.get("toolUse") {
            only(block, &["toolUse"], "a block with a tool call")?;
            only(call, &["toolUseId", "name", "input"], "a tool call")?;
            let text = |key: &str| call.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let arguments = call.get("input").map_or_else(|| "{}".to_owned(), Value::to_string);
            self.blocks.push(Block::ToolCall { name: text("name"), arguments, id: Some(text("toolUseId")) });
        } else if let Some(reasoning) = block.get("reasoningContent") {
            only(block, &["reasoningContent"], "a block of reasoning")?;
            self.think(reasoning)?;
        } else {
            let kind = block.as_object().and_then(|block| block.keys().next()).map_or("nothing", String::as_str);
            return Err(unsayable(format!("a content block with `{}`, which no neutral response holds", short(kind))));
        }
        Ok(())
    }

    fn think(&mut self, reasoning: &Value) -> Result<(), Unsayable> {
        only(reasoning, &["reasoningText", "redactedContent"], "reasoning")?;
        if self.reasoning.is_some() || !self.blocks.is_empty() {
            return Err(unsayable("reasoning stands after other content"));
        }
        if let Some(data) = reasoning.get("redactedContent").and_then(Value::as_str) {
            self.redacted.push(data.to_owned());
            return Ok(());
        }
        let text = |key: &str| reasoning.get("reasoningText").and_then(|text| text.get(key)).and_then(Value::as_str).unwrap_or_default();
        if text("text").is_empty() {
            return Err(unsayable("a block of reasoning has no text"));
        }
        self.reasoning = Some(text("text").to_owned());
        self.signature =
            Some(text("signature")).filter(|signature| !signature.is_empty() && *signature != PLACEHOLDER_SIGNATURE).map(str::to_owned);
        Ok(())
    }
}

/// A block of the stream, as far as its deltas have come.
#[derive(Debug, Default)]
struct Growing {
    call: Option<Map<String, Value>>,
    input: String,
    text: Option<String>,
    reasoning: Option<String>,
    signature: String,
    redacted: Option<String>,
}

impl Growing {
    fn delta(&mut self, delta: &Value) -> Result<(), Unsayable> {
        only(delta, &["text", "toolUse", "reasoningContent"], "a delta")?;
        let piece = |pointer: &str| delta.pointer(pointer).and_then(Value::as_str);
        if let Some(text) = piece("/text") {
            self.text.get_or_insert_default().push_str(text);
        }
        self.input.push_str(piece("/toolUse/input").unwrap_or_default());
        if let Some(reasoning) = delta.get("reasoningContent") {
            only(reasoning, &["text", "signature", "redactedContent"], "a delta of reasoning")?;
        }
        if let Some(text) = piece("/reasoningContent/text") {
            self.reasoning.get_or_insert_default().push_str(text);
        }
        self.signature.push_str(piece("/reasoningContent/signature").unwrap_or_default());
        if let Some(data) = piece("/reasoningContent/redactedContent") {
            self.redacted.get_or_insert_default().push_str(data);
        }
        Ok(())
    }

    /// The blocks as they stand in a whole answer; none for a block without a delta.
    fn finish(self) -> Result<Vec<Value>, Unsayable> {
        let mut blocks = Vec::new();
        if let Some(data) = self.redacted {
            blocks.push(json!({ "reasoningContent": { "redactedContent": data } }));
        }
        if let Some(text) = self.reasoning {
            blocks.push(json!({ "reasoningContent": { "reasoningText": { "text": text, "signature": self.signature } } }));
        }
        if let Some(text) = self.text {
            blocks.push(json!({ "text": text }));
        }
        if let Some(mut call) = self.call {
            let input = if self.input.is_empty() { "{}" } else { &self.input };
            let input: Value = serde_json::from_str(input).map_err(|_| unsayable("the arguments of a tool call are not JSON"))?;
            call.insert("input".to_owned(), input);
            blocks.push(json!({ "toolUse": call }));
        }
        Ok(blocks)
    }
}

/// Puts events together to the whole answer that they stand for: pairs of a name and its payload.
pub(in crate::provider) fn streamed(events: &[(&str, Value)], left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let mut whole_answer = Map::new();
    let mut growing: BTreeMap<u64, Growing> = BTreeMap::new();
    let mut ended = false;
    for (name, payload) in events {
        let block = growing.entry(payload.get("contentBlockIndex").and_then(Value::as_u64).unwrap_or(0));
        match *name {
            "messageStart" | "contentBlockStop" => {}
            "contentBlockStart" => {
                let start = payload.get("start").unwrap_or(&Value::Null);
                if says_something(start) {
                    only(start, &["toolUse"], "the start of a block")?;
                }
                block.or_default().call = start.get("toolUse").and_then(Value::as_object).cloned();
            }
            "contentBlockDelta" => block.or_default().delta(payload.get("delta").unwrap_or(&Value::Null))?,
            "messageStop" => {
                left_out.others(payload, &["stopReason", "p"]);
                whole_answer.extend(payload.get("stopReason").map(|reason| ("stopReason".to_owned(), reason.clone())));
            }
            "metadata" => {
                ended = true;
                left_out.others(payload, &["usage", "metrics", "p"]);
                whole_answer.extend(payload.get("usage").map(|usage| ("usage".to_owned(), usage.clone())));
            }
            other => return Err(unsayable(format!("an event of type `{}`", short(other)))),
        }
    }
    if !ended {
        return Err(unsayable("the stream ends without `metadata`"));
    }
    let blocks: Vec<Vec<Value>> = growing.into_values().map(Growing::finish).collect::<Result<_, _>>()?;
    whole_answer.insert("output".to_owned(), json!({ "message": { "role": "assistant", "content": blocks.concat() } }));
    whole(&Value::Object(whole_answer), left_out)
}
