//! Registries are complete: a file that offers an entry is listed by its folder, and is named after its entry. And every
//! module opens by saying what it is.

use std::fmt::Write;
use std::path::Path;

use crate::repository::{home, sources};

/// The statics that are entries, and the folders of sources in which every file must offer one (apart from `mod.rs`
/// and tests). Elsewhere such a static must be registered too, but helpers may stand beside it.
const ENTRIES: &[(&str, &[&str])] = &[
    ("CRITERION", &["matcher/criteria"]),
    ("PROVIDER", &[]),
    ("FORMAT", &[]),
    ("RULE", &[]),
    ("PASS", &["normalize/passes"]),
    ("TRANSFORM", &[]),
];

#[test]
fn every_entry_is_registered() {
    let mut trouble = String::new();
    let files = sources();
    for (path, text) in &files {
        for (entry, _) in ENTRIES.iter().filter(|(entry, _)| offers(text, entry)) {
            let (folder, name) = (path.parent().expect("has a folder"), stem(path));
            let registry = files.iter().find(|(path, _)| path.as_path() == folder.join("mod.rs"));
            let registered = registry.is_some_and(|(_, text)| registers(text, &name, entry));
            if !registered {
                let _ = writeln!(trouble, "{}: `&{name}::{entry}` is missing in that folder's mod.rs", home(path).display());
            }
        }
    }
    assert!(trouble.is_empty(), "{trouble}");
}

#[test]
fn registry_folders_hold_entries_only() {
    let mut trouble = String::new();
    for (path, text) in sources() {
        for (entry, folders) in ENTRIES {
            let strict = folders.iter().any(|folder| path.parent() == Some(Path::new(folder)));
            if strict && !is_exempt(&path) && !offers(&text, entry) {
                let _ = writeln!(trouble, "{} offers no `{entry}`", home(&path).display());
            }
        }
    }
    assert!(trouble.is_empty(), "{trouble}");
}

#[test]
fn entries_are_named_after_their_files() {
    let mut trouble = String::new();
    for (path, text) in sources() {
        for entry in ["CRITERION", "RULE", "PASS", "TRANSFORM"].iter().filter(|entry| offers(&text, entry)) {
            let name = entry_name(&text, entry).unwrap_or_default();
            if snake(&name) != stem(&path) {
                let _ = writeln!(trouble, "{} offers `{name}`", home(&path).display());
            }
        }
    }
    assert!(trouble.is_empty(), "file and entry have different names:\n{trouble}");
}

#[test]
fn every_module_opens_with_what_it_is() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|(path, text)| !(is_exempt_from_docs(path) || text.starts_with("//! ")))
        .map(|(path, _)| home(path).display().to_string())
        .collect();
    assert!(silent.is_empty(), "no `//!` at the top of {silent:?}");
}

/// Whether a file defines this static.
fn offers(text: &str, entry: &str) -> bool {
    text.lines().any(|line| line.starts_with("pub") && line.contains(&format!(" static {entry}:")))
}

/// Whether a `mod.rs` declares the module and lists its entry.
fn registers(text: &str, name: &str, entry: &str) -> bool {
    let declared = text.lines().any(|line| {
        line.trim_start_matches("pub ").trim_start_matches("pub(super) ").trim_start_matches("pub(crate) ") == format!("mod {name};")
    });
    let listed = format!("&{name}::{entry}");
    let complete = text.match_indices(&listed).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + listed.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    });
    declared && complete
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The value of the first `key: "…"` or `name: "…"` after the static.
fn entry_name(text: &str, entry: &str) -> Option<String> {
    let (_, body) = text.split_once(&format!(" static {entry}:"))?;
    let line = body.lines().find(|line| line.trim_start().starts_with("key: \"") || line.trim_start().starts_with("name: \""))?;
    line.split('"').nth(1).map(str::to_owned)
}

/// `toolName` and `tool-name` become `tool_name`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        match letter {
            '-' => snake.push('_'),
            _ if letter.is_uppercase() => snake.extend(std::iter::once('_').chain(letter.to_lowercase())),
            _ => snake.push(letter),
        }
    }
    snake
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn is_exempt(path: &Path) -> bool {
    matches!(stem(path).as_str(), "mod" | "tests")
}

/// The program's entry point, and tests beside the module that they test.
fn is_exempt_from_docs(path: &Path) -> bool {
    path == Path::new("main.rs") || path.ends_with("tests.rs")
}

#[test]
fn a_forgotten_entry_would_be_noticed() {
    assert!(offers("pub(super) static RULE: Rule = Rule {", "RULE"));
    assert!(!offers("pub(super) static RULES: &[&Rule] = &[];\n// static RULE: x", "RULE"));
    let registry = "mod one;\npub mod two;\nmod three;\nstatic ALL: &[&Rule] = &[&one::RULE, &two::RULE, &three::RULES];";
    assert!(registers(registry, "one", "RULE"));
    assert!(registers(registry, "two", "RULE"));
    assert!(!registers(registry, "three", "RULE"), "another static");
    assert!(!registers(registry, "four", "RULE"), "not there at all");
    assert!(!registers("static ALL: &[&Rule] = &[&one::RULE];", "one", "RULE"), "not declared");
}

#[test]
fn names_are_compared_in_one_case() {
    assert_eq!((snake("toolResultContains").as_str(), snake("unused-allow").as_str()), ("tool_result_contains", "unused_allow"));
    assert_eq!(entry_name("pub static RULE: Rule = Rule {\n    name: \"a-b\",\n}", "RULE").as_deref(), Some("a-b"));
    assert_eq!(entry_name("pub static PASS: Pass = Pass {}", "RULE"), None);
}
