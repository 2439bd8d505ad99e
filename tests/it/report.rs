//! Reports as they are printed: each format with nothing, with one finding, across files, and with hostile input.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use aimock::cli::report::{self, FORMATS, FileOutcome, Report, RuleInfo, Style};
use aimock::cli::{Status, Terminal};
use aimock::diagnostic::{Diagnostic, Edit, Fix, Label, Safety, Severity, Source, SourceId, Span};
use serde_json::Value;
use snapbox::{IntoData, assert_data_eq, file, str};

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

#[test]
fn nothing_to_say() {
    check("text", &[], "");
    check("concise", &[], "");
    check("github", &[], "");
    check("gitlab", &[], "[]\n");
    check(
        "jsonl",
        &[],
        str![[r#"
{"type":"skipped","file":"package.json","reason":"a package manifest, not fixtures"}
{"type":"summary","files":2,"skipped":1,"fixtures":3,"errors":0,"warnings":0,"infos":0}

"#]],
    );
    check(
        "junit",
        &[],
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aimock" tests="3" failures="0" errors="0">
  <testsuite name="a/general.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="aimock" classname="a/general.json"/>
  </testsuite>
  <testsuite name="fixtures/weather.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="aimock" classname="fixtures/weather.json"/>
  </testsuite>
  <testsuite name="package.json" tests="1" failures="0" errors="0" skipped="1">
    <testcase name="aimock" classname="package.json"><skipped message="a package manifest, not fixtures"/></testcase>
  </testsuite>
</testsuites>

"#]],
    );
    check("json", &[], file!["report/nothing.json"]);
    check("sarif", &[], file!["report/nothing.sarif"]);
}

#[test]
fn one_finding() {
    let found = [unknown_key()];
    check(
        "text",
        &found,
        str![[r#"
error[unknown-key]: `match` has no key `usermessage`
 --> fixtures/weather.json:3:18 /fixtures/0/match/usermessage
  |
3 |     { "match": { "usermessage": "Oslo" }, "response": { "content": "rain" } }
  |                  ^^^^^^^^^^^^^
  = why:  a fixture with a key nobody reads would match every request, so this one matches none
  = help: did you mean `userMessage`?
  = fix:  rename it to `userMessage` (safe)


"#]],
    );
    check(
        "concise",
        &found,
        str![[r#"
fixtures/weather.json:3:18: error[unknown-key] `match` has no key `usermessage`

"#]],
    );
    check(
        "github",
        &found,
        str![[r#"
::error file=fixtures/weather.json,line=3,col=18,endLine=3,endColumn=30,title=unknown-key::`match` has no key `usermessage`%0Aa fixture with a key nobody reads would match every request, so this one matches none%0Adid you mean `userMessage`?

"#]],
    );
    check(
        "gitlab",
        &found,
        str![[r#"
[
  {
    "description": "`match` has no key `usermessage`",
    "check_name": "unknown-key",
    "fingerprint": "8f000b5aae6b485e26466252d19bbb14",
    "severity": "major",
    "location": {
      "path": "fixtures/weather.json",
      "lines": {
        "begin": 3,
        "end": 3
      }
    }
  }
]

"#]],
    );
    check(
        "jsonl",
        &found,
        str![[r#"
{"type":"finding","rule":"unknown-key","severity":"error","message":"`match` has no key `usermessage`","why":"a fixture with a key nobody reads would match every request, so this one matches none","help":"did you mean `userMessage`?","file":"fixtures/weather.json","line":3,"column":18,"endLine":3,"endColumn":31,"pointer":"/fixtures/0/match/usermessage","fix":{"safety":"safe","title":"rename it to `userMessage`","edits":[{"line":3,"column":18,"endLine":3,"endColumn":31,"text":"\"userMessage\""}]},"fingerprint":"8f000b5aae6b485e26466252d19bbb14"}
{"type":"skipped","file":"package.json","reason":"a package manifest, not fixtures"}
{"type":"summary","files":2,"skipped":1,"fixtures":3,"errors":1,"warnings":0,"infos":0}

"#]],
    );
    check(
        "junit",
        &found,
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aimock" tests="3" failures="1" errors="0">
  <testsuite name="a/general.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="aimock" classname="a/general.json"/>
  </testsuite>
  <testsuite name="fixtures/weather.json" tests="1" failures="1" errors="0" skipped="0">
    <testcase name="unknown-key 3:18" classname="fixtures/weather.json" line="3">
      <failure message="`match` has no key `usermessage`" type="error">fixtures/weather.json:3:18
why: a fixture with a key nobody reads would match every request, so this one matches none
help: did you mean `userMessage`?</failure>
    </testcase>
  </testsuite>
  <testsuite name="package.json" tests="1" failures="0" errors="0" skipped="1">
    <testcase name="aimock" classname="package.json"><skipped message="a package manifest, not fixtures"/></testcase>
  </testsuite>
</testsuites>

"#]],
    );
    check("json", &found, file!["report/one.json"]);
    check("sarif", &found, file!["report/one.sarif"]);
}

#[test]
fn a_second_place_in_another_file() {
    let found = [shadowed()];
    check(
        "text",
        &found,
        str![[r#"
warning[shadowed-fixture]: this fixture can never be served
   --> b/oslo.json:121:3 /fixtures/0
    |
121 |   {
    |   ^
122 |     "match": { "userMessage": "Oslo" },
123 |     "response": { "content": "rain" }
   ::: a/general.json:2:3 /fixtures/0
    |
  2 |   { "match": {}, "response": { "content": "hello" } }
    |   ------------- this one answers
    = why:  `a/general.json#0` comes first and accepts every request this one accepts
    = help: move it above `a/general.json#0`, or narrow that one's `match`


"#]],
    );
    check(
        "concise",
        &found,
        str![[r#"
b/oslo.json:121:3: warning[shadowed-fixture] this fixture can never be served

"#]],
    );
    check(
        "github",
        &found,
        str![[r#"
::warning file=b/oslo.json,line=121,col=3,endLine=124,title=shadowed-fixture::this fixture can never be served%0A`a/general.json#0` comes first and accepts every request this one accepts%0Amove it above `a/general.json#0`, or narrow that one's `match`

"#]],
    );
    check(
        "junit",
        &found,
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aimock" tests="4" failures="1" errors="0">
  <testsuite name="a/general.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="aimock" classname="a/general.json"/>
  </testsuite>
  <testsuite name="fixtures/weather.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="aimock" classname="fixtures/weather.json"/>
  </testsuite>
  <testsuite name="package.json" tests="1" failures="0" errors="0" skipped="1">
    <testcase name="aimock" classname="package.json"><skipped message="a package manifest, not fixtures"/></testcase>
  </testsuite>
  <testsuite name="b/oslo.json" tests="1" failures="1" errors="0" skipped="0">
    <testcase name="shadowed-fixture 121:3" classname="b/oslo.json" line="121">
      <failure message="this fixture can never be served" type="warning">b/oslo.json:121:3
why: `a/general.json#0` comes first and accepts every request this one accepts
help: move it above `a/general.json#0`, or narrow that one&apos;s `match`</failure>
    </testcase>
  </testsuite>
</testsuites>

"#]],
    );
    check("json", &found, file!["report/two.json"]);
    check("sarif", &found, file!["report/two.sarif"]);
}

#[test]
fn sixty_columns() {
    narrow(
        &[unknown_key()],
        str![[r#"
error[unknown-key]: `match` has no key `usermessage`
 --> fixtures/weather.json:3:18
  |
3 |     { "match": { "usermessage": "Oslo" }, "respons...
  |                  ^^^^^^^^^^^^^
  = why:  a fixture with a key nobody reads would match
          every request, so this one matches none
  = help: did you mean `userMessage`?
  = fix:  rename it to `userMessage` (safe)


"#]],
    );
    narrow(
        &[shadowed()],
        str![[r#"
warning[shadowed-fixture]: this fixture can never be served
   --> b/oslo.json:121:3 /fixtures/0
    |
121 |   {
    |   ^
122 |     "match": { "userMessage": "Oslo" },
123 |     "response": { "content": "rain" }
   ::: a/general.json:2:3 /fixtures/0
    |
  2 |   { "match": {}, "response": { "content": "hello" } }
    |   ------------- this one answers
    = why:  `a/general.json#0` comes first and accepts every
            request this one accepts
    = help: move it above `a/general.json#0`, or narrow that
            one's `match`


"#]],
    );
    narrow(
        &[long_line()],
        str![[r#"
error[wrong-type]: `modèle 🦀` must be a string, not a
  number
 --> lang/größe.json:1:3030 /modèle 🦀
  |
1 | ...åååååååååååååååå", "modèle 🦀": 5, "rest": "zzzzzz...
  |                                    ^^^


"#]],
    );
}

#[test]
fn places_close_together_share_an_excerpt() {
    check(
        "text",
        &[duplicate()],
        str![[r#"
error[duplicate-key]: key `model` is given twice
 --> dup.yaml:4:7 /fixtures/0/match/model
  |
3 |       model: a
  |       -------- first given here
4 |       model: b
  |       ^^^^^^^^


"#]],
    );
}

#[test]
fn long_lines_are_cut_around_the_finding() {
    check(
        "text",
        &[long_line()],
        str![[r#"
error[wrong-type]: `modèle 🦀` must be a string, not a number
 --> lang/größe.json:1:3030 /modèle 🦀
  |
1 | ...åååååååååååååååååååååååååååååååååååååååååå", "modèle 🦀": 5, "rest": "zzzzzzzzzzzzzzzzzzzz...
  |                                                              ^^^


"#]],
    );
    check(
        "concise",
        &[long_line()],
        str![[r#"
lang/größe.json:1:3030: error[wrong-type] `modèle 🦀` must be a string, not a number

"#]],
    );
}

#[test]
fn the_end_of_a_file() {
    check(
        "text",
        &[at_end("cut.json", "{ \"fixtures\": [\n")],
        str![[r#"
error[syntax-error]: the text ends here, but `[` is still open
 --> cut.json:2:1
  |
1 | { "fixtures": [
  |                ^


"#]],
    );
    check(
        "text",
        &[at_end("cut.json", "{ \"fixtures\": [")],
        str![[r#"
error[syntax-error]: the text ends here, but `[` is still open
 --> cut.json:1:16
  |
1 | { "fixtures": [
  |                ^


"#]],
    );
    check(
        "text",
        &[at_end("empty.json", "")],
        str![[r#"
error[syntax-error]: the text ends here, but `[` is still open
 --> empty.json:1:1


"#]],
    );
    check(
        "text",
        &[at_end("bom.json", "\u{feff}[")],
        str![[r#"
error[syntax-error]: the text ends here, but `[` is still open
 --> bom.json:1:2
  |
1 | [
  |  ^


"#]],
    );
    check(
        "concise",
        &[at_end("empty.json", "")],
        str![[r#"
empty.json:1:1: error[syntax-error] the text ends here, but `[` is still open

"#]],
    );
}

#[test]
fn hostile_text_stays_text() {
    check(
        "text",
        &[hostile()],
        str![[r#"
error[unknown-key]: no key `a\u{1b}[31m` <&"'>\n::error::100%\r]]>
 --> ev:il,\u{1b}]0;%.json:1:3 /a\u{1b}[31m
  |
1 | { "a\u{1b}[31m\u{9b}2J\u{202e}": "x\r]]>" }
  |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = why:  one\ntwo
  = help: a\u{7}b


"#]],
    );
    check(
        "concise",
        &[hostile()],
        str![[r#"
ev:il,\u{1b}]0;%.json:1:3: error[unknown-key] no key `a\u{1b}[31m` <&"'>\n::error::100%\r]]>

"#]],
    );
    check(
        "github",
        &[hostile()],
        str![[r#"
::error file=ev%3Ail%2C\u{1b}]0;%25.json,line=1,col=3,endLine=1,endColumn=14,title=unknown-key::no key `a\u{1b}[31m` <&"'>\n::error::100%25\r]]>%0Aone\ntwo%0Aa\u{7}b

"#]],
    );
    check(
        "junit",
        &[hostile()],
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aimock" tests="4" failures="1" errors="0">
  <testsuite name="a/general.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="aimock" classname="a/general.json"/>
  </testsuite>
  <testsuite name="fixtures/weather.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="aimock" classname="fixtures/weather.json"/>
  </testsuite>
  <testsuite name="package.json" tests="1" failures="0" errors="0" skipped="1">
    <testcase name="aimock" classname="package.json"><skipped message="a package manifest, not fixtures"/></testcase>
  </testsuite>
  <testsuite name="ev:il,\u{1b}]0;%.json" tests="1" failures="1" errors="0" skipped="0">
    <testcase name="unknown-key 1:3" classname="ev:il,\u{1b}]0;%.json" line="1">
      <failure message="no key `a\u{1b}[31m` &lt;&amp;&quot;&apos;&gt;\n::error::100%\r]]&gt;" type="error">ev:il,\u{1b}]0;%.json:1:3
why: one\ntwo
help: a\u{7}b</failure>
    </testcase>
  </testsuite>
</testsuites>

"#]],
    );
}

#[test]
fn lines_with_secrets_are_not_shown() {
    check(
        "text",
        &secrets(),
        str![[r#"
error[secret]: this looks like an API key
 --> s.json:2:10 /key
  |
  | (hidden: may hold a secret)
  = help: replace it by a placeholder

error[unknown-key]: no key `bad`
 --> s.json:2:31 /bad
  |
  | (hidden: may hold a secret)


"#]],
    );
    for format in FORMATS {
        let output = written(format.name, &secrets(), &[], PLAIN);
        assert!(output.contains("API key") && !output.contains("not-a-real-secret"), "{}: {output}", format.name);
    }
}

#[test]
fn remarks_do_not_fail() {
    let remark = Diagnostic { severity: Severity::Info, ..unknown_key() };
    check(
        "text",
        &[remark.clone()],
        str![[r#"
info[unknown-key]: `match` has no key `usermessage`
 --> fixtures/weather.json:3:18 /fixtures/0/match/usermessage
  |
3 |     { "match": { "usermessage": "Oslo" }, "response": { "content": "rain" } }
  |                  ^^^^^^^^^^^^^
  = why:  a fixture with a key nobody reads would match every request, so this one matches none
  = help: did you mean `userMessage`?
  = fix:  rename it to `userMessage` (safe)


"#]],
    );
    check(
        "github",
        &[remark.clone()],
        str![[r#"
::notice file=fixtures/weather.json,line=3,col=18,endLine=3,endColumn=30,title=unknown-key::`match` has no key `usermessage`%0Aa fixture with a key nobody reads would match every request, so this one matches none%0Adid you mean `userMessage`?

"#]],
    );
    check(
        "junit",
        &[remark],
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aimock" tests="3" failures="0" errors="0">
  <testsuite name="a/general.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="aimock" classname="a/general.json"/>
  </testsuite>
  <testsuite name="fixtures/weather.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="unknown-key 3:18" classname="fixtures/weather.json" line="3">
      <system-out>info: `match` has no key `usermessage`
fixtures/weather.json:3:18
why: a fixture with a key nobody reads would match every request, so this one matches none
help: did you mean `userMessage`?</system-out>
    </testcase>
  </testsuite>
  <testsuite name="package.json" tests="1" failures="0" errors="0" skipped="1">
    <testcase name="aimock" classname="package.json"><skipped message="a package manifest, not fixtures"/></testcase>
  </testsuite>
</testsuites>

"#]],
    );
}

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
fn data_on_stdout_and_talk_on_stderr() {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut terminal = Terminal::captured(&mut stdout, &mut stderr, 100);
    let files = outcomes();
    let found = [unknown_key(), shadowed()];
    let report = Report { findings: &found, files: &files, rules: RULES, fail_on: Some(Severity::Warning) };
    let status = report::emit(report::format("concise").unwrap(), &report, &mut terminal).unwrap();
    drop(terminal);
    assert_eq!(status, Status::Findings);
    assert_data_eq!(
        String::from_utf8(stdout).unwrap(),
        str![[r#"
fixtures/weather.json:3:18: error[unknown-key] `match` has no key `usermessage`
b/oslo.json:121:3: warning[shadowed-fixture] this fixture can never be served

"#]]
        .raw()
    );
    assert_data_eq!(
        String::from_utf8(stderr).unwrap(),
        str![[r#"
note: skipped package.json: a package manifest, not fixtures
checked 2 files, 3 fixtures: 1 error, 1 warning

"#]]
        .raw()
    );
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

/// Everything that a format has a place for.
fn everything() -> Vec<Diagnostic> {
    let proven = Diagnostic { witness: Some(serde_json::json!({ "model": "m" })), ..duplicate() };
    [unknown_key(), shadowed(), proven, long_line(), at_end("empty.json", ""), hostile()].into_iter().chain(secrets()).collect()
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
    assert_data_eq!(schema, file!["../../schemas/report.schema.json"].raw());
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
    let text = format!("[{}]", "{\"content\": 1},".repeat(400_000));
    let file = source(0, "huge.json", &text);
    let label =
        |at: usize| Label { source: Arc::clone(&file), span: Span::new(at, at + 9), pointer: String::new(), note: Cow::Borrowed("") };
    let findings: Vec<Diagnostic> = (0..500).map(|n| Diagnostic::new("r", Severity::Error, "m", label(2 + n * 12_800))).collect();
    let started = std::time::Instant::now();
    for format in FORMATS {
        assert!(written(format.name, &findings, &[], Style { per_rule_limit: None, ..PLAIN }).len() < 4_000_000, "{}", format.name);
    }
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}
