//! Reading answers of Cohere's chat back, whole and streamed (Cohere's API reference, "Chat" and "Chat with Streaming" of
//! version 2). Answers with citations or log probabilities stay as they are: no reply holds those.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::cohere;
use super::collapse::{LeftOut, events, json_body, only, push_text, says_something, short, turn, unsayable, usage};
use crate::exchange::{Block, Captured, Collapsed, Overrides, Reply, Turn, Unsayable};

/// Members of a message that a reply holds.
const MESSAGE: [&str; 4] = ["role", "content", "tool_plan", "tool_calls"];

/// What an answer says.
pub(in crate::provider) fn collapse(captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    let reply = if captured.status >= 400 {
        Reply::Error(cohere::error(captured, &mut left_out)?)
    } else if captured.is_event_stream() {
        Reply::Turn(streamed(captured, &mut left_out)?)
    } else {
        Reply::Turn(whole(captured, &mut left_out)?)
    };
    Ok(left_out.with(reply))
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Answer {
    id: Option<String>,
    thinking: String,
    plan: String,
    blocks: Vec<Block>,
    /// Where the tool call of an index stands among the blocks.
    calls: HashMap<u64, usize>,
    finish: Option<String>,
    usage: Option<Value>,
}

impl Answer {
    /// An entry of the content, or a piece of one.
    fn content(&mut self, content: &Value) -> Result<(), Unsayable> {
        only(content, &["type", "text", "thinking"], "the content")?;
        let piece = |key: &str| content.get(key).and_then(Value::as_str).unwrap_or_default();
        if !piece("thinking").is_empty() && !self.blocks.is_empty() {
            return Err(unsayable("thinking stands after other content"));
        }
        self.thinking.push_str(piece("thinking"));
        push_text(&mut self.blocks, piece("text"));
        Ok(())
    }

    fn call(&mut self, index: u64, call: &Value) -> Result<(), Unsayable> {
        only(call, &["id", "type", "function"], "a tool call")?;
        let function = call.get("function").ok_or_else(|| unsayable("a tool call is no function call"))?;
        only(function, &["name", "arguments"], "a tool call")?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = Some(text(call, "id")).filter(|id| !id.is_empty());
        self.calls.insert(index, self.blocks.len());
        self.blocks.push(Block::ToolCall { name: text(function, "name"), arguments: text(function, "arguments"), id });
        Ok(())
    }

    fn argue(&mut self, index: u64, piece: &str) -> Result<(), Unsayable> {
        let block = self.calls.get(&index).and_then(|place| self.blocks.get_mut(*place));
        let Some(Block::ToolCall { arguments, .. }) = block else { return Err(unsayable("arguments of a call that has not begun")) };
        arguments.push_str(piece);
        Ok(())
    }

    fn into_turn(mut self, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
        for block in &mut self.blocks {
            // A call without a single piece of arguments has none.
            if let Block::ToolCall { arguments, .. } = block
                && arguments.is_empty()
            {
                arguments.push_str("{}");
            }
        }
        let finish = self.finish.ok_or_else(|| unsayable("the answer has no finish reason"))?;
        let mut turn = turn(self.blocks)?;
        turn.reasoning = (!self.thinking.is_empty()).then_some(self.thinking);
        turn.tool_plan = (!self.plan.is_empty()).then_some(self.plan);
        turn.overrides = Overrides {
            id: self.id.filter(|id| !id.is_empty()),
            finish_reason: finish_reason(&finish, turn.calls_tools()),
            usage: self.usage.as_ref().and_then(|given| usage(&counts(given, left_out), left_out)),
            ..Overrides::default()
        }
        .into();
        Ok(turn)
    }
}

/// The finish reason in the words of fixtures; `None` where it goes without saying.
fn finish_reason(finish: &str, calls: bool) -> Option<String> {
    let neutral = match finish {
        "COMPLETE" => "stop",
        "TOOL_CALL" => "tool_calls",
        "MAX_TOKENS" => "length",
        other => other,
    };
    let natural = if calls { "tool_calls" } else { "stop" };
    (neutral != natural).then(|| neutral.to_owned())
}

/// The counts under the names of fixtures. What is billed is said where it is not what was used.
fn counts(given: &Value, left_out: &mut LeftOut) -> Value {
    left_out.others(given, &["billed_units", "tokens", "cached_tokens"]);
    let number = |list: &str, key: &str| given.get(list)?.get(key).filter(|number| number.is_number()).cloned();
    let mut counts = Map::new();
    for (theirs, ours, billed) in
        [("input_tokens", "prompt_tokens", "billed_input_tokens"), ("output_tokens", "completion_tokens", "billed_output_tokens")]
    {
        let (used, paid) = (number("tokens", theirs), number("billed_units", theirs));
        counts.extend(paid.clone().filter(|_| used.is_some() && used != paid).map(|paid| (billed.to_owned(), paid)));
        counts.extend(used.or(paid).map(|used| (ours.to_owned(), used)));
    }
    for key in ["search_units", "classifications"] {
        counts.extend(number("billed_units", key).map(|number| (key.to_owned(), number)));
    }
    if let Some(cached) = given.get("cached_tokens").filter(|number| number.is_number()) {
        counts.insert("prompt_tokens_details".to_owned(), json!({ "cached_tokens": cached }));
    }
    if let Some(reasoning) = number("tokens", "reasoning_tokens") {
        counts.insert("completion_tokens_details".to_owned(), json!({ "reasoning_tokens": reasoning }));
    }
    Value::Object(counts)
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn whole(captured: &Captured, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let body = json_body(captured)?;
    let message = body.get("message").filter(|message| message.is_object()).ok_or_else(|| unsayable("the body is no answer of a chat"))?;
    only(&body, &["id", "message", "finish_reason", "usage"], "the answer")?;
    only(message, &MESSAGE, "the message")?;
    let mut answer = Answer { id: text_of(&body, "id"), finish: text_of(&body, "finish_reason"), ..Answer::default() };
    answer.usage = body.get("usage").cloned();
    answer.plan = text_of(message, "tool_plan").unwrap_or_default();
    for entry in message.get("content").and_then(Value::as_array).into_iter().flatten() {
        answer.content(entry)?;
    }
    for (index, call) in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten().enumerate() {
        answer.call(index as u64, call)?;
    }
    answer.into_turn(left_out)
}

fn streamed(captured: &Captured, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let mut answer = Answer::default();
    let mut ended = false;
    for event in events(captured)? {
        if event.comment.is_some() {
            left_out.name("comments of the stream");
        }
        let Some(data) = event.data.filter(|data| data.trim() != "[DONE]") else { continue };
        let event: Value = serde_json::from_str(&data).map_err(|_| unsayable("an event of the stream is no JSON"))?;
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        let message = event.pointer("/delta/message").unwrap_or(&Value::Null);
        let member = |key: &str| message.get(key).unwrap_or(&Value::Null);
        if event.get("logprobs").is_some_and(says_something) {
            return Err(unsayable("the stream has `logprobs`, which no neutral response holds"));
        }
        match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message-start" => {
                answer.id = text_of(&event, "id");
                if says_something(message) {
                    only(message, &["role", "tool_plan"], "the start of the message")?;
                }
                answer.plan = text_of(message, "tool_plan").unwrap_or_default();
            }
            "content-start" | "content-delta" => answer.content(member("content"))?,
            "tool-plan-delta" => answer.plan.push_str(member("tool_plan").as_str().unwrap_or_default()),
            "tool-call-start" => answer.call(index, member("tool_calls"))?,
            "tool-call-delta" => {
                let piece = message.pointer("/tool_calls/function/arguments").and_then(Value::as_str);
                answer.argue(index, piece.unwrap_or_default())?;
            }
            "content-end" | "tool-call-end" => {}
            "message-end" => {
                let delta = event.get("delta").unwrap_or(&Value::Null);
                if delta.get("error").is_some_and(says_something) {
                    return Err(unsayable("the stream holds an error"));
                }
                (answer.finish, answer.usage, ended) = (text_of(delta, "finish_reason"), delta.get("usage").cloned(), true);
            }
            "debug" => left_out.name("debug"),
            other => return Err(unsayable(format!("an event of type `{}`, which no neutral response holds", short(other)))),
        }
    }
    if ended { answer.into_turn(left_out) } else { Err(unsayable("the stream ends without `message-end`")) }
}
