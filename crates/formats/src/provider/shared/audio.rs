//! Audio of fixtures as bytes, and bytes as audio of fixtures.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

use super::collapse::unsayable;
use crate::exchange::{Audio, Body, Captured, Emission, Unsayable};

/// The words of `format` with their content types; the first of a type is the one that is recorded.
const FORMATS: [(&str, &str); 9] = [
    ("mp3", "audio/mpeg"),
    ("opus", "audio/opus"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("wav", "audio/wav"),
    ("pcm", "audio/pcm"),
    ("ogg", "audio/ogg"),
    ("ulaw", "audio/basic"),
    ("alaw", "audio/x-alaw-basic"),
];
/// Of a format that nobody knows.
const DEFAULT_TYPE: &str = "audio/mpeg";

/// What a reply that is no base64 is answered with.
pub(in crate::provider) const NOT_BASE64: &str = "Fixture response has audio that is not base64";
/// What other kinds of reply are answered with.
pub(in crate::provider) const NOT_AUDIO: &str = "Fixture response is not an audio type";

/// Base64 with or without padding.
static LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// The bytes of a base64 text, as people write it: over several lines, without padding, behind `data:…;base64,`.
pub(in crate::provider) fn decoded(base64: &str) -> Option<Bytes> {
    let text = base64.rsplit_once(";base64,").map_or(base64, |(_, text)| text);
    let plain: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    LENIENT.decode(plain).ok().map(Bytes::from)
}

/// The content type of a format's word.
pub(in crate::provider) fn content_type(format: &str) -> &'static str {
    FORMATS.iter().find(|(word, _)| *word == format).map_or(DEFAULT_TYPE, |(_, kind)| kind)
}

/// Audio as a body; what the fixture says about its type wins over what the request asked for.
pub(in crate::provider) fn emission(audio: &Audio, asked: Option<&str>) -> Option<Emission> {
    let bytes = decoded(&audio.base64)?;
    let by_format = || content_type(audio.format.as_deref().or(asked).unwrap_or_default()).to_owned();
    let kind = audio.content_type.clone().unwrap_or_else(by_format);
    Some(Emission { status: 200, headers: vec![("content-type", kind)], body: Body::Whole(bytes) })
}

/// Audio that was captured.
///
/// # Errors
/// The body is none.
pub(in crate::provider) fn captured(captured: &Captured) -> Result<Audio, Unsayable> {
    let kind = captured.headers.first("content-type").unwrap_or_default();
    let plain = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let body = captured.body();
    if body.is_empty() || !(plain.starts_with("audio/") || plain == "application/octet-stream") {
        return Err(unsayable("the body is no audio"));
    }
    let format = FORMATS.iter().find(|(_, known)| *known == kind).map(|(word, _)| (*word).to_owned());
    let content_type = format.is_none().then(|| kind.to_owned());
    Ok(Audio { base64: STANDARD.encode(&body), format, content_type, companion: None })
}
