//! What is written can be read, whatever folders are called.

use std::sync::Arc;

use super::*;
use crate::config::{MatchingWord, parse};
use crate::diagnostic::{Source, SourceId};
use crate::document::Format;

fn layout(include: &[&str], scopes: &[(&str, &[&str])]) -> Layout {
    let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<String>>();
    Layout {
        include: texts(include),
        scopes: scopes.iter().map(|(name, paths)| ((*name).to_owned(), texts(paths))).collect(),
        files: 1,
        fixtures: 1,
    }
}

#[track_caller]
fn check(layout: &Layout, has_baseline: bool) {
    let text = config(layout, has_baseline);
    let source = Arc::new(Source::new(SourceId(0), "aimock.yaml", text.as_str()));
    let (shape, warnings) = parse(&source, Format::Yaml).unwrap_or_else(|problems| panic!("{problems:#?}\nin\n{text}"));
    assert!(warnings.is_empty(), "{warnings:#?}\nin\n{text}");
    let read = |list: &crate::shape::OneOrMany<crate::shape::NonEmpty>| list.0.iter().map(|one| one.0.clone()).collect::<Vec<_>>();
    assert_eq!(shape.include.as_ref().map(read), Some(layout.include.clone()), "{text}");
    let scopes: Vec<(String, Vec<String>)> =
        shape.scopes.iter().flat_map(|fields| &fields.0).map(|(name, globs)| (name.clone(), read(globs))).collect();
    assert_eq!((scopes, shape.matching), (layout.scopes.clone(), Some(MatchingWord::Contains)), "{text}");
    let baseline = shape.lint.and_then(|lint| lint.baseline).map(|path| path.0);
    assert_eq!(baseline.as_deref(), has_baseline.then_some(DEFAULT_BASELINE), "{text}");
}

#[test]
fn the_configuration_says_what_was_meant() {
    check(&layout(&["fixtures"], &[]), false);
    check(&layout(&["."], &[]), true);
    check(&layout(&["a b/fixtures", "x: y/#1", "[id]/*.json", "- dash", "true", "8", "\"q\"\n", "é", "'", "a:", "%x", "@y"], &[]), true);
    check(&layout(&["f"], &[("d4", &["f/shared", "f/d4"]), ("no", &["f/shared", "f/no"]), ("1e3", &["a, b", "{c}"])]), false);
}

#[test]
fn hooks_see_the_files_that_are_included() {
    let hooks = |include: &[&str], prefix: &str| pattern(&layout(include, &[]), prefix);
    assert_eq!(hooks(&["fixtures"], ""), r"^fixtures/.*\.(jsonc?|ya?ml)$");
    assert_eq!(hooks(&["."], ""), r"\.(jsonc?|ya?ml)$");
    assert_eq!(hooks(&["."], "chat/"), r"^chat/.*\.(jsonc?|ya?ml)$");
    assert_eq!(hooks(&["a+b", "x.json"], "s/"), r"^(s/a\+b/|s/x\.json).*\.(jsonc?|ya?ml)$");
}

#[test]
fn the_hook_names_a_configuration_that_is_not_at_the_root() {
    let place = Place { prefix: "services/chat/".to_owned(), has_hooks: true };
    let text = to_paste(&layout(&["fixtures"], &[]), &place);
    assert!(
        text.contains("entry: \"aimock lint --config services/chat/aimock.yaml\"")
            || text.contains("entry: aimock lint --config services/chat/aimock.yaml"),
        "{text}"
    );
    assert!(text.contains("add to `repos`") && !text.contains("repos:\n"), "{text}");
    assert!(text.contains("./services/chat/.aimock/fixture.schema.json"), "{text}");
}
