//! Reading, in bounded memory and without waiting for anybody.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use super::discover::{Found, kind_of};
use super::problem::{Problem, display_name, io_problem};
use crate::diagnostic::{LineColumn, Severity, Source, SourceId, Span};

/// Larger files are refused unless the user asks for more: 256 MiB.
pub const DEFAULT_MAX_FILE_SIZE: u64 = 256 << 20;

/// The text of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileText {
    /// All of it, a byte-order mark included.
    pub text: String,
    pub had_bom: bool,
    /// The first line ends in CR LF.
    pub crlf: bool,
}

/// Reads a file that was found.
///
/// # Errors
/// It is gone, unreadable, not a regular file, larger than `max` bytes (then little or nothing is read), or not UTF-8.
pub fn read(found: &Found, max: u64) -> Result<FileText, Box<Problem>> {
    if let Some(small) = small(found, max)? {
        return decode(small, &found.name);
    }
    let (file, length) = open_found(found, max)?;
    decode(bounded(file, length, max, &found.name)?, &found.name)
}

/// Most fixture files are smaller.
const SMALL: usize = 16 << 10;

/// All of a small file, without asking for its length first: whoever reads thousands feels that. `None`: it is not small, or its
/// kind must be looked at before it is opened.
fn small(Found { path, name, .. }: &Found, max: u64) -> Result<Option<Vec<u8>>, Box<Problem>> {
    if !cfg!(unix) {
        return Ok(None);
    }
    let failed = |error| Box::new(io_problem(Severity::Error, name, &error));
    // Its space is not cleared before it is filled.
    let mut file = BufReader::with_capacity(SMALL, open(path).map_err(failed)?);
    // Of a regular file, which it was a moment ago, one call gives all that there is room for. What is none may say so here.
    Ok(match file.fill_buf() {
        Ok(bytes) if bytes.len() < SMALL && bytes.len() as u64 <= max => Some(bytes.to_vec()),
        Ok(_) | Err(_) => None,
    })
}

fn open_found(Found { path, name, .. }: &Found, max: u64) -> Result<(File, u64), Box<Problem>> {
    // It was a regular file a moment ago.
    if cfg!(unix) { open_checked(path, name, max) } else { open_regular(path, name, max) }
}

/// Smaller files are read at once.
const WORTH_STREAMING: u64 = 1 << 20;

/// Reads a file that was found, unless it is so long that it should not be read at once.
///
/// # Errors
/// As [`read`].
pub fn read_short(found: &Found, max: u64) -> Result<Option<FileText>, Box<Problem>> {
    if let Some(small) = small(found, max)? {
        return decode(small, &found.name).map(Some);
    }
    let (file, length) = open_found(found, max)?;
    if length >= WORTH_STREAMING {
        return Ok(None);
    }
    decode(bounded(file, length, max, &found.name)?, &found.name).map(Some)
}

/// Opens a file that was found, to read it piece by piece; with its length in bytes. `None` where [`read`] says why not.
pub fn stream(found: &Found, max: u64) -> Option<(impl Read + use<>, usize)> {
    let (file, length) = open_found(found, max).ok()?;
    // What has been added since is not read.
    Some((file.take(length), usize::try_from(length).ok()?))
}

/// Reads a file by its path.
///
/// # Errors
/// As [`read`].
pub fn read_path(path: &Path, max: u64) -> Result<FileText, Box<Problem>> {
    read_as(path, &display_name(path), max)
}

/// Passes the bytes of a file on as they are, whatever they are and however many.
///
/// # Errors
/// The outer one: they cannot be written. The inner one: the file is gone, unreadable, or not a regular file.
pub fn copy(path: &Path, to: &mut dyn io::Write) -> io::Result<Result<(), Box<Problem>>> {
    let name = display_name(path);
    let mut file = match open_regular(path, &name, u64::MAX) {
        Ok((file, _)) => file,
        Err(problem) => return Ok(Err(problem)),
    };
    let mut piece = vec![0; 64 << 10];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(Ok(())),
            Ok(length) => to.write_all(piece.get(..length).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Ok(Err(Box::new(io_problem(Severity::Error, &name, &error)))),
        }
    }
}

/// Reads the bytes of a file that another file names by a path relative to itself. It must lie below `root`, links
/// followed: what a fixture file says cannot reach what was not offered.
///
/// # Errors
/// Why not, in words that follow "names `path`, which".
pub fn read_beside(file: &Path, root: &Path, path: &str, max: u64) -> Result<Vec<u8>, String> {
    let path = Path::new(path);
    if path.is_absolute() || path.has_root() {
        return Err("is not relative".to_owned());
    }
    let folder = |path: &Path| if path.as_os_str().is_empty() { Path::new(".").to_owned() } else { path.to_owned() };
    let failed = |problem: &Problem| format!("cannot be read: {}", problem.message);
    let whole = |path: &Path| path.canonicalize().map_err(|error| failed(&io_problem(Severity::Error, "", &error)));
    let bound = whole(&folder(root))?;
    let target = whole(&folder(file.parent().unwrap_or(Path::new(""))).join(path))?;
    if !target.starts_with(&bound) {
        return Err(format!("leads out of {}", display_name(&folder(root))));
    }
    bytes_of(&target, "", max).map_err(|problem| failed(&problem))
}

/// Reads the bytes of a file by its path, whatever they are.
///
/// # Errors
/// As [`read`], but for their encoding.
pub fn read_bytes(path: &Path, max: u64) -> Result<Vec<u8>, Box<Problem>> {
    bytes_of(path, &display_name(path), max)
}

/// Reads the bytes of standard input to its end, whatever they are.
///
/// # Errors
/// It cannot be read, or goes on after `max` bytes.
pub fn stdin_bytes(max: u64) -> Result<Vec<u8>, Box<Problem>> {
    bounded(io::stdin().lock(), 0, max, "<stdin>")
}

/// Reads standard input to its end.
///
/// # Errors
/// It cannot be read, goes on after `max` bytes, or is not UTF-8.
pub fn stdin(max: u64) -> Result<FileText, Box<Problem>> {
    let name = "<stdin>";
    decode(bounded(io::stdin().lock(), 0, max, name)?, name)
}

/// Reads a list of paths, one a line or separated by NUL, from a file or, without one, from standard input.
///
/// # Errors
/// As [`read`]; where the system's paths are text, also that one of them is not.
pub fn list(path: Option<&Path>, max: u64) -> Result<Vec<PathBuf>, Box<Problem>> {
    let bytes = match path {
        Some(path) => bytes_of(path, &display_name(path), max)?,
        None => bounded(io::stdin().lock(), 0, max, "<stdin>")?,
    };
    let separator = if bytes.contains(&0) { 0 } else { b'\n' };
    let names = bytes.split(|byte| *byte == separator).map(|name| name.strip_suffix(b"\r").unwrap_or(name));
    names.filter(|name| !name.is_empty()).map(path_of).collect()
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have paths that are text")]
fn path_of(name: &[u8]) -> Result<PathBuf, Box<Problem>> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
}

#[cfg(not(unix))]
fn path_of(name: &[u8]) -> Result<PathBuf, Box<Problem>> {
    std::str::from_utf8(name).map(PathBuf::from).map_err(|error| not_utf8(name, error.valid_up_to(), "the list of files"))
}

fn read_as(path: &Path, name: &str, max: u64) -> Result<FileText, Box<Problem>> {
    decode(bytes_of(path, name, max)?, name)
}

fn bytes_of(path: &Path, name: &str, max: u64) -> Result<Vec<u8>, Box<Problem>> {
    let (file, length) = open_regular(path, name, max)?;
    bounded(file, length, max, name)
}

/// An open file and its length.
fn open_regular(path: &Path, name: &str, max: u64) -> Result<(File, u64), Box<Problem>> {
    // Before opening, since opening a device can do something; after it as well, since paths can change meanwhile.
    check(&fs::metadata(path).map_err(|error| Box::new(io_problem(Severity::Error, name, &error)))?, path, name, max)?;
    open_checked(path, name, max)
}

/// An open file and its length, checked once it is open. On Unix opening waits for nobody.
fn open_checked(path: &Path, name: &str, max: u64) -> Result<(File, u64), Box<Problem>> {
    let file = open(path).map_err(|error| Box::new(io_problem(Severity::Error, name, &error)))?;
    let meta = file.metadata().map_err(|error| Box::new(io_problem(Severity::Error, name, &error)))?;
    check(&meta, path, name, max)?;
    Ok((file, meta.len()))
}

fn check(meta: &Metadata, path: &Path, name: &str, max: u64) -> Result<(), Box<Problem>> {
    if !meta.is_file() {
        let message = format!("it is {}, not a regular file; it is not opened", kind_of(path));
        let problem = Problem::new("not-a-regular-file", Severity::Error, name, message);
        return Err(Box::new(problem.advise("pass its contents on standard input, as `-`")));
    }
    if meta.len() > max { Err(too_large(name, Some(meta.len()), max)) } else { Ok(()) }
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// All bytes of a reader that promises `expected` of them, but not more than `max`.
fn bounded(reader: impl Read, expected: u64, max: u64, name: &str) -> Result<Vec<u8>, Box<Problem>> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected.min(max)).unwrap_or(0));
    // What a file has gained since is not read, nor asked for: that would cost as much as reading a small one.
    let most = if expected > 0 { expected } else { max.saturating_add(1) };
    reader.take(most).read_to_end(&mut bytes).map_err(|error| Box::new(io_problem(Severity::Error, name, &error)))?;
    if bytes.len() as u64 > max { Err(too_large(name, None, max)) } else { Ok(bytes) }
}

fn too_large(name: &str, size: Option<u64>, max: u64) -> Box<Problem> {
    let message = match size {
        Some(size) => format!("it holds {}, more than the limit of {}; it is not read", amount(size), amount(max)),
        None => format!("it holds more than the limit of {}", amount(max)),
    };
    Box::new(Problem::new("file-too-large", Severity::Error, name, message).advise("split it, or raise the limit with `--max-file-size`"))
}

/// A number of bytes as people say it.
fn amount(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(size, _)| bytes >= *size) {
        // One decimal, rounded down, and none if it is zero.
        Some((size, unit)) => match bytes % size * 10 / size {
            0 => format!("{} {unit}", bytes / size),
            tenth => format!("{}.{tenth} {unit}", bytes / size),
        },
        None => format!("{bytes} bytes"),
    }
}

fn decode(bytes: Vec<u8>, name: &str) -> Result<FileText, Box<Problem>> {
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(not_utf8(error.as_bytes(), error.utf8_error().valid_up_to(), name)),
    };
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        let problem = contents("not-text", name, text.as_bytes(), at, "a NUL byte");
        let help = if text.len() > 3 && text.bytes().skip(1).step_by(2).take(16).all(|byte| byte == 0) {
            "it looks like UTF-16: save it as UTF-8"
        } else {
            "it looks like a binary file"
        };
        return Err(Box::new(problem.advise(help)));
    }
    let had_bom = text.starts_with('\u{feff}');
    let crlf = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
    Ok(FileText { text, had_bom, crlf })
}

fn not_utf8(bytes: &[u8], at: usize, name: &str) -> Box<Problem> {
    let byte = bytes.get(at).copied().unwrap_or_default();
    let problem = contents("not-utf8", name, bytes, at, &format!("the byte 0x{byte:02X}"));
    Box::new(match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => problem.advise("it starts like UTF-16: save it as UTF-8"),
        _ => problem.advise("save it as UTF-8; it may be Latin-1 or Windows-1252"),
    })
}

/// A problem of one byte, with the text up to the end of its line.
fn contents(rule: &'static str, name: &str, bytes: &[u8], at: usize, what: &str) -> Problem {
    let end = bytes.iter().skip(at).take(200).position(|byte| *byte == b'\n').map_or((at + 200).min(bytes.len()), |length| at + length);
    let before = String::from_utf8_lossy(bytes.get(..at).unwrap_or_default());
    let span = Span::new(before.len(), before.len() + char::REPLACEMENT_CHARACTER.len_utf8());
    let text = format!("{before}\u{fffd}{}", String::from_utf8_lossy(bytes.get(at + 1..end).unwrap_or_default()));
    let LineColumn { line, column } = Source::new(SourceId(0), name, &*text).position(span.start);
    let message = format!("it is not UTF-8 text: {what} stands in line {line}, column {column} (offset {at})");
    Problem { excerpt: Some((text, span)), ..Problem::new(rule, Severity::Error, name, message) }
}
