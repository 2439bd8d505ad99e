//! What is a difference, and how bad it is: one case a line.

use aimock::diff::{Diff, Ignore, Side, compare};
use serde_json::Value;

use super::{file, inputs, side};

/// Every difference as `verdict topic pointer`; `-`, `+` and `!` for what has no partner or another fate.
fn lines(diff: &Diff) -> Vec<String> {
    let mut lines = Vec::new();
    for change in diff.pairs.iter().flat_map(|pair| &pair.changes) {
        lines.push(format!("{} {} {}", change.verdict().name(), change.topic.name(), change.pointer));
    }
    lines.extend(diff.removed.iter().map(|lone| format!("- {}", lone.row)));
    lines.extend(diff.added.iter().map(|lone| format!("+ {}", lone.row)));
    lines.extend(diff.rerouted.iter().map(|rerouted| format!("! {} → {}", row(rerouted.before), row(rerouted.after))));
    lines
}

fn row(row: Option<usize>) -> String {
    row.map_or_else(|| "nobody".to_owned(), |row| row.to_string())
}

/// The differences of two lists of entries, in both directions.
#[track_caller]
fn check_with(ignore: &[&str], old: &str, new: &str, expected: &[&str]) {
    let ignore = Ignore::new(ignore).expect("a pointer");
    let (old, new) = (inputs(&[("a.json", file(old))]), inputs(&[("b.json", file(new))]));
    let sides: (Side<'_>, Side<'_>) = (side(&old), side(&new));
    assert!(sides.0.unreadable.is_empty() && sides.1.unreadable.is_empty(), "{:?} {:?}", sides.0.unreadable, sides.1.unreadable);
    assert_eq!(lines(&compare(&sides.0, &sides.1, &ignore)), expected);
    let back = compare(&sides.1, &sides.0, &ignore);
    assert_eq!(back.verdict(), compare(&sides.0, &sides.1, &ignore).verdict(), "the other way round");
}

/// The differences of two responses to the same request.
#[track_caller]
fn answers(old: &str, new: &str, expected: &[&str]) {
    let entry = |response: &str| format!("{{\"match\": {{\"userMessage\": \"hello\"}}, \"response\": {response}}}");
    check_with(&[], &entry(old), &entry(new), expected);
}

/// The differences of two entries with the same answer.
#[track_caller]
fn entries(old: &str, new: &str, expected: &[&str]) {
    let entry = |keys: &str| format!("{{{keys}, \"response\": {{\"content\": \"Hello there, how are you today?\"}}}}");
    check_with(&[], &entry(old), &entry(new), expected);
}

/// An id as a provider would draw it, made here so that no scanner takes it for a real one.
fn drawn(prefix: &str, seed: &str) -> String {
    format!("{prefix}{}", format!("{seed}7Kq2Wn5x").repeat(2))
}

#[test]
fn spelling_is_no_difference() {
    answers(r#"{"content": "a", "finishReason": "stop"}"#, r#"{"finishReason": "stop", "content": "\u0061"}"#, &[]);
    answers(r#"{"content": {"a": [1, 2.5]}}"#, r#"{"content": "{\"a\":[1,2.5]}"}"#, &[]);
    answers(
        r#"{"toolCalls": [{"name": "f", "arguments": "{\"x\": 1.0, \"y\": [2]}"}]}"#,
        r#"{"toolCalls": [{"arguments": {"y": [2], "x": 1}, "name": "f"}]}"#,
        &[],
    );
    answers(
        r#"{"content": "a", "toolCalls": [{"name": "f", "arguments": {}}]}"#,
        r#"{"blocks": [{"type": "text", "text": "a"}, {"type": "toolCall", "name": "f", "arguments": "{}"}]}"#,
        &[],
    );
    answers(r#"{"error": {"message": "no"}}"#, r#"{"error": {"message": "no", "code": null}, "status": 500}"#, &[]);
    answers(
        r#"{"http": {"json": {"a": 1}}}"#,
        r#"{"http": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": "{ \"a\": 1 }"}}"#,
        &[],
    );
    answers(r#"{"http": {"body": "hi"}}"#, r#"{"http": {"base64": "aGk="}}"#, &[]);
    answers(r#"{"events": ["{\"a\":1}", "[DONE]"]}"#, r#"{"events": [{"data": {"a": 1}}, {"data": "[DONE]"}]}"#, &[]);
    entries(r#""match": {"userMessage": "a"}"#, r#""match": {"userMessage": {"contains": "a"}}"#, &[]);
    entries(r#""match": {"userMessage": {"anyOf": ["a", "b"]}}"#, r#""match": {"userMessage": {"anyOf": [{"contains": "b"}, "a"]}}"#, &[]);
    check_with(&[], r#"{"match": {}, "response": {"content": "a"}}"#, r#"{"match": {}, "responses": [{"content": "a"}]}"#, &[]);
}

#[test]
fn notes_are_told_and_do_not_count() {
    entries(
        r#""match": {}, "_comment": "x""#,
        r#""match": {}, "description": "y""#,
        &["identical note /_comment", "identical note /description"],
    );
    entries(r#""match": {"_why": "x"}"#, r#""match": {"_why": "y"}"#, &[]);
}

#[test]
fn what_a_recording_draws_does_not_count() {
    let response = |id: &str, created: u64, time: &str| {
        format!(r#"{{"content": "It is {time} now", "id": "{id}", "created": {created}, "systemFingerprint": "fp_{created}"}}"#)
    };
    answers(
        &response(&drawn("chatcmpl-", "aB"), 1_711_111_111, "2026-03-30T13:19:38"),
        &response(&drawn("chatcmpl-", "Zx"), 1_722_222_222, "2026-04-01T09:01:02.5"),
        &[
            "identical volatile /response/content",
            "identical volatile /response/created",
            "identical volatile /response/id",
            "identical volatile /response/systemFingerprint",
        ],
    );
    // An author's round time is a word like any other, and so is a short id.
    answers(r#"{"content": "at 2026-03-30T13:00:00"}"#, r#"{"content": "at 2026-03-30T14:00:00"}"#, &["reworded text /response/content"]);
    answers(r#"{"content": "x", "id": "mine"}"#, r#"{"content": "x", "id": "yours"}"#, &["breaking response /response/id"]);
}

#[test]
fn a_drawn_call_id_takes_its_follow_up_along() {
    let file = |id: &str| {
        format!(
            r#"{{"match": {{"userMessage": "a", "hasToolResult": false}}, "response": {{"toolCalls": [{{"id": "{id}", "name": "f", "arguments": {{}}}}]}}}},
               {{"match": {{"toolCallId": "{id}"}}, "response": {{"content": "done"}}}}"#
        )
    };
    let (old, new) = (file(&drawn("call_", "aB")), file(&drawn("call_", "Zx")));
    check_with(&[], &old, &new, &["identical volatile /response/toolCalls/0/id", "identical volatile /match/toolCallId"]);
    let lost = new.replacen(&drawn("call_", "Zx"), &drawn("call_", "Qw"), 1);
    check_with(&[], &old, &lost, &["identical volatile /response/toolCalls/0/id", "breaking match /match/toolCallId"]);
    check_with(&[], &file("call_1"), &file("call_2"), &["breaking tool call /response/toolCalls/0/id", "breaking match /match/toolCallId"]);
}

#[test]
fn timing() {
    entries(r#""match": {}, "latency": 5"#, r#""match": {}, "latency": 6"#, &["timing only timing /latency"]);
    entries(
        r#""match": {}, "streamingProfile": {"tps": 5}"#,
        r#""match": {}, "replaySpeed": 2"#,
        &["timing only timing /replaySpeed", "timing only timing /streamingProfile"],
    );
    let timings = |gaps: &str| format!(r#""match": {{}}, "recordedTimings": {{"ttftMs": 1, "interChunkDelaysMs": [{gaps}]}}"#);
    entries(&timings("1, 2"), &timings("3, 4"), &["timing only timing /recordedTimings/interChunkDelaysMs"]);
    answers(
        r#"{"events": [{"data": "a", "delayMs": 1}]}"#,
        r#"{"events": [{"data": "a", "delayMs": 2}]}"#,
        &["timing only timing /response/events/0/delayMs"],
    );
    entries(&timings("1, 2"), &timings("3"), &["re-chunked chunks /recordedTimings/interChunkDelaysMs"]);
}

#[test]
fn other_pieces() {
    entries(r#""match": {}, "chunkSize": 5"#, r#""match": {}"#, &["re-chunked chunks /chunkSize"]);
    answers(
        r#"{"blocks": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]}"#,
        r#"{"blocks": [{"type": "text", "text": "Hello"}]}"#,
        &["re-chunked chunks /response/blocks"],
    );
}

/// The differences of two lists of events, each a piece of text in one form between a head and an end.
#[track_caller]
fn pieces(old: &[&str], new: &[&str], expected: &[&str]) {
    let events = |pieces: &[&str]| {
        let head = serde_json::json!({"id": "x", "choices": [{"index": 0, "delta": {"role": "assistant"}}]});
        let piece = |text: &&str| serde_json::json!({"id": "x", "choices": [{"index": 0, "delta": {"content": text}}]});
        let end = serde_json::json!({"id": "x", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
        let mut events: Vec<Value> = vec![head];
        events.extend(pieces.iter().map(piece));
        events.extend([end, "[DONE]".into()]);
        serde_json::json!({ "events": events.into_iter().map(|data| serde_json::json!({ "data": data })).collect::<Vec<_>>() }).to_string()
    };
    answers(&events(old), &events(new), expected);
}

#[test]
fn events_are_compared_by_what_they_say_together() {
    const CHUNKS: &[&str] = &["re-chunked chunks /response/events"];
    pieces(&["Hel", "lo ", "there"], &["Hello", " there"], CHUNKS);
    pieces(&["Hel", "lo there"], &["Hello there"], CHUNKS);
    pieces(&["Hello there"], &["Hello you"], &["reworded text /response/events/*/data/choices/0/delta/content"]);
    pieces(&["Hel", "lo"], &["Hel", "p"], &["reworded text /response/events/*/data/choices/0/delta/content"]);
    // What is the same throughout is a name, not a piece: three are not two.
    pieces(&["ha", "ha", "ha"], &["ha", "ha"], &["breaking event /response/events/3"]);
    pieces(&["{\"city\":", " \"Oslo\"}"], &["{\"city\"", ":\"Oslo\"", "}"], CHUNKS);
}

#[test]
fn events_of_another_meaning_are_breaking() {
    let stop = |reason: &str| format!(r#"{{"events": [{{"data": {{"text": "Hello you"}}}}, {{"data": {{"finish": "{reason}"}}}}]}}"#);
    answers(&stop("stop"), &stop("length"), &["breaking event /response/events/1/data/finish"]);
    answers(
        r#"{"events": [{"event": "a", "data": "x y"}]}"#,
        r#"{"events": [{"event": "b", "data": "x y"}]}"#,
        &["breaking event /response/events/0/event"],
    );
    answers(r#"{"events": ["a", "[DONE]"]}"#, r#"{"events": ["a"]}"#, &["breaking event /response/events/1"]);
    // Numbers that only count the events are no difference; their pieces are.
    let counted = |texts: &[&str]| {
        let events: Vec<Value> =
            texts.iter().enumerate().map(|(nth, text)| serde_json::json!({ "data": { "sequence_number": nth, "delta": text } })).collect();
        serde_json::json!({ "events": events }).to_string()
    };
    answers(&counted(&["a", "b", "c"]), &counted(&["ab", "c"]), &["re-chunked chunks /response/events"]);
}

/// The differences of two streams that are the text of a raw answer.
#[track_caller]
fn streams(old: &str, new: &str, expected: &[&str]) {
    let http = |body: &str| serde_json::json!({ "http": { "headers": { "content-type": "text/event-stream" }, "body": body } }).to_string();
    answers(&http(old), &http(new), expected);
}

#[test]
fn a_stream_in_a_raw_body_is_compared_as_events() {
    let piece = |text: &str| format!("data: {{\"delta\": \"{text}\"}}\n\n");
    let whole = |pieces: &[&str]| format!(": hi\n\n{}data: [DONE]\n\n", pieces.iter().map(|text| piece(text)).collect::<String>());
    streams(&whole(&["Hel", "lo you"]), &whole(&["Hello", " ", "you"]), &["re-chunked chunks /response/http/body"]);
    streams(&whole(&["Hello", " you"]), &whole(&["Hello", " all"]), &["reworded text /response/http/body/*/data/delta"]);
    streams(&whole(&["Hello"]), &whole(&["Hello"]).replace('\n', "\r\n"), &[]);
    // Where a stream breaks off is part of what it says.
    streams(&whole(&["Hello"]), whole(&["Hello"]).trim_end(), &["breaking event /response/http/body/2/unfinished"]);
    streams("data: a\n\n", "data: a\ndata: b\n\n", &["breaking event /response/http/body/0/data"]);
    streams("event: a\ndata: x\n\n", "event: b\ndata: x\n\n", &["breaking event /response/http/body/0/event"]);
}

#[test]
fn other_words() {
    answers(r#"{"content": "Hello"}"#, r#"{"content": "Hi"}"#, &["reworded text /response/content"]);
    answers(r#"{"content": "a", "reasoning": "b"}"#, r#"{"content": "a", "reasoning": "c"}"#, &["reworded text /response/reasoning"]);
    answers(
        r#"{"content": "a", "usage": {"prompt_tokens": 1}}"#,
        r#"{"content": "a", "usage": {"prompt_tokens": 2}}"#,
        &["reworded usage /response/usage/prompt_tokens"],
    );
    entries(
        r#""match": {}, "metadata": {"systemHash": "a", "toolsHash": "b"}"#,
        r#""match": {}, "metadata": {"systemHash": "c", "toolsHash": "d"}"#,
        &["reworded prompt changed /metadata/systemHash", "reworded tools changed /metadata/toolsHash"],
    );
    entries(r#""match": {"model": "a"}, "id": "x""#, r#""match": {"model": "a"}, "id": "y""#, &["reworded id /id"]);
}

#[test]
fn what_a_client_would_notice() {
    let call = |name: &str, city: &str| format!(r#"{{"toolCalls": [{{"name": "{name}", "arguments": "{{\"city\": \"{city}\"}}"}}]}}"#);
    answers(&call("f", "Oslo"), &call("f", "Rome"), &["breaking tool call /response/toolCalls/0/arguments/city"]);
    answers(&call("f", "Oslo"), &call("g", "Oslo"), &["breaking tool call /response/toolCalls/0/name"]);
    answers(
        r#"{"content": "a", "finishReason": "stop"}"#,
        r#"{"content": "a", "finishReason": "length"}"#,
        &["breaking finish reason /response/finishReason"],
    );
    answers(
        r#"{"error": {"message": "a"}, "status": 429}"#,
        r#"{"error": {"message": "a"}, "status": 500}"#,
        &["breaking error /response/status"],
    );
    answers(r#"{"content": "a"}"#, r#"{"error": {"message": "a"}}"#, &["breaking response /response"]);
    answers(r#"{"content": "a", "reasoning": "b"}"#, r#"{"content": "a"}"#, &["breaking response /response/reasoning"]);
    answers(r#"{"embedding": [1, 2]}"#, r#"{"embedding": [1, 3]}"#, &["breaking embedding /response/embedding"]);
    answers(
        r#"{"http": {"status": 200, "body": "{\"a\": 1}"}}"#,
        r#"{"http": {"status": 201, "json": {"a": 2}}}"#,
        &["breaking http /response/http/body/a", "breaking http /response/http/headers", "breaking http /response/http/status"],
    );
    answers(
        r#"{"blocks": [{"type": "text", "text": "a"}, {"type": "toolCall", "name": "f", "arguments": {}}]}"#,
        r#"{"blocks": [{"type": "toolCall", "name": "f", "arguments": {}}, {"type": "text", "text": "a"}]}"#,
        &["breaking response /response"],
    );
    for fault in ["\"truncateAfterChunks\": 2", "\"disconnectAfterEvents\": 0", "\"close\": \"rst\"", "\"chaos\": {\"dropRate\": 0.5}"] {
        let key = fault.split('"').nth(1).expect("a key");
        entries("\"match\": {}", &format!("\"match\": {{}}, {fault}"), &[&format!("breaking fault /{key}")]);
    }
    entries(
        r#""match": {"userMessage": "a", "turnIndex": 1}"#,
        r#""match": {"userMessage": "b"}"#,
        &["breaking match /match/userMessage", "breaking match /match/turnIndex"],
    );
    check_with(
        &[],
        r#"{"match": {}, "responses": [{"content": "a"}, {"content": "b"}]}"#,
        r#"{"match": {}, "responses": [{"content": "a"}]}"#,
        &["breaking sequence /responses/1"],
    );
}

const PLAIN: &str = r#"{"match": {"userMessage": "a"}, "response": {"content": "plain old answer"}}"#;
const NARROW: &str = r#"{"match": {"userMessage": "ab"}, "response": {"content": "a narrow reply, this"}}"#;

#[test]
fn fixtures_that_come_and_go() {
    check_with(&[], PLAIN, &format!("{PLAIN}, {}", NARROW.replace("ab", "xy")), &["+ 1"]);
    check_with(&[], &format!("{PLAIN}, {}", NARROW.replace("ab", "xy")), PLAIN, &["- 1"]);
    check_with(&[], "", PLAIN, &["+ 0"]);
    check_with(&[], "", "", &[]);
}

#[test]
fn requests_that_meet_another_fixture() {
    check_with(&[], &format!("{NARROW}, {PLAIN}"), &format!("{PLAIN}, {NARROW}"), &["! 0 → 0"]);
    let catch_all = r#"{"match": {}, "response": {"content": "whatever is asked of me"}}"#;
    check_with(&[], PLAIN, &format!("{catch_all}, {PLAIN}"), &["+ 0", "! 0 → 0"]);
    check_with(&[], &format!("{catch_all}, {PLAIN}"), PLAIN, &["- 0", "! 0 → 0"]);
    // Twins that change places change no answer.
    let twins = |first: &str, second: &str| {
        format!(
            "{}, {}",
            PLAIN.replace("{\"match", &format!("{{\"id\": \"{first}\", \"match")),
            PLAIN.replace("{\"match", &format!("{{\"id\": \"{second}\", \"match"))
        )
    };
    check_with(&[], &twins("x", "y"), &twins("y", "x"), &[]);
}

#[test]
fn sequences_are_asked_slot_by_slot() {
    let slot = |slot: u64, text: &str| {
        format!(r#"{{"match": {{"userMessage": "a", "sequenceIndex": {slot}}}, "response": {{"content": "{text}"}}}}"#)
    };
    let (first, second) = (slot(0, "first of all"), slot(1, "then the second"));
    check_with(&[], &format!("{first}, {second}"), &format!("{second}, {first}"), &[]);
    check_with(
        &[],
        &format!("{first}, {second}"),
        &format!("{}, {}", slot(0, "then the second"), slot(1, "first of all")),
        &["reworded text /response/content", "reworded text /response/content"],
    );
}

#[test]
fn places_are_left_out() {
    let old = r#"{"match": {"userMessage": "a", "model": "x"}, "response": {"content": "a", "usage": {"prompt_tokens": 1}, "toolCalls": [{"name": "f", "arguments": "{\"t\": 1, \"k\": 1}"}]}}"#;
    let new = r#"{"match": {"userMessage": "a", "model": "y"}, "response": {"content": "a", "usage": {"prompt_tokens": 2}, "toolCalls": [{"name": "f", "arguments": "{\"t\": 2, \"k\": 1}"}]}}"#;
    check_with(&["/response/usage", "/response/toolCalls/*/arguments/t", "/match/model"], old, new, &[]);
    check_with(&["/response/*/0/arguments", "/*/usage", "/match"], old, new, &[]);
    check_with(&["/response"], old, new, &["breaking match /match/model"]);
    assert!(Ignore::new(&["response/usage"]).is_err_and(|error| error.to_string().contains("must begin with `/`")));
}

#[test]
fn broken_matches_are_compared_as_written() {
    check_with(
        &[],
        r#"{"match": {"userMessage": 5}, "response": {"content": "a"}}"#,
        r#"{"match": {"userMessage": 6}, "response": {"content": "a"}}"#,
        &["breaking match /match/userMessage"],
    );
}
