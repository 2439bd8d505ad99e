//! Reports as they are printed: each format with nothing, with one finding, across files, and with hostile input.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]

mod edges;
mod formats;
mod laws;

use std::borrow::Cow;
use std::sync::Arc;

use aimock::cli::report::{self, FileOutcome, Report, RuleInfo, Style};
use aimock::diagnostic::{Diagnostic, Edit, Fix, Label, Safety, Severity, Source, SourceId, Span};
use snapbox::{IntoData, assert_data_eq};

const PLAIN: Style = Style { color: false, width: 100, per_rule_limit: Some(20) };
const NARROW: Style = Style { color: false, width: 60, per_rule_limit: Some(20) };

fn source(id: u32, name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source::new(SourceId(id), name, text))
}

/// The label of the first place where `text` stands.
#[track_caller]
fn at(source: &Arc<Source>, text: &str, pointer: &str, note: &'static str) -> Label {
    let start = source.text().find(text).unwrap();
    let span = Span::new(start, start + text.len());
    Label { source: Arc::clone(source), span, pointer: pointer.to_owned(), note: Cow::Borrowed(note) }
}

/// The files of a run: two with fixtures, one without.
fn outcomes() -> Vec<FileOutcome> {
    let checked = |name: &str, fixtures| FileOutcome { name: name.to_owned(), fixtures, skipped: None };
    let reason = Some("a package manifest, not fixtures".to_owned());
    vec![
        checked("a/general.json", 1),
        checked("fixtures/weather.json", 2),
        FileOutcome { name: "package.json".to_owned(), fixtures: 0, skipped: reason },
    ]
}

fn written(format: &str, findings: &[Diagnostic], files: &[FileOutcome], style: Style) -> String {
    let report = Report { findings, files, rules: RULES, fail_on: Some(Severity::Warning) };
    let mut out = Vec::new();
    report::write(report::format(format).unwrap(), &report, &mut out, style).unwrap();
    String::from_utf8(out).unwrap()
}

/// What a format prints at 100 columns, byte for byte.
#[track_caller]
fn check(format: &str, findings: &[Diagnostic], expected: impl IntoData) {
    assert_data_eq!(written(format, findings, &outcomes(), PLAIN), expected.raw());
}

/// What `text` prints at 60 columns.
#[track_caller]
fn narrow(findings: &[Diagnostic], expected: impl IntoData) {
    assert_data_eq!(written("text", findings, &[], NARROW), expected.raw());
}

static RULES: &[RuleInfo] = &[
    RuleInfo {
        name: "unknown-key",
        summary: "a match key that does not exist",
        why: "a misspelt key would match everything",
        severity: Severity::Error,
    },
    RuleInfo { name: "shadowed-fixture", summary: "fixture can never be served", why: "", severity: Severity::Warning },
];

const WEATHER: &str = r#"{
  "fixtures": [
    { "match": { "usermessage": "Oslo" }, "response": { "content": "rain" } }
  ]
}
"#;

/// A key that does not exist, with a cure.
fn unknown_key() -> Diagnostic {
    let file = source(0, "fixtures/weather.json", WEATHER);
    let label = at(&file, "\"usermessage\"", "/fixtures/0/match/usermessage", "");
    let edits = vec![Edit { span: label.span, text: "\"userMessage\"".to_owned() }];
    Diagnostic::new("unknown-key", Severity::Error, "`match` has no key `usermessage`", label)
        .because("a fixture with a key nobody reads would match every request, so this one matches none")
        .advise("did you mean `userMessage`?")
        .fixed_by(Fix { safety: Safety::Safe, title: Cow::Borrowed("rename it to `userMessage`"), edits })
}

/// A fixture behind another one in another file.
fn shadowed() -> Diagnostic {
    let first = source(1, "a/general.json", "{ \"fixtures\": [\n  { \"match\": {}, \"response\": { \"content\": \"hello\" } }\n] }\n");
    let padding = "\n".repeat(120);
    let second = source(
        2,
        "b/oslo.json",
        &format!(
            "{{ \"fixtures\": [{padding}  {{\n    \"match\": {{ \"userMessage\": \"Oslo\" }},\n    \"response\": {{ \"content\": \"rain\" }}\n  }}\n] }}\n"
        ),
    );
    let whole = "{\n    \"match\": { \"userMessage\": \"Oslo\" },\n    \"response\": { \"content\": \"rain\" }\n  }";
    Diagnostic::new("shadowed-fixture", Severity::Warning, "this fixture can never be served", at(&second, whole, "/fixtures/0", ""))
        .because("`a/general.json#0` comes first and accepts every request this one accepts")
        .advise("move it above `a/general.json#0`, or narrow that one's `match`")
        .also(at(&first, "{ \"match\": {}", "/fixtures/0", "this one answers"))
}

/// Two labels close to each other.
fn duplicate() -> Diagnostic {
    let file = source(3, "dup.yaml", "fixtures:\n  - match:\n      model: a\n      model: b\n");
    Diagnostic::new("duplicate-key", Severity::Error, "key `model` is given twice", at(&file, "model: b", "/fixtures/0/match/model", ""))
        .also(at(&file, "model: a", "/fixtures/0/match/model", "first given here"))
}

/// Unicode, a tab, and a line longer than any screen.
fn long_line() -> Diagnostic {
    let long = format!("\t{{\"préfixe\": \"{}\", \"modèle 🦀\": 5, \"rest\": \"{}\"}}\n", "å".repeat(3000), "z".repeat(3000));
    let file = source(4, "lang/größe.json", &long);
    Diagnostic::new("wrong-type", Severity::Error, "`modèle 🦀` must be a string, not a number", at(&file, "5, ", "/modèle 🦀", ""))
}

/// A finding at the very end of a file.
fn at_end(name: &str, text: &str) -> Diagnostic {
    let file = source(5, name, text);
    let label = Label { source: Arc::clone(&file), span: Span::at(text.len()), pointer: String::new(), note: Cow::Borrowed("") };
    Diagnostic::new("syntax-error", Severity::Error, "the text ends here, but `[` is still open", label)
}

/// A file that tries to drive the terminal, the XML, and the workflow commands.
fn hostile() -> Diagnostic {
    let text = "{ \"a\u{1b}[31m\u{9b}2J\u{202e}\": \"x\r]]>\" }\n";
    let file = source(6, "ev:il,\u{1b}]0;%.json", text);
    let label = at(&file, "\"a\u{1b}[31m\u{9b}2J\u{202e}\"", "/a\u{1b}[31m", "");
    Diagnostic::new("unknown-key", Severity::Error, "no key `a\u{1b}[31m` <&\"'>\n::error::100%\r]]>", label)
        .because("one\ntwo")
        .advise("a\u{7}b")
}

/// A secret, and another finding on its line.
fn secrets() -> Vec<Diagnostic> {
    let file = source(7, "s.json", "{\n  \"key\": \"not-a-real-secret\", \"bad\": 1\n}\n");
    let secret = Diagnostic::new("secret", Severity::Error, "this looks like an API key", at(&file, "\"not-a-real-secret\"", "/key", ""))
        .advise("replace it by a placeholder")
        .hiding_source();
    let other = Diagnostic::new("unknown-key", Severity::Error, "no key `bad`", at(&file, "\"bad\"", "/bad", ""));
    vec![secret, other]
}

/// Everything that a format has a place for.
fn everything() -> Vec<Diagnostic> {
    let proven = Diagnostic { witness: Some(serde_json::json!({ "model": "m" })), ..duplicate() };
    [unknown_key(), shadowed(), proven, long_line(), at_end("empty.json", ""), hostile()].into_iter().chain(secrets()).collect()
}
