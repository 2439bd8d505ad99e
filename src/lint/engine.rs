//! Runs the chosen rules: file rules in parallel, scope rules once a scope, then allows and severities.

use std::collections::HashSet;
use std::sync::Arc;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::select::Chosen;
use super::suppress::Allows;
use super::{Category, Check, FileContext, Findings, Rule, ScopeContext};
use crate::diagnostic::{Diagnostic, Label};
use crate::document::{Parsed, Trouble};
use crate::fixture::{Input, LoadOptions, LoadedFile, Recogniser, check_together, foreign, load_parsed};
use crate::transform::Transforms;

/// Rules that say more than the loader about the same place, and what of the loader's they stand for.
const SAID_BETTER: [(&str, &[&str]); 2] =
    [("response-key-slip", &["unknown-key", "unrecognised-response"]), ("recorded-empty", &["empty-content", "empty-tool-calls"])];

/// What is linted.
#[derive(Debug)]
pub struct LintInput<'a> {
    /// All texts, in load order; source ids are their positions.
    pub inputs: Vec<Input>,
    /// Name and members of each scope; members are positions of inputs, in load order.
    pub scopes: Vec<(String, Vec<usize>)>,
    /// Positions of the files whose findings are shown; `None`: all.
    pub shown: Option<Vec<usize>>,
    pub chosen: &'a Chosen,
    /// Settings of single rules, by rule name.
    pub options: &'a serde_json::Map<String, serde_json::Value>,
    pub load: LoadOptions<'a>,
    /// The trees of all texts, where somebody else needs them too; `None`: each is parsed when its turn comes, and let go.
    pub parsed: Option<&'a [Tree<'a>]>,
}

/// A text as it was read.
pub type Tree<'s> = Result<Parsed<'s>, Vec<Trouble>>;

/// Reads all texts in parallel, in their order.
pub fn parse_all<'i>(inputs: &'i [Input], load: &LoadOptions<'_>) -> Vec<Tree<'i>> {
    inputs.par_iter().map(|input| crate::document::parse(input.source.text(), input.format, &load.limits)).collect()
}

/// What was found.
#[derive(Debug)]
pub struct Outcome {
    pub files: Vec<LoadedFile>,
    pub findings: Vec<Diagnostic>,
    /// Findings that their authors allowed.
    pub allowed: usize,
}

struct Examined {
    file: LoadedFile,
    found: Vec<Diagnostic>,
    allows: Allows,
}

/// Runs the chosen rules over all files and scopes.
pub fn run(input: LintInput<'_>) -> Outcome {
    let LintInput { inputs, scopes, shown, chosen, options, mut load, parsed } = input;
    // Asked here, so that what is recognised is examined too.
    let recogniser = load.recordings.take();
    let tree = |index: usize| parsed.and_then(|trees| trees.get(index));
    let examined = inputs.into_par_iter().enumerate();
    let examined = examined.map(|(index, input)| examine(&input, tree(index), &Rules { chosen, options }, &load, recogniser));
    let mut examined: Vec<Examined> = examined.collect();
    let mut found: Vec<Diagnostic> = examined.iter_mut().flat_map(|one| std::mem::take(&mut one.found)).collect();
    let (files, allows): (Vec<LoadedFile>, Vec<Allows>) = examined.into_iter().map(|one| (one.file, one.allows)).unzip();
    found.extend(check_together(&files));
    for (name, members) in &scopes {
        let members: Vec<&LoadedFile> = members.iter().filter_map(|index| files.get(*index)).collect();
        found.extend(examine_scope(name, &members, chosen, options, &load.transforms));
    }
    forget_repeats(&mut found);
    let before = found.len();
    found.retain(|finding| !allows.get(finding.primary.source.id().0 as usize).is_some_and(|allows| allows.allow(finding)));
    let allowed = before - found.len();
    if chosen.runs("unused-allow") {
        found.extend(unused_allows(&files, &allows, chosen));
    }
    found.retain_mut(|finding| chosen.settle(finding));
    if let Some(shown) = shown {
        let shown: HashSet<usize> = shown.into_iter().collect();
        found.retain(|finding| shown.contains(&(finding.primary.source.id().0 as usize)));
    }
    found.par_iter_mut().for_each(super::leaks::redact);
    Diagnostic::sort(&mut found);
    Outcome { files, findings: found, allowed }
}

/// The rules that run, and their settings.
struct Rules<'a> {
    chosen: &'a Chosen,
    options: &'a serde_json::Map<String, serde_json::Value>,
}

/// One file: parsed unless it is already, loaded, its rules run, its allows read.
fn examine(input: &Input, tree: Option<&Tree<'_>>, rules: &Rules<'_>, load: &LoadOptions<'_>, recogniser: Option<Recogniser>) -> Examined {
    let Rules { chosen, options } = *rules;
    let own;
    let parsed = if let Some(tree) = tree {
        tree
    } else {
        own = crate::document::parse(input.source.text(), input.format, &load.limits);
        &own
    };
    let is_foreign = parsed.as_ref().map_or(true, |parsed| foreign(&parsed.root).is_some());
    let recording = recogniser.filter(|_| is_foreign).and_then(|recogniser| recogniser(&input.source));
    let is_recording = recording.is_some();
    let (parsed, mut file): (&Parsed<'_>, LoadedFile) = match (parsed, &recording) {
        (_, Some(recording)) => (&recording.parsed, LoadedFile::recording(&input.source, recording)),
        (Ok(parsed), None) => (parsed, load_parsed(&input.source, input.format, parsed, load)),
        (Err(troubles), None) => {
            let mut file = LoadedFile::broken(&input.source, troubles.clone());
            let found = std::mem::take(&mut file.problems);
            return Examined { file, found, allows: Allows::default() };
        }
    };
    let mut found = std::mem::take(&mut file.problems);
    let context = FileContext {
        source: &input.source,
        format: input.format,
        parsed,
        file: &file,
        options,
        transforms: &load.transforms,
        is_recording,
        leaks: super::Leaks::default(),
    };
    let allows = Allows::of(&context);
    // Of what is no fixture file, only that it tells secrets is of interest.
    let speaks = |rule: &Rule| !is_recording || matches!(rule.category, Category::Secrets | Category::Meta);
    for (rule, _) in chosen.rules().iter().filter(|(rule, _)| speaks(rule)) {
        let mut findings = Findings::of(rule);
        match rule.check {
            Check::File(check) => check(&context, &mut findings),
            Check::Engine if rule.name == "unknown-allow" => allows.unknown(&context, &mut findings),
            Check::Engine if rule.name == "allow-without-reason" => allows.without_reason(&context, &mut findings),
            Check::Engine | Check::Scope(_) => {}
        }
        found.extend(findings.into_found());
    }
    say_once(&mut found);
    Examined { file, found, allows }
}

/// Leaves out what the loader says where a rule says it better.
fn say_once(found: &mut Vec<Diagnostic>) {
    for (rule, weaker) in SAID_BETTER {
        let places: HashSet<_> = found.iter().filter(|finding| finding.rule == rule).map(|finding| finding.primary.span).collect();
        if !places.is_empty() {
            found.retain(|finding| !(weaker.contains(&finding.rule) && places.contains(&finding.primary.span)));
        }
    }
}

fn examine_scope(
    name: &str,
    members: &[&LoadedFile],
    chosen: &Chosen,
    options: &serde_json::Map<String, serde_json::Value>,
    transforms: &Transforms,
) -> Vec<Diagnostic> {
    let context = ScopeContext::new(name, members, options, transforms);
    if chosen.rules().iter().any(|(rule, _)| matches!(rule.check, Check::Scope(_))) {
        context.prepare();
    }
    chosen
        .rules()
        .par_iter()
        .filter_map(|(rule, _)| if let Check::Scope(check) = rule.check { Some((*rule, check)) } else { None })
        .flat_map_iter(|(rule, check): (&'static Rule, fn(&ScopeContext<'_>, &mut Findings))| {
            let mut findings = Findings::of(rule);
            check(&context, &mut findings);
            findings.into_found()
        })
        .collect()
}

/// A fixture that two scopes share has the same finding once.
fn forget_repeats(found: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    found.retain(|finding| {
        let related = finding.related.first().map(|label| (label.source.id(), label.span));
        seen.insert((finding.rule, finding.primary.source.id(), finding.primary.span, related, finding.message.clone()))
    });
}

fn unused_allows(files: &[LoadedFile], allows: &[Allows], chosen: &Chosen) -> Vec<Diagnostic> {
    let Some(rule) = super::rule("unused-allow") else { return Vec::new() };
    let mut findings = Findings::of(rule);
    for (file, allows) in files.iter().zip(allows) {
        for allow in allows.unused(|name| chosen.runs(name)) {
            let place = Label { source: Arc::clone(&file.source), span: allow.span, pointer: allow.pointer.clone(), note: "".into() };
            let finding = findings.report(place, format!("{} is allowed here, and nothing has it", crate::shape::code(&allow.rule)));
            finding.identity.clone_from(&allow.rule);
        }
    }
    findings.into_found()
}
