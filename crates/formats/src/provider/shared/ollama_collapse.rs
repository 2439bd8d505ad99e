//! Reading answers of Ollama back: a whole one is a stream of one line.

use serde_json::{Map, Value};

use super::collapse::{LeftOut, only, push_text, says_something, turn, unsayable, usage};
use super::ollama;
use super::ollama_reply::Form;
use crate::exchange::{Block, Captured, Collapsed, Overrides, Reply, Turn, Unsayable};

/// Members of a line that a reply holds, and times, which are recorded elsewhere.
const HEAD: [&str; 13] = [
    "model",
    "created_at",
    "message",
    "response",
    "thinking",
    "tool_calls",
    "done",
    "done_reason",
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
];
const MORE: [&str; 2] = ["eval_duration", "error"];
const WORDS: [&str; 4] = ["role", "content", "thinking", "tool_calls"];

/// What an answer says.
pub(in crate::provider) fn collapse(captured: &Captured, form: Form) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    let reply = if captured.status >= 400 {
        Reply::Error(ollama::error(captured, &mut left_out)?)
    } else {
        Reply::Turn(read(captured, form, &mut left_out)?)
    };
    Ok(left_out.with(reply))
}

fn read(captured: &Captured, form: Form, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let body = captured.body();
    let known: Vec<&str> = HEAD.into_iter().chain(MORE).collect();
    let (mut blocks, mut thinking, mut overrides, mut ended) = (Vec::new(), String::new(), Overrides::default(), false);
    for line in serde_json::Deserializer::from_slice(&body).into_iter::<Value>() {
        let line = line.map_err(|_| unsayable("a line of the answer is no JSON"))?;
        if line.get("error").is_some_and(says_something) {
            return Err(unsayable("the stream holds an error"));
        }
        left_out.others(&line, &known);
        let words = match form {
            Form::Chat => {
                let message = line.get("message").ok_or_else(|| unsayable("the body is no answer of a chat"))?;
                only(message, &WORDS, "the message")?;
                message
            }
            Form::Generate => &line,
        };
        let text = |key: &str| words.get(key).and_then(Value::as_str).unwrap_or_default();
        thinking.push_str(text("thinking"));
        push_text(&mut blocks, text(if form == Form::Chat { "content" } else { "response" }));
        for call in words.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            blocks.push(read_call(call)?);
        }
        if line.get("done").and_then(Value::as_bool) == Some(true) {
            ended = true;
            overrides = told(&line, left_out);
        }
    }
    if !ended {
        return Err(unsayable("the answer ends without `done`"));
    }
    let mut turn = turn(blocks)?;
    turn.reasoning = (!thinking.is_empty()).then_some(thinking);
    turn.overrides = overrides.into();
    Ok(turn)
}

fn read_call(call: &Value) -> Result<Block, Unsayable> {
    only(call, &["id", "type", "function"], "a tool call")?;
    let function = call.get("function").ok_or_else(|| unsayable("a tool call is no function call"))?;
    only(function, &["index", "name", "arguments"], "a tool call")?;
    let name = function.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let arguments = function.get("arguments").map_or_else(|| "{}".to_owned(), Value::to_string);
    Ok(Block::ToolCall { name, arguments, id: call.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned) })
}

/// What the last line says beside words.
fn told(line: &Value, left_out: &mut LeftOut) -> Overrides {
    let text = |key: &str| line.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let names = [("prompt_eval_count", "prompt_tokens"), ("eval_count", "completion_tokens")];
    let counts: Map<String, Value> =
        names.iter().filter_map(|(theirs, ours)| Some(((*ours).to_owned(), line.get(theirs)?.clone()))).collect();
    Overrides {
        model: text("model"),
        role: line.pointer("/message/role").and_then(Value::as_str).filter(|role| *role != "assistant").map(str::to_owned),
        finish_reason: text("done_reason").filter(|reason| reason != "stop"),
        usage: (!counts.is_empty()).then(|| usage(&Value::Object(counts), left_out)).flatten(),
        ..Overrides::default()
    }
}
