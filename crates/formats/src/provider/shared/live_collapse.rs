//! Reading turns of Gemini Live back (Gemini API reference, "Live API": `BidiGenerateContentServerContent`,
//! `BidiGenerateContentToolCall`, `UsageMetadata`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::collapse::{LeftOut, event_as_body, events, only, push_text, says_something, short, turn, unsayable};
use super::gemini_collapse;
use crate::exchange::{Audio, Block, Captured, Collapsed, ErrorReply, Overrides, Reply, Turn, Unsayable, Usage};

/// What a turn says.
pub(in crate::provider) fn collapse(captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    if captured.status >= 400 {
        return error(captured, &mut left_out).map(|error| left_out.with(Reply::Error(error)));
    }
    let mut told = Told::default();
    for event in events(captured)? {
        let Some(data) = event.data else { continue };
        let message: Value = serde_json::from_str(&data).map_err(|_| unsayable("a message is no JSON"))?;
        told.take(&message, &mut left_out)?;
    }
    Ok(left_out.with(told.reply()?))
}

/// The error, whose number is one of gRPC's and stands for the status.
fn error(captured: &Captured, left_out: &mut LeftOut) -> Result<ErrorReply, Unsayable> {
    gemini_collapse::error(&event_as_body(captured)?, left_out)
}

/// What the messages of a turn hold.
#[derive(Debug, Default)]
struct Told {
    blocks: Vec<Block>,
    reasoning: Option<String>,
    audio: Vec<u8>,
    mime_type: Option<String>,
    transcript: String,
    searches: Vec<String>,
    usage: Option<Usage>,
    called: bool,
    over: bool,
}

impl Told {
    fn take(&mut self, message: &Value, left_out: &mut LeftOut) -> Result<(), Unsayable> {
        if message.get("error").is_some_and(says_something) {
            return Err(unsayable("the turn holds an error"));
        }
        left_out.others(message, &["serverContent", "toolCall", "usageMetadata"]);
        if let Some(content) = message.get("serverContent") {
            self.content(content, left_out)?;
        }
        for call in message.pointer("/toolCall/functionCalls").and_then(Value::as_array).into_iter().flatten() {
            only(call, &["id", "name", "args"], "a function call")?;
            let text = |key: &str| call.get(key).and_then(Value::as_str).map(str::to_owned);
            let arguments = call.get("args").filter(|args| !args.is_null()).map_or_else(|| "{}".to_owned(), Value::to_string);
            self.blocks.push(Block::ToolCall { name: text("name").unwrap_or_default(), arguments, id: text("id") });
            self.called = true;
        }
        self.usage = message.get("usageMetadata").and_then(usage).or(self.usage.take());
        Ok(())
    }

    fn content(&mut self, content: &Value, left_out: &mut LeftOut) -> Result<(), Unsayable> {
        let is = |key: &str| content.get(key).and_then(Value::as_bool) == Some(true);
        if is("interrupted") {
            return Err(unsayable("the turn was interrupted"));
        }
        self.over |= is("turnComplete");
        let known = ["modelTurn", "turnComplete", "generationComplete", "interrupted", "outputTranscription", "groundingMetadata"];
        left_out.others(content, &known);
        if let Some(grounding) = content.get("groundingMetadata") {
            only(grounding, &["webSearchQueries"], "`groundingMetadata`")?;
            let queries = grounding.get("webSearchQueries").and_then(Value::as_array).into_iter().flatten();
            self.searches.extend(queries.filter_map(Value::as_str).map(str::to_owned));
        }
        if let Some(said) = content.pointer("/outputTranscription/text").and_then(Value::as_str) {
            self.transcript.push_str(said);
        }
        let parts = content.pointer("/modelTurn/parts").and_then(Value::as_array);
        parts.into_iter().flatten().try_for_each(|part| self.part(part))
    }

    fn part(&mut self, part: &Value) -> Result<(), Unsayable> {
        only(part, &["text", "thought", "inlineData"], "a part")?;
        if let Some(blob) = part.get("inlineData") {
            let mime_type = blob.get("mimeType").and_then(Value::as_str).unwrap_or_default();
            if self.mime_type.get_or_insert_with(|| mime_type.to_owned()) != mime_type {
                return Err(unsayable("the turn holds media of several types"));
            }
            if !mime_type.starts_with("audio/") {
                return Err(unsayable(format!("a part holds `{}`", short(mime_type))));
            }
            let data = STANDARD.decode(blob.get("data").and_then(Value::as_str).unwrap_or_default());
            self.audio.extend(data.map_err(|_| unsayable("a piece of audio is no base64"))?);
            return Ok(());
        }
        let text = part.get("text").and_then(Value::as_str).unwrap_or_default();
        if part.get("thought").and_then(Value::as_bool) == Some(true) {
            if !text.is_empty() && !self.blocks.is_empty() {
                return Err(unsayable("thoughts stand after other content"));
            }
            self.reasoning.get_or_insert_default().push_str(text);
        } else {
            push_text(&mut self.blocks, text);
        }
        Ok(())
    }

    fn reply(self) -> Result<Reply, Unsayable> {
        if !self.over && !self.called {
            return Err(unsayable("the turn ends without `turnComplete`"));
        }
        let mut blocks = self.blocks;
        let has_text = blocks.iter().any(|block| matches!(block, Block::Text(_)));
        let speaks = !self.audio.is_empty();
        if speaks && has_text {
            return Err(unsayable("the turn holds text beside audio"));
        }
        if !self.transcript.is_empty() {
            if !speaks {
                return Err(unsayable("the turn holds a transcript without audio"));
            }
            blocks.insert(0, Block::Text(self.transcript));
        }
        let said = if speaks && blocks.is_empty() { Turn::default() } else { turn(blocks)? };
        let turn = Turn {
            reasoning: self.reasoning.filter(|text| !text.is_empty()),
            web_searches: self.searches,
            overrides: Overrides { usage: self.usage, ..Overrides::default() }.into(),
            ..said
        };
        if !speaks {
            return Ok(Reply::Turn(turn));
        }
        Ok(Reply::Audio(Audio {
            base64: STANDARD.encode(&self.audio),
            format: None,
            content_type: self.mime_type,
            companion: Some(Box::new(turn)),
        }))
    }
}

/// The counts in the words of fixtures; how they divide by modality follows from the answer.
fn usage(given: &Value) -> Option<Usage> {
    let members = given.as_object()?;
    let count = |key: &str| members.get(key).and_then(Value::as_f64);
    let thoughts = count("thoughtsTokenCount");
    let said = count("responseTokenCount").or(count("candidatesTokenCount"));
    let output = if said.is_none() && thoughts.is_none() { None } else { Some(said.unwrap_or(0.0) + thoughts.unwrap_or(0.0)) };
    let mut kept = Map::new();
    let mut put = |key: &str, value: Option<Value>| kept.extend(value.map(|value| (key.to_owned(), value)));
    put("prompt_tokens", members.get("promptTokenCount").cloned());
    put("completion_tokens", output.map(|output| super::usage::count(output).into()));
    put("total_tokens", members.get("totalTokenCount").cloned());
    put("prompt_tokens_details", members.get("cachedContentTokenCount").map(|count| json!({ "cached_tokens": count })));
    put("completion_tokens_details", members.get("thoughtsTokenCount").map(|count| json!({ "reasoning_tokens": count })));
    Some(Usage { input_tokens: count("promptTokenCount"), output_tokens: output, total_tokens: count("totalTokenCount"), given: kept })
}
