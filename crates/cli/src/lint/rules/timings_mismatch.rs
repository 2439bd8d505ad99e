//! `timings-mismatch`: `recordedTimings` contradict themselves.

use super::super::answers::{carriers, number, report};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Fix, Safety, Severity};
use crate::document::Node;
use crate::document::edit::{remove_item, replace_number};

pub(super) static RULE: Rule = Rule {
    name: "timings-mismatch",
    category: Category::Streams,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "`recordedTimings` contradict themselves",
    why: "measured gaps add up to at most the whole and are never negative; numbers that do not were edited by hand or come from a broken recorder, and the replay is not what was measured",
    fix: Some(Safety::Safe),
    examples: &[
        Example {
            bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "recordedTimings": { "ttftMs": 100, "interChunkDelaysMs": [50, 50], "totalDurationMs": 20 } }] }"#,
            good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "recordedTimings": { "ttftMs": 100, "interChunkDelaysMs": [50, 50], "totalDurationMs": 210 } }] }"#,
        },
        Example {
            bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "recordedTimings": { "ttftMs": 100, "interChunkDelaysMs": [50, -3], "totalDurationMs": 210 } }] }"#,
            good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." }, "recordedTimings": { "ttftMs": 100, "interChunkDelaysMs": [50, 3], "totalDurationMs": 210 } }] }"#,
        },
    ],
    check: Check::File(check),
};

/// Rounding of single gaps adds up: this much of the sum, and this many milliseconds, are let pass.
const TOLERANCE: f64 = 0.05;
const SLACK_MS: f64 = 20.0;

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for (carrier, _) in carriers(entry) {
            if let Some(timings) = carrier.get("recordedTimings") {
                check_negative(file, entry, timings, findings);
                check_total(file, entry, timings, findings);
            }
        }
    }
}

fn check_negative(file: &FileContext<'_>, entry: &Node<'_>, timings: &Node<'_>, findings: &mut Findings) {
    let Some(list) = timings.get("interChunkDelaysMs") else { return };
    if let Some((item, delay)) = list.items().iter().find_map(|item| number(item).filter(|delay| *delay < 0.0).map(|delay| (item, delay))) {
        let finding = report(findings, file, entry, item.span, format!("a gap of `{delay}` milliseconds: it is left out"));
        finding.help = "remove it, or record again".into();
        finding.fix = remove_item(file.layout(), list, item).map(|edits| Fix {
            safety: Safety::Safe,
            title: "remove the negative gap".into(),
            edits,
        });
    }
}

fn check_total(file: &FileContext<'_>, entry: &Node<'_>, timings: &Node<'_>, findings: &mut Findings) {
    let Some((node, total)) = timings.get("totalDurationMs").and_then(|node| Some((node, number(node)?))) else { return };
    let gaps = timings.get("interChunkDelaysMs").map_or(&[][..], Node::items);
    let measured = gaps.iter().chain(timings.get("ttftMs")).filter_map(number).filter(|delay| *delay > 0.0);
    let sum = (measured.sum::<f64>() * 1000.0).round() / 1000.0;
    if total > 0.0 && sum > total * (1.0 + TOLERANCE) + SLACK_MS {
        let message = format!("`totalDurationMs` is `{total}`, and the gaps add up to `{sum}`");
        let finding = report(findings, file, entry, node.span, message);
        finding.help = "record again, or correct the total".into();
        finding.fix = Some(Fix {
            safety: Safety::Safe,
            title: format!("set `totalDurationMs` to {sum}").into(),
            edits: vec![replace_number(node.span, sum)],
        });
    }
}
