//! Base64 and the first bytes of media files: enough to say that a fixture's image or audio is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Why a text is no base64, or `None` when every usual decoder takes it (both alphabets, with or without padding).
pub(super) fn base64_fault(text: &str) -> Option<String> {
    if text.starts_with("data:") {
        return Some("it is a `data:` URL".to_owned());
    }
    let body = text.trim_end_matches('=');
    if text.len() - body.len() > 2 {
        return Some("it ends in more than two `=`".to_owned());
    }
    let is_foreign = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'\n' | b'\r'));
    if let Some(at) = body.bytes().position(|byte| is_foreign(&byte)) {
        let character = body.get(..at).map_or(at, |before| before.chars().count());
        return Some(format!("character {} is not of its alphabet", character + 1));
    }
    let length = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
    (length % 4 == 1).then(|| "its length is none that base64 can have".to_owned())
}

/// What a file is by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Magic {
    /// MIME type.
    pub(super) mime: &'static str,
    /// Names that mean the same: MIME types and formats.
    names: &'static [&'static str],
}

impl Magic {
    /// Whether a MIME type or format name means this.
    pub(super) fn is(self, name: &str) -> bool {
        let name = name.split(';').next().unwrap_or(name).trim().to_ascii_lowercase();
        name == self.mime || self.names.contains(&name.as_str())
    }
}

const fn magic(mime: &'static str, names: &'static [&'static str]) -> Magic {
    Magic { mime, names }
}

const WAV: Magic = magic("audio/wav", &["wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"]);
const MP3: Magic = magic("audio/mpeg", &["mp3", "audio/mp3", "audio/mpeg3", "mpeg", "mpga"]);
const AAC: Magic = magic("audio/aac", &["aac", "audio/x-aac", "audio/aacp"]);
const FLAC: Magic = magic("audio/flac", &["flac", "audio/x-flac"]);
const OGG: Magic = magic("audio/ogg", &["ogg", "opus", "audio/opus", "application/ogg", "vorbis", "audio/vorbis"]);
const PNG: Magic = magic("image/png", &["png"]);
const JPEG: Magic = magic("image/jpeg", &["jpeg", "jpg", "image/jpg"]);
const GIF: Magic = magic("image/gif", &["gif"]);
const WEBP: Magic = magic("image/webp", &["webp"]);

/// What base64 text holds, by its first bytes; `None` when they are not known.
pub(super) fn magic_of(base64: &str) -> Option<Magic> {
    let head: String = base64
        .chars()
        .take(16)
        .map(|c| {
            if c == '-' {
                '+'
            } else if c == '_' {
                '/'
            } else {
                c
            }
        })
        .collect();
    let head = head.trim_end_matches('=');
    let whole = head.get(..head.len() / 4 * 4)?;
    let bytes = STANDARD_NO_PAD.decode(whole).ok()?;
    match bytes.as_slice() {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(WAV),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(WEBP),
        [b'I', b'D', b'3', ..] | [0xff, 0xfb | 0xf3 | 0xf2 | 0xfa, ..] => Some(MP3),
        [b'f', b'L', b'a', b'C', ..] => Some(FLAC),
        [b'O', b'g', b'g', b'S', ..] => Some(OGG),
        [0x89, b'P', b'N', b'G', ..] => Some(PNG),
        [0xff, 0xd8, 0xff, ..] => Some(JPEG),
        [b'G', b'I', b'F', b'8', ..] => Some(GIF),
        [0xff, 0xf1 | 0xf9, ..] => Some(AAC),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{base64_fault, magic_of};

    #[track_caller]
    fn check(text: &str, sound: bool) {
        assert_eq!(base64_fault(text).is_none(), sound, "{text}: {:?}", base64_fault(text));
    }

    #[test]
    fn every_usual_form_of_base64_is_taken() {
        check("", true);
        check("SGVsbG8=", true);
        check("SGVsbG8", true);
        check("_-__", true);
        check("SGVs\nbG8=", true);
    }

    #[test]
    fn what_no_decoder_takes_is_a_fault() {
        check("SGVsb", false);
        check("fake-audio!", false);
        check("iVBORw0KGgo...", false);
        check("data:image/png;base64,iVBORw0KGgo=", false);
        check("SGVs====", false);
        check("Übung", false);
    }

    #[track_caller]
    fn check_magic(base64: &str, name: Option<&str>) {
        let found = magic_of(base64);
        assert_eq!(found.is_some(), name.is_some(), "{base64}");
        assert!(found.zip(name).is_none_or(|(magic, name)| magic.is(name)), "{base64}: {found:?}");
    }

    #[test]
    fn first_bytes_name_the_type() {
        check_magic("iVBORw0KGgoAAAANSUhEUg", Some("image/png"));
        check_magic("/9j/4AAQSkZJRg", Some("jpg"));
        check_magic("UklGRiQAAABXQVZFZm10IA", Some("audio/x-wav; rate=8000"));
        check_magic("SUQzBAAAAAAA", Some("mp3"));
        check_magic("SGVsbG8", None);
        check_magic("", None);
    }
}
