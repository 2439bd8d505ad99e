//! What formats print when it is tight: narrow screens, endless lines, ends of files, hostile text, secrets.
#![expect(clippy::needless_raw_string_hashes, reason = "written by the snapshot tool")]

use aimock::cli::report::FORMATS;
use snapbox::str;

use super::*;

#[test]
fn sixty_columns() {
    narrow(
        &[unknown_key()],
        str![[r#"
error[unknown-key]: `match` has no key `usermessage`
 --> fixtures/weather.json:3:18
  |
3 |     { "match": { "usermessage": "Oslo" }, "response":...
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
