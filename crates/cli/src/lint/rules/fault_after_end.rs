//! `fault-after-end`: a fault is to follow more events than there are.

use super::super::answers::{carriers, kind_key, number, report};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::Node;

pub(super) static RULE: Rule = Rule {
    name: "fault-after-end",
    category: Category::Streams,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "a fault is to follow more events than there are",
    why: "the stream ends first, so the fault never happens and the test that waits for it proves nothing",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "events": ["one", "[DONE]"] }, "disconnectAfterEvents": 3 }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "events": ["one", "[DONE]"] }, "disconnectAfterEvents": 1 }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for (carrier, responses) in carriers(entry) {
            // The longest list counts; an answer that is no list of events has as many as its codec makes.
            let lengths: Option<Vec<usize>> = responses.iter().map(|response| events(response)).collect();
            let Some(most) = lengths.and_then(|lengths| lengths.into_iter().max()) else { continue };
            for (key, node) in faults(carrier) {
                #[expect(clippy::cast_precision_loss, reason = "a count of written items")]
                let Some(after) = number(node).filter(|after| *after > most as f64) else { continue };
                let message = format!("`{key}` waits for event `{after}`, and there are {most}");
                report(findings, file, entry, node.span, message).help = format!("write a number from 0 to {most}").into();
            }
        }
    }
}

/// How many events a response lists; comments alone are none.
fn events(response: &Node<'_>) -> Option<usize> {
    if kind_key(response) != Some("events") {
        return None;
    }
    let is_event = |item: &&Node<'_>| item.as_str().is_some() || ["data", "event", "id"].iter().any(|key| item.get(key).is_some());
    Some(response.get("events")?.items().iter().filter(is_event).count())
}

/// The faults of an entry and the number of events that come first.
fn faults<'n, 's>(carrier: &'n Node<'s>) -> impl Iterator<Item = (&'static str, &'n Node<'s>)> {
    let plain = carrier.get("disconnectAfterEvents").map(|node| ("disconnectAfterEvents", node));
    let nested = ["errorAfterEvents", "stallAfterEvents"];
    let nested = nested.into_iter().filter_map(|key| Some((key, carrier.get(key)?.get("events")?)));
    plain.into_iter().chain(nested)
}
