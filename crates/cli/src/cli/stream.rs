//! `aimock verify --stream`: whether a captured stream keeps to the grammar of its API.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::report::{self, Report, RuleInfo, Style, counted};
use super::{Status, Terminal};
use crate::diagnostic::{Diagnostic, Label, Severity, Source, SourceId, Span};
use crate::files;
use crate::provider::grammar;
use crate::provider::protocol::{Judge, Verdict};
use crate::wire::{Decoder, Framing};

const RULE: &str = "broken-stream";
const RULES: [RuleInfo; 1] = [RuleInfo {
    name: RULE,
    summary: "a stream does not keep to the grammar of its API",
    why: "clients read a stream by its grammar and raise an error, or lose content, where it is broken",
    severity: Severity::Error,
}];
/// No event is longer.
const MOST_EVENT: usize = 64 << 20;

/// Judges the stream in a file, `-` for stdin.
pub(super) fn run(
    path: &Path,
    named: Option<&str>,
    format: &'static report::Format,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Status> {
    let name = files::display_name(path);
    let read = if path.as_os_str() == "-" {
        files::stdin_bytes(files::DEFAULT_MAX_FILE_SIZE)
    } else {
        files::read_bytes(path, files::DEFAULT_MAX_FILE_SIZE)
    };
    let bytes = read.with_context(|| format!("cannot read the stream {name}"))?;
    let grammar = named.map(|named| {
        let known = || grammar::names().collect::<Vec<_>>().join(", ");
        grammar::named(named).with_context(|| format!("there is no grammar `{named}`; there are {}", known()))
    });
    let framing = framing(&bytes);
    let judged = judge(framing, grammar.transpose()?, &bytes);
    let Some(grammar) = judged.verdict.grammar else {
        anyhow::bail!(
            "{name} holds no event of an API that is known ({} with data, read as {}); name its grammar with --grammar if it is one of {}",
            counted(usize::try_from(judged.verdict.events).unwrap_or(usize::MAX), "event"),
            framing_name(framing),
            grammar::names().collect::<Vec<_>>().join(", ")
        );
    };
    let findings = findings(&judged, &name, &bytes);
    let outcome = report::FileOutcome { name: name.clone(), ..report::FileOutcome::default() };
    let report = Report { findings: &findings, files: &[outcome], rules: &RULES, fail_on: Some(Severity::Warning) };
    let style = Style { color: terminal.stdout_color(), width: terminal.width(), per_rule_limit: None };
    report::write(format, &report, terminal.stdout(), style)?;
    terminal.flush()?;
    let events = counted(usize::try_from(judged.verdict.events).unwrap_or(usize::MAX), "event");
    let offences = judged.verdict.offences.len() as u64 + judged.verdict.more;
    terminal.say(if offences == 0 {
        format!("{events} of {grammar}: the stream is whole")
    } else {
        format!("{events} of {grammar}: {offences} out of order")
    });
    Ok(report.status())
}

/// A verdict, and where each event stands.
struct Judged {
    verdict: Verdict,
    places: Vec<Span>,
    /// The bytes cannot be read on from here.
    broken: Option<(usize, String)>,
}

fn judge(framing: Framing, grammar: Option<&'static grammar::Grammar>, bytes: &[u8]) -> Judged {
    let (mut judge, mut decoder) = (Judge::new(grammar), Decoder::new(framing, MOST_EVENT));
    let (mut places, mut from, mut at) = (Vec::new(), 0, 0);
    let mut broken = None;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        match decoder.feed(line) {
            Ok(events) if events.is_empty() => {}
            Ok(events) => {
                for event in events {
                    places.extend(event.data.is_some().then(|| Span::new(from, at)));
                    judge.take(&event);
                }
                from = at;
            }
            Err(unreadable) => {
                broken = Some((from, unreadable.to_string()));
                break;
            }
        }
    }
    if let Some(event) = decoder.finish() {
        places.push(Span::new(from, at));
        judge.take(&event);
    }
    if broken.is_none() && decoder.is_mid_event() {
        broken = Some((from, "the stream ends in the middle of an event".to_owned()));
    }
    Judged { verdict: judge.end(), places, broken }
}

fn findings(judged: &Judged, name: &str, bytes: &[u8]) -> Vec<Diagnostic> {
    let binary = std::str::from_utf8(bytes).is_err();
    // Places in bytes that are no text say nothing.
    let text = if binary { String::new() } else { String::from_utf8_lossy(bytes).into_owned() };
    let source = Arc::new(Source::new(SourceId(0), name, text));
    let finding = |span: Span, message: String| {
        let span = if binary { Span::at(0) } else { span };
        let label = Label { source: source.clone(), span, pointer: String::new(), note: "".into() };
        Diagnostic::new(RULE, Severity::Error, message, label)
    };
    let end = Span::at(bytes.len().saturating_sub(1));
    let offences = judged.verdict.offences.iter().map(|offence| {
        let index = usize::try_from(offence.event).unwrap_or(usize::MAX).saturating_sub(1);
        match judged.places.get(index) {
            Some(place) => finding(first_line(*place, bytes), format!("event {}: {}", offence.event, offence.message)),
            None => finding(end, offence.message.clone()),
        }
    });
    let mut found: Vec<Diagnostic> = offences.collect();
    found.extend(judged.broken.as_ref().map(|(at, message)| finding(Span::at(*at), message.clone())));
    found
}

/// The first line of an event that is not blank.
fn first_line(place: Span, bytes: &[u8]) -> Span {
    let event = bytes.get(place.start..place.end).unwrap_or_default();
    let start = event.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    let length = event.get(start..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')).unwrap_or(event.len() - start);
    Span::new(place.start + start, place.start + start + length)
}

/// How a stream is divided, told by how it begins.
fn framing(bytes: &[u8]) -> Framing {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    match (bytes.first(), text.first()) {
        (Some(0), _) => Framing::EventStream,
        (_, Some(b'[')) => Framing::JsonArray,
        (_, Some(b'{')) => Framing::Ndjson,
        _ => Framing::Sse,
    }
}

fn framing_name(framing: Framing) -> &'static str {
    match framing {
        Framing::Sse | Framing::Whole => "server-sent events",
        Framing::Ndjson => "one JSON value a line",
        Framing::JsonArray => "a JSON array",
        Framing::EventStream => "binary messages",
    }
}
