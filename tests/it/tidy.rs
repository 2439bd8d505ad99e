//! House rules that no compiler checks.

use std::fmt::Write;
use std::path::Path;

use crate::repository::{read, root, texts};

/// Texts that people write here.
const WRITTEN: &[&str] = &["rs", "md", "toml", "json", "jsonc", "yaml", "yml", "py", "mjs", "txt"];

/// Samples that must stay as they are, whatever they look like.
const SAMPLES: &[&str] = &["tests/convert", "tests/corpus", "tests/wire"];

/// Longest source file, in lines.
const LONGEST: usize = 700;

/// Longer source files, each with the reason.
const LONG_FOR_A_REASON: &[(&str, &str)] = &[];

/// Beginnings of paths that exist on one machine only.
const MACHINE_PATHS: &[&str] = &["/home/", "/root/", "/Users/", "/work/", "/tmp/"];

/// Files that show such a path on purpose, each with the reason.
const MACHINE_PATHS_FOR_A_REASON: &[(&str, &str)] = &[
    ("tests/it/tidy.rs", "lists them"),
    ("crates/cli/src/lint/rules/path_in_match.rs", "its examples"),
    ("docs/transforms.md", "the examples of `paths`"),
    ("docs/normalize.md", "the example of `paths`"),
    ("crates/formats/src/normalize/passes/paths.rs", "its example"),
    ("crates/core/src/transform/builtins/paths.rs", "the paths that it recognises"),
    ("crates/core/src/transform/tests/laws.rs", "pieces of tricky texts"),
    ("crates/core/src/transform/tests/recognised.rs", "texts that the recognisers are tried on"),
    ("docs/rules.md", "the examples of `path-in-match`"),
    ("tests/it/lint_texts.rs", "texts that the recogniser is tried on"),
];

#[test]
fn nothing_is_left_to_do() {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("#[ign", "ore"), concat!("todo", "!(")];
    let trouble = lines_where(|line| words.iter().any(|word| line.contains(word)), |_| true);
    assert!(trouble.is_empty(), "{trouble}");
}

#[test]
fn no_path_of_one_machine() {
    let shown = |path: &str| !MACHINE_PATHS_FOR_A_REASON.iter().any(|(name, _)| *name == path);
    let trouble = lines_where(|line| MACHINE_PATHS.iter().any(|start| holds_path(line, start)), shown);
    assert!(trouble.is_empty(), "{trouble}");
}

/// The log is written by one module, which takes redacted lines only: no other can put a secret into it.
#[test]
fn only_the_log_makes_events() {
    let words = [concat!("trac", "ing::"), concat!("use trac", "ing")];
    let inside = |path: &str| (path.starts_with("src/") || path.starts_with("crates/")) && path != "crates/cli/src/cli/logging.rs";
    let trouble = lines_where(|line| words.iter().any(|word| line.contains(word)), inside);
    assert!(trouble.is_empty(), "{trouble}");
}

#[test]
fn no_trailing_space() {
    let trouble = lines_where(|line| line.ends_with([' ', '\t', '\r']), |_| true);
    assert!(trouble.is_empty(), "{trouble}");
    for (path, text) in written() {
        assert!(text.is_empty() || (text.ends_with('\n') && !text.ends_with("\n\n")), "{path} must end with one line break");
    }
}

#[test]
fn no_source_is_too_long() {
    for (path, text) in written_in("rs") {
        let excused = LONG_FOR_A_REASON.iter().any(|(name, _)| *name == path);
        assert!(text.lines().count() <= LONGEST || excused, "{path} is longer than {LONGEST} lines");
    }
}

#[test]
fn paths_in_prose_exist() {
    let mut trouble = String::new();
    for (path, text) in written_in("md").filter(|(path, _)| path != "CHANGELOG.md") {
        for (number, line) in text.lines().enumerate() {
            for name in backticked(line)
                .filter(|name| is_path(name, &["src", "crates", "docs", "tests", "xtask", "schemas", "fixtures", "benches"]))
            {
                if !exists(name) {
                    let _ = writeln!(trouble, "{path}:{} `{name}`", number + 1);
                }
            }
            for link in links(line).filter(|link| !link.contains("://") && !link.starts_with('#')) {
                let file = link.split('#').next().unwrap_or(link);
                if !root().join(&path).parent().is_some_and(|folder| folder.join(file).exists()) {
                    let _ = writeln!(trouble, "{path}:{} ({link})", number + 1);
                }
            }
        }
    }
    for (path, text) in written_in("rs") {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//")) {
            for name in backticked(line).filter(|name| is_path(name, &["src", "crates", "docs", "tests", "xtask", "schemas"])) {
                if !exists(name) {
                    let _ = writeln!(trouble, "{path}:{} `{name}`", number + 1);
                }
            }
        }
    }
    assert!(trouble.is_empty(), "paths that do not exist:\n{trouble}");
}

#[test]
fn the_readme_has_the_two_commands() {
    let readme = read("README.md");
    for command in ["cargo run --release -- serve fixtures", "cargo xtask ci"] {
        assert!(readme.lines().any(|line| line.trim_start_matches("$ ").starts_with(command)), "README.md does not show `{command}`");
    }
    assert!(readme.contains("\n## Not affiliated\n"), "README.md must say what this has to do with @copilotkit/aimock");
}

#[test]
fn continuous_integration_runs_what_people_run() {
    let script = read(".ci/run");
    let commands: Vec<&str> = script.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(commands, ["set -euo pipefail", r#"cd "$(dirname "${BASH_SOURCE[0]}")/..""#, "exec cargo xtask ci"]);
    assert!(script.starts_with("#!/usr/bin/env bash\n"));
}

#[test]
fn the_clients_are_pinned() {
    let pins = read("tests/clients/python/requirements.txt");
    for pin in pins.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert!(pin.split_once("==").is_some_and(|(_, version)| !version.is_empty()), "`{pin}` names no exact version");
    }
    let lock = read("tests/clients/node/package-lock.json");
    assert!(!lock.contains("\"resolved\""), "package-lock.json names a registry; npm's `omit-lockfile-registry-resolved` leaves it out");
}

/// Every text of ours, its path relative to the repository with `/`.
fn written() -> Vec<(String, String)> {
    let name = |path: &Path| path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
    let files: Vec<(String, String)> = texts("", WRITTEN).into_iter().map(|(path, text)| (name(&path), text)).collect();
    files.into_iter().filter(|(path, _)| !SAMPLES.iter().any(|folder| path.starts_with(folder))).collect()
}

/// Those with this extension.
fn written_in(extension: &str) -> impl Iterator<Item = (String, String)> {
    written().into_iter().filter(move |(path, _)| Path::new(path).extension().is_some_and(|found| found == extension))
}

/// `FILE:LINE text` of each line that is wrong.
fn lines_where(wrong: impl Fn(&str) -> bool, looked_at: impl Fn(&str) -> bool) -> String {
    let mut trouble = String::new();
    for (path, text) in written().into_iter().filter(|(path, _)| looked_at(path)) {
        for (number, line) in text.split('\n').enumerate().filter(|(_, line)| wrong(line)) {
            let _ = writeln!(trouble, "{path}:{} {}", number + 1, line.trim());
        }
    }
    trouble
}

/// Whether `start` stands in the line as the beginning of a path, and not within a longer one or a URL.
fn holds_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || "/.-_}*~$".contains(letter))
    })
}

/// What stands between single backticks.
fn backticked(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The targets of Markdown links.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// Whether a backticked text is a path into one of these folders.
fn is_path(name: &str, folders: &[&str]) -> bool {
    let inside = folders.iter().any(|folder| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')));
    inside && !name.contains(char::is_whitespace)
}

/// Whether a path is there; with `*`, `<` or `{` the part before it.
fn exists(name: &str) -> bool {
    let plain = name.split(['*', '<', '{', '#', ':']).next().unwrap_or(name);
    let plain = if plain.len() < name.len() && !name[plain.len()..].starts_with(['#', ':']) {
        plain.rsplit_once('/').map_or("", |(folder, _)| folder)
    } else {
        plain
    };
    root().join(plain).exists()
}

#[test]
fn the_rules_would_notice() {
    assert!(holds_path("see /home/ada/x", "/home/") && holds_path("\"/tmp/x\"", "/tmp/"));
    assert!(!holds_path("https://example.com/home/x", "/home/") && !holds_path("$DIR/tmp/x", "/tmp/"));
    assert_eq!(backticked("a `b` c `d/e`").collect::<Vec<_>>(), ["b", "d/e"]);
    assert_eq!(links("[a](b.md#c) and [d](e)").collect::<Vec<_>>(), ["b.md#c", "e"]);
    assert!(is_path("src/lib.rs", &["src"]) && !is_path("srcs/lib.rs", &["src"]) && !is_path("src", &["src"]));
    assert!(exists("src/lib.rs") && exists("src/*/mod.rs") && exists("src/lib.rs:7") && !exists("src/nothing.rs") && !exists("srv/*.rs"));
}
