//! OpenAI's legacy text completions (API reference, "Create completion" and "The completion object"): a prompt in, its
//! continuation out. Streams are of the same objects, ended by `[DONE]`.
//!
//! To matching the prompt is a user's message; several prompts are one message, a line each, and every one of them gets
//! the whole answer as a choice of its own. Text is all that this API carries: reasoning is left out, and tool calls
//! alone are an error.

use serde::Serialize;
use serde_json::{Map, Number, Value};

use super::grammar::{self, Grammar};
use super::shared::body::{Place, Problem, json as body_json};
use super::shared::collapse::{LeftOut, error, events, json_body, only, push_text, says_something, turn, unsayable, usage as read_usage};
use super::shared::respond::{data_frame, event_stream, json};
use super::shared::text::slices;
use super::shared::usage::{count, tokens};
use super::shared::{chat_collapse, chat_reply, chat_request, openai};
use super::{Context, Moment, Params, Provider, Route};
use crate::exchange::{
    Captured, Collapsed, Emission, Endpoint, ErrorReply, Frame, FrameKind, Message, Overrides, RawRequest, Reply, Request, Role, Turn,
    Unsayable,
};
use crate::wire::sse;

pub(super) static PROVIDER: OpenAiCompletions = OpenAiCompletions;

/// More choices than this are refused: each is the whole answer once more.
const MOST_CHOICES: usize = 128;
const TOO_MANY: Problem = Problem::Refused { message: "Invalid request: 'n' and 'prompt' together ask for more than 128 choices" };
const NOT_PROMPTS: &str = "a string, an array of strings, or an array of tokens";
const NO_TEXT: &str = "Fixture response has no text, and text completions carry nothing else";

#[derive(Debug)]
pub(super) struct OpenAiCompletions;

impl Provider for OpenAiCompletions {
    fn name(&self) -> &'static str {
        "openai_completions"
    }

    fn provider(&self) -> &'static str {
        "openai"
    }

    fn summary(&self) -> &'static str {
        "OpenAI text completions (legacy)"
    }

    fn routes(&self) -> &'static [Route] {
        &[Route { method: "POST", path: "/v1/completions", endpoint: Endpoint::Chat }]
    }

    fn decode(&self, raw: &RawRequest, _route: &Route, _params: &Params) -> Result<Request, Box<ErrorReply>> {
        decode(raw, self.provider()).map_err(chat_reply::refusal)
    }

    fn encode(&self, context: &mut Context<'_>, reply: &Reply) -> Emission {
        match reply {
            Reply::Turn(turn) if turn.text().is_empty() && turn.calls_tools() => openai::encode_error(&openai::unusable(NO_TEXT)),
            Reply::Turn(turn) if context.request.stream => stream(context, turn),
            Reply::Turn(turn) => whole(context, turn),
            // What is no turn is no chat completion either.
            other => chat_reply::encode(context, other),
        }
    }

    fn collapse(&self, _request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
        collapse(captured)
    }

    fn encode_error(&self, error: &ErrorReply, _moment: Moment<'_>) -> Emission {
        openai::encode_error(error)
    }

    fn encode_error_event(&self, error: &ErrorReply, _moment: Moment<'_>) -> Option<Frame> {
        Some(chat_reply::error_event(error))
    }

    fn grammar(&self) -> Option<&'static Grammar> {
        Some(&grammar::COMPLETIONS)
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }
}

fn decode(raw: &RawRequest, provider: &'static str) -> Result<Request, Problem> {
    let body = Place::body(body_json(raw)?)?;
    let prompt = body.member("prompt").ok_or(Problem::Missing("prompt"))?;
    let prompts = prompts(prompt.value()).ok_or_else(|| prompt.is_not(NOT_PROMPTS))?;
    body.flag("echo")?;
    body.text("suffix")?;
    body.numbers(&["max_tokens", "temperature", "top_p", "seed", "best_of"])?;
    body.object_at("stream_options")?;
    let wanted = body.member("n");
    let wanted = wanted.map(|place| place.value().as_u64().ok_or_else(|| place.is_not("an integer"))).transpose()?;
    let wanted = usize::try_from(wanted.unwrap_or(1)).unwrap_or(usize::MAX);
    if prompts.len().saturating_mul(wanted.max(1)) > MOST_CHOICES {
        return Err(TOO_MANY);
    }
    Ok(Request {
        provider,
        endpoint: Some(Endpoint::Chat),
        model: body.text("model")?.map(str::to_owned),
        stream: body.flag("stream")?.unwrap_or(false),
        messages: vec![Message::text(Role::User, prompts.join("\n"))],
        ..Request::default()
    })
}

/// The texts of `prompt`; tokens have none. `None` for what is no prompt.
fn prompts(prompt: &Value) -> Option<Vec<&str>> {
    let is_tokens = |value: &Value| value.as_array().is_some_and(|tokens| tokens.iter().all(Value::is_u64));
    match prompt {
        Value::String(text) => Some(vec![text]),
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) if items.iter().all(Value::is_string) => Some(items.iter().filter_map(Value::as_str).collect()),
        Value::Array(items) if items.iter().all(is_tokens) => Some(vec![""; items.len()]),
        tokens if is_tokens(tokens) => Some(vec![""]),
        _ => None,
    }
}

/// One completion, or one chunk of its stream.
#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: &'a Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    choices: &'a [Choice<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_fingerprint: Option<&'a str>,
}

#[derive(Serialize)]
struct Choice<'a> {
    text: &'a str,
    index: usize,
    logprobs: (),
    finish_reason: Option<&'a str>,
}

/// What every chunk repeats, and the text of each choice.
struct Answer<'a> {
    id: String,
    created: Number,
    model: Option<&'a str>,
    system_fingerprint: Option<&'a str>,
    finish_reason: &'a str,
    texts: Vec<String>,
}

impl<'a> Answer<'a> {
    fn new<'c: 'a>(context: &mut Context<'c>, turn: &'a Turn) -> Answer<'a> {
        let given = &turn.overrides;
        Answer {
            id: given.id.clone().unwrap_or_else(|| context.ids.next("cmpl-")),
            created: given.created.map_or_else(|| context.created.into(), count),
            model: given.model.as_deref().or(context.request.model.as_deref()),
            system_fingerprint: given.system_fingerprint.as_deref(),
            finish_reason: given.finish_reason.as_deref().unwrap_or("stop"),
            texts: texts(context.raw, &turn.text()),
        }
    }

    fn object<'s>(&'s self, choices: &'s [Choice<'s>], usage: Option<Value>) -> Completion<'s> {
        Completion {
            id: &self.id,
            object: "text_completion",
            created: &self.created,
            model: self.model,
            choices,
            usage,
            system_fingerprint: self.system_fingerprint,
        }
    }
}

/// The text of every choice: `n` for each prompt, with the prompt before it where the client wants it echoed.
fn texts(raw: &RawRequest, said: &str) -> Vec<String> {
    let body = raw.json();
    let member = |key: &str| body.and_then(|body| body.get(key));
    let prompts = member("prompt").and_then(prompts).unwrap_or_else(|| vec![""]);
    let wanted = member("n").and_then(Value::as_u64).and_then(|wanted| usize::try_from(wanted).ok()).unwrap_or(1).max(1);
    let echo = member("echo").and_then(Value::as_bool).unwrap_or(false);
    let echoed = prompts.into_iter().map(|prompt| if echo { format!("{prompt}{said}") } else { said.to_owned() });
    echoed.flat_map(|text| vec![text; wanted.min(MOST_CHOICES)]).take(MOST_CHOICES).collect()
}

/// Counts, and the details that the fixture gives.
fn usage(context: &Context<'_>, turn: &Turn) -> Value {
    let tokens = tokens(context.request, turn);
    let counts = [("prompt_tokens", tokens.input), ("completion_tokens", tokens.output), ("total_tokens", tokens.total)];
    let mut usage: Map<String, Value> = counts.into_iter().map(|(key, value)| (key.to_owned(), count(value).into())).collect();
    for key in ["prompt_tokens_details", "completion_tokens_details"] {
        let given = turn.overrides.usage.as_ref().and_then(|given| given.given.get(key));
        usage.extend(given.map(|details| (key.to_owned(), details.clone())));
    }
    Value::Object(usage)
}

fn whole(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let answer = Answer::new(context, turn);
    let finish_reason = Some(answer.finish_reason);
    let choices = answer.texts.iter().enumerate();
    let choices: Vec<Choice<'_>> = choices.map(|(index, text)| Choice { text, index, logprobs: (), finish_reason }).collect();
    json(200, &answer.object(&choices, Some(usage(context, turn))))
}

fn stream(context: &mut Context<'_>, turn: &Turn) -> Emission {
    let answer = Answer::new(context, turn);
    let with_usage = chat_request::wants_usage(context.raw);
    let chunk = |kind, choices: &[Choice<'_>], usage: Value| data_frame(kind, &answer.object(choices, with_usage.then_some(usage)));
    let mut frames = Vec::new();
    for (index, text) in answer.texts.iter().enumerate() {
        for slice in slices(text, context.chunk_size) {
            frames.push(chunk(FrameKind::Token, &[Choice { text: slice, index, logprobs: (), finish_reason: None }], Value::Null));
        }
        let last = Choice { text: "", index, logprobs: (), finish_reason: Some(answer.finish_reason) };
        frames.push(chunk(FrameKind::Closing, &[last], Value::Null));
    }
    if with_usage {
        frames.push(chunk(FrameKind::Closing, &[], usage(context, turn)));
    }
    frames.push(Frame { bytes: sse::data("[DONE]"), kind: FrameKind::Terminal });
    event_stream(frames)
}

/// Members of a completion that a reply holds.
const HEAD: [&str; 8] = ["id", "object", "created", "model", "choices", "usage", "system_fingerprint", "error"];

fn collapse(captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    if captured.status >= 400 {
        let error = chat_collapse::without_defaults(error(captured, &mut left_out)?);
        return Ok(left_out.with(Reply::Error(error)));
    }
    let mut read = Read::default();
    if captured.is_event_stream() {
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
            read.object(&chunk, &mut left_out)?;
        }
        if !ended {
            return Err(unsayable("the stream ends without `[DONE]`"));
        }
    } else {
        let body = json_body(captured)?;
        if body.get("choices").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            return Err(unsayable("the body is no text completion"));
        }
        read.object(&body, &mut left_out)?;
    }
    let turn = read.into_turn(&mut left_out)?;
    Ok(left_out.with(Reply::Turn(turn)))
}

/// What has been read so far.
#[derive(Default)]
struct Read {
    text: String,
    finish: Option<String>,
    overrides: Overrides,
    usage: Option<Value>,
}

impl Read {
    fn object(&mut self, object: &Value, left_out: &mut LeftOut) -> Result<(), Unsayable> {
        if object.get("error").is_some_and(says_something) {
            return Err(unsayable("the answer holds an error with a status of success"));
        }
        left_out.others(object, &HEAD);
        let text = |key: &str| object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let given = &mut self.overrides;
        given.id = text("id").or(given.id.take());
        given.model = text("model").or(given.model.take());
        given.system_fingerprint = text("system_fingerprint").or(given.system_fingerprint.take());
        given.created = object.get("created").and_then(Value::as_f64).filter(|created| *created > 0.0).or(given.created);
        self.usage = object.get("usage").filter(|usage| says_something(usage)).cloned().or(self.usage.take());
        for choice in object.get("choices").and_then(Value::as_array).into_iter().flatten() {
            only(choice, &["text", "index", "finish_reason"], "the choice")?;
            if choice.get("index").and_then(Value::as_u64).unwrap_or(0) != 0 {
                return Err(unsayable("the answer has not exactly one choice"));
            }
            self.text.push_str(choice.get("text").and_then(Value::as_str).unwrap_or_default());
            self.finish = choice.get("finish_reason").and_then(Value::as_str).map(str::to_owned).or(self.finish.take());
        }
        Ok(())
    }

    fn into_turn(mut self, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
        let finish = self.finish.ok_or_else(|| unsayable("the answer has no finish reason"))?;
        let mut blocks = Vec::new();
        push_text(&mut blocks, &self.text);
        self.overrides.finish_reason = (finish != "stop").then_some(finish);
        self.overrides.usage = self.usage.as_ref().and_then(|given| read_usage(given, left_out));
        Ok(Turn { overrides: self.overrides.into(), ..turn(blocks)? })
    }
}
