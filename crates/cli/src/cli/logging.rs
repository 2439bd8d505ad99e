//! The log: lines on stderr, for people or as JSON.
//!
//! What is logged is redacted already, by its type. Only events of ours are written: those of the libraries below could
//! hold header fields. No other module makes or takes events.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;

use super::{LogFormat, LogLevel, report};
use crate::secrets::Redacted;
use crate::server::Level;

/// The target of our events.
const OURS: &str = "aimock";

/// Writes the log from now on, until the process ends. Of several calls the first counts.
pub(super) fn start(level: LogLevel, format: LogFormat) {
    let filter = Targets::new().with_target(OURS, filter(level));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(Line(format))
        .with_writer(std::io::stderr)
        // A reader that is gone is no reason to stop serving.
        .log_internal_errors(false);
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes a line.
pub(super) fn log(level: Level, line: &Redacted<String>) {
    match level {
        Level::Debug => tracing::debug!(target: OURS, "{}", line.get()),
        Level::Info => tracing::info!(target: OURS, "{}", line.get()),
        Level::Warning => tracing::warn!(target: OURS, "{}", line.get()),
        Level::Error => tracing::error!(target: OURS, "{}", line.get()),
    }
}

/// The least level that is written, for those who make lines.
pub(super) fn least(level: LogLevel) -> Level {
    match level {
        LogLevel::Silent => Level::Error,
        LogLevel::Warn => Level::Warning,
        LogLevel::Info => Level::Info,
        LogLevel::Debug => Level::Debug,
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Silent => LevelFilter::OFF,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    }
}

/// Writes one event: `warning: …`, or an object with `time` in milliseconds since the Unix epoch, `level` and `message`.
struct Line(LogFormat);

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut message = Message::default();
        event.record(&mut message);
        let word = match *event.metadata().level() {
            tracing::Level::ERROR => "error",
            tracing::Level::WARN => "warning",
            tracing::Level::INFO => "info",
            tracing::Level::DEBUG | tracing::Level::TRACE => "debug",
        };
        match self.0 {
            LogFormat::Text => {
                writer.write_str(word)?;
                writer.write_str(": ")?;
                for (index, line) in message.0.lines().enumerate() {
                    writer.write_str(if index == 0 { "" } else { "\n" })?;
                    writer.write_str(&report::escape(line))?;
                }
                writer.write_char('\n')
            }
            LogFormat::Json => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                let time = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
                writeln!(writer, "{}", serde_json::json!({ "time": time, "level": word, "message": message.0 }))
            }
        }
    }
}

/// The message of an event.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}
