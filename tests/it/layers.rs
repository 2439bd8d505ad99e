//! Who may import whom. The table below is the house's floor plan: a module imports only from rooms that stand earlier
//! in it, and of these only the ones named. Read from the source text, so that a forbidden path fails even when the
//! compiler would accept it.

use std::fmt::Write;
use std::path::Path;

use crate::repository::{home, sources};

/// Each top module with the modules it may import. `*` is every earlier one. Between packages the compiler sees to it as well.
const LAYERS: &[(&str, &[&str])] = &[
    // crates/core
    ("exchange", &[]),
    ("wire", &[]),
    ("diagnostic", &[]),
    ("document", &["diagnostic"]),
    ("secrets", &[]),
    ("transform", &["exchange", "secrets"]),
    ("matcher", &["exchange"]),
    // crates/formats
    ("files", &["diagnostic"]),
    ("shape", &["diagnostic", "document", "matcher", "transform"]),
    ("fixture", &["exchange", "diagnostic", "document", "matcher", "shape", "transform"]),
    ("config", &["diagnostic", "document", "fixture", "matcher", "shape", "transform"]),
    ("provider", &["exchange", "wire"]),
    ("normalize", &["exchange", "diagnostic", "document", "secrets", "matcher", "shape", "fixture", "transform"]),
    ("expect", &["exchange", "matcher", "fixture"]),
    ("record", &["exchange", "wire", "secrets", "matcher", "fixture", "transform", "provider", "normalize"]),
    // crates/server
    ("engine", &["exchange", "wire", "matcher", "fixture", "transform"]),
    ("server", &["exchange", "wire", "files", "secrets", "matcher", "fixture", "transform", "provider", "expect", "engine", "record"]),
    // crates/cli
    ("schema", &["diagnostic", "document", "fixture"]),
    (
        "lint",
        &[
            "exchange",
            "wire",
            "diagnostic",
            "document",
            "secrets",
            "matcher",
            "shape",
            "fixture",
            "provider",
            "transform",
            "normalize",
            "schema",
        ],
    ),
    ("diff", &["exchange", "diagnostic", "document", "matcher", "shape", "fixture", "transform", "normalize"]),
    ("convert", &["exchange", "wire", "diagnostic", "document", "secrets", "matcher", "fixture", "provider"]),
    ("cli", &["*"]),
    ("reference", &["*"]),
];

/// Files outside `server` that may be async: the commands that start it.
const ASYNC_COMMANDS: &[&str] = &["cli/serve.rs", "cli/record.rs"];

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut trouble = String::new();
    for (file, text) in sources() {
        for (line, module) in imports(&file, &text) {
            if !allowed(&file, &module) {
                let _ = writeln!(trouble, "{}:{line} imports `{module}`", home(&file).display());
            }
        }
    }
    assert!(trouble.is_empty(), "not in the table of tests/it/layers.rs:\n{trouble}");
}

#[test]
fn every_module_has_its_place_in_the_table() {
    for (file, _) in sources() {
        if let Some(module) = top(&file) {
            assert!(place(&module).is_some(), "{} belongs to no layer of tests/it/layers.rs", home(&file).display());
        }
    }
}

#[test]
fn the_table_looks_back_only() {
    for (index, (module, may)) in LAYERS.iter().enumerate() {
        for name in may.iter().filter(|name| **name != "*") {
            assert!(place(name).is_some_and(|place| place < index), "`{module}` may import `{name}`, which is not earlier in the table");
        }
    }
}

#[test]
fn only_the_server_is_async() {
    let mut trouble = String::new();
    for (file, text) in sources() {
        let free = top(&file).as_deref() == Some("server") || ASYNC_COMMANDS.iter().any(|name| file == Path::new(name)) || is_test(&file);
        for (number, line) in code(&text).filter(|_| !free) {
            if ["async fn", "async move", "async {", ".await", "tokio::"].iter().any(|word| line.contains(word)) {
                let _ = writeln!(trouble, "{}:{number} {}", home(&file).display(), line.trim());
            }
        }
    }
    assert!(trouble.is_empty(), "async code outside `server`:\n{trouble}");
}

/// Whether this file may name this module. Unit tests may use everything that stands earlier than their module.
fn allowed(file: &Path, module: &str) -> bool {
    let Some(own) = top(file) else { return true };
    let Some((place, target)) = place(&own).zip(place(module)) else { return false };
    let may = LAYERS[place].1;
    place == target || may.contains(&module) || (target < place && (may == ["*"] || is_test(file)))
}

fn place(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(name, _)| *name == module)
}

/// The module right below the crate that a file belongs to; none for `lib.rs` and `main.rs`.
fn top(file: &Path) -> Option<String> {
    let first = file.iter().next()?.to_string_lossy();
    let name = first.strip_suffix(".rs").unwrap_or(&first);
    (!matches!(name, "lib" | "main")).then(|| name.to_owned())
}

fn is_test(file: &Path) -> bool {
    file.iter().any(|part| part == "tests" || part == "tests.rs" || part == "laws.rs")
}

/// How many `super` lead from this file to the crate.
fn depth(file: &Path) -> usize {
    let parts = file.iter().count();
    if file.ends_with("mod.rs") || file.iter().count() == 0 { parts - 1 } else { parts }
}

/// Lines of code with their numbers: comments are left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Every top module that a file names, with the line: by `crate::x`, by `crate::{x, y}` over any number of lines, or by
/// as many `super::` as lead to the crate.
fn imports(file: &Path, text: &str) -> Vec<(usize, String)> {
    let mut joined = String::new();
    let mut starts = Vec::new();
    for (number, line) in code(text) {
        starts.push((joined.len(), number));
        joined.push_str(line);
        joined.push('\n');
    }
    let climb = "super::".repeat(depth(file));
    let mut found = Vec::new();
    for root in ["crate::", climb.as_str()] {
        for (at, _) in joined.match_indices(root) {
            let before = joined[..at].chars().next_back();
            if root.is_empty() || before.is_some_and(|letter| letter.is_alphanumeric() || "_:$".contains(letter)) {
                continue;
            }
            let line = starts.iter().rev().find(|(start, _)| *start <= at).map_or(0, |(_, number)| *number);
            found.extend(heads(&joined[at + root.len()..]).into_iter().map(|name| (line, name)));
        }
    }
    found
}

/// The first names of a path: one, or those of a group in braces.
fn heads(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![identifier(path)].into_iter().filter(|name| is_module(name)).collect();
    };
    let mut names = Vec::new();
    let mut level = 1;
    let mut rest = group;
    let mut fresh = true;
    while let Some(letter) = rest.chars().next().filter(|_| level > 0) {
        if fresh && (letter.is_alphabetic() || letter == '_') {
            names.push(identifier(rest));
        }
        match letter {
            '{' => level += 1,
            '}' => level -= 1,
            _ => {}
        }
        fresh = level == 1
            && (letter == ',' || (fresh && letter.is_whitespace()) || (fresh && rest.len() == group.len() && letter.is_whitespace()));
        rest = &rest[letter.len_utf8()..];
    }
    names.retain(|name| is_module(name));
    names
}

fn identifier(path: &str) -> String {
    path.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// Modules are lower case; macros of the crate's root have their own spelling (`crate::name!`), which does not matter
/// here, since they would be named like their module.
fn is_module(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_lowercase()) && name != "self" && name != "super"
}

#[track_caller]
fn check_imports(file: &str, text: &str, expected: &[&str]) {
    let names: Vec<String> = imports(Path::new(file), text).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, expected, "{file}: {text}");
}

#[test]
fn imports_are_found_however_they_are_written() {
    check_imports("a/b.rs", "use crate::matcher::Match;", &["matcher"]);
    check_imports("a/b.rs", "fn f() -> crate::exchange::Reply { crate::fixture::x() }", &["exchange", "fixture"]);
    check_imports("a/b.rs", "use crate::{engine, fixture::{Pace, timing}, server};", &["engine", "fixture", "server"]);
    check_imports("a/b.rs", "use crate::{\n    engine,\n    fixture::{Pace,\n        timing},\n};", &["engine", "fixture"]);
    check_imports("a/b.rs", "// use crate::cli;\n/// [`crate::cli`]\nuse crate::files;", &["files"]);
    check_imports("a/b.rs", "use super::super::server::run;", &["server"]);
    check_imports("a/b.rs", "use super::sibling::run;", &[]);
    check_imports("a/mod.rs", "use super::server::run;", &["server"]);
    check_imports("a.rs", "use super::server::run;", &["server"]);
    check_imports("a/b.rs", "use other_crate::server; use crate::Type;", &[]);
}

#[track_caller]
fn check_allowed(file: &str, module: &str, expected: bool) {
    assert_eq!(allowed(Path::new(file), module), expected, "{file} / {module}");
}

#[test]
fn the_table_is_enforced() {
    check_allowed("matcher/table.rs", "exchange", true);
    check_allowed("matcher/table.rs", "fixture", false);
    check_allowed("provider/openai_chat.rs", "fixture", false);
    check_allowed("document/node.rs", "diagnostic", true);
    check_allowed("fixture/load.rs", "document", true);
    check_allowed("fixture/load.rs", "provider", false);
    check_allowed("cli/serve.rs", "server", true);
    check_allowed("server/mod.rs", "cli", false);
    check_allowed("cli/mod.rs", "reference", false);
    check_allowed("engine/tests.rs", "diagnostic", true);
    check_allowed("engine/tests.rs", "server", false);
    check_allowed("engine/plan.rs", "diagnostic", false);
    check_allowed("engine/plan.rs", "nowhere", false);
}
