//! Reading answers back, whole and streamed (OpenAI's API reference, "The response object" and "Streaming events").
//!
//! Of a stream the last event counts, since it holds the whole response; items that are done stand in for an `output`
//! that a compatible server leaves empty there.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::chat_collapse::without_defaults;
use super::super::collapse::{LeftOut, error, event_as_body, events, json_body, only, says_something, short, turn, unsayable, usage};
use super::item::PLACEHOLDER;
use crate::exchange::{Block, Captured, Collapsed, Overrides, Reply, Turn, Unsayable};

/// Members of a response that a reply holds, or that are only the request's once more.
const HEAD: [&str; 30] = [
    "id",
    "object",
    "created_at",
    "status",
    "background",
    "completed_at",
    "error",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "model",
    "output",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "usage",
    "user",
    "metadata",
    "service_tier",
];

/// What a response says.
pub(in crate::provider) fn collapse(captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    let reply = if captured.status >= 400 {
        // Over a socket an error is an event.
        let captured = &event_as_body(captured)?;
        Reply::Error(without_defaults(error(captured, &mut left_out)?))
    } else if captured.is_event_stream() {
        Reply::Turn(response(&last(captured, &mut left_out)?, &mut left_out)?)
    } else {
        Reply::Turn(response(&json_body(captured)?, &mut left_out)?)
    };
    Ok(left_out.with(reply))
}

/// The response at the end of a stream.
fn last(captured: &Captured, left_out: &mut LeftOut) -> Result<Value, Unsayable> {
    let mut last = None;
    let mut items: BTreeMap<u64, Value> = BTreeMap::new();
    for event in events(captured)? {
        if event.comment.is_some() {
            left_out.name("comments of the stream");
        }
        let Some(data) = event.data.filter(|data| data.trim() != "[DONE]") else { continue };
        let mut data: Value = serde_json::from_str(&data).map_err(|_| unsayable("an event of the stream is no JSON"))?;
        let mut take = |key: &str| data.get_mut(key).map(Value::take);
        match take("type").as_ref().and_then(Value::as_str).unwrap_or_default() {
            "response.completed" | "response.incomplete" => last = take("response"),
            "response.failed" | "error" => return Err(unsayable("the stream holds an error")),
            "response.output_item.done" => {
                let index = take("output_index").as_ref().and_then(Value::as_u64).unwrap_or(0);
                items.extend(take("item").map(|item| (index, item)));
            }
            _ => {}
        }
    }
    let mut last = last.ok_or_else(|| unsayable("the stream ends without `response.completed`"))?;
    if let Some(Value::Array(output)) = last.get_mut("output").filter(|output| !says_something(output)) {
        output.extend(items.into_values());
    }
    Ok(last)
}

fn response(response: &Value, left_out: &mut LeftOut) -> Result<Turn, Unsayable> {
    let output = response.get("output").and_then(Value::as_array).ok_or_else(|| unsayable("the body is no response"))?;
    left_out.others(response, &HEAD);
    let tier = response.get("service_tier").and_then(Value::as_str);
    if tier.is_some_and(|tier| tier != "default") {
        left_out.name("service_tier");
    }
    let finish_reason = finish_reason(response)?;
    let mut read = Read::default();
    for item in output {
        read.item(item, left_out)?;
    }
    let mut turn = turn(read.blocks)?;
    turn.reasoning = read.reasoning;
    turn.reasoning_signature = read.encrypted;
    turn.web_searches = read.web_searches;
    turn.overrides = Overrides {
        id: text_of(response, "id"),
        created: response.get("created_at").and_then(Value::as_f64),
        model: text_of(response, "model"),
        finish_reason,
        usage: response.get("usage").and_then(|given| usage(&in_chat_words(given), left_out)),
        ..Overrides::default()
    }
    .into();
    Ok(turn)
}

/// Why it ended, in the words of fixtures; `None` where it goes without saying.
fn finish_reason(response: &Value) -> Result<Option<String>, Unsayable> {
    if response.get("error").is_some_and(says_something) {
        return Err(unsayable("the answer holds an error with a status of success"));
    }
    let reason = response.pointer("/incomplete_details/reason").and_then(Value::as_str);
    match (response.get("status").and_then(Value::as_str), reason) {
        // Not every compatible server says so.
        (Some("completed") | None, None) => Ok(None),
        (Some("incomplete"), None | Some("max_output_tokens")) => Ok(Some("length".to_owned())),
        (Some("incomplete"), Some("content_filter")) => Ok(Some("content_filter".to_owned())),
        (Some(status), None) => Err(unsayable(format!("the status is `{}`", short(status)))),
        (_, Some(reason)) => Err(unsayable(format!("the response is incomplete because of `{}`", short(reason)))),
    }
}

/// Usage with the details under the names that fixtures have for them. Details that are all zero say nothing.
fn in_chat_words(usage: &Value) -> Value {
    let Some(members) = usage.as_object() else { return usage.clone() };
    let renamed = members.iter().filter_map(|(key, value)| {
        let key = match key.as_str() {
            "input_tokens_details" => "prompt_tokens_details",
            "output_tokens_details" => "completion_tokens_details",
            other => other,
        };
        let counts = value.as_object().is_none_or(|details| details.values().any(|count| count.as_f64() != Some(0.0)));
        counts.then(|| (key.to_owned(), value.clone()))
    });
    Value::Object(renamed.collect())
}

fn text_of(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// The items read so far. Fixtures have one order: reasoning, web searches, then the rest.
#[derive(Debug, Default)]
struct Read {
    reasoning: Option<String>,
    encrypted: Option<String>,
    web_searches: Vec<String>,
    blocks: Vec<Block>,
}

impl Read {
    fn item(&mut self, item: &Value, left_out: &mut LeftOut) -> Result<(), Unsayable> {
        match item.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message" => self.message(item, left_out),
            "reasoning" => self.reasoning(item, left_out),
            "web_search_call" => self.web_search(item),
            "function_call" => {
                only(item, &["id", "type", "status", "call_id", "name", "arguments"], "a function call")?;
                self.call(item, text_of(item, "arguments").unwrap_or_default());
                Ok(())
            }
            "custom_tool_call" => {
                only(item, &["id", "type", "status", "call_id", "name", "input"], "a custom tool call")?;
                let input = text_of(item, "input").unwrap_or_default();
                self.call(item, Value::String(input).to_string());
                Ok(())
            }
            other => Err(unsayable(format!("an item of type `{}`, which no neutral response holds", short(other)))),
        }
    }

    fn call(&mut self, item: &Value, arguments: String) {
        let name = text_of(item, "name").unwrap_or_default();
        self.blocks.push(Block::ToolCall { name, arguments, id: text_of(item, "call_id") });
    }

    fn message(&mut self, item: &Value, left_out: &mut LeftOut) -> Result<(), Unsayable> {
        only(item, &["id", "type", "status", "role", "content", "phase"], "a message")?;
        if item.get("phase").is_some_and(says_something) {
            left_out.name("phase");
        }
        match item.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
            [] => Ok(()),
            [part] => {
                only(part, &["type", "text", "refusal"], "a part of a message")?;
                if part.get("type").and_then(Value::as_str) != Some("output_text") {
                    return Err(unsayable("a message holds something else than text"));
                }
                self.blocks.push(Block::Text(text_of(part, "text").unwrap_or_default()));
                Ok(())
            }
            _ => Err(unsayable("a message has more than one part")),
        }
    }

    fn reasoning(&mut self, item: &Value, left_out: &mut LeftOut) -> Result<(), Unsayable> {
        only(item, &["id", "type", "status", "summary", "encrypted_content"], "a reasoning item")?;
        let encrypted = text_of(item, "encrypted_content").filter(|encrypted| !is_placeholder(encrypted));
        match item.get("summary").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
            [] => {
                if encrypted.is_some() {
                    left_out.name("encrypted_content");
                }
                return Ok(());
            }
            [part] => {
                only(part, &["type", "text"], "a part of a summary")?;
                if self.reasoning.is_some() || !self.web_searches.is_empty() || !self.blocks.is_empty() {
                    return Err(unsayable("reasoning stands after other content"));
                }
                self.reasoning = text_of(part, "text").filter(|text| !text.is_empty());
            }
            _ => return Err(unsayable("a summary of reasoning has more than one part")),
        }
        self.encrypted = encrypted;
        Ok(())
    }

    fn web_search(&mut self, item: &Value) -> Result<(), Unsayable> {
        only(item, &["id", "type", "status", "action"], "a web search")?;
        let action = item.get("action").ok_or_else(|| unsayable("a web search has no action"))?;
        only(action, &["type", "query", "queries"], "a web search")?;
        let queries: Vec<&str> = action.get("queries").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let query = action.get("query").and_then(Value::as_str);
        let query = match (query, queries.as_slice()) {
            (Some(query), []) => query,
            (None, [query]) => *query,
            (Some(query), [same]) if *same == query => query,
            _ => return Err(unsayable("a web search has not exactly one query")),
        };
        if action.get("type").and_then(Value::as_str) != Some("search") {
            return Err(unsayable("a web search does something else than search"));
        }
        if !self.blocks.is_empty() {
            return Err(unsayable("a web search stands after other content"));
        }
        self.web_searches.push(query.to_owned());
        Ok(())
    }
}

/// Whether this is what the server itself writes in place of encrypted reasoning.
fn is_placeholder(encrypted: &str) -> bool {
    STANDARD.decode(encrypted).is_ok_and(|plain| plain.starts_with(PLACEHOLDER.as_bytes()))
}
