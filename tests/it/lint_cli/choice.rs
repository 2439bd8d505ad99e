//! Which rules run, and how bad what they find is.

use super::{Folder, SLIP, file, fixtures};

/// A shadowed fixture in line 3, and one whose text is very short (strict) in line 4.
fn folder() -> Folder {
    Folder::new(&[("fixtures/a.json", &fixtures(&["weather", "weather in Oslo", "hi"]))])
}

const SHADOWED: &str = "fixtures/a.json:3:12 shadowed-fixture";

/// Settings under `lint`.
fn config(folder: &Folder, lint: &str) {
    folder.write("aimock.yaml", format!("include: [fixtures]\nlint: {lint}\n"));
}

#[test]
fn exit_statuses() {
    folder().check("", 1, &[SHADOWED]);
    folder().check("--fail-on error", 0, &[SHADOWED]);
    folder().check("--fail-on never", 0, &[SHADOWED]);
    Folder::new(&[("fixtures/a.json", &fixtures(&["weather"]))]).check("", 0, &[]);
    Folder::new(&[]).lint("").ends(2).says("there is no ./fixtures here");
    folder().lint("fixtures nowhere").ends(2).says("1 error");
    folder().lint("fixtures nowhere --write-baseline").ends(2);
    folder().lint("--selekt x").ends(2).says("--select");
    folder().lint("--config nowhere.yaml").ends(2).says("nowhere.yaml");
}

#[test]
fn rules_are_chosen_by_flag() {
    let short = "fixtures/a.json:4:29 short-substring";
    folder().check("--select short-substring", 1, &[short]);
    folder().check("--select short-substring,shadowed-fixture", 1, &[SHADOWED, short]);
    folder().check("--select reachability", 1, &[SHADOWED]);
    folder().check("--ignore reachability", 0, &[]);
    folder().check("--ignore shadowed-fixture", 0, &[]);
    folder().check("--select strict --ignore shadowed-fixture", 1, &[short]);
    folder().check("--select all --ignore shadowed-fixture --ignore text", 0, &[]);
}

#[test]
fn unknown_names_get_a_suggestion() {
    folder()
        .lint("--select shadowed-fixtures")
        .ends(2)
        .says("no lint rule, category or tier `shadowed-fixtures`; did you mean `shadowed-fixture`?");
    folder().lint("--ignore reachabilty").ends(2).says("did you mean `reachability`?");
    for (lint, words) in [
        ("{ select: [pedantik] }", "did you mean `pedantic`?"),
        ("{ severity: { lost-turns: error } }", "did you mean `lost-turn`?"),
        ("{ perFile: { 'a.json': [tool-lop] } }", "did you mean `tool-loop`?"),
        ("{ perFile: { 'a[': [tool-loop] } }", "`a[` is no glob"),
        ("{ options: { oversized-files: { bytes: 1 } } }", "did you mean `oversized-file`?"),
        ("{ selekt: [all] }", "did you mean `select`?"),
        ("{ severity: { lost-turn: fatal } }", "lost-turn"),
    ] {
        let folder = folder();
        config(&folder, lint);
        folder.lint("").ends(2).says(words);
    }
}

#[test]
fn rules_are_chosen_by_configuration() {
    let check = |lint: &str, arguments: &str, status: i32, findings: &[&str]| {
        let folder = folder();
        config(&folder, lint);
        folder.check(arguments, status, findings);
    };
    let short = "fixtures/a.json:4:29 short-substring";
    check("{ select: [strict] }", "", 1, &[SHADOWED, short]);
    check("{ select: [strict], ignore: [shadowed-fixture] }", "", 1, &[short]);
    check("{ select: [strict] }", "--select default", 1, &[SHADOWED]);
    check("{ ignore: [shadowed-fixture] }", "", 0, &[]);
    // The flag names the rule: what the configuration says of it does not count.
    check("{ ignore: [shadowed-fixture] }", "--select shadowed-fixture", 1, &[SHADOWED]);
    check("{ severity: { shadowed-fixture: off } }", "--select shadowed-fixture", 1, &[SHADOWED]);
    check("{ severity: { shadowed-fixture: off } }", "", 0, &[]);
    check("{ severity: { shadowed-fixture: info } }", "", 0, &[SHADOWED]);
    check("{ severity: { shadowed-fixture: info } }", "--fail-on info", 1, &[SHADOWED]);
    check("{ severity: { shadowed-fixture: error } }", "--fail-on error", 1, &[SHADOWED]);
    check(
        "{ options: { too-many-fixtures: { fixtures: 2 } } }",
        "--select too-many-fixtures --fail-on info",
        1,
        &["fixtures/a.json:1:3 too-many-fixtures"],
    );
}

#[test]
fn the_loaders_rules_are_settled_too() {
    let folder =
        Folder::new(&[("fixtures/a.json", r#"{ "fixtures": [{ "match": { "userMessage": "a" }, "response": { "content": "" } }] }"#)]);
    let found = folder.lint("--format concise --fail-on info").ends(1).places();
    assert_eq!(found, ["fixtures/a.json:1:76 empty-content"]);
    folder.check("--ignore empty-content --fail-on info", 0, &[]);
    config(&folder, "{ severity: { empty-content: error } }");
    folder.check("--fail-on error", 1, &["fixtures/a.json:1:76 empty-content"]);
    config(&folder, "{ perFile: { 'fixtures/*.json': [empty-content] } }");
    folder.check("--fail-on info", 0, &[]);
}

#[test]
fn rules_are_switched_off_for_files() {
    let two = fixtures(&["weather", "weather in Oslo"]);
    let check = |glob: &str, findings: &[&str]| {
        let folder = Folder::new(&[("fixtures/a.json", &two), ("fixtures/old/b.json", &file(&[SLIP])), ("sub/notes.txt", "")]);
        config(&folder, &format!("{{ perFile: {{ '{glob}': [shadowed-fixture, response-key-slip] }} }}"));
        let both = |run: super::Run| run.places().iter().map(|place| place.rsplit_once(':').unwrap().0.to_owned()).collect::<Vec<_>>();
        let found = both(folder.lint("--format concise"));
        assert_eq!(found, findings, "{glob}");
        // From a folder below, and by names of another writing, it is the same.
        let below: Vec<String> = findings.iter().map(|place| format!("../{place}")).collect();
        assert_eq!(both(folder.run_in("sub", "lint --format concise", "")), below, "{glob} from below");
        let absolute = format!("lint --format concise {}", folder.path("fixtures").display());
        assert_eq!(both(folder.run_in("", &absolute, "")).len(), findings.len(), "{glob} by absolute names");
    };
    let folder = |glob: &str, findings: &[&str]| check(glob, findings);
    folder("fixtures/a.json", &["fixtures/old/b.json:2"]);
    folder("./fixtures/a.json", &["fixtures/old/b.json:2"]);
    folder("fixtures/old", &["fixtures/a.json:3"]);
    folder("fixtures/old/**", &["fixtures/a.json:3"]);
    folder("**/b.json", &["fixtures/a.json:3"]);
    folder("b.json", &["fixtures/a.json:3"]);
    folder("old/", &["fixtures/a.json:3"]);
    folder("fixtures/*.json", &["fixtures/old/b.json:2"]);
    folder("*.yaml", &["fixtures/a.json:3", "fixtures/old/b.json:2"]);
}
