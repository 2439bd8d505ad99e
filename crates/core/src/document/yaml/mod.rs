//! YAML 1.2, core schema, as the same tree: what JSON can say, and nothing else.
//!
//! `no` and `on` are text, `014` is fourteen, `<<` is a key like any other. What JSON cannot say (tags of one's own,
//! keys that are not text, infinities, a second document) is a finding with a stand-in, so that it costs one value and not the file.
//! Aliases are copied as they are read; a budget over all copies ends alias bombs. The value an alias stands for has the
//! alias' own span, the values inside it the spans of the anchored text.

mod build;
mod complaint;
mod scalar;
mod surrogate;

use granit_parser::{ErrorKind, Parser, ScanError};

use super::{Findings, Limits, Parsed, Span, Tags, Trouble, bom_length};
use build::{Builder, Stop};

/// Reading again after a mended escape may cost this many bytes in all.
const MOST_READ_AGAIN: usize = 64 << 20;

/// Reads a YAML text.
pub(super) fn parse<'s>(text: &'s str, limits: &Limits, tags: Tags) -> Result<Parsed<'s>, Vec<Trouble>> {
    let bom = bom_length(text);
    let body = text.get(bom..).unwrap_or_default();
    let quote = match read(body, bom, limits, tags) {
        Ok(parsed) => return Ok(parsed),
        Err(Failure::Ended(troubles)) => return Err(troubles),
        Err(Failure::Surrogate { quote, .. }) => quote,
    };
    mend_and_read(body, bom, quote, limits, tags)
}

/// Why a text could not be read.
enum Failure {
    Ended(Vec<Trouble>),
    /// Half a surrogate pair in the quoted text at this offset of the body; `otherwise` is the complaint if that is not so.
    Surrogate {
        quote: usize,
        otherwise: Vec<Trouble>,
    },
}

/// Replaces each half surrogate pair by `\ufffd`, which is as long, until the text can be read.
fn mend_and_read(body: &str, bom: usize, first: usize, limits: &Limits, tags: Tags) -> Result<Parsed<'static>, Vec<Trouble>> {
    let mut mended = body.to_owned();
    let mut findings = Vec::new();
    let mut quote = first;
    let mut cost = 0;
    loop {
        for place in surrogate::lone(&mended, quote) {
            findings.push(Trouble::lone_surrogate(&mended[place.start..place.end], Span::new(bom + place.start, bom + place.end)));
            mended.replace_range(place.start..place.end, "\\ufffd");
        }
        cost += body.len();
        match read(&mended, bom, limits, tags) {
            Ok(parsed) => {
                findings.extend(parsed.findings);
                findings.sort_by_key(|finding| finding.span.start);
                return Ok(Parsed {
                    root: parsed.root.into_owned(),
                    findings,
                    had_bom: parsed.had_bom,
                    binaries: parsed.binaries,
                    comments: parsed.comments,
                    trailing_commas: Vec::new(),
                });
            }
            Err(Failure::Surrogate { quote: next, .. }) if next > quote && cost < MOST_READ_AGAIN => quote = next,
            Err(Failure::Ended(troubles) | Failure::Surrogate { otherwise: troubles, .. }) => {
                findings.extend(troubles);
                return Err(findings);
            }
        }
    }
}

/// One pass over the text after its byte-order mark.
fn read<'s>(body: &'s str, bom: usize, limits: &Limits, tags: Tags) -> Result<Parsed<'s>, Failure> {
    let mut options = granit_parser::Options::default();
    options.flow_nesting_limit = limits.depth;
    options.block_nesting_limit = limits.depth;
    options.max_buffered_comment_events = limits.nodes;
    let mut builder = Builder::new(body, bom, limits, tags);
    for event in Parser::new_from_str_with_options(body, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => return Err(failure(&error, builder)),
        };
        match builder.take(event, span.byte_range().unwrap_or_default()) {
            Ok(()) => {}
            Err(Stop::Enough) => break,
            Err(Stop::Fatal(trouble)) => return Err(Failure::Ended(builder.into_findings().ended_by(*trouble))),
        }
    }
    builder.finish().map_err(Failure::Ended)
}

fn failure(error: &ScanError, builder: Builder<'_, '_>) -> Failure {
    let at = error.marker().byte_offset().unwrap_or_default();
    let trouble = complaint::explain(error.kind(), at, &builder);
    let otherwise = builder.into_findings().ended_by(trouble);
    match error.kind() {
        ErrorKind::MissingLowSurrogate | ErrorKind::InvalidLowSurrogate | ErrorKind::UnpairedLowSurrogate => {
            Failure::Surrogate { quote: at, otherwise }
        }
        _ => Failure::Ended(otherwise),
    }
}
