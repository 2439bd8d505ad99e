//! Content encodings of upstreams, undone while the bytes pass.

use std::io::{self, Write as _};

use brotli_decompressor::DecompressorWriter;
use bytes::Bytes;
use flate2::write::{MultiGzDecoder, ZlibDecoder};

/// Compressed bytes taken in one step, so that a step cannot fill the memory: both formats stay far below a factor of
/// 5,000 for repetitive input.
pub(super) const STEP: usize = 4096;

/// A decoder for one body.
pub(super) enum Unpack {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Deflate(ZlibDecoder<Vec<u8>>),
    Brotli(Box<DecompressorWriter<Vec<u8>>>),
}

/// What a `content-encoding` asks for.
pub(super) enum Coding {
    /// Nothing to undo.
    Identity,
    Known(Box<Unpack>),
    /// Passed on as it is; it cannot be read here.
    Unknown,
}

impl Coding {
    /// Reads the field's value.
    pub(super) fn of(value: Option<&str>) -> Coding {
        match value.map(|value| value.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Coding::Identity,
            Some("gzip" | "x-gzip") => Coding::Known(Box::new(Unpack::Gzip(MultiGzDecoder::new(Vec::new())))),
            Some("deflate") => Coding::Known(Box::new(Unpack::Deflate(ZlibDecoder::new(Vec::new())))),
            Some("br") => Coding::Known(Box::new(Unpack::Brotli(Box::new(DecompressorWriter::new(Vec::new(), STEP))))),
            Some(_) => Coding::Unknown,
        }
    }
}

/// Whether a client reads an encoding: its `accept-encoding` names it without a quality of zero.
pub(super) fn is_accepted(accept: Option<&str>, coding: &str) -> bool {
    accept.unwrap_or_default().split(',').any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case(coding.trim()) && !refused
    })
}

impl Unpack {
    /// The plain bytes that these complete.
    ///
    /// # Errors
    /// The bytes are not of the encoding.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> io::Result<Bytes> {
        let plain = match self {
            Unpack::Gzip(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()?;
                std::mem::take(decoder.get_mut())
            }
            Unpack::Deflate(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()?;
                std::mem::take(decoder.get_mut())
            }
            Unpack::Brotli(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()?;
                std::mem::take(decoder.get_mut())
            }
        };
        Ok(plain.into())
    }

    /// What is left at the end of the body.
    ///
    /// # Errors
    /// The body ended too early.
    pub(super) fn finish(self) -> io::Result<Bytes> {
        match self {
            Unpack::Gzip(decoder) => decoder.finish().map(Bytes::from),
            Unpack::Deflate(decoder) => decoder.finish().map(Bytes::from),
            Unpack::Brotli(mut decoder) => {
                decoder.close()?;
                Ok(std::mem::take(decoder.get_mut()).into())
            }
        }
    }
}
