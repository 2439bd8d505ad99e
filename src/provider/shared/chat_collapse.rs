//! Reading chat completions back, whole and streamed (OpenAI's API reference, "The chat completion object" and "The chat
//! completion chunk object").

use std::collections::HashMap;

use serde_json::Value;

use super::collapse::{LeftOut, error, events, json_body, only, push_text, says_something, turn, unsayable, usage};
use crate::exchange::{Block, Captured, Collapsed, ErrorReply, Overrides, Reply, Turn, Unsayable};

/// Members of a completion or chunk that a reply holds.
const HEAD: [&str; 8] = ["id", "object", "created", "model", "choices", "usage", "system_fingerprint", "error"];
/// Members of a message or delta that a reply holds.
const MESSAGE: [&str; 5] = ["role", "content", "reasoning_content", "reasoning", "tool_calls"];

/// What a chat completion says.
pub(in crate::provider) fn collapse(captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    let reply = if captured.status >= 400 {
        Reply::Error(without_defaults(error(captured, &mut left_out)?))
    } else if captured.is_event_stream() {
        Reply::Turn(stream(captured, &mut left_out)?)
    } else {
        Reply::Turn(whole(captured, &mut left_out)?)
    };
    Ok(left_out.with(reply))
}

/// The type that every error of a fixture gets need not be said.
pub(in crate::provider) fn without_defaults(mut error: ErrorReply) -> ErrorReply {
    error.kind = error.kind.filter(|kind| kind != "server_error");
    error
}

fn whole(captured: &Captured, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let body = json_body(captured)?;
    if body.get("error").is_some_and(says_something) {
        return Err(unsayable("the answer holds an error with a status of success"));
    }
    let choices = body.get("choices").and_then(Value::as_array).map(Vec::as_slice);
    let [choice] = choices.ok_or_else(|| unsayable("the body is no chat completion"))? else {
        return Err(unsayable("the answer has not exactly one choice"));
    };
    only(choice, &["index", "message", "finish_reason"], "the choice")?;
    let message = choice.get("message").ok_or_else(|| unsayable("the choice has no message"))?;
    only(message, &MESSAGE, "the message")?;
    let mut blocks = Vec::new();
    push_text(&mut blocks, content(message)?.unwrap_or_default());
    for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        only(call, &["id", "type", "function", "index"], "a tool call")?;
        let function = call.get("function").ok_or_else(|| unsayable("a tool call is no function call"))?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        blocks.push(Block::ToolCall {
            name: text(function, "name").unwrap_or_default(),
            arguments: text(function, "arguments").unwrap_or_default(),
            id: text(call, "id"),
        });
    }
    let mut answer = Answer { blocks, finish: text_of(choice, "finish_reason"), ..Answer::default() };
    answer.reasoning.push_str(reasoning(message).unwrap_or_default());
    answer.role = text_of(message, "role");
    answer.head(&body, left_out);
    answer.into_turn(left_out)
}

/// `content`: text or nothing.
fn content(message: &Value) -> Result<Option<&str>, Unsayable> {
    match message.get("content") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(unsayable("the content is no text")),
    }
}

/// Thinking, as reasoning models behind this API spell it.
fn reasoning(message: &Value) -> Option<&str> {
    ["reasoning_content", "reasoning"].iter().find_map(|key| message.get(*key).and_then(Value::as_str))
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Answer {
    blocks: Vec<Block>,
    reasoning: String,
    finish: Option<String>,
    role: Option<String>,
    overrides: Overrides,
    usage: Option<Value>,
    /// Where the tool call of an index stands among the blocks.
    calls: HashMap<u64, usize>,
}

impl Answer {
    /// What a completion, or each chunk, repeats.
    fn head(&mut self, body: &Value, left_out: &mut LeftOut) {
        left_out.others(body, &HEAD);
        let given = &mut self.overrides;
        given.id = text_of(body, "id").filter(|id| !id.is_empty()).or(given.id.take());
        given.created = body.get("created").and_then(Value::as_f64).filter(|created| *created > 0.0).or(given.created);
        given.model = text_of(body, "model").filter(|model| !model.is_empty()).or(given.model.take());
        given.system_fingerprint = text_of(body, "system_fingerprint").or(given.system_fingerprint.take());
        if let Some(usage) = body.get("usage").filter(|usage| says_something(usage)) {
            self.usage = Some(usage.clone());
        }
    }

    fn into_turn(mut self, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
        let finish = self.finish.ok_or_else(|| unsayable("the answer has no finish reason"))?;
        let mut turn = turn(self.blocks)?;
        let natural = if turn.calls_tools() { "tool_calls" } else { "stop" };
        self.overrides.finish_reason = (finish != natural).then_some(finish);
        self.overrides.role = self.role.filter(|role| role != "assistant");
        self.overrides.usage = self.usage.as_ref().and_then(|given| usage(given, left_out));
        turn.reasoning = (!self.reasoning.is_empty()).then_some(self.reasoning);
        turn.overrides = self.overrides;
        Ok(turn)
    }

    fn delta(&mut self, delta: &Value) -> Result<(), Unsayable> {
        only(delta, &MESSAGE, "a delta")?;
        self.role = text_of(delta, "role").or(self.role.take());
        self.reasoning.push_str(reasoning(delta).unwrap_or_default());
        push_text(&mut self.blocks, content(delta)?.unwrap_or_default());
        for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            only(call, &["id", "type", "function", "index"], "a tool call")?;
            self.call(call);
        }
        Ok(())
    }

    fn call(&mut self, piece: &Value) {
        let index = piece.get("index").and_then(Value::as_u64).unwrap_or(0);
        let place = *self.calls.entry(index).or_insert_with(|| {
            self.blocks.push(Block::ToolCall { name: String::new(), arguments: String::new(), id: None });
            self.blocks.len() - 1
        });
        if let Some(Block::ToolCall { name, arguments, id }) = self.blocks.get_mut(place) {
            let text = |path: &str| piece.pointer(path).and_then(Value::as_str).unwrap_or_default();
            name.push_str(text("/function/name"));
            arguments.push_str(text("/function/arguments"));
            *id = text_of(piece, "id").filter(|id| !id.is_empty()).or(id.take());
        }
    }
}

fn stream(captured: &Captured, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let mut answer = Answer::default();
    let mut ended = false;
    for event in events(captured)? {
        if event.comment.is_some() {
            left_out.name("comments of the stream");
        }
        let Some(data) = event.data else { continue };
        if data.trim() == "[DONE]" {
            ended = true;
            continue;
        }
        let chunk: Value = serde_json::from_str(&data).map_err(|_| unsayable("an event of the stream is no JSON"))?;
        if chunk.get("error").is_some_and(says_something) {
            return Err(unsayable("the stream holds an error"));
        }
        answer.head(&chunk, left_out);
        for choice in chunk.get("choices").and_then(Value::as_array).into_iter().flatten() {
            only(choice, &["index", "delta", "finish_reason"], "a choice")?;
            if choice.get("index").and_then(Value::as_u64).unwrap_or(0) != 0 {
                return Err(unsayable("the stream has more than one choice"));
            }
            answer.delta(choice.get("delta").unwrap_or(&Value::Object(serde_json::Map::new())))?;
            answer.finish = text_of(choice, "finish_reason").or(answer.finish.take());
        }
    }
    if ended { answer.into_turn(left_out) } else { Err(unsayable("the stream ends without `[DONE]`")) }
}
