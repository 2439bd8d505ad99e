//! `media-type-mismatch`: media bytes are of another type than they are said to be.

use super::super::answers::{report, responses, text};
use super::super::media::magic_of;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Fix, Safety, Severity};
use crate::document::Node;
use crate::document::edit::replace_text;
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "media-type-mismatch",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "media bytes are of another type than they are said to be",
    why: "players and libraries trust the declared type and fail on the bytes",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "endpoint": "speech" }, "response": { "audio": { "b64Json": "SUQzBAAAAAAA", "contentType": "audio/wav" } } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "endpoint": "speech" }, "response": { "audio": { "b64Json": "SUQzBAAAAAAA", "contentType": "audio/mpeg" } } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            if let Some(audio) = response.get("audio") {
                let data = text(audio, "b64Json").or(audio.as_str());
                let declared = audio.get("contentType").or_else(|| response.get("format"));
                if let (Some(data), Some(declared)) = (data, declared) {
                    check_audio(file, entry, data, declared, findings);
                }
            }
            let several = response.get("images").map_or(&[][..], Node::items);
            for url in response.get("image").into_iter().chain(several).filter_map(|image| image.get("url")) {
                check_data_url(file, entry, url, findings);
            }
        }
    }
}

fn check_audio(file: &FileContext<'_>, entry: &Node<'_>, data: &str, declared: &Node<'_>, findings: &mut Findings) {
    let Some(name) = declared.as_str() else { return };
    // Raw samples can begin with any bytes.
    let raw = ["pcm", "l16", "mulaw", "ulaw", "alaw", "octet-stream"].iter().any(|word| name.to_ascii_lowercase().contains(word));
    let Some(magic) = magic_of(data).filter(|magic| !raw && !magic.is(name)) else { return };
    let message = format!("the bytes are `{}`, declared is {}", magic.mime, code(name));
    let finding = report(findings, file, entry, declared.span, message);
    finding.help = format!("declare `{}`", magic.mime).into();
    if name.contains('/') {
        finding.fix = Some(Fix {
            safety: Safety::Unsafe,
            title: format!("declare `{}`", magic.mime).into(),
            edits: vec![replace_text(file.layout(), declared.span, magic.mime)],
        });
    }
}

fn check_data_url(file: &FileContext<'_>, entry: &Node<'_>, url: &Node<'_>, findings: &mut Findings) {
    let Some((name, data)) = url.as_str().and_then(|url| url.strip_prefix("data:")?.split_once(";base64,")) else { return };
    let Some(magic) = magic_of(data).filter(|magic| !magic.is(name)) else { return };
    let message = format!("the bytes are `{}`, the `data:` URL says {}", magic.mime, code(name));
    report(findings, file, entry, url.span, message).help = format!("write `data:{};base64,…`", magic.mime).into();
}
