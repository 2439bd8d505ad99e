//! What must hold of every stream that was sent.

use super::Seen;
use super::judge::Verdict;
use crate::exchange::{StreamFacts, TextFacts};
use crate::fixture::expectation::StreamWord;

/// One word of the vocabulary, for every stream among these entries.
pub(super) fn word(word: StreamWord, entries: &[&Seen]) -> Verdict {
    let trouble = |entry: &Seen, facts: &StreamFacts| -> Option<String> {
        match word {
            StreamWord::Complete => (!facts.terminated || entry.interrupted).then(|| format!("ended after {} events", facts.events)),
            StreamWord::StopsBeforeTerminator if facts.terminated => Some("was sent with its terminator".to_owned()),
            StreamWord::StopsBeforeTerminator => (facts.events == 0).then(|| "had no event".to_owned()),
            StreamWord::ChunksParse => (facts.unparsed > 0).then(|| format!("had {} events that do not parse", facts.unparsed)),
            StreamWord::ToolArgumentsParse => match facts.tool_arguments {
                None => Some("called no tool".to_owned()),
                Some(parse) => (!parse).then(|| "had tool arguments that are no JSON".to_owned()),
            },
            StreamWord::UsagePresent => facts.usage.is_none().then(|| "had no usage".to_owned()),
            StreamWord::UsageOnlyChunk => (!facts.usage_only).then(|| "had no event with usage alone".to_owned()),
        }
    };
    every(word.word().to_owned(), entries, trouble)
}

/// The text of every stream among these entries.
pub(super) fn text(text: &str, entries: &[&Seen]) -> Verdict {
    let wanted = TextFacts::of(text);
    let different = |_: &Seen, facts: &StreamFacts| {
        let same = facts.text.digest == wanted.digest && facts.text.characters == wanted.characters;
        (!same).then(|| format!("said {}", shown(&facts.text)))
    };
    every(shown(&wanted), entries, different)
}

fn every(expected: String, entries: &[&Seen], trouble: impl Fn(&Seen, &StreamFacts) -> Option<String>) -> Verdict {
    let streams: Vec<(&Seen, &StreamFacts)> = entries.iter().filter_map(|entry| Some((*entry, entry.stream.as_ref()?))).collect();
    let mut broken = streams.iter().filter_map(|(entry, facts)| Some((entry, trouble(entry, facts)?)));
    let count = streams.len();
    match (count, broken.next()) {
        (0, _) => (false, expected, "no stream".to_owned()),
        (_, None) => (true, expected, format!("so in {}", streams_of(count))),
        (_, Some((entry, trouble))) => {
            let more = broken.count();
            (false, expected, format!("{} of {}: {} {trouble}", more + 1, streams_of(count), entry.id))
        }
    }
}

fn streams_of(count: usize) -> String {
    if count == 1 { "1 stream".to_owned() } else { format!("{count} streams") }
}

/// A text as messages show it: its beginning, as JSON writes it.
fn shown(text: &TextFacts) -> String {
    const MOST: usize = 60;
    let start = text.excerpt(MOST);
    let more = if text.characters > start.chars().count() as u64 { format!("… ({} characters)", text.characters) } else { String::new() };
    format!("{}{more}", serde_json::Value::from(start))
}
