//! Findings that their authors have allowed.

use super::{Folder, file, fixture};

/// What lint says of a file with these lines behind one that answers every weather.
#[track_caller]
fn check(name: &str, text: &str, status: i32, findings: &[&str]) {
    let findings: Vec<String> = findings.iter().map(|finding| format!("{name}:{finding}")).collect();
    let findings: Vec<&str> = findings.iter().map(String::as_str).collect();
    Folder::new(&[(name, text)]).check(name, status, &findings);
}

/// A shadowed fixture with more members.
fn shadowed(more: &str) -> String {
    file(&[
        &fixture("weather"),
        &format!(r#"{{ {more}"match": {{ "userMessage": "weather in Oslo" }}, "response": {{ "content": "Snow." }} }}"#),
    ])
}

#[test]
fn on_an_entry() {
    check("a.json", &shadowed(r#""$lint": { "allow": ["shadowed-fixture"], "reason": "kept as a note" }, "#), 0, &[]);
    check("a.json", &shadowed(r#""$lint": { "allow": "shadowed-fixture", "reason": "kept as a note" }, "#), 0, &[]);
    let run = Folder::new(&[("a.json", &shadowed(r#""$lint": { "allow": ["shadowed-fixture"], "reason": "a note" }, "#))]).lint("a.json");
    run.ends(0).says("1 finding allowed by annotations");
}

#[test]
fn on_a_file() {
    let text = shadowed("").replacen("{ ", r#"{ "$lint": { "allow": ["shadowed-fixture"], "reason": "kept" }, "#, 1);
    check("a.json", &text, 0, &[]);
}

#[test]
fn in_comments() {
    let jsonc = |comment: &str| shadowed("").replacen("},\n", &format!("}},\n{comment}\n"), 1);
    check("a.jsonc", &jsonc("// aimock-allow: shadowed-fixture: kept as a note"), 0, &[]);
    check("a.jsonc", &jsonc("/* aimock-allow: shadowed-fixture: kept as a note */"), 0, &[]);
    check("a.jsonc", &format!("// aimock-allow: shadowed-fixture: all of it\n{}", shadowed("")), 0, &[]);
    let yaml = |first: &str, before: &str, behind: &str| {
        format!(
            "{first}fixtures:\n  - match: {{ userMessage: weather }}\n    response: {{ content: Sun. }}\n{before}  \
             - match: {{ userMessage: weather in Oslo }}{behind}\n    response: {{ content: Snow. }}\n"
        )
    };
    check("a.yaml", &yaml("", "", ""), 1, &["4:12 shadowed-fixture"]);
    let allow = "# aimock-allow: shadowed-fixture: kept as a note";
    check("a.yaml", &yaml("", &format!("  {allow}\n"), ""), 0, &[]);
    check("a.yaml", &yaml("", "", &format!(" {allow}")), 0, &[]);
    check("a.yaml", &yaml(&format!("{allow}\n"), "", ""), 0, &[]);
}

#[test]
fn one_that_is_of_no_use_is_a_finding() {
    let tool_loop = r#""$lint": { "allow": ["shadowed-fixture", "tool-loop"], "reason": "kept" }, "#;
    check("a.json", &shadowed(tool_loop), 1, &["3:44 unused-allow"]);
    let late = shadowed("").replacen("\n] }", "\n// aimock-allow: shadowed-fixture: too late\n] }", 1);
    // Behind the last entry it covers the whole file.
    check("a.jsonc", &late, 0, &[]);
    let folder = Folder::new(&[("a.json", &shadowed(tool_loop))]);
    folder.check("a.json --ignore tool-loop", 0, &[]);
    folder.check("a.json --ignore unused-allow", 0, &[]);
    let pointer: serde_json::Value = serde_json::from_str(folder.lint("a.json --format jsonl").out.lines().next().unwrap()).unwrap();
    assert_eq!(pointer["pointer"], "/fixtures/1/$lint/allow/1", "{pointer}");
}

#[test]
fn one_of_an_unknown_rule_is_a_finding() {
    let text = shadowed(r#""$lint": { "allow": ["shadowed-fixtures"], "reason": "kept" }, "#);
    check("a.json", &text, 1, &["3:24 unknown-allow", "3:75 shadowed-fixture"]);
    let run = Folder::new(&[("a.json", &text)]).lint("a.json");
    assert!(run.out.contains("did you mean `shadowed-fixture`?"), "{run:#?}");
}

#[test]
fn one_without_a_reason_is_a_finding() {
    let folder = Folder::new(&[("a.json", &shadowed(r#""$lint": { "allow": ["shadowed-fixture"], "reason": " " }, "#))]);
    let found = folder.lint("--format concise --select allow-without-reason,shadowed-fixture a.json").places();
    assert_eq!(found, ["a.json:3:24 allow-without-reason"]);
    let comment = shadowed("").replacen("},\n", "},\n// aimock-allow: shadowed-fixture\n", 1);
    Folder::new(&[("a.jsonc", &comment)]).check(
        "a.jsonc --select allow-without-reason,shadowed-fixture",
        1,
        &["a.jsonc:3:4 allow-without-reason"],
    );
}

#[test]
fn only_the_named_rule_and_the_own_entry_are_covered() {
    let other = file(&[
        &fixture("weather"),
        r#"{ "$lint": { "allow": ["shadowed-fixture"], "reason": "kept" }, "match": { "userMessage": "weather in Oslo" }, "response": { "text": "Snow." } }"#,
        &fixture("weather in Rome"),
    ]);
    check("a.json", &other, 1, &["3:126 response-key-slip", "4:12 shadowed-fixture"]);
}
