//! Reports as they are printed: each format with nothing, with one finding, across files, and with hostile input.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]

use std::borrow::Cow;
use std::sync::Arc;

use aimock::cli::report::{self, FORMATS, FileOutcome, Report, RuleInfo, Style};
use aimock::cli::{Status, Terminal};
use aimock::diagnostic::{Diagnostic, Edit, Fix, Label, Safety, Severity, Source, SourceId, Span};
use snapbox::{IntoData, assert_data_eq, str};

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

fn files(names: &[(&str, usize)]) -> Vec<FileOutcome> {
    names.iter().map(|(name, fixtures)| FileOutcome { name: (*name).to_owned(), fixtures: *fixtures, skipped: None }).collect()
}

fn written(format: &str, findings: &[Diagnostic], files: &[FileOutcome], style: Style) -> String {
    let report = Report { findings, files, rules: RULES, fail_on: Some(Severity::Warning) };
    let mut out = Vec::new();
    report::write(report::format(format).unwrap(), &report, &mut out, style).unwrap();
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn check(format: &str, findings: &[Diagnostic], files: &[FileOutcome], style: Style, expected: impl IntoData) {
    assert_data_eq!(written(format, findings, files, style), expected.raw());
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
    let clean = files(&[("a.json", 2), ("b.json", 1)]);
    check("text", &[], &clean, PLAIN, str![]);
    check("concise", &[], &clean, PLAIN, str![]);
    check("github", &[], &clean, PLAIN, str![]);
    check(
        "gitlab",
        &[],
        &clean,
        PLAIN,
        str![[r#"
[]

"#]],
    );
    check(
        "json",
        &[],
        &clean,
        PLAIN,
        str![[r#"
{
  "version": 1,
  "aimock": "0.1.0",
  "summary": {
    "files": 2,
    "skipped": 0,
    "fixtures": 3,
    "errors": 0,
    "warnings": 0,
    "infos": 0
  },
  "findings": [],
  "skipped": []
}

"#]],
    );
    check(
        "jsonl",
        &[],
        &clean,
        PLAIN,
        str![[r#"
{"type":"summary","files":2,"skipped":0,"fixtures":3,"errors":0,"warnings":0,"infos":0}

"#]],
    );
    check(
        "junit",
        &[],
        &clean,
        PLAIN,
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aimock" tests="2" failures="0" errors="0">
  <testsuite name="a.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="aimock" classname="a.json"/>
  </testsuite>
  <testsuite name="b.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="aimock" classname="b.json"/>
  </testsuite>
</testsuites>

"#]],
    );
    check(
        "sarif",
        &[],
        &clean,
        PLAIN,
        str![[r#"
{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "aimock",
          "version": "0.1.0",
          "rules": [
            {
              "id": "unknown-key",
              "name": "unknown-key",
              "shortDescription": {
                "text": "a match key that does not exist"
              },
              "fullDescription": {
                "text": "a misspelt key would match everything"
              },
              "defaultConfiguration": {
                "level": "error"
              }
            },
            {
              "id": "shadowed-fixture",
              "name": "shadowed-fixture",
              "shortDescription": {
                "text": "fixture can never be served"
              },
              "defaultConfiguration": {
                "level": "warning"
              }
            }
          ]
        }
      },
      "columnKind": "unicodeCodePoints",
      "originalUriBaseIds": {
        "%SRCROOT%": {
          "description": {
            "text": "the directory aimock ran in"
          }
        }
      },
      "invocations": [
        {
          "executionSuccessful": true,
          "toolExecutionNotifications": []
        }
      ],
      "results": []
    }
  ]
}

"#]],
    );
}

#[test]
fn one_finding() {
    let found = [unknown_key()];
    let files = files(&[("fixtures/weather.json", 1)]);
    check(
        "text",
        &found,
        &files,
        PLAIN,
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
        &files,
        PLAIN,
        str![[r#"
fixtures/weather.json:3:18: error[unknown-key] `match` has no key `usermessage`

"#]],
    );
    check(
        "github",
        &found,
        &files,
        PLAIN,
        str![[r#"
::error file=fixtures/weather.json,line=3,col=18,endLine=3,endColumn=30,title=unknown-key::`match` has no key `usermessage`%0Aa fixture with a key nobody reads would match every request, so this one matches none%0Adid you mean `userMessage`?

"#]],
    );
    check(
        "gitlab",
        &found,
        &files,
        PLAIN,
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
        "json",
        &found,
        &files,
        PLAIN,
        str![[r#"
{
  "version": 1,
  "aimock": "0.1.0",
  "summary": {
    "files": 1,
    "skipped": 0,
    "fixtures": 1,
    "errors": 1,
    "warnings": 0,
    "infos": 0
  },
  "findings": [
    {
      "rule": "unknown-key",
      "severity": "error",
      "message": "`match` has no key `usermessage`",
      "why": "a fixture with a key nobody reads would match every request, so this one matches none",
      "help": "did you mean `userMessage`?",
      "file": "fixtures/weather.json",
      "line": 3,
      "column": 18,
      "endLine": 3,
      "endColumn": 31,
      "pointer": "/fixtures/0/match/usermessage",
      "fix": {
        "safety": "safe",
        "title": "rename it to `userMessage`",
        "edits": [
          {
            "line": 3,
            "column": 18,
            "endLine": 3,
            "endColumn": 31,
            "text": "\"userMessage\""
          }
        ]
      },
      "fingerprint": "8f000b5aae6b485e26466252d19bbb14"
    }
  ],
  "skipped": []
}

"#]],
    );
    check(
        "jsonl",
        &found,
        &files,
        PLAIN,
        str![[r#"
{"type":"finding","rule":"unknown-key","severity":"error","message":"`match` has no key `usermessage`","why":"a fixture with a key nobody reads would match every request, so this one matches none","help":"did you mean `userMessage`?","file":"fixtures/weather.json","line":3,"column":18,"endLine":3,"endColumn":31,"pointer":"/fixtures/0/match/usermessage","fix":{"safety":"safe","title":"rename it to `userMessage`","edits":[{"line":3,"column":18,"endLine":3,"endColumn":31,"text":"\"userMessage\""}]},"fingerprint":"8f000b5aae6b485e26466252d19bbb14"}
{"type":"summary","files":1,"skipped":0,"fixtures":1,"errors":1,"warnings":0,"infos":0}

"#]],
    );
    check(
        "junit",
        &found,
        &files,
        PLAIN,
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aimock" tests="1" failures="1" errors="0">
  <testsuite name="fixtures/weather.json" tests="1" failures="1" errors="0" skipped="0">
    <testcase name="unknown-key 3:18" classname="fixtures/weather.json" line="3">
      <failure message="`match` has no key `usermessage`" type="error">fixtures/weather.json:3:18
why: a fixture with a key nobody reads would match every request, so this one matches none
help: did you mean `userMessage`?</failure>
    </testcase>
  </testsuite>
</testsuites>

"#]],
    );
    check(
        "sarif",
        &found,
        &files,
        PLAIN,
        str![[r#"
{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "aimock",
          "version": "0.1.0",
          "rules": [
            {
              "id": "unknown-key",
              "name": "unknown-key",
              "shortDescription": {
                "text": "a match key that does not exist"
              },
              "fullDescription": {
                "text": "a misspelt key would match everything"
              },
              "defaultConfiguration": {
                "level": "error"
              }
            },
            {
              "id": "shadowed-fixture",
              "name": "shadowed-fixture",
              "shortDescription": {
                "text": "fixture can never be served"
              },
              "defaultConfiguration": {
                "level": "warning"
              }
            }
          ]
        }
      },
      "columnKind": "unicodeCodePoints",
      "originalUriBaseIds": {
        "%SRCROOT%": {
          "description": {
            "text": "the directory aimock ran in"
          }
        }
      },
      "invocations": [
        {
          "executionSuccessful": true,
          "toolExecutionNotifications": []
        }
      ],
      "results": [
        {
          "ruleId": "unknown-key",
          "ruleIndex": 0,
          "level": "error",
          "message": {
            "text": "`match` has no key `usermessage`\na fixture with a key nobody reads would match every request, so this one matches none\ndid you mean `userMessage`?"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "fixtures/weather.json",
                  "uriBaseId": "%SRCROOT%"
                },
                "region": {
                  "startLine": 3,
                  "startColumn": 18,
                  "endLine": 3,
                  "endColumn": 31,
                  "snippet": {
                    "text": "\"usermessage\""
                  }
                }
              },
              "logicalLocations": [
                {
                  "fullyQualifiedName": "/fixtures/0/match/usermessage",
                  "kind": "element"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "aimock/v1": "8f000b5aae6b485e26466252d19bbb14"
          },
          "fixes": [
            {
              "description": {
                "text": "rename it to `userMessage`"
              },
              "artifactChanges": [
                {
                  "artifactLocation": {
                    "uri": "fixtures/weather.json",
                    "uriBaseId": "%SRCROOT%"
                  },
                  "replacements": [
                    {
                      "deletedRegion": {
                        "startLine": 3,
                        "startColumn": 18,
                        "endLine": 3,
                        "endColumn": 31
                      },
                      "insertedContent": {
                        "text": "\"userMessage\""
                      }
                    }
                  ]
                }
              ]
            }
          ]
        }
      ]
    }
  ]
}

"#]],
    );
}

#[test]
fn a_second_place_in_another_file() {
    let found = [shadowed()];
    let mut files = files(&[("a/general.json", 1), ("b/oslo.json", 1)]);
    files.push(FileOutcome { name: "package.json".to_owned(), fixtures: 0, skipped: Some("a package manifest, not fixtures".to_owned()) });
    check(
        "text",
        &found,
        &files,
        PLAIN,
        str![[r#"
warning[shadowed-fixture]: this fixture can never be served
   --> b/oslo.json:121:3 /fixtures/0
    |
121 |   {
    |   ^
122 |     "match": { "userMessage": "Oslo" },
123 |     "response": { "content": "rain" }
    |
   ::: a/general.json:2:3 /fixtures/0
    |
  2 |   { "match": {}, "response": { "content": "hello" } }
    |   ------------- this one answers
    = why:  `a/general.json#0` comes first and accepts every request this one accepts
    = help: move it above `a/general.json#0`, or narrow that one's `match`


"#]],
    );
    check(
        "text",
        &found,
        &files,
        NARROW,
        str![[r#"
warning[shadowed-fixture]: this fixture can never be served
   --> b/oslo.json:121:3 /fixtures/0
    |
121 |   {
    |   ^
122 |     "match": { "userMessage": "Oslo" },
123 |     "response": { "content": "rain" }
    |
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
    check(
        "concise",
        &found,
        &files,
        PLAIN,
        str![[r#"
b/oslo.json:121:3: warning[shadowed-fixture] this fixture can never be served

"#]],
    );
    check(
        "github",
        &found,
        &files,
        PLAIN,
        str![[r#"
::warning file=b/oslo.json,line=121,col=3,endLine=124,title=shadowed-fixture::this fixture can never be served%0A`a/general.json#0` comes first and accepts every request this one accepts%0Amove it above `a/general.json#0`, or narrow that one's `match`

"#]],
    );
    check(
        "jsonl",
        &found,
        &files,
        PLAIN,
        str![[r#"
{"type":"finding","rule":"shadowed-fixture","severity":"warning","message":"this fixture can never be served","why":"`a/general.json#0` comes first and accepts every request this one accepts","help":"move it above `a/general.json#0`, or narrow that one's `match`","file":"b/oslo.json","line":121,"column":3,"endLine":124,"endColumn":4,"pointer":"/fixtures/0","related":[{"note":"this one answers","file":"a/general.json","line":2,"column":3,"endLine":2,"endColumn":16,"pointer":"/fixtures/0"}],"fingerprint":"0a5f21752b377ec991a04337f6fc3d51"}
{"type":"skipped","file":"package.json","reason":"a package manifest, not fixtures"}
{"type":"summary","files":2,"skipped":1,"fixtures":2,"errors":0,"warnings":1,"infos":0}

"#]],
    );
    check(
        "junit",
        &found,
        &files,
        PLAIN,
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aimock" tests="3" failures="1" errors="0">
  <testsuite name="a/general.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="aimock" classname="a/general.json"/>
  </testsuite>
  <testsuite name="b/oslo.json" tests="1" failures="1" errors="0" skipped="0">
    <testcase name="shadowed-fixture 121:3" classname="b/oslo.json" line="121">
      <failure message="this fixture can never be served" type="warning">b/oslo.json:121:3
why: `a/general.json#0` comes first and accepts every request this one accepts
help: move it above `a/general.json#0`, or narrow that one&apos;s `match`</failure>
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
fn places_close_together_share_an_excerpt() {
    check(
        "text",
        &[duplicate()],
        &[],
        PLAIN,
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
        &[],
        PLAIN,
        str![[r#"
error[wrong-type]: `modèle 🦀` must be a string, not a number
 --> lang/größe.json:1:3030 /modèle 🦀
  |
1 | ...åååååååååååååååååååååååååååååååååååååååååå", "modèle 🦀": 5, "rest": "zzzzzzzzzzzzzzzzzzzz...
  |                                                              ^^^


"#]],
    );
    check(
        "text",
        &[long_line()],
        &[],
        NARROW,
        str![[r#"
error[wrong-type]: `modèle 🦀` must be a string, not a
  number
 --> lang/größe.json:1:3030 /modèle 🦀
  |
1 | ...åååååååååååååååå", "modèle 🦀": 5, "rest": "zzzzzz...
  |                                    ^^^


"#]],
    );
    check(
        "concise",
        &[long_line()],
        &[],
        NARROW,
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
        &[],
        PLAIN,
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
        &[],
        PLAIN,
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
        &[],
        PLAIN,
        str![[r#"
error[syntax-error]: the text ends here, but `[` is still open
 --> empty.json:1:1


"#]],
    );
    check(
        "text",
        &[at_end("bom.json", "\u{feff}[")],
        &[],
        PLAIN,
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
        &[],
        PLAIN,
        str![[r#"
empty.json:1:1: error[syntax-error] the text ends here, but `[` is still open

"#]],
    );
}

#[test]
fn hostile_text_stays_text() {
    let found = [hostile()];
    check(
        "text",
        &found,
        &[],
        PLAIN,
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
        &found,
        &[],
        PLAIN,
        str![[r#"
ev:il,\u{1b}]0;%.json:1:3: error[unknown-key] no key `a\u{1b}[31m` <&"'>\n::error::100%\r]]>

"#]],
    );
    check(
        "github",
        &found,
        &[],
        PLAIN,
        str![[r#"
::error file=ev%3Ail%2C\u{1b}]0;%25.json,line=1,col=3,endLine=1,endColumn=14,title=unknown-key::no key `a\u{1b}[31m` <&"'>\n::error::100%25\r]]>%0Aone\ntwo%0Aa\u{7}b

"#]],
    );
    check(
        "junit",
        &found,
        &[],
        PLAIN,
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aimock" tests="1" failures="1" errors="0">
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
        &[],
        PLAIN,
        str![[r#"
error[secret]: this looks like an API key
 --> s.json:2:10 /key
  |
  | (not shown, since it may hold a secret)
  = help: replace it by a placeholder

error[unknown-key]: no key `bad`
 --> s.json:2:31 /bad
  |
  | (not shown, since it may hold a secret)


"#]],
    );
    for format in FORMATS {
        let output = written(format.name, &secrets(), &[], PLAIN);
        assert!(output.contains("API key") && !output.contains("not-a-real-secret"), "{}: {output}", format.name);
    }
}

#[test]
fn wrapped_at_sixty_columns() {
    check(
        "text",
        &[unknown_key()],
        &[],
        NARROW,
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
}
