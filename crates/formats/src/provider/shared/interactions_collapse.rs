//! Reading interactions back, whole and streamed (Gemini API reference, "Interaction"; guide "Streaming interactions").

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::collapse::{LeftOut, events, json_body, only, push_text, retry_after, says_something, short, turn, unsayable};
use super::interactions_reply::code_of;
use crate::exchange::{Block, Captured, Collapsed, ErrorOrigin, ErrorReply, Overrides, Reply, Turn, Unsayable, Usage};

/// Members of an interaction that a reply holds, or that the server writes anew.
const HEAD: [&str; 11] =
    ["id", "object", "status", "model", "created", "updated", "steps", "usage", "role", "output_text", "previous_interaction_id"];
/// Counts that a reply holds, and those that follow from them.
const COUNTS: [&str; 6] = [
    "total_input_tokens",
    "total_output_tokens",
    "total_thought_tokens",
    "total_cached_tokens",
    "total_tokens",
    "input_tokens_by_modality",
];

/// What an interaction says.
pub(in crate::provider) fn collapse(captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    let reply = if captured.status >= 400 {
        Reply::Error(error(captured, &mut left_out)?)
    } else if captured.is_event_stream() {
        Reply::Turn(interaction(&stream(captured, &mut left_out)?, &mut left_out)?)
    } else {
        Reply::Turn(interaction(&json_body(captured)?, &mut left_out)?)
    };
    Ok(left_out.with(reply))
}

fn error(captured: &Captured, left_out: &mut LeftOut) -> Result<ErrorReply, Unsayable> {
    let body = json_body(captured)?;
    let error = body.get("error").filter(|error| error.is_object()).ok_or_else(|| unsayable("the error is in no known envelope"))?;
    let text = |key: &str| error.get(key).and_then(Value::as_str);
    let message = text("message").filter(|message| !message.is_empty()).ok_or_else(|| unsayable("the error has no message"))?;
    only(error, &["message", "code"], "`error`")?;
    let mut reply = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message);
    reply.code = text("code").filter(|code| *code != code_of(captured.status)).map(str::to_owned);
    reply.retry_after = retry_after(captured, left_out);
    // What a 429 without the key is sent with anyway.
    if reply.status == 429 && reply.retry_after == Some(1.0) {
        reply.retry_after = None;
    }
    Ok(reply)
}

fn interaction(body: &Value, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let steps = body.get("steps").and_then(Value::as_array).ok_or_else(|| unsayable("the body is no interaction"))?;
    left_out.others(body, &HEAD);
    let mut read = Read::default();
    steps.iter().try_for_each(|step| read.step(step))?;
    let mut turn = turn(read.blocks)?;
    (turn.reasoning, turn.reasoning_signature) = (read.reasoning, read.signature);
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let finish_reason = match text("status").as_deref() {
        Some("completed") if !turn.calls_tools() => None,
        Some("requires_action") if turn.calls_tools() => None,
        Some("completed") => Some("completed".to_owned()),
        Some("incomplete") => Some("length".to_owned()),
        Some(status @ ("failed" | "cancelled")) => Some(status.to_owned()),
        _ => return Err(unsayable("the interaction has not come to an end")),
    };
    let usage = body.get("usage").and_then(|given| usage(given, left_out));
    turn.overrides = Overrides { id: text("id"), model: text("model"), finish_reason, usage, ..Overrides::default() }.into();
    Ok(turn)
}

/// The steps read so far.
#[derive(Debug, Default)]
struct Read {
    blocks: Vec<Block>,
    reasoning: Option<String>,
    signature: Option<String>,
}

impl Read {
    fn step(&mut self, step: &Value) -> Result<(), Unsayable> {
        let text = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
        let items = |key: &str| step.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        match text("type") {
            "user_input" => Ok(()),
            "thought" => {
                only(step, &["type", "summary", "signature"], "a thought")?;
                if self.reasoning.is_some() || self.signature.is_some() || !self.blocks.is_empty() {
                    return Err(unsayable("a thought stands after other content"));
                }
                let said = items("summary").iter().map(said).collect::<Result<String, Unsayable>>()?;
                self.reasoning = Some(said).filter(|text| !text.is_empty());
                self.signature = Some(text("signature")).filter(|signature| !signature.is_empty()).map(str::to_owned);
                Ok(())
            }
            "model_output" => {
                only(step, &["type", "content"], "an output")?;
                for content in items("content") {
                    push_text(&mut self.blocks, &said(&content)?);
                }
                Ok(())
            }
            "function_call" => {
                only(step, &["type", "id", "name", "arguments"], "a function call")?;
                let arguments = step.get("arguments").filter(|value| !value.is_null()).map_or_else(|| "{}".to_owned(), Value::to_string);
                self.blocks.push(Block::ToolCall { name: text("name").to_owned(), arguments, id: Some(text("id").to_owned()) });
                Ok(())
            }
            other => Err(unsayable(format!("a step of type `{}`, which no neutral response holds", short(other)))),
        }
    }
}

fn said(content: &Value) -> Result<String, Unsayable> {
    only(content, &["type", "text"], "a content")?;
    match content.get("text").and_then(Value::as_str) {
        Some(text) => Ok(text.to_owned()),
        None => Err(unsayable("a content that is no text, which no neutral response holds")),
    }
}

/// The counts in the words of fixtures: the output holds the thoughts, as everywhere else.
fn usage(given: &Value, left_out: &mut LeftOut) -> Option<Usage> {
    let members = given.as_object()?;
    let is_zero = |value: &Value| value.as_f64() == Some(0.0);
    for (key, value) in members {
        if !COUNTS.contains(&key.as_str()) && says_something(value) && !is_zero(value) {
            left_out.name(&format!("usage.{}", short(key)));
        }
    }
    let count = |key: &str| members.get(key).and_then(Value::as_f64);
    let thoughts = count("total_thought_tokens").filter(|count| *count > 0.0);
    let output = count("total_output_tokens").map(|output| output + thoughts.unwrap_or(0.0));
    let cached = count("total_cached_tokens").filter(|count| *count > 0.0);
    let number = super::usage::count;
    let mut kept = Map::new();
    let mut put = |key: &str, value: Option<Value>| kept.extend(value.map(|value| (key.to_owned(), value)));
    put("prompt_tokens", members.get("total_input_tokens").cloned());
    put("completion_tokens", output.map(|count| number(count).into()));
    put("total_tokens", members.get("total_tokens").cloned());
    put("prompt_tokens_details", cached.map(|count| json!({ "cached_tokens": number(count) })));
    put("completion_tokens_details", thoughts.map(|count| json!({ "reasoning_tokens": number(count) })));
    Some(Usage { input_tokens: count("total_input_tokens"), output_tokens: output, total_tokens: count("total_tokens"), given: kept })
}

/// A step of the stream: as it started, and what its deltas add.
#[derive(Debug, Default)]
struct Growing {
    step: Map<String, Value>,
    text: String,
    summary: String,
    arguments: String,
}

impl Growing {
    fn delta(&mut self, delta: &Value) -> Result<(), Unsayable> {
        let text = |key: &str| delta.get(key).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "text" => self.text.push_str(&said(delta)?),
            "thought_summary" => self.summary.push_str(&said(delta.get("content").unwrap_or(&Value::Null))?),
            "thought_signature" => drop(self.step.insert("signature".to_owned(), text("signature").into())),
            "arguments_delta" => self.arguments.push_str(text("arguments")),
            other => return Err(unsayable(format!("a delta of type `{}`, which no neutral response holds", short(other)))),
        }
        Ok(())
    }

    /// The step as it stands in a whole answer.
    fn finish(mut self) -> Result<Value, Unsayable> {
        if !self.arguments.is_empty() {
            let arguments =
                serde_json::from_str(&self.arguments).map_err(|_| unsayable("the arguments of a function call are not JSON"))?;
            self.step.insert("arguments".to_owned(), arguments);
        }
        for (key, text) in [("content", self.text), ("summary", self.summary)] {
            if !text.is_empty() {
                self.step.insert(key.to_owned(), json!([{ "type": "text", "text": text }]));
            }
        }
        Ok(Value::Object(self.step))
    }
}

/// Puts the events together to the whole answer that they stand for.
pub(super) fn stream(captured: &Captured, left_out: &mut LeftOut) -> Result<Value, Unsayable> {
    let mut whole = Map::new();
    let mut growing: BTreeMap<u64, Growing> = BTreeMap::new();
    let mut ended = false;
    for event in events(captured)? {
        if event.comment.is_some() {
            left_out.name("comments of the stream");
        }
        let Some(data) = event.data.filter(|data| data.trim() != "[DONE]") else { continue };
        let data: Value = serde_json::from_str(&data).map_err(|_| unsayable("an event of the stream is no JSON"))?;
        let index = data.get("index").and_then(Value::as_u64).unwrap_or(0);
        let object = |key: &str| data.get(key).and_then(Value::as_object).cloned();
        match data.get("event_type").and_then(Value::as_str).unwrap_or_default() {
            "interaction.created" => whole.extend(object("interaction").unwrap_or_default()),
            "interaction.completed" => {
                whole.extend(object("interaction").unwrap_or_default());
                ended = true;
            }
            "interaction.status_update" | "step.stop" => {}
            "step.start" => {
                let step = object("step").ok_or_else(|| unsayable("`step.start` has no step"))?;
                growing.insert(index, Growing { step, ..Growing::default() });
            }
            "step.delta" => {
                let step = growing.get_mut(&index).ok_or_else(|| unsayable("a delta of a step that was not started"))?;
                step.delta(data.get("delta").unwrap_or(&Value::Null))?;
            }
            "error" => return Err(unsayable("the stream holds an error")),
            other => return Err(unsayable(format!("an event of type `{}`", short(other)))),
        }
    }
    if !ended {
        return Err(unsayable("the stream ends without `interaction.completed`"));
    }
    let steps = growing.into_values().map(Growing::finish).collect::<Result<Vec<Value>, Unsayable>>()?;
    whole.insert("steps".to_owned(), steps.into());
    Ok(Value::Object(whole))
}
