//! `usage-mixed-names`: two spellings of one token count disagree.

use super::super::answers::{number, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Label, Severity};

pub(super) static RULE: Rule = Rule {
    name: "usage-mixed-names",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "two spellings of one token count disagree",
    why: "one of the two is served and the other ignored; which one depends on the provider that is asked",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny.", "usage": { "prompt_tokens": 12, "input_tokens": 20, "completion_tokens": 3 } } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny.", "usage": { "prompt_tokens": 12, "completion_tokens": 3 } } }] }"#,
    }],
    check: Check::File(check),
};

/// Spellings of the same count.
const SAME: [&[&str]; 3] = [
    &["prompt_tokens", "input_tokens", "promptTokenCount"],
    &["completion_tokens", "output_tokens", "candidatesTokenCount"],
    &["total_tokens", "totalTokenCount"],
];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            let Some(usage) = response.get("usage") else { continue };
            for names in SAME {
                let mut given = names.iter().filter_map(|name| Some((*name, usage.member(name)?)));
                let Some((first, kept)) = given.next() else { continue };
                let Some((second, other)) = given.find(|(_, member)| number(&member.value) != number(&kept.value)) else { continue };
                let label = file.label(kept.key_span);
                let message = format!("`{second}` and `{first}` are the same count and differ");
                let finding = report(findings, file, entry, other.key_span, message);
                finding.related.push(Label { note: "the other spelling".into(), ..label });
                finding.help = "keep one of them: each provider's own names are sent from either".into();
            }
        }
    }
}
