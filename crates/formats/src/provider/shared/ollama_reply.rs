//! Writing answers of Ollama, whole and as lines (API documentation, "Generate a chat completion", "Generate a completion").
//! A call is never divided: it comes whole, in a line of its own. The last line has the counts.

use serde_json::{Map, Value, json};

use super::messages_reply::rfc3339;
use super::ollama::{counts, line, stream};
use super::openai::{NOT_A_TURN, unusable};
use super::respond::json as json_answer;
use super::text::slices;
use super::usage::tokens;
use super::{ollama, ollama_request, reasoning};
use crate::exchange::{Block, Emission, FrameKind, Reply, Turn};
use crate::provider::Context;

/// Where the words stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Form {
    /// In `message`.
    Chat,
    /// In `response` and beside it.
    Generate,
}

/// A reply as an answer, or the error that says why it cannot be one.
pub(in crate::provider) fn encode(context: &mut Context<'_>, reply: &Reply, form: Form) -> Emission {
    match reply {
        Reply::Turn(turn) if context.request.stream => lines(context, turn, form),
        Reply::Turn(turn) => whole(context, turn, form),
        Reply::Error(error) => ollama::encode_error(error),
        _ => ollama::encode_error(&unusable(NOT_A_TURN)),
    }
}

/// The answer to a request that only loads a model or, with `keep_alive: 0`, lets go of it.
pub(in crate::provider) fn loaded(context: &Context<'_>, form: Form) -> Option<Emission> {
    if !ollama_request::only_loads(context.request) {
        return None;
    }
    let keep = context.raw.json().and_then(|body| body.get("keep_alive"));
    let unloads = keep.is_some_and(|keep| keep.as_f64() == Some(0.0) || matches!(keep.as_str(), Some("0" | "0s" | "0m")));
    let reason = if unloads { "unload" } else { "load" };
    let said = Said { done: Some((reason.to_owned(), Map::new())), ..Said::default() };
    let turn = Turn::default();
    Some(json_answer(200, &said.put(&Head::new(context, &turn), form)))
}

/// What every line repeats.
struct Head<'a> {
    model: Option<&'a str>,
    created_at: String,
    role: &'a str,
}

impl<'a> Head<'a> {
    fn new<'c: 'a>(context: &Context<'c>, turn: &'a Turn) -> Head<'a> {
        let given = &turn.overrides;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is no time becomes the nearest one")]
        let created = given.created.map_or(context.created, |seconds| seconds as u64);
        Head {
            model: given.model.as_deref().or(context.request.model.as_deref()),
            created_at: rfc3339(created),
            role: given.role.as_deref().unwrap_or("assistant"),
        }
    }
}

/// One line, or all that a whole answer says.
#[derive(Debug, Default)]
struct Said {
    content: String,
    thinking: Option<String>,
    calls: Vec<Value>,
    /// Why it ended, and the counts.
    done: Option<(String, Map<String, Value>)>,
}

impl Said {
    fn put(self, head: &Head<'_>, form: Form) -> Value {
        let mut words = Map::new();
        let key = match form {
            Form::Chat => {
                words.insert("role".to_owned(), head.role.into());
                "content"
            }
            Form::Generate => "response",
        };
        words.insert(key.to_owned(), self.content.into());
        words.extend(self.thinking.map(|thinking| ("thinking".to_owned(), thinking.into())));
        words.extend((!self.calls.is_empty()).then(|| ("tool_calls".to_owned(), self.calls.into())));
        let mut body = Map::new();
        body.insert("model".to_owned(), head.model.into());
        body.insert("created_at".to_owned(), head.created_at.as_str().into());
        match form {
            Form::Chat => body.extend([("message".to_owned(), Value::Object(words))]),
            Form::Generate => body.extend(words),
        }
        body.insert("done".to_owned(), self.done.is_some().into());
        if let Some((reason, counts)) = self.done {
            body.insert("done_reason".to_owned(), reason.into());
            if form == Form::Generate {
                body.insert("context".to_owned(), json!([]));
            }
            body.extend(counts);
        }
        Value::Object(body)
    }
}

fn done(context: &Context<'_>, turn: &Turn) -> (String, Map<String, Value>) {
    let reason = match turn.overrides.finish_reason.as_deref() {
        None | Some("tool_calls") => "stop",
        Some(other) => other,
    };
    let tokens = tokens(context.request, turn);
    (reason.to_owned(), counts(tokens.input, tokens.output))
}

fn call(context: &mut Context<'_>, index: usize, name: &str, arguments: &str, id: Option<&str>) -> Value {
    // Ollama's arguments are an object; what is none cannot be said.
    let arguments: Value = serde_json::from_str(arguments).ok().filter(Value::is_object).unwrap_or_else(|| json!({}));
    let id = id.map_or_else(|| context.ids.next("call_"), str::to_owned);
    json!({ "id": id, "function": { "index": index, "name": name, "arguments": arguments } })
}

fn whole(context: &mut Context<'_>, turn: &Turn, form: Form) -> Emission {
    let mut said = Said { thinking: reasoning::shown(context, turn).map(str::to_owned), ..Said::default() };
    for block in &turn.blocks {
        match block {
            Block::Text(text) => said.content.push_str(text),
            Block::ToolCall { name, arguments, id } => {
                said.calls.push(call(context, said.calls.len(), name, arguments, id.as_deref()));
            }
        }
    }
    said.done = Some(done(context, turn));
    json_answer(200, &said.put(&Head::new(context, turn), form))
}

fn lines(context: &mut Context<'_>, turn: &Turn, form: Form) -> Emission {
    let mut said = Vec::new();
    for piece in slices(reasoning::shown(context, turn).unwrap_or_default(), context.chunk_size) {
        said.push(Said { thinking: Some(piece.to_owned()), ..Said::default() });
    }
    let mut calls = 0;
    for block in &turn.blocks {
        match block {
            Block::Text(text) => {
                said.extend(
                    slices(text, context.chunk_size).into_iter().map(|piece| Said { content: piece.to_owned(), ..Said::default() }),
                );
            }
            Block::ToolCall { name, arguments, id } => {
                said.push(Said { calls: vec![call(context, calls, name, arguments, id.as_deref())], ..Said::default() });
                calls += 1;
            }
        }
    }
    let head = Head::new(context, turn);
    let last = Said { done: Some(done(context, turn)), ..Said::default() };
    let mut frames: Vec<_> = said.into_iter().map(|said| line(FrameKind::Token, &said.put(&head, form))).collect();
    frames.push(line(FrameKind::Terminal, &last.put(&head, form)));
    stream(frames)
}
