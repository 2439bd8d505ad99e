//! The list as it is written, and what is wrong with it.

use regex::RegexBuilder;

use super::builtins::{ALL, builtin};
use super::list::{Action, Step};
use super::pointer::Pointer;

/// Match keys that read prose.
pub const FREE_TEXTS: [&str; 4] = ["userMessage", "systemMessage", "inputText", "toolResultContains"];

/// Every match key whose text can be rewritten.
pub const KEYS: [&str; 11] = [
    "userMessage",
    "systemMessage",
    "inputText",
    "toolResultContains",
    "toolCallId",
    "toolName",
    "toolNamespace",
    "model",
    "responseFormat",
    "endpoint",
    "context",
];

/// Bytes that a compiled regular expression may take.
const REGEX_SIZE: usize = 1 << 20;

/// One item of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// A built-in transform.
    BuiltIn { name: String, label: Option<String> },
    /// Everything that a regular expression (Rust `regex` syntax) finds becomes `with`, in which `$1` and `${name}` are
    /// what its groups found. `within`: match keys, the four free texts when it is empty.
    Replace { pattern: String, with: String, within: Vec<String>, label: Option<String> },
    /// What a JSON pointer names in the provider-neutral request is removed; `*` is any item.
    Drop { pointer: String, label: Option<String> },
}

/// An item that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// Which item of the list, from 0.
    pub index: usize,
    /// Which key of the item: `name`, `replace`, `with`, `in` or `drop`.
    pub field: &'static str,
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What an item is without its place in the list.
type Complaint = (&'static str, String, String);

impl Spec {
    /// The step that this item asks for; `index` is its place in the list.
    pub(super) fn step(&self, index: usize) -> Result<Step, SpecError> {
        let (label, fallback, action) = match self {
            Spec::BuiltIn { name, label } => (label, name.clone(), named(name)),
            Spec::Replace { pattern, with, within, label } => (label, format!("replace #{}", index + 1), replace(pattern, with, within)),
            Spec::Drop { pointer, label } => (label, format!("drop #{}", index + 1), drop(pointer)),
        };
        match action {
            Ok(action) => Ok(Step { label: label.clone().unwrap_or(fallback), action }),
            Err((field, message, help)) => Err(SpecError { index, field, message, help }),
        }
    }
}

fn named(name: &str) -> Result<Action, Complaint> {
    builtin(name).map(Action::BuiltIn).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|builtin| builtin.name).collect();
        ("name", format!("there is no transform `{name}`"), suggest(name, &names))
    })
}

fn replace(pattern: &str, with: &str, within: &[String]) -> Result<Action, Complaint> {
    let mut keys = Vec::new();
    for key in within {
        match KEYS.iter().find(|known| *known == key) {
            Some(known) => keys.push(*known),
            None => return Err(("in", format!("there is no match key `{key}` whose text can be rewritten"), suggest(key, &KEYS))),
        }
    }
    let regex = RegexBuilder::new(pattern).size_limit(REGEX_SIZE).build().map_err(|error| unusable(pattern, &error))?;
    if regex.is_match("") {
        return Err((
            "replace",
            format!("`{pattern}` also matches where there is nothing"),
            "use `+` in place of `*`, so that it matches one character at least".to_owned(),
        ));
    }
    if !with.contains('$') && regex.is_match(with) {
        return Err((
            "with",
            format!("`{with}` is matched by its own `replace`, so doing it twice would change the text again"),
            "write a constant that the expression does not match, such as `<value>`".to_owned(),
        ));
    }
    Ok(Action::Replace { regex, with: with.to_owned(), keys: if keys.is_empty() { FREE_TEXTS.to_vec() } else { keys } })
}

fn unusable(pattern: &str, error: &regex::Error) -> Complaint {
    if let regex::Error::CompiledTooBig(_) = error {
        let help = "shorten it, or repeat less often".to_owned();
        return ("replace", format!("`{pattern}` takes more than {REGEX_SIZE} bytes when it is compiled"), help);
    }
    // The parser draws the pattern and a caret over several lines; its last line is the reason.
    let drawing = error.to_string();
    let reason = drawing.lines().last().unwrap_or("").trim_start_matches("error: ");
    let help = "the syntax is that of Rust's `regex` crate: no look-around, no back-references".to_owned();
    ("replace", format!("`{pattern}` is no regular expression: {reason}"), help)
}

fn drop(pointer: &str) -> Result<Action, Complaint> {
    Pointer::parse(pointer).map(Action::Drop).map_err(|(message, help)| ("drop", message, help))
}

/// The name that was meant, or all that there are.
pub(super) fn suggest(word: &str, known: &[&str]) -> String {
    let slips = |name: &str| strsim::damerau_levenshtein(&word.to_ascii_lowercase(), &name.to_ascii_lowercase());
    // Long words are costly to compare, and no slip of a name here.
    let candidates = known.iter().filter(|_| word.len() <= 64).map(|name| (slips(name), name));
    match candidates.filter(|(slips, name)| *slips <= 2 && *slips * 2 <= name.len()).min_by_key(|(slips, _)| *slips) {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => format!("there are `{}`", known.join("`, `")),
    }
}
