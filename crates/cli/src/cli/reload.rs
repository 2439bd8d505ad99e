//! `serve --watch`: when a source changes, loads what has changed, and serves it if nothing new is wrong.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::report::counted;
use super::sources::{Beside, Config, Sources};
use crate::diagnostic::{Diagnostic, Severity, SourceId};
use crate::engine::Changes;
use crate::files;
use crate::fixture::{Draft, Handle, LoadOptions, LoadedFile, Reread, check_ids};
use crate::server::{App, Level};

/// Problems and fixtures that a line lists before it only counts.
const LISTED: usize = 10;

/// What is needed to read the sources again.
pub(super) struct Reloader {
    pub(super) paths: Vec<PathBuf>,
    pub(super) config: Config,
    pub(super) load: LoadOptions<'static>,
    pub(super) app: Arc<App>,
    pub(super) seen: Seen,
}

/// What was found when the sources were read last.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    files: HashMap<String, SeenFile>,
    /// Errors of the fixtures that are served: they were told, and do not stand in the way of a better edit.
    errors: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct SeenFile {
    source: SourceId,
    /// Of its text; `None`: it has to be loaded again whatever it says.
    digest: Option<u64>,
    ids: Vec<Handle>,
    errors: BTreeSet<String>,
}

impl Seen {
    /// Remembers a file. `digest` is that of its text, if that was read.
    pub(super) fn add(&mut self, file: &LoadedFile, digest: Option<u64>, beside: &Beside) {
        let source = file.source.id();
        let errors = identities(&file.problems);
        self.errors.extend(errors.iter().cloned());
        let digest = digest.filter(|_| !beside.is_wanted_by(source));
        self.files.insert(file.source.name().to_owned(), SeenFile { source, digest, ids: file.ids.clone(), errors });
    }

    /// Remembers what is wrong beside.
    pub(super) fn add_errors<'d>(&mut self, problems: impl IntoIterator<Item = &'d Diagnostic>) {
        self.errors.extend(identities(problems));
    }

    /// The source that a file was when it said the same.
    fn same(&self, name: &str, text: &str) -> Option<SourceId> {
        self.files.get(name).filter(|file| file.digest == Some(digest(text))).map(|file| file.source)
    }
}

/// By what a text is known again.
pub(super) fn digest(text: &str) -> u64 {
    rapidhash::v3::rapidhash_v3(text.as_bytes())
}

impl Reloader {
    /// Reads the sources again. A broken edit changes nothing but the log.
    pub(super) fn reload(&mut self) {
        let same = |name: &str, text: &str| self.seen.same(name, text);
        let mut sources = match Sources::read_again(same, &self.paths, &self.config, files::DEFAULT_MAX_FILE_SIZE, "<stdin>") {
            Ok(sources) => sources,
            Err(error) => return self.app.log(Level::Error, &format!("not reloaded, what was served before stays: {error:#}")),
        };
        let files = sources.load_again(&self.load, &|| {});
        let mut seen = Seen::default();
        for file in &files {
            match file {
                Reread::Loaded(file) => seen.add(file, Some(digest(file.source.text())), &sources.beside),
                Reread::Same(_, source) => {
                    let Some(before) = self.seen.files.get(source.name()) else { continue };
                    seen.errors.extend(before.errors.iter().cloned());
                    seen.files.insert(source.name().to_owned(), SeenFile { source: source.id(), ..before.clone() });
                }
            }
        }
        let ids = |file| Some((Reread::source(file), seen.files.get(file.source().name())?.ids.as_slice()));
        let together = check_ids(files.iter().filter_map(ids));
        let of_files = files.iter().flat_map(|file| match file {
            Reread::Loaded(file) => file.problems.as_slice(),
            Reread::Same(..) => &[],
        });
        let errors = sources.troubles.iter().chain(of_files).chain(&together).filter(|problem| problem.severity == Severity::Error);
        let new: Vec<String> = errors.filter(|problem| !self.seen.errors.contains(&identity(problem))).map(shown).collect();
        if !new.is_empty() {
            let count = counted(new.len(), "new error");
            return self.app.log(Level::Error, &format!("not reloaded, what was served before stays: {count}{}", list(&new)));
        }
        seen.add_errors(sources.troubles.iter().chain(&together));
        self.seen = seen;
        let changes = self.app.reload(|before| Draft::of(files, before));
        if !changes.is_empty() {
            self.app.log(Level::Info, &described(&changes));
        }
    }
}

/// Errors as they are remembered.
fn identities<'a>(problems: impl IntoIterator<Item = &'a Diagnostic>) -> BTreeSet<String> {
    problems.into_iter().filter(|problem| problem.severity == Severity::Error).map(identity).collect()
}

/// What makes an error the same when lines move.
fn identity(problem: &Diagnostic) -> String {
    format!("{} {} {}", problem.primary.source.name(), problem.rule, problem.message)
}

fn shown(problem: &Diagnostic) -> String {
    let place = problem.position();
    format!("{}:{}:{}: {}", problem.primary.source.name(), place.line, place.column, problem.message)
}

fn list(lines: &[String]) -> String {
    let more = lines.len().saturating_sub(LISTED);
    let mut text = String::new();
    for line in lines.iter().take(LISTED) {
        let _ = write!(text, "\n  {line}");
    }
    if more > 0 {
        let _ = write!(text, "\n  … and {more} more");
    }
    text
}

fn described(changes: &Changes) -> String {
    let parts = [("added", &changes.added), ("removed", &changes.removed), ("changed", &changes.changed)];
    let lines: Vec<String> =
        parts.iter().flat_map(|(word, handles)| handles.iter().map(move |handle| format!("{word}  {handle}"))).collect();
    let counts: Vec<String> =
        parts.iter().filter(|(_, handles)| !handles.is_empty()).map(|(word, handles)| format!("{} {word}", handles.len())).collect();
    format!("reloaded: {}, {} as before{}", counts.join(", "), changes.unchanged, list(&lines))
}
