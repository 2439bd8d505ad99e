//! Reads one file: regular, bounded, UTF-8.

use std::fmt;
use std::fs::{self, File};
use std::io::Read as _;

use super::Found;

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadTrouble {
    /// The system's reason.
    Unreadable(String),
    /// A pipe, socket, device or directory.
    NotRegular(&'static str),
    TooLarge {
        size: u64,
        limit: u64,
    },
    /// Where the first byte stands that is no UTF-8, as people count, and what the text may be instead.
    NotUtf8 {
        line: usize,
        column: usize,
        guess: Option<&'static str>,
    },
}

impl ReadTrouble {
    /// Kebab-case name of the rule.
    pub fn rule(&self) -> &'static str {
        match self {
            ReadTrouble::Unreadable(_) => "unreadable-file",
            ReadTrouble::NotRegular(_) => "not-a-regular-file",
            ReadTrouble::TooLarge { .. } => "file-too-large",
            ReadTrouble::NotUtf8 { .. } => "not-utf8",
        }
    }

    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            ReadTrouble::Unreadable(_) => "check its permissions, or exclude it",
            ReadTrouble::NotRegular(_) => "name a regular file, or exclude this one",
            ReadTrouble::TooLarge { .. } => "split the file, or raise `--max-file-size`",
            ReadTrouble::NotUtf8 { .. } => "save it as UTF-8",
        }
    }
}

impl fmt::Display for ReadTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadTrouble::Unreadable(reason) => write!(f, "cannot be read: {reason}"),
            ReadTrouble::NotRegular(kind) => write!(f, "is {kind}, not a regular file"),
            ReadTrouble::TooLarge { size, limit } => write!(f, "has {size} bytes; at most {limit} are read"),
            ReadTrouble::NotUtf8 { line, column, guess } => {
                write!(f, "is not UTF-8 text: line {line}, column {column}")?;
                guess.map_or(Ok(()), |guess| write!(f, " (it looks like {guess})"))
            }
        }
    }
}

/// Reads a file's text.
///
/// # Errors
/// See [`ReadTrouble`]. A file that is too large is refused without being read.
pub fn read(found: &Found, limit: u64) -> Result<String, ReadTrouble> {
    let unreadable = |error: std::io::Error| ReadTrouble::Unreadable(super::discover::reason(&error));
    // Opening a pipe waits for its writer, so its kind is asked first; the opened file is asked again.
    check(&fs::metadata(&found.path).map_err(unreadable)?, limit)?;
    let file = File::open(&found.path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    check(&metadata, limit)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).saturating_add(1));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    text_of(bytes, limit)
}

fn check(metadata: &fs::Metadata, limit: u64) -> Result<(), ReadTrouble> {
    if !metadata.is_file() {
        return Err(ReadTrouble::NotRegular(kind(metadata.file_type())));
    }
    if metadata.len() > limit {
        return Err(ReadTrouble::TooLarge { size: metadata.len(), limit });
    }
    Ok(())
}

/// What a file is that is not regular.
pub(super) fn kind(file_type: fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if file_type.is_fifo() {
            return "a named pipe";
        }
        if file_type.is_socket() {
            return "a socket";
        }
        if file_type.is_block_device() || file_type.is_char_device() {
            return "a device";
        }
    }
    if file_type.is_dir() { "a directory" } else { "something else" }
}

pub(super) fn text_of(bytes: Vec<u8>, limit: u64) -> Result<String, ReadTrouble> {
    let size = bytes.len() as u64;
    if size > limit {
        return Err(ReadTrouble::TooLarge { size, limit });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default()).into_owned();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let guess = match bytes.get(..2) {
            Some([0xff, 0xfe] | [0xfe, 0xff]) => Some("UTF-16"),
            Some([0x1f, 0x8b]) => Some("a gzip archive"),
            _ if bytes.contains(&0) => Some("a binary file"),
            _ => None,
        };
        ReadTrouble::NotUtf8 { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1, guess }
    })
}
