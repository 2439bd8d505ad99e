//! Why a request meets a `match` or does not: one verdict a clause, and both sides in words for people.
//!
//! What is shown may end in a response, a journal or a terminal: long texts are cut, but not within a key, which nobody would
//! recognize then; control characters are escaped; and the values of headers that carry credentials are never written out.

use std::fmt::{self, Display, Formatter, Write as _};

use super::{Clause, Criterion, Facet, Match, Pattern, TextPattern};
use crate::exchange::{Exchange, Headers, excerpt, is_printable_ascii};

/// Longest text shown, in characters.
const WIDTH: usize = 80;

/// Characters shown before the place where two long texts part.
const LEAD: usize = 20;

/// Headers whose values are not shown: credentials, by name or by a word in the name.
const SECRET_WORDS: [&str; 8] = ["auth", "key", "token", "secret", "cookie", "password", "credential", "signature"];

/// What one clause says about one request.
#[derive(Clone, Debug)]
pub struct Verdict<'a> {
    pub criterion: &'static Criterion,
    pub pattern: &'a Pattern,
    pub facet: Facet<'a>,
    pub holds: bool,
}

impl Match {
    /// Every clause's verdict, in registry order.
    pub fn explain<'a>(&'a self, exchange: &'a Exchange) -> Vec<Verdict<'a>> {
        self.clauses().iter().map(|clause| clause.explain(exchange)).collect()
    }
}

impl Clause {
    /// The verdict of this clause.
    pub fn explain<'a>(&'a self, exchange: &'a Exchange) -> Verdict<'a> {
        let facet = (self.criterion.read)(exchange);
        let holds = self.pattern.accepts(&facet);
        Verdict { criterion: self.criterion, pattern: &self.pattern, facet, holds }
    }
}

impl Verdict<'_> {
    /// What the fixture wants, in words: ``contains `Oslo` ``.
    pub fn wanted(&self) -> String {
        match (self.difference(), self.pattern) {
            (Some(at), Pattern::Text(TextPattern::Equals { text, .. })) => {
                format!("equals `…{}` from character {} on", Shortened(text.get(at..).unwrap_or_default()), count(text, at) + 1)
            }
            _ => written(self.pattern),
        }
    }

    /// What the request has, in words: `"weather in Paris"`. Of headers only those that the pattern names.
    pub fn found(&self) -> String {
        match (self.pattern, &self.facet, self.difference()) {
            (Pattern::Headers(fields), Facet::Headers(headers), _) => found_headers(fields, headers),
            (_, Facet::Text(text), Some(at)) => format!("\"…{}\"", Shortened(text.get(at..).unwrap_or_default())),
            (_, facet, _) => written(facet),
        }
    }

    /// Where to begin showing two texts that should be equal, in bytes of either: just before they part, if that is so far in
    /// that both would look the same.
    fn difference(&self) -> Option<usize> {
        let (Pattern::Text(TextPattern::Equals { text, ignore_case: false }), Facet::Text(found)) = (self.pattern, &self.facet) else {
            return None;
        };
        let shared = text.chars().zip(found.chars()).take_while(|(wanted, found)| wanted == found).count();
        (!self.holds && shared >= WIDTH - LEAD).then(|| excerpt(found, shared - LEAD, LEAD).start)
    }
}

/// What is to be shown, with room for all of it in nearly all cases.
fn written(shown: &dyn Display) -> String {
    let mut text = String::with_capacity(WIDTH + LEAD);
    // Writing to memory cannot fail.
    let _ = write!(text, "{shown}");
    text
}

impl Display for Verdict<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds { "holds" } else { "fails" };
        write!(f, "{} {verdict}: wants {}, found {}", self.criterion.key, self.wanted(), self.found())
    }
}

impl Display for TextPattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut says = |word: &str, text: &str, ignore_case: bool| {
            f.write_str(word)?;
            Code(text).fmt(f)?;
            f.write_str(case(ignore_case))
        };
        match self {
            TextPattern::Contains { needle, ignore_case } => says("contains ", needle, *ignore_case),
            TextPattern::ContainsAll { needles, ignore_case } => {
                let needles: Vec<String> = needles.iter().map(|needle| Code(needle).to_string()).collect();
                write!(f, "contains {}{}", needles.join(" and "), case(*ignore_case))
            }
            TextPattern::Equals { text, ignore_case } => says("equals ", text, *ignore_case),
            TextPattern::StartsWith { prefix, ignore_case } => says("starts with ", prefix, *ignore_case),
            TextPattern::EndsWith { suffix, ignore_case } => says("ends with ", suffix, *ignore_case),
            TextPattern::Regex { source, ignore_case, .. } => says("matches the regex ", source, *ignore_case),
            TextPattern::Glob { source, ignore_case } => says("matches the glob ", source, *ignore_case),
            TextPattern::Model(model) => write!(f, "is {} or a dated version of it", Code(model)),
            TextPattern::Not(inner) => write!(f, "not ({inner})"),
            TextPattern::AnyOf(arms) => write!(f, "any of ({})", Joined(arms, " or ")),
            TextPattern::AllOf(arms) => write!(f, "all of ({})", Joined(arms, " and ")),
        }
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Text(pattern) => pattern.fmt(f),
            Pattern::Flag(flag) => write!(f, "`{flag}`"),
            Pattern::Subset(value) => write!(f, "holds {}", Code(&value.to_string())),
            Pattern::Headers(fields) => {
                let fields: Vec<String> = fields.iter().map(|(name, wanted)| wanted_header(name, wanted.as_ref())).collect();
                f.write_str(&fields.join(", "))
            }
        }
    }
}

impl Display for Facet<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Facet::Absent => f.write_str("nothing"),
            Facet::Text(text) => Quoted(text).fmt(f),
            Facet::Names(names) if names.is_empty() => f.write_str("nothing"),
            Facet::Names(names) => Shortened(&names.join(", ")).fmt(f),
            Facet::Flag(flag) => write!(f, "`{flag}`"),
            Facet::Headers(headers) => {
                let names: Vec<&str> = headers.iter().map(|(name, _)| name).collect();
                write!(f, "headers {}", Shortened(&names.join(", ")))
            }
            Facet::Json(value) => Code(&value.to_string()).fmt(f),
        }
    }
}

fn case(ignored: bool) -> &'static str {
    if ignored { ", ignoring case" } else { "" }
}

/// The characters of a text before a place in it.
fn count(text: &str, at: usize) -> usize {
    text.get(..at).map_or(0, |before| before.chars().count())
}

fn wanted_header(name: &str, wanted: Option<&TextPattern>) -> String {
    match wanted {
        None => format!("{name} absent"),
        Some(_) if is_secret(name) => format!("{name} (value hidden)"),
        Some(pattern) => format!("{name} {pattern}"),
    }
}

fn found_headers(fields: &[(String, Option<TextPattern>)], headers: &Headers) -> String {
    let found = fields.iter().map(|(name, _)| {
        let values: Vec<String> = headers.all(name).map(|value| Quoted(value).to_string()).collect();
        match values.as_slice() {
            [] => format!("{name} absent"),
            _ if is_secret(name) => format!("{name} (value hidden)"),
            _ => format!("{name} {}", values.join(", ")),
        }
    });
    found.collect::<Vec<_>>().join(", ")
}

fn is_secret(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| header.contains(word))
}

/// Text without control characters, cut to a width with an ellipsis.
struct Shortened<'a>(&'a str);

impl Display for Shortened<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // Nearly all are short and plain, and writing them letter by letter costs many times as much.
        if self.0.len() <= WIDTH && (is_printable_ascii(self.0) || !self.0.chars().any(char::is_control)) {
            return f.write_str(self.0);
        }
        let (shown, rest) = self.0.split_at(excerpt(self.0, 0, WIDTH).end);
        for c in shown.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        if rest.is_empty() { Ok(()) } else { f.write_str("…") }
    }
}

/// Text of a file, in backticks.
struct Code<'a>(&'a str);

impl Display for Code<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("`")?;
        Shortened(self.0).fmt(f)?;
        f.write_str("`")
    }
}

/// Text of a request, in quotes.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        Shortened(self.0).fmt(f)?;
        f.write_str("\"")
    }
}

struct Joined<'a>(&'a [TextPattern], &'static str);

impl Display for Joined<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, pattern) in self.0.iter().enumerate() {
            write!(f, "{}{pattern}", if index > 0 { self.1 } else { "" })?;
        }
        Ok(())
    }
}
