//! `serve --watch`: reads all sources again when one changes, and serves them if nothing new is wrong.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::report::counted;
use super::sources::{Config, Sources};
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::Changes;
use crate::files;
use crate::fixture::{LoadOptions, check_together, into_library, load_all};
use crate::server::{App, Level};

/// Problems and fixtures that a line lists before it only counts.
const LISTED: usize = 10;

/// What is needed to read the sources again.
pub(super) struct Reloader {
    pub(super) paths: Vec<PathBuf>,
    pub(super) config: Config,
    pub(super) load: LoadOptions<'static>,
    pub(super) app: Arc<App>,
    /// Errors of the fixtures that are served: they were told, and do not stand in the way of a better edit.
    pub(super) known: BTreeSet<String>,
}

impl Reloader {
    /// Reads the sources again. A broken edit changes nothing but the log.
    pub(super) fn reload(&mut self) {
        let sources = match Sources::read(&self.paths, &self.config, files::DEFAULT_MAX_FILE_SIZE, "<stdin>") {
            Ok(sources) => sources,
            Err(error) => return self.app.log(Level::Error, &format!("not reloaded, what was served before stays: {error:#}")),
        };
        let options = LoadOptions { bodies: Some(&sources.beside), ..self.load.clone() };
        let files = load_all(sources.inputs, &options);
        let problems: Vec<&Diagnostic> = sources.troubles.iter().chain(files.iter().flat_map(|file| &file.problems)).collect();
        let together = check_together(&files);
        let errors: Vec<&Diagnostic> =
            problems.into_iter().chain(&together).filter(|problem| problem.severity == Severity::Error).collect();
        let new: Vec<String> =
            errors.iter().filter(|problem| !self.known.contains(&identity(problem))).map(|problem| shown(problem)).collect();
        if !new.is_empty() {
            let count = counted(new.len(), "new error");
            return self.app.log(Level::Error, &format!("not reloaded, what was served before stays: {count}{}", list(&new)));
        }
        self.known = errors.iter().map(|problem| identity(problem)).collect();
        let changes = self.app.reload(into_library(files));
        if !changes.is_empty() {
            self.app.log(Level::Info, &described(&changes));
        }
    }
}

/// The errors of files as they are remembered.
pub(super) fn identities<'a>(problems: impl IntoIterator<Item = &'a Diagnostic>) -> BTreeSet<String> {
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
