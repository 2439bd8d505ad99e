//! `paths`: home folders and temporary folders with drawn names. What follows them stays.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::super::bytes::Signs;
use super::super::found::{Found, Kind};
use super::super::spec::FREE_TEXTS;
use super::{BuiltIn, Example, Strictness};
use crate::secrets::is_placeholder;

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "paths",
    summary: "home folders, and temporary folders with drawn names",
    examples: &[
        Example { before: "open /home/buildhost7/app/main.py", after: "open <home>/app/main.py", frozen: "open /home/user/app/main.py" },
        Example { before: r"C:\Users\buildhost7\app", after: r"<home>\app", frozen: r"C:\Users\user\app" },
        Example { before: "wrote /tmp/run-x7k2m9q4/out.txt", after: "wrote <tmp>/out.txt", frozen: "wrote /tmp/aimock-frozen/out.txt" },
        Example { before: "/usr/lib and /tmp/out.txt", after: "/usr/lib and /tmp/out.txt", frozen: "/usr/lib and /tmp/out.txt" },
    ],
    keys: &FREE_TEXTS,
    needs: Signs::SLASH.and(Signs::LETTER),
    least: 1,
    scan,
};

static PATH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"((?:/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})([A-Za-z0-9._-]{2,32}))(?P<goes_on>[/\\])?|(/var/folders/[A-Za-z0-9_]{2}/[A-Za-z0-9_]{8,})/|(/tmp/[A-Za-z]*[._-]([A-Za-z0-9_]{6,24}))\b",
    )
    .ok()
});

/// Homes that stand for anybody's.
const ANYBODY: [&str; 20] = [
    "user",
    "username",
    "me",
    "you",
    "name",
    "runner",
    "node",
    "ubuntu",
    "app",
    "vscode",
    "root",
    "public",
    "shared",
    "default",
    "alice",
    "bob",
    "john",
    "jane",
    "dev",
    "linuxbrew",
];

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    let Some(path) = PATH.as_ref() else { return };
    found.extend(path.captures_iter(text).filter_map(|captures| folder(&captures, strictness)));
}

fn folder(captures: &Captures<'_>, strictness: Strictness) -> Option<Found> {
    let every = strictness == Strictness::Every;
    let temporary =
        captures.get(4).or_else(|| captures.get(5).filter(|_| captures.get(6).is_some_and(|name| is_drawn(name.as_str(), every))));
    if let Some(folder) = temporary {
        return Some(Found { range: folder.range(), kind: Kind::Temporary });
    }
    let (home, name) = captures.get(1).zip(captures.get(2))?;
    let own = captures.name("goes_on").is_some()
        && !ANYBODY.contains(&name.as_str().to_ascii_lowercase().as_str())
        && !is_placeholder(name.as_str());
    (own || every).then(|| Found { range: home.range(), kind: Kind::Home })
}

fn is_drawn(name: &str, every: bool) -> bool {
    let mixed = name.bytes().any(|byte| byte.is_ascii_digit()) && name.bytes().any(|byte| byte.is_ascii_alphabetic());
    mixed && (every || !is_placeholder(name))
}
