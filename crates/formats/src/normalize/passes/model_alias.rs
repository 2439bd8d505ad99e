//! `model-alias`: dated model names in match keys become the family's name.

use super::{Example, Group, Pass, Work};
use crate::diagnostic::Edit;
use crate::document::edit::replace_text;
use crate::matcher::family;
use crate::normalize::{Tree, TreeEdits};

pub(super) static PASS: Pass = Pass {
    name: "model-alias",
    group: Group::Shaping,
    summary: "a dated model name in `match.model` becomes the family's name",
    why: "the family's name also matches every dated version of it, so that the next release does not make the fixture miss. The fixture answers more requests than before",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "model": "gpt-4o-2024-08-06" }, "response": { "content": "Hello." } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "model": "gpt-4o" }, "response": { "content": "Hello." } }] }"#,
        transforms: &[],
    }],
    work: Work::Tree(apply),
};

fn apply(tree: &Tree<'_>, edits: &mut TreeEdits) {
    for node in tree.entries().iter().filter_map(|entry| entry.get("match")?.get("model")) {
        let Some(model) = node.as_str() else { continue };
        let family = family(model);
        // A YAML alias stands for a name that is written elsewhere.
        if family != model && !tree.written(node.span).starts_with('*') {
            let edit: Edit = replace_text(tree.layout, node.span, family);
            edits.push(node.span, format!("{} becomes {}", crate::shape::code(model), crate::shape::code(family)), vec![edit]);
        }
    }
}
