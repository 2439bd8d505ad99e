//! `broken-stream`: raw events that do not keep to the grammar of their API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::answers::{kind_key, report, responses, text};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::{Node, to_json};
use crate::provider::protocol::{Judge, Verdict, check as judge};
use crate::wire::{Event, Framing};

pub(super) static RULE: Rule = Rule {
    name: "broken-stream",
    category: Category::Streams,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "raw events do not keep to the grammar of their API",
    why: "clients read a stream by its grammar: an event that is missing or out of place raises an error, or is lost, in the software under test",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "events": [
  { "data": { "choices": [{ "index": 0, "delta": { "content": "Sunny." }, "finish_reason": "stop" }] } }
] } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "events": [
  { "data": { "choices": [{ "index": 0, "delta": { "content": "Sunny." }, "finish_reason": "stop" }] } },
  "[DONE]"
] } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            let Some((verdict, nodes)) = judged(response) else { continue };
            let (Some(grammar), Some(first)) = (verdict.grammar, verdict.offences.first()) else { continue };
            let index = usize::try_from(first.event).unwrap_or(usize::MAX).saturating_sub(1);
            let (place, node) = match nodes.get(index).or(nodes.last()) {
                Some(node) if index < nodes.len() => (format!("event {}", first.event), *node),
                Some(node) => ("after the last event".to_owned(), *node),
                None => continue,
            };
            let others = verdict.offences.len() as u64 + verdict.more - 1;
            let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
            let message = format!("the stream breaks the grammar `{grammar}`, {place}: {}{more}", first.message);
            report(findings, file, entry, node.span, message).help =
                "correct the events; where the break is what is tested, allow it with that reason".into();
        }
    }
}

/// The verdict on a response that is a stream, and the nodes of its events.
fn judged<'n, 's>(response: &'n Node<'s>) -> Option<(Verdict, Vec<&'n Node<'s>>)> {
    match kind_key(response)? {
        "events" => {
            let items: Vec<(&Node<'_>, Event)> =
                response.get("events")?.items().iter().filter_map(|item| Some((item, event(item)?))).collect();
            let mut judge = Judge::new(None);
            for (_, event) in &items {
                judge.take(event);
            }
            let nodes = items.into_iter().map(|(item, _)| item).collect();
            Some((judge.end(), nodes))
        }
        "http" => {
            let http = response.get("http")?;
            let headers = http.get("headers")?.members();
            let kind = headers.iter().find(|member| member.key.eq_ignore_ascii_case("content-type"))?.value.as_str()?;
            let framing = Framing::of(Some(kind));
            let node = http.get("body").or_else(|| http.get("base64"))?;
            let bytes = match text(http, "base64") {
                Some(base64) => STANDARD.decode(base64).ok()?,
                None => text(http, "body")?.as_bytes().to_vec(),
            };
            let verdict = framing.is_stream().then(|| judge(framing, None, &bytes))?;
            // One node holds all events.
            let events = usize::try_from(verdict.events).unwrap_or(usize::MAX).min(bytes.len());
            Some((verdict, vec![node; events.max(1)]))
        }
        _ => None,
    }
}

/// The event that an item stands for; `None` for a comment alone.
fn event(item: &Node<'_>) -> Option<Event> {
    if let Some(data) = item.as_str() {
        return Some(Event::data(data));
    }
    let data = item.get("data")?;
    let data = data.as_str().map_or_else(|| to_json(data).to_string(), str::to_owned);
    Some(Event { name: text(item, "event").map(str::to_owned), data: Some(data), exception: false })
}
