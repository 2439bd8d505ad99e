//! Every lint rule is tried on its own examples: the bad one has exactly its finding, the good one has none of it, and
//! a fix cures without breaking anything. Registering a rule registers its test.

use std::sync::Arc;

use aimock::diagnostic::{Diagnostic, Safety, Severity, Source, SourceId};
use aimock::document::Format;
use aimock::fixture::{Input, LoadOptions};
use aimock::lint::{ALL, Category, Chosen, Example, LintInput, Outcome, Rule, Selection, apply_fixes, run};

fn chosen(select: &str) -> Chosen {
    Selection { select: vec![select.to_owned()], ..Selection::default() }.resolve().expect("the selection names a tier")
}

fn lint(files: Vec<(String, String)>, chosen: &Chosen) -> Outcome {
    let input = |(index, (name, text)): (usize, (String, String))| {
        let format = Format::from_path(&name);
        let id = SourceId(u32::try_from(index).expect("few files"));
        Input { source: Arc::new(Source::new(id, name, text)), format }
    };
    let inputs: Vec<Input> = files.into_iter().enumerate().map(input).collect();
    let members = (0..inputs.len()).collect();
    run(LintInput {
        inputs,
        scopes: vec![(String::new(), members)],
        shown: None,
        chosen,
        options: &serde_json::Map::new(),
        load: LoadOptions::default(),
    })
}

fn lint_text(text: &str) -> Vec<Diagnostic> {
    lint(vec![("fixtures/example.jsonc".to_owned(), text.to_owned())], &chosen("all")).findings
}

fn of<'f>(rule: &Rule, findings: &'f [Diagnostic]) -> Vec<&'f Diagnostic> {
    findings.iter().filter(|finding| finding.rule == rule.name).collect()
}

fn errors_of_the_loader(findings: &[Diagnostic]) -> Vec<&Diagnostic> {
    findings.iter().filter(|finding| finding.severity == Severity::Error && ALL.iter().all(|rule| rule.name != finding.rule)).collect()
}

#[test]
fn bad_examples_have_the_finding_and_good_ones_have_not() {
    for rule in ALL {
        assert!(!rule.examples.is_empty(), "{} has no example", rule.name);
        for Example { bad, good } in rule.examples {
            let findings = lint_text(bad);
            let found = of(rule, &findings);
            assert_eq!(found.len(), 1, "{}: {findings:#?}\nin\n{bad}", rule.name);
            assert!(!found[0].message.is_empty() && !found[0].message.ends_with('.'), "{}: {:?}", rule.name, found[0].message);
            let findings = lint_text(good);
            assert!(of(rule, &findings).is_empty(), "{}: {findings:#?}\nin\n{good}", rule.name);
            let errors = errors_of_the_loader(&findings);
            assert!(errors.is_empty(), "{}: the good example is invalid: {errors:#?}\nin\n{good}", rule.name);
        }
    }
}

#[test]
fn fixes_cure_and_break_nothing() {
    for rule in ALL.iter().filter(|rule| rule.fix.is_some()) {
        let fixed = rule.examples.iter().filter(|example| fix(rule, example.bad)).count();
        assert!(fixed > 0, "{}: no bad example has a fix", rule.name);
    }
}

/// Fixes an example and looks at what is left; `false`: it has no fix.
fn fix(rule: &Rule, bad: &str) -> bool {
    let findings = lint_text(bad);
    let before = errors_of_the_loader(&findings).len();
    let own: Vec<Diagnostic> = of(rule, &findings).into_iter().cloned().collect();
    let fixed = apply_fixes(&own, Safety::Unsafe);
    let Some(file) = fixed.first() else { return false };
    let findings = lint_text(&file.text);
    assert!(of(rule, &findings).is_empty(), "{}: {findings:#?}\nleft in\n{}", rule.name, file.text);
    assert!(errors_of_the_loader(&findings).len() <= before, "{}: {findings:#?}\nmade in\n{}", rule.name, file.text);
    true
}

#[test]
fn rules_without_a_fix_offer_none() {
    for rule in ALL.iter().filter(|rule| rule.fix.is_none()) {
        for example in rule.examples {
            let findings = lint_text(example.bad);
            assert!(of(rule, &findings).iter().all(|finding| finding.fix.is_none()), "{} has a fix and does not say so", rule.name);
        }
    }
}

#[test]
fn names_are_sorted_unique_and_kebab_case() {
    let names: Vec<&str> = ALL.iter().map(|rule| rule.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    for name in names {
        let kebab =
            name.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        assert!(kebab, "{name}");
    }
}

#[test]
fn every_rule_has_its_own_file() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lint/rules");
    for rule in ALL {
        let file = format!("{folder}/{}.rs", rule.name.replace('-', "_"));
        assert!(std::path::Path::new(&file).is_file(), "{} stands elsewhere", rule.name);
    }
}

#[test]
fn pages_are_whole() {
    for rule in ALL {
        assert!(!rule.summary.is_empty() && !rule.summary.ends_with('.'), "{}: {:?}", rule.name, rule.summary);
        assert!(rule.why.len() > 40, "{}: {:?}", rule.name, rule.why);
        assert!(!rule.why.contains("  "), "{}: {:?}", rule.name, rule.why);
    }
}

/// All fixture files below a folder as name and text, in order of their names.
fn texts_below(root: &str) -> Vec<(String, String)> {
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = walk.filter(|entry| entry.file_type().is_file() && entry.path().extension().is_some_and(|end| end == "json"));
    #[expect(clippy::disallowed_methods, reason = "a test reads its corpus")]
    let read = |path: &std::path::Path| std::fs::read_to_string(path).ok();
    files.filter_map(|entry| Some((entry.path().to_string_lossy().into_owned(), read(entry.path())?))).collect()
}

#[test]
fn hand_written_fixtures_that_work_are_left_alone() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora/showcase");
    let files = texts_below(root);
    if files.is_empty() {
        eprintln!("skipped: {root} is not there");
        return;
    }
    let outcome = lint(files, &chosen("default"));
    let quiet = [Category::Shape, Category::Rot, Category::Streams];
    let is_quiet = |name: &str| ALL.iter().any(|rule| rule.name == name && quiet.contains(&rule.category));
    let spoken: Vec<&Diagnostic> = outcome.findings.iter().filter(|finding| is_quiet(finding.rule)).collect();
    assert!(spoken.is_empty(), "{} findings, first {:#?}", spoken.len(), spoken.first());
}

#[test]
fn zz_probe() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora/showcase");
    let files = texts_below(root);
    let t = std::time::Instant::now();
    let all = chosen("all");
    let outcome = lint(files, &all);
    eprintln!("{} files {} fixtures {:?}", outcome.files.len(), outcome.files.iter().map(|f| f.entries.len()).sum::<usize>(), t.elapsed());
    let mut counts = std::collections::BTreeMap::new();
    for f in &outcome.findings {
        *counts.entry(f.rule).or_insert(0) += 1;
    }
    eprintln!("{counts:#?}");
    for f in outcome.findings.iter().take(30) {
        eprintln!("{} {} {}:{:?}", f.rule, f.message, f.primary.source.name(), f.position());
    }
}
