//! What scripted faults make of a plan.

use std::fmt::Write as _;

use super::*;

/// A stream of two milliseconds an event whose fixture scripts these faults, and what became of each of them.
fn scripted(faults: Faults, change: impl FnOnce(&mut Answer)) -> String {
    let mut answer = Answer { faults: faults.into(), ..paced(Pace { latency: Some(2.0), ..Pace::default() }) };
    change(&mut answer);
    let server = Pace::default();
    let delivery = Delivery::of(&answer, &server);
    let mut plan = plan_emission(stream(), &delivery, &mut Dice::seeded(7));
    let done = script(&mut plan, &delivery, Some(Box::new(|events| Bytes::from(format!("data: error {events}\n\n")))));
    let mut text = plan.joined().to_string();
    for fault in done {
        let _ = match fault.at {
            Ok(at) => writeln!(text, "{} at {at}", fault.key),
            Err(reason) => writeln!(text, "{} never: {reason}", fault.key),
        };
    }
    text
}

fn disconnect(after: u64) -> Faults {
    Faults { disconnect_after_events: Some(after), ..Faults::default() }
}

#[test]
fn no_event_at_all_is_a_head_and_a_cut() {
    insta::assert_snapshot!(scripted(disconnect(0), |_| ()), @r"
    200 text/event-stream
    send head
    hang up (disconnectAfterEvents)
    disconnectAfterEvents at 0
    ");
    insta::assert_snapshot!(scripted(disconnect(0), |answer| answer.pace.first_byte_delay = Some(30.0)), @r"
    200 text/event-stream
    wait 30ms
    send head
    hang up (disconnectAfterEvents)
    disconnectAfterEvents at 0
    ");
}

#[test]
fn a_cut_follows_its_event_and_the_last_one_comes_before_the_terminator() {
    insta::assert_snapshot!(scripted(disconnect(1), |_| ()), @r"
    200 text/event-stream
    wait 2ms
    send 1: data: role
    hang up (disconnectAfterEvents)
    disconnectAfterEvents at 1
    ");
    insta::assert_snapshot!(scripted(disconnect(4), |_| ()), @r"
    200 text/event-stream
    wait 2ms
    send 1: data: role
    wait 2ms
    send 1: data: a
    wait 2ms
    send 1: data: b
    wait 2ms
    send 1: data: end
    hang up (disconnectAfterEvents)
    disconnectAfterEvents at 4
    ");
    insta::assert_snapshot!(scripted(disconnect(5), |_| ()), @r"
    200 text/event-stream
    wait 2ms
    send 1: data: role
    wait 2ms
    send 1: data: a
    wait 2ms
    send 1: data: b
    wait 2ms
    send 1: data: end⏎⏎data: [DONE]
    disconnectAfterEvents never: the stream has only 4 events
    ");
}

#[test]
fn an_error_event_ends_the_stream_properly() {
    let error = || ErrorReply::new(ErrorOrigin::Fixture, 500, "x");
    let after = |after| Faults { error_after_events: Some((after, error())), ..Faults::default() };
    insta::assert_snapshot!(scripted(after(2), |_| ()), @r"
    200 text/event-stream
    wait 2ms
    send 1: data: role
    wait 2ms
    send 2: data: a⏎⏎data: error 2
    errorAfterEvents at 3
    ");
    insta::assert_snapshot!(scripted(after(4), |_| ()), @r"
    200 text/event-stream
    wait 2ms
    send 1: data: role
    wait 2ms
    send 1: data: a
    wait 2ms
    send 1: data: b
    wait 2ms
    send 2: data: end⏎⏎data: error 4
    errorAfterEvents at 5
    ");
    insta::assert_snapshot!(scripted(after(9), |_| ()), @r"
    200 text/event-stream
    wait 2ms
    send 1: data: role
    wait 2ms
    send 1: data: a
    wait 2ms
    send 1: data: b
    wait 2ms
    send 1: data: end⏎⏎data: [DONE]
    errorAfterEvents never: the stream has only 4 events
    ");
}

#[test]
fn a_stall_moves_everything_behind_it() {
    let after = |after| Faults { stall_after_events: Some((after, 1000.0)), ..Faults::default() };
    insta::assert_snapshot!(scripted(after(0), |_| ()), @r"
    200 text/event-stream
    send head
    wait 1s
    wait 2ms
    send 1: data: role
    wait 2ms
    send 1: data: a
    wait 2ms
    send 1: data: b
    wait 2ms
    send 1: data: end⏎⏎data: [DONE]
    stallAfterEvents at 0
    ");
    insta::assert_snapshot!(scripted(after(2), |_| ()), @r"
    200 text/event-stream
    wait 2ms
    send 1: data: role
    wait 2ms
    send 1: data: a
    wait 1s
    wait 2ms
    send 1: data: b
    wait 2ms
    send 1: data: end⏎⏎data: [DONE]
    stallAfterEvents at 2
    ");
    insta::assert_snapshot!(scripted(after(4), |_| ()), @r"
    200 text/event-stream
    wait 2ms
    send 1: data: role
    wait 2ms
    send 1: data: a
    wait 2ms
    send 1: data: b
    wait 2ms
    send 1: data: end
    wait 1s
    send 0: data: [DONE]
    stallAfterEvents at 4
    ");
}

#[test]
fn faults_at_one_place_come_in_a_fixed_order() {
    let faults = Faults {
        disconnect_after_events: Some(2),
        error_after_events: Some((2, ErrorReply::new(ErrorOrigin::Fixture, 500, "x"))),
        stall_after_events: Some((2, 50.0)),
        close: Close::Rst,
    };
    insta::assert_snapshot!(scripted(faults.clone(), |_| ()), @r"
    200 text/event-stream
    wait 2ms
    send 1: data: role
    wait 2ms
    send 1: data: a
    wait 50ms
    hang up (disconnectAfterEvents)
    errorAfterEvents at 3
    disconnectAfterEvents at 2
    stallAfterEvents at 2
    ");
    insta::assert_snapshot!(scripted(faults, |answer| {
        answer.truncate_after_chunks = Some(1);
        answer.disconnect_after_ms = Some(1.0);
    }), @r"
    200 text/event-stream
    wait 1ms
    hang up (disconnectAfterMs)
    errorAfterEvents at 3
    disconnectAfterEvents at 2
    truncateAfterChunks at 1
    stallAfterEvents never: another fault ended the stream before
    disconnectAfterMs at 0
    ");
}

#[test]
fn an_error_before_the_first_event_takes_the_place_of_the_stream() {
    let error = ErrorReply::new(ErrorOrigin::Fixture, 503, "x");
    let faults = Faults { error_after_events: Some((0, error.clone())), ..disconnect(3) };
    let (answer, server) = (Answer { faults: faults.into(), ..answer() }, Pace::default());
    let delivery = Delivery::of(&answer, &server);
    assert_eq!(error_at_once(&delivery), Some(&error));
    let keys: Vec<_> = replaced(&delivery).into_iter().map(|fault| (fault.key, fault.at.is_ok())).collect();
    assert_eq!(keys, [("errorAfterEvents", true), ("disconnectAfterEvents", false)]);
}

#[test]
fn what_is_no_stream_is_left_alone() {
    let emission = Emission { status: 200, headers: Vec::new(), body: Body::Whole(Bytes::from_static(b"{}")) };
    let (answer, server) = (Answer { faults: disconnect(0).into(), ..answer() }, Pace::default());
    let delivery = Delivery::of(&answer, &server);
    let mut plan = plan_emission(emission, &delivery, &mut Dice::seeded(1));
    let done = script(&mut plan, &delivery, None);
    assert_eq!(plan.to_string(), "200 -\nsend 0: {}\n");
    assert_eq!(done[0].at, Err("the answer is not a stream".to_owned()));
}
