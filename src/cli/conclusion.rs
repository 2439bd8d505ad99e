//! The end of a run of `serve`: expectations, coverage, and the status that follows from them.

use anyhow::Context as _;

use super::report::{self, Style, counted};
use super::{CoverageFormat, LogLevel, ServeArgs, Status, Terminal, verify};
use crate::expect::Coverage;
use crate::files;
use crate::server::App;

/// Says what became of the run. The status is that of COMMAND (`ended`; none without one), unless that was 0 and
/// something is broken.
pub(super) fn conclude(
    args: &ServeArgs,
    app: &App,
    ended: Option<Status>,
    log_level: LogLevel,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Status> {
    let coverage = app.coverage();
    let mut broken = Vec::new();
    if ended.is_some() {
        broken.extend(judge(app, &coverage, log_level, terminal)?);
    }
    show(args, &coverage, terminal)?;
    broken.extend(shortfalls(args, &coverage));
    for trouble in &broken {
        terminal.error(&anyhow::anyhow!("{trouble}"));
    }
    Ok(match ended {
        Some(Status::Passed(0)) | None if !broken.is_empty() => Status::Findings,
        Some(Status::Passed(0)) | None => Status::Clean,
        Some(status) => status,
    })
}

/// Judges the `expect` blocks; a line when one is broken.
fn judge(app: &App, coverage: &Coverage, log_level: LogLevel, terminal: &mut Terminal<'_>) -> anyhow::Result<Option<String>> {
    let (findings, judged, summary, requests, missed) = app.verify(None, true, |claims, outcomes, run| {
        let (requests, missed) = run.counts.as_ref().map_or((0, 0), |counts| (counts.requests, counts.missed));
        (verify::findings(claims, outcomes), outcomes.len(), verify::summary(outcomes, run), requests, missed)
    });
    if log_level >= LogLevel::Info {
        let small = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let missed = if missed == 0 { String::new() } else { format!(", {} without a fixture", counted(small(missed), "request")) };
        terminal.say(format_args!("aimock: {}{missed}; {}", counted(small(requests), "request"), coverage.summary()));
        if judged > 0 && findings.is_empty() {
            terminal.say(&summary);
        }
    }
    if judged == 0 || findings.is_empty() {
        return Ok(None);
    }
    let format = report::format("text").context("there is no text format")?;
    let mut text = Vec::new();
    let style = Style { color: false, width: terminal.width(), per_rule_limit: None };
    verify::write(format, &findings, &mut text, style)?;
    terminal.say(String::from_utf8_lossy(&text).trim_end());
    Ok(Some(summary))
}

/// Shows coverage as asked for.
fn show(args: &ServeArgs, coverage: &Coverage, terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
    let text = match args.coverage {
        None => return Ok(()),
        Some(CoverageFormat::Text) => coverage.to_text(),
        Some(CoverageFormat::Json) => coverage.to_json().to_string(),
    };
    let Some(path) = &args.coverage_file else {
        terminal.say(text);
        return Ok(());
    };
    let name = files::display_name(path);
    files::write_atomically(path, format!("{text}\n").as_bytes()).with_context(|| format!("cannot write the coverage to {name}"))
}

/// What coverage lacks of what was asked for.
fn shortfalls(args: &ServeArgs, coverage: &Coverage) -> Vec<String> {
    let mut broken = Vec::new();
    if let Some(least) = args.fail_under.filter(|least| coverage.percent() < *least) {
        broken.push(format!("{}: less than the {least} % of --fail-under", coverage.summary()));
    }
    let unused = coverage.unused().count();
    if args.fail_unused && unused > 0 {
        let first: Vec<&str> = coverage.unused().take(5).map(|fixture| fixture.handle.as_str()).collect();
        let more = if unused > first.len() { format!(" and {} more", unused - first.len()) } else { String::new() };
        broken.push(format!("{} of no use (--fail-unused): {}{more}", counted(unused, "fixture"), first.join(", ")));
    }
    broken
}
