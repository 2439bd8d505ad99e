//! Reading chat completions back, whole and streamed (OpenAI's API reference, "The chat completion object" and "The chat
//! completion chunk object"), and what vendors who copy it do otherwise.

use std::collections::HashMap;

use serde_json::Value;

use super::collapse::{LeftOut, error, events, json_body, only, push_text, says_something, short, turn, unsayable, usage};
use super::{mistral, openrouter};
use crate::exchange::{Block, Captured, Collapsed, ErrorReply, Overrides, Reply, Turn, Unsayable};

/// Members of a completion or chunk that a reply holds, `provider` for OpenRouter alone.
const HEAD: [&str; 9] = ["id", "object", "created", "model", "choices", "usage", "system_fingerprint", "error", "provider"];
/// Sent while an upstream of OpenRouter's is awaited.
const PROCESSING: &str = "OPENROUTER PROCESSING";

/// Whose completions they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::provider) enum Dialect {
    #[default]
    OpenAi,
    OpenRouter,
    Mistral,
}

impl Dialect {
    /// Members of a completion or chunk that a reply holds.
    fn head(self) -> &'static [&'static str] {
        if self == Dialect::OpenRouter { &HEAD } else { HEAD.split_last().map_or(&[], |(_, others)| others) }
    }

    /// Members of a choice beside its message or delta.
    fn choice(self) -> &'static [&'static str] {
        match self {
            Dialect::OpenRouter => &["index", "message", "delta", "finish_reason", "native_finish_reason"],
            Dialect::OpenAi | Dialect::Mistral => &["index", "message", "delta", "finish_reason"],
        }
    }

    /// Members of a message or delta that a reply holds.
    fn message(self) -> &'static [&'static str] {
        match self {
            Dialect::OpenAi => &["role", "content", "reasoning_content", "reasoning", "tool_calls"],
            Dialect::OpenRouter => &["role", "content", "reasoning_content", "reasoning", "tool_calls", "reasoning_details"],
            Dialect::Mistral => &["role", "content", "tool_calls", "prefix"],
        }
    }
}

/// What a chat completion of OpenAI's says.
pub(in crate::provider) fn collapse(captured: &Captured) -> Result<Collapsed, Unsayable> {
    collapse_as(captured, Dialect::OpenAi)
}

/// What a chat completion says.
pub(in crate::provider) fn collapse_as(captured: &Captured, dialect: Dialect) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    let reply = if captured.status >= 400 {
        Reply::Error(match dialect {
            Dialect::OpenAi => without_defaults(error(captured, &mut left_out)?),
            Dialect::OpenRouter => openrouter::collapse_error(captured, &mut left_out)?,
            Dialect::Mistral => mistral::collapse_error(captured, &mut left_out)?,
        })
    } else if captured.is_event_stream() {
        Reply::Turn(stream(captured, dialect, &mut left_out)?)
    } else {
        Reply::Turn(whole(captured, dialect, &mut left_out)?)
    };
    Ok(left_out.with(reply))
}

/// The type that every error of a fixture gets need not be said.
pub(in crate::provider) fn without_defaults(mut error: ErrorReply) -> ErrorReply {
    error.kind = error.kind.filter(|kind| kind != "server_error");
    error
}

fn whole(captured: &Captured, dialect: Dialect, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let body = json_body(captured)?;
    if body.get("error").is_some_and(says_something) {
        return Err(unsayable("the answer holds an error with a status of success"));
    }
    let choices = body.get("choices").and_then(Value::as_array).map(Vec::as_slice);
    let [choice] = choices.ok_or_else(|| unsayable("the body is no chat completion"))? else {
        return Err(unsayable("the answer has not exactly one choice"));
    };
    only(choice, dialect.choice(), "the choice")?;
    let message = choice.get("message").ok_or_else(|| unsayable("the choice has no message"))?;
    only(message, dialect.message(), "the message")?;
    let mut answer = Answer { dialect, ..Answer::default() };
    answer.thinking(message, left_out);
    answer.content(message)?;
    for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        only(call, &["id", "type", "function", "index"], "a tool call")?;
        let function = call.get("function").ok_or_else(|| unsayable("a tool call is no function call"))?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        answer.blocks.push(Block::ToolCall {
            name: text(function, "name").unwrap_or_default(),
            arguments: text(function, "arguments").unwrap_or_default(),
            id: text(call, "id"),
        });
    }
    answer.finish(choice);
    answer.role = text_of(message, "role");
    answer.head(&body, left_out);
    answer.into_turn(left_out)
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
    dialect: Dialect,
    blocks: Vec<Block>,
    reasoning: String,
    signature: Option<String>,
    /// What was thought and may not be read.
    hidden: Vec<String>,
    finish: Option<String>,
    native: Option<String>,
    role: Option<String>,
    overrides: Overrides,
    usage: Option<Value>,
    /// Where the tool call of an index stands among the blocks.
    calls: HashMap<u64, usize>,
}

impl Answer {
    /// What a completion, or each chunk, repeats.
    fn head(&mut self, body: &Value, left_out: &mut LeftOut) {
        left_out.others(body, self.dialect.head());
        let given = &mut self.overrides;
        given.id = text_of(body, "id").filter(|id| !id.is_empty()).or(given.id.take());
        given.created = body.get("created").and_then(Value::as_f64).filter(|created| *created > 0.0).or(given.created);
        given.model = text_of(body, "model").filter(|model| !model.is_empty()).or(given.model.take());
        given.system_fingerprint = text_of(body, "system_fingerprint").or(given.system_fingerprint.take());
        if self.dialect == Dialect::OpenRouter {
            given.provider = text_of(body, "provider").or(given.provider.take());
        }
        if let Some(usage) = body.get("usage").filter(|usage| says_something(usage)) {
            self.usage = Some(usage.clone());
        }
    }

    fn into_turn(mut self, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
        let finish = self.finish.ok_or_else(|| unsayable("the answer has no finish reason"))?;
        let mut turn = turn(self.blocks)?;
        let natural = if turn.calls_tools() { "tool_calls" } else { "stop" };
        self.overrides.native_finish_reason = self.native.filter(|native| *native != finish);
        self.overrides.finish_reason = (finish != natural).then_some(finish);
        let model = self.overrides.model.as_deref().unwrap_or_default();
        self.overrides.provider = self.overrides.provider.filter(|provider| provider != openrouter::author(model));
        self.overrides.role = self.role.filter(|role| role != "assistant");
        self.overrides.usage = self.usage.as_ref().and_then(|given| usage(given, left_out));
        turn.reasoning = (!self.reasoning.is_empty()).then_some(self.reasoning);
        turn.reasoning_signature = self.signature;
        turn.redacted_thinking = self.hidden;
        turn.overrides = self.overrides.into();
        Ok(turn)
    }

    fn finish(&mut self, choice: &Value) {
        self.finish = text_of(choice, "finish_reason").or(self.finish.take());
        self.native = text_of(choice, "native_finish_reason").or(self.native.take());
    }

    /// `content`: text or nothing; of Mistral also a list of texts and thoughts.
    fn content(&mut self, message: &Value) -> Result<(), Unsayable> {
        match message.get("content") {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => push_text(&mut self.blocks, text),
            Some(Value::Array(entries)) if self.dialect == Dialect::Mistral => {
                entries.iter().try_for_each(|entry| self.entry(entry))?;
            }
            Some(_) => return Err(unsayable("the content is no text")),
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Value) -> Result<(), Unsayable> {
        let text = |value: &Value| value.get("text").and_then(Value::as_str).map(str::to_owned);
        let kind = entry.get("type").and_then(Value::as_str).unwrap_or_default();
        match (kind, entry.get("thinking").and_then(Value::as_array)) {
            ("text", _) => push_text(&mut self.blocks, &text(entry).unwrap_or_default()),
            ("thinking", _) if !self.blocks.is_empty() => return Err(unsayable("thinking stands after other content")),
            ("thinking", Some(thoughts)) => {
                for thought in thoughts {
                    self.reasoning.push_str(&text(thought).ok_or_else(|| unsayable("a thought is no text"))?);
                }
                self.signature = text_of(entry, "signature").or(self.signature.take());
            }
            _ => return Err(unsayable(format!("a content entry of type `{}`, which no neutral response holds", short(kind)))),
        }
        Ok(())
    }

    /// What was thought, in whatever words the vendor has for it.
    fn thinking(&mut self, message: &Value, left_out: &mut LeftOut) {
        let plain = reasoning(message);
        self.reasoning.push_str(plain.unwrap_or_default());
        for detail in message.get("reasoning_details").and_then(Value::as_array).into_iter().flatten() {
            match detail.get("type").and_then(Value::as_str) {
                Some(kind @ ("reasoning.text" | "reasoning.summary")) => {
                    let text = text_of(detail, if kind == "reasoning.text" { "text" } else { "summary" });
                    self.reasoning.push_str(&text.filter(|_| plain.is_none()).unwrap_or_default());
                    self.signature = text_of(detail, "signature").or(self.signature.take());
                }
                Some("reasoning.encrypted") => self.hidden.extend(text_of(detail, "data")),
                _ => left_out.name("reasoning_details"),
            }
        }
    }

    fn delta(&mut self, delta: &Value, left_out: &mut LeftOut) -> Result<(), Unsayable> {
        only(delta, self.dialect.message(), "a delta")?;
        self.role = text_of(delta, "role").or(self.role.take());
        self.thinking(delta, left_out);
        self.content(delta)?;
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

fn stream(captured: &Captured, dialect: Dialect, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let mut answer = Answer { dialect, ..Answer::default() };
    let mut ended = false;
    for event in events(captured)? {
        // This one says nothing that a reader would miss.
        if event.comment.is_some_and(|comment| dialect != Dialect::OpenRouter || comment.trim() != PROCESSING) {
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
            only(choice, dialect.choice(), "a choice")?;
            if choice.get("index").and_then(Value::as_u64).unwrap_or(0) != 0 {
                return Err(unsayable("the stream has more than one choice"));
            }
            answer.delta(choice.get("delta").unwrap_or(&Value::Object(serde_json::Map::new())), left_out)?;
            answer.finish(choice);
        }
    }
    if ended { answer.into_turn(left_out) } else { Err(unsayable("the stream ends without `[DONE]`")) }
}
