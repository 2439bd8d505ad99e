//! Texts by invoking models on Bedrock whose bodies are their makers' own: Meta's Llama, Mistral's completions and chat,
//! Amazon's Titan Text (user guide, "Meta Llama models", "Mistral AI text completion", "Mistral AI chat completion", "Amazon
//! Titan Text models").
//!
//! A prompt is the user's text as it stands, template marks included. All but Mistral's chat carry text alone.

use serde_json::{Map, Value, json};

use super::body::{Place, Problem, json as json_body};
use super::chat_request;
use super::collapse::{LeftOut, only, push_text, turn as turn_of, unsayable, usage as usage_of};
use super::text::slices;
use super::usage::{count, tokens};
use crate::exchange::{Block, Endpoint, FrameKind, Message, Overrides, RawRequest, Request, Role, Turn, Unsayable};
use crate::provider::Context;

/// Why a fixture that calls tools alone is no answer of these.
pub(in crate::provider) const NO_TEXT: &str = "Fixture response has no text, and this model's body carries nothing else";

/// Whose body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Maker {
    Llama,
    /// A prompt, as Mistral's first models take it.
    Mistral,
    MistralChat,
    Titan,
}

impl Maker {
    /// Told by the model's name in the path and by members that only one of them has.
    pub(in crate::provider) fn of(raw: &RawRequest) -> Option<Maker> {
        let body = raw.json()?;
        let (has, named) = (|key: &str| body.get(key).is_some(), |name: &str| raw.path.contains(name));
        if has("textGenerationConfig") || (has("inputText") && named("titan-text")) {
            return Some(Maker::Titan);
        }
        if named("mistral") || named("mixtral") || named("pixtral") {
            return Some(if has("prompt") { Maker::Mistral } else { Maker::MistralChat });
        }
        (has("max_gen_len") || named("llama")).then_some(Maker::Llama)
    }

    /// Whether a turn has anything that this body can say.
    pub(in crate::provider) fn can_say(self, turn: &Turn) -> bool {
        self == Maker::MistralChat || !turn.calls_tools() || !turn.text().is_empty()
    }

    fn stop(self, turn: &Turn) -> String {
        let given = turn.overrides.finish_reason.as_deref();
        let natural = if turn.calls_tools() && self == Maker::MistralChat { "tool_calls" } else { "stop" };
        match (self, given.unwrap_or(natural)) {
            (Maker::Titan, "stop") => "FINISHED",
            (Maker::Titan, "length") => "LENGTH",
            (Maker::Titan, "content_filter") => "CONTENT_FILTERED",
            (_, "tool_calls") if self != Maker::MistralChat => "stop",
            (_, other) => other,
        }
        .to_owned()
    }
}

/// The request in such a body; the model stands in the path.
pub(in crate::provider) fn decode(raw: &RawRequest, maker: Maker, provider: &'static str) -> Result<Request, Problem> {
    if maker == Maker::MistralChat {
        return chat_request::decode(raw, provider, None);
    }
    let body = Place::body(json_body(raw)?)?;
    let key = if maker == Maker::Titan { "inputText" } else { "prompt" };
    let prompt = body.text(key)?.ok_or(Problem::Missing(key))?;
    body.numbers(&["temperature", "top_p", "top_k", "max_gen_len", "max_tokens"])?;
    body.object_at("textGenerationConfig")?;
    let messages = vec![Message::text(Role::User, prompt)];
    Ok(Request { provider, endpoint: Some(Endpoint::Chat), messages, ..Request::default() })
}

/// A turn as one answer.
pub(in crate::provider) fn whole(context: &mut Context<'_>, maker: Maker, turn: &Turn) -> Value {
    let (tokens, text, stop) = (tokens(context.request, turn), turn.text(), maker.stop(turn));
    match maker {
        Maker::Llama => json!({
            "generation": text, "prompt_token_count": count(tokens.input), "generation_token_count": count(tokens.output), "stop_reason": stop,
        }),
        Maker::Mistral => json!({ "outputs": [{ "text": text, "stop_reason": stop }] }),
        Maker::MistralChat => {
            let calls: Vec<Value> = calls(context, turn);
            choice(&text, &calls, Some(&stop))
        }
        Maker::Titan => json!({
            "inputTextTokenCount": count(tokens.input),
            "results": [{ "tokenCount": count(tokens.output), "outputText": text, "completionReason": stop }],
        }),
    }
}

fn calls(context: &mut Context<'_>, turn: &Turn) -> Vec<Value> {
    let calls = turn.blocks.iter().filter_map(|block| match block {
        Block::Text(_) => None,
        Block::ToolCall { name, arguments, id } => {
            let id = id.clone().unwrap_or_else(|| context.ids.next("call_"));
            Some(json!({ "id": id, "function": { "name": name, "arguments": arguments } }))
        }
    });
    calls.collect()
}

/// Mistral's chat, whole and as a chunk.
fn choice(text: &str, calls: &[Value], stop: Option<&str>) -> Value {
    let mut message = json!({ "role": "assistant", "content": text });
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    json!({ "choices": [{ "index": 0, "message": message, "stop_reason": stop }] })
}

/// A turn as the events of a stream; the last one says why it ends.
pub(in crate::provider) fn stream_events(context: &mut Context<'_>, maker: Maker, turn: &Turn) -> Vec<(FrameKind, Value)> {
    let (counts, stop) = (tokens(context.request, turn), maker.stop(turn));
    let text = turn.text();
    let mut written: u32 = 0;
    let mut chunk = |piece: &str, stop: Option<&str>| {
        written += u32::from(!piece.is_empty());
        // How many tokens a piece has nobody knows; the last event has the sum.
        let so_far = stop.map_or_else(|| count(f64::from(written)), |_| count(counts.output));
        match maker {
            Maker::Llama => {
                let input = (written <= 1 && stop.is_none()).then(|| count(counts.input));
                json!({ "generation": piece, "prompt_token_count": input, "generation_token_count": so_far, "stop_reason": stop })
            }
            Maker::Mistral => json!({ "outputs": [{ "text": piece, "stop_reason": stop }] }),
            Maker::MistralChat => choice(piece, &[], stop),
            Maker::Titan => json!({
                "outputText": piece, "index": 0, "totalOutputTextTokenCount": stop.map(|_| count(counts.output)),
                "completionReason": stop, "inputTextTokenCount": (written <= 1).then(|| count(counts.input)),
            }),
        }
    };
    let mut events: Vec<(FrameKind, Value)> =
        slices(&text, context.chunk_size).into_iter().map(|piece| (FrameKind::Token, chunk(piece, None))).collect();
    let end = chunk("", Some(&stop));
    if maker == Maker::MistralChat {
        events.extend(calls(context, turn).into_iter().map(|call| (FrameKind::Token, choice("", &[call], None))));
    }
    events.push((FrameKind::Terminal, end));
    events
}

/// Whether an answer or an event of a stream is one of these.
pub(in crate::provider) fn is_said(body: &Value) -> bool {
    ["generation", "outputs", "outputText", "inputTextTokenCount", "choices"].iter().any(|key| body.get(*key).is_some())
}

/// What the events of a stream say, or the one answer, together; `counted` are the counts of the invocation.
pub(in crate::provider) fn collapse(events: &[Value], counted: [Option<f64>; 2], left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let mut read = Read { counted, ..Read::default() };
    events.iter().try_for_each(|event| read.event(event, left_out))?;
    let stop = read.stop.ok_or_else(|| unsayable("the answer has no stop reason"))?;
    let mut turn = turn_of(read.blocks)?;
    let natural = if turn.calls_tools() { "tool_calls" } else { "stop" };
    let word = match stop.as_str() {
        "FINISHED" => "stop".to_owned(),
        "LENGTH" => "length".to_owned(),
        "CONTENT_FILTERED" => "content_filter".to_owned(),
        _ => stop,
    };
    let [input, output] = read.counted;
    let given: Map<String, Value> = [("prompt_tokens", input), ("completion_tokens", output)]
        .into_iter()
        .filter_map(|(key, number)| Some((key.to_owned(), Value::Number(count(number?)))))
        .collect();
    let usage = if given.is_empty() { None } else { usage_of(&Value::Object(given), left_out) };
    turn.overrides = Overrides { finish_reason: (word != natural).then_some(word), usage, ..Overrides::default() }.into();
    Ok(turn)
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Read {
    blocks: Vec<Block>,
    stop: Option<String>,
    /// Tokens of the prompt and of the answer.
    counted: [Option<f64>; 2],
}

impl Read {
    fn event(&mut self, event: &Value, left_out: &mut LeftOut) -> Result<(), Unsayable> {
        const LLAMA: [&str; 4] = ["generation", "prompt_token_count", "generation_token_count", "stop_reason"];
        const TITAN: [&str; 5] = ["outputText", "index", "totalOutputTextTokenCount", "completionReason", "inputTextTokenCount"];
        const CHAT: [&str; 6] = ["choices", "id", "object", "created", "model", "usage"];
        let known = [&LLAMA[..], &TITAN, &CHAT, &["outputs", "results", "amazon-bedrock-invocationMetrics"]].concat();
        left_out.others(event, &known);
        self.count([event.get("prompt_token_count"), event.get("generation_token_count")]);
        self.count([event.get("inputTextTokenCount"), event.get("totalOutputTextTokenCount")]);
        self.count([event.pointer("/usage/prompt_tokens"), event.pointer("/usage/completion_tokens")]);
        self.said(event, "generation", "stop_reason");
        self.said(event, "outputText", "completionReason");
        if let Some(output) = single(event, "outputs")? {
            self.said(output, "text", "stop_reason");
        }
        if let Some(result) = single(event, "results")? {
            self.count([None, result.get("tokenCount")]);
            self.said(result, "outputText", "completionReason");
        }
        if let Some(choice) = single(event, "choices")? {
            let message = choice.get("message").or(choice.get("delta")).ok_or_else(|| unsayable("the choice has no message"))?;
            only(message, &["role", "content", "tool_calls"], "the message")?;
            self.said(message, "content", "");
            for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
                self.call(call)?;
            }
            self.said(choice, "", "stop_reason");
            self.said(choice, "", "finish_reason");
        }
        Ok(())
    }

    fn count(&mut self, found: [Option<&Value>; 2]) {
        for (kept, found) in self.counted.iter_mut().zip(found) {
            *kept = found.and_then(Value::as_f64).or(*kept);
        }
    }

    fn said(&mut self, value: &Value, text: &str, stop: &str) {
        let member = |key: &str| value.get(key).and_then(Value::as_str);
        push_text(&mut self.blocks, member(text).unwrap_or_default());
        self.stop = member(stop).map(str::to_owned).or(self.stop.take());
    }

    fn call(&mut self, call: &Value) -> Result<(), Unsayable> {
        only(call, &["id", "type", "index", "function"], "a tool call")?;
        let function = call.get("function").ok_or_else(|| unsayable("a tool call is no function call"))?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let name = text(function, "name").unwrap_or_default();
        self.blocks.push(Block::ToolCall { name, arguments: text(function, "arguments").unwrap_or_default(), id: text(call, "id") });
        Ok(())
    }
}

/// The one item of a list; a neutral response holds no second.
fn single<'v>(event: &'v Value, key: &str) -> Result<Option<&'v Value>, Unsayable> {
    match event.get(key).and_then(Value::as_array).map(Vec::as_slice) {
        None | Some([]) => Ok(None),
        Some([one]) => Ok(Some(one)),
        Some(_) => Err(unsayable(format!("`{key}` holds several answers"))),
    }
}
