//! `aimock verify`: expectations on what a journal tells of a run.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::Value;

use super::report::{self, Report, RuleInfo, Style, counted};
use super::sources::{self, Config, Sources};
use super::{GlobalArgs, Status, Terminal, VerifyArgs, client};
use crate::diagnostic::{Diagnostic, Severity, Source, SourceId};
use crate::document::Format;
use crate::expect::{Claim, Outcome, Run, claims_of_file, claims_of_fixtures, judge};
use crate::files;
use crate::fixture::{ExpectationFile, Library, LoadOptions, into_library, read_expectations};

/// The rule under which broken expectations are reported.
const RULE: &str = "broken-expectation";
const RULES: [RuleInfo; 1] = [RuleInfo {
    name: RULE,
    summary: "what was expected of a run did not happen",
    why: "the software under test, or the expectation, is not what its author thinks",
    severity: Severity::Error,
}];
/// Behind every fixture file.
const EXPECTATIONS: SourceId = SourceId(u32::MAX - 1);

/// Runs the command.
pub(super) fn run(args: &VerifyArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let VerifyArgs { stream, grammar, expectations, journal, url, fixtures, test_id, matching, api_key, format } = args;
    if let Some(stream) = stream {
        return super::stream::run(stream, grammar.as_deref(), format, terminal);
    }
    let config = Config::load(global, terminal)?;
    let set = config.shape.verify.clone().unwrap_or_default();
    let expectations = expectations.clone().or_else(|| set.expectations.as_ref().map(|path| config.path(&path.0)));
    let configured = set.fixtures.iter().flat_map(|paths| &paths.0).map(|path| config.path(&path.0));
    let fixtures: Vec<PathBuf> = if fixtures.is_empty() { configured.collect() } else { fixtures.clone() };
    let url = url.as_deref().or_else(|| set.url.as_ref().map(|url| url.0.as_str()));
    anyhow::ensure!(
        expectations.is_some() || !fixtures.is_empty(),
        "nothing is expected: name a file of expectations, or fixtures with `expect` blocks (`-f PATH`), or set `verify` in aimock.yaml"
    );
    let file = expectations.as_deref().map(read_file).transpose()?;
    let mut run = match (journal, url) {
        (Some(path), _) => read_journal(path)?,
        (None, Some(url)) => {
            let fetched = client::journal(url, api_key.as_deref())?;
            Run { forgotten: fetched.forgotten, ..parse_journal(&fetched.text, url)? }
        }
        (None, None) => anyhow::bail!("no journal is given: name one with --journal FILE, or a running server with --url URL"),
    };
    let library = if fixtures.is_empty() { None } else { Some(load(&fixtures, expectations.as_deref(), &config, *matching, terminal)?) };
    if let Some(library) = &library {
        let known: Vec<String> = (0..library.fixtures.len()).map(|row| library.handle(row)).collect();
        rename(&mut run, &known, library);
        run.fixtures = Some(known);
    }
    let wanted = test_id.as_deref().or_else(|| file.as_ref()?.shape.test_id.as_ref().map(|id| id.0.as_str()));
    let wanted = wanted.or_else(|| set.test_id.as_ref().map(|id| id.0.as_str()));
    if let Some(test_id) = wanted {
        run = run.of_test(test_id);
    }
    let mut claims = file.as_ref().map(|file| claims_of_file(&file.shape, Some(&file.places))).unwrap_or_default();
    claims.extend(library.as_ref().map(claims_of_fixtures).unwrap_or_default());
    let outcomes = judge(&claims, &run);
    emit(format, &claims, &outcomes, &run, terminal)
}

/// Broken expectations as findings, each where it is written.
pub(super) fn findings(claims: &[Claim<'_>], outcomes: &[Outcome]) -> Vec<Diagnostic> {
    let broken = outcomes.iter().filter(|outcome| !outcome.holds);
    let finding = |outcome: &Outcome| {
        let place = claims.get(outcome.claim)?.places?.label(&outcome.pointer);
        let mut finding = Diagnostic::new(RULE, Severity::Error, outcome.line(), place);
        finding.identity = format!("{} {}", outcome.subject.name(), outcome.key);
        Some(finding)
    };
    broken.filter_map(finding).collect()
}

/// Writes findings in a format, and nothing else.
pub(super) fn write(format: &report::Format, findings: &[Diagnostic], out: &mut dyn std::io::Write, style: Style) -> std::io::Result<()> {
    let report = Report { findings, files: &[], rules: &RULES, fail_on: Some(Severity::Warning) };
    report::write(format, &report, out, style)
}

fn emit(
    format: &report::Format,
    claims: &[Claim<'_>],
    outcomes: &[Outcome],
    run: &Run,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Status> {
    let findings = findings(claims, outcomes);
    let names: BTreeSet<&str> = claims.iter().filter_map(|claim| Some(claim.places?.file())).collect();
    let files: Vec<report::FileOutcome> =
        names.into_iter().map(|name| report::FileOutcome { name: name.to_owned(), ..report::FileOutcome::default() }).collect();
    let report = Report { findings: &findings, files: &files, rules: &RULES, fail_on: Some(Severity::Warning) };
    let style = Style { color: terminal.stdout_color(), width: terminal.width(), per_rule_limit: None };
    report::write(format, &report, terminal.stdout(), style)?;
    terminal.flush()?;
    for outcome in outcomes.iter().filter(|outcome| outcome.holds) {
        terminal.detail(format_args!("holds: {}", outcome.line()));
    }
    terminal.say(summary(outcomes, run));
    Ok(report.status())
}

/// `3 expectations on 12 requests: 1 broken`.
pub(super) fn summary(outcomes: &[Outcome], run: &Run) -> String {
    let broken = outcomes.iter().filter(|outcome| !outcome.holds).count();
    let requests = run.entries.len() + usize::try_from(run.forgotten).unwrap_or(usize::MAX);
    let verdict = if broken == 0 { "all hold".to_owned() } else { format!("{broken} broken") };
    format!("{} on {}: {verdict}", counted(outcomes.len(), "expectation"), counted(requests, "request"))
}

fn read_file(path: &Path) -> anyhow::Result<ExpectationFile> {
    let (name, text) = read_text(path, "the expectations")?;
    let source = Arc::new(Source::new(EXPECTATIONS, name.clone(), text));
    read_expectations(&source, Format::from_path(&name)).map_err(|problems| {
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        let lines = errors.map(|problem| {
            let place = problem.position();
            let help = if problem.help.is_empty() { String::new() } else { format!("; {}", problem.help) };
            format!("\n  {name}:{}:{}: {}{help}", place.line, place.column, problem.message)
        });
        anyhow::anyhow!("the expectations cannot be read:{}", lines.collect::<String>())
    })
}

fn read_text(path: &Path, what: &str) -> anyhow::Result<(String, String)> {
    let name = files::display_name(path);
    let read = if path.as_os_str() == "-" {
        files::stdin(files::DEFAULT_MAX_FILE_SIZE)
    } else {
        files::read_path(path, files::DEFAULT_MAX_FILE_SIZE)
    };
    let text = read.with_context(|| format!("cannot read {what} {name}"))?.text;
    Ok((name, text))
}

fn read_journal(path: &Path) -> anyhow::Result<Run> {
    let (name, text) = read_text(path, "the journal")?;
    parse_journal(&text, &name)
}

/// A journal as a JSON array, or one entry a line.
fn parse_journal(text: &str, name: &str) -> anyhow::Result<Run> {
    let entries: Vec<Value> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).with_context(|| format!("the journal {name} is no JSON array"))?
    } else {
        let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
        values.with_context(|| format!("the journal {name} is neither a JSON array nor one JSON entry a line"))?
    };
    // Lines that the tail says about itself are no entries; what they count is missing.
    let (notes, entries): (Vec<Value>, Vec<Value>) = entries.into_iter().partition(|entry| entry.get("note").is_some());
    let forgotten = notes.iter().filter_map(|note| note.get("leftOut")?.as_u64()).sum();
    let run = Run::from_json(&entries).with_context(|| format!("cannot use the journal {name}"))?;
    Ok(Run { forgotten, ..run })
}

fn load(
    fixtures: &[PathBuf],
    expectations: Option<&Path>,
    config: &Config,
    matching: Option<super::Matching>,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Library> {
    let options = LoadOptions { matching: config.matching(matching), ..LoadOptions::default() };
    let sources = Sources::read(fixtures, config, files::DEFAULT_MAX_FILE_SIZE, "<stdin>")?;
    for trouble in &sources.troubles {
        terminal.warn(&trouble.message);
    }
    let loaded = sources::load(sources.inputs, &options, terminal);
    let broken: Vec<String> = loaded
        .iter()
        .flat_map(|file| &file.problems)
        .filter(|problem| problem.rule == "invalid-expectation" || problem.rule == "unknown-option")
        .map(|problem| format!("\n  {}:{}: {}", problem.primary.source.name(), problem.position().line, problem.message))
        .collect();
    anyhow::ensure!(broken.is_empty(), "expectations of the fixtures cannot be read:{}", broken.concat());
    let library = into_library(loaded);
    let expects =
        library.fixtures.iter().any(|fixture| fixture.expect.is_some()) || library.sources.iter().any(|file| file.expect.is_some());
    if expectations.is_none() && !expects {
        terminal.warn("none of these fixtures has an `expect` block: nothing is expected");
    }
    Ok(library)
}

/// A server may have been started in another folder: `FILE#/fixtures/N` of its journal is the fixture here whose path ends
/// like it, if just one does. Files are named as here.
fn rename(run: &mut Run, known: &[String], library: &Library) {
    fn tail(handle: &str) -> &str {
        let file = handle.split('#').next().unwrap_or(handle);
        let start = file.rfind('/').map_or(0, |slash| slash + 1);
        handle.get(start..).unwrap_or(handle)
    }
    let mut by_tail: HashMap<&str, Vec<&str>> = HashMap::new();
    for handle in known.iter().filter(|handle| handle.contains("#/fixtures/")) {
        by_tail.entry(tail(handle)).or_default().push(handle);
    }
    let rows: HashMap<&str, usize> = known.iter().enumerate().map(|(row, handle)| (handle.as_str(), row)).collect();
    let file_of = |row: usize| library.sources.get(library.fixtures.get(row)?.origin.source.0 as usize).map(|file| file.name.clone());
    for answerer in run.entries.iter_mut().filter_map(|entry| entry.fixture.as_mut()) {
        if !rows.contains_key(answerer.handle.as_str()) {
            let ends_alike =
                |here: &&&str| here.ends_with(&format!("/{}", answerer.handle)) || answerer.handle.ends_with(&format!("/{here}"));
            let alike: Vec<&&str> = by_tail.get(tail(&answerer.handle)).into_iter().flatten().filter(ends_alike).collect();
            if let [here] = alike.as_slice() {
                answerer.handle = (**here).to_owned();
            }
        }
        if let Some(file) = rows.get(answerer.handle.as_str()).and_then(|row| file_of(*row)) {
            answerer.file = file;
        }
    }
}
