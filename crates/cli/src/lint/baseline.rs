//! Findings that are known: a committed file of fingerprints, so that only new findings fail.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The file format's version.
const VERSION: u32 = 1;

/// Known findings: fingerprint to how often, with rule and file for the reader's sake.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    version: u32,
    findings: BTreeMap<String, Known>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    rule: String,
    file: String,
    count: u32,
}

/// A baseline file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    #[error("the baseline is not JSON: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("the baseline has version {0}; this program reads version {VERSION}")]
    Version(u32),
}

impl Baseline {
    /// A baseline of these findings: fingerprint, rule, file.
    pub fn of<'a>(findings: impl IntoIterator<Item = (String, &'a str, &'a str)>) -> Baseline {
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        for (fingerprint, rule, file) in findings {
            known.entry(fingerprint).and_modify(|known| known.count += 1).or_insert_with(|| Known {
                rule: rule.to_owned(),
                file: file.to_owned(),
                count: 1,
            });
        }
        Baseline { version: VERSION, findings: known }
    }

    /// Reads a baseline file's text.
    ///
    /// # Errors
    /// It is not JSON of this shape, or of another version.
    pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
        let baseline: Baseline = serde_json::from_str(text)?;
        if baseline.version == VERSION { Ok(baseline) } else { Err(BaselineError::Version(baseline.version)) }
    }

    /// The file's text: sorted, one finding a line group, ends with a newline.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Splits findings into new ones and known ones; also says which entries were not met (cured findings), among those
    /// whose rule and file `could_speak` in this run.
    pub fn compare<T>(&self, findings: Vec<(String, T)>, could_speak: impl Fn(&str, &str) -> bool) -> Compared<T> {
        let mut left: BTreeMap<&str, u32> = self.findings.iter().map(|(fingerprint, known)| (fingerprint.as_str(), known.count)).collect();
        let mut compared = Compared { new: Vec::new(), known: 0, stale: Vec::new() };
        for (fingerprint, finding) in findings {
            match left.get_mut(fingerprint.as_str()) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    compared.known += 1;
                }
                _ => compared.new.push(finding),
            }
        }
        let unmet = self.findings.iter().filter(|(fingerprint, _)| left.get(fingerprint.as_str()).is_some_and(|count| *count > 0));
        let gone = unmet.filter(|(_, known)| could_speak(&known.rule, &known.file));
        compared.stale = gone.map(|(fingerprint, _)| fingerprint.to_owned()).collect();
        compared
    }

    /// The baseline without these entries.
    #[must_use]
    pub fn without(mut self, stale: &[String]) -> Baseline {
        for fingerprint in stale {
            self.findings.remove(fingerprint);
        }
        self
    }

    /// This baseline, and of an older one what a run could not meet: the rules that did not run, the files that were
    /// not looked at.
    #[must_use]
    pub fn keeping(mut self, older: Baseline, could_speak: impl Fn(&str, &str) -> bool) -> Baseline {
        let kept = older.findings.into_iter().filter(|(_, known)| !could_speak(&known.rule, &known.file));
        kept.for_each(|(fingerprint, known)| {
            self.findings.entry(fingerprint).or_insert(known);
        });
        self
    }
}

/// Findings held against a baseline.
#[derive(Debug)]
pub struct Compared<T> {
    pub new: Vec<T>,
    pub known: usize,
    /// Fingerprints of entries that no finding met in full.
    pub stale: Vec<String>,
}
