//! Runs the chosen rules: file rules in parallel, scope rules once a scope, then allows and severities. Where there is a
//! memory, what it knows is taken from there; allows, severities and what is shown are worked out anew in every run.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::memory::{self, Key, Memory, OfFile};
use super::select::Chosen;
use super::suppress::Allows;
use super::{Category, Check, FileContext, Findings, Rule, ScopeContext};
use crate::diagnostic::{Diagnostic, Label, Source};
use crate::document::{Limits, Parsed, Trouble};
use crate::fixture::{Input, LoadOptions, LoadedFile, Recogniser, Summary, check_summaries, foreign, load_parsed};
use crate::transform::Transforms;

/// Rules that say more than the loader about the same place, and what of the loader's they stand for.
const SAID_BETTER: [(&str, &[&str]); 2] =
    [("response-key-slip", &["unknown-key", "unrecognised-response"]), ("recorded-empty", &["empty-content", "empty-tool-calls"])];

/// What is linted.
#[derive(Debug)]
pub struct LintInput<'a, 't> {
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
    pub parsed: Option<&'a Trees<'t>>,
}

/// A text as it was read.
pub type Tree<'s> = Result<Parsed<'s>, Vec<Trouble>>;

/// Trees of texts, each made when somebody first asks for it, and kept.
#[derive(Debug)]
pub struct Trees<'i> {
    inputs: &'i [Input],
    limits: Limits,
    cells: Vec<OnceLock<Tree<'i>>>,
}

impl<'i> Trees<'i> {
    /// No tree yet.
    pub fn new(inputs: &'i [Input], limits: &Limits) -> Trees<'i> {
        Trees { inputs, limits: limits.clone(), cells: inputs.iter().map(|_| OnceLock::new()).collect() }
    }

    /// The tree of the text at this position.
    pub fn get(&self, index: usize) -> Option<&Tree<'i>> {
        let (input, cell) = (self.inputs.get(index)?, self.cells.get(index)?);
        Some(cell.get_or_init(|| crate::document::parse(input.source.text(), input.format, &self.limits)))
    }
}

/// What was found.
#[derive(Debug)]
pub struct Outcome {
    pub files: Vec<LoadedFile>,
    pub findings: Vec<Diagnostic>,
    /// Findings that their authors allowed.
    pub allowed: usize,
}

/// What was found, where the fixtures themselves are not wanted.
#[derive(Debug)]
pub struct Brief {
    pub files: Vec<Summary>,
    pub findings: Vec<Diagnostic>,
    /// Findings that their authors allowed.
    pub allowed: usize,
    /// What the memory calls each text; empty without one.
    pub keys: Vec<Key>,
    /// How many texts were read, and not remembered.
    pub read: usize,
}

/// A file whose own rules have spoken.
struct Examined {
    summary: Summary,
    /// `None`: what was found is remembered, and nobody has read the text.
    loaded: Option<LoadedFile>,
    found: Vec<Diagnostic>,
    allows: Allows,
    /// What is to be remembered of it.
    body: Option<Vec<u8>>,
}

/// Runs the chosen rules over all files and scopes.
pub fn run(input: LintInput<'_, '_>) -> Outcome {
    let mut work = Work::of(input, None);
    let findings = work.judge(None);
    let (findings, allowed) = work.settle(findings);
    Outcome { files: work.examined.into_iter().filter_map(|one| one.loaded).collect(), findings, allowed }
}

/// The same without the fixtures. What the memory knows is not looked at again, and what it does not know is added to it.
pub fn run_remembering(input: LintInput<'_, '_>, mut memory: Option<&mut Memory<'_>>) -> Brief {
    let mut work = Work::of(input, memory.as_deref());
    if let Some(memory) = memory.as_deref_mut() {
        for (one, key) in work.examined.iter_mut().zip(&work.keys) {
            if one.loaded.is_some() { memory.learn(*key, one.body.take()) } else { memory.keep(*key) }
        }
    }
    let findings = work.judge(memory);
    let (findings, allowed) = work.settle(findings);
    let Work { examined, keys, .. } = work;
    let read = examined.iter().filter(|one| one.loaded.is_some()).count();
    // What is no longer needed takes a while to be let go.
    let files = examined.into_par_iter().map(|one| one.summary).collect();
    Brief { files, findings, allowed, keys, read }
}

/// A run, its files examined.
struct Work<'a> {
    inputs: Vec<Input>,
    scopes: Vec<(String, Vec<usize>)>,
    shown: Option<Vec<usize>>,
    rules: Rules<'a>,
    load: LoadOptions<'a>,
    examined: Vec<Examined>,
    keys: Vec<Key>,
}

impl<'a> Work<'a> {
    fn of(input: LintInput<'a, '_>, memory: Option<&Memory<'_>>) -> Work<'a> {
        let LintInput { inputs, scopes, shown, chosen, options, mut load, parsed } = input;
        // Asked here, so that what is recognised is examined too.
        let recogniser = load.recordings.take();
        let rules = Rules { chosen, options };
        let keys: Vec<Key> = if memory.is_some() { inputs.par_iter().map(Key::of_input).collect() } else { Vec::new() };
        let look = |(index, input): (usize, &Input)| {
            let known = memory.zip(keys.get(index)).and_then(|(memory, key)| memory.file(*key, &input.source));
            if let Some(OfFile { summary, found, allows }) = known {
                return Examined { summary, loaded: None, found, allows, body: None };
            }
            let tree = || parsed.and_then(|trees| trees.get(index));
            let mut examined = examine(input, tree(), &rules, &load, recogniser);
            examined.found.iter_mut().for_each(super::leaks::redact);
            if memory.is_some() {
                examined.body = memory::body_of(&examined.summary, &examined.found, &examined.allows);
            }
            examined
        };
        let examined = inputs.par_iter().enumerate().map(look).collect();
        Work { inputs, scopes, shown, rules, load, examined, keys }
    }

    /// Everything that is found, in no order.
    fn judge(&mut self, mut memory: Option<&mut Memory<'_>>) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = self.examined.iter_mut().flat_map(|one| std::mem::take(&mut one.found)).collect();
        found.extend(clean(check_summaries(self.examined.iter().map(|one| &one.summary))));
        let scopes = std::mem::take(&mut self.scopes);
        for (name, members) in &scopes {
            let Some(memory) = memory.as_deref_mut() else {
                found.extend(self.examine_scope(name, members));
                continue;
            };
            let key = Key::of_group("scope", name, members.iter().filter_map(|index| Some((*self.keys.get(*index)?, false))));
            let sources: Vec<Arc<Source>> = members.iter().filter_map(|index| Some(Arc::clone(&self.inputs.get(*index)?.source))).collect();
            let sources: Vec<&Arc<Source>> = sources.iter().collect();
            if let Some(known) = memory.group(key, &sources) {
                found.extend(known);
                continue;
            }
            let new = self.examine_scope(name, members);
            memory.learn_group(key, &sources, &new);
            found.extend(new);
        }
        found
    }

    /// Reads those of these texts that nobody has read, and runs the rules about all of them together.
    fn examine_scope(&mut self, name: &str, members: &[usize]) -> Vec<Diagnostic> {
        let wanted: HashSet<usize> = members.iter().copied().collect();
        let (inputs, load) = (&self.inputs, &self.load);
        let unread = self.examined.par_iter_mut().zip(inputs).enumerate();
        unread.filter(|(index, (one, _))| one.loaded.is_none() && wanted.contains(index)).for_each(|(_, (one, input))| {
            // What is wrong with the file by itself has been said.
            let load = LoadOptions { schemas: None, ..load.clone() };
            one.loaded = Some(crate::fixture::load(&input.source, input.format, &load));
        });
        let loaded = |index: &usize| self.examined.get(*index)?.loaded.as_ref();
        let members: Vec<&LoadedFile> = members.iter().filter_map(loaded).collect();
        clean(examine_scope(name, &members, &self.rules, &self.load.transforms))
    }

    /// What is shown of it, in order, and how much is allowed.
    fn settle(&self, mut found: Vec<Diagnostic>) -> (Vec<Diagnostic>, usize) {
        let chosen = self.rules.chosen;
        forget_repeats(&mut found);
        let before = found.len();
        found.retain(|finding| !self.examined.get(finding.primary.source.id().0 as usize).is_some_and(|one| one.allows.allow(finding)));
        let allowed = before - found.len();
        if chosen.runs("unused-allow") {
            found.extend(clean(unused_allows(&self.examined, chosen)));
        }
        found.retain_mut(|finding| chosen.settle(finding));
        if let Some(shown) = &self.shown {
            let shown: HashSet<usize> = shown.iter().copied().collect();
            found.retain(|finding| shown.contains(&(finding.primary.source.id().0 as usize)));
        }
        Diagnostic::sort(&mut found);
        (found, allowed)
    }
}

/// Takes credentials out of what is said.
fn clean(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.par_iter_mut().for_each(super::leaks::redact);
    found
}

/// The rules that run, and their settings.
#[derive(Clone, Copy)]
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
            let file = LoadedFile::broken(&input.source, troubles.clone());
            return Examined::new(file, Vec::new(), Allows::default());
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
    Examined::new(file, found, allows)
}

impl Examined {
    /// A file, what the loader and the rules found in it, and what is allowed there.
    fn new(mut loaded: LoadedFile, mut found: Vec<Diagnostic>, allows: Allows) -> Examined {
        found.append(&mut loaded.problems);
        Examined { summary: loaded.summary(), loaded: Some(loaded), found, allows, body: None }
    }
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

fn examine_scope(name: &str, members: &[&LoadedFile], rules: &Rules<'_>, transforms: &Transforms) -> Vec<Diagnostic> {
    let Rules { chosen, options } = *rules;
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

fn unused_allows(files: &[Examined], chosen: &Chosen) -> Vec<Diagnostic> {
    let Some(rule) = super::rule("unused-allow") else { return Vec::new() };
    let mut findings = Findings::of(rule);
    for Examined { summary, allows, .. } in files {
        for allow in allows.unused(|name| chosen.runs(name)) {
            let place = Label { source: Arc::clone(&summary.source), span: allow.span, pointer: allow.pointer.clone(), note: "".into() };
            let finding = findings.report(place, format!("{} is allowed here, and nothing has it", crate::shape::code(&allow.rule)));
            finding.identity.clone_from(&allow.rule);
        }
    }
    findings.into_found()
}
