//! Every lint rule is tried on its own examples: the bad one has exactly its finding, the good one has none of it, and
//! a fix cures without breaking anything. Registering a rule registers its test.

use std::sync::Arc;

use aimock::diagnostic::{Diagnostic, Safety, Severity, Source, SourceId};
use aimock::document::Format;
use aimock::fixture::{Input, LoadOptions};
use aimock::lint::{ALL, Category, Chosen, Example, LintInput, Outcome, Rule, Selection, apply_fixes, example_name, example_options, run};

fn chosen(select: &str) -> Chosen {
    Selection { select: vec![select.to_owned()], ..Selection::default() }.resolve().expect("the selection names a tier")
}

fn lint(files: Vec<(String, String)>, chosen: &Chosen) -> Outcome {
    let input = |(index, (name, text)): (usize, (String, String))| {
        let format = Format::from_path(&name);
        let id = SourceId(u32::try_from(index).expect("few files"));
        Input { source: Arc::new(Source::new(id, name, text)), format }
    };
    let inputs: Vec<Input> = files.into_iter().enumerate().map(input).collect();
    let options = ALL.iter().flat_map(|rule| example_options(rule.name)).collect();
    let members = (0..inputs.len()).collect();
    run(LintInput {
        inputs,
        scopes: vec![(String::new(), members)],
        shown: None,
        chosen,
        options: &options,
        load: LoadOptions::default(),
        parsed: None,
    })
}

fn lint_text(text: &str) -> Vec<Diagnostic> {
    lint(vec![(example_name(text).to_owned(), text.to_owned())], &chosen("all")).findings
}

fn of<'f>(rule: &Rule, findings: &'f [Diagnostic]) -> Vec<&'f Diagnostic> {
    findings.iter().filter(|finding| finding.rule == rule.name).collect()
}

fn errors_of_the_loader(findings: &[Diagnostic]) -> Vec<&Diagnostic> {
    findings.iter().filter(|finding| finding.severity == Severity::Error && ALL.iter().all(|rule| rule.name != finding.rule)).collect()
}

#[test]
fn bad_examples_have_the_finding_and_good_ones_have_not() {
    for rule in ALL {
        assert!(!rule.examples.is_empty(), "{} has no example", rule.name);
        for Example { bad, good } in rule.examples {
            let findings = lint_text(bad);
            let found = of(rule, &findings);
            assert_eq!(found.len(), 1, "{}: {findings:#?}\nin\n{bad}", rule.name);
            assert!(!found[0].message.is_empty() && !found[0].message.ends_with('.'), "{}: {:?}", rule.name, found[0].message);
            let findings = lint_text(good);
            assert!(of(rule, &findings).is_empty(), "{}: {findings:#?}\nin\n{good}", rule.name);
            let errors = errors_of_the_loader(&findings);
            assert!(errors.is_empty(), "{}: the good example is invalid: {errors:#?}\nin\n{good}", rule.name);
        }
    }
}

#[test]
fn fixes_cure_and_break_nothing() {
    for rule in ALL.iter().filter(|rule| rule.fix.is_some()) {
        let fixed = rule.examples.iter().filter(|example| fix(rule, example.bad)).count();
        assert!(fixed > 0, "{}: no bad example has a fix", rule.name);
    }
}

/// Fixes an example and looks at what is left; `false`: it has no fix.
fn fix(rule: &Rule, bad: &str) -> bool {
    let findings = lint_text(bad);
    let before = errors_of_the_loader(&findings).len();
    let own: Vec<Diagnostic> = of(rule, &findings).into_iter().cloned().collect();
    let fixed = apply_fixes(&own, Safety::Unsafe);
    let Some(file) = fixed.first() else { return false };
    let findings = lint_text(&file.text);
    assert!(of(rule, &findings).is_empty(), "{}: {findings:#?}\nleft in\n{}", rule.name, file.text);
    assert!(errors_of_the_loader(&findings).len() <= before, "{}: {findings:#?}\nmade in\n{}", rule.name, file.text);
    true
}

#[test]
fn rules_without_a_fix_offer_none() {
    for rule in ALL.iter().filter(|rule| rule.fix.is_none()) {
        for example in rule.examples {
            let findings = lint_text(example.bad);
            assert!(of(rule, &findings).iter().all(|finding| finding.fix.is_none()), "{} has a fix and does not say so", rule.name);
        }
    }
}

#[test]
fn names_are_sorted_unique_and_kebab_case() {
    let names: Vec<&str> = ALL.iter().map(|rule| rule.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    for name in &names {
        let kebab =
            name.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        assert!(kebab, "{name}");
    }
    let both = names.iter().find(|name| aimock::fixture::LOADER_RULES.iter().any(|rule| rule.name == **name));
    assert_eq!(both, None, "a rule of lint and one of the loader have one name");
}

#[test]
fn every_rule_has_its_own_file() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/cli/src/lint/rules");
    for rule in ALL {
        let file = format!("{folder}/{}.rs", rule.name.replace('-', "_"));
        assert!(std::path::Path::new(&file).is_file(), "{} stands elsewhere", rule.name);
    }
}

#[test]
fn pages_are_whole() {
    for rule in ALL {
        assert!(!rule.summary.is_empty() && !rule.summary.ends_with('.'), "{}: {:?}", rule.name, rule.summary);
        assert!(rule.why.len() > 40, "{}: {:?}", rule.name, rule.why);
        assert!(!rule.why.contains("  "), "{}: {:?}", rule.name, rule.why);
    }
}

/// All fixture files below a folder as name and text, in order of their names.
fn texts_below(root: &str) -> Vec<(String, String)> {
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = walk.filter(|entry| entry.file_type().is_file() && entry.path().extension().is_some_and(|end| end == "json"));
    #[expect(clippy::disallowed_methods, reason = "a test reads its corpus")]
    let read = |path: &std::path::Path| std::fs::read_to_string(path).ok();
    files.filter_map(|entry| Some((entry.path().to_string_lossy().into_owned(), read(entry.path())?))).collect()
}

#[test]
fn hand_written_fixtures_that_work_are_left_alone() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora/showcase");
    let files = texts_below(root);
    if files.is_empty() {
        crate::repository::skip("../shared/corpora is not here");
        return;
    }
    let outcome = lint(files, &chosen("default"));
    let quiet = [Category::Shape, Category::Rot, Category::Streams];
    let is_quiet = |name: &str| ALL.iter().any(|rule| rule.name == name && quiet.contains(&rule.category));
    let spoken: Vec<&Diagnostic> = outcome.findings.iter().filter(|finding| is_quiet(finding.rule)).collect();
    assert!(spoken.is_empty(), "{} findings, first {:#?}", spoken.len(), spoken.first());
}

/// How often a rule speaks about a file with these entries.
#[track_caller]
fn check(rule: &str, entries: &str, times: usize) {
    let text = format!("{{ \"fixtures\": [{entries}] }}");
    let findings = lint_text(&text);
    let found = findings.iter().filter(|finding| finding.rule == rule).count();
    assert_eq!(found, times, "{rule}: {findings:#?}\nin\n{text}");
}

/// Like [`check`] for one fixture that answers a chat.
#[track_caller]
fn check_response(rule: &str, response: &str, times: usize) {
    check(rule, &format!(r#"{{ "match": {{ "userMessage": "weather" }}, "response": {response} }}"#), times);
}

#[test]
fn slips_are_reported_once_and_only_where_nothing_else_answers() {
    check_response("response-key-slip", r#"{ "text": "a", "content": "b" }"#, 0);
    check_response("response-key-slip", r#"{ "text": "a" }"#, 1);
    check_response("unknown-key", r#"{ "text": "a" }"#, 0);
    check_response("unrecognised-response", r#"{ "text": "a" }"#, 0);
    check_response("response-key-slip", r#"{ "message": { "content": "a" } }"#, 1);
    check_response("response-key-slip", r#"{ "content": "a", "tool_calls": [{ "name": "f", "arguments": {} }] }"#, 1);
    check_response("response-key-slip", r#"{ "toolCalls": [{ "name": "f", "input": {} }] }"#, 1);
    check_response("response-key-slip", r#"{ "toolCalls": [{ "name": "f", "arguments": {}, "input": {} }] }"#, 0);
    check_response("response-key-slip", r#"{ "json": { "text": "a" } }"#, 0);
    check_response("response-key-slip", r#"{ "transcription": { "text": "a" } }"#, 0);
    check("response-key-slip", r#"{ "match": {}, "responses": [{ "text": "a" }, { "response": { "text": "b" } }] }"#, 2);
}

#[test]
fn finish_reasons_are_held_against_what_is_sent() {
    check_response("finish-reason-mismatch", r#"{ "content": "a", "finishReason": "length" }"#, 0);
    check_response("finish-reason-mismatch", r#"{ "content": "a", "finishReason": "tool_use" }"#, 1);
    let mixed =
        r#"{ "blocks": [{ "type": "text", "text": "a" }, { "type": "toolCall", "name": "f", "arguments": {} }], "finishReason": "stop" }"#;
    check_response("finish-reason-mismatch", mixed, 1);
    check_response("finish-reason-mismatch", r#"{ "content": "a", "customToolCalls": [], "finishReason": "tool_calls" }"#, 0);
    let forced = r#"{ "match": {}, "recordedAt": "2026-01-01", "response": { "toolCalls": [{ "name": "f", "arguments": {} }], "finishReason": "stop" } }"#;
    check("finish-reason-mismatch", forced, 0);
    check_response("unknown-finish-reason", r#"{ "content": "a", "finishReason": "MAX_TOKENS" }"#, 0);
    check_response("unknown-finish-reason", r#"{ "content": "a", "finishReason": "because" }"#, 1);
}

#[test]
fn totals_may_count_thoughts_and_caches() {
    let usage = |usage: &str, times| check_response("usage-total-wrong", &format!(r#"{{ "content": "a", "usage": {usage} }}"#), times);
    usage(r#"{ "input_tokens": 1, "output_tokens": 2, "total_tokens": 3 }"#, 0);
    usage(r#"{ "input_tokens": 1, "output_tokens": 2, "total_tokens": 4 }"#, 1);
    usage(r#"{ "promptTokenCount": 1, "candidatesTokenCount": 2, "thoughtsTokenCount": 4, "totalTokenCount": 7 }"#, 0);
    usage(r#"{ "promptTokenCount": 1, "candidatesTokenCount": 2, "thoughtsTokenCount": 4, "totalTokenCount": 8 }"#, 1);
    usage(r#"{ "total_tokens": 8 }"#, 0);
    let names = |usage: &str, times| check_response("usage-mixed-names", &format!(r#"{{ "content": "a", "usage": {usage} }}"#), times);
    names(r#"{ "prompt_tokens": 1, "output_tokens": 2 }"#, 0);
    names(r#"{ "prompt_tokens": 1, "input_tokens": 1 }"#, 0);
    names(r#"{ "prompt_tokens": 1, "input_tokens": 2, "completion_tokens": 3, "output_tokens": 4 }"#, 2);
}

#[test]
fn arguments_are_objects() {
    let call = |arguments: &str, times| {
        check_response("arguments-not-object", &format!(r#"{{ "toolCalls": [{{ "name": "f", "arguments": {arguments} }}] }}"#), times);
    };
    call("{}", 0);
    call(r#"" {} ""#, 0);
    call("[]", 1);
    call(r#""null""#, 1);
    call(r#""1""#, 1);
    call(r#""[1""#, 0);
}

#[test]
fn only_certain_mismatches_of_endpoint_and_response_count() {
    let pair = |endpoint: &str, response: &str, times| {
        let entry = format!(r#"{{ "match": {{ "endpoint": "{endpoint}" }}, "response": {response} }}"#);
        check("endpoint-response-mismatch", &entry, times);
    };
    pair("chat", r#"{ "content": "a" }"#, 0);
    pair("chat", r#"{ "audio": "SUQz" }"#, 0);
    pair("chat", r#"{ "embedding": [1] }"#, 1);
    pair("image", r#"{ "error": { "message": "no" } }"#, 0);
    pair("image", r#"{ "content": "a" }"#, 1);
    pair("fal", r#"{ "content": "a" }"#, 0);
    pair("speech", r#"{ "http": { "status": 200 } }"#, 0);
    pair("transcription", r#"{ "content": "a" }"#, 1);
    check("endpoint-response-mismatch", r#"{ "match": { "inputText": "a" }, "response": { "content": "a" } }"#, 1);
    check("endpoint-response-mismatch", r#"{ "match": { "inputText": "a" }, "response": { "events": [] } }"#, 0);
}

#[test]
fn contradictions_are_certain() {
    let matches = |matches: &str, times| {
        check("contradictory-match", &format!(r#"{{ "match": {matches}, "response": {{ "content": "a" }} }}"#), times);
    };
    matches(r#"{ "userMessage": "a", "hasToolResult": false }"#, 0);
    matches(r#"{ "toolResultContains": "a", "hasToolResult": false }"#, 1);
    matches(r#"{ "inputText": "a", "endpoint": "chat" }"#, 1);
    matches(r#"{ "inputText": "a", "userMessage": "b" }"#, 1);
    matches(r#"{ "userMessage": "a", "inputText": "x.mp3", "endpoint": "transcription" }"#, 0);
    matches(r#"{ "systemMessage": "a", "endpoint": "transcription" }"#, 1);
    matches(r#"{ "userMessage": "a", "endpoint": "image" }"#, 0);
    matches(r#"{ "userMessage": "a", "path": "/x", "endpoint": "embedding" }"#, 0);
}

#[test]
fn recordings_are_told_from_what_people_wrote() {
    let error = r#""response": { "error": { "message": "no" }, "status": 503 }"#;
    check("transient-error-recorded", &format!(r#"{{ "match": {{}}, {error} }}"#), 0);
    check("transient-error-recorded", &format!(r#"{{ "match": {{}}, "recordedAt": "2026-01-01", {error} }}"#), 1);
    let client = r#"{ "match": {}, "recordedAt": "2026-01-01", "response": { "error": { "message": "no" }, "status": 400 } }"#;
    check("transient-error-recorded", client, 0);
    let empty = r#""response": { "content": "" }"#;
    check("recorded-empty", &format!(r#"{{ "match": {{}}, {empty} }}"#), 0);
    check("empty-content", &format!(r#"{{ "match": {{}}, {empty} }}"#), 1);
    check("recorded-empty", &format!(r#"{{ "match": {{}}, "recordedAt": "2026-01-01", {empty} }}"#), 1);
    check("empty-content", &format!(r#"{{ "match": {{}}, "recordedAt": "2026-01-01", {empty} }}"#), 0);
}

#[test]
fn stream_settings_are_held_against_what_streams() {
    let entry = |rest: &str| format!(r#"{{ "match": {{ "userMessage": "a" }}, {rest} }}"#);
    check("timing-without-stream", &entry(r#""response": { "content": "a" }, "latency": 5"#), 0);
    check("timing-without-stream", &entry(r#""response": { "error": { "message": "no" } }, "latency": 5, "chunkSize": 3"#), 2);
    check("timing-without-stream", &entry(r#""responses": [{ "error": { "message": "no" } }, { "content": "a" }], "latency": 5"#), 0);
    check("fault-after-end", &entry(r#""response": { "events": ["a", { "comment": "b" }] }, "disconnectAfterEvents": 1"#), 0);
    check("fault-after-end", &entry(r#""response": { "events": ["a", { "comment": "b" }] }, "disconnectAfterEvents": 2"#), 1);
    check("fault-after-end", &entry(r#""response": { "content": "a" }, "disconnectAfterEvents": 200"#), 0);
    check("fault-after-end", &entry(r#""response": { "events": ["a"] }, "stallAfterEvents": { "events": 9, "ms": 1 }"#), 1);
    check("chaos-always", &entry(r#""response": { "content": "a" }, "chaos": { "dropRate": 1 }"#), 1);
    check("chaos-always", &entry(r#""description": "always fails", "response": { "content": "a" }, "chaos": { "dropRate": 1 }"#), 0);
}

#[test]
fn vectors_are_compared_within_a_model() {
    let entry = |model: &str, vector: &str| {
        format!(r#"{{ "match": {{ "inputText": "a", "model": "{model}" }}, "response": {{ "embedding": {vector} }} }}"#)
    };
    check("embedding-dimension-mismatch", &[entry("m", "[1, 2]"), entry("n", "[1, 2, 3]")].join(","), 0);
    check("embedding-dimension-mismatch", &[entry("m", "[1, 2, 3]"), entry("m", "[1, 2]"), entry("m", "[2, 1]")].join(","), 1);
    let list = r#"{ "match": { "inputText": "a" }, "response": { "embeddings": [[1], [1, 2], [1, 3], [4]] } }"#;
    check("embedding-dimension-mismatch", list, 1);
}

/// What all fixes of a rule make of a text.
#[track_caller]
fn check_fix(name: &str, text: &str, rule: &str, expected: &str) {
    let outcome = lint(vec![(name.to_owned(), text.to_owned())], &chosen("all"));
    let own: Vec<Diagnostic> = outcome.findings.into_iter().filter(|finding| finding.rule == rule).collect();
    let fixed = apply_fixes(&own, Safety::Unsafe);
    assert_eq!(fixed.first().map_or(text, |file| file.text.as_str()), expected, "{own:#?}");
}

#[test]
fn fixes_keep_comments_and_formatting() {
    let entry = |rest: &str| format!("{{\"fixtures\": [{{\"match\": {{}}, \"response\": {{\"error\": {{\"message\": \"no\"}}}}{rest}}}]}}");
    let check = |before: &str, after: &str| check_fix("a.jsonc", &entry(before), "timing-without-stream", &entry(after));
    check(", \"latency\": 5", "");
    check(", \"latency\": 5, \"id\": \"x\"", ", \"id\": \"x\"");
    check(",\n  \"latency\": 5\n", "\n");
    check(",\n  \"latency\": 5,\n  \"id\": \"x\"\n", ",\n  \"id\": \"x\"\n");
    check(",\r\n  \"latency\": 5,\r\n  \"id\": \"x\"\r\n", ",\r\n  \"id\": \"x\"\r\n");
    check(",\n  // slow\n  \"latency\": 5,\n", ",\n  // slow\n");
    check(", // before\n  \"latency\": 5 // behind\n", " // before\n  // behind\n");
    check(",\n  \"latency\": 5 /* ms */,\n  \"id\": \"x\"\n", ",\n   /* ms */\n  \"id\": \"x\"\n");
}

#[test]
fn two_slips_do_not_become_one_key_twice() {
    let text = r#"{ "fixtures": [{ "match": {}, "response": { "text": "a", "message": "b" } }] }"#;
    let fixed = r#"{ "fixtures": [{ "match": {}, "response": { "content": "a", "message": "b" } }] }"#;
    check_fix("a.json", text, "response-key-slip", fixed);
}

#[test]
fn fixes_know_yaml() {
    let text = "fixtures:\n  - match: { userMessage: a }\n    response:\n      error: { message: 'no' }\n    latency: 5\n    id: x\n";
    let fixed = "fixtures:\n  - match: { userMessage: a }\n    response:\n      error: { message: 'no' }\n    id: x\n";
    check_fix("a.yaml", text, "timing-without-stream", fixed);
    let text = "fixtures:\n  - latency: 5\n    match: { userMessage: a }\n    response: { error: { message: 'no' } }\n";
    check_fix("a.yaml", text, "timing-without-stream", text);
    let text = "fixtures:\n  - match: { userMessage: a }\n    response:\n      text: Sunny.\n";
    check_fix("a.yaml", text, "response-key-slip", "fixtures:\n  - match: { userMessage: a }\n    response:\n      content: Sunny.\n");
    let text = "fixtures:\n  - match: { userMessage: a }\n    response: { 'text': Sunny. }\n";
    check_fix("a.yaml", text, "response-key-slip", "fixtures:\n  - match: { userMessage: a }\n    response: { 'content': Sunny. }\n");
}

#[test]
fn members_are_added_in_the_layout_of_their_neighbours() {
    let entry =
        |matches: &str| format!("{{ \"fixtures\": [{{ \"match\": {matches}, \"response\": {{ \"video\": {{ \"id\": \"v\" }} }} }}] }}");
    let check = |before: &str, after: &str| check_fix("a.jsonc", &entry(before), "missing-endpoint", &entry(after));
    check("{}", "{ \"endpoint\": \"video\" }");
    check("{ \"model\": \"m\" }", "{ \"model\": \"m\", \"endpoint\": \"video\" }");
    check("{\n  \"model\": \"m\" // old\n}", "{\n  \"model\": \"m\",\n  \"endpoint\": \"video\" // old\n}");
}
