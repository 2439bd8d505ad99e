//! Which file a recording goes to, below the folder of recordings.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// Longest name made of a text, in bytes; longer ones are cut and told apart by a hash.
const LONGEST: usize = 80;

/// How files are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameBy {
    /// One file a test id and provider: `<test id>/<provider>.json`; by hash for requests without a test id.
    #[default]
    Test,
    /// One file a `match`: `<provider>-<12 hex digits>.json`. The same request always goes to the same file.
    Hash,
    /// A new file each time: `<provider>-<time>-<8 hex digits>.json`.
    Time,
}

/// What a name is made of.
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    pub by: NameBy,
    pub provider: &'a str,
    /// `None`: the request names none.
    pub test_id: Option<&'a str>,
    pub context: Option<&'a str>,
    /// The recording's `match`.
    pub matches: &'a Map<String, Value>,
    /// Milliseconds since the Unix epoch.
    pub now: u64,
    /// Tells recordings of one moment apart.
    pub nonce: &'a str,
}

/// The path of a recording's file, with `/` between folders. Every part is a plain name.
pub fn file_name(naming: &Naming<'_>) -> String {
    let Naming { by, provider, test_id, context, matches, now, nonce } = *naming;
    let folder = context.map(slug).filter(|slug| !slug.is_empty()).map(|slug| slug + "/").unwrap_or_default();
    let hash = || format!("{folder}{provider}-{}.json", hex(Value::Object(matches.clone()).to_string().as_bytes(), 6));
    match by {
        NameBy::Test => match test_id.map(slug).filter(|slug| !slug.is_empty()) {
            Some(test) => format!("{test}/{provider}.json"),
            None => hash(),
        },
        NameBy::Hash => hash(),
        NameBy::Time => {
            let time = super::date::iso(now).replace([':', '.'], "-");
            format!("{folder}{provider}-{time}-{}.json", hex(nonce.as_bytes(), 4))
        }
    }
}

/// A text as a file's name, as the peer makes it: a leading path of a test file is dropped, `›` becomes `--`, everything
/// that is no letter, digit or underscore becomes `-`.
fn slug(text: &str) -> String {
    let name = text.rsplit_once(".test.").or_else(|| text.rsplit_once(".spec.")).map_or(text, |(_, rest)| {
        // What follows is the file's ending, then the test's name.
        rest.split_once([' ', '›', ':']).map_or(rest, |(_, name)| name)
    });
    let joined = name.replace(" › ", "--");
    let plain: String = joined.chars().map(|c| if c.is_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' }).collect();
    let plain = plain.trim_matches('-');
    if plain.len() <= LONGEST {
        return plain.to_owned();
    }
    let end = (0..=LONGEST).rev().find(|end| plain.is_char_boundary(*end)).unwrap_or(0);
    format!("{}-{}", plain.get(..end).unwrap_or_default().trim_matches('-'), hex(text.as_bytes(), 4))
}

/// The first bytes of the SHA-256 of something.
pub(super) fn hex(bytes: &[u8], count: usize) -> String {
    Sha256::digest(bytes).iter().take(count).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
