//! Files with a mistake, below `tests/corpus/invalid`: each is reported at its exact line and column, under its own rule.
//!
//! Beside each sample stands `NAME.expected`: which entries are served and which never match, then one line
//! `LINE:COLUMN severity rule pointer` for each finding. `eNN_` and `wNN_` are the checks of @copilotkit/aimock's own
//! validation (errors 1 to 29, warnings 1 to 5), `observed/` holds what that validation was seen to get wrong.
//!
//! Not here, since they are about several fixtures together and belong to `aimock lint`: the same `userMessage` twice (its
//! warning 6), a catch-all that is not last (7), a shorter text before a longer one, gaps in a sequence, API keys in texts.

use std::collections::BTreeSet;
use std::fmt::Write;

use aimock::fixture::LOADER_RULES;

use crate::repository::{read, root};
use crate::samples::{loaded, outcome, samples};

const FOLDER: &str = "invalid";

#[test]
fn every_mistake_is_reported_at_its_place() {
    let mut wrong = String::new();
    for (name, text) in samples(FOLDER) {
        let (file, findings) = loaded(&name, &text);
        let seen = outcome(&file, &findings);
        let expected = read(&format!("tests/corpus/{FOLDER}/{name}.expected"));
        if seen != expected {
            let _ = writeln!(wrong, "{name}\nexpected\n{expected}seen\n{seen}");
            for finding in &findings {
                let _ = writeln!(wrong, "  {}", finding.message);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_expectation_has_its_sample() {
    let names: BTreeSet<String> = samples(FOLDER).into_iter().map(|(name, _)| format!("{name}.expected")).collect();
    for (path, text) in crate::repository::texts(&format!("tests/corpus/{FOLDER}"), &["expected"]) {
        let name = path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        assert!(names.contains(&name), "{name} has no sample");
        assert!(text.contains(" error ") || text.contains(" warning "), "{name} expects no finding: it belongs to tests/corpus/valid");
    }
    assert!(root().join("tests/corpus/invalid").is_dir());
}

/// A check of the incumbent and the rules under which its samples are reported here.
const CHECKS: &[(&str, &[&str])] = &[
    (
        "e01",
        &[
            "invalid-audio",
            "invalid-content",
            "invalid-embedding",
            "invalid-error",
            "invalid-image",
            "invalid-transcription",
            "invalid-video",
            "unrecognised-response",
        ],
    ),
    ("e02", &["empty-content"]),
    ("e03", &["reasoning-not-text"]),
    ("e04", &["web-searches-not-list"]),
    ("e05", &["web-search-not-text"]),
    ("e06", &["empty-tool-name", "missing-key"]),
    ("e07", &["invalid-tool-arguments", "missing-key"]),
    ("e08", &["blocks-not-list"]),
    ("e09", &["block-not-object"]),
    ("e10", &["missing-key", "unknown-block-type"]),
    ("e11", &["invalid-block-text", "missing-key"]),
    ("e12", &["invalid-block-name", "missing-key"]),
    ("e13", &["invalid-block-arguments", "invalid-tool-arguments"]),
    ("e14", &["block-id-not-text"]),
    ("e15", &["empty-error-message", "missing-key"]),
    ("e16", &["invalid-error-status"]),
    ("e17", &["fallthrough-not-boolean"]),
    ("e18", &["embedding-not-number", "empty-embedding"]),
    ("e19", &["audio-type-not-text", "audio-without-data", "missing-key"]),
    ("e20", &["invalid-override"]),
    ("e21", &["usage-not-object"]),
    ("e22", &["invalid-usage"]),
    ("e23", &["invalid-chunk-size", "invalid-latency", "invalid-replay-speed", "invalid-streaming-profile"]),
    ("e24", &["invalid-chaos"]),
    ("e25", &["invalid-sequence-index", "invalid-turn-index"]),
    ("e26", &["has-tool-result-not-boolean"]),
    ("e27", &["invalid-tool-result-text"]),
    ("e28", &["invalid-system-message"]),
    ("e29", &["context-not-text"]),
    ("w1", &["empty-reasoning"]),
    ("w2", &["empty-web-searches"]),
    ("w3", &["empty-tool-calls"]),
    ("w4", &["diverging-blocks"]),
    ("w5", &["diverging-blocks"]),
];

#[test]
fn every_check_of_the_incumbent_has_samples_and_a_rule() {
    let samples = samples(FOLDER);
    for (check, rules) in CHECKS {
        let of_check =
            samples.iter().filter(|(name, _)| name.rsplit('/').next().is_some_and(|file| file.starts_with(&format!("{check}_"))));
        let mut seen = BTreeSet::new();
        for (name, text) in of_check {
            let (_, findings) = loaded(name, text);
            seen.extend(findings.into_iter().map(|finding| finding.rule));
        }
        // What a closed or open object says of a key it does not know comes along with some of them.
        seen.retain(|rule| !["unknown-key", "unknown-option"].contains(rule));
        assert_eq!(seen, rules.iter().copied().collect::<BTreeSet<_>>(), "{check}");
    }
}

/// Rules about files rather than their texts, about limits, or about other texts than fixture files; each is tested where named.
const ELSEWHERE: &[(&str, &str)] = &[
    ("bad-glob", "tests/it/validate_cli.rs"),
    ("broken-link", "tests/it/hostile.rs"),
    ("cyclic-link", "tests/it/hostile.rs"),
    ("file-too-large", "tests/it/hostile.rs"),
    ("nested-too-deep", "tests/it/hostile.rs"),
    ("http-file", "tests/it/validate_cli.rs"),
    ("no-files", "tests/it/validate_cli.rs"),
    ("not-a-regular-file", "tests/it/hostile.rs"),
    ("not-acted-on", "tests/it/corpus_valid.rs"),
    ("not-text", "tests/it/hostile.rs"),
    ("not-utf8", "tests/it/hostile.rs"),
    ("path-not-found", "tests/it/validate_cli.rs"),
    ("schema", "tests/it/validate_cli.rs"),
    ("too-many-nodes", "crates/core/src/document/tests.rs"),
    ("too-many-problems", "tests/it/hostile.rs"),
    ("invalid-transform", "tests/it/rewriting/loading.rs"),
    ("transform-failed", "tests/it/rewriting/loading.rs"),
    ("transforms-without-matching", "tests/it/rewriting/commands.rs"),
    ("unreadable-file", "tests/it/hostile.rs"),
    ("yaml-alias-bomb", "tests/it/hostile.rs"),
];

#[test]
fn every_rule_of_the_loader_is_seen() {
    let mut seen = BTreeSet::new();
    for (name, text) in samples(FOLDER) {
        seen.extend(loaded(&name, &text).1.into_iter().map(|finding| finding.rule));
    }
    for rule in LOADER_RULES {
        let elsewhere = ELSEWHERE.iter().find(|(name, _)| *name == rule.name);
        let is_seen = seen.contains(rule.name);
        assert!(is_seen != elsewhere.is_some(), "{}: in a sample {is_seen}, elsewhere {elsewhere:?}", rule.name);
        if let Some((name, file)) = elsewhere {
            assert!(read(file).contains(name) || file.ends_with("corpus_valid.rs"), "{file} does not name {name}");
        }
    }
}
