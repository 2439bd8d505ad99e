//! Runs passes over files until nothing changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::identity::Known;
use super::leaves::{Change, Scrub, Scrubbed, Together};
use super::passes::is_bare;
use super::tree::{Tree, TreeEdits};
use super::{Pass, Work, default_passes};
use crate::diagnostic::{Diagnostic, Edit, Label, Severity, Source, Span};
use crate::document::edit::Layout;
use crate::document::{self, Format, Limits, Parsed};
use crate::fixture::{self, Input, LoadOptions};
use crate::matcher::Matching;
use crate::transform::Transforms;

/// Passes make work for each other; this often everything is repeated. More would be a mistake of a pass.
const MOST_ROUNDS: usize = 12;

/// What is done, and with what around it.
#[derive(Clone, Debug)]
pub struct Options<'o> {
    /// In the order of the registry.
    pub passes: Vec<&'static Pass>,
    /// The list in force, which the texts of match keys go through when they are loaded.
    pub transforms: Transforms,
    /// How plain texts of match keys compare.
    pub matching: Matching,
    /// Files that are loaded together with those that are given, and are not written: a value that they hold too is left.
    pub others: &'o [Input],
    /// Whether every changed place is listed.
    pub detail: bool,
    /// Whether the new texts are wanted. Without them it is only told which files change, in less time and memory.
    pub texts: bool,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            passes: default_passes(),
            transforms: Transforms::default(),
            matching: Matching::default(),
            others: &[],
            detail: false,
            texts: true,
        }
    }
}

impl Options<'_> {
    /// Whether a file has to be written to tell what becomes of it: to be read again by other passes, or to be checked.
    fn needs_text(&self, format: Format) -> bool {
        self.texts || format == Format::Yaml || self.shaping()
    }

    /// Whether there are passes that look at whole files.
    fn shaping(&self) -> bool {
        self.passes.iter().any(|pass| matches!(pass.work, Work::Tree(_)))
    }

    /// Whether files may get the form of fixture files.
    fn shapes(&self) -> bool {
        self.passes.iter().any(|pass| pass.name == "shape")
    }
}

/// What became of one file.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Whether the text changes.
    pub changed: bool,
    /// The new text; `None`: nothing changes, or it is not wanted.
    pub text: Option<String>,
    /// Changed places by pass, in the order of the passes.
    pub counts: Vec<(&'static str, usize)>,
    /// One finding a changed place, the pass as its rule, where it stands in the given text; empty unless asked for.
    pub changes: Vec<Diagnostic>,
    /// What was left, and why.
    pub notes: Vec<String>,
    /// How many texts of match keys hold what a pass would find, by the name of the transform that would be needed.
    pub left_in_keys: BTreeMap<&'static str, usize>,
    /// How many fixtures there are.
    pub fixtures: usize,
    /// Why the file was passed over, when it is no fixture file.
    pub skipped: Option<String>,
    /// Why nothing was done: the text cannot be read, or the result could not be. At least one is an error then.
    pub problems: Vec<Diagnostic>,
}

/// Runs the passes over these files, which may refer to each other. Outcomes are in their order.
pub fn run(inputs: &[Input], options: &Options<'_>) -> Vec<Outcome> {
    run_parsed(inputs, &[], options)
}

/// The same, where trees of the texts are at hand; what has none is parsed.
pub fn run_parsed(inputs: &[Input], trees: &[Option<&Parsed<'_>>], options: &Options<'_>) -> Vec<Outcome> {
    let scrub = Scrub::new(&options.passes, &options.transforms);
    let tree = |index: usize| trees.get(index).copied().flatten();
    let mut files: Vec<File<'_>> = inputs.iter().enumerate().map(|(index, input)| File::new(input, tree(index))).collect();
    let mut known = Known::of_others(options.others);
    for round in 0..MOST_ROUNDS {
        let mut changed = false;
        if !scrub.is_empty() {
            scrub_all(&mut files, &scrub, &mut known, options);
        }
        if options.shaping() || (scrub.is_empty() && round == 0) {
            changed = files.par_iter_mut().map(|file| file.shape(options)).reduce(|| false, |a, b| a | b);
        }
        if !changed {
            return files.into_par_outcomes(options);
        }
    }
    let mut outcomes = files.into_par_outcomes(options);
    for (outcome, input) in outcomes.iter_mut().zip(inputs).filter(|(outcome, _)| outcome.changed) {
        (outcome.changed, outcome.text) = (false, None);
        let message = "the passes do not come to an end on this file; it is left as it was";
        let finding = Diagnostic::new("normalize-endless", Severity::Error, message, whole(&input.source));
        outcome.problems.push(finding.advise("please report it with the file; meanwhile run the passes one at a time with `--select`"));
    }
    outcomes
}

/// Scrubs every file that is not at rest. Two files at most are looked at twice: where a value turns out to stay.
fn scrub_all(files: &mut [File<'_>], scrub: &Scrub, known: &mut Known, options: &Options<'_>) {
    let mut work: Vec<Option<Scrubbed>> = files.par_iter_mut().map(|file| file.scrub(scrub, known, options)).collect();
    let mut all = Together::of(&work);
    let stays = work.iter().flatten().flat_map(|work| &work.named).flat_map(|named| named.stays(&all.made));
    let new = known.add(stays);
    if !new.is_empty() {
        let known = &*known;
        let affected = |work: &Option<Scrubbed>| work.as_ref().is_some_and(|work| !work.lost.is_disjoint(&new));
        files.par_iter_mut().zip(work.par_iter_mut()).filter(|(_, work)| affected(work)).for_each(|(file, work)| {
            *work = file.scrub(scrub, known, options);
        });
        all.referred = Together::of(&work).referred;
    }
    files.par_iter_mut().zip(work).for_each(|(file, work)| {
        if let Some(mut work) = work {
            work.settle(file.text(), file.input.format, &all, options.detail);
            file.take(work);
        }
    });
}

trait IntoOutcomes {
    fn into_par_outcomes(self, options: &Options<'_>) -> Vec<Outcome>;
}

impl IntoOutcomes for Vec<File<'_>> {
    fn into_par_outcomes(self, options: &Options<'_>) -> Vec<Outcome> {
        use rayon::iter::IntoParallelIterator as _;
        self.into_par_iter().map(|file| file.into_outcome(options)).collect()
    }
}

/// A file on its way.
struct File<'i> {
    input: &'i Input,
    /// The tree of the given text, if somebody has made it.
    tree: Option<&'i Parsed<'i>>,
    /// The text as it is by now, if it is another one.
    now: Option<String>,
    /// How offsets of the text lead back to the given one, latest first.
    shifts: Vec<Shift>,
    counts: BTreeMap<&'static str, usize>,
    changes: Vec<(Change, Span)>,
    /// The text is known to be another one, and nobody wants it.
    differs: bool,
    reshaped: bool,
    outcome: Outcome,
}

impl<'i> File<'i> {
    fn new(input: &'i Input, tree: Option<&'i Parsed<'i>>) -> File<'i> {
        File {
            input,
            tree,
            now: None,
            shifts: Vec::new(),
            counts: BTreeMap::new(),
            changes: Vec::new(),
            differs: false,
            reshaped: false,
            outcome: Outcome::default(),
        }
    }

    fn text(&self) -> &str {
        self.now.as_deref().unwrap_or_else(|| self.input.source.text())
    }

    fn is_out(&self) -> bool {
        self.outcome.skipped.is_some() || !self.outcome.problems.is_empty()
    }

    /// Reads the text as it is by now; `None` when there is nothing to do here.
    fn parse<'t>(text: &'t str, input: &Input, shapes: bool, outcome: &mut Outcome) -> Option<Parsed<'t>> {
        match document::parse(text, input.format, &limits(text)) {
            Ok(parsed) => File::is_at_work(&parsed, shapes, outcome).then_some(parsed),
            Err(troubles) => {
                outcome.problems = troubles.into_iter().map(|trouble| fixture::diagnose(&input.source, None, trouble)).collect();
                None
            }
        }
    }

    /// Whether there is something to do in a file that could be read.
    fn is_at_work(parsed: &Parsed<'_>, shapes: bool, outcome: &mut Outcome) -> bool {
        outcome.skipped = fixture::foreign(&parsed.root).filter(|_| !(shapes && is_bare(&parsed.root)));
        outcome.fixtures = parsed.root.get("fixtures").map_or(0, |list| list.items().len());
        outcome.skipped.is_none()
    }

    fn scrub(&mut self, scrub: &Scrub, known: &Known, options: &Options<'_>) -> Option<Scrubbed> {
        if self.is_out() {
            return None;
        }
        let text = self.now.as_deref().unwrap_or_else(|| self.input.source.text());
        let own;
        let parsed = if let Some(tree) = self.tree.filter(|_| self.now.is_none()) {
            File::is_at_work(tree, options.shapes(), &mut self.outcome).then_some(tree)?
        } else {
            own = File::parse(text, self.input, options.shapes(), &mut self.outcome)?;
            &own
        };
        let mut work = scrub.file(text, self.input.format, parsed, known, options.detail);
        if !options.needs_text(self.input.format) {
            work.forget_edits();
        }
        Some(work)
    }

    /// Makes the edits of a walk, and keeps what it says.
    fn take(&mut self, work: Scrubbed) {
        let source = &self.input.source;
        let told = work.notes.into_iter().map(|(span, note)| {
            let place = source.position(back(&self.shifts, span).start);
            format!("{}:{}:{}: {note}", source.name(), place.line, place.column)
        });
        let held = work
            .held
            .iter()
            .map(|(value, file)| format!("{}: `{value}` is left: {file}, which was not named, holds it too", source.name()));
        let notes: Vec<String> = told.chain(held).collect();
        self.outcome.notes.extend(notes);
        // Of all rounds the last one tells what is left.
        self.outcome.left_in_keys.clear();
        for name in work.left_in_keys {
            *self.outcome.left_in_keys.entry(name).or_default() += 1;
        }
        for (pass, count) in work.counts {
            *self.counts.entry(pass.name).or_default() += count;
        }
        for change in work.changes {
            self.note(change);
        }
        self.differs |= work.differs;
        if !self.differs {
            self.edit(&work.edits);
        }
    }

    fn note(&mut self, change: Change) {
        let span = back(&self.shifts, change.span);
        self.changes.push((change, span));
    }

    fn edit(&mut self, edits: &[Edit]) {
        if edits.is_empty() {
            return;
        }
        let new = apply(self.text(), edits);
        if !self.changes.is_empty() {
            self.shifts.insert(0, Shift::of(edits));
        }
        self.now = Some(new);
    }

    /// Runs the shaping passes once, one after another; `true`: something changed.
    fn shape(&mut self, options: &Options<'_>) -> bool {
        let mut changed = false;
        for pass in &options.passes {
            let Work::Tree(work) = pass.work else { continue };
            if self.is_out() {
                return changed;
            }
            let text = self.now.as_deref().unwrap_or_else(|| self.input.source.text());
            let Some(parsed) = File::parse(text, self.input, options.shapes(), &mut self.outcome) else { return changed };
            let mut edits = TreeEdits::default();
            work(&Tree { layout: Layout { text, format: self.input.format }, root: &parsed.root }, &mut edits);
            drop(parsed);
            let (made, list) = without_overlaps(edits);
            for (span, message) in made {
                *self.counts.entry(pass.name).or_default() += 1;
                if options.detail {
                    self.note(Change { pass, span, message, hide: false });
                }
            }
            changed |= !list.is_empty();
            self.reshaped |= !list.is_empty();
            self.edit(&list);
        }
        if options.passes.is_empty() && !self.is_out() {
            File::parse(self.input.source.text(), self.input, false, &mut self.outcome);
        }
        changed
    }

    fn into_outcome(self, options: &Options<'_>) -> Outcome {
        let File { input, tree, now, counts, changes, differs, reshaped, mut outcome, .. } = self;
        let text = now.filter(|text| text != input.source.text());
        if text.is_none() && !differs {
            return outcome;
        }
        if let Some(Err(problem)) = text.as_ref().map(|text| check(input, text, reshaped, options)) {
            outcome.problems.push(*problem);
            return outcome;
        }
        outcome.counts = options.passes.iter().filter_map(|pass| counts.get(pass.name).map(|count| (pass.name, *count))).collect();
        if options.detail {
            outcome.changes = findings(input, tree, changes);
        }
        outcome.changed = true;
        outcome.text = text.filter(|_| options.texts);
        outcome
    }
}

/// One finding a changed place.
fn findings(input: &Input, tree: Option<&Parsed<'_>>, changes: Vec<(Change, Span)>) -> Vec<Diagnostic> {
    let text = input.source.text();
    let own = if tree.is_none() { document::parse(text, input.format, &limits(text)).ok() } else { None };
    let Some(parsed) = tree.or(own.as_ref()) else { return Vec::new() };
    let mut findings: Vec<Diagnostic> = changes
        .into_iter()
        .map(|(change, span)| {
            let mut pointer = crate::shape::pointer_to(&parsed.root, span);
            if crate::secrets::holds_known_key(&pointer) {
                pointer = pointer.split('/').take(3).collect::<Vec<_>>().join("/");
            }
            let label = Label { source: Arc::clone(&input.source), span, pointer: pointer.clone(), note: "".into() };
            let mut finding = Diagnostic::new(change.pass.name, Severity::Warning, change.message, label)
                .because(change.pass.summary)
                .advise("`aimock normalize --write` writes it");
            finding.hide_source = change.hide;
            finding.identity = format!("{} {pointer}", finding.message);
            finding
        })
        .collect();
    Diagnostic::sort(&mut findings);
    findings
}

/// The result must be readable, and load with no error that the given text had not. A JSON text in which only stretches
/// of strings and numbers were replaced, escaped as needed, is what it was: it is not read again.
fn check(input: &Input, text: &str, reshaped: bool, options: &Options<'_>) -> Result<(), Box<Diagnostic>> {
    if input.format != Format::Yaml && !reshaped {
        return Ok(());
    }
    let load =
        LoadOptions { matching: options.matching, transforms: options.transforms.clone(), limits: limits(text), ..LoadOptions::default() };
    let errors = |source: &Arc<Source>| {
        let loaded = fixture::load(source, input.format, &load);
        let (problems, entries) = (loaded.problems, loaded.entries.len());
        (problems.into_iter().filter(|problem| problem.severity == Severity::Error).collect::<Vec<_>>(), entries)
    };
    let (before, _) = errors(&input.source);
    let (after, _) = errors(&Arc::new(Source::new(input.source.id(), input.source.name(), text)));
    if after.len() <= before.len() {
        return Ok(());
    }
    let reason = after.first().map(|problem| problem.message.clone()).unwrap_or_default();
    let message = format!("the normalized text would not load, so the file is left as it was: {reason}");
    Err(Box::new(
        Diagnostic::new("normalize-broken", Severity::Error, message, whole(&input.source)).advise("please report it with the file"),
    ))
}

fn whole(source: &Arc<Source>) -> Label {
    Label { source: Arc::clone(source), span: Span::at(0), pointer: String::new(), note: "".into() }
}

/// Every value takes two bytes at least, so the text's own length bounds the tree.
pub(super) fn limits(text: &str) -> Limits {
    let usual = Limits::default();
    Limits { nodes: usual.nodes.max(text.len() / 2 + 1), ..usual }
}

/// The changes that can be made together, and their edits in order.
fn without_overlaps(edits: TreeEdits) -> (Vec<(Span, String)>, Vec<Edit>) {
    let mut taken: BTreeMap<(usize, usize), Edit> = BTreeMap::new();
    let mut made = Vec::new();
    for (span, message, list) in edits.changes {
        let free = |edit: &Edit| {
            let before = taken.range(..=(edit.span.start, edit.span.end)).next_back().is_none_or(|((_, end), _)| *end < edit.span.start);
            before && taken.range((edit.span.start, edit.span.end)..).next().is_none_or(|((start, _), _)| edit.span.end < *start)
        };
        if !list.is_empty() && list.iter().all(free) {
            taken.extend(list.into_iter().map(|edit| ((edit.span.start, edit.span.end), edit)));
            made.push((span, message));
        }
    }
    (made, taken.into_values().collect())
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let removed: usize = edits.iter().map(|edit| edit.span.end - edit.span.start).sum();
    let mut new = String::with_capacity((text.len() + added).saturating_sub(removed));
    let mut at = 0;
    for edit in edits {
        new.push_str(text.get(at..edit.span.start).unwrap_or(""));
        new.push_str(&edit.text);
        at = edit.span.end;
    }
    new.push_str(text.get(at..).unwrap_or(""));
    new
}

/// Where the stretches of a text were before it was edited.
#[derive(Debug)]
struct Shift(Vec<(Span, Span)>);

impl Shift {
    fn of(edits: &[Edit]) -> Shift {
        let (mut old, mut new) = (0, 0);
        let mut list = Vec::with_capacity(edits.len());
        for edit in edits {
            new += edit.span.start - old;
            list.push((Span::new(new, new + edit.text.len()), edit.span));
            new += edit.text.len();
            old = edit.span.end;
        }
        Shift(list)
    }

    /// The place before; what was put in leads to the whole of what it stands for.
    fn back(&self, span: Span) -> Span {
        let find = |at: usize, end: bool| {
            let index = self.0.partition_point(|(new, _)| new.start <= at);
            match index.checked_sub(1).and_then(|index| self.0.get(index)) {
                None => at,
                Some((new, old)) if at < new.end || (at == new.start && new.start == new.end) => {
                    if end {
                        old.end
                    } else {
                        old.start
                    }
                }
                Some((new, old)) => old.end + (at - new.end),
            }
        };
        let start = find(span.start, false);
        Span::new(start, find(span.end, true).max(start))
    }
}

fn back(shifts: &[Shift], span: Span) -> Span {
    shifts.iter().fold(span, |span, shift| shift.back(span))
}
