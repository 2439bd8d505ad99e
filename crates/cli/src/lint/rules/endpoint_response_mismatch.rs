//! `endpoint-response-mismatch`: the response is none that the matched endpoint can send.

use super::super::answers::{kind, kind_key, kind_name, report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Label, Severity, Span};
use crate::document::Node;
use crate::exchange::{Endpoint, MediaKind};

pub(super) static RULE: Rule = Rule {
    name: "endpoint-response-mismatch",
    category: Category::Shape,
    severity: Severity::Error,
    tier: Tier::Default,
    summary: "the response is none that the matched endpoint can send",
    why: "the endpoint cannot carry this kind of answer, so the request that meets the fixture gets an error, or the fixture is passed over",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "endpoint": "embedding", "inputText": "weather" }, "response": { "content": "Sunny." } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "endpoint": "embedding", "inputText": "weather" }, "response": { "embedding": [0.1, 0.2] } }] }"#,
    }],
    check: Check::File(check),
};

/// Providers that stand for all others, as far as the kinds of their answers differ.
const PROVIDERS: [&str; 3] = ["", "gemini", "byteplus"];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, loaded) in file.entries() {
        let Some((endpoint, said)) = endpoint_of(entry).filter(|_| !loaded.fixture.dead) else { continue };
        for response in responses(entry) {
            let kind = kind(response);
            if fits(endpoint, kind) {
                continue;
            }
            let Some(member) = kind_key(response).and_then(|key| response.member(key)) else { continue };
            let message = format!("`{}` cannot be answered with {}", endpoint.name(), kind_name(kind));
            let label = file.label(said);
            let finding = report(findings, file, entry, member.key_span, message);
            finding.related.push(Label { note: "what the fixture matches".into(), ..label });
            finding.help = "change the response to what this endpoint sends, or the `match`".into();
        }
    }
}

/// The one endpoint whose requests a `match` takes, and where it says so.
fn endpoint_of(entry: &Node<'_>) -> Option<(Endpoint, Span)> {
    let matches = entry.get("match")?;
    if matches.get("path").is_some() {
        return None;
    }
    if let Some(node) = matches.get("endpoint") {
        return Endpoint::from_name(node.as_str()?).map(|endpoint| (endpoint, node.span));
    }
    matches.member("inputText").map(|member| (Endpoint::Embedding, member.key_span))
}

/// Whether some provider can send this kind of answer there; what is not certain fits.
fn fits(endpoint: Endpoint, kind: MediaKind) -> bool {
    use crate::matcher::Compatibility;
    let known = matches!(
        endpoint,
        Endpoint::Chat
            | Endpoint::Embedding
            | Endpoint::Image
            | Endpoint::Speech
            | Endpoint::Transcription
            | Endpoint::Translation
            | Endpoint::Video
    );
    let certain = !matches!(kind, MediaKind::Error | MediaKind::Json | MediaKind::Raw | MediaKind::Unrecognised);
    !known || !certain || PROVIDERS.iter().any(|provider| Compatibility { endpoint: Some(endpoint), provider }.allows(kind))
}
