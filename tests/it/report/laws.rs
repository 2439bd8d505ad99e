//! What holds for every report: order, width, colours, escapes, schemas.

use std::collections::BTreeSet;

use aimock::cli::Status;
use aimock::cli::report::FORMATS;
use serde_json::Value;
use snapbox::file;

use super::*;

#[test]
fn text_counts_what_is_too_much() {
    let many: Vec<Diagnostic> = (0..1057).map(|index| Diagnostic { message: format!("finding {index:04}"), ..unknown_key() }).collect();
    let output = written("text", &many, &[], PLAIN);
    assert_eq!(output.matches("error[unknown-key]").count(), 20);
    assert!(output.ends_with("\n\n... and 1,037 more `unknown-key`; --format concise shows all\n"), "{output}");
    let all = written("text", &many, &[], Style { per_rule_limit: None, ..PLAIN });
    assert_eq!(all.matches("error[unknown-key]").count(), 1057);
    for format in FORMATS.iter().filter(|format| format.name != "text") {
        assert!(written(format.name, &many, &[], PLAIN).contains("finding 1056"), "{} shows all", format.name);
    }
}

#[test]
fn the_order_of_findings_does_not_matter() {
    let there: Vec<Diagnostic> = [unknown_key(), shadowed(), duplicate(), long_line(), hostile()].into_iter().chain(secrets()).collect();
    let back: Vec<Diagnostic> = there.iter().rev().cloned().collect();
    for format in FORMATS {
        assert_eq!(written(format.name, &there, &[], PLAIN), written(format.name, &back, &[], PLAIN), "{}", format.name);
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    let found = [unknown_key(), shadowed(), hostile()];
    let coloured = written("text", &found, &[], Style { color: true, ..PLAIN });
    assert!(coloured.contains("\u{1b}["));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), written("text", &found, &[], PLAIN));
}

#[test]
fn no_line_is_wider_than_the_screen() {
    let found: Vec<Diagnostic> = [unknown_key(), shadowed(), duplicate(), long_line(), hostile()].into_iter().chain(secrets()).collect();
    for width in [40, 60, 80, 100, 140] {
        for line in written("text", &found, &[], Style { width, ..PLAIN }).lines() {
            let columns = unicode_width::UnicodeWidthStr::width(line);
            // A heading and a place are words that must stay whole.
            assert!(columns <= width || line.contains("-->") || !line.trim().contains(' '), "{columns} > {width}: {line}");
        }
    }
}

#[test]
fn what_counts_is_asked_for() {
    let status = |severity, fail_on| {
        let findings = [Diagnostic { severity, ..unknown_key() }];
        Report { findings: &findings, fail_on, ..Report::default() }.status()
    };
    assert_eq!(status(Severity::Warning, Some(Severity::Warning)), Status::Findings);
    assert_eq!(status(Severity::Warning, Some(Severity::Error)), Status::Clean);
    assert_eq!(status(Severity::Info, Some(Severity::Info)), Status::Findings);
    assert_eq!(status(Severity::Error, None), Status::Clean);
}

#[test]
fn json_keeps_to_its_schema() {
    let schema = report::schema();
    let document = jsonschema::validator_for(&schema).unwrap();
    let mut of_line = schema.clone();
    of_line.as_object_mut().unwrap().retain(|key, _| key == "$schema" || key == "$defs");
    of_line["$ref"] = "#/$defs/Line".into();
    let line = jsonschema::validator_for(&of_line).unwrap();
    for findings in [everything(), Vec::new()] {
        let value: Value = serde_json::from_str(&written("json", &findings, &outcomes(), PLAIN)).unwrap();
        assert_eq!(value["findings"].as_array().unwrap().len(), findings.len());
        document.validate(&value).unwrap();
        for text in written("jsonl", &findings, &outcomes(), PLAIN).lines() {
            line.validate(&serde_json::from_str(text).unwrap()).unwrap();
        }
    }
    let mut wrong: Value = serde_json::from_str(&written("json", &everything(), &[], PLAIN)).unwrap();
    wrong["findings"][0]["line"] = "three".into();
    assert!(!document.is_valid(&wrong));
    assert!(!document.is_valid(&serde_json::json!({ "version": 1 })));
    assert!(!line.is_valid(&serde_json::json!({ "type": "gossip" })));
}

#[test]
fn the_published_schema_is_fresh() {
    let schema = serde_json::to_string_pretty(&report::schema()).unwrap() + "\n";
    assert_data_eq!(schema, file!["../../../schemas/report.schema.json"].raw());
}

/// The rules of SARIF 2.1.0 that its consumers refuse a log for (OASIS, sections 3.19, 3.27 to 3.30, 3.49, 3.55).
#[test]
fn sarif_holds_its_rules() {
    let log: Value = serde_json::from_str(&written("sarif", &everything(), &outcomes(), PLAIN)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), everything().len());
    let mut prints = BTreeSet::new();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert!(prints.insert(result["partialFingerprints"]["aimock/v1"].as_str().unwrap()), "fingerprints differ");
        let related = result["relatedLocations"].as_array().into_iter().flatten();
        for location in result["locations"].as_array().unwrap().iter().chain(related) {
            check_place(&location["physicalLocation"]);
        }
        for change in result["fixes"].as_array().into_iter().flatten().flat_map(|fix| fix["artifactChanges"].as_array().unwrap()) {
            check_uri(&change["artifactLocation"]);
            assert!(!change["replacements"].as_array().unwrap().is_empty());
        }
    }
}

fn check_place(place: &Value) {
    check_uri(&place["artifactLocation"]);
    let number = |key: &str| place["region"][key].as_u64().unwrap();
    let (start, end) = ((number("startLine"), number("startColumn")), (number("endLine"), number("endColumn")));
    assert!(start.0 >= 1 && start.1 >= 1 && end >= start, "{place}");
}

fn check_uri(artifact: &Value) {
    let uri = artifact["uri"].as_str().unwrap();
    assert!(uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%!$&'()*+,;=@".contains(&byte)), "{uri}");
    assert_eq!(artifact["uriBaseId"], "%SRCROOT%");
}

#[test]
fn names_become_uris() {
    let sarif = written("sarif", &everything(), &[], PLAIN);
    assert!(sarif.contains(r#""uri": "lang/gr%C3%B6%C3%9Fe.json""#), "{sarif}");
    assert!(sarif.contains(r#""uri": "ev%3Ail,%1B%5D0;%25.json""#), "{sarif}");
}

/// XML 1.0 as far as we write it: one root, tags that close, quoted attributes, no bare `<`, `&` or control character.
#[test]
fn junit_is_well_formed() {
    for findings in [everything(), Vec::new()] {
        let xml = written("junit", &findings, &outcomes(), PLAIN);
        assert!(!xml.chars().any(|c| c.is_control() && c != '\n'), "{xml}");
        let mut open = Vec::new();
        let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
        for piece in body.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').unwrap();
            assert!(!text.contains('>') && entities_only(text), "{text}");
            assert!(tag.matches('"').count() % 2 == 0 && entities_only(tag), "{tag}");
            let name = tag.trim_end_matches('/').split(' ').next().unwrap();
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None if tag.ends_with('/') => {}
                None => open.push(name),
            }
        }
        assert!(open.is_empty());
    }
}

fn entities_only(text: &str) -> bool {
    text.split('&').skip(1).all(|rest| ["amp;", "lt;", "gt;", "quot;", "apos;"].iter().any(|entity| rest.starts_with(entity)))
}

#[test]
fn github_commands_are_one_line_each() {
    let output = written("github", &everything(), &[], PLAIN);
    assert_eq!(output.lines().count(), everything().len());
    for line in output.lines() {
        let (properties, _) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (_, properties) = properties.split_once(' ').unwrap();
        assert!(properties.split(',').all(|property| property.matches('=').count() == 1 && !property.contains(':')), "{line}");
    }
}

#[test]
fn a_huge_line_costs_little() {
    let cost = |item: &str| {
        let file = source(0, "huge.json", &format!("[{}]", item.repeat(400_000)));
        let label =
            |at: usize| Label { source: Arc::clone(&file), span: Span::new(at, at + 9), pointer: String::new(), note: Cow::Borrowed("") };
        let findings: Vec<Diagnostic> = (0..500).map(|n| Diagnostic::new("r", Severity::Error, "m", label(2 + n * 12_800))).collect();
        let started = std::time::Instant::now();
        for format in FORMATS {
            assert!(written(format.name, &findings, &[], Style { per_rule_limit: None, ..PLAIN }).len() < 4_000_000, "{}", format.name);
        }
        started.elapsed()
    };
    let (lines, line) = (cost("{\"content\": 1},\n"), cost("{\"content\": 1}, "));
    // Whoever went through the line for each finding would need thousands of times as long.
    assert!(line < lines * 50, "{line:?} for one line, {lines:?} for many");
}
