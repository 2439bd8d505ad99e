//! The list in force, and what it makes of a text.
//!
//! Steps run in list order, each on what the one before left. Which built-ins can find anything is decided by one look
//! at the text's characters, so that most steps cost nothing; the outcome is that of running every step.

use std::borrow::Cow;
use std::sync::Arc;

use regex::Regex;

use super::builtins::{BuiltIn, Strictness};
use super::bytes::Signs;
use super::found::{Found, stable_id};
use super::pointer::Pointer;
use super::spec::{Spec, SpecError};

/// A transform that could not do its work on this text or request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("transform {transform}: {reason}")]
pub struct TransformError {
    /// Its label, its name, or its place in the list (`replace #2`).
    pub transform: String,
    pub reason: String,
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) label: String,
    pub(super) action: Action,
}

#[derive(Debug)]
pub(super) enum Action {
    BuiltIn(&'static BuiltIn),
    Replace { regex: Regex, with: String, keys: Vec<&'static str> },
    Drop(Pointer),
}

/// A text may grow to 16 times its length or to this many bytes, whichever is more.
const FREE_GROWTH: usize = 1 << 20;
const MOST_GROWTH: usize = 16;
/// Rounds after which a list that still changes the text is given up.
const MOST_ROUNDS: usize = 8;

/// The transforms in force, in list order. The empty list changes nothing. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Transforms(Arc<[Step]>);

impl Transforms {
    /// Checks a list.
    ///
    /// # Errors
    /// Every item that cannot be used.
    pub fn compile(list: &[Spec]) -> Result<Transforms, Vec<SpecError>> {
        let (steps, errors): (Vec<_>, Vec<_>) = list.iter().enumerate().map(|(index, spec)| spec.step(index)).partition(Result::is_ok);
        if errors.is_empty() {
            Ok(Transforms(steps.into_iter().flatten().collect()))
        } else {
            Err(errors.into_iter().filter_map(Result::err).collect())
        }
    }

    /// Whether nothing is ever changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names of the transforms, for metadata and the journal.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|step| step.label.clone()).collect()
    }

    /// Whether a text of this match key can change at all.
    pub fn is_about(&self, key: &str) -> bool {
        self.0.iter().any(|step| step.is_about(key))
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Rewrites a text that the match key `key` reads or holds. Steps that are not about this key are passed over.
    /// Rewriting the outcome again changes nothing.
    ///
    /// # Errors
    /// A `replace` matches again what it or a later step wrote, or makes the text far longer: more than 16 times its
    /// length and more than 1 MiB.
    pub fn text<'t>(&self, key: &str, text: &'t str) -> Result<Cow<'t, str>, TransformError> {
        self.settle(key, text, true)
    }

    /// [`Transforms::text`] without the look ahead: every step runs on every text. What tests compare with.
    #[cfg(test)]
    pub(super) fn text_naively<'t>(&self, key: &str, text: &'t str) -> Result<Cow<'t, str>, TransformError> {
        self.settle(key, text, false)
    }

    /// Runs the list until nothing changes. Built-ins may meet what a later one made (white space that became one
    /// space); a `replace` may not, since one that writes what another one reads depends on how often they run.
    fn settle<'t>(&self, key: &str, text: &'t str, look_ahead: bool) -> Result<Cow<'t, str>, TransformError> {
        let mut current = Cow::Borrowed(text);
        for round in 0..MOST_ROUNDS {
            let (next, last) = self.round(key, current, text.len(), round > 0, look_ahead)?;
            current = next;
            match last {
                None => return Ok(current),
                Some(step) if round + 1 == MOST_ROUNDS => {
                    return Err(step.error("it finds more each time it runs; the text does not come to rest"));
                }
                Some(_) => {}
            }
        }
        Ok(current)
    }

    /// One run over the list: the text, and the last step that changed it.
    fn round<'t>(
        &self,
        key: &str,
        mut current: Cow<'t, str>,
        length: usize,
        again: bool,
        look_ahead: bool,
    ) -> Result<(Cow<'t, str>, Option<&Step>), TransformError> {
        let mut last = None;
        let mut signs = None;
        for step in self.0.iter().filter(|step| step.is_about(key)) {
            let changed = match &step.action {
                Action::BuiltIn(builtin) => {
                    let present = *signs.get_or_insert_with(|| Signs::of(&current));
                    let idle = look_ahead && !builtin.fits(&current, present);
                    // What a built-in writes is known, so the text need not be looked at again.
                    signs = Some(present.and(Signs::OF_PLACEHOLDERS));
                    if idle { None } else { rewrite(builtin, key, &current) }
                }
                Action::Replace { regex, with, .. } => {
                    let changed = step.replace(regex, with, &current, length)?;
                    if changed.is_some() && again {
                        return Err(step.error("it matches what a later transform wrote; put it after that one, or narrow its expression"));
                    }
                    signs = signs.filter(|_| changed.is_none());
                    changed
                }
                Action::Drop(_) => None,
            };
            if let Some(changed) = changed {
                current = Cow::Owned(changed);
                last = Some(step);
            }
        }
        Ok((current, last))
    }
}

impl Step {
    pub(super) fn is_about(&self, key: &str) -> bool {
        match &self.action {
            Action::BuiltIn(builtin) => builtin.keys.contains(&key),
            Action::Replace { keys, .. } => keys.contains(&key),
            Action::Drop(_) => false,
        }
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> TransformError {
        TransformError { transform: self.label.clone(), reason: reason.into() }
    }

    /// Replaces everywhere; none when that changes nothing.
    fn replace(&self, regex: &Regex, with: &str, text: &str, length: usize) -> Result<Option<String>, TransformError> {
        let Some(once) = self.replace_once(regex, with, text, length)? else { return Ok(None) };
        match self.replace_once(regex, with, &once, length)? {
            None => Ok(Some(once)),
            Some(_) => Err(self.error("it matches what it wrote itself: replacing twice is not the same as replacing once")),
        }
    }

    fn replace_once(&self, regex: &Regex, with: &str, text: &str, length: usize) -> Result<Option<String>, TransformError> {
        let limit = length.saturating_mul(MOST_GROWTH).max(FREE_GROWTH);
        let mut replaced = String::new();
        let mut at = 0;
        for captures in regex.captures_iter(text) {
            let Some(found) = captures.get(0) else { continue };
            replaced.push_str(text.get(at..found.start()).unwrap_or(""));
            captures.expand(with, &mut replaced);
            at = found.end();
            if replaced.len() > limit {
                return Err(self.error(format!("it makes a text of {length} bytes longer than {limit} bytes")));
            }
        }
        replaced.push_str(text.get(at..).unwrap_or(""));
        Ok((at > 0 && replaced != text).then_some(replaced))
    }
}

/// What a built-in makes of a text; none when it finds nothing.
fn rewrite(builtin: &BuiltIn, key: &str, text: &str) -> Option<String> {
    if key == "toolCallId" {
        // Answers refer to it, so it keeps its identity.
        return stable_id(text);
    }
    let mut found: Vec<Found> = Vec::new();
    (builtin.scan)(text, Strictness::Every, &mut found);
    if found.is_empty() {
        return None;
    }
    let mut rewritten = String::with_capacity(text.len());
    let mut at = 0;
    for found in &found {
        rewritten.push_str(text.get(at..found.range.start)?);
        rewritten.push_str(&found.placeholder());
        at = found.range.end;
    }
    rewritten.push_str(text.get(at..)?);
    Some(rewritten)
}
