//! `usage-total-wrong`: the total of `usage` is not the sum of its parts.

use super::super::answers::{number, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Fix, Safety, Severity};
use crate::document::Node;
use crate::document::edit::replace_number;

pub(super) static RULE: Rule = Rule {
    name: "usage-total-wrong",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "the total of `usage` is not the sum of its parts",
    why: "cost and budget code adds the parts or takes the total; with a wrong total the two disagree, and a test that passes proves nothing",
    fix: Some(Safety::Safe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny.", "usage": { "prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 99 } } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny.", "usage": { "prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3 } } }] }"#,
    }],
    check: Check::File(check),
};

const INPUT: [&str; 3] = ["prompt_tokens", "input_tokens", "promptTokenCount"];
const OUTPUT: [&str; 3] = ["completion_tokens", "output_tokens", "candidatesTokenCount"];
const TOTAL: [&str; 2] = ["total_tokens", "totalTokenCount"];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            let Some(usage) = response.get("usage") else { continue };
            let count = |keys: &[&str]| keys.iter().find_map(|key| usage.get(key)).and_then(number);
            let (Some(input), Some(output)) = (count(&INPUT), count(&OUTPUT)) else { continue };
            let Some(node) = TOTAL.iter().find_map(|key| usage.get(key)) else { continue };
            let Some(total) = number(node) else { continue };
            let sum = input + output;
            // Providers count thoughts, tool prompts and cached input in or beside the parts.
            let most = sum + others(usage);
            if total >= sum && total <= most {
                continue;
            }
            let finding = report(findings, file, entry, node.span, format!("the total is `{total}`, and the parts add up to `{sum}`"));
            finding.help = format!("write {sum}, or leave the total out: it is added up by itself").into();
            finding.fix = Some(Fix {
                safety: Safety::Safe,
                title: format!("set the total to {sum}").into(),
                edits: vec![replace_number(node.span, sum)],
            });
        }
    }
}

/// All further counts of tokens.
fn others(usage: &Node<'_>) -> f64 {
    let is_further = |key: &str| !INPUT.contains(&key) && !OUTPUT.contains(&key) && !TOTAL.contains(&key);
    let is_count = |key: &str| key.ends_with("_tokens") || key.ends_with("TokenCount");
    usage
        .members()
        .iter()
        .filter(|member| is_further(&member.key) && is_count(&member.key))
        .filter_map(|member| number(&member.value))
        .sum()
}
