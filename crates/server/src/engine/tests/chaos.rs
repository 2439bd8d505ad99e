//! Rolls, and what they make of plans.

use super::*;
use crate::engine::alteration::malformed_body;
use crate::fixture::{ChaosAction, ChaosField};

fn chaos(settings: &[(ChaosField, f64)]) -> Chaos {
    let mut chaos = Chaos::default();
    for (field, value) in settings {
        assert!(field.accepts(*value), "{}: {value}", field.key());
        chaos.set(*field, Some(*value));
    }
    chaos
}

/// A roll that is certain to be this action.
fn certain(action: ChaosAction, seed: u64) -> Rolled {
    Rolled::roll(chaos(&[(action.rate(), 1.0), (ChaosField::StallMs, 500.0)]), seed, 1, 0)
}

#[test]
fn half_and_half_is_a_half_a_quarter_and_a_quarter() {
    let rates = chaos(&[(ChaosField::DropRate, 0.5), (ChaosField::MalformedRate, 0.5)]);
    let rolls: Vec<_> = (0..10_000).map(|occurrence| Rolled::roll(rates, 3, 9, occurrence).action).collect();
    let share = |action| rolls.iter().filter(|rolled| **rolled == action).count();
    let counts = [share(Some(ChaosAction::Drop)), share(Some(ChaosAction::Malformed)), share(None)];
    assert_eq!(counts.iter().sum::<usize>(), 10_000);
    assert!((4800..5200).contains(&counts[0]) && counts[1..].iter().all(|count| (2350..2650).contains(count)), "{counts:?}");
}

#[test]
fn the_first_hit_of_the_order_wins() {
    let all = chaos(&ChaosAction::ALL.map(|action| (action.rate(), 1.0)));
    for (index, action) in ChaosAction::ALL.into_iter().enumerate() {
        let mut rest = all;
        ChaosAction::ALL[..index].iter().for_each(|earlier| rest.set(earlier.rate(), Some(0.0)));
        assert_eq!(Rolled::roll(rest, 5, 5, 5).action, Some(action));
    }
    assert_eq!(Rolled::roll(Chaos::none(), 5, 5, 5).action, None);
}

#[test]
fn the_same_seed_request_and_occurrence_are_the_same_fault() {
    let rates = chaos(&ChaosAction::ALL.map(|action| (action.rate(), 0.2)));
    let run = |seed| (0..200).map(|occurrence| Rolled::roll(rates, seed, occurrence % 7, occurrence).action).collect::<Vec<_>>();
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn headers_do_not_change_who_a_request_is() {
    let exchange = |headers: &[(&str, &str)], text: &str| {
        let raw = RawRequest::new("POST", "/v1/x", headers.iter().map(|(name, value)| (*name, *value)).collect(), "{}");
        let mut exchange = Exchange { raw, ..Exchange::default() };
        exchange.request.endpoint = Some(Endpoint::Chat);
        exchange.request.context = headers.first().map(|(_, value)| (*value).to_owned());
        exchange.request.messages.push(crate::exchange::Message::text(crate::exchange::Role::User, text));
        exchange
    };
    let plain = identity(&exchange(&[], "hi"), "t");
    assert_eq!(plain, identity(&exchange(&[("x-aimock-context", "c")], "hi"), "t"));
    assert_ne!(plain, identity(&exchange(&[], "ho"), "t"));
    assert_ne!(plain, identity(&exchange(&[], "hi"), "u"));
}

#[test]
fn occurrences_are_counted_with_the_claim() {
    let editions = Editions::new(Library::new(vec![fixture(0, 1, OnExhausted::RepeatLast)], Vec::new()));
    let sessions = Sessions::default();
    let policy = policy_of(&[], "/", false);
    let next = |identity| sessions.claim_as(&editions, &chat(), &policy, Some(identity)).occurrence;
    assert_eq!([next(1), next(1), next(2), next(1)], [0, 1, 0, 2]);
    sessions.reset();
    assert_eq!(next(1), 0);
}

fn json_stream() -> Plan {
    let frame = |text: &str, kind| Frame { bytes: Bytes::from(format!("data: {text}\n\n")), kind };
    let frames = vec![
        frame(r#"{"n":1}"#, FrameKind::Token),
        frame(r#"{"n":2}"#, FrameKind::Token),
        frame(r#"{"n":3}"#, FrameKind::Closing),
        frame("[DONE]", FrameKind::Terminal),
    ];
    let headers = vec![("content-type", "text/event-stream".to_owned())];
    let emission = Emission { status: 200, headers, body: Body::Stream(frames) };
    plan_emission(emission, &Delivery::of(&answer(), &Pace::default()), &mut Dice::seeded(1))
}

fn whole(kind: &'static str, body: &'static [u8]) -> Plan {
    let emission = Emission { status: 203, headers: vec![("content-type", kind.to_owned())], body: Body::Whole(Bytes::from_static(body)) };
    plan_emission(emission, &Delivery::default(), &mut Dice::seeded(1))
}

/// What an action makes of a plan.
fn mutated(action: ChaosAction, mut plan: Plan) -> String {
    let error: ErrorEvent = Box::new(|events| Bytes::from(format!("data: {{\"error\":{events}}}\n\n")));
    match certain(action, 2).mutate(&mut plan, ChaosStreams::Mutate, Close::Fin, Some(error)) {
        Ok(at) => format!("{}at {at}", plan.joined()),
        Err(bypass) => bypass.name().to_owned(),
    }
}

#[test]
fn streams_keep_all_but_the_place_that_is_changed() {
    insta::assert_snapshot!(mutated(ChaosAction::Malformed, json_stream()), @r#"
    200 text/event-stream
    send 3: data: {"n":1}⏎⏎data: {malformed json: <<<chaos>>>{"n":2}⏎⏎data: {"n":3}⏎⏎data: [DONE]
    at 2
    "#);
    insta::assert_snapshot!(mutated(ChaosAction::Truncate, json_stream()), @r#"
    200 text/event-stream
    send 2: data: {"n":1}⏎⏎data: {"n":2}
    hang up (chaos truncate)
    at 2
    "#);
    insta::assert_snapshot!(mutated(ChaosAction::Stall, json_stream()), @r#"
    200 text/event-stream
    send 1: data: {"n":1}
    wait 500ms
    send 2: data: {"n":2}⏎⏎data: {"n":3}⏎⏎data: [DONE]
    at 1
    "#);
    insta::assert_snapshot!(mutated(ChaosAction::ErrorEvent, json_stream()), @r#"
    200 text/event-stream
    send 3: data: {"n":1}⏎⏎data: {"n":2}⏎⏎data: {"error":2}
    at 3
    "#);
}

#[test]
fn whole_bodies_are_replaced_cut_or_paused() {
    let json = || whole("application/json", br#"{"a":"0123456789"}"#);
    insta::assert_snapshot!(mutated(ChaosAction::Malformed, json()), @r"
    203 application/json
    send 0: {malformed json: <<<chaos>>>}
    at 0
    ");
    insta::assert_snapshot!(mutated(ChaosAction::Truncate, json()), @r#"
    203 application/json
    send 0: {"a":"0123456789
    hang up (chaos truncate)
    at 0
    "#);
    insta::assert_snapshot!(mutated(ChaosAction::Stall, json()), @r#"
    203 application/json
    send 0: {"a":"0123456789
    wait 500ms
    send 0: "}
    at 0
    "#);
    insta::assert_snapshot!(mutated(ChaosAction::ErrorEvent, json()), @r"not_a_stream");
    let raw = whole("text/event-stream", b"data: {}\r\n\r\ndata: [DONE]\r\n\r\n");
    insta::assert_snapshot!(mutated(ChaosAction::Malformed, raw).replace('\r', "␍"), @r"
    203 text/event-stream
    send 0: data: {malformed json: <<<chaos>>>{}␍⏎␍⏎data: [DONE]␍⏎␍
    at 0
    ");
}

#[test]
fn bytes_of_other_kinds_keep_their_type_and_are_broken() {
    let body = Bytes::from_static(b"\x89PNG\r\n\x1a\n and twenty more bytes");
    let (broken, kind) = malformed_body(Some("image/png"), &body);
    assert_eq!((kind, broken.len(), &broken[16..]), (None, body.len(), &body[16..]));
    assert_ne!(broken[..4], body[..4]);
}

#[test]
fn what_cannot_be_done_says_why_and_changes_nothing() {
    #[track_caller]
    fn check(action: ChaosAction, plan: &Plan, how: ChaosStreams, expected: Bypass) {
        let mut changed = plan.clone();
        assert_eq!(certain(action, 1).mutate(&mut changed, how, Close::Fin, None), Err(expected));
        assert_eq!(changed, *plan);
    }
    let empty = plan_events([], &Delivery::default(), &mut Dice::seeded(1));
    for action in [ChaosAction::Malformed, ChaosAction::Truncate, ChaosAction::Stall, ChaosAction::ErrorEvent] {
        check(action, &empty, ChaosStreams::Mutate, Bypass::EmptyStream);
        check(action, &json_stream(), ChaosStreams::Bypass, Bypass::SseStreamed);
    }
    check(ChaosAction::Malformed, &whole("application/json", b""), ChaosStreams::Mutate, Bypass::EmptyBody);
    check(ChaosAction::Truncate, &whole("application/json", b""), ChaosStreams::Mutate, Bypass::EmptyBody);
    check(ChaosAction::ErrorEvent, &json_stream(), ChaosStreams::Mutate, Bypass::NoErrorEvent);
    check(ChaosAction::ErrorEvent, &whole("application/json", b"{}"), ChaosStreams::Mutate, Bypass::NotAStream);
    let texts = plan_events(
        [Beat { frame: frame("no json", FrameKind::Token), delay: None, comment: false }],
        &Delivery::default(),
        &mut Dice::seeded(1),
    );
    check(ChaosAction::Malformed, &texts, ChaosStreams::Mutate, Bypass::NoJson);
}

#[test]
fn latency_comes_before_everything() {
    let mut plan = json_stream().joined();
    plan.delay(Rolled::roll(chaos(&[(ChaosField::LatencyMs, 40.0)]), 1, 1, 1).latency());
    assert_eq!(waits(&plan), [40]);
}

#[test]
fn settings_are_plain_numbers_within_their_bounds() {
    #[track_caller]
    fn check(field: ChaosField, text: &str, expected: Option<f64>) {
        assert_eq!(field.parse(text), expected, "{text}");
    }
    for (text, expected) in [(" 0.5 ", Some(0.5)), ("1", Some(1.0)), (".5", Some(0.5)), ("0", Some(0.0)), ("1.", Some(1.0))] {
        check(ChaosField::DropRate, text, expected);
    }
    for text in ["", ".", "+1", "-0", "1e0", "0x1", "NaN", "inf", "1.01", "0,5", "half"] {
        check(ChaosField::DropRate, text, None);
    }
    check(ChaosField::LatencyMs, "30000", Some(30_000.0));
    check(ChaosField::LatencyMs, "30001", None);
    check(ChaosField::LatencyMs, "1.5", None);
    check(ChaosField::Status, "503", Some(503.0));
    check(ChaosField::Status, "199", None);
    assert_eq!(ChaosField::LatencyMs.wanted(), "a whole number of ms between 0 and 30000");
}

#[test]
fn a_level_speaks_for_its_own_settings_only() {
    let strong = chaos(&[(ChaosField::DropRate, 0.0)]);
    let weak = chaos(&[(ChaosField::DropRate, 1.0), (ChaosField::LatencyMs, 5.0)]);
    let merged = strong.over(&weak);
    assert_eq!((merged.get(ChaosField::DropRate), merged.get(ChaosField::LatencyMs)), (Some(0.0), Some(5.0)));
    assert!(!Chaos::none().over(&weak).is_active());
    assert!(!strong.is_active() && weak.is_active() && !Chaos::default().is_active());
}

#[test]
fn settings_stand_in_the_order_of_their_names() {
    let numbers: Vec<usize> = ChaosField::ALL.iter().map(|field| *field as usize).collect();
    assert_eq!(numbers, (0..ChaosField::ALL.len()).collect::<Vec<_>>());
    assert!(ChaosField::ALL.iter().all(|field| ChaosField::of_key(field.key()) == Some(*field)));
}
