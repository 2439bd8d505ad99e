//! `emails`: e-mail addresses.

use std::sync::LazyLock;

use regex::Regex;

use super::super::bytes::Signs;
use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};
use crate::secrets::{self, Class};

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "emails",
    summary: "e-mail addresses",
    examples: &[
        Example { before: "write to m.rossi@mailbox.org", after: "write to <email>", frozen: "write to user@example.com" },
        Example { before: "logo@2x.png", after: "logo@2x.png", frozen: "logo@2x.png" },
    ],
    keys: &FREE_TEXTS,
    needs: Signs::AT.and(Signs::DOT),
    least: 1,
    scan,
};

static EMAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}").ok());

/// Ends of file names that look like domains.
const FILES: [&str; 6] = [".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp"];

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    if strictness == Strictness::Drawn {
        found.extend(secrets::scan(Class::Email, text).into_iter().map(|hit| Found { range: hit.range, kind: Kind::Email }));
        return;
    }
    let Some(email) = EMAIL.as_ref() else { return };
    let addresses = email.find_iter(text).filter(|found| !FILES.iter().any(|end| found.as_str().ends_with(end)));
    found.extend(addresses.map(|address| Found { range: address.range(), kind: Kind::Email }));
}
