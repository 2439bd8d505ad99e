//! `aimock diff` from outside.

use serde_json::Value;

use super::file;
use crate::workplace::{Run, Workplace};

const HELLO: &str =
    r#"{"id": "hello", "match": {"userMessage": "say hello"}, "response": {"content": "Hello! How can I help you today?"}}"#;
const CALL: &str =
    r#"{"match": {"userMessage": "weather"}, "response": {"toolCalls": [{"id": "call_1", "name": "f", "arguments": {"city": "Oslo"}}]}}"#;
const SLOW: &str = r#"{"match": {"userMessage": "slow"}, "latency": 1, "response": {"content": "so slow"}}"#;

fn place(old: &str, new: &str) -> Workplace {
    Workplace::new(&[("old.json", &file(old)), ("new.json", &file(new))])
}

fn reworded() -> Workplace {
    place(&format!("{HELLO}, {CALL}"), &format!("{}, {CALL}", HELLO.replace("can I", "may I")))
}

#[track_caller]
fn check(place: &Workplace, arguments: &[&str], status: i32) -> Run {
    let run = place.run(&[&["diff"], arguments].concat());
    assert_eq!(run.status, status, "{arguments:?}: {}{}", run.stdout, run.stderr);
    run
}

#[test]
fn text_for_people() {
    let old = format!("{HELLO}, {CALL}, {SLOW}");
    let new = format!(
        r#"{{"id": "any", "match": {{}}, "response": {{"content": "whatever comes"}}}}, {}, {}"#,
        HELLO.replace("can I help you today", "may I be of use"),
        CALL.replace("Oslo", "Bergen")
    );
    let run = check(&place(&old, &new), &["old.json", "new.json"], 1);
    insta::assert_snapshot!(run.stdout, @r#"
    ~ old.json#/fixtures/1 → new.json#/fixtures/2: breaking
      ~ tool call /response/toolCalls/0/arguments/city: "Oslo" → "Bergen"
    ~ hello: reworded
      ~ text /response/content
          Hello! How [-can-]{+may+} I [-help-]{+be+} [-you-]{+of+} [-today?-]{+use?+}
    - old.json#/fixtures/2: removed
        its requests now meet `any`
    + any: added
    ! hello: rerouted
        its requests met `hello` and now meet `any`
        witness for `aimock match`: {"request":{"provider":"openai","endpoint":"chat","messages":[{"role":"user","content":"say hello"}]}}
    ! new.json#/fixtures/2: rerouted
        its requests met `old.json#/fixtures/1` and now meet `any`
        witness for `aimock match`: {"request":{"provider":"openai","endpoint":"chat","messages":[{"role":"user","content":"weather"}]}}
    1 breaking, 1 reworded, 1 added, 1 removed, 2 rerouted
    "#);
    assert_eq!(run.stderr, "");
}

#[test]
fn the_exit_status_counts_from_a_verdict_up() {
    let place = reworded();
    check(&place, &["old.json", "new.json"], 1);
    check(&place, &["old.json", "new.json", "--exit-code"], 1);
    check(&place, &["old.json", "new.json", "--exit-code=reworded"], 1);
    check(&place, &["old.json", "new.json", "--exit-code=breaking"], 0);
    check(&place, &["old.json", "new.json", "--exit-code=never"], 0);
    check(&place, &["old.json", "new.json", "--ignore", "/response/content"], 0);
    check(&place, &["old.json", "old.json"], 0);
}

#[test]
fn what_cannot_run_says_why() {
    let place = Workplace::new(&[("a.json", &file(HELLO)), ("broken.json", "{\"fixtures\": [}"), ("other.json", "{\"name\": 1}")]);
    for (arguments, words) in [
        (&["a.json"][..], "name OLD and NEW"),
        (&["a.json", "a.json", "a.json"], "3 were given"),
        (&["-", "-"], "one side only"),
        (&["a.json", "nothing.json"], "nothing.json: there is no such file"),
        (&["a.json", "broken.json"], "broken.json:1:15"),
        (&["a.json", "other.json"], "other.json holds no fixtures"),
        (&["a.json", "a.json", "--ignore", "response"], "`response` is no JSON pointer"),
        (&["a.json", "a.json", "--scope", "x"], "is none"),
        (&[".", ".", "--scope", "x"], "there is no scope `x`"),
        (&["--git-driver", "a", "b"], "7 or 9 arguments"),
    ] {
        let run = check(&place, arguments, 2);
        assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn directories_load_as_everywhere() {
    let place = Workplace::new(&[
        ("aimock.yaml", "exclude: [drafts]\ndiff: { ignore: [/latency] }\nscopes: { one: [one] }\n"),
        ("old/one/a.json", &file(HELLO)),
        ("old/two.json", &file(SLOW)),
        ("new/one/b.json", &file(HELLO)),
        ("new/two.yaml", "fixtures:\n- {latency: 9, match: {userMessage: slow}, response: {content: so slow}}\n"),
        ("new/drafts/x.json", &file(CALL)),
        ("third/one/b.json", &file(&HELLO.replace("can I", "may I"))),
    ]);
    assert_eq!(check(&place, &["old", "new/"], 0).stdout, "identical: 2 fixtures\n");
    assert_eq!(check(&place, &["old", "new", "--scope", "one"], 0).stdout, "identical: 1 fixture\n");
    check(&place, &["old", "third", "--scope", "one"], 1);
    assert_eq!(check(&place, &["old/one/a.json", "/dev/null"], 1).stdout, "- hello: removed\n1 removed\n");
}

#[test]
fn standard_input_is_a_side() {
    let place = reworded();
    let run = place.run_with(&["diff", "-", "old.json"], &file(&format!("{HELLO}, {CALL}")));
    assert_eq!((run.status, run.stdout.as_str()), (0, "identical: 2 fixtures\n"), "{}", run.stderr);
    let run =
        place.run_with(&["diff", "old.json", "-"], "fixtures:\n- {id: hello, match: {userMessage: say hello}, response: {content: Hi}}\n");
    assert_eq!(run.status, 1, "{}", run.stderr);
}

#[test]
fn a_witness_is_a_request_that_match_reads() {
    let narrow = r#"{"match": {"userMessage": "slow", "headers": {"x-a": "b"}}, "response": {"content": "a narrow one"}}"#;
    let place = place(&format!("{narrow}, {SLOW}"), &format!("{SLOW}, {narrow}"));
    let run = check(&place, &["old.json", "new.json", "--format", "json"], 1);
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let rerouted = &document["fixtures"]["rerouted"][0];
    for (side, fate) in [("old.json", "before"), ("new.json", "after")] {
        let answer = place.run_with(&["match", "-", "-f", side, "--format", "json"], &rerouted["witness"].to_string());
        let answer: Value = serde_json::from_str(&answer.stdout).expect("JSON");
        assert_eq!(answer["fixture"]["handle"], rerouted[fate]["handle"], "{side}");
    }
}

#[test]
fn json_keeps_to_its_schema() {
    let schema = aimock::cli::diff::schema();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for place in [reworded(), place(&format!("{SLOW}, {CALL}"), HELLO), place(HELLO, HELLO)] {
        let run = place.run(&["diff", "old.json", "new.json", "--format", "json"]);
        let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{document:#}");
        assert_eq!(document["version"], 1);
    }
}

#[test]
fn markdown_for_pull_requests() {
    let run = check(
        &place(&format!("{HELLO}, {SLOW}"), &HELLO.replace("today?", "`today`?")),
        &["old.json", "new.json", "--format", "markdown"],
        1,
    );
    insta::assert_snapshot!(run.stdout, @"
    ### aimock diff: 1 reworded, 1 removed

    <details><summary>1 reworded</summary>

    `hello`

    ```diff
      text /response/content
    - Hello! How can I help you today?
    + Hello! How can I help you `today`?
    ```


    </details>

    <details open><summary>1 removed</summary>

    - `old.json#/fixtures/1`

    </details>
    ");
}

#[test]
fn nothing_in_a_file_drives_the_terminal() {
    let place = place(HELLO, &HELLO.replace("Hello!", "\\u001b[31mHello!\\u202e"));
    for format in ["text", "markdown", "json"] {
        let run = check(&place, &["old.json", "new.json", "--format", format], 1);
        assert!(!run.stdout.contains(['\u{1b}', '\u{202e}']) || format == "json", "{format}: {}", run.stdout);
        assert!(!run.stdout.contains('\u{1b}'), "{format}");
    }
}

#[test]
fn long_texts_are_shown_around_what_differs() {
    let long = "word ".repeat(20_000);
    let place = place(&HELLO.replace("How can", &format!("{long}How can")), &HELLO.replace("How can", &format!("{long}How may")));
    let run = check(&place, &["old.json", "new.json"], 1);
    assert!(run.stdout.len() < 600 && run.stdout.contains("How [-can-]{+may+} I help"), "{}", run.stdout);
}
