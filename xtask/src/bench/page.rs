//! Results as a page: for each workload the targets side by side with their ratios, and the bars with what came of them.
//! No figure stands alone: beside each is what it is measured against, in the same run.

use std::fmt::Write as _;

use super::bars;
use super::programs::Target;
use super::results::Results;
use super::workloads::{self, Workload};

/// A column: heading, name of the figure, digits behind the point.
type Column = (&'static str, &'static str, usize);

const LOADED: &[Column] = &[
    ("per CPU second", "per_cpu_second", 0),
    ("per second", "per_second", 0),
    ("p50 µs", "p50_us", 0),
    ("p99 µs", "p99_us", 0),
    ("peak MiB", "peak_mb", 1),
];

/// The columns of a case, and which one ratios are made of.
fn columns(workload: &str, case: &str) -> &'static [Column] {
    match workload {
        "w3" if case.ends_with("loaded") => &[("loaded s", "loaded_s", 3), ("memory MiB", "loaded_mb", 1)],
        "w4" => &[("first answer ms", "answers_ms", 1), ("listens ms", "listens_ms", 1), ("memory MiB", "rss_mb", 1)],
        "w5" => &[
            ("per CPU second", "per_cpu_second", 1),
            ("per second", "per_second", 1),
            ("peak MiB", "peak_mb", 1),
            ("peak ÷ bodies", "peak_per_body", 2),
        ],
        "w6" => &[
            ("off schedule ms, mean", "schedule_off_mean_ms", 2),
            ("p99", "schedule_off_p99_ms", 1),
            ("gap ms, mean", "gap_mean_ms", 2),
            ("whole ms, p50", "whole_p50_ms", 0),
            ("server CPU", "server_cpu", 2),
            ("peak MiB", "peak_mb", 1),
            ("unfinished", "unfinished", 0),
            ("failed", "errors", 0),
        ],
        "w10" => {
            &[("after MiB", "after_mb", 1), ("before MiB", "before_mb", 1), ("growth MiB", "growth_mb", 1), ("peak MiB", "peak_mb", 1)]
        }
        _ => LOADED,
    }
}

/// The end of the page.
const AGAIN: &str = "\
## Measuring again

```sh
cargo xtask bench --dist --write                           # all; needs Linux, two cores, Node with npm, llvm-tools
cargo xtask bench w1 w2 --rounds 3 --seconds 3             # a look, in two minutes; to standard output
cargo xtask bench w1 --peers all                           # VidaiMock too
cargo xtask bench --check                                  # instruction counts; needs valgrind, and no quiet machine
```

`per CPU second` is requests for each second of CPU that the server used, which other work on the machine touches least.
";

/// More of a core than this, taken by other work, makes figures worth little.
const NOISE: f64 = 0.30;

/// How many times the incumbent's requests the limit did, at least, where the bars were set (W1).
const LIMIT_WHERE_SET: f64 = 12.5;

/// The whole page.
pub(crate) fn write(results: &Results) -> String {
    let mut page = String::from("# Performance\n\n<!-- Written by `cargo xtask bench --write`; changes by hand are lost. -->\n\n");
    page.push_str(
        "How fast this server is beside its incumbent ([npm @copilotkit/aimock](https://www.npmjs.com/package/@copilotkit/aimock)) and beside the \
         *limit*: an HTTP server that looks at nothing and answers with bytes that were made beforehand. All run on one machine in turn, \
         so **read the ratios**: the figures themselves belong to that machine. [scaling.md](scaling.md) says how cost grows.\n\n",
    );
    if results.rows.is_empty() {
        page.push_str("Nothing is measured yet.\n\n");
        page.push_str(AGAIN);
        return page;
    }
    let noisy = foreign(results).is_some_and(|(median, _)| median > NOISE);
    if results.glance || noisy {
        let why = if noisy { "other work took much of the machine" } else { "few rounds, or short ones" };
        let _ = write!(page, "**Not a measurement to conclude from: {why}.** The bars below are judged all the same.\n\n");
    }
    let _ = write!(
        page,
        "- measured {} on {}\n- {}\n- {}, medians; the server on one core, the load on another; settings of every program as they come\n",
        results.date,
        results.machine.join(", "),
        results.versions.join("; "),
        results.extent
    );
    if let Some(foreign) = foreign(results) {
        let _ = writeln!(
            page,
            "- other work on the machine took {:.0} % of a core (median), {:.0} % at most",
            foreign.0 * 100.0,
            foreign.1 * 100.0
        );
    }
    let size = results.size;
    if size > 0 {
        let _ = writeln!(page, "- the program has {:.1} MiB (bar 16, goal 12)", mebibytes(size));
    }
    page.push('\n');
    summary(&mut page, results);
    for workload in workloads::ALL {
        section(&mut page, results, workload);
    }
    page.push_str(AGAIN);
    page
}

/// Median and most of the CPU that neither server nor load used, as a share of one core.
fn foreign(results: &Results) -> Option<(f64, f64)> {
    let mut shares: Vec<f64> = results.rows.iter().filter_map(|row| row.figures["foreign_cpu"].as_f64()).collect();
    shares.sort_unstable_by(f64::total_cmp);
    Some((*shares.get(shares.len() / 2)?, *shares.last()?))
}

#[expect(clippy::cast_precision_loss, reason = "some megabytes")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// How many bars are met.
fn summary(page: &mut String, results: &Results) {
    let judged: Vec<bool> = bars::ALL.iter().filter_map(|bar| bar.value(results).map(|value| bar.met(value, bar.must))).collect();
    let met = judged.iter().filter(|met| **met).count();
    let _ = writeln!(page, "{met} of {} bars are met; {} were not measured in this run.\n", judged.len(), bars::ALL.len() - judged.len());
    let rate = |target: Target| results.median("w1", "", target.name(), "per_cpu_second");
    if let (Some(limit), Some(incumbent)) = (rate(Target::Limit), rate(Target::Incumbent).filter(|rate| *rate > 0.0))
        && limit / incumbent < LIMIT_WHERE_SET
    {
        let (here, bar) = (limit / incumbent, 8.0);
        let _ = writeln!(
            page,
            "In this run the limit itself does {here:.1} times the incumbent's requests (W1); where the bars against the incumbent were set \
             it did {LIMIT_WHERE_SET} to 18.5 times. A bar of {bar} times the incumbent is {:.2} of the limit here, and was {:.2} of it at \
             most there.\n",
            bar / here,
            bar / LIMIT_WHERE_SET
        );
    }
}

fn section(page: &mut String, results: &Results, workload: &Workload) {
    let cases = results.cases(workload.name);
    if cases.is_empty() {
        return;
    }
    let _ = write!(page, "## {}\n\n{}\n\n", workload.title, workload.about);
    for case in &cases {
        if !case.is_empty() {
            let _ = write!(page, "**{case}**\n\n");
        }
        table(page, results, workload.name, case);
    }
    bars_of(page, results, workload.name);
}

fn table(page: &mut String, results: &Results, workload: &str, case: &str) {
    let columns = columns(workload, case);
    let Some(&(_, main, _)) = columns.first() else { return };
    let of = |target: Target| results.median(workload, case, target.name(), main);
    let (incumbent, limit) = (of(Target::Incumbent), of(Target::Limit).or_else(|| of(Target::LimitParse)));
    page.push_str("| |");
    for (heading, ..) in columns {
        let _ = write!(page, " {heading} |");
    }
    page.push_str(" × incumbent | × limit |\n|---|");
    page.push_str(&"---:|".repeat(columns.len() + 2));
    page.push('\n');
    for target in Target::ALL {
        let name = if target == Target::Limit && workload == "w9" { "limit, asked directly" } else { target.name() };
        let failed = results.of(workload, case).find_map(|row| row.figures["failed"].as_str().filter(|_| row.target == target.name()));
        if let (Some(reason), None) = (failed, of(target)) {
            let reason: String = reason.replace('|', "/").lines().next().unwrap_or_default().chars().take(100).collect();
            let _ = writeln!(page, "| {name} | failed: {reason} |{}", " |".repeat(columns.len() + 1));
        } else if let Some(value) = of(target) {
            let _ = write!(page, "| {name}{} |", not_ok(results, workload, case, target));
            for &(_, figure, digits) in columns {
                let value = results.median(workload, case, target.name(), figure);
                let _ = write!(page, " {} |", value.map_or_else(|| "–".to_owned(), |value| number(value, digits)));
            }
            let ratio = |than: Option<f64>| than.filter(|than| *than > 0.0).map_or_else(|| "–".to_owned(), |than| ratio(value / than));
            let _ = writeln!(page, " {} | {} |", ratio(incumbent), ratio(limit));
        }
    }
    page.push('\n');
}

/// What is wrong with a target's answers: errors, or another status than 200 where no miss was asked for.
fn not_ok(results: &Results, workload: &str, case: &str, target: Target) -> String {
    let rows = || results.of(workload, case).filter(|row| row.target == target.name());
    let errors: u64 = if workload == "w6" { 0 } else { rows().filter_map(|row| row.figures["errors"].as_u64()).sum() };
    let other: u64 = rows()
        .filter(|_| !case.ends_with("miss"))
        .filter_map(|row| row.figures["statuses"].as_object())
        .flat_map(|statuses| statuses.iter().filter(|(status, _)| *status != "200").filter_map(|(_, count)| count.as_u64()))
        .sum();
    if errors + other == 0 { String::new() } else { format!(" (**{errors} errors, {other} not 200**)") }
}

fn bars_of(page: &mut String, results: &Results, workload: &str) {
    let bars: Vec<_> = bars::ALL.iter().filter(|bar| bar.workload == workload).collect();
    if bars.is_empty() {
        return;
    }
    page.push_str("| bar | here | must be | met | aimed at |\n|---|---:|---:|---|---|\n");
    for bar in bars {
        let sign = if bar.side == bars::Side::AtLeast { "≥" } else { "≤" };
        let value = bar.value(results);
        let here = value.map_or_else(|| "–".to_owned(), ratio);
        let met = match value {
            Some(value) if bar.met(value, bar.must) => "yes",
            Some(_) => "**no**",
            None => "not measured",
        };
        let goal = bar.goal.map_or_else(String::new, |goal| {
            let reached = value.is_some_and(|value| bar.met(value, goal));
            format!("{sign} {}{}", ratio(goal), if reached { ", reached" } else { "" })
        });
        let _ = writeln!(page, "| {} | {here} | {sign} {} | {met} | {goal} |", bar.what, ratio(bar.must));
    }
    page.push('\n');
}

/// With as many digits as say something.
fn ratio(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 || size.to_bits() == 0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        _ => 3,
    };
    number(value, digits)
}

/// With a comma between thousands.
fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{number, ratio, write};
    use crate::bench::results::{Results, Row};

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        assert_eq!((number(1_234_567.0, 0), number(-1234.5, 1), number(12.0, 0)), ("1,234,567".into(), "-1,234.5".into(), "12".into()));
        assert_eq!(
            (ratio(0.0), ratio(0.05), ratio(0.6), ratio(12.34), ratio(512.3)),
            ("0".into(), "0.050".into(), "0.60".into(), "12.3".into(), "512".into())
        );
    }

    fn row(target: &str, figures: serde_json::Value) -> Row {
        Row { workload: "w1".to_owned(), case: String::new(), target: target.to_owned(), round: 1, figures }
    }

    #[test]
    fn a_page_tells_ratios_bars_and_what_went_wrong() {
        let figures = |rate: f64| json!({ "per_cpu_second": rate, "per_second": rate, "foreign_cpu": 0.25, "statuses": { "200": 7 } });
        let mut bad = figures(100.0);
        bad["statuses"] = json!({ "200": 5, "500": 2 });
        let rows = vec![
            row("aimock (ours)", figures(900.0)),
            row("incumbent", bad),
            row("limit", figures(2000.0)),
            row("VidaiMock", json!({ "failed": "no | such\nprogram" })),
        ];
        let page = write(&Results { rows, date: "2026-01-31".to_owned(), ..Results::default() });
        assert!(page.contains("| aimock (ours) | 900 | 900 | – | – | – | 9.00 | 0.45 |"), "{page}");
        assert!(page.contains("| incumbent (**0 errors, 2 not 200**) |"), "{page}");
        assert!(page.contains("| VidaiMock | failed: no / such |"), "{page}");
        assert!(page.contains("× the incumbent | 9.00 | ≥ 8.00 | yes | ≥ 11.0 |"), "{page}");
        assert!(page.contains("× the limit | 0.45 | ≥ 0.60 | **no** | ≥ 0.75 |"), "{page}");
        assert!(page.contains("1 of 2 bars are met"), "{page}");
        assert!(!page.contains("In this run the limit"), "{page}");
        assert!(page.contains("25 % of a core") && page.contains("measured 2026-01-31"), "{page}");
        assert!(!page.contains("## W2"), "what was not measured is not told");
        assert!(!page.contains("**Not a measurement"), "{page}");
    }

    #[test]
    fn a_page_says_when_the_incumbent_is_nearer_to_the_limit_than_where_the_bars_were_set() {
        let rows = [("limit", 1000.0), ("incumbent", 100.0)].map(|(target, rate)| row(target, json!({ "per_cpu_second": rate })));
        let page = write(&Results { rows: rows.into(), ..Results::default() });
        assert!(page.contains("the limit itself does 10.0 times the incumbent's requests (W1)"), "{page}");
        assert!(page.contains("A bar of 8 times the incumbent is 0.80 of the limit here, and was 0.64 of it at most there."), "{page}");
    }

    #[test]
    fn a_page_says_when_it_is_worth_little() {
        let rows = || vec![row("limit", json!({ "per_cpu_second": 1.0, "foreign_cpu": 0.1 }))];
        assert!(write(&Results { rows: rows(), glance: true, ..Results::default() }).contains("few rounds"));
        let noisy = vec![row("limit", json!({ "per_cpu_second": 1.0, "foreign_cpu": 1.5 }))];
        assert!(write(&Results { rows: noisy, ..Results::default() }).contains("other work took much"));
        assert!(write(&Results::default()).contains("Nothing is measured yet."));
    }
}
