//! Whether a text that looks like a secret can be one: random enough, and no placeholder.

use std::sync::LazyLock;

use regex::Regex;

/// Words that stand in keys which nobody issued.
const PLACEHOLDER_WORDS: [&str; 22] = [
    "example",
    "sample",
    "placeholder",
    "dummy",
    "changeme",
    "change-me",
    "change_me",
    "redacted",
    "your",
    "fake",
    "test",
    "mock",
    "xxxx",
    "insert",
    "replace",
    "notreal",
    "not-real",
    "not_real",
    "secret",
    "password",
    "aimock",
    "demo",
];

/// Longest run of one character, or of neighbours in the alphabet, that chance explains.
const LONGEST_RUN: usize = 5;

/// Whether an author wrote this where a secret belongs: a word such as `example`, one character repeated, the
/// alphabet, angle brackets, a variable.
pub fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.contains(['<', '>', '{', '}', '$', '*', '…'])
        || has_run(lower.as_bytes())
        || PLACEHOLDER.as_ref().is_some_and(|words| words.is_match(&lower))
}

/// One search for all of the words.
static PLACEHOLDER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&PLACEHOLDER_WORDS.join("|")).ok());

/// Whether a key's body can have been issued: no placeholder, many different characters, and a stretch that is no word.
pub(super) fn is_plausible(body: &str) -> bool {
    !is_placeholder(body) && distinct(body) >= 8 && entropy(body) >= 3.0 && body.split(['-', '_', '.', '/']).any(is_jumble)
}

/// Whether a value is random enough to be a secret on its own, without a known prefix: 16 to 512 characters of the
/// alphabets that keys use, letters and digits mixed.
pub fn looks_random(value: &str) -> bool {
    let key_like = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/' | b'=' | b':' | b'~');
    let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    (16..=512).contains(&value.len())
        && value.bytes().all(key_like)
        && !is_placeholder(value)
        && entropy(value) >= if hex { 2.8 } else { 3.4 }
        && distinct(value) >= 8
        && value.split(['-', '_', '.', '/', ':', '=']).any(is_jumble)
}

/// Ten characters or more with letters and digits mixed, as words never are. Very long ones need only two cases.
fn is_jumble(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let letters = part.bytes().filter(u8::is_ascii_alphabetic).count();
    let upper = part.bytes().filter(u8::is_ascii_uppercase).count();
    part.len() >= 10 && letters >= 2 && (digits >= 2 || (digits == 1 && part.len() <= 24) || (part.len() <= 24 && upper >= 4))
}

/// Shannon entropy in bits a byte.
fn entropy(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length).map(|share| -share * share.log2()).sum()
}

fn distinct(text: &str) -> usize {
    let mut seen = [false; 256];
    text.bytes().filter(|byte| !std::mem::replace(&mut seen[usize::from(*byte)], true)).count()
}

/// `aaaaaa` and `abcdef` alike.
fn has_run(bytes: &[u8]) -> bool {
    let (mut same, mut rising) = (1, 1);
    for pair in bytes.windows(2) {
        let &[before, after] = pair else { continue };
        same = if before == after { same + 1 } else { 1 };
        rising = if after == before.wrapping_add(1) && after.is_ascii_alphanumeric() { rising + 1 } else { 1 };
        if same > LONGEST_RUN || rising > LONGEST_RUN {
            return true;
        }
    }
    false
}

/// Endings of names under which secrets are kept, without `-`, `_` and case. `token` alone is not among them: pages and
/// usage have tokens too.
const CREDENTIAL_NAMES: [&str; 17] = [
    "apikey",
    "apitoken",
    "secret",
    "secretkey",
    "secretaccesskey",
    "accesskey",
    "accesstoken",
    "authtoken",
    "refreshtoken",
    "bearertoken",
    "sessiontoken",
    "password",
    "passwd",
    "privatekey",
    "credential",
    "credentials",
    "authorization",
];

/// Parts of names of which each of [`CREDENTIAL_NAMES`] has one.
const STEMS: [&str; 6] = ["key", "token", "secret", "passw", "credential", "authorization"];

/// Whether a JSON text may have a member whose name [`is_credential_name`] knows: one pass over the text. `false` is certain.
pub fn may_name_a_credential(json: &str) -> bool {
    // An escape can hide a letter, and letters of other scripts can be the capitals of ours.
    if !json.is_ascii() || json.contains('\\') {
        return true;
    }
    let plain: String = json.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).map(|c| c.to_ascii_lowercase()).collect();
    STEMS.iter().any(|stem| plain.contains(stem))
}

/// Whether a member of this name holds a secret, when it holds anything (`apiKey`, `client_secret`).
pub fn is_credential_name(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect();
    CREDENTIAL_NAMES.iter().any(|known| plain.ends_with(known))
}

/// Header names that carry credentials (RFC 9110 section 11, and the ones that providers use).
const CREDENTIAL_HEADERS: [&str; 12] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "xi-api-key",
    "ocp-apim-subscription-key",
    "cookie",
    "set-cookie",
    "x-auth-token",
    "x-amz-security-token",
    "x-aws-session-token",
];

/// Whether a header of this name carries a credential.
pub fn is_credential_header(name: &str) -> bool {
    CREDENTIAL_HEADERS.iter().any(|known| name.eq_ignore_ascii_case(known))
}
