//! `aimock normalize`: takes out of recordings what differs from run to run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::NormalizeArgs;
use super::arrange;
use super::lines::patch;
use super::report::{self, FileOutcome, Report, counted, escape};
use super::scopes::{self, Plan, Wanted};
use super::sources::{self, Config};
use super::{GlobalArgs, Status, Terminal};
use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::files;
use crate::fixture::Input;
use crate::normalize::{self, Options, Outcome, Pass};
use crate::transform;

/// Files that a dry run lists by name.
const MOST_FILES: usize = 20;

/// Notes of single places that are printed.
const MOST_NOTES: usize = 20;

/// Runs the command.
pub(super) fn run(args: &NormalizeArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let config = Config::load(global, terminal)?;
    let passes = passes(args, &config)?;
    let wanted = Wanted {
        paths: &args.paths,
        scope: &args.scope,
        max_file_size: args.max_file_size,
        stdin_filename: args.stdin_filename.as_deref(),
    };
    let mut plan = scopes::plan(&wanted, &config)?;
    for name in &plan.left_out {
        terminal.note(format_args!("{name} is in none of these scopes: it is left alone"));
    }
    anyhow::ensure!(!plan.inputs.is_empty() || !plan.troubles.is_empty(), "no JSON or YAML file in {}", plan.arguments());
    let (files, others) = split(&mut plan);
    let transforms = config.transforms.clone();
    let inputs: Vec<Input> = files.iter().map(|(input, _)| input.clone()).collect();
    let arranges = args.split_by.is_some() || args.merge_into.is_some();
    let texts = args.write || args.diff || arranges || files.iter().any(|(_, path)| path.is_none());
    let options = Options { transforms, matching: config.matching(None), others: &others, detail: args.check, texts, passes };
    let outcomes = normalize::run(&inputs, &options);
    let work = Work { args, plan: &plan, files, outcomes, passes: &options.passes };
    let mut status = work.finish(terminal)?;
    work.tell(&config, terminal);
    if status != Status::Failed && arranges {
        status = status.max(arrange::run(args, &work.texts(), &others, terminal)?);
    }
    let outcomes: Vec<FileOutcome> = work.file_outcomes();
    let status = if plan.asked.missing { Status::Failed } else { status };
    Ok(sources::status_of(status, &outcomes, plan.asked, terminal))
}

/// Flags win over the configuration.
fn passes(args: &NormalizeArgs, config: &Config) -> anyhow::Result<Vec<&'static Pass>> {
    let configured = config.shape.normalize.iter().flat_map(|normalize| &normalize.passes).flatten().map(|name| name.0.clone());
    let select = if args.select.is_empty() { configured.collect() } else { args.select.clone() };
    Ok(normalize::resolve(&select, &args.ignore)?)
}

/// A text and its file; `None` is standard input.
pub(super) type Given = (Input, Option<PathBuf>);

/// What was asked for, and what is only loaded with it.
fn split(plan: &mut Plan) -> (Vec<Given>, Vec<Input>) {
    let shown: Option<BTreeSet<usize>> = plan.shown.take().map(|shown| shown.into_iter().collect());
    let all = std::mem::take(&mut plan.inputs).into_iter().zip(std::mem::take(&mut plan.paths)).enumerate();
    let (given, others): (Vec<_>, Vec<_>) = all.partition(|(index, _)| shown.as_ref().is_none_or(|shown| shown.contains(index)));
    (given.into_iter().map(|(_, given)| given).collect(), others.into_iter().map(|(_, (input, _))| input).collect())
}

/// One run of the command, its passes done.
struct Work<'a> {
    args: &'a NormalizeArgs,
    plan: &'a Plan,
    files: Vec<Given>,
    outcomes: Vec<Outcome>,
    passes: &'a [&'static Pass],
}

impl Work<'_> {
    fn finish(&self, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
        if self.args.check && !self.args.statistics {
            return self.check(terminal);
        }
        let mut status = self.say_problems(terminal);
        let piped = self.files.iter().any(|(_, path)| path.is_none()) && !self.args.diff && !self.args.check;
        if self.args.diff {
            self.diff(terminal)?;
        } else if piped {
            self.pipe(terminal)?;
        }
        let written = if self.args.write { self.write(&mut status, terminal) } else { 0 };
        let summary = self.summary();
        if piped || self.args.diff {
            summary.lines().for_each(|line| terminal.say(line));
        } else {
            write!(terminal.stdout(), "{summary}")?;
            terminal.flush()?;
        }
        terminal.say(self.last_line(written));
        let would_change = !self.args.write && self.changed().any(|(_, path)| path.is_some() || self.args.diff || self.args.check);
        Ok(if would_change { status.max(Status::Findings) } else { status })
    }

    /// Every changed place as a finding.
    fn check(&self, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
        let mut findings: Vec<Diagnostic> =
            self.outcomes.iter().flat_map(|outcome| outcome.changes.iter().chain(&outcome.problems)).cloned().collect();
        findings.extend(self.plan.troubles.iter().cloned());
        Diagnostic::sort(&mut findings);
        let files = self.file_outcomes();
        let rules = report::pass_rules();
        let report = Report { findings: &findings, files: &files, rules: &rules, fail_on: Some(Severity::Warning) };
        Ok(report::emit(self.args.format, &report, terminal)?)
    }

    /// Files that could not be read or are left for a reason; others are done all the same.
    fn say_problems(&self, terminal: &mut Terminal<'_>) -> Status {
        let problems = self.outcomes.iter().flat_map(|outcome| &outcome.problems).chain(&self.plan.troubles);
        let mut status = Status::Clean;
        for problem in problems {
            let place = problem.position();
            let help = if problem.help.is_empty() { String::new() } else { format!("; {}", problem.help) };
            let text = format!("{}:{}:{}: {}{help}", problem.primary.source.name(), place.line, place.column, problem.message);
            if problem.severity == Severity::Error {
                terminal.error(&anyhow::anyhow!(text));
                status = Status::Failed;
            } else {
                terminal.warn(text);
            }
        }
        status
    }

    /// Files that change, with their paths.
    fn changed(&self) -> impl Iterator<Item = (&Input, Option<&PathBuf>)> {
        let all = self.files.iter().zip(&self.outcomes).filter(|(_, outcome)| outcome.changed);
        all.map(|((input, path), _)| (input, path.as_ref()))
    }

    /// The same with their new texts, where those are wanted.
    fn rewritten(&self) -> impl Iterator<Item = (&Input, Option<&PathBuf>, &str)> {
        let all = self.files.iter().zip(&self.outcomes);
        all.filter_map(|((input, path), outcome)| outcome.text.as_deref().map(|text| (input, path.as_ref(), text)))
    }

    /// All files, with their paths and the texts that they have when everything is written.
    fn texts(&self) -> Vec<Given> {
        let renewed = |((input, path), outcome): (&Given, &Outcome)| {
            let text = outcome.text.as_ref()?;
            let source = Source::new(input.source.id(), input.source.name(), text.as_str());
            Some((Input { source: Arc::new(source), format: input.format }, path.clone()))
        };
        let all = self.files.iter().zip(&self.outcomes).filter(|(_, outcome)| outcome.skipped.is_none());
        all.map(|(given, outcome)| renewed((given, outcome)).unwrap_or_else(|| given.clone())).collect()
    }

    fn diff(&self, terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
        for (input, _, text) in self.rewritten() {
            let name = input.source.name();
            write!(terminal.stdout(), "{}", patch(input.source.text(), text, [name, name], None))?;
        }
        Ok(terminal.flush()?)
    }

    /// Of standard input the text is the data, also where nothing had to change.
    fn pipe(&self, terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
        for ((input, _), outcome) in self.files.iter().zip(&self.outcomes).filter(|((_, path), _)| path.is_none()) {
            terminal.stdout().write_all(outcome.text.as_deref().unwrap_or_else(|| input.source.text()).as_bytes())?;
        }
        Ok(terminal.flush()?)
    }

    /// How many files were written. One that cannot be does not keep the others from it.
    fn write(&self, status: &mut Status, terminal: &mut Terminal<'_>) -> usize {
        let mut written = 0;
        for (_, path, text) in self.rewritten() {
            let Some(path) = path else { continue };
            match files::write_atomically(path, text.as_bytes()) {
                Ok(()) => written += 1,
                Err(error) => {
                    terminal.error(&anyhow::Error::new(error));
                    *status = Status::Failed;
                }
            }
        }
        written
    }

    /// Places and files by pass, then the files.
    fn summary(&self) -> String {
        let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (name, count) in self.outcomes.iter().flat_map(|outcome| &outcome.counts) {
            let (places, files) = counts.entry(name).or_default();
            *places += count;
            *files += 1;
        }
        let mut text = String::new();
        for pass in self.passes {
            if let Some((places, files)) = counts.get(pass.name) {
                let _ = writeln!(text, "{:<14} {:>9} in {}", pass.name, counted(*places, "place"), counted(*files, "file"));
            }
        }
        if self.args.write || self.args.statistics || text.is_empty() {
            return text;
        }
        let names: Vec<&str> = self.changed().map(|(input, _)| input.source.name()).collect();
        for name in names.iter().take(MOST_FILES) {
            let _ = writeln!(text, "  {}", escape(name));
        }
        if names.len() > MOST_FILES {
            let _ = writeln!(text, "  and {} more", names.len() - MOST_FILES);
        }
        text
    }

    fn last_line(&self, written: usize) -> String {
        let all = counted(self.outcomes.iter().filter(|outcome| outcome.skipped.is_none()).count(), "file");
        let changed = self.changed().count();
        match changed {
            0 => format!("{all} looked at: nothing to normalize"),
            _ if self.args.write => format!("{} of {all} written", counted(written, "file")),
            _ if self.files.iter().all(|(_, path)| path.is_none()) && !self.args.diff => "normalized".to_owned(),
            _ => format!("{} of {all} would change; `--write` writes them, `--diff` shows how", counted(changed, "file")),
        }
    }

    /// What was left, and why.
    fn tell(&self, config: &Config, terminal: &mut Terminal<'_>) {
        let notes: Vec<&String> = self.outcomes.iter().flat_map(|outcome| &outcome.notes).collect();
        for note in notes.iter().take(MOST_NOTES) {
            terminal.note(note);
        }
        if notes.len() > MOST_NOTES {
            terminal.note(format_args!("and {} like it", counted(notes.len() - MOST_NOTES, "note")));
        }
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, count) in self.outcomes.iter().flat_map(|outcome| &outcome.left_in_keys) {
            *left.entry(name).or_default() += count;
        }
        for (name, count) in left {
            let verb = if count == 1 { "holds" } else { "hold" };
            let keys = counted(count, "match key");
            let what = transform::builtin(name).map_or(name, |builtin| builtin.name);
            let advice = match config.shape.transforms.as_deref() {
                None | Some([]) => format!("add `transforms: [{what}]` to aimock.yaml"),
                Some(_) => format!("add `{what}` to `transforms` in aimock.yaml"),
            };
            terminal.note(format_args!(
                "{keys} {verb} {what}, and {} left, since requests are compared as they come; {advice}",
                if count == 1 { "is" } else { "are" }
            ));
        }
    }

    fn file_outcomes(&self) -> Vec<FileOutcome> {
        let all = self.files.iter().zip(&self.outcomes);
        all.map(|((input, _), outcome)| FileOutcome {
            name: input.source.name().to_owned(),
            fixtures: outcome.fixtures,
            skipped: outcome.skipped.clone(),
        })
        .collect()
    }
}
