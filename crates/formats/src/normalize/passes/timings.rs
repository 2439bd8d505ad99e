//! `timings`: measured times on a coarse grid.

use super::{Example, Group, Pass, Work};
use crate::document::{Node, Value};

pub(super) static PASS: Pass = Pass {
    name: "timings",
    group: Group::Scrubbing,
    summary: "`recordedTimings` are rounded",
    why: "a stream never takes as long twice, and nobody reviews fractions of milliseconds. Below 10 ms times are whole, below 100 ms multiples of 5, below 1 s of 25, below 10 s of 250, and above that whole seconds; the total stays at least the sum of its parts",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{
  "match": { "userMessage": "weather" },
  "response": { "content": "Sunny." },
  "recordedTimings": { "ttftMs": 412.36, "interChunkDelaysMs": [3.2, 47.91], "totalDurationMs": 463.47 }
}] }"#,
        after: r#"{ "fixtures": [{
  "match": { "userMessage": "weather" },
  "response": { "content": "Sunny." },
  "recordedTimings": { "ttftMs": 400, "interChunkDelaysMs": [3, 50], "totalDurationMs": 475 }
}] }"#,
        transforms: &[],
    }],
    work: Work::Timings(timings),
};

fn timings<'n, 's>(node: &'n Node<'s>) -> Vec<(&'n Node<'s>, u64)> {
    let mut changed = Vec::new();
    let mut sum = [0.0, 0.0];
    let single = node.get("ttftMs").into_iter();
    for part in single.chain(node.get("interChunkDelaysMs").map_or(&[][..], Node::items)) {
        let Some(value) = number(part) else { continue };
        let new = on_grid(value, f64::round);
        sum[0] += value.max(0.0);
        sum[1] += new.max(0.0);
        push(part, value, new, &mut changed);
    }
    if let Some(total) = node.get("totalDurationMs")
        && let Some(value) = number(total)
    {
        let new = on_grid(value, f64::round);
        // A total that was too small before is somebody's mistake, and stays one that lint finds.
        let new = if value >= sum[0] { new.max(on_grid(sum[1], f64::ceil)) } else { new };
        push(total, value, new, &mut changed);
    }
    changed
}

fn number(node: &Node<'_>) -> Option<f64> {
    let Value::Number(text) = &node.value else { return None };
    Some(crate::document::as_f64(text)).filter(|value| (0.0..LARGEST).contains(value))
}

/// Milliseconds of a year: what is longer was not measured.
const LARGEST: f64 = 31_536_000_000.0;

fn on_grid(value: f64, round: fn(f64) -> f64) -> f64 {
    let step = match value {
        ..10.0 => 1.0,
        ..100.0 => 5.0,
        ..1000.0 => 25.0,
        ..10_000.0 => 250.0,
        _ => 1000.0,
    };
    round(value / step) * step
}

#[expect(clippy::float_cmp, reason = "a number on the grid is exactly itself")]
fn push<'n, 's>(node: &'n Node<'s>, old: f64, new: f64, changed: &mut Vec<(&'n Node<'s>, u64)>) {
    if new != old {
        changed.push((node, whole(new)));
    }
}

/// What stands on the grid is whole, and far below the largest integer that a double holds exactly.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of milliseconds below a year")]
fn whole(value: f64) -> u64 {
    value as u64
}
