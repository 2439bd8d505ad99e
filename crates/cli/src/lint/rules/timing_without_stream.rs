//! `timing-without-stream`: stream settings on an answer that never streams.

use super::super::answers::{carriers, counting, kind, kind_name, report};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Fix, Safety, Severity};
use crate::document::edit::remove_member;
use crate::exchange::MediaKind;

pub(super) static RULE: Rule = Rule {
    name: "timing-without-stream",
    category: Category::Streams,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "stream settings on an answer that never streams",
    why: "these keys shape the chunks of a stream; embeddings, images, videos, errors and plain JSON are sent in one piece, so nothing is delayed and nothing is cut",
    fix: Some(Safety::Safe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "inputText": "sun" }, "response": { "embedding": [0.6, 0.8] }, "latency": 50 }] }"#,
        good: r#"{ "fixtures": [{ "match": { "inputText": "sun" }, "response": { "embedding": [0.6, 0.8] } }] }"#,
    }],
    check: Check::File(check),
};

/// Keys that act on streams only.
const STREAM_KEYS: [&str; 9] = [
    "latency",
    "chunkSize",
    "streamingProfile",
    "recordedTimings",
    "replaySpeed",
    "truncateAfterChunks",
    "disconnectAfterMs",
    "errorAfterEvents",
    "stallAfterEvents",
];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for (carrier, responses) in carriers(entry) {
            let Some(first) = responses.first().filter(|_| responses.iter().all(|response| never_streams(kind(response)))) else {
                continue;
            };
            for member in counting(carrier).filter(|member| STREAM_KEYS.contains(&member.key.as_ref())) {
                let message = format!("`{}` has no effect: {} is never streamed", member.key, kind_name(kind(first)));
                let finding = report(findings, file, entry, member.key_span, message);
                finding.help = "remove it; `firstByteDelayMs` delays any answer".into();
                finding.fix = remove_member(file.layout(), carrier, member).map(|edits| Fix {
                    safety: Safety::Safe,
                    title: format!("remove `{}`", member.key).into(),
                    edits,
                });
            }
        }
    }
}

fn never_streams(kind: MediaKind) -> bool {
    matches!(kind, MediaKind::Embedding | MediaKind::Image | MediaKind::Video | MediaKind::Error | MediaKind::Json)
}
