//! JSON files so long that `serve` reads them piece by piece: what is said about them, and what they answer, is what is said
//! of the same text on standard input, which is read as a whole.

use std::fmt::Write as _;

use crate::workplace::{Run, Workplace};

/// Entries of the files, which then have more than a megabyte.
const ENTRIES: usize = 2_500;

/// A long text, one entry a line; `change` may give an entry another text.
fn long(change: impl Fn(usize) -> Option<String>) -> String {
    let filling = "Grüße aus Malmö, 😀 ".repeat(20);
    let mut text = "\u{feff}{ \"$schema\": \"x\", \"fixtures\": [\n".to_owned();
    for index in 0..ENTRIES {
        let plain =
            || format!(r#"{{ "match": {{ "userMessage": "question {index}." }}, "response": {{ "content": "{index}: {filling}" }} }}"#);
        let entry = change(index).unwrap_or_else(plain);
        let _ = writeln!(text, "  {entry}{}", if index + 1 < ENTRIES { "," } else { "" });
    }
    text + "] }\n"
}

/// What `serve` says before it would serve: of the file, and of standard input under the file's name.
#[track_caller]
fn told(text: &str) -> String {
    assert!(text.len() > 1 << 20, "{}", text.len());
    let place = Workplace::new(&[("long.json", text)]);
    let flags = ["--validate-on-load", "--", "true"];
    let as_said = |run: &Run| format!("{} {}", run.status, run.stderr.replace("<stdin>", "long.json"));
    let file = place.run(&[&["serve", "long.json"], &flags[..]].concat());
    let whole = place.run_with(&[&["serve", "-"], &flags[..]].concat(), text);
    assert_eq!(as_said(&file), as_said(&whole));
    file.stderr
}

#[track_caller]
fn check(index: usize, entry: &str, expected: &str) {
    let said = told(&long(|at| (at == index).then(|| entry.to_owned())));
    assert!(said.contains(expected), "{said}");
}

#[test]
fn a_mistake_in_a_long_file_is_told_with_its_place() {
    let wrong = r#"{ "match": { "userMessage": 5 }, "response": { "content": "x" } }"#;
    check(2_400, wrong, "long.json:2402:31: `userMessage` must be");
    check(0, r#"{ "match": {}, "response": { "content": "" } }"#, "long.json:2:43: `content` is the empty string");
    check(2_499, r#"{ "match": {}, "match": {}, "response": { "content": "x" } }"#, "long.json:2501:18: the key `match`");
    check(1_200, r#"{ "match": {}, "response": { "content": "x" }"#, "long.json:1203:3: expected a key");
    check(1_200, r#"{ "match": {}, "response": { "content": "\u0000" } } }"#, "long.json:1202");
    check(1_200, "\"\0\"", "it is not UTF-8 text: a NUL byte stands in line 1202, column 4");
}

#[test]
fn ids_that_stand_twice_are_told_over_the_whole_file() {
    let twin = r#"{ "id": "twin", "match": { "userMessage": "x" }, "response": { "content": "x" } }"#;
    let said = told(&long(|index| [7, 2_300].contains(&index).then(|| twin.to_owned())));
    assert!(said.contains("long.json:2302:3: the id `twin` is taken"), "{said}");
}

#[test]
fn every_entry_of_a_long_file_is_served() {
    const ASK: &str = r#"
import json, os, sys, urllib.request
body = {"model": "m", "messages": [{"role": "user", "content": sys.argv[1]}]}
request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", json.dumps(body).encode(), {"authorization": "Bearer x"})
with urllib.request.urlopen(request) as answer:
    sys.stdout.buffer.write(json.load(answer)["choices"][0]["message"]["content"].encode())
"#;
    for (name, text) in
        [("long.json", long(|_| None)), ("long.jsonc", long(|index| (index == 9).then(|| "// nothing".to_owned() + "\n{}")))]
    {
        let place = Workplace::new(&[(name, text.as_str()), ("ask.py", ASK)]);
        for index in [0, 1_111, ENTRIES - 1] {
            let run = place.run(&["serve", name, "--", "python3", "ask.py", &format!("question {index}.")]);
            assert!(run.stdout.starts_with(&format!("{index}: Grüße aus Malmö, 😀 ")), "{name}: {} {}", run.stdout, run.stderr);
        }
    }
}
