//! `huge-latency`: a delay of many seconds.

use super::super::answers::{carriers, explains_itself, number, report};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::Node;

pub(super) static RULE: Rule = Rule {
    name: "huge-latency",
    category: Category::Streams,
    severity: Severity::Warning,
    tier: Tier::Strict,
    summary: "a delay of many seconds",
    why: "`latency` is waited before every chunk; a few seconds of it make a slow suite that nobody meant",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "latency": 30000 }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "latency": 30 }] }"#,
    }],
    check: Check::File(check),
};

/// Milliseconds above which a delay is reported, unless the option `ms` says otherwise.
const DEFAULT_LIMIT: u64 = 5_000;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds, far below 2^52")]
    let limit = file.limit("huge-latency", "ms", DEFAULT_LIMIT) as f64;
    for (entry, _) in file.entries().filter(|(entry, _)| !explains_itself(entry)) {
        for (carrier, _) in carriers(entry) {
            for (name, node) in delays(carrier) {
                let Some(delay) = number(node).filter(|delay| *delay > limit) else { continue };
                report(findings, file, entry, node.span, format!("`{name}` is `{delay}` milliseconds")).help =
                    "lower it, set `replaySpeed`, or say in `description` what waits so long; the option `ms` sets the limit".into();
            }
        }
    }
}

fn delays<'n, 's>(carrier: &'n Node<'s>) -> impl Iterator<Item = (&'static str, &'n Node<'s>)> {
    let plain = ["latency", "firstByteDelayMs"].into_iter().filter_map(|key| Some((key, carrier.get(key)?)));
    let nested = [("streamingProfile", "ttft"), ("chaos", "latencyMs"), ("stallAfterEvents", "ms")];
    plain.chain(nested.into_iter().filter_map(|(outer, key)| Some((key, carrier.get(outer)?.get(key)?))))
}
