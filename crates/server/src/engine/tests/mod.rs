//! Plans as text, schedules, claims. No clock is involved.

mod alteration;
mod chaos;
mod claims;
mod faults;
mod mutation;
mod reloads;

use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::diagnostic::{SourceId, Span};
use crate::exchange::{
    Body, Emission, Endpoint, ErrorOrigin, ErrorReply, Exchange, Frame, FrameKind, Missed, MissedText, RawRequest, Reply, Turn,
};
use crate::fixture::{Answer, Chaos, Faults, Fixture, Library, OnExhausted, Origin, Pace, Profile, Recorded};
use crate::matcher::{Match, Position};

fn frame(text: &str, kind: FrameKind) -> Frame {
    Frame { bytes: Bytes::from(format!("data: {text}\n\n")), kind }
}

/// Role, two tokens, finish, `[DONE]`.
fn stream() -> Emission {
    let frames = vec![
        frame("role", FrameKind::Prelude),
        frame("a", FrameKind::Token),
        frame("b", FrameKind::Token),
        frame("end", FrameKind::Closing),
        frame("[DONE]", FrameKind::Terminal),
    ];
    Emission { status: 200, headers: vec![("content-type", "text/event-stream".to_owned())], body: Body::Stream(frames) }
}

fn answer() -> Answer {
    Answer {
        reply: Reply::Turn(Turn::default()),
        pace: Pace::default().into(),
        truncate_after_chunks: None,
        disconnect_after_ms: None,
        faults: Faults::default().into(),
        chaos: Chaos::default().into(),
        polls: 0,
        headers: Vec::new(),
    }
}

fn paced(pace: Pace) -> Answer {
    Answer { pace: pace.into(), ..answer() }
}

fn plan_of(answer: &Answer, server: &Pace) -> Plan {
    let delivery = Delivery::of(answer, server);
    let mut plan = plan_emission(stream(), &delivery, &mut Dice::seeded(7));
    script(&mut plan, &delivery, Some(Box::new(|events| Bytes::from(format!("data: error {events}\n\n")))));
    plan.joined()
}

/// The waits of a plan in milliseconds from its start.
fn waits(plan: &Plan) -> Vec<u128> {
    let due = |step: &Step| if let Step::Until(due) = step { Some(due.as_millis()) } else { None };
    plan.steps.iter().filter_map(due).collect()
}

#[track_caller]
fn check_waits(pace: Pace, expected: &[u128]) {
    assert_eq!(waits(&plan_of(&paced(pace), &Pace::default())), expected);
}

#[test]
fn without_delays_a_stream_is_one_write() {
    insta::assert_snapshot!(plan_of(&answer(), &Pace::default()), @r"
    200 text/event-stream
    send 4: data: role⏎⏎data: a⏎⏎data: b⏎⏎data: end⏎⏎data: [DONE]
    ");
}

#[test]
fn latency_stands_before_every_chunk_and_never_before_the_terminator() {
    insta::assert_snapshot!(plan_of(&paced(Pace { latency: Some(20.0), ..Pace::default() }), &Pace::default()), @r"
    200 text/event-stream
    wait 20ms
    send 1: data: role
    wait 20ms
    send 1: data: a
    wait 20ms
    send 1: data: b
    wait 20ms
    send 1: data: end⏎⏎data: [DONE]
    ");
}

#[test]
fn precedence_is_profile_then_recording_then_latency() {
    let profile = Profile { ttft: Some(100.0), tps: Some(50.0), jitter: None };
    let recorded = Recorded { ttft: 7.0, delays: vec![1.0, 3.0], total: 11.0 };
    let latency = Some(5.0);
    check_waits(Pace { latency, ..Pace::default() }, &[5, 10, 15, 20]);
    check_waits(Pace { latency, recorded: Some(recorded.clone()), ..Pace::default() }, &[7, 8, 11, 13]);
    check_waits(Pace { latency, recorded: Some(recorded), profile: Some(profile), ..Pace::default() }, &[100, 120, 140, 160]);
}

#[test]
fn a_profile_without_ttft_or_tps_falls_back() {
    let profile = |ttft, tps| Some(Profile { ttft, tps, jitter: None });
    check_waits(Pace { profile: profile(None, Some(100.0)), ..Pace::default() }, &[10, 20, 30, 40]);
    check_waits(Pace { profile: profile(Some(30.0), None), ..Pace::default() }, &[30]);
    check_waits(Pace { profile: profile(Some(30.0), None), latency: Some(5.0), ..Pace::default() }, &[30, 35, 40, 45]);
    check_waits(Pace { profile: profile(None, None), latency: Some(5.0), ..Pace::default() }, &[5, 10, 15, 20]);
}

#[test]
fn replay_speed_divides_every_delay() {
    check_waits(Pace { latency: Some(20.0), replay_speed: Some(2.0), ..Pace::default() }, &[10, 20, 30, 40]);
    check_waits(Pace { latency: Some(20.0), replay_speed: Some(0.5), ..Pace::default() }, &[40, 80, 120, 160]);
}

#[test]
fn the_fixture_comes_before_the_server() {
    let server = Pace { latency: Some(50.0), replay_speed: Some(5.0), ..Pace::default() };
    assert_eq!(waits(&plan_of(&answer(), &server)), [10, 20, 30, 40]);
    assert_eq!(waits(&plan_of(&paced(Pace { latency: Some(0.0), ..Pace::default() }), &server)), [0_u128; 0]);
    assert_eq!(waits(&plan_of(&paced(Pace { replay_speed: Some(1.0), ..Pace::default() }), &server)), [50, 100, 150, 200]);
}

#[test]
fn a_recording_of_no_delays_waits_for_its_first_byte_only() {
    check_waits(Pace { recorded: Some(Recorded { ttft: 9.0, ..Recorded::default() }), ..Pace::default() }, &[9]);
}

#[test]
fn jitter_is_the_same_for_the_same_seed_and_stays_in_its_band() {
    let pace = Pace { profile: Some(Profile { ttft: Some(100.0), tps: Some(10.0), jitter: Some(0.5) }), ..Pace::default() };
    let plan = |seed| plan_emission(stream(), &Delivery::of(&paced(pace.clone()), &Pace::default()), &mut Dice::seeded(seed));
    assert_eq!(plan(1), plan(1));
    assert_ne!(plan(1), plan(2));
    for seed in 0..200 {
        let offsets: Vec<u128> = std::iter::once(0).chain(waits(&plan(seed))).collect();
        assert!(offsets.windows(2).all(|pair| (49..=151).contains(&(pair[1] - pair[0]))), "{offsets:?}");
    }
}

#[test]
fn delays_that_no_timer_takes_are_bounded() {
    check_waits(Pace { latency: Some(f64::NAN), ..Pace::default() }, &[]);
    check_waits(Pace { latency: Some(-5.0), ..Pace::default() }, &[]);
    let month = 30 * 24 * 60 * 60 * 1000;
    check_waits(Pace { latency: Some(1e300), ..Pace::default() }, &[month]);
    check_waits(Pace { latency: Some(5.0), replay_speed: Some(0.0), ..Pace::default() }, &[5, 10, 15, 20]);
}

#[test]
fn truncation_cuts_after_the_chunk_and_before_the_terminator() {
    let cut = |chunks| plan_of(&Answer { truncate_after_chunks: Some(chunks), ..answer() }, &Pace::default());
    insta::assert_snapshot!(cut(2), @r"
    200 text/event-stream
    send 2: data: role⏎⏎data: a
    hang up (truncateAfterChunks)
    ");
    insta::assert_snapshot!(cut(4), @r"
    200 text/event-stream
    send 4: data: role⏎⏎data: a⏎⏎data: b⏎⏎data: end
    hang up (truncateAfterChunks)
    ");
    assert_eq!(cut(5), plan_of(&answer(), &Pace::default()));
}

#[test]
fn a_deadline_cuts_where_the_stream_stands() {
    let cut = |at, latency| {
        let answer = Answer { disconnect_after_ms: Some(at), ..paced(Pace { latency: Some(latency), ..Pace::default() }) };
        plan_of(&answer, &Pace::default())
    };
    insta::assert_snapshot!(cut(50.0, 20.0), @r"
    200 text/event-stream
    wait 20ms
    send 1: data: role
    wait 20ms
    send 1: data: a
    wait 10ms
    hang up (disconnectAfterMs)
    ");
    insta::assert_snapshot!(cut(0.0, 20.0), @r"
    200 text/event-stream
    hang up (disconnectAfterMs)
    ");
    assert!(!cut(0.0, 20.0).sends_anything());
    assert_eq!(cut(0.0, 0.0), plan_of(&answer(), &Pace::default()), "what needs no waiting is out before any timer");
    assert_eq!(cut(81.0, 20.0), cut(500.0, 20.0), "a stream that is over is not cut");
}

#[test]
fn timing_and_cuts_leave_whole_bodies_alone() {
    let body = Body::Whole(Bytes::from_static(b"{}"));
    let emission = Emission { status: 200, headers: vec![("content-type", "application/json".to_owned())], body };
    let mut answer = Answer {
        truncate_after_chunks: Some(1),
        disconnect_after_ms: Some(0.0),
        ..paced(Pace { latency: Some(900.0), ..Pace::default() })
    };
    let plan = |answer: &Answer| {
        let server = Pace::default();
        let delivery = Delivery::of(answer, &server);
        let mut plan = plan_emission(emission.clone(), &delivery, &mut Dice::seeded(1));
        script(&mut plan, &delivery, None);
        plan.joined()
    };
    assert_eq!(plan(&answer).to_string(), "200 application/json\nsend 0: {}\n");
    answer.pace.first_byte_delay = Some(30.0);
    assert_eq!(plan(&answer).to_string(), "200 application/json\nwait 30ms\nsend 0: {}\n");
}

#[test]
fn large_streams_are_sent_in_bounded_pieces() {
    let frames: Vec<Frame> = (0..1000).map(|_| frame(&"x".repeat(1000), FrameKind::Token)).collect();
    let total: usize = frames.iter().map(|frame| frame.bytes.len()).sum();
    let emission = Emission { status: 200, headers: Vec::new(), body: Body::Stream(frames) };
    let plan = plan_emission(emission, &Delivery::of(&answer(), &Pace::default()), &mut Dice::seeded(1)).joined();
    let sizes: Vec<(usize, u32)> =
        plan.steps.iter().map(|step| if let Step::Send { bytes, events } = step { (bytes.len(), *events) } else { (0, 0) }).collect();
    assert_eq!(sizes.iter().map(|(bytes, _)| bytes).sum::<usize>(), total);
    assert_eq!(sizes.iter().map(|(_, events)| events).sum::<u32>(), 1000);
    assert!(sizes.iter().all(|(bytes, _)| *bytes <= 64 * 1024) && sizes.len() < 30, "{sizes:?}");
}

#[test]
fn raw_events_keep_their_own_delays_and_comments_do_not_count() {
    let beat = |text: &str, delay, comment| Beat { frame: frame(text, FrameKind::Token), delay, comment };
    let events = [beat("comment", None, true), beat("one", None, false), beat("two", Some(30.0), false), beat("[DONE]", None, false)];
    let answer = paced(Pace { latency: Some(5.0), ..Pace::default() });
    insta::assert_snapshot!(plan_events(events, &Delivery::of(&answer, &Pace::default()), &mut Dice::seeded(1)), @r"
    200 text/event-stream
    send 0: data: comment
    wait 5ms
    send 1: data: one
    wait 30ms
    send 1: data: two
    wait 5ms
    send 1: data: [DONE]
    ");
}

#[test]
fn an_empty_list_of_events_is_an_empty_stream() {
    let answer = answer();
    let plan = plan_events([], &Delivery::of(&answer, &Pace::default()), &mut Dice::seeded(1));
    assert_eq!((plan.to_string().as_str(), plan.streamed, plan.sends_anything()), ("200 text/event-stream\n", true, true));
}

#[test]
fn headers_of_a_fixture_take_the_place_of_the_codecs_and_never_frame_the_body() {
    let own = [("X-Should-Retry", "false"), ("Content-Length", "3"), ("Content-Type", "text/plain"), ("x-a", "1"), ("x-a", "2")];
    let answer = Answer { headers: own.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(), ..answer() };
    let mut plan = plan_of(&answer, &Pace::default());
    let headers: Vec<(&str, &str)> = plan.headers.listed().iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect();
    assert_eq!(headers, [("X-Should-Retry", "false"), ("Content-Type", "text/plain"), ("x-a", "1"), ("x-a", "2")]);
}

#[test]
fn dice_repeat_themselves_and_differ_by_identity_and_occurrence() {
    assert_eq!(Dice::of(1, 2, 3).word(), Dice::of(1, 2, 3).word());
    for mut other in [Dice::of(2, 2, 3), Dice::of(1, 3, 3), Dice::of(1, 2, 4)] {
        assert_ne!(Dice::of(1, 2, 3).word(), other.word());
    }
    let mut dice = Dice::seeded(5);
    assert!((0..1000).all(|_| (0.0..1.0).contains(&dice.unit())));
}

fn policy_of(headers: &[(&str, &str)], target: &str, server: bool) -> Policy {
    let raw = RawRequest::new("POST", target, headers.iter().map(|(name, value)| (*name, *value)).collect(), "");
    Policy::resolve(&raw, ServerPolicy { strict: server, strict_turns: false })
}

#[test]
fn the_strict_header_wins_both_ways_and_nonsense_is_no_wish() {
    #[track_caller]
    fn check(header: Option<&str>, server: bool, strict: bool, differs: Option<bool>) {
        let headers: Vec<(&str, &str)> = header.map(|value| ("x-aimock-strict", value)).into_iter().collect();
        let policy = policy_of(&headers, "/", server);
        assert_eq!((policy.strict, policy.strict_override), (strict, differs), "{header:?} over {server}");
    }
    check(None, true, true, None);
    check(Some(" TRUE "), false, true, Some(true));
    check(Some("1"), true, true, None);
    check(Some("False"), true, false, Some(false));
    check(Some("0"), false, false, None);
    check(Some("yes"), false, false, None);
}

#[test]
fn the_test_id_is_the_header_then_the_query() {
    let id = |headers: &[(&str, &str)], target: &str| policy_of(headers, target, false).test_id;
    assert_eq!(id(&[], "/"), DEFAULT_TEST_ID);
    assert_eq!(id(&[], "/?testId=q%20r"), "q r");
    assert_eq!(id(&[("x-test-id", "h")], "/?testId=q"), "h");
    assert_eq!(id(&[("x-test-id", "")], "/?notTestId=q"), DEFAULT_TEST_ID);
}

fn fixture(index: usize, answers: u32, on_exhausted: OnExhausted) -> Fixture {
    Fixture {
        id: None,
        origin: Origin { source: SourceId(0), index, span: Span::default(), match_span: Span::default() },
        matches: Match::default(),
        position: Position::default(),
        answers: (0..answers).map(|index| paced(Pace { latency: Some(f64::from(index)), ..Pace::default() })).collect(),
        on_exhausted,
        recorded_at: None,
        dead: false,
        expect: None,
    }
}

fn chat() -> Exchange {
    let mut exchange = Exchange::default();
    exchange.request.endpoint = Some(Endpoint::Chat);
    exchange
}

#[test]
fn a_miss_answers_with_the_peers_words() {
    #[track_caller]
    fn check(skipped: usize, strict: bool, status: u16, message: &str) {
        let reply = miss_reply(crate::matcher::Miss { skipped_by_position: skipped }, strict, MissedText::new(Missed::default()));
        assert_eq!((reply.status, reply.message.as_str()), (status, message));
        assert_eq!(reply.code.as_deref(), Some("no_fixture_match"));
    }
    check(0, false, 404, "No fixture matched");
    check(2, false, 404, "No fixture matched");
    check(0, true, 503, "Strict mode: no fixture matched");
    check(2, true, 503, "Strict mode: 2 candidate fixture(s) skipped by sequence/turn state");
}
