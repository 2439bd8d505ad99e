//! A memory that is damaged, or that somebody has made up, is worth nothing and does no harm.

use std::sync::Arc;

use super::{Key, MAGIC, MOST_UNUSED, Memory, Written};
use crate::diagnostic::{Diagnostic, Source, SourceId, Span};
use crate::document::Format;
use crate::fixture::{Input, LoadOptions};
use crate::lint::{Brief, LintInput, Selection, run_remembering};

/// Findings with places, fixes, related places, a witness and an allow.
const TEXTS: [&str; 3] = [
    r#"{ "fixtures": [
        { "id": "a", "match": { "userMessage": "wetter" }, "response": { "text": "Es schneit in Tromsø." } },
        { "match": { "userMessage": "wetter in Oslo" }, "response": { "content": "Schnee." } }
    ] }"#,
    r#"{ "$lint": { "allow": ["empty-match"], "reason": "the last resort" }, "fixtures": [
        { "id": "a", "match": {}, "response": { "content": "Ja." } }, 7
    ] }"#,
    "fixtures: [",
];

fn inputs(texts: &[&str]) -> Vec<Input> {
    let source = |(id, text): (u32, &&str)| Arc::new(Source::new(SourceId(id), format!("{id}.yaml"), *text));
    (0..).zip(texts).map(source).map(|source| Input { source, format: Format::Yaml }).collect()
}

fn lint(texts: &[&str], memory: Option<&mut Memory<'_>>) -> Brief {
    let chosen = Selection { select: vec!["all".to_owned()], ..Selection::default() }.resolve().unwrap();
    let scopes = vec![(String::new(), (0..texts.len()).collect())];
    let (options, load) = (serde_json::Map::new(), LoadOptions::default());
    let input = LintInput { inputs: inputs(texts), scopes, shown: None, chosen: &chosen, options: &options, load, parsed: None };
    run_remembering(input, memory)
}

/// What a run finds that reads these bytes, how many texts it reads, and what it leaves.
fn with(bytes: &[u8], texts: &[&str]) -> (Vec<Diagnostic>, usize, Option<Vec<u8>>) {
    let mut memory = Memory::read(context(), bytes);
    let Brief { findings, read, .. } = lint(texts, Some(&mut memory));
    (findings, read, memory.to_bytes())
}

fn context() -> Key {
    Key::of("context", [])
}

fn written() -> Vec<u8> {
    with(&[], &TEXTS).2.unwrap()
}

/// A memory that is whole, whatever stands in it.
fn made_up(records: &[(Key, Vec<u8>)]) -> Vec<u8> {
    let records: Vec<Written<'_>> = records.iter().map(|(key, body)| Written { key: *key, unused: 0, body }).collect();
    stamped(&postcard::to_extend(&records, Vec::new()).unwrap())
}

fn stamped(payload: &[u8]) -> Vec<u8> {
    [MAGIC, &Memory::stamp(context(), payload).0[..], payload].concat()
}

#[test]
fn what_was_found_is_found_again() {
    let plain = lint(&TEXTS, None).findings;
    let rules: Vec<&str> = plain.iter().map(|finding| finding.rule).collect();
    for rule in ["shadowed-fixture", "response-key-slip", "duplicate-id", "syntax-error"] {
        assert!(rules.contains(&rule), "{rule} is not in {rules:?}");
    }
    assert!(plain.iter().any(|finding| finding.fix.is_some()) && plain.iter().any(|finding| finding.witness.is_some()));
    let (cold, read, bytes) = with(&[], &TEXTS);
    assert_eq!((&cold, read), (&plain, TEXTS.len()));
    // Nothing is read, and nothing new is learnt.
    assert_eq!(with(&bytes.unwrap(), &TEXTS), (plain, 0, None));
}

#[test]
fn another_context_knows_nothing() {
    let bytes = written();
    let mut memory = Memory::read(Key::of("context", [&b"another version"[..]]), &bytes);
    assert_eq!(lint(&TEXTS, Some(&mut memory)).read, TEXTS.len());
}

#[test]
fn a_damaged_memory_knows_nothing() {
    let (plain, bytes) = (lint(&TEXTS, None).findings, written());
    let mut damaged: Vec<Vec<u8>> = (0..bytes.len()).step_by(211).map(|length| bytes[..length].to_vec()).collect();
    damaged.extend((0..bytes.len()).step_by(197).map(|at| {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        changed
    }));
    damaged.push([&bytes[..], b"and more"].concat());
    damaged.push(b"not a memory at all".to_vec());
    for bytes in damaged {
        let (findings, read, rebuilt) = with(&bytes, &TEXTS);
        assert_eq!((&findings, read, rebuilt.is_some()), (&plain, TEXTS.len(), true));
    }
}

#[track_caller]
fn points_into_texts(findings: &[Diagnostic]) {
    for finding in findings {
        let is_there = |span: &Span| finding.primary.source.text().get(span.start..span.end).is_some();
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| &edit.span);
        assert!(std::iter::once(&finding.primary.span).chain(edits).all(is_there), "{finding:?}");
        assert!(finding.related.iter().all(|label| label.source.text().get(label.span.start..label.span.end).is_some()), "{finding:?}");
    }
}

#[test]
fn records_that_do_not_fit_are_forgotten() {
    let (plain, bytes) = (lint(&TEXTS, None).findings, written());
    let payload = &bytes[MAGIC.len() + 16..];
    let records: Vec<Written<'_>> = postcard::from_bytes(payload).unwrap();
    assert_eq!(records.len(), TEXTS.len() + 1);
    for record in &records {
        // Another's record: its places are not in this text, or its members are not there.
        for other in records.iter().filter(|other| other.key != record.key) {
            points_into_texts(&with(&made_up(&[(record.key, other.body.to_vec())]), &TEXTS).0);
        }
        // Cut short, and with every byte changed in turn: what can still be read must not end in a panic.
        for length in (0..record.body.len()).step_by(41) {
            let (findings, ..) = with(&made_up(&[(record.key, record.body[..length].to_vec())]), &TEXTS);
            assert_eq!(findings, plain);
        }
        for at in (0..record.body.len()).step_by(17) {
            let mut body = record.body.to_vec();
            body[at] = body[at].wrapping_add(0x80);
            points_into_texts(&with(&made_up(&[(record.key, body)]), &TEXTS).0);
        }
    }
    // A list that says it is endless costs no more than what is there.
    let endless = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert_eq!(with(&stamped(&endless), &TEXTS).1, TEXTS.len());
    assert_eq!(with(&made_up(&[(records[0].key, endless.to_vec())]), &TEXTS).0, plain);
}

#[test]
fn what_is_gone_is_forgotten_in_the_end() {
    let mut bytes = written();
    let mut largest = 0;
    for round in 0..4 * usize::from(MOST_UNUSED) {
        let new = format!("fixtures: [{{ match: {{ userMessage: 'number {round}' }}, response: {{ content: Ja. }} }}]");
        let texts = [TEXTS[0], &new];
        bytes = with(&bytes, &texts).2.unwrap();
        largest = largest.max(bytes.len());
        assert_eq!(with(&bytes, &texts).1, 0, "what is of use stays");
    }
    let keys: Vec<Key> = inputs(&TEXTS).iter().map(Key::of_input).collect();
    let records: Vec<Written<'_>> = postcard::from_bytes(&bytes[MAGIC.len() + 16..]).unwrap();
    let kept: Vec<bool> = keys.iter().map(|key| records.iter().any(|record| record.key == *key)).collect();
    assert_eq!(kept, [true, false, false], "the others of the first round are forgotten");
    assert!(bytes.len() <= largest && largest < written().len() * 8, "{largest}");
}

#[test]
fn secrets_are_looked_for_anew_each_time() {
    let key = ["sk-", "proj-", "Qm7Zt2Xv9Lr4Kd8Wp3Nc6Hs1", "Bf5Jg0TyUrEx4Ma8Vo2Qi6yW"].concat();
    // One finding quotes it in a fix, another as an id, a third in a comment that allows something.
    let sorted =
        format!("{{ \"fixtures\": [{{ \"response\": {{ \"content\": \"{key}\" }}, \"match\": {{ \"userMessage\": \"{key}\" }} }}] }}");
    let named = format!("fixtures: [{{ id: {key}, match: {{ userMessage: a }}, response: {{ content: a }} }}]");
    let allowed = format!("# aimock-allow: {key}\nfixtures: []");
    let person = "fixtures: [{ match: { userMessage: 'ask ann.other@mail.example.org' }, response: { contnt: Ja. } }]".to_owned();
    for text in [sorted, named, allowed, person] {
        let plain = lint(&[&text], None).findings;
        let (cold, _, bytes) = with(&[], &[&text]);
        let bytes = bytes.unwrap_or_default();
        assert!(!bytes.windows(12).any(|window| window == &key.as_bytes()[8..20] || window == b"ann.other@ma"), "{text}");
        assert_eq!((&cold, &with(&bytes, &[&text]).0), (&plain, &plain));
    }
}
