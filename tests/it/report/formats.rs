//! What each format prints, for a person to judge. `SNAPSHOTS=overwrite cargo test report` writes it anew.
#![expect(clippy::needless_raw_string_hashes, reason = "written by the snapshot tool")]

use aimock::cli::{Status, Terminal};
use snapbox::{file, str};

use super::*;

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
    check("json", &[], file!["nothing.json"]);
    check("sarif", &[], file!["nothing.sarif"]);
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
    check("json", &found, file!["one.json"]);
    check("sarif", &found, file!["one.sarif"]);
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
    check("json", &found, file!["two.json"]);
    check("sarif", &found, file!["two.sarif"]);
}

#[test]
fn remarks_do_not_fail() {
    let remark = [Diagnostic { severity: Severity::Info, ..unknown_key() }];
    check(
        "text",
        &remark,
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
        &remark,
        str![[r#"
::notice file=fixtures/weather.json,line=3,col=18,endLine=3,endColumn=30,title=unknown-key::`match` has no key `usermessage`%0Aa fixture with a key nobody reads would match every request, so this one matches none%0Adid you mean `userMessage`?

"#]],
    );
    check(
        "junit",
        &remark,
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
