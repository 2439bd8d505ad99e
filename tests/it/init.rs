//! The first minutes: what `aimock init` writes, what the tour shows, and what a hook's file names do.
#![expect(clippy::disallowed_methods, reason = "tests lay out folders and read them back")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;

use crate::repository::{read, root, texts};

/// Takes every request that mentions the weather.
const BROAD: &str = r#"{ "fixtures": [{ "match": { "userMessage": "weather" }, "response": { "content": "Sunny." } }] }"#;
/// Never served behind the broad one.
const NARROW: &str = r#"{ "fixtures": [{ "match": { "userMessage": "weather in Oslo" }, "response": { "content": "Snow." } }] }"#;
/// In nobody's way.
const PLAIN: &str = r#"{ "fixtures": [{ "match": { "userMessage": "say hello" }, "response": { "content": "Hello!" } }] }"#;

/// A key that no match has.
const BAD_KEY: &str = r#"{ "fixtures": [{ "match": { "userMesage": "x" }, "response": { "content": "y" } }] }"#;

/// A repository of these files.
fn repository(files: &[(&str, &str)]) -> Sandbox {
    let folder = Sandbox::new();
    std::fs::create_dir(folder.path().join(".git")).expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("below")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

/// Every file with its text.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below").to_string_lossy().replace('\\', "/");
                found.insert(name, std::fs::read_to_string(&path).expect("readable"));
            }
        }
    }
    found
}

/// Status, stdout and stderr.
fn aimock(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
    command.args(arguments).current_dir(folder).env("COLUMNS", "100").env("NO_COLOR", "1").stdin(Stdio::null());
    let output = command.output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("a status"), text(&output.stdout), text(&output.stderr))
}

/// Status, a part of stdout and a part of stderr; an empty part means an empty stream.
#[track_caller]
fn check(folder: &Path, line: &str, status: i32, stdout: &str, stderr: &str) {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let (seen, out, err) = aimock(folder, &arguments);
    assert_eq!(seen, status, "{line}\n{out}\n{err}");
    for (expected, seen) in [(stdout, &out), (stderr, &err)] {
        assert!(if expected.is_empty() { seen.is_empty() } else { seen.contains(expected) }, "{line}: `{expected}`?\n{out}\n{err}");
    }
}

#[test]
fn init_then_lint_is_clean_and_news_fail() {
    let repository = repository(&[("fixtures/a.json", BROAD), ("fixtures/b.json", NARROW), ("package.json", "{}")]);
    let folder = repository.path();
    check(folder, "init", 0, "entry: aimock lint", "wrote aimock-baseline.json: 1 finding of today");
    check(folder, "lint", 0, "", "1 finding known by aimock-baseline.json");
    check(folder, "lint --no-baseline", 1, "shadowed-fixture", "1 warning");
    std::fs::write(folder.join("fixtures/c.json"), NARROW.replace("Oslo", "Rome")).expect("written");
    check(folder, "lint", 1, "fixtures/c.json", "1 finding known");
}

#[test]
fn the_baseline_holds_from_every_folder() {
    let repository = repository(&[("chat/fixtures/a.json", BROAD), ("chat/fixtures/b.json", NARROW)]);
    let folder = repository.path();
    check(folder, "init chat", 0, "entry: aimock lint --config chat/aimock.yaml", "wrote chat/aimock.yaml");
    for (place, line) in [("", "lint --config chat/aimock.yaml"), ("chat", "lint"), ("chat/fixtures", "lint b.json")] {
        check(&folder.join(place), line, 0, "", "1 finding known");
    }
}

#[test]
fn a_second_run_changes_nothing() {
    let repository = repository(&[("fixtures/a.json", BROAD), ("fixtures/b.json", NARROW)]);
    let folder = repository.path();
    check(folder, "init", 0, "repos:", "wrote aimock.yaml");
    std::fs::write(folder.join("aimock.yaml"), "include: fixtures # mine\n").expect("written");
    std::fs::write(folder.join(".aimock/fixture.schema.json"), "{}\n").expect("written");
    let before = tree(folder);
    check(folder, "init", 0, "", "aimock.yaml exists: nothing was changed");
    check(folder, "init --force --dry-run", 0, "matching: contains", "would write aimock.yaml");
    assert_eq!(tree(folder), before);
    check(folder, "init --force", 0, "repos:", "wrote .aimock/fixture.schema.json");
    assert!(!tree(folder)["aimock.yaml"].contains("mine"));
    let before = tree(folder);
    check(folder, "init --force", 0, "repos:", "aimock.yaml is up to date");
    assert_eq!(tree(folder), before);
}

#[test]
fn other_configurations_and_baselines_are_left_alone() {
    let of_the_peer = repository(&[("aimock.json", r#"{ "llm": { "fixtures": "f" } }"#), ("f/a.json", PLAIN)]);
    check(of_the_peer.path(), "init", 0, "", "aimock.json exists: nothing was changed");
    assert_eq!(tree(of_the_peer.path()).len(), 2);

    let known = "{\"version\":1,\"findings\":{}}\n";
    let with_baseline = repository(&[("fixtures/a.json", BROAD), ("fixtures/b.json", NARROW), ("aimock-baseline.json", known)]);
    check(with_baseline.path(), "init", 0, "repos:", "kept aimock-baseline.json");
    let written = tree(with_baseline.path());
    assert_eq!(written["aimock-baseline.json"], known);
    assert!(written["aimock.yaml"].contains("\n  baseline: aimock-baseline.json\n"));

    let outer = repository(&[("aimock.yaml", "include: x\n"), ("inner/fixtures/a.json", PLAIN)]);
    check(&outer.path().join("inner"), "init", 0, "files: ^inner/fixtures/", "holds for this folder too");
}

#[test]
fn a_dry_run_writes_nothing() {
    let repository = repository(&[("fixtures/shared/a.json", BROAD), ("fixtures/d4/b.json", NARROW), ("fixtures/d6/c.json", PLAIN)]);
    let folder = repository.path();
    let before = tree(folder);
    check(folder, "init --dry-run", 0, "  d4: [fixtures/shared, fixtures/d4]", "would write aimock-baseline.json: 1 finding");
    assert_eq!(tree(folder), before);
}

#[test]
fn init_answers_what_it_cannot_use() {
    let repository = repository(&[("file.json", "{}"), ("bad.json", "{")]);
    let folder = repository.path();
    check(folder, "init file.json", 2, "", "`file.json` is no directory");
    check(folder, "init nowhere", 2, "", "`nowhere` is no directory");
    check(folder, "init --config x.yaml", 2, "", "`--config` has no meaning here");
    check(folder, "init", 0, "repos:", "no fixtures are here yet");
    check(folder, "validate", 2, "path-not-found", "0 fixtures");
    std::fs::create_dir(folder.join("fixtures")).expect("a folder");
    std::fs::write(folder.join("fixtures/a.json"), PLAIN).expect("written");
    check(folder, "validate", 0, "", "1 fixture");
}

#[test]
fn errors_in_the_baseline_are_named() {
    let repository = repository(&[("fixtures/a.json", BAD_KEY)]);
    check(repository.path(), "init", 0, "repos:", "fixtures/a.json:1:29: unknown match key `userMesage`");
    check(repository.path(), "lint", 0, "", "1 finding known");
}

/// A hook passes names; the rest of the scope is loaded all the same.
#[test]
fn named_files_choose_findings_and_not_what_is_loaded() {
    let files =
        [("fixtures/a.json", BROAD), ("fixtures/b.json", NARROW), ("fixtures/c.json", PLAIN), ("aimock.yaml", "include: fixtures\n")];
    let with_include = repository(&files);
    let without = repository(&files[..3]);
    let with_scopes = repository(&files[..3]);
    std::fs::write(with_scopes.path().join("aimock.yaml"), "scopes: { all: [fixtures] }\n").expect("written");
    for repository in [&with_include, &without, &with_scopes] {
        let folder = repository.path();
        check(folder, "lint fixtures/b.json", 1, "fixtures/a.json", "1 warning");
        check(
            folder,
            "lint fixtures/b.json fixtures/c.json --format concise",
            1,
            "fixtures/b.json:1:27: warning[shadowed-fixture]",
            "1 warning",
        );
        check(folder, "lint fixtures/a.json fixtures/c.json", 0, "", "0 warnings");
        let absolute = folder.join("fixtures/b.json");
        check(folder, &format!("lint {}", absolute.display()), 1, "shadowed-fixture", "1 warning");
    }
    for repository in [&with_include, &with_scopes] {
        check(&repository.path().join("fixtures"), "lint b.json", 1, "shadowed-fixture", "1 warning");
    }
    // Without a configuration nothing says that the folder above belongs to it.
    check(&without.path().join("fixtures"), "lint b.json", 0, "", "checked 1 file");
}

#[test]
fn named_files_that_are_no_fixtures_are_notes() {
    let manifest = "kind: A\n---\nkind: B\n";
    let repository = repository(&[("package.json", "{}"), ("list.json", "[1]"), ("manifests.yaml", manifest), ("fixtures/a.json", PLAIN)]);
    let folder = repository.path();
    for command in ["lint", "validate"] {
        check(folder, &format!("{command} package.json"), 0, "", "note: skipped package.json");
        check(folder, &format!("{command} package.json list.json manifests.yaml"), 0, "", "note: skipped manifests.yaml");
        check(folder, &format!("{command} package.json fixtures/a.json"), 0, "", "note: skipped package.json");
        check(folder, &format!("{command} *.yaml"), 2, "", "none of these files holds fixtures");
        std::fs::write(folder.join("aimock.yaml"), "include: package.json\n").expect("written");
        check(folder, command, 2, "", "none of these files holds fixtures");
        std::fs::remove_file(folder.join("aimock.yaml")).expect("removed");
    }
}

#[test]
fn fixed_standard_input_is_the_only_data() {
    let repository = repository(&[("aimock.yaml", "matching: contains\n")]);
    let slip = PLAIN.replace("content", "text");
    for (given, expected, status, said) in
        [(PLAIN, PLAIN, 0, ""), (&slip, PLAIN, 0, "fixed 1 finding"), (BAD_KEY, BAD_KEY, 1, "unknown-match-key")]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aimock"));
        command.args(["lint", "-", "--fix", "--stdin-filename", "new.json"]).current_dir(repository.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
        child.stdin.take().expect("a pipe").write_all(given.as_bytes()).expect("read");
        let output = child.wait_with_output().expect("an end");
        assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), output.status.code()), (expected, Some(status)), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(said), "{output:?}");
    }
}

#[test]
fn the_tour_shows_ten_mistakes() {
    let (status, out, _) = aimock(root(), &["lint", "fixtures/tour", "--format", "jsonl"]);
    assert_eq!(status, 1, "{out}");
    for rule in [
        "shadowed-fixture",
        "lost-turn",
        "sequence-behind-plain",
        "tool-loop",
        "unknown-match-key",
        "response-key-slip",
        "finish-reason-mismatch",
        "regex-like-substring",
        "timestamp-in-match",
        "provider-api-key",
    ] {
        let found = out.lines().filter(|line| line.contains(&format!("\"rule\":\"{rule}\""))).count();
        assert_eq!(found, 1, "{rule} in\n{out}");
    }
}

#[test]
fn the_examples_have_no_findings() {
    let shipped = texts("fixtures", &["json", "jsonc", "yaml", "yml"]);
    let examples = shipped.iter().filter(|(path, _)| !path.starts_with("tour")).count();
    assert!(examples >= 6 && examples < shipped.len());
    check(root(), "lint --select strict --fail-on info", 0, "", &format!("checked {examples} files"));
    check(root(), "validate", 0, "", &format!("checked {examples} files"));
}

#[test]
fn the_hook_manifest_names_what_there_is() {
    let manifest: Vec<BTreeMap<String, serde_yaml::Value>> = serde_yaml::from_str(&read(".pre-commit-hooks.yaml")).expect("YAML");
    let text = |hook: &BTreeMap<String, serde_yaml::Value>, key: &str| hook[key].as_str().expect("text").to_owned();
    let ids: Vec<String> = manifest.iter().map(|hook| text(hook, "id")).collect();
    let commands = ["check", "lint", "validate", "normalize"];
    let expected: Vec<String> = commands.iter().flat_map(|command| ["", "-system"].map(|end| format!("aimock-{command}{end}"))).collect();
    assert_eq!(ids, expected);
    for hook in &manifest {
        let id = text(hook, "id");
        let command = id.trim_start_matches("aimock-").trim_end_matches("-system");
        assert_eq!(text(hook, "entry"), format!("aimock {command}"));
        assert_eq!(text(hook, "language"), if id.ends_with("-system") { "system" } else { "rust" });
        assert_eq!(text(hook, "files"), r"\.(jsonc?|ya?ml)$");
        assert_eq!((hook["require_serial"].as_bool(), &hook["types"]), (Some(true), &serde_yaml::from_str("[text]").expect("YAML")));
        check(root(), &format!("{command} --help"), 0, "Usage: aimock", "");
    }
}

#[test]
fn the_hook_tool_is_pinned() {
    let pins = read("tests/clients/pre-commit/requirements.txt");
    for pin in pins.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert!(pin.split_once("==").is_some_and(|(_, version)| !version.is_empty()), "`{pin}` names no exact version");
    }
}
