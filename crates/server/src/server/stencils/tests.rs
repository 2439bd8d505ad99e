//! Stencils against the codecs that they stand in for.

use super::*;
use crate::diagnostic::{SourceId, Span};
use std::time::Duration;

use crate::engine::{Dice, MatchedBy, Policy, ServerPolicy, Speech, Step, Steps, plan_emission};
use crate::exchange::{Block, Headers, Overrides, RawRequest, Sparse, Usage};
use crate::fixture::{Fixture, Library, OnExhausted, Origin, Pace, Profile};
use crate::matcher::{Match, Position};
use crate::provider::route::{Lookup, lookup};
use crate::server::decide::{Action, Call, Decided};
use crate::server::journal::Outcome;
use crate::server::{App, Settings, World, head};

fn turns() -> Vec<Turn> {
    let text = |text: &str| Turn { blocks: vec![Block::Text(text.to_owned())], has_text: true, ..Turn::default() };
    let call =
        |id: Option<&str>| Block::ToolCall {
            name: "f".to_owned(), arguments: r#"{"city":"Malmö"}"#.to_owned(), id: id.map(str::to_owned)
        };
    let overrides = Overrides {
        id: Some("given".to_owned()),
        created: Some(1.0),
        model: Some("given-model".to_owned()),
        usage: Some(Usage { input_tokens: Some(41.0), output_tokens: Some(1.0), total_tokens: None, ..Usage::default() }),
        ..Overrides::default()
    };
    vec![
        text("a plain answer, long enough for more than one chunk"),
        text("\"quoted\", 😀 and\nlines \u{1}"),
        text(""),
        Turn { blocks: vec![call(None), call(Some("mine")), call(None)], ..text("x") },
        Turn { reasoning: Some("because".to_owned()), redacted_thinking: vec!["secret".to_owned()], ..text("so") },
        Turn { overrides: overrides.into(), ..text("given") },
        // What looks like a mark is none.
        text("8191 tokens of \"aimock-stencil-model\" at 4081679423 by chatcmpl-aimock-id-000000"),
        text("8192"),
    ]
}

fn library(turn: &Turn, headers: &[(&str, &str)]) -> Library {
    let answer = Answer {
        reply: Reply::Turn(turn.clone()),
        pace: Sparse::default(),
        truncate_after_chunks: None,
        disconnect_after_ms: None,
        faults: Sparse::default(),
        chaos: Sparse::default(),
        polls: 0,
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    let fixture = Fixture {
        id: None,
        origin: Origin { source: SourceId(0), index: 0, span: Span::default(), match_span: Span::default() },
        matches: Match::default(),
        position: Position::default(),
        answers: vec![answer],
        on_exhausted: OnExhausted::RepeatLast,
        recorded_at: None,
        dead: false,
        expect: None,
    };
    Library::new(vec![fixture], Vec::new())
}

/// Every request of a list, asked twice in turn, so that the first ones cut stencils and the others use them: each answer
/// must be what the codec says. Returns whether stencils were kept.
fn check(path: &'static str, bodies: &[String], turn: &Turn, headers: &[(&str, &str)]) -> Vec<bool> {
    let quiet = World::new(Box::new(|_| Ok(Vec::new())), Box::new(|_, _| {}));
    let app = App::new(Settings::default(), library(turn, headers), quiet);
    let edition = app.editions.current();
    let claim = Claim { row: 0, times: 0, by: MatchedBy::Content, turn_relaxed: false };
    let Lookup::Found { codec, route, params, .. } = lookup("POST", path) else { panic!("{path} has no codec") };
    let answer = edition.library.fixtures[0].answer_at(0).unwrap();
    let delivery = Delivery::of(answer, &app.settings.pace);
    let profile = Profile { ttft: Some(20.0), tps: Some(50.0), jitter: Some(0.5) };
    let slow = Pace { profile: Some(profile), ..app.settings.pace.clone() };
    let paced = Delivery::of(answer, &slow);
    let even = Pace { profile: Some(Profile { tps: Some(30.0), jitter: None, ..profile }), ..slow.clone() };
    let even = Delivery::of(answer, &even);
    let mut kept = Vec::new();
    for (index, body) in bodies.iter().chain(bodies).enumerate() {
        let raw = RawRequest::new("POST", path, Headers::new(), body.clone());
        let policy = Policy::resolve(&raw, ServerPolicy::default());
        let request = codec.decode(&raw, route, &params).unwrap();
        let exchange = Exchange { raw, request };
        let framing = codec.framing(&exchange.raw);
        let request_id = format!("req-{index}").into();
        let call = Call { app: &app, policy: &policy, request_id: &request_id, arrived: app.now(), framing, socket: false, relayed: false };
        let speaker = Speaker { codec: Some(codec), call: &call };
        let (word, created) = (index as u64, 1_700_000_000 + index as u64);
        let timed = Wanted { codec, edition: &edition, claim: &claim, answer, exchange: &exchange, word, created, delivery: None };
        let direct = speaker.encode(&timed, &exchange.request, created, &mut SeededIds::new(word));
        assert_eq!(speaker.encoded(&timed, &mut Dice::seeded(0)), Encoded::Emission(direct.clone()), "{path} {body}");
        for delivery in [&delivery, &paced, &even] {
            let (whole, said) = headed(speaker, &claim, plan_emission(direct.clone(), delivery, &mut Dice::seeded(7)).joined());
            if let Encoded::Plan(plan) = speaker.encoded(&Wanted { delivery: Some(delivery), ..timed }, &mut Dice::seeded(7)) {
                assert_eq!(plan.told.is_some(), plan.streamed && !delivery.is_at_once(), "{path} {body}");
                assert_eq!(played(plan.clone()), whole.steps, "{path} {body}");
                let (plan, same) = headed(speaker, &claim, plan);
                assert_eq!(same, said, "{path} {body}");
                for name in ["Content-Type", "x-request-id", "request-id", "x-aimock-match", "x-none"] {
                    assert_eq!(plan.header(name), whole.header(name), "{path} {body}");
                }
                // With a field more, as what is changed on the way has.
                let [more, whole_more] = [&plan, &whole].map(|plan| {
                    let mut plan = plan.clone();
                    plan.set_header("x-more", "1");
                    head::put_together(plan.headers)
                });
                assert_eq!(more, whole_more, "{path} {body}");
                assert_eq!(head::put_together(plan.headers.clone()), head::put_together(whole.headers.clone()), "{path} {body}");
                assert_eq!(
                    listed(Plan { headers: Fields::default(), ..plan }),
                    Plan { headers: Fields::default(), ..whole },
                    "{path} {body}"
                );
            }
        }
        if index >= bodies.len() {
            let (likeness, _) = speaker.likeness(&timed).unwrap();
            kept.push(edition.stencil(0, likeness).unwrap().is_some());
        }
    }
    kept
}

/// A plan with what every answer says of itself, and how the journal reads its bytes.
fn headed(speaker: Speaker<'_>, claim: &Claim, plan: Plan) -> (Plan, Speech) {
    let matched = Some(claim.by.name());
    let Decided { action: Action::Answer(plan), outcome } = speaker.headed(plan, Outcome { matched, ..Outcome::default() }) else {
        panic!("an answer is none of an upstream")
    };
    (plan, outcome.speech)
}

/// The steps of a plan as the pacer comes upon them.
fn played(mut plan: Plan) -> Vec<Step> {
    let (mut steps, mut now, mut played) = (Steps::of(&mut plan), Duration::ZERO, Vec::new());
    loop {
        while let Some(due) = steps.wait(now) {
            assert_eq!(steps.tell(&mut Vec::new()), None, "nothing is told before its time");
            played.push(Step::Until(due));
            now = due;
        }
        let mut bytes = Vec::new();
        let Some(events) = steps.tell(&mut bytes) else { break };
        played.push(Step::Send { bytes: bytes.into(), events });
    }
    assert!(steps.is_empty());
    played
}

/// The plan with all its steps at hand.
fn listed(mut plan: Plan) -> Plan {
    let mut steps = Steps::of(&mut plan);
    plan.steps = std::iter::from_fn(|| steps.front().is_some().then(|| steps.pop_front()).flatten()).collect();
    assert!(steps.is_empty());
    if let Some((telling, frames)) = steps.telling() {
        let sent = |step: &Step| if let Step::Send { bytes, .. } = step { bytes.to_vec() } else { Vec::new() };
        let all = plan.steps.iter().map(sent).collect::<Vec<_>>().concat();
        let halves = [0..frames / 2, frames / 2..frames, frames..frames].map(|part| telling.frames(part));
        assert_eq!(halves.concat(), all);
    }
    plan
}

fn bodies(extra: &str) -> Vec<String> {
    let body = |model: &str, prompt: &str, extra: &str| {
        let (model, prompt) = (serde_json::json!(model), serde_json::json!(prompt));
        format!(r#"{{"model":{model},"max_tokens":9,"messages":[{{"role":"user","content":{prompt}}}]{extra}}}"#)
    };
    vec![body("m", "hi", extra), body("other \"model\"", &"long ".repeat(99), extra), body("", "", extra)]
}

#[test]
fn a_stencil_says_what_the_codec_says() {
    for (index, turn) in turns().iter().enumerate() {
        for (path, extra) in [
            ("/v1/chat/completions", ""),
            ("/v1/chat/completions", r#","stream":true"#),
            ("/v1/chat/completions", r#","stream":true,"stream_options":{"include_usage":true}"#),
            ("/v1/messages", ""),
            ("/v1/messages", r#","stream":true"#),
        ] {
            let kept = check(path, &bodies(extra), turn, &[("x-own", "1")]);
            // Only a text that holds a mark cannot be cut.
            let is_marked = index >= 6;
            assert!(is_marked || kept.iter().all(|kept| *kept), "{path} {extra} of turn {index}: {kept:?}");
        }
    }
}

#[test]
fn a_fixtures_own_fields_are_in_every_answer() {
    let turn = &turns()[0];
    for own in [
        vec![("X-Request-Id", "mine"), ("x-own", "1")],
        vec![("Request-Id", "mine"), ("Access-Control-Allow-Origin", "https://example.com")],
        vec![("x-own", "line\nbreak"), ("x-own", "2"), ("no name", "3")],
        vec![("Retry-After", "3"), ("Content-Type", "text/plain")],
    ] {
        for path in ["/v1/chat/completions", "/v1/messages"] {
            check(path, &bodies(""), turn, &own);
            check(path, &bodies(r#","stream":true"#), turn, &own);
        }
    }
}
