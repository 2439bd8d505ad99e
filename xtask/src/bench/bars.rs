//! What was promised: each bar is a ratio of two figures of one run (or, where a user feels the figure itself, the figure), with
//! the value that must be met and the one that is aimed at.

use super::programs::Target;
use super::results::Results;

use Side::{AtLeast, AtMost};
use Target::{Incumbent, Limit, LimitParse, Ours, Vidaimock};

/// A figure of a case: median over the rounds.
type Figure = (&'static str, Target, &'static str);

/// Which side of the bar is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    AtLeast,
    AtMost,
}

/// One bar.
pub(crate) struct Bar {
    pub(crate) workload: &'static str,
    /// What is compared, for people.
    pub(crate) what: &'static str,
    figure: Figure,
    /// What it is divided by; the figure itself counts where there is nothing.
    than: Option<Figure>,
    pub(crate) side: Side,
    pub(crate) must: f64,
    pub(crate) goal: Option<f64>,
}

impl Bar {
    /// The value; `None` where a part of it was not measured.
    pub(crate) fn value(&self, results: &Results) -> Option<f64> {
        let of = |(case, target, figure): Figure| results.median(self.workload, case, target.name(), figure);
        let value = of(self.figure)?;
        Some(match self.than {
            Some(than) => value / of(than).filter(|than| *than > 0.0)?,
            None => value,
        })
    }

    /// Whether a value is on the good side of a bar.
    pub(crate) fn met(&self, value: f64, bar: f64) -> bool {
        match self.side {
            AtLeast => value >= bar,
            AtMost => value <= bar,
        }
    }
}

/// Requests answered for each second of the server's CPU: what noise touches least.
const RATE: &str = "per_cpu_second";

const fn rate(workload: &'static str, what: &'static str, case: &'static str, than: Target, must: f64, goal: Option<f64>) -> Bar {
    Bar { workload, what, figure: (case, Ours, RATE), than: Some((case, than, RATE)), side: AtLeast, must, goal }
}

const fn at_most(workload: &'static str, what: &'static str, figure: Figure, than: Option<Figure>, must: f64, goal: Option<f64>) -> Bar {
    Bar { workload, what, figure, than, side: AtMost, must, goal }
}

/// All bars, in the order of the page.
pub(crate) const ALL: &[Bar] = &[
    rate("w1", "requests per CPU second, × the incumbent", "", Incumbent, 8.0, Some(11.0)),
    rate("w1", "requests per CPU second, × the limit", "", Limit, 0.60, Some(0.75)),
    rate("w1", "requests per CPU second, × VidaiMock", "", Vidaimock, 1.5, None),
    rate("w2", "streams per CPU second, × the incumbent", "", Incumbent, 10.0, Some(14.0)),
    rate("w2", "streams per CPU second, × the limit", "", Limit, 0.60, Some(0.85)),
    Bar {
        workload: "w3",
        what: "a hit among 100,000, × a hit among 10",
        figure: ("100000 hit", Ours, RATE),
        than: Some(("10 hit", Ours, RATE)),
        side: AtLeast,
        must: 0.85,
        goal: None,
    },
    rate("w3", "a hit among 10, × the incumbent", "10 hit", Incumbent, 10.0, None),
    rate("w3", "a hit among 10,000, × the incumbent", "10000 hit", Incumbent, 40.0, None),
    rate("w3", "a hit among 100,000, × the incumbent", "100000 hit", Incumbent, 500.0, None),
    at_most("w3", "cost of a miss among 100,000, × a hit", ("100000 hit", Ours, RATE), Some(("100000 miss", Ours, RATE)), 2.0, None),
    at_most("w3", "loading 100,000 fixtures, s", ("100000 loaded", Ours, "loaded_s"), None, 0.4, None),
    at_most(
        "w3",
        "loading 100,000 fixtures, × the incumbent",
        ("100000 loaded", Ours, "loaded_s"),
        Some(("100000 loaded", Incumbent, "loaded_s")),
        0.5,
        None,
    ),
    at_most("w3", "memory with 100,000 fixtures, MiB", ("100000 loaded", Ours, "loaded_mb"), None, 160.0, None),
    at_most("w3", "loading 10,000 files, s", ("10000 files loaded", Ours, "loaded_s"), None, 0.25, None),
    at_most(
        "w4",
        "first answer, × the incumbent",
        ("1 fixture", Ours, "answers_ms"),
        Some(("1 fixture", Incumbent, "answers_ms")),
        1.0 / 20.0,
        None,
    ),
    at_most("w4", "first answer, × the limit", ("1 fixture", Ours, "answers_ms"), Some(("1 fixture", Limit, "answers_ms")), 2.5, None),
    at_most(
        "w4",
        "first answer with 1,000 files, × the incumbent",
        ("1000 files", Ours, "answers_ms"),
        Some(("1000 files", Incumbent, "answers_ms")),
        1.0 / 12.0,
        None,
    ),
    at_most("w4", "idle memory, MiB", ("1 fixture", Ours, "rss_mb"), None, 14.0, Some(10.0)),
    rate("w5", "1 MB requests per CPU second, × the incumbent", "1 MB", Incumbent, 8.0, Some(11.0)),
    rate("w5", "1 MB requests per CPU second, × the limit that parses", "1 MB", LimitParse, 0.80, Some(0.95)),
    rate("w5", "10 MB requests per CPU second, × the incumbent", "10 MB", Incumbent, 8.0, Some(9.5)),
    rate("w5", "10 MB requests per CPU second, × the limit that parses", "10 MB", LimitParse, 0.80, Some(0.95)),
    at_most("w5", "peak memory, × the bodies on their way (10 MB)", ("10 MB", Ours, "peak_per_body"), None, 3.0, None),
    at_most(
        "w6",
        "off schedule with 5,000 streams, × the limit",
        ("5000 streams", Ours, "schedule_off_mean_ms"),
        Some(("5000 streams", Limit, "schedule_off_mean_ms")),
        2.0,
        None,
    ),
    at_most(
        "w6",
        "peak memory with 5,000 streams, × the incumbent",
        ("5000 streams", Ours, "peak_mb"),
        Some(("5000 streams", Incumbent, "peak_mb")),
        0.25,
        None,
    ),
    at_most("w6", "of 5,000 streams, not finished", ("5000 streams", Ours, "unfinished"), None, 0.0, None),
    at_most("w6", "of 5,000 streams, failed", ("5000 streams", Ours, "errors"), None, 0.0, None),
    rate("w8", "streams per CPU second, × the incumbent", "", Incumbent, 10.0, Some(13.0)),
    rate("w8", "streams per CPU second, × the limit", "", Limit, 0.60, Some(0.80)),
    rate("w9", "JSON requests per CPU second, × the incumbent", "json", Incumbent, 8.0, Some(10.0)),
    rate("w9", "streams per CPU second, × the incumbent", "stream", Incumbent, 6.0, Some(8.0)),
    at_most(
        "w10",
        "memory after 200 B requests, × the incumbent",
        ("200 B", Ours, "after_mb"),
        Some(("200 B", Incumbent, "after_mb")),
        0.25,
        None,
    ),
    at_most(
        "w10",
        "memory after 20 kB requests, × the incumbent",
        ("20 kB", Ours, "after_mb"),
        Some(("20 kB", Incumbent, "after_mb")),
        0.25,
        None,
    ),
    at_most("w10", "growth from the first quarter to the last (200 B), MiB", ("200 B", Ours, "growth_mb"), None, 2.0, None),
    at_most(
        "tools",
        "validating 10,000 files, CPU, × the incumbent",
        ("validate 10,000 files", Ours, "cpu_s"),
        Some(("validate 10,000 files", Incumbent, "cpu_s")),
        0.25,
        None,
    ),
    at_most("tools", "linting 10,000 files, CPU s", ("lint 10,000 files, cold", Ours, "cpu_s"), None, 0.6, None),
    at_most("tools", "linting 100,000 fixtures in one scope, CPU s", ("lint 100,000 fixtures, cold", Ours, "cpu_s"), None, 8.0, None),
    at_most("tools", "validating a file of 49 MB, CPU s", ("validate a file of 49 MB", Ours, "cpu_s"), None, 0.8, None),
    at_most("tools", "checking 1 file of 900, cold, s", ("check 1 file of 900, cold", Ours, "wall_s"), None, 0.150, None),
    at_most("tools", "checking 1 file of 900, warm, s", ("check 1 file of 900, warm", Ours, "wall_s"), None, 0.060, None),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ALL, Side};
    use crate::bench::results::{Results, Row};
    use crate::bench::workloads;

    #[test]
    fn every_bar_belongs_to_a_workload() {
        for bar in ALL {
            assert!(workloads::ALL.iter().any(|workload| workload.name == bar.workload), "{}", bar.what);
            let goal = bar.goal.unwrap_or(bar.must);
            assert!(bar.met(goal, bar.must), "{}: the goal is behind the bar", bar.what);
        }
    }

    #[test]
    fn a_bar_divides_medians_of_one_run() {
        let row = |target: &str, value: f64| Row {
            workload: "w1".to_owned(),
            case: String::new(),
            target: target.to_owned(),
            round: 1,
            figures: json!({ "per_cpu_second": value }),
        };
        let mut results = Results { rows: vec![row("aimock (ours)", 900.0)], ..Results::default() };
        let bar = &ALL[0];
        assert_eq!((bar.side, bar.value(&results)), (Side::AtLeast, None), "nothing to divide by");
        results.rows.push(row("incumbent", 100.0));
        assert_eq!(bar.value(&results), Some(9.0));
        assert!(bar.met(9.0, bar.must) && !bar.met(7.9, bar.must));
    }
}
