//! `aimock lint`: finds what makes fixtures lie, and fixes what can be fixed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use super::args::LintArgs;
use super::report::{self, Report, counted, escape};
use super::scopes::{self, Plan};
use super::sources::{self, Asked, Config};
use super::{GlobalArgs, Status, Terminal};
use crate::config::SeverityWord;
use crate::diagnostic::{Diagnostic, Safety, Severity, fingerprints_by};
use crate::files;
use crate::fixture::{Input, LoadOptions};
use crate::lint::{self, Baseline, Chosen, LintInput, Outcome, Selection};

/// Where the baseline is written when nothing else is said.
pub(super) const DEFAULT_BASELINE: &str = "aimock-baseline.json";

/// Fixes can make room for others; this many rounds are tried.
const MOST_ROUNDS: usize = 10;

/// Culprits that are listed after the findings.
const MOST_CULPRITS: usize = 10;

/// Runs the command.
pub(super) fn run(args: &LintArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let config = Config::load(global, terminal)?;
    let chosen = selection(args, &config).resolve()?;
    let plan = scopes::plan(args, &config)?;
    anyhow::ensure!(!plan.inputs.is_empty() || !plan.troubles.is_empty(), "no JSON or YAML file in {}", plan.asked());
    if plan.scopes.len() == 1 && config.shape.scopes.is_none() {
        terminal.detail("no scopes are configured: all files are taken as one, loaded together in this order");
    }
    let lint = Lint { args, config: &config, chosen: &chosen };
    let outcome = match lint.most_unsafe() {
        Some(most) => lint.fix(&plan, most, terminal)?,
        None => Fixed { outcome: lint.run(plan.inputs.clone(), &plan), diff: String::new(), changed: 0 },
    };
    lint.report(outcome, &plan, terminal)
}

/// Flags win over the configuration.
fn selection(args: &LintArgs, config: &Config) -> Selection {
    let texts = |list: &Option<Vec<crate::shape::NonEmpty>>| -> Vec<String> { list.iter().flatten().map(|text| text.0.clone()).collect() };
    let lint = config.shape.lint.clone().unwrap_or_default();
    let severity = |word: SeverityWord| match word {
        SeverityWord::Error => Some(Severity::Error),
        SeverityWord::Warning => Some(Severity::Warning),
        SeverityWord::Info => Some(Severity::Info),
        SeverityWord::Off => None,
    };
    let mut ignore = texts(&lint.ignore);
    ignore.extend(args.ignore.iter().cloned());
    Selection {
        select: if args.select.is_empty() { texts(&lint.select) } else { args.select.clone() },
        ignore,
        severity: lint.severity.iter().flat_map(|fields| &fields.0).map(|(rule, word)| (rule.clone(), severity(*word))).collect(),
        per_file: lint
            .per_file
            .iter()
            .flat_map(|fields| &fields.0)
            .map(|(glob, rules)| (config.path(glob).to_string_lossy().into_owned(), rules.iter().map(|rule| rule.0.clone()).collect()))
            .collect(),
    }
}

/// One run of the command.
struct Lint<'a> {
    args: &'a LintArgs,
    config: &'a Config,
    chosen: &'a Chosen,
}

/// What is left after fixing, and what was changed.
struct Fixed {
    outcome: Outcome,
    diff: String,
    changed: usize,
}

impl Lint<'_> {
    fn most_unsafe(&self) -> Option<Safety> {
        match (self.args.fix, self.args.unsafe_fixes) {
            (_, true) => Some(Safety::Unsafe),
            (true, false) => Some(Safety::Safe),
            (false, false) => None,
        }
    }

    /// Standard input is fixed on its way: its text is the data, changed or not, and findings are talk.
    fn filters(&self) -> bool {
        self.most_unsafe().is_some() && !self.args.diff && self.args.paths.iter().any(|path| path.as_os_str() == "-")
    }

    fn run(&self, inputs: Vec<Input>, plan: &Plan) -> Outcome {
        let options: serde_json::Map<String, serde_json::Value> = self
            .config
            .shape
            .lint
            .iter()
            .flat_map(|lint| &lint.options)
            .flat_map(|fields| &fields.0)
            .map(|(rule, value)| (rule.clone(), value.0.clone()))
            .collect();
        let load = LoadOptions { matching: self.config.matching(None), ..LoadOptions::default() };
        lint::run(LintInput {
            inputs,
            scopes: plan.scopes.clone(),
            shown: plan.shown.clone(),
            chosen: self.chosen,
            options: &options,
            load,
        })
    }

    /// Applies fixes until none is left, on copies; then writes the files, or with `--diff` only shows what would change.
    fn fix(&self, plan: &Plan, most: Safety, terminal: &mut Terminal<'_>) -> anyhow::Result<Fixed> {
        let mut inputs = plan.inputs.clone();
        let mut fixes = 0;
        let mut outcome = self.run(inputs.clone(), plan);
        for _ in 0..MOST_ROUNDS {
            let cured = lint::apply_fixes(&outcome.findings, most);
            if cured.is_empty() {
                break;
            }
            for file in cured {
                fixes += file.fixes;
                if let Some(input) = inputs.get_mut(file.source.id().0 as usize) {
                    input.source = std::sync::Arc::new(crate::diagnostic::Source::new(file.source.id(), file.source.name(), file.text));
                }
            }
            outcome = self.run(inputs.clone(), plan);
        }
        let mut diff = String::new();
        let mut changed = 0;
        for (old, new) in plan.inputs.iter().zip(&inputs).filter(|(old, new)| old.source.text() != new.source.text()) {
            let name = old.source.name();
            changed += 1;
            if self.args.diff {
                let lines = similar::TextDiff::from_lines(old.source.text(), new.source.text());
                let _ = write!(diff, "{}", lines.unified_diff().context_radius(3).header(name, name));
            } else if let Some(path) = plan.paths.get(old.source.id().0 as usize).and_then(Option::as_ref) {
                files::write_atomically(path, new.source.text().as_bytes()).with_context(|| format!("cannot write {name}"))?;
            }
        }
        if self.filters() {
            for (input, _) in inputs.iter().zip(&plan.paths).filter(|(_, path)| path.is_none()) {
                terminal.stdout().write_all(input.source.text().as_bytes())?;
            }
        }
        if fixes > 0 {
            let verb = if self.args.diff { "would fix" } else { "fixed" };
            terminal.say(format_args!("{verb} {} in {}", counted(fixes, "finding"), counted(changed, "file")));
        }
        Ok(Fixed { outcome, diff, changed })
    }

    fn report(&self, fixed: Fixed, plan: &Plan, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
        let Fixed { outcome, diff, changed } = fixed;
        let Outcome { files, mut findings, allowed } = outcome;
        findings.extend(plan.troubles.iter().cloned());
        let findings = self.without_known(findings, terminal)?;
        let Some(findings) = findings else { return Ok(Status::Clean) };
        if self.args.diff {
            write!(terminal.stdout(), "{diff}")?;
            terminal.flush()?;
            return Ok(if changed > 0 { Status::Findings } else { Status::Clean });
        }
        if self.filters() {
            for finding in &findings {
                let place = finding.position();
                let (name, severity) = (finding.primary.source.name(), finding.severity.name());
                terminal.say(format_args!("{name}:{}:{}: {severity}[{}] {}", place.line, place.column, finding.rule, finding.message));
            }
            return Ok(self.status(&findings, plan));
        }
        let outcomes = sources::outcomes(&files);
        if self.args.statistics {
            write!(terminal.stdout(), "{}", statistics(&findings))?;
            terminal.flush()?;
            return Ok(self.status(&findings, plan));
        }
        let rules = report::lint_rules();
        let report = Report { findings: &findings, files: &outcomes, rules: &rules, fail_on: self.args.fail_on.severity() };
        report::emit(self.args.format, &report, terminal)?;
        for line in culprits(&findings) {
            terminal.say(line);
        }
        if allowed > 0 {
            terminal.say(format_args!("{} allowed by annotations", counted(allowed, "finding")));
        }
        let asked = Asked { missing: plan.missing, all_named: plan.all_named && !self.args.paths.is_empty() };
        Ok(sources::status_of(self.status(&findings, plan), &outcomes, asked, terminal))
    }

    fn status(&self, findings: &[Diagnostic], plan: &Plan) -> Status {
        let counts = |finding: &Diagnostic| self.args.fail_on.severity().is_some_and(|least| finding.severity >= least);
        match (plan.missing, findings.iter().any(counts)) {
            (true, _) => Status::Failed,
            (false, true) => Status::Findings,
            (false, false) => Status::Clean,
        }
    }

    /// The findings that the baseline does not know; `None` when the baseline was written in place of a report.
    fn without_known(&self, mut findings: Vec<Diagnostic>, terminal: &mut Terminal<'_>) -> anyhow::Result<Option<Vec<Diagnostic>>> {
        Diagnostic::sort(&mut findings);
        let configured = self.config.shape.lint.as_ref().and_then(|lint| lint.baseline.as_ref()).map(|path| self.config.path(&path.0));
        if let Some(named) = &self.args.write_baseline {
            let path = named.clone().or(configured).unwrap_or_else(|| PathBuf::from(DEFAULT_BASELINE));
            files::write_atomically(&path, baseline_of(&findings, self.config).to_text().as_bytes())
                .with_context(|| format!("cannot write the baseline {}", files::display_name(&path)))?;
            terminal.say(format_args!("wrote {} to {}", counted(findings.len(), "finding"), files::display_name(&path)));
            return Ok(None);
        }
        let wanted = self.args.baseline.clone().or(configured).filter(|_| !self.args.no_baseline);
        let Some(path) = wanted else { return Ok(Some(findings)) };
        let name = files::display_name(&path);
        if !files::exists(&path) && self.args.baseline.is_none() {
            terminal.warn(format_args!("the baseline {name} does not exist; `aimock lint --write-baseline` makes it"));
            return Ok(Some(findings));
        }
        let text = files::read_path(&path, files::DEFAULT_MAX_FILE_SIZE).with_context(|| format!("cannot read the baseline {name}"))?.text;
        let baseline = Baseline::parse(&text).with_context(|| format!("cannot use the baseline {name}"))?;
        let compared = baseline.compare(prints(&findings, self.config).into_iter().zip(findings).collect());
        if compared.known > 0 {
            terminal.say(format_args!("{} known by {name}", counted(compared.known, "finding")));
        }
        if !compared.stale.is_empty() {
            if self.args.prune_baseline {
                files::write_atomically(&path, baseline.without(&compared.stale).to_text().as_bytes())?;
                terminal.say(format_args!("removed {} that are gone from {name}", counted(compared.stale.len(), "entry")));
            } else {
                terminal
                    .note(format_args!("{} of {name} are gone; `--prune-baseline` removes them", counted(compared.stale.len(), "entry")));
            }
        }
        Ok(Some(compared.new))
    }
}

/// What a plain `aimock lint` finds under a configuration, its baseline left aside; sorted.
///
/// # Errors
/// The selection or a path of the configuration cannot be used.
pub(super) fn findings(config: &Config) -> anyhow::Result<Vec<Diagnostic>> {
    let args = LintArgs::plain()?;
    let chosen = selection(&args, config).resolve()?;
    let plan = scopes::plan(&args, config)?;
    let mut findings = Lint { args: &args, config, chosen: &chosen }.run(plan.inputs.clone(), &plan).findings;
    findings.extend(plan.troubles);
    Diagnostic::sort(&mut findings);
    Ok(findings)
}

/// A baseline of sorted findings.
pub(super) fn baseline_of(findings: &[Diagnostic], config: &Config) -> Baseline {
    let names: Vec<String> = findings.iter().map(|finding| config.committed_name(finding.primary.source.name())).collect();
    let entries = findings.iter().zip(prints(findings, config)).zip(&names);
    Baseline::of(entries.map(|((finding, print), name)| (print, finding.rule, name.as_str())))
}

fn prints(findings: &[Diagnostic], config: &Config) -> Vec<String> {
    fingerprints_by(findings, |name| config.committed_name(name))
}

/// Findings a rule, most first.
fn statistics(findings: &[Diagnostic]) -> String {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for finding in findings {
        let (count, fixable) = counts.entry(finding.rule).or_default();
        *count += 1;
        *fixable += usize::from(finding.fix.is_some());
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(rule, (count, _))| (std::cmp::Reverse(*count), *rule));
    let mut text = String::new();
    for (rule, (count, fixable)) in rows {
        let fixes = if fixable > 0 { format!("  ({fixable} fixable)") } else { String::new() };
        let _ = writeln!(text, "{count:>6}  {rule}{fixes}");
    }
    text
}

/// Who is in the way of whom: fixtures that other fixtures' findings point at, most first.
fn culprits(findings: &[Diagnostic]) -> Vec<String> {
    let mut counts: BTreeMap<(String, usize), usize> = BTreeMap::new();
    for culprit in findings.iter().filter_map(|finding| finding.related.first()) {
        *counts.entry((culprit.source.name().to_owned(), culprit.span.start)).or_default() += 1;
    }
    let caused: usize = counts.values().sum();
    let several = counts.len();
    if caused < 2 {
        return Vec::new();
    }
    let names: BTreeMap<(String, usize), String> = findings
        .iter()
        .filter_map(|finding| finding.related.first())
        .map(|label| {
            let fixture = label.pointer.split('/').nth(2).unwrap_or("");
            ((label.source.name().to_owned(), label.span.start), format!("{}#{fixture}", label.source.name()))
        })
        .collect();
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut lines: Vec<String> = rows
        .iter()
        .take(MOST_CULPRITS)
        .filter(|(_, count)| *count > 1)
        .map(|(key, count)| format!("  {} is in the way of {count}", escape(names.get(key).map_or("", String::as_str))))
        .collect();
    let verb = if several == 1 { "causes" } else { "cause" };
    lines.push(format!("{} {verb} {}", counted(several, "fixture"), counted(caused, "finding")));
    lines
}
