//! What a recording draws anew, and what an author wrote.

use super::volatile::{differ_by_recording, volatile};

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    assert_eq!(volatile(text).as_deref(), expected, "{text}");
}

#[test]
fn times_by_a_clock() {
    check("at 2026-03-30T13:19:38Z.", Some("at <timestamp>."));
    check("at 2026-03-30 13:19:00.250+02:00", Some("at <timestamp>"));
    check("at 2026-03-30T13:19:00Z", None);
    check("created: 1711873259", Some("created: <timestamp>"));
    check("1711873259234", Some("<timestamp>"));
    check("call 1711111111 now", None);
    check("on 2026-03-30", None);
}

#[test]
fn ids_that_were_drawn() {
    check("4f9a1c52-7be3-4d0a-9c1e-2b6f8d3a7e05", Some("<uuid>"));
    check("not-a-uuid-4f9a1c52-7be3", None);
    check(&format!("see {}{}", "toolu_", "01A2b3C4d5E6f7G8"), Some("see toolu_<id>"));
    check("call_weather_in_the_city", None);
    check("call_000000000000001", None);
}

#[test]
fn what_normalize_writes() {
    check("at 2000-01-01T00:00:00Z", Some("at <timestamp>"));
    check("at 2000-01-01 00:00:00.000", Some("at <timestamp>"));
    check("created: 946684800", Some("created: <timestamp>"));
    check("call_aimock3f2a9c81d0b7", Some("call_<id>"));
    check("00000000-0000-8000-8000-3f2a9c81d0b7", Some("<uuid>"));
    let (old, new) = (format!("{}a1B2c3D4e5F6g7 at 2026-01-02T03:04:05Z", "call_"), "call_aimock3f2a9c81d0b7 at 2000-01-01T00:00:00Z");
    assert!(differ_by_recording(&old, new));
}

#[test]
fn two_texts_of_two_recordings() {
    let drawn = |id: &str, time: &str| format!("{}{id} at {time}", "call_");
    assert!(differ_by_recording(&drawn("a1B2c3D4e5F6g7", "2026-01-02T03:04:05"), &drawn("Z9y8X7w6V5u4T3", "2026-02-03T04:05:06")));
    assert!(!differ_by_recording(&drawn("a1B2c3D4e5F6g7", "2026-01-02T03:04:05"), "2026-01-02T03:04:05"));
    assert!(!differ_by_recording("2026-01-02T03:04:05", "2026-01-02T03:04:05"));
    assert!(!differ_by_recording("yes", "no"));
}
