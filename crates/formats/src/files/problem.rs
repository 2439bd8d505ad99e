//! What is wrong with a path, as a value that names it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Label, Severity, Source, SourceId, Span};

/// A path that was left out, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Kebab-case name (`path-not-found`).
    pub rule: &'static str,
    /// `Error` for what the user named and does not get, `Warning` for what was met on the way.
    pub severity: Severity,
    /// The path as the user would type it.
    pub name: String,
    /// What is wrong, without the path.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// The text up to the end of the line at fault, and the place in it: only if the contents are at fault.
    pub excerpt: Option<(String, Span)>,
}

impl Problem {
    pub(super) fn new(rule: &'static str, severity: Severity, name: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { rule, severity, name: name.into(), message: message.into(), help: String::new(), excerpt: None }
    }

    #[must_use]
    pub(super) fn advise(mut self, help: impl Into<String>) -> Problem {
        self.help = help.into();
        self
    }

    /// The finding about the file, which gets this place in load order.
    pub fn into_diagnostic(self, id: SourceId) -> Diagnostic {
        let (text, span) = self.excerpt.unwrap_or_default();
        let source = Arc::new(Source::new(id, self.name, text));
        let label = Label { source, span, pointer: String::new(), note: "".into() };
        Diagnostic::new(self.rule, self.severity, self.message, label).advise(self.help)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.name, self.message)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, " ({})", self.help) }
    }
}

impl std::error::Error for Problem {}

/// A path as the user would type it: relative where it is, `/` on every system, no `./` in front.
pub fn display_name(path: &Path) -> String {
    let name = path.to_string_lossy();
    let name = if std::path::MAIN_SEPARATOR == '/' { name } else { name.replace(std::path::MAIN_SEPARATOR, "/").into() };
    let plain = name.trim_start_matches("./").trim_start_matches('/');
    if name.starts_with("./") && !plain.is_empty() { plain.to_owned() } else { name.into_owned() }
}

/// The problem of an I/O error, in words.
pub(super) fn io_problem(severity: Severity, name: &str, error: &std::io::Error) -> Problem {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => Problem::new("path-not-found", severity, name, "there is no such file or directory"),
        ErrorKind::PermissionDenied => Problem::new("unreadable-file", severity, name, "permission to read it is denied")
            .advise("change its permissions, or exclude it"),
        ErrorKind::InvalidFilename => Problem::new("path-not-found", severity, name, "no file can have such a name"),
        _ => Problem::new("unreadable-file", severity, name, format!("it cannot be read: {error}")),
    }
}
