//! What differs from run to run: times, ids, paths and ports that a machine chose. In a match key such a text was met
//! once and is never met again.
//!
//! Recognised as the built-in transforms recognise it, and let through where an author wrote it: round times, example ids,
//! a home that stands for anybody's.

use std::ops::Range;

use super::keys::{match_texts, part};
use super::{FileContext, Findings};
use crate::transform::{self, Strictness};

pub(super) use crate::transform::is_drawn_epoch as is_epoch;

/// Finds something volatile in a text.
pub(super) type Recogniser = fn(&str) -> Option<Range<usize>>;

/// Reports texts of match keys in which a recogniser finds something: `what` names it with its article.
pub(super) fn report_in_keys(file: &FileContext<'_>, findings: &mut Findings, recognise: Recogniser, what: &str, help: &'static str) {
    for (node, _) in file.entries() {
        for text in match_texts(node) {
            // What the transforms in force take away is no trouble; a text that they fail on was reported by the loader.
            let Ok(compared) = file.transforms.text(text.key, text.text) else { continue };
            let Some(found) = recognise(&compared).and_then(|range| compared.get(range)) else { continue };
            let finding = findings
                .report(file.label(part(file, text.node, found)), format!("`{}` holds {what}: {}", text.key, crate::shape::code(found)));
            finding.help = help.into();
            finding.identity = format!("{} {found}", text.key);
        }
    }
}

/// The first thing that a machine drew, by one of the built-in transforms.
fn first(name: &str, text: &str) -> Option<Range<usize>> {
    let builtin = transform::builtin(name)?;
    let mut found = Vec::new();
    (builtin.scan)(text, Strictness::Drawn, &mut found);
    found.into_iter().next().map(|found| found.range)
}

/// A time to the second that a clock wrote: seconds that are not round, or a fraction; Unix seconds beside a word for
/// time, Unix milliseconds, both from 2015 to 2035.
pub(super) fn timestamp(text: &str) -> Option<Range<usize>> {
    first("timestamps", text)
}

/// A UUID (RFC 9562: version and variant right) or a ULID, unless its digits are those of an example.
pub(super) fn uuid(text: &str) -> Option<Range<usize>> {
    first("uuids", text)
}

/// An id that a provider gave out: its prefix, then a row of letters and digits that nobody writes by hand.
pub(super) fn issued_id(text: &str) -> Option<Range<usize>> {
    first("ids", text)
}

/// A path into somebody's home, or into a temporary folder with a drawn name; with the slash behind it.
pub(super) fn own_path(text: &str) -> Option<Range<usize>> {
    let found = first("paths", text)?;
    let slash = text.get(found.end..).is_some_and(|rest| rest.starts_with(['/', '\\']));
    Some(found.start..found.end + usize::from(slash))
}

/// A local address with a port from the range that systems hand out (32768 and up on Linux).
pub(super) fn drawn_port(text: &str) -> Option<Range<usize>> {
    let found = first("ports", text)?;
    let hosts = ["localhost:", "127.0.0.1:", "0.0.0.0:", "[::1]:"];
    let before = text.get(..found.start)?;
    let host = hosts.iter().find(|host| before.ends_with(**host)).map_or(0, |host| host.len());
    Some(found.start - host..found.end)
}
