//! Texts inside texts: base64, and gzip inside base64. One level each, and never more than a bounded output.

use std::io::Read as _;
use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Shortest stretch of base64 that is worth decoding: 24 bytes, shorter than any key.
const LEAST_RUN: usize = 32;
/// Most bytes that are taken from one stretch, before and after inflating.
const MOST_OUTPUT: usize = 1 << 20;

/// How a text was wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    Base64,
    Gzip,
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);
static STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
static URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Whether a text has a stretch that could be base64.
pub fn may_be_encoded(text: &str) -> bool {
    runs(text).next().is_some()
}

/// What the stretches of base64 in a text hold, where that is text: where each stands, how it was wrapped, and the text.
pub fn decoded(text: &str) -> impl Iterator<Item = (Range<usize>, Layer, String)> {
    runs(text).filter_map(|range| {
        let run = text.get(range.clone())?;
        let (layer, inner) = unwrap(run)?;
        Some((range, layer, inner))
    })
}

fn unwrap(run: &str) -> Option<(Layer, String)> {
    let run = run.get(..run.len().min(MOST_OUTPUT / 3 * 4))?;
    // What is left over after whole groups of four cannot be told from the start of what follows.
    let whole = run.get(..run.len() - usize::from(run.len() % 4 == 1))?;
    let engine = if whole.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    let bytes = engine.decode(whole).ok()?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut inflated = Vec::new();
        // A cut stream still gives what came before the cut.
        let _cut = flate2::read::GzDecoder::new(bytes.as_slice()).take(MOST_OUTPUT as u64).read_to_end(&mut inflated);
        return text_of(inflated).map(|text| (Layer::Gzip, text));
    }
    text_of(bytes).map(|text| (Layer::Base64, text))
}

/// The text, when it is one: valid UTF-8 (but for a last character that was cut), without control characters that no
/// text has. Pictures and sounds end here.
fn text_of(mut bytes: Vec<u8>) -> Option<String> {
    if let Err(error) = std::str::from_utf8(&bytes) {
        if error.error_len().is_some() {
            return None;
        }
        bytes.truncate(error.valid_up_to());
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.is_empty() && !text.contains(|c: char| c.is_control() && !c.is_whitespace())).then_some(text)
}

/// Long stretches of the base64 alphabets.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            // Every run of this length covers one of these places: most bytes are never looked at.
            let probe = at + LEAST_RUN - 1;
            if !bytes.get(probe).is_some_and(|byte| is_base64(*byte)) {
                at = probe + 1;
                continue;
            }
            let back = bytes.get(at..=probe)?.iter().rev().take_while(|byte| is_base64(**byte)).count();
            let start = probe + 1 - back;
            let forward = bytes.get(probe + 1..)?.iter().take_while(|byte| is_base64(**byte)).count();
            let end = probe + 1 + forward;
            at = end + 1;
            if end - start >= LEAST_RUN {
                return Some(start..end);
            }
        }
        None
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}
