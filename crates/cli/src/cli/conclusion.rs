//! The end of a run of `serve`: expectations, coverage, and the status that follows from them.

use std::path::PathBuf;

use anyhow::Context as _;

use super::report::{self, Style, counted};
use super::sources::Config;
use super::{CoverageFormat, LogLevel, ServeArgs, Status, Terminal, verify};
use crate::config::{CoverageWord, ServeShape};
use crate::expect::Coverage;
use crate::files;
use crate::server::App;

/// What is shown and asked of a run at its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending {
    /// Fewer fixtures in use, in percent, are an error.
    pub(super) fail_under: Option<f64>,
    /// A fixture of no use is an error.
    pub(super) fail_unused: bool,
    pub(super) coverage: Option<CoverageFormat>,
    /// Where the coverage goes in place of stderr.
    pub(super) coverage_file: Option<PathBuf>,
}

impl Ending {
    /// Flags over the configuration.
    ///
    /// # Errors
    /// A file is named, and no format.
    pub(super) fn resolve(args: &ServeArgs, file: &ServeShape, config: &Config) -> anyhow::Result<Ending> {
        let ending = Ending {
            fail_under: args.fail_under.or(file.fail_under.map(|percent| percent.0)),
            fail_unused: args.fail_unused || file.fail_unused.unwrap_or(false),
            coverage: args.coverage.or(file.coverage.map(|word| match word {
                CoverageWord::Text => CoverageFormat::Text,
                CoverageWord::Json => CoverageFormat::Json,
            })),
            coverage_file: args.coverage_file.clone().or_else(|| file.coverage_file.as_ref().map(|path| config.path(&path.0))),
        };
        anyhow::ensure!(
            ending.coverage.is_some() || ending.coverage_file.is_none(),
            "a file for the coverage is named, and no format: add --coverage text or --coverage json"
        );
        Ok(ending)
    }
}

/// Says what became of the run. The status is that of COMMAND (`ended`; none without one), unless that was 0 and
/// something is broken.
pub(super) fn conclude(
    ending: &Ending,
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
    show(ending, &coverage, terminal)?;
    broken.extend(shortfalls(ending, &coverage));
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
fn show(ending: &Ending, coverage: &Coverage, terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
    let text = match ending.coverage {
        None => return Ok(()),
        Some(CoverageFormat::Text) => coverage.to_text(),
        Some(CoverageFormat::Json) => coverage.to_json().to_string(),
    };
    let Some(path) = &ending.coverage_file else {
        terminal.say(text);
        return Ok(());
    };
    let name = files::display_name(path);
    files::write_atomically(path, format!("{text}\n").as_bytes()).with_context(|| format!("cannot write the coverage to {name}"))
}

/// What coverage lacks of what was asked for.
fn shortfalls(ending: &Ending, coverage: &Coverage) -> Vec<String> {
    let mut broken = Vec::new();
    if let Some(least) = ending.fail_under.filter(|least| coverage.percent() < *least) {
        broken.push(format!("{}: less than the {least} % of --fail-under", coverage.summary()));
    }
    let unused = coverage.unused().count();
    if ending.fail_unused && unused > 0 {
        let first: Vec<&str> = coverage.unused().take(5).map(|fixture| fixture.handle.as_str()).collect();
        let more = if unused > first.len() { format!(" and {} more", unused - first.len()) } else { String::new() };
        broken.push(format!("{} of no use (--fail-unused): {}{more}", counted(unused, "fixture"), first.join(", ")));
    }
    broken
}
