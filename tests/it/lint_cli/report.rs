//! How findings are told.

use super::{Folder, SLIP, file, fixture, fixtures};

/// One fixture in the way of 25, and one in the way of 2.
fn crowded() -> Folder {
    let mut texts: Vec<String> = vec!["weather".to_owned(), "sun".to_owned(), "sun in Rome".to_owned(), "sun in Oslo".to_owned()];
    texts.extend((10..35).map(|number| format!("weather number {number}")));
    Folder::new(&[("a.json", &fixtures(&texts.iter().map(String::as_str).collect::<Vec<_>>()))])
}

#[test]
fn text_shows_twenty_a_rule_and_names_the_culprits() {
    let run = crowded().lint("a.json");
    run.ends(1);
    assert_eq!(run.out.matches("warning[shadowed-fixture]").count(), 20);
    assert!(run.out.contains("... and 7 more `shadowed-fixture`; --format concise shows all"), "{run:#?}");
    let said: Vec<&str> = run.err.lines().collect();
    assert_eq!(
        said,
        [
            "checked 1 file, 29 fixtures: 0 errors, 27 warnings",
            "  a.json#0 is in the way of 25",
            "  a.json#1 is in the way of 2",
            "2 fixtures cause 27 findings"
        ]
    );
    assert_eq!(crowded().lint("a.json --verbose").out.matches("warning[shadowed-fixture]").count(), 27);
    assert_eq!(crowded().lint("a.json --quiet").err, "");
    let one = Folder::new(&[("a.json", &fixtures(&["sun", "sun in Rome", "sun in Oslo"]))]).lint("a.json");
    assert_eq!(one.err.lines().last(), Some("1 fixture causes 2 findings"));
}

#[test]
fn statistics_count() {
    let folder = Folder::new(&[("a.json", &file(&[&fixture("sun"), &fixture("sun in Rome"), &fixture("sun in Oslo"), SLIP]))]);
    let run = folder.lint("a.json --statistics");
    assert_eq!(run.ends(1).out, "     2  shadowed-fixture\n     1  response-key-slip  (1 fixable)\n");
    let clean = Folder::new(&[("a.json", &fixtures(&["sun"]))]).lint("a.json --statistics");
    assert_eq!(clean.ends(0).out, "");
}

#[test]
fn all_formats_tell_of_the_same_findings() {
    let folder = Folder::new(&[
        ("a.json", &file(&[&fixture("sun"), &fixture("sun in Rome"), SLIP])),
        ("b.json", "{ \"fixtures\": ["),
        ("c.yaml", "fixtures:\n  - match: { userMessage: sun in \"<&>\u{1b}[31m\" }\n    response: { text: b }\n"),
    ]);
    let out = |format: &str| folder.lint(&format!(". --format {format}")).ends(1).out.clone();
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let length = |value: &serde_json::Value| value.as_array().unwrap().len();
    let expected = out("concise").lines().count();
    assert!(expected >= 4);
    assert_eq!(length(&json(&out("json"))["findings"]), expected);
    let lines: Vec<serde_json::Value> = out("jsonl").lines().map(json).collect();
    assert_eq!(lines.iter().filter(|line| line.get("rule").is_some()).count(), expected);
    assert_eq!(out("github").lines().filter(|line| line.starts_with("::")).count(), expected);
    assert_eq!(length(&json(&out("gitlab"))), expected);
    assert_eq!(length(&json(&out("sarif"))["runs"][0]["results"]), expected);
    assert_eq!(out("junit").matches("<failure").count(), expected);
    let text = out("text");
    assert_eq!(text.lines().filter(|line| line.starts_with("error[") || line.starts_with("warning[")).count(), expected);
    for format in ["text", "concise", "json", "jsonl", "github", "gitlab", "sarif", "junit"] {
        assert!(!out(format).contains('\u{1b}'), "{format}");
        assert_eq!(out(format), out(format), "{format}");
    }
}

#[test]
fn json_has_whatever_a_tool_needs() {
    let folder = Folder::new(&[("a.json", &file(&[&fixture("sun"), &fixture("sun in Rome"), SLIP]))]);
    let run = folder.lint("a.json --format json");
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    for finding in report["findings"].as_array().unwrap() {
        for key in ["rule", "severity", "file", "line", "column", "pointer", "message", "help", "fingerprint"] {
            assert!(!finding[key].is_null(), "no {key} in {finding:#}");
        }
    }
    let schema = serde_json::from_str(&folder.run_in("", "schema report", "").out).unwrap();
    assert!(jsonschema::is_valid(&schema, &report));
}

#[test]
fn every_rule_has_a_page() {
    let folder = Folder::new(&[]);
    let list = folder.run_in("", "explain", "");
    for name in aimock::lint::rule_names() {
        let run = folder.run_in("", &format!("explain {name}"), "");
        assert!(run.ends(0).out.starts_with(&format!("## {name}\n")) && run.out.len() > name.len() + 40, "{run:#?}");
        assert!(list.out.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))), "{name} is not listed");
    }
    for rule in aimock::lint::ALL {
        let page = folder.run_in("", &format!("explain {}", rule.name), "").out;
        assert!(page.contains("Bad:") && page.contains("Good:") && page.contains(rule.tier.name()), "{page}");
    }
    folder.run_in("", "explain shadowed-fixtures", "").ends(2).says("did you mean `shadowed-fixture`?");
}
