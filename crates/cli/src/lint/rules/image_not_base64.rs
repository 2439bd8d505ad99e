//! `image-not-base64`: an inline image is no base64.

use super::super::answers::{is_true, report, responses};
use super::super::media::base64_fault;
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::{Edit, Fix, Safety, Severity, Span};
use crate::document::Node;

pub(super) static RULE: Rule = Rule {
    name: "image-not-base64",
    category: Category::Shape,
    severity: Severity::Warning,
    tier: Tier::Default,
    summary: "an inline image is no base64",
    why: "clients decode `b64_json` and fail on anything else, a `data:` URL too",
    fix: Some(Safety::Unsafe),
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "endpoint": "image" }, "response": { "image": { "b64Json": "data:image/png;base64,iVBORw0KGgo=" } } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "endpoint": "image" }, "response": { "image": { "b64Json": "iVBORw0KGgo=" } } }] }"#,
    }],
    check: Check::File(check),
};

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    for (entry, _) in file.entries() {
        for response in responses(entry).filter(|response| !is_true(response, "template")) {
            let several = response.get("images").map_or(&[][..], Node::items);
            for node in response.get("image").into_iter().chain(several).filter_map(|image| image.get("b64Json")) {
                let Some(fault) = node.as_str().and_then(base64_fault) else { continue };
                let finding = report(findings, file, entry, node.span, format!("`b64Json` is no base64: {fault}"));
                finding.help = "write the image's bytes in base64, without a prefix; a picture elsewhere goes into `url`".into();
                finding.fix = without_prefix(file, node);
            }
        }
    }
}

/// Leaves of a `data:` URL what stands behind its comma.
fn without_prefix(file: &FileContext<'_>, node: &Node<'_>) -> Option<Fix> {
    let written = file.source.text().get(node.span.start..node.span.end)?;
    let start = written.find("data:").filter(|at| *at <= 1)?;
    let length = written.find(";base64,")? + ";base64,".len();
    let rest = node.as_str()?.split_once(";base64,")?.1;
    base64_fault(rest).is_none().then(|| Fix {
        safety: Safety::Unsafe,
        title: "leave out the `data:` prefix".into(),
        edits: vec![Edit { span: Span::new(node.span.start + start, node.span.start + length), text: String::new() }],
    })
}
