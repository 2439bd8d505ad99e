//! `aimock lint`: finds what makes fixtures lie, and fixes what can be fixed.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::args::LintArgs;
use super::cache::Cache;
use super::lines::patch;
use super::report::{self, Report, counted, escape, grouped};
use super::scopes::{self, Plan, Wanted};
use super::sources::{self, Config};
use super::{GlobalArgs, Status, Terminal};
use crate::config::SeverityWord;
use crate::diagnostic::{Diagnostic, Safety, Severity, Source, SourceId, fingerprints_by};
use crate::document;
use crate::files;
use crate::fixture::{Input, LoadOptions, Schemas};
use crate::lint::{self, Baseline, Brief, Category, Chosen, Key, LintInput, Memory, Selection, Trees};
use crate::normalize::{self, Pass};
use crate::schema::{SchemaCheck, SchemaChecks};

/// Where the baseline is written when nothing else is said.
pub(super) const DEFAULT_BASELINE: &str = "aimock-baseline.json";

/// Fixes can make room for others; this many rounds are tried.
const MOST_ROUNDS: usize = 10;

/// Culprits that are listed after the findings.
const MOST_CULPRITS: usize = 10;

/// Runs the command.
pub(super) fn run(args: &LintArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let config = Config::load(global, terminal)?;
    run_with(args, &config, &Also::Nothing, terminal)
}

/// What is looked for beside what lint finds.
pub(super) enum Also {
    Nothing,
    /// What the published schema finds, and what these passes of normalize would change.
    SchemaAndPasses(Vec<&'static Pass>),
}

/// Runs the command under a configuration.
pub(super) fn run_with(args: &LintArgs, config: &Config, also: &Also, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let chosen = selection(args, config)?.resolve()?;
    check_options(config)?;
    let plan = scopes::plan(&wanted(args), config)?;
    for name in &plan.left_out {
        terminal.note(format_args!("{name} is in none of these scopes: nothing is said about it"));
    }
    anyhow::ensure!(!plan.inputs.is_empty() || !plan.troubles.is_empty(), "no JSON or YAML file in {}", plan.arguments());
    let schemas = matches!(also, Also::SchemaAndPasses(_)).then(|| SchemaChecks(vec![SchemaCheck::published()]));
    let lint = Lint { args, config, chosen: &chosen, also, schemas: schemas.as_ref() };
    let outcome = match lint.most_unsafe() {
        // What is written must follow from what is there now, and from nothing else.
        Some(most) => lint.fix(&plan, most, terminal)?,
        None => Fixed { outcome: lint.run_cached(&plan, terminal)?, diff: String::new(), changed: 0, printed: false },
    };
    let status = lint.report(outcome, &plan, terminal)?;
    Ok(if plan.asked.missing { Status::Failed } else { status })
}

/// Adds what normalize would change, but for what a rule has said of the same place.
fn add_changes(findings: &mut Vec<Diagnostic>, mut changes: Vec<Diagnostic>) {
    let is_about_values =
        |rule: &str| lint::rule(rule).is_some_and(|rule| matches!(rule.category, Category::Secrets | Category::Nondeterminism));
    let mut said: Vec<(SourceId, usize)> = findings
        .iter()
        .filter(|finding| is_about_values(finding.rule))
        .map(|finding| (finding.primary.source.id(), finding.primary.span.start))
        .collect();
    said.sort_unstable();
    changes.retain(|change| {
        let (source, span) = (change.primary.source.id(), change.primary.span);
        let next = said.partition_point(|place| *place < (source, span.start));
        said.get(next).is_none_or(|(other, start)| *other != source || *start >= span.end)
    });
    findings.append(&mut changes);
}

fn wanted(args: &LintArgs) -> Wanted<'_> {
    Wanted { paths: &args.paths, scope: &args.scope, max_file_size: args.max_file_size, stdin_filename: args.stdin_filename.as_deref() }
}

/// Options stand under the names of rules that there are.
fn check_options(config: &Config) -> anyhow::Result<()> {
    let options = config.shape.lint.iter().flat_map(|lint| &lint.options).flat_map(|fields| &fields.0);
    for (name, _) in options {
        if lint::rule(name).is_none() {
            let known: Vec<&'static str> = lint::ALL.iter().map(|rule| rule.name).collect();
            let near = crate::shape::nearest(name, &known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            anyhow::bail!("`lint.options` of the configuration: there is no lint rule `{name}`{near}");
        }
    }
    Ok(())
}

/// Flags win over the configuration: a rule that `--select` names runs, whatever the configuration says of it.
fn selection(args: &LintArgs, config: &Config) -> anyhow::Result<Selection> {
    let here = files::working_directory().context("cannot tell the working directory")?;
    let selected = |name: &String| args.select.contains(name) && lint::rule(name).is_some();
    let texts = |list: &Option<Vec<crate::shape::NonEmpty>>| -> Vec<String> { list.iter().flatten().map(|text| text.0.clone()).collect() };
    let lint = config.shape.lint.clone().unwrap_or_default();
    let severity = |word: SeverityWord| match word {
        SeverityWord::Error => Some(Severity::Error),
        SeverityWord::Warning => Some(Severity::Warning),
        SeverityWord::Info => Some(Severity::Info),
        SeverityWord::Off => None,
    };
    let mut ignore = texts(&lint.ignore);
    ignore.retain(|name| !selected(name));
    ignore.extend(args.ignore.iter().cloned());
    let severities = lint.severity.iter().flat_map(|fields| &fields.0).map(|(rule, word)| (rule.clone(), severity(*word)));
    Ok(Selection {
        select: if args.select.is_empty() { texts(&lint.select) } else { args.select.clone() },
        ignore,
        severity: severities.filter(|(rule, severity)| severity.is_some() || !selected(rule)).collect(),
        per_file: lint
            .per_file
            .iter()
            .flat_map(|fields| &fields.0)
            .map(|(glob, rules)| (glob.clone(), rules.iter().map(|rule| rule.0.clone()).collect()))
            .collect(),
        base: here.join(config.path("")),
        here,
    })
}

/// One run of the command.
struct Lint<'a> {
    args: &'a LintArgs,
    config: &'a Config,
    chosen: &'a Chosen,
    also: &'a Also,
    schemas: Option<&'a SchemaChecks>,
}

/// What is left after fixing, and what was changed.
struct Fixed {
    outcome: Brief,
    diff: String,
    changed: usize,
    /// The fixed text of standard input went to stdout; what else there is to say goes to stderr.
    printed: bool,
}

impl Lint<'_> {
    fn most_unsafe(&self) -> Option<Safety> {
        match (self.args.fix, self.args.unsafe_fixes) {
            (_, true) => Some(Safety::Unsafe),
            (true, false) => Some(Safety::Safe),
            (false, false) => None,
        }
    }

    /// Runs with what earlier runs have left, and leaves what this one has found.
    fn run_cached(&self, plan: &Plan, terminal: &mut Terminal<'_>) -> anyhow::Result<Brief> {
        let Some(cache) = Cache::open(&self.args.cache, self.config, &self.context()?)? else {
            return Ok(self.run(plan.inputs.clone(), plan, None));
        };
        let bytes = cache.read();
        let mut memory = Memory::read(cache.context(), &bytes);
        let outcome = self.run(plan.inputs.clone(), plan, Some(&mut memory));
        if let Some(bytes) = memory.to_bytes() {
            cache.write(&bytes, terminal);
        }
        Ok(outcome)
    }

    /// What findings follow from beside the files and the configuration.
    fn context(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let here = files::working_directory().context("cannot tell the working directory")?;
        let rules = self.chosen.rules().iter().map(|(rule, _)| rule.name);
        let passes = match self.also {
            Also::Nothing => None,
            Also::SchemaAndPasses(passes) => Some(passes.iter().map(|pass| pass.name).collect::<Vec<_>>().join(" ")),
        };
        let passes = passes.map_or_else(|| "lint".to_owned(), |passes| format!("check {passes}"));
        Ok(vec![here.into_os_string().into_encoded_bytes(), rules.collect::<Vec<_>>().join(" ").into_bytes(), passes.into_bytes()])
    }

    fn run(&self, inputs: Vec<Input>, plan: &Plan, mut memory: Option<&mut Memory<'_>>) -> Brief {
        let options: serde_json::Map<String, serde_json::Value> = self
            .config
            .shape
            .lint
            .iter()
            .flat_map(|lint| &lint.options)
            .flat_map(|fields| &fields.0)
            .map(|(rule, value)| (rule.clone(), value.0.clone()))
            .collect();
        let load = LoadOptions { schemas: self.schemas.map(|schemas| schemas as &dyn Schemas), ..self.config.load_options(None) };
        let all = inputs.clone();
        let trees = if let Also::SchemaAndPasses(_) = self.also { Some(Trees::new(&all, &load.limits)) } else { None };
        let input = LintInput {
            inputs,
            scopes: plan.scopes.clone(),
            shown: plan.shown.clone(),
            chosen: self.chosen,
            options: &options,
            load,
            parsed: trees.as_ref(),
        };
        let mut outcome = lint::run_remembering(input, memory.as_deref_mut());
        let changes = trees.as_ref().map(|trees| self.changes_remembering(&all, trees, plan, &outcome.keys, memory)).unwrap_or_default();
        let config_is_shown =
            plan.shown.as_ref().is_none_or(|shown| shown.iter().any(|index| plan.name(*index) == Some(self.config.name())));
        let texts = outcome.files.iter().map(|file| file.plain_texts).sum();
        let unstated = self.config.unstated_matching(None, texts).filter(|_| config_is_shown);
        outcome.findings.extend(unstated.and_then(|mut finding| self.chosen.settle(&mut finding).then_some(finding)));
        add_changes(&mut outcome.findings, changes);
        outcome
    }

    /// What normalize would change in the files whose findings are shown, worked out or remembered.
    fn changes_remembering(
        &self,
        inputs: &[Input],
        trees: &Trees<'_>,
        plan: &Plan,
        keys: &[Key],
        memory: Option<&mut Memory<'_>>,
    ) -> Vec<Diagnostic> {
        let Some(memory) = memory else { return self.changes(inputs, trees, plan) };
        let shown: Option<HashSet<usize>> = plan.shown.as_ref().map(|shown| shown.iter().copied().collect());
        let is_shown = |index: &usize| shown.as_ref().is_none_or(|shown| shown.contains(index));
        let key = Key::of_group("changes", "", keys.iter().enumerate().map(|(index, key)| (*key, is_shown(&index))));
        let sources: Vec<&Arc<Source>> = inputs.iter().map(|input| &input.source).collect();
        memory.group(key, &sources).unwrap_or_else(|| {
            let changes = self.changes(inputs, trees, plan);
            memory.learn_group(key, &sources, &changes);
            changes
        })
    }

    /// What normalize would change in the files whose findings are shown.
    fn changes(&self, inputs: &[Input], trees: &Trees<'_>, plan: &Plan) -> Vec<Diagnostic> {
        let Also::SchemaAndPasses(passes) = self.also else { return Vec::new() };
        let shown: Option<HashSet<usize>> = plan.shown.as_ref().map(|shown| shown.iter().copied().collect());
        let is_shown = |index: usize| shown.as_ref().is_none_or(|shown| shown.contains(&index));
        let (mut given, mut given_trees, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (index, input) in inputs.iter().enumerate() {
            if is_shown(index) {
                given.push(input.clone());
                given_trees.push(trees.get(index).and_then(|tree| tree.as_ref().ok()));
            } else {
                others.push(input.clone());
            }
        }
        let options = normalize::Options {
            passes: passes.clone(),
            transforms: self.config.transforms.clone(),
            matching: self.config.matching(None),
            others: &others,
            detail: true,
            texts: false,
        };
        normalize::run_parsed(&given, &given_trees, &options).into_iter().flat_map(|outcome| outcome.changes).collect()
    }

    /// Applies fixes until none is left, on copies; then writes the files, or with `--diff` only shows what would change.
    fn fix(&self, plan: &Plan, most: Safety, terminal: &mut Terminal<'_>) -> anyhow::Result<Fixed> {
        let mut inputs = plan.inputs.clone();
        let mut fixes = 0;
        let mut outcome = self.run(inputs.clone(), plan, None);
        for _ in 0..MOST_ROUNDS {
            let cured = lint::apply_fixes(&outcome.findings, most);
            if cured.is_empty() {
                break;
            }
            let before = fixes;
            for file in cured {
                let Some(input) = inputs.get_mut(file.source.id().0 as usize) else { continue };
                let text = Source::new(file.source.id(), file.source.name(), file.text);
                if reads(&text, input.format) || !reads(&file.source, input.format) {
                    fixes += file.fixes;
                    input.source = Arc::new(text);
                }
            }
            if fixes == before {
                break;
            }
            outcome = self.run(inputs.clone(), plan, None);
        }
        let (mut diff, mut changed, mut printed) = (String::new(), 0, false);
        for (old, new) in plan.inputs.iter().zip(&inputs).filter(|(old, new)| old.source.text() != new.source.text()) {
            let name = old.source.name();
            changed += 1;
            if self.args.diff {
                diff.push_str(&patch(old.source.text(), new.source.text(), [name, name], None));
            } else if let Some(path) = plan.paths.get(old.source.id().0 as usize).and_then(Option::as_ref) {
                files::write_atomically(path, new.source.text().as_bytes()).with_context(|| format!("cannot write {name}"))?;
            }
        }
        // Of standard input the fixed text is the data, also where nothing had to be fixed.
        for (new, _) in inputs.iter().zip(&plan.paths).filter(|(_, path)| path.is_none() && !self.args.diff) {
            terminal.stdout().write_all(new.source.text().as_bytes())?;
            printed = true;
        }
        terminal.flush()?;
        if fixes > 0 {
            let verb = if self.args.diff { "would fix" } else { "fixed" };
            terminal.say(format_args!("{verb} {} in {}", counted(fixes, "finding"), counted(changed, "file")));
        }
        Ok(Fixed { outcome, diff, changed, printed })
    }

    fn report(&self, fixed: Fixed, plan: &Plan, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
        let Fixed { outcome, diff, changed, printed } = fixed;
        let Brief { files, mut findings, allowed, keys: _, read } = outcome;
        findings.extend(plan.troubles.iter().cloned());
        Diagnostic::sort(&mut findings);
        let findings = self.without_known(findings, plan, terminal)?;
        let Some(findings) = findings else { return Ok(Status::Clean) };
        if self.args.diff {
            write!(terminal.stdout(), "{diff}")?;
            terminal.flush()?;
            return Ok(if changed > 0 { Status::Findings } else { Status::Clean });
        }
        terminal.detail(format_args!(
            "read {} of {}, what the others hold is known from earlier runs",
            grouped(read),
            counted(files.len(), "file")
        ));
        let outcomes = sources::outcomes(&files);
        if self.args.statistics {
            say(&statistics(&findings), printed, terminal)?;
            return Ok(self.status(&findings));
        }
        let rules = if let Also::SchemaAndPasses(_) = self.also { report::check_rules() } else { report::lint_rules() };
        let report = Report { findings: &findings, files: &outcomes, rules: &rules, fail_on: self.args.fail_on.severity() };
        if printed {
            let mut text = Vec::new();
            let style = report::Style { color: false, width: terminal.width(), per_rule_limit: Some(report::PER_RULE_LIMIT) };
            report::write(self.args.format, &report, &mut text, style)?;
            say(&String::from_utf8_lossy(&text), printed, terminal)?;
            terminal.say(report.summary());
        } else {
            report::emit(self.args.format, &report, terminal)?;
        }
        if allowed > 0 {
            terminal.say(format_args!("{} allowed by annotations", counted(allowed, "finding")));
        }
        let culprits = culprits(&findings);
        if !culprits.is_empty() && outcomes.len() > 1 && self.config.shape.scopes.is_none() {
            terminal.say("no scopes are configured: all files were taken as one, loaded together in this order");
        }
        for line in culprits {
            terminal.say(line);
        }
        Ok(sources::status_of(self.status(&findings), &outcomes, plan.asked, terminal))
    }

    fn status(&self, findings: &[Diagnostic]) -> Status {
        let counts = |finding: &Diagnostic| self.args.fail_on.severity().is_some_and(|least| finding.severity >= least);
        if findings.iter().any(counts) { Status::Findings } else { Status::Clean }
    }

    /// The findings that the baseline does not know; `None` when the baseline was written in place of a report.
    fn without_known(
        &self,
        findings: Vec<Diagnostic>,
        plan: &Plan,
        terminal: &mut Terminal<'_>,
    ) -> anyhow::Result<Option<Vec<Diagnostic>>> {
        let configured = self.config.shape.lint.as_ref().and_then(|lint| lint.baseline.as_ref()).map(|path| self.config.path(&path.0));
        if let Some(named) = &self.args.write_baseline {
            let path = named.clone().or_else(|| configured.clone()).unwrap_or_else(|| PathBuf::from(DEFAULT_BASELINE));
            self.write_baseline(&path, &findings, plan, terminal)?;
            if configured.as_ref() != Some(&path) {
                let name = files::display_name(&path);
                terminal.say(format_args!("to use it: `aimock lint --baseline {name}`, or `lint: {{ baseline: {name} }}` in aimock.yaml"));
            }
            return Ok(None);
        }
        let wanted = self.args.baseline.clone().or(configured).filter(|_| !self.args.no_baseline);
        let Some(path) = wanted else {
            anyhow::ensure!(!self.args.prune_baseline, "there is no baseline to prune: name it with `--baseline FILE`");
            return Ok(Some(findings));
        };
        let name = files::display_name(&path);
        if !files::exists(&path) && self.args.baseline.is_none() {
            terminal.warn(format_args!("the baseline {name} does not exist; `aimock lint --write-baseline` makes it"));
            return Ok(Some(findings));
        }
        let baseline = read_baseline(&path)?;
        let looked_at = looked_at(plan, self.config);
        let compared = baseline.compare(prints(&findings, self.config).into_iter().zip(findings).collect(), |rule, file| {
            self.could_speak(rule, file, &looked_at)
        });
        if compared.known > 0 {
            terminal.say(format_args!("{} known by {name}", counted(compared.known, "finding")));
        }
        let gone = entries(compared.stale.len());
        if !compared.stale.is_empty() && self.args.prune_baseline {
            write(&path, &baseline.without(&compared.stale))?;
            terminal.say(format_args!("removed {gone} from {name}"));
        } else if !compared.stale.is_empty() {
            terminal.note(format_args!("{gone} of {name} are no longer met; `--prune-baseline` removes them"));
        }
        Ok(Some(compared.new))
    }

    /// Writes all findings, and keeps of the old file what this run could not meet.
    fn write_baseline(&self, path: &Path, findings: &[Diagnostic], plan: &Plan, terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
        let mut baseline = baseline_of(findings, self.config);
        if files::exists(path) {
            // What is no baseline is somebody's file, and is not replaced.
            let looked_at = looked_at(plan, self.config);
            baseline = baseline.keeping(read_baseline(path)?, |rule, file| self.could_speak(rule, file, &looked_at));
        }
        write(path, &baseline)?;
        terminal.say(format_args!("wrote {} to {}", counted(findings.len(), "finding"), files::display_name(path)));
        Ok(())
    }

    /// Whether this run would have met a finding of this rule in this file, were it still there.
    fn could_speak(&self, rule: &str, file: &str, looked_at: &HashSet<String>) -> bool {
        let ran = self.chosen.runs(rule) || !lint::rule_names().any(|known| known == rule);
        let seen = self.args.paths.is_empty() || looked_at.contains(file) || !files::exists(&self.config.path(file));
        ran && seen && self.args.scope.is_empty()
    }
}

/// Names of the files whose findings are shown, as a baseline has them.
fn looked_at(plan: &Plan, config: &Config) -> HashSet<String> {
    let names = plan.inputs.iter().map(|input| config.committed_name(input.source.name()));
    match &plan.shown {
        None => names.collect(),
        Some(shown) => names.enumerate().filter(|(index, _)| shown.contains(index)).map(|(_, name)| name).collect(),
    }
}

/// Whether a text can be parsed.
fn reads(source: &Source, format: document::Format) -> bool {
    document::parse(source.text(), format, &document::Limits::default()).is_ok()
}

fn read_baseline(path: &Path) -> anyhow::Result<Baseline> {
    let name = files::display_name(path);
    let text = files::read_path(path, files::DEFAULT_MAX_FILE_SIZE).with_context(|| format!("cannot read the baseline {name}"))?.text;
    Baseline::parse(&text).with_context(|| format!("cannot use the baseline {name}"))
}

fn write(path: &Path, baseline: &Baseline) -> anyhow::Result<()> {
    files::write_atomically(path, baseline.to_text().as_bytes())
        .with_context(|| format!("cannot write the baseline {}", files::display_name(path)))
}

fn entries(number: usize) -> String {
    if number == 1 { "1 entry".to_owned() } else { format!("{} entries", grouped(number)) }
}

/// Data to stdout, or to stderr when stdout holds a fixed text.
fn say(text: &str, stdout_is_taken: bool, terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
    if stdout_is_taken {
        if !text.is_empty() {
            terminal.say(text.trim_end());
        }
        return Ok(());
    }
    write!(terminal.stdout(), "{text}")?;
    Ok(terminal.flush()?)
}

/// What a plain `aimock lint` finds under a configuration, its baseline left aside; sorted.
///
/// # Errors
/// The selection or a path of the configuration cannot be used.
pub(super) fn findings(config: &Config) -> anyhow::Result<Vec<Diagnostic>> {
    let args = LintArgs::plain()?;
    let chosen = selection(&args, config)?.resolve()?;
    let plan = scopes::plan(&wanted(&args), config)?;
    let mut findings =
        Lint { args: &args, config, chosen: &chosen, also: &Also::Nothing, schemas: None }.run(plan.inputs.clone(), &plan, None).findings;
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
    let mut counts: BTreeMap<(&str, usize), (usize, &str)> = BTreeMap::new();
    let is_about_two = |finding: &&Diagnostic| {
        lint::rule(finding.rule).is_some_and(|rule| matches!(rule.category, Category::Reachability | Category::Conversation))
    };
    for label in findings.iter().filter(is_about_two).filter_map(|finding| finding.related.first()) {
        let fixture = label.pointer.split('/').nth(2).unwrap_or("");
        counts.entry((label.source.name(), label.span.start)).or_insert((0, fixture)).0 += 1;
    }
    let caused: usize = counts.values().map(|(count, _)| count).sum();
    if caused < 2 {
        return Vec::new();
    }
    let several = counts.len();
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(place, (count, _))| (std::cmp::Reverse(*count), *place));
    let shown = rows.iter().filter(|(_, (count, _))| *count > 1).take(MOST_CULPRITS);
    let mut lines: Vec<String> = shown
        .map(|((file, _), (count, fixture))| format!("  {} is in the way of {}", escape(&format!("{file}#{fixture}")), grouped(*count)))
        .collect();
    let verb = if several == 1 { "causes" } else { "cause" };
    lines.push(format!("{} {verb} {}", counted(several, "fixture"), counted(caused, "finding")));
    lines
}
