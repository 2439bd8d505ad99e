//! Keys that are known by how they begin: one table row a kind. Prefixes and lengths are those that the issuers
//! document or that their dashboards hand out.

use std::sync::LazyLock;

use base64::Engine as _;
use regex::Regex;

use super::plausible::{is_placeholder, is_plausible};
use super::{Class, Hit};

/// Which characters follow the prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Alnum,
    /// Letters, digits, `-` and `_`.
    Dashed,
    /// Like `Dashed`, and `.`.
    Dotted,
    Hex,
    /// Capital letters and digits.
    Upper,
    /// Letters, digits and `/`.
    Path,
}

impl Body {
    fn takes(self, byte: u8) -> bool {
        match self {
            Body::Alnum => byte.is_ascii_alphanumeric(),
            Body::Dashed => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Body::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
            Body::Hex => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            Body::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Body::Path => byte.is_ascii_alphanumeric() || byte == b'/',
        }
    }
}

/// A kind of key.
#[derive(Debug)]
struct Kind {
    class: Class,
    title: &'static str,
    prefix: &'static str,
    body: Body,
    /// Fewest and most characters behind the prefix.
    length: (usize, usize),
    /// Letters and digits that belong to the key before the "prefix".
    before: usize,
}

const fn provider(title: &'static str, prefix: &'static str, body: Body, least: usize, most: usize) -> Kind {
    Kind { class: Class::Provider, title, prefix, body, length: (least, most), before: 0 }
}

const fn cloud(title: &'static str, prefix: &'static str, body: Body, least: usize, most: usize) -> Kind {
    Kind { class: Class::Cloud, title, prefix, body, length: (least, most), before: 0 }
}

/// A longer prefix stands before a shorter one that it begins with.
static KINDS: &[Kind] = &[
    provider("an Anthropic key", "sk-ant-", Body::Dashed, 32, 200),
    provider("an OpenRouter key", "sk-or-v1-", Body::Hex, 40, 64),
    provider("an OpenAI project key", "sk-proj-", Body::Dashed, 32, 200),
    provider("an OpenAI service account key", "sk-svcacct-", Body::Dashed, 32, 200),
    provider("an OpenAI admin key", "sk-admin-", Body::Dashed, 32, 200),
    provider("a Langfuse key", "sk-lf-", Body::Dashed, 30, 40),
    provider("an OpenAI or DeepSeek key", "sk-", Body::Alnum, 32, 64),
    provider("an ElevenLabs key", "sk_", Body::Hex, 48, 48),
    provider("a Google API key", "AIza", Body::Dashed, 35, 35),
    provider("a Groq key", "gsk_", Body::Alnum, 40, 64),
    provider("an xAI key", "xai-", Body::Alnum, 60, 100),
    provider("a Hugging Face token", "hf_", Body::Alnum, 30, 40),
    provider("a Perplexity key", "pplx-", Body::Alnum, 32, 64),
    provider("a Replicate token", "r8_", Body::Alnum, 35, 40),
    provider("a Cerebras key", "csk-", Body::Alnum, 40, 64),
    provider("an NVIDIA key", "nvapi-", Body::Dashed, 50, 80),
    provider("a Together key", "tgp_v1_", Body::Dashed, 40, 64),
    provider("a Fireworks key", "fw_", Body::Alnum, 22, 32),
    provider("a Jina key", "jina_", Body::Dashed, 50, 70),
    provider("a Tavily key", "tvly-", Body::Dashed, 28, 60),
    provider("a LangSmith key", "lsv2_", Body::Dashed, 40, 60),
    provider("a Pinecone key", "pcsk_", Body::Dashed, 40, 90),
    provider("a Voyage key", "pa-", Body::Dashed, 43, 43),
    Kind { class: Class::Provider, title: "an Azure key", prefix: "JQQJ99", body: Body::Alnum, length: (20, 32), before: 52 },
    cloud("an AWS access key id", "AKIA", Body::Upper, 16, 16),
    cloud("a temporary AWS access key id", "ASIA", Body::Upper, 16, 16),
    cloud("a GitHub token", "github_pat_", Body::Dashed, 60, 90),
    cloud("a GitHub token", "ghp_", Body::Alnum, 36, 36),
    cloud("a GitHub token", "gho_", Body::Alnum, 36, 36),
    cloud("a GitHub token", "ghu_", Body::Alnum, 36, 36),
    cloud("a GitHub token", "ghs_", Body::Alnum, 36, 36),
    cloud("a GitHub token", "ghr_", Body::Alnum, 36, 76),
    cloud("a GitLab token", "glpat-", Body::Dashed, 20, 60),
    cloud("a Slack token", "xoxb-", Body::Dashed, 30, 120),
    cloud("a Slack token", "xoxp-", Body::Dashed, 30, 120),
    cloud("a Slack token", "xoxa-", Body::Dashed, 30, 120),
    cloud("a Slack token", "xoxr-", Body::Dashed, 30, 120),
    cloud("a Slack token", "xoxs-", Body::Dashed, 30, 120),
    cloud("a Slack webhook", "hooks.slack.com/services/", Body::Path, 40, 60),
    cloud("a Stripe live key", "sk_live_", Body::Alnum, 24, 120),
    cloud("a Stripe live key", "rk_live_", Body::Alnum, 24, 120),
    cloud("an npm token", "npm_", Body::Alnum, 36, 36),
    cloud("a PyPI token", "pypi-AgEI", Body::Dashed, 50, 250),
    cloud("a SendGrid key", "SG.", Body::Dotted, 60, 72),
    cloud("a DigitalOcean token", "dop_v1_", Body::Hex, 64, 64),
    cloud("a Google OAuth token", "ya29.", Body::Dashed, 60, 400),
    cloud("a Google OAuth secret", "GOCSPX-", Body::Dashed, 28, 28),
    cloud("a Supabase token", "sbp_", Body::Hex, 40, 40),
    cloud("a Shopify token", "shpat_", Body::Hex, 32, 32),
    cloud("a Databricks token", "dapi", Body::Hex, 32, 34),
    cloud("a Linear key", "lin_api_", Body::Alnum, 40, 40),
    cloud("a Doppler token", "dp.pt.", Body::Alnum, 40, 44),
    cloud("a Vault token", "hvs.", Body::Dashed, 24, 120),
];

struct Prefixes {
    provider: Regex,
    cloud: Regex,
}

/// One alternation of literals a class, which the regex crate runs as a vectorised search.
static PREFIXES: LazyLock<Option<Prefixes>> = LazyLock::new(|| {
    let of = |class: Class| {
        // The shared prefixes of Stripe and ElevenLabs live in different classes, so order matters only within one.
        let literals: Vec<String> = KINDS.iter().filter(|kind| kind.class == class).map(|kind| regex::escape(kind.prefix)).collect();
        Regex::new(&literals.join("|")).ok()
    };
    Some(Prefixes { provider: of(Class::Provider)?, cloud: of(Class::Cloud)? })
});

fn prefixes(class: Class) -> Option<&'static Regex> {
    let both = PREFIXES.as_ref()?;
    Some(if class == Class::Provider { &both.provider } else { &both.cloud })
}

/// What the other kinds of credentials cannot do without: JSON Web Tokens, private keys, signed addresses, passwords in
/// addresses.
const OTHER_MARKS: [&str; 5] = ["eyJ", "PRIVATE KEY", "ignature=", "sig=", "://"];

/// Every mark of a credential: the prefixes of keys, and what the other kinds have.
pub(super) fn marks() -> impl Iterator<Item = &'static str> + Clone {
    KINDS.iter().map(|kind| kind.prefix).chain(OTHER_MARKS)
}

/// One search for all marks.
///
/// Vectorised searches compare the first three bytes of what they look for. Those of many marks are letters that begin
/// words (`lin`, `hoo`), so each is looked for by its part that begins two bytes before the first one that words do not
/// have (`in_`); where a part is found, the whole mark is compared.
struct Marks {
    parts: Regex,
    /// The marks that hold no other one, and how many bytes of each stand before its part.
    wholes: Vec<(&'static str, usize)>,
}

impl Marks {
    fn new() -> Option<Marks> {
        let shortest = |mark: &&'static str| !marks().any(|other| other != *mark && mark.contains(other));
        let ahead = |mark: &str| mark.bytes().skip(2).position(|byte| !byte.is_ascii_lowercase() && !byte.is_ascii_digit()).unwrap_or(0);
        let wholes: Vec<(&'static str, usize)> = marks().filter(shortest).map(|mark| (mark, ahead(mark))).collect();
        let parts: Vec<String> = wholes.iter().filter_map(|(mark, ahead)| mark.get(*ahead..)).map(regex::escape).collect();
        Some(Marks { parts: Regex::new(&parts.join("|")).ok()?, wholes })
    }

    fn are_in(&self, text: &str) -> bool {
        let mut from = 0;
        while let Some(part) = self.parts.find_at(text, from) {
            let is_whole = |(mark, ahead): &(&str, usize)| {
                let rest = part.start().checked_sub(*ahead).and_then(|start| text.as_bytes().get(start..));
                rest.is_some_and(|rest| rest.starts_with(mark.as_bytes()))
            };
            if self.wholes.iter().any(is_whole) {
                return true;
            }
            from = part.start() + 1;
        }
        false
    }
}

static MARKS: LazyLock<Option<Marks>> = LazyLock::new(Marks::new);

/// Whether a mark of any kind of credential stands somewhere.
pub(super) fn has_mark(text: &str) -> bool {
    MARKS.as_ref().is_some_and(|marks| marks.are_in(text))
}

/// Whether a prefix stands before enough characters; word borders are not looked at, because escapes hide them.
pub(super) fn may_hold(class: Class, text: &str) -> bool {
    let Some(prefixes) = prefixes(class) else { return false };
    prefixes
        .find_iter(text)
        .any(|found| kind_at(class, found.as_str()).is_some_and(|kind| body_length(kind, text, found.end()) >= kind.length.0))
}

/// Every key of a class, in order.
pub(super) fn scan(class: Class, text: &str) -> Vec<Hit> {
    let Some(prefixes) = prefixes(class) else { return Vec::new() };
    let mut hits: Vec<Hit> = Vec::new();
    for found in prefixes.find_iter(text) {
        let Some(kind) = kind_at(class, found.as_str()) else { continue };
        if hits.last().is_some_and(|last| found.start() < last.range.end) {
            continue;
        }
        hits.extend(key_at(kind, text, found.start()));
    }
    hits
}

fn kind_at(class: Class, prefix: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.class == class && kind.prefix == prefix)
}

fn body_length(kind: &Kind, text: &str, from: usize) -> usize {
    text.as_bytes().iter().skip(from).take(kind.length.1 + 1).take_while(|byte| kind.body.takes(**byte)).count()
}

fn key_at(kind: &'static Kind, text: &str, prefix_start: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    let body_start = prefix_start + kind.prefix.len();
    let length = body_length(kind, text, body_start);
    let end = body_start + length;
    let start = prefix_start.checked_sub(kind.before)?;
    let whole = bytes.get(start..prefix_start)?.iter().all(u8::is_ascii_alphanumeric);
    let ends = !bytes.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let fits = (kind.length.0..=kind.length.1).contains(&length);
    if !(whole && ends && fits && starts_word(bytes, start)) {
        return None;
    }
    let body = text.get(if kind.before > 0 { start } else { body_start }..end)?;
    is_plausible(body).then(|| Hit {
        class: kind.class,
        title: kind.title,
        mark: if kind.before > 0 { "" } else { kind.prefix.get(..kind.prefix.len().min(4)).unwrap_or("") },
        range: start..end,
    })
}

/// Whether a word starts here: nothing of a word before it, or the end of an escape (`\n`, `%3D`, `\u003d`).
pub(super) fn starts_word(bytes: &[u8], at: usize) -> bool {
    let back = |distance: usize| at.checked_sub(distance).and_then(|index| bytes.get(index)).copied();
    match back(1) {
        None => true,
        Some(before) if !(before.is_ascii_alphanumeric() || before == b'_') => true,
        Some(b'n' | b'r' | b't') if back(2) == Some(b'\\') => true,
        Some(_) => back(3) == Some(b'%') || (back(6) == Some(b'\\') && back(5) == Some(b'u')),
    }
}

static JWT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}").ok());

/// JSON Web Tokens: three parts, the first of which decodes to a header with `alg` (RFC 7519).
pub(super) fn jwts(text: &str) -> Vec<Hit> {
    let Some(jwt) = JWT.as_ref() else { return Vec::new() };
    jwt.find_iter(text)
        .filter(|found| starts_word(text.as_bytes(), found.start()) && is_jwt(found.as_str()))
        .map(|found| Hit { class: Class::Jwt, title: "a JSON Web Token", mark: "eyJ", range: found.range() })
        .collect()
}

fn is_jwt(token: &str) -> bool {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let decode =
        |part: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(header) = decode(header) else { return false };
    // The token of jwt.io and its kin name nobody.
    let names_nobody = decode(claims).is_some_and(|claims| ["1234567890", "John Doe", "example"].iter().any(|word| claims.contains(word)));
    header.contains("\"alg\"") && !names_nobody && !is_placeholder(signature)
}

static PEM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----").ok());

/// Fewest characters of base64 that make a block a key and not a mention of one.
const LEAST_KEY: usize = 48;

/// PEM blocks of private keys, with at least the start of the key itself.
pub(super) fn private_keys(text: &str) -> Vec<Hit> {
    let Some(pem) = PEM.as_ref() else { return Vec::new() };
    pem.find_iter(text).filter_map(|found| private_key_at(text, found.start(), found.end())).collect()
}

fn private_key_at(text: &str, start: usize, body: usize) -> Option<Hit> {
    let rest = text.get(body..)?;
    let length = rest.find("-----").unwrap_or(rest.len());
    // Line ends are written as such, or as escapes when the key stands inside JSON inside a string.
    let key: String = rest.get(..length)?.replace("\\n", "").replace("\\r", "").chars().filter(|c| !c.is_whitespace()).collect();
    let tail = key.bytes().rev().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')).count();
    if tail < LEAST_KEY || is_placeholder(&key) {
        return None;
    }
    let end = rest.get(length..).and_then(|end| end.get(5..)?.find("-----").map(|close| close + 10)).unwrap_or(0);
    Some(Hit { class: Class::PrivateKey, title: "a private key", mark: "", range: start..body + length + end })
}
