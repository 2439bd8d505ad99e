//! What a finding is called when lines move: a hash that baselines, SARIF and GitLab compare between two runs.
//!
//! Built from rule, file and identity; never from a position, so that inserting a fixture or reformatting a file
//! leaves the findings of the others as they were.

use std::collections::HashMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::Diagnostic;

/// Bytes of the hash that are kept: 32 hex digits.
const KEPT: usize = 16;

/// One fingerprint (32 lower-case hex digits) for each finding, in their order. Findings that cannot be told apart are
/// numbered in that order, so pass them sorted.
pub fn fingerprints<'a>(findings: impl IntoIterator<Item = &'a Diagnostic>) -> Vec<String> {
    fingerprints_by(findings, |name| name.trim_start_matches("./").to_owned())
}

/// The same with files called what `name_of` makes of their names, for readers that do not share a working directory.
pub fn fingerprints_by<'a>(findings: impl IntoIterator<Item = &'a Diagnostic>, name_of: impl Fn(&str) -> String) -> Vec<String> {
    let mut seen = HashMap::new();
    findings.into_iter().map(|finding| numbered(finding, name_of(finding.primary.source.name()), &mut seen)).collect()
}

fn numbered(finding: &Diagnostic, file: String, seen: &mut HashMap<(&'static str, String, String), u32>) -> String {
    let identity = if finding.identity.is_empty() { without_digits(&finding.message) } else { finding.identity.clone() };
    let mut hash = Sha256::new();
    for part in [finding.rule, &file, &identity] {
        // A separator that no file name and no rule can hold keeps `a` + `bc` apart from `ab` + `c`.
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let ordinal = seen.entry((finding.rule, file, identity)).and_modify(|count| *count += 1).or_insert(0);
    hash.update(ordinal.to_string());
    hash.finalize().iter().take(KEPT).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A message without what moves: every run of digits becomes one `0`.
fn without_digits(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    for character in message.chars() {
        match character.is_ascii_digit() {
            true if text.ends_with('0') => {}
            true => text.push('0'),
            false => text.push(character),
        }
    }
    text
}
