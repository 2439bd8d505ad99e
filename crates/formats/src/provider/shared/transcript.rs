//! Transcripts in time: segments, and the subtitles that are written from them (`srt`, `vtt`).

use std::fmt::Write as _;

use serde_json::{Value, json};

/// Seconds that a word takes, where a fixture does not say.
const WORD: f64 = 0.4;

/// A stretch of a transcript, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::provider) struct Cue {
    pub(in crate::provider) start: f64,
    pub(in crate::provider) end: f64,
    pub(in crate::provider) text: String,
}

/// The length of what was said, in seconds: as the fixture gives it, else where its last segment or word ends, else by
/// the number of words.
pub(in crate::provider) fn duration(transcription: &Value) -> f64 {
    let given = transcription.get("duration").and_then(Value::as_f64).filter(|seconds| *seconds > 0.0);
    let end = |key: &str| {
        let items = transcription.get(key).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| item.get("end").and_then(Value::as_f64)).fold(0.0, f64::max)
    };
    let ended = || Some(end("segments").max(end("words"))).filter(|seconds| *seconds > 0.0);
    let guessed = || {
        let words = transcription.get("text").and_then(Value::as_str).unwrap_or_default().split_whitespace().count();
        (f64::from(u32::try_from(words).unwrap_or(u32::MAX)) * WORD * 100.0).round() / 100.0
    };
    given.or_else(ended).unwrap_or_else(guessed)
}

/// The segments of a fixture, or one that is all of the text.
pub(in crate::provider) fn segments(transcription: &Value) -> Vec<Value> {
    if let Some(segments) = transcription.get("segments").and_then(Value::as_array).filter(|segments| !segments.is_empty()) {
        return segments.clone();
    }
    let text = transcription.get("text").and_then(Value::as_str).unwrap_or_default();
    vec![json!({ "start": 0.0, "end": duration(transcription), "text": text })]
}

/// Segments as cues; what has no times of its own stands where the one before ends.
pub(in crate::provider) fn cues(transcription: &Value) -> Vec<Cue> {
    let mut at = 0.0;
    let cue = |segment: Value| {
        let seconds = |key: &str| segment.get(key).and_then(Value::as_f64).filter(|seconds| *seconds >= 0.0);
        let start = seconds("start").unwrap_or(at);
        let end = seconds("end").unwrap_or(start).max(start);
        at = end;
        let text = segment.get("text").and_then(Value::as_str).unwrap_or_default().trim();
        // An empty line would end the cue.
        Cue { start, end, text: text.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n") }
    };
    segments(transcription).into_iter().map(cue).collect()
}

/// Subtitles as `srt`.
pub(in crate::provider) fn srt(cues: &[Cue]) -> String {
    let mut text = String::new();
    for (index, cue) in cues.iter().enumerate() {
        let _ = write!(text, "{}\n{} --> {}\n{}\n\n", index + 1, clock(cue.start, ','), clock(cue.end, ','), cue.text);
    }
    text
}

/// Subtitles as `vtt`.
pub(in crate::provider) fn vtt(cues: &[Cue]) -> String {
    let mut text = "WEBVTT\n\n".to_owned();
    for cue in cues {
        let _ = write!(text, "{} --> {}\n{}\n\n", clock(cue.start, '.'), clock(cue.end, '.'), cue.text);
    }
    text
}

/// `00:00:03,320`
fn clock(seconds: f64, point: char) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; longer than any film saturates")]
    let millis = (seconds * 1000.0).round() as u64;
    let (minutes, millis) = (millis / 60_000, millis % 60_000);
    format!("{:02}:{:02}:{:02}{point}{:03}", minutes / 60, minutes % 60, millis / 1000, millis % 1000)
}

/// The cues of subtitles in either format; `None` for a text that is none of them.
pub(in crate::provider) fn read(text: &str) -> Option<Vec<Cue>> {
    let mut cues = Vec::new();
    let normal = text.replace("\r\n", "\n");
    for block in normal.split("\n\n").map(|block| block.trim_matches('\n')).filter(|block| !block.trim().is_empty()) {
        if block.starts_with("WEBVTT") && !block.contains("-->") {
            continue;
        }
        let mut lines = block.lines().skip_while(|line| !line.contains("-->"));
        let (start, end) = lines.next()?.split_once("-->")?;
        let end = end.split_whitespace().next()?;
        cues.push(Cue { start: seconds(start)?, end: seconds(end)?, text: lines.collect::<Vec<_>>().join("\n") });
    }
    (!cues.is_empty()).then_some(cues)
}

/// `00:00:03,320` and `00:03.320`
fn seconds(clock: &str) -> Option<f64> {
    let (whole, millis) = clock.trim().split_once([',', '.'])?;
    let mut total = 0_u64;
    for part in whole.split(':') {
        total = total.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    let millis: u32 = millis.parse().ok().filter(|millis| *millis < 1000)?;
    Some(f64::from(u32::try_from(total).ok()?) + f64::from(millis) / 1000.0)
}
