//! Which rules run: tiers and names, chosen and ignored, by flag and by configuration.

use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::{ALL, Rule, Tier};
use crate::diagnostic::{Diagnostic, Severity};
use crate::fixture::LOADER_RULES;

/// A rule or tier name that does not exist, or a glob that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    #[error("there is no lint rule, category or tier `{name}`{}", near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownRule { name: String, near: Option<&'static str> },
    #[error("`{glob}` is no glob: {reason}")]
    Glob { glob: String, reason: String },
}

/// What was chosen, in the words of the user.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Rules, categories or tiers; empty: the default tier. `all` is everything.
    pub select: Vec<String>,
    pub ignore: Vec<String>,
    /// Severity of single rules; `None` switches the rule off.
    pub severity: Vec<(String, Option<Severity>)>,
    /// Glob and the rules that do not run on files it names. A glob is relative to `base`, without `/` it names files
    /// at any depth, and what it says of a directory holds for everything below.
    pub per_file: Vec<(String, Vec<String>)>,
    /// The directory that globs are relative to; empty: where names of files begin.
    pub base: PathBuf,
    /// The directory that names of files are relative to.
    pub here: PathBuf,
}

/// The selection, resolved.
#[derive(Debug)]
pub struct Chosen {
    rules: Vec<(&'static Rule, Severity)>,
    /// Rules of the loader that are switched off, or have another severity.
    loader: Vec<(&'static str, Option<Severity>)>,
    per_file: Vec<PerFile>,
    base: PathBuf,
    here: PathBuf,
}

/// Rules that do not run on some files.
#[derive(Debug)]
struct PerFile {
    glob: GlobMatcher,
    by_name: bool,
    rules: Vec<&'static str>,
}

impl Selection {
    /// Resolves names to rules.
    ///
    /// # Errors
    /// A name that no rule, category or tier has, or a glob that cannot be read.
    pub fn resolve(&self) -> Result<Chosen, SelectionError> {
        let mut loader = Vec::new();
        let mut on: Vec<bool> =
            if self.select.is_empty() { ALL.iter().map(|rule| rule.tier == Tier::Default).collect() } else { vec![false; ALL.len()] };
        for name in self.select.iter().filter(|name| loader_rule(name).is_none()) {
            set(&mut on, name, true)?;
        }
        for name in &self.ignore {
            match loader_rule(name) {
                Some(rule) => loader.push((rule, None)),
                None => set(&mut on, name, false)?,
            }
        }
        let mut severities: Vec<Severity> = ALL.iter().map(|rule| rule.severity).collect();
        for (name, severity) in &self.severity {
            if let Some(rule) = loader_rule(name) {
                loader.push((rule, *severity));
                continue;
            }
            for index in named(name)? {
                match severity {
                    Some(severity) => severities[index] = *severity,
                    None => on[index] = false,
                }
            }
        }
        let rules = ALL.iter().zip(on).zip(severities).filter(|((_, on), _)| *on).map(|((rule, _), severity)| (*rule, severity)).collect();
        let per_file = self.per_file.iter().map(|(glob, names)| per_file(glob, names)).collect::<Result<Vec<_>, _>>()?;
        Ok(Chosen { rules, loader, per_file, base: plain_path(&self.base), here: self.here.clone() })
    }
}

fn per_file(glob: &str, names: &[String]) -> Result<PerFile, SelectionError> {
    let bad = |error: globset::Error| SelectionError::Glob { glob: glob.to_owned(), reason: error.kind().to_string() };
    let text = glob.trim_start_matches("./").trim_end_matches('/');
    let matcher = GlobBuilder::new(text).literal_separator(true).build().map_err(bad)?.compile_matcher();
    let mut rules = Vec::new();
    for name in names {
        if let Some(rule) = loader_rule(name) {
            rules.push(rule);
            continue;
        }
        rules.extend(named(name)?.into_iter().map(|index| ALL[index].name));
    }
    Ok(PerFile { glob: matcher, by_name: !text.contains('/'), rules })
}

/// A path without `.` and, where it can be told from the text, without `..`.
pub fn plain_path(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            _ => plain.push(part),
        }
    }
    plain
}

/// The loader's rule of this name: always on, unless it is ignored.
fn loader_rule(name: &str) -> Option<&'static str> {
    LOADER_RULES.iter().map(|rule| rule.name).find(|rule| *rule == name)
}

fn set(on: &mut [bool], name: &str, value: bool) -> Result<(), SelectionError> {
    for index in named(name)? {
        on[index] = value;
    }
    Ok(())
}

/// Whether this names rules: lint's own or the loader's.
pub fn knows(name: &str) -> bool {
    loader_rule(name).is_some() || named(name).is_ok()
}

/// The rules that a name, category or tier stands for. A tier holds the tiers below it.
fn named(name: &str) -> Result<Vec<usize>, SelectionError> {
    let tier = [Tier::Default, Tier::Strict, Tier::Pedantic].into_iter().find(|tier| tier.name() == name);
    let takes =
        |rule: &Rule| name == "all" || rule.name == name || rule.category.name() == name || tier.is_some_and(|tier| rule.tier <= tier);
    let found: Vec<usize> = ALL.iter().enumerate().filter(|(_, rule)| takes(rule)).map(|(index, _)| index).collect();
    if found.is_empty() {
        let categories = ALL.iter().map(|rule| rule.category.name());
        let known: Vec<&'static str> = super::rule_names().chain(categories).chain(["all", "default", "strict", "pedantic"]).collect();
        return Err(SelectionError::UnknownRule { name: name.to_owned(), near: crate::shape::nearest(name, &known) });
    }
    Ok(found)
}

impl Chosen {
    /// The rules that run, with their severities, in registry order.
    pub fn rules(&self) -> &[(&'static Rule, Severity)] {
        &self.rules
    }

    /// Whether a rule runs; those of the loader do unless they are switched off.
    pub fn runs(&self, name: &str) -> bool {
        let off = |name: &str| self.loader.iter().any(|(rule, severity)| *rule == name && severity.is_none());
        self.rules.iter().any(|(rule, _)| rule.name == name) || loader_rule(name).is_some_and(|name| !off(name))
    }

    /// Gives a finding its chosen severity; `false`: it is switched off, everywhere or for its file.
    pub fn settle(&self, finding: &mut Diagnostic) -> bool {
        if let Some((_, severity)) = self.rules.iter().find(|(rule, _)| rule.name == finding.rule) {
            finding.severity = *severity;
        }
        for (_, severity) in self.loader.iter().filter(|(rule, _)| *rule == finding.rule) {
            match severity {
                Some(severity) => finding.severity = *severity,
                None => return false,
            }
        }
        !self.is_off(finding.rule, finding.primary.source.name())
    }

    /// Whether a rule is switched off for a file.
    fn is_off(&self, rule: &str, file: &str) -> bool {
        self.per_file.iter().filter(|one| one.rules.contains(&rule)).any(|one| {
            let path = plain_path(&self.here.join(file));
            let relative = path.strip_prefix(&self.base).unwrap_or(&path);
            let mut places = relative.ancestors().filter(|place| !place.as_os_str().is_empty());
            places.any(
                |place| if one.by_name { place.file_name().is_some_and(|name| one.glob.is_match(name)) } else { one.glob.is_match(place) },
            )
        })
    }
}
