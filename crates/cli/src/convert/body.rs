//! Bodies of recordings as bytes: base64, content encodings and chunked framing undone, in bounded memory.
//!
//! Recorders disagree on whether a body is stored as it came or as the client saw it, whatever the headers beside it say.
//! So an encoding is undone only where the bytes are in it, and a body that is not is taken as decoded already.

use std::io::Read;

use crate::exchange::Headers;

/// Most bytes that all bodies of a file may have after decoding.
pub(super) const MOST_BYTES: u64 = 256 << 20;

/// Why a body cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body is not base64")]
    NotBase64,
    #[error("the bodies of this file grow beyond {} MiB when they are decoded", MOST_BYTES >> 20)]
    TooLarge,
    #[error("its body is broken {0}")]
    Encoding(&'static str),
}

/// What may still be decoded.
#[derive(Debug)]
pub(super) struct Bodies {
    left: u64,
}

impl Default for Bodies {
    fn default() -> Bodies {
        Bodies { left: MOST_BYTES }
    }
}

impl Bodies {
    /// The body as the client saw it; framing headers say how it came.
    pub(super) fn decode(&mut self, bytes: Vec<u8>, headers: &Headers) -> Result<Vec<u8>, BodyError> {
        let mut bytes = if headers.all("transfer-encoding").any(|value| value.to_ascii_lowercase().contains("chunked")) {
            unchunked(&bytes).unwrap_or(bytes)
        } else {
            bytes
        };
        let listed: Vec<String> =
            headers.all("content-encoding").flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect();
        for name in listed.iter().rev() {
            bytes = match name.as_str() {
                "gzip" | "x-gzip" if bytes.starts_with(&[0x1f, 0x8b]) => {
                    self.read(flate2::read::MultiGzDecoder::new(bytes.as_slice()), "gzip")?
                }
                "deflate" => self.deflated(bytes)?,
                "br" => self.brotli(bytes)?,
                "zstd" if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) => {
                    let decoder = ruzstd::decoding::StreamingDecoder::new(bytes.as_slice()).map_err(|_| BodyError::Encoding("zstd"))?;
                    self.read(decoder, "zstd")?
                }
                _ => bytes,
            };
        }
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(BodyError::TooLarge)?;
        Ok(bytes)
    }

    /// Deflate with or without its zlib header: both are sent under this name.
    fn deflated(&self, bytes: Vec<u8>) -> Result<Vec<u8>, BodyError> {
        Bodies::without_mark(bytes, |bytes| match self.read(flate2::read::ZlibDecoder::new(bytes), "deflate") {
            Err(BodyError::Encoding(_)) => self.read(flate2::read::DeflateDecoder::new(bytes), "deflate"),
            decoded => decoded,
        })
    }

    fn brotli(&self, bytes: Vec<u8>) -> Result<Vec<u8>, BodyError> {
        Bodies::without_mark(bytes, |bytes| self.read(brotli_decompressor::Decompressor::new(bytes, 4096), "brotli"))
    }

    /// Encodings without a mark at their start: hardly any compressed bytes are UTF-8, so text is decoded already, and so is
    /// what does not decode.
    fn without_mark(bytes: Vec<u8>, decode: impl FnOnce(&[u8]) -> Result<Vec<u8>, BodyError>) -> Result<Vec<u8>, BodyError> {
        if std::str::from_utf8(&bytes).is_ok() {
            return Ok(bytes);
        }
        match decode(&bytes) {
            Err(BodyError::Encoding(_)) => Ok(bytes),
            decoded => decoded,
        }
    }

    fn read(&self, decoder: impl Read, name: &'static str) -> Result<Vec<u8>, BodyError> {
        let mut out = Vec::new();
        decoder.take(self.left.saturating_add(1)).read_to_end(&mut out).map_err(|_| BodyError::Encoding(name))?;
        if out.len() as u64 > self.left { Err(BodyError::TooLarge) } else { Ok(out) }
    }
}

/// Bytes of base64 text; blanks and line breaks do not count.
pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, BodyError> {
    use base64::Engine as _;
    let plain: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(plain).map_err(|_| BodyError::NotBase64)
}

/// Bytes of hexadecimal text.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// The content of a body that still has its chunked framing (RFC 9112, section 7.1), complete to the last chunk.
fn unchunked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let mut rest = bytes;
    loop {
        let line = rest.iter().position(|byte| *byte == b'\n')?;
        let (head, behind) = rest.split_at_checked(line + 1)?;
        let size = std::str::from_utf8(head.strip_suffix(b"\r\n")?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(content);
        }
        let (chunk, behind) = behind.split_at_checked(size)?;
        content.extend_from_slice(chunk);
        rest = behind.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&str, &str)]) -> Headers {
        fields.iter().map(|(name, value)| (*name, *value)).collect()
    }

    #[track_caller]
    fn check(bytes: &[u8], fields: &[(&str, &str)], expected: &str) {
        let decoded = Bodies::default().decode(bytes.to_vec(), &headers(fields)).unwrap();
        assert_eq!(String::from_utf8_lossy(&decoded), expected);
    }

    #[test]
    fn framing_is_undone_only_where_it_is_there() {
        let chunked = [("Transfer-Encoding", "chunked")];
        check(b"2\r\nhi\r\n3\r\n you\r\n0\r\n\r\n", &chunked, "2\r\nhi\r\n3\r\n you\r\n0\r\n\r\n");
        check(b"2\r\nhi\r\n4;x=1\r\n you\r\n0\r\n\r\n", &chunked, "hi you");
        check(b"hi you", &chunked, "hi you");
        check(b"2\r\nhi\r\n", &chunked, "2\r\nhi\r\n");
        check(b"2\r\nhi\r\n0\r\n\r\n", &[], "2\r\nhi\r\n0\r\n\r\n");
        for name in ["gzip", "deflate", "br", "zstd", "identity", "who-knows"] {
            check(b"{\"a\": 1}", &[("content-encoding", name)], "{\"a\": 1}");
            check(b"\x89PNG\r\n", &[("content-encoding", name)], "\u{fffd}PNG\r\n");
        }
    }

    #[test]
    fn encodings_are_undone() {
        use std::io::Write as _;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"hello hello").unwrap();
        check(&gzip.finish().unwrap(), &[("Content-Encoding", "gzip")], "hello hello");
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(b"hello hello").unwrap();
        check(&zlib.finish().unwrap(), &[("Content-Encoding", "deflate")], "hello hello");
        let mut plain = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        plain.write_all(b"hello \xc3\xa6 hello").unwrap();
        check(&plain.finish().unwrap(), &[("Content-Encoding", "deflate")], "hello æ hello");
        // Written by the reference tools.
        let brotli = from_base64("CwKAaGVsbG8D").unwrap();
        check(&brotli, &[("Content-Encoding", "br")], "hello");
        let zstd = from_base64("KLUv/SAFKQAAaGVsbG8=").unwrap();
        check(&zstd, &[("Content-Encoding", "zstd")], "hello");
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        use std::io::Write as _;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&vec![0; 4 << 20]).unwrap();
        let bomb = gzip.finish().unwrap();
        let fields = headers(&[("content-encoding", "gzip")]);
        let mut bodies = Bodies { left: 6 << 20 };
        assert!(bodies.decode(bomb.clone(), &fields).is_ok());
        assert_eq!(bodies.decode(bomb, &fields), Err(BodyError::TooLarge));
    }

    #[test]
    fn hexadecimal_is_read() {
        assert_eq!(from_hex("deadBEEF00"), Some(vec![0xde, 0xad, 0xbe, 0xef, 0]));
        assert_eq!(from_hex("abc"), None);
        assert_eq!(from_hex("zz"), None);
        assert_eq!(from_hex("é"), None);
    }
}
