//! Reading Gemini answers back, whole, as server-sent events and as one array (Gemini API reference,
//! "`GenerateContentResponse`"; Google's API design guide, "Errors").

use serde_json::{Map, Value, json};

use super::collapse::{LeftOut, events, only, push_text, retry_after, says_something, short, turn, unsayable};
use super::google::{RETRY_INFO, canonical};
use super::token_counts;
use crate::exchange::{Block, Captured, Collapsed, ErrorOrigin, ErrorReply, Overrides, Reply, Request, Turn, Unsayable, Usage};

/// Members of a response that a reply holds.
const HEAD: [&str; 5] = ["candidates", "usageMetadata", "modelVersion", "responseId", "promptFeedback"];
/// Members of a candidate that a reply holds, and those that only keep house.
const CANDIDATE: [&str; 4] = ["content", "finishReason", "index", "groundingMetadata"];
const HOUSEKEEPING: [&str; 4] = ["safetyRatings", "avgLogprobs", "tokenCount", "finishMessage"];
/// Counts that a reply holds, and the one that follows from them.
const COUNTS: [&str; 6] =
    ["promptTokenCount", "candidatesTokenCount", "totalTokenCount", "thoughtsTokenCount", "cachedContentTokenCount", "promptTokensDetails"];

/// What a content response says, or a token count.
pub(in crate::provider) fn collapse(request: &Request, captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    let reply = if captured.status >= 400 {
        Reply::Error(error(captured, &mut left_out)?)
    } else if request.endpoint.is_none() {
        return token_counts::collapse(captured, "totalTokens");
    } else {
        let mut answer = Answer::default();
        for response in responses(captured, &mut left_out)? {
            answer.take(&response, &mut left_out)?;
        }
        Reply::Turn(answer.into_turn()?)
    };
    Ok(left_out.with(reply))
}

/// The responses of a stream in either form, or the only one.
fn responses(captured: &Captured, left_out: &mut LeftOut) -> Result<Vec<Value>, Unsayable> {
    if !captured.is_event_stream() {
        return match serde_json::from_slice(&captured.body()) {
            Ok(Value::Array(responses)) => Ok(responses),
            Ok(whole @ Value::Object(_)) => Ok(vec![whole]),
            Ok(_) => Err(unsayable("the body is no JSON object")),
            Err(_) => Err(unsayable("the body is no JSON")),
        };
    }
    let mut responses = Vec::new();
    for event in events(captured)? {
        if event.comment.is_some() {
            left_out.name("comments of the stream");
        }
        let Some(data) = event.data else { continue };
        responses.push(serde_json::from_str(&data).map_err(|_| unsayable("an event of the stream is no JSON"))?);
    }
    Ok(responses)
}

/// The error of Google's envelope, in an array or not.
pub(in crate::provider) fn error(captured: &Captured, left_out: &mut LeftOut) -> Result<ErrorReply, Unsayable> {
    let body: Value = serde_json::from_slice(&captured.body()).map_err(|_| unsayable("the body is no JSON"))?;
    let body = if let Value::Array(items) = &body { items.first().unwrap_or(&Value::Null) } else { &body };
    let error = body.get("error").filter(|error| error.is_object()).ok_or_else(|| unsayable("the error is in no known envelope"))?;
    let message = error.get("message").and_then(Value::as_str).filter(|message| !message.is_empty());
    let message = message.ok_or_else(|| unsayable("the error has no message"))?;
    only(error, &["message", "code", "status", "details"], "`error`")?;
    let mut reply = ErrorReply::new(ErrorOrigin::Fixture, captured.status, message);
    reply.kind = error.get("status").and_then(Value::as_str).filter(|status| *status != canonical(captured.status)).map(str::to_owned);
    reply.retry_after = retry_after(captured, left_out);
    for detail in error.get("details").and_then(Value::as_array).into_iter().flatten() {
        match (detail.get("@type").and_then(Value::as_str), retry_delay(detail)) {
            (Some(RETRY_INFO), Some(seconds)) => reply.retry_after = Some(seconds),
            _ => left_out.name("error.details"),
        }
    }
    // What a 429 without the key is sent with anyway.
    let has_delay = error.get("details").is_some();
    if reply.status == 429 && reply.retry_after == Some(1.0) && !has_delay {
        reply.retry_after = None;
    }
    Ok(reply)
}

fn retry_delay(detail: &Value) -> Option<f64> {
    let seconds = detail.get("retryDelay")?.as_str()?.strip_suffix('s')?.parse().ok()?;
    (0.0..=1e9).contains(&seconds).then_some(seconds)
}

/// The answer put together so far.
#[derive(Debug, Default)]
struct Answer {
    blocks: Vec<Block>,
    reasoning: Option<String>,
    signature: Option<String>,
    searches: Vec<String>,
    id: Option<String>,
    model: Option<String>,
    finish: Option<String>,
    usage: Option<Usage>,
    seen: bool,
}

impl Answer {
    fn take(&mut self, response: &Value, left_out: &mut LeftOut) -> Result<(), Unsayable> {
        if response.get("error").is_some_and(says_something) {
            return Err(unsayable("the stream holds an error"));
        }
        if response.pointer("/promptFeedback/blockReason").is_some() {
            return Err(unsayable("the prompt was blocked, which no neutral response holds"));
        }
        left_out.others(response, &HEAD);
        let text = |key: &str| response.get(key).and_then(Value::as_str).map(str::to_owned);
        self.id = text("responseId").or(self.id.take());
        self.model = text("modelVersion").or(self.model.take());
        self.usage = response.get("usageMetadata").and_then(|given| usage(given, left_out)).or(self.usage.take());
        let candidates = response.get("candidates").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        self.seen |= !candidates.is_empty();
        match candidates {
            [] => Ok(()),
            [only] if only.get("index").and_then(Value::as_u64).unwrap_or(0) == 0 => self.candidate(only, left_out),
            _ => Err(unsayable("the answer has more than one candidate")),
        }
    }

    fn candidate(&mut self, candidate: &Value, left_out: &mut LeftOut) -> Result<(), Unsayable> {
        let known: Vec<&str> = CANDIDATE.into_iter().chain(HOUSEKEEPING).collect();
        only(candidate, &known, "the candidate")?;
        let house = HOUSEKEEPING.into_iter().filter(|key| candidate.get(*key).is_some_and(says_something));
        house.for_each(|key| left_out.name(key));
        if let Some(grounding) = candidate.get("groundingMetadata") {
            only(grounding, &["webSearchQueries"], "`groundingMetadata`")?;
            let queries = grounding.get("webSearchQueries").and_then(Value::as_array).into_iter().flatten();
            self.searches.extend(queries.filter_map(Value::as_str).map(str::to_owned));
        }
        self.finish = candidate.get("finishReason").and_then(Value::as_str).map(str::to_owned).or(self.finish.take());
        let parts = candidate.pointer("/content/parts").and_then(Value::as_array);
        parts.into_iter().flatten().try_for_each(|part| self.part(part, left_out))
    }

    fn part(&mut self, part: &Value, left_out: &mut LeftOut) -> Result<(), Unsayable> {
        only(part, &["text", "thought", "thoughtSignature", "functionCall"], "a part")?;
        if let Some(signature) = part.get("thoughtSignature").and_then(Value::as_str).filter(|signature| !signature.is_empty()) {
            match &self.signature {
                None => self.signature = Some(signature.to_owned()),
                Some(first) if first == signature => {}
                Some(_) => left_out.name("further thoughtSignatures"),
            }
        }
        let text = part.get("text").and_then(Value::as_str).unwrap_or_default();
        if part.get("thought").and_then(Value::as_bool).unwrap_or(false) {
            if !text.is_empty() && !self.blocks.is_empty() {
                return Err(unsayable("thoughts stand after other content"));
            }
            self.reasoning.get_or_insert_default().push_str(text);
            return Ok(());
        }
        push_text(&mut self.blocks, text);
        if let Some(call) = part.get("functionCall") {
            only(call, &["id", "name", "args"], "a function call")?;
            let text = |key: &str| call.get(key).and_then(Value::as_str).map(str::to_owned);
            let arguments = call.get("args").filter(|args| !args.is_null()).map_or_else(|| "{}".to_owned(), Value::to_string);
            self.blocks.push(Block::ToolCall { name: text("name").unwrap_or_default(), arguments, id: text("id") });
        }
        Ok(())
    }

    fn into_turn(self) -> Result<Turn, Unsayable> {
        if !self.seen {
            return Err(unsayable("the answer has no candidate"));
        }
        let finish = self.finish.ok_or_else(|| unsayable("the answer has no finish reason"))?;
        let mut turn = turn(self.blocks)?;
        turn.reasoning = self.reasoning.filter(|text| !text.is_empty());
        turn.reasoning_signature = self.signature;
        turn.web_searches = self.searches;
        let finish_reason = match finish.as_str() {
            "STOP" => None,
            "MAX_TOKENS" => Some("length".to_owned()),
            "SAFETY" => Some("content_filter".to_owned()),
            other => Some(other.to_owned()),
        };
        turn.overrides = Overrides { id: self.id, model: self.model, finish_reason, usage: self.usage, ..Overrides::default() }.into();
        Ok(turn)
    }
}

/// The counts in the words of fixtures: the output holds the thoughts, as everywhere else.
fn usage(given: &Value, left_out: &mut LeftOut) -> Option<Usage> {
    let members = given.as_object()?;
    for key in members.iter().filter(|(key, value)| !COUNTS.contains(&key.as_str()) && says_something(value)).map(|(key, _)| key) {
        left_out.name(&format!("usageMetadata.{}", short(key)));
    }
    let count = |key: &str| members.get(key).and_then(Value::as_f64);
    let thoughts = members.get("thoughtsTokenCount").filter(|count| count.is_number());
    let output = match (count("candidatesTokenCount"), count("thoughtsTokenCount")) {
        (None, None) => None,
        (candidates, thoughts) => Some(candidates.unwrap_or(0.0) + thoughts.unwrap_or(0.0)),
    };
    let mut kept = Map::new();
    let mut put = |key: &str, value: Option<Value>| kept.extend(value.map(|value| (key.to_owned(), value)));
    put("prompt_tokens", members.get("promptTokenCount").cloned());
    put("completion_tokens", output.map(|count| super::usage::count(count).into()));
    put("total_tokens", members.get("totalTokenCount").cloned());
    put("prompt_tokens_details", members.get("cachedContentTokenCount").map(|count| json!({ "cached_tokens": count })));
    put("completion_tokens_details", thoughts.map(|count| json!({ "reasoning_tokens": count })));
    let total = count("totalTokenCount");
    Some(Usage { input_tokens: count("promptTokenCount"), output_tokens: output, total_tokens: total, given: kept })
}
