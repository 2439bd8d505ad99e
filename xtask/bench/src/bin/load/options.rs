//! What is asked for on the command line.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

/// How to ask, and what.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Of 127.0.0.1.
    pub(crate) port: u16,
    path: String,
    body: Vec<u8>,
    fields: String,
    pub(crate) connections: u32,
    pub(crate) warmup: Duration,
    /// How long is measured, or how long all may take.
    pub(crate) time: Duration,
    /// Ends after so many requests, if any.
    pub(crate) requests: Option<u64>,
    pub(crate) ttft: Duration,
    pub(crate) gap: Duration,
    /// Over which connections are opened.
    pub(crate) ramp: Duration,
    /// The server's process, whose CPU time is measured.
    pub(crate) server: Option<u32>,
    pub(crate) core: Option<usize>,
    command: Vec<String>,
}

impl Options {
    /// Reads the words behind the mode.
    ///
    /// # Errors
    /// An unknown word, a missing value, a file that cannot be read.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options { connections: 1, path: "/".to_owned(), time: Duration::from_mins(1), ..Options::default() };
        while let Some(word) = words.next() {
            if word == "--" {
                options.command = words.by_ref().collect();
                break;
            }
            if let Ok(core) = word.parse() {
                options.core = Some(core);
                continue;
            }
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            let trouble = || format!("{word}: `{value}` is no number");
            let seconds = || value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(trouble);
            match word.as_str() {
                "--port" => options.port = value.parse().map_err(|_| trouble())?,
                "--path" => options.path = value,
                "--body" => options.body = std::fs::read(&value).map_err(|error| format!("{value}: {error}"))?,
                "--header" => {
                    // Writing to a String cannot fail.
                    let _ = write!(options.fields, "{value}\r\n");
                }
                "--connections" => options.connections = value.parse().map_err(|_| trouble())?,
                "--warmup" => options.warmup = seconds()?,
                "--seconds" => options.time = seconds()?,
                "--requests" => options.requests = Some(value.parse().map_err(|_| trouble())?),
                "--ttft" => options.ttft = seconds()?,
                "--gap" => options.gap = seconds()?,
                "--ramp" => options.ramp = seconds()?,
                "--server" => options.server = Some(value.parse().map_err(|_| trouble())?),
                "--core" => options.core = Some(value.parse().map_err(|_| trouble())?),
                _ => return Err(format!("what is `{word}`?")),
            }
        }
        Ok(options)
    }

    /// The bytes of the request.
    pub(crate) fn request(&self) -> Vec<u8> {
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUser-Agent: bench-load\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n",
            self.path,
            self.port,
            self.fields,
            self.body.len()
        );
        [head.as_bytes(), &self.body].concat()
    }

    /// The command behind `--`.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn command(&self) -> Result<Command, String> {
        let (program, arguments) = self.command.split_first().ok_or("which command? It stands behind `--`")?;
        let mut command = Command::new(program);
        command.args(arguments);
        Ok(command)
    }
}
