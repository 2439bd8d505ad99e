//! Every pass is tried on its own examples: registering a pass registers its tests.

use std::sync::Arc;

use aimock::diagnostic::{Severity, Source, SourceId};
use aimock::document::Format;
use aimock::fixture::{Input, LoadOptions, LoadedFile, load};
use aimock::normalize::{ALL, Example, Options, Outcome, Pass, Work, default_passes, page, run};
use aimock::transform::{Spec, Transforms, builtin};

/// The file name under which an example is read.
fn input(text: &str) -> Input {
    let name = if text.starts_with(['{', '[']) { "fixtures/example.json" } else { "fixtures/example.yaml" };
    Input { source: Arc::new(Source::new(SourceId(0), name, text)), format: Format::from_path(name) }
}

fn transforms(names: &[&str]) -> Transforms {
    let specs: Vec<Spec> = names.iter().map(|name| Spec::BuiltIn { name: (*name).to_owned(), label: None }).collect();
    Transforms::compile(&specs).expect("the names are those of built-ins")
}

fn outcome(text: &str, passes: Vec<&'static Pass>, names: &[&str]) -> Outcome {
    let options = Options { passes, transforms: transforms(names), detail: true, ..Options::default() };
    let outcome = run(&[input(text)], &options).remove(0);
    assert!(outcome.problems.is_empty(), "{:#?}\nin\n{text}", outcome.problems);
    outcome
}

fn loaded(text: &str) -> LoadedFile {
    let input = input(text);
    load(&input.source, input.format, &LoadOptions::default())
}

#[test]
fn examples_become_what_they_promise() {
    let mut trouble = Vec::new();
    for pass in ALL {
        assert!(!pass.examples.is_empty(), "{} has no example", pass.name);
        for Example { before, after, transforms } in pass.examples {
            let outcome = outcome(before, vec![*pass], transforms);
            let text = outcome.text.unwrap_or_default();
            if text != *after {
                trouble.push(format!("{}:\n{before}\nbecomes\n{text}\nnot\n{after}", pass.name));
            }
        }
    }
    assert!(trouble.is_empty(), "{}", trouble.join("\n\n"));
}

#[test]
fn what_was_normalized_is_normalized() {
    for pass in ALL {
        for example in pass.examples {
            let again = outcome(example.after, vec![*pass], example.transforms);
            assert_eq!(again.text, None, "{}", pass.name);
            let all = outcome(example.after, ALL.to_vec(), example.transforms).text.unwrap_or_else(|| example.after.to_owned());
            assert_eq!(outcome(&all, ALL.to_vec(), example.transforms).text, None, "{}", pass.name);
        }
    }
}

#[test]
fn results_load_and_say_the_same_where_that_is_promised() {
    for pass in ALL {
        for example in pass.examples {
            let after = loaded(example.after);
            let errors: Vec<_> = after.problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
            assert!(errors.is_empty() && after.skipped.is_none(), "{}: {errors:#?}", pass.name);
            if pass.keeps_answers {
                let before = loaded(example.before);
                let said = |file: &LoadedFile| {
                    let mut said: Vec<String> =
                        file.entries.iter().map(|entry| format!("{:?} {:?}", entry.fixture.matches, entry.fixture.answers)).collect();
                    said.dedup();
                    said
                };
                assert_eq!(said(&before), said(&after), "{}", pass.name);
            }
        }
    }
}

#[test]
fn every_change_is_counted_and_has_a_place() {
    for pass in ALL {
        for example in pass.examples {
            let outcome = outcome(example.before, vec![*pass], example.transforms);
            let count: usize = outcome.counts.iter().map(|(_, count)| count).sum();
            assert_eq!(count, outcome.changes.len(), "{}", pass.name);
            assert!(count > 0, "{}", pass.name);
            for change in &outcome.changes {
                assert_eq!(change.rule, pass.name);
                assert!(change.primary.span.end <= example.before.len() && !change.message.is_empty(), "{change:#?}");
            }
        }
    }
}

#[test]
fn passes_that_freeze_are_built_into_transforms() {
    for pass in ALL.iter().filter(|pass| matches!(pass.work, Work::BuiltIn)) {
        assert!(builtin(pass.name).is_some(), "there is no transform `{}`", pass.name);
    }
}

#[test]
fn the_usual_passes_are_the_scrubbing_ones() {
    let names: Vec<&str> = default_passes().iter().map(|pass| pass.name).collect();
    assert_eq!(names, ["secrets", "timestamps", "uuids", "ids", "request-ids", "timings", "match-keys"]);
}

#[test]
fn pages_show_both_sides() {
    for pass in ALL {
        let page = page(pass);
        assert!(page.contains("Before") && page.contains(pass.examples[0].after.trim_end()), "{page}");
    }
}
