//! Where output goes: data to stdout, talk to stderr, each with its colours; how wide; how loud.
//!
//! Commands write through a [`Terminal`] and nowhere else, so tests read what people would see from two buffers.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::report::escape;
use super::{Color, GlobalArgs};

/// Columns where nothing tells.
const DEFAULT_WIDTH: usize = 80;
/// Narrower than this, wrapping makes nothing better.
const MIN_WIDTH: usize = 40;

/// The two streams of a run and the manners they ask for.
pub struct Terminal<'a> {
    stdout: Box<dyn Write + 'a>,
    stderr: Box<dyn Write + 'a>,
    stdout_color: bool,
    stderr_color: bool,
    width: usize,
    progress: bool,
    loudness: Loudness,
    closed: Arc<AtomicBool>,
}

/// How much is said on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Loudness {
    Quiet,
    Normal,
    Verbose,
}

impl std::fmt::Debug for Terminal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal").field("width", &self.width).field("color", &self.stdout_color).finish_non_exhaustive()
    }
}

impl Terminal<'static> {
    /// The streams of this process. Colours as `--color` says; `auto` honours `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`
    /// and `TERM=dumb`.
    pub fn of_process(args: &GlobalArgs) -> Terminal<'static> {
        let GlobalArgs { color, quiet, verbose, config: _ } = args;
        let loudness = match (quiet, verbose) {
            (true, _) => Loudness::Quiet,
            (false, true) => Loudness::Verbose,
            (false, false) => Loudness::Normal,
        };
        let closed = Arc::new(AtomicBool::new(false));
        let stdout_color = wants_color(*color, &io::stdout());
        let stderr_color = wants_color(*color, &io::stderr());
        let stdout: Box<dyn Write> = if stdout_color { Box::new(AutoStream::always(io::stdout())) } else { Box::new(io::stdout()) };
        let stderr: Box<dyn Write> = if stderr_color { Box::new(AutoStream::always(io::stderr())) } else { Box::new(io::stderr()) };
        Terminal {
            stdout: Box::new(BufWriter::new(Pipe { inner: stdout, closed: Arc::clone(&closed) })),
            stderr,
            stdout_color,
            stderr_color,
            width: width_of_process(),
            progress: io::stderr().is_terminal() && !quiet,
            loudness,
            closed,
        }
    }
}

impl<'a> Terminal<'a> {
    /// A terminal without colours that writes to these two, for tests.
    pub fn captured(stdout: &'a mut Vec<u8>, stderr: &'a mut Vec<u8>, width: usize) -> Terminal<'a> {
        Terminal {
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            stdout_color: false,
            stderr_color: false,
            width,
            progress: false,
            loudness: Loudness::Normal,
            closed: Arc::default(),
        }
    }

    /// Where data goes. Buffered: [`Terminal::flush`] before waiting for anything.
    pub fn stdout(&mut self) -> &mut dyn Write {
        &mut *self.stdout
    }

    /// Sends buffered data on its way.
    pub fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }

    /// Whether the reader of stdout has left, so that nothing more need be said.
    pub fn stdout_is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Whether data may be coloured.
    pub fn stdout_color(&self) -> bool {
        self.stdout_color
    }

    /// Columns to wrap at.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether `--verbose` asked for more.
    pub fn is_verbose(&self) -> bool {
        self.loudness == Loudness::Verbose
    }

    /// Whether stderr can show a progress bar.
    pub(super) fn shows_progress(&self) -> bool {
        self.progress
    }

    /// A line of talk on stderr; silent with `--quiet`. Control characters are escaped.
    pub fn say(&mut self, text: impl Display) {
        if self.loudness > Loudness::Quiet {
            self.talk(None, &text);
        }
    }

    /// A line only `--verbose` shows.
    pub fn detail(&mut self, text: impl Display) {
        if self.is_verbose() {
            self.talk(None, &text);
        }
    }

    /// A remark on stderr (`note: …`); silent with `--quiet`.
    pub fn note(&mut self, text: impl Display) {
        if self.loudness > Loudness::Quiet {
            self.talk(Some(("note", AnsiColor::Cyan)), &text);
        }
    }

    /// A warning on stderr (`warning: …`); silent with `--quiet`.
    pub fn warn(&mut self, text: impl Display) {
        if self.loudness > Loudness::Quiet {
            self.talk(Some(("warning", AnsiColor::Yellow)), &text);
        }
    }

    /// Why the run failed, causes indented below; never silent.
    pub fn error(&mut self, error: &anyhow::Error) {
        self.talk(Some(("error", AnsiColor::Red)), error);
        for cause in error.chain().skip(1) {
            self.talk(None, &format_args!("  cause: {cause}"));
        }
    }

    // A stderr that cannot be written to leaves nowhere to say so.
    fn talk(&mut self, label: Option<(&str, AnsiColor)>, text: &dyn Display) {
        let text = text.to_string();
        let text = text.split('\n').map(escape).collect::<Vec<_>>().join("\n");
        let _ = match label {
            None => writeln!(self.stderr, "{text}"),
            Some((word, color)) => {
                let style = if self.stderr_color { color.on_default().bold() } else { Style::new() };
                writeln!(self.stderr, "{style}{word}{style:#}: {text}")
            }
        };
    }
}

/// Remembers that the reader has left.
struct Pipe<W> {
    inner: W,
    closed: Arc<AtomicBool>,
}

impl<W> Pipe<W> {
    fn notice<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        if outcome.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.closed.store(true, Ordering::Relaxed);
        }
        outcome
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = self.inner.write(bytes);
        self.notice(outcome)
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.inner.flush();
        self.notice(outcome)
    }
}

fn wants_color(color: Color, stream: &impl anstream::stream::RawStream) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => AutoStream::choice(stream) != ColorChoice::Never,
    }
}

/// `COLUMNS` if it is set, else the terminal's width, else 80.
pub(super) fn width_of_process() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    columns.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))).unwrap_or(DEFAULT_WIDTH).max(MIN_WIDTH)
}
