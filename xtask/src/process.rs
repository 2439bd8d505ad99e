//! Starts programs: to their end with a deadline and all of their output, or as a server that says its address.
//!
//! Every child is waited for, and killed when its time is up or its handle is dropped.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a server may take until it prints its address.
const START: Duration = Duration::from_secs(30);
/// How often a running child is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// What a program did.
pub(crate) struct Outcome {
    /// Ended by itself with status 0.
    pub(crate) success: bool,
    /// Its exit status, unless a signal or the deadline ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Both outputs, one after the other.
    pub(crate) fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// The last line that says anything, for a one-line reason.
    pub(crate) fn last_line(&self) -> String {
        let output = self.output();
        output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim().to_owned()
    }
}

/// A command in `folder`. What cargo told this program of its own package is not passed on: build scripts that look at it
/// would run again, and much would be built again, whenever cargo is run by hand in between.
pub(crate) fn command(program: impl AsRef<Path>, arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end; after `limit` it is killed, which its output then says.
///
/// # Errors
/// The program cannot be started; the text names it.
pub(crate) fn finish(mut command: Command, limit: Duration) -> Result<Outcome, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| format!("`{name}` cannot be started: {error}"))?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let started = Instant::now();
    let mut late = false;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if started.elapsed() < limit => std::thread::sleep(GLANCE),
            Ok(None) => {
                late = true;
                let _ = child.kill();
                break child.wait().ok();
            }
            Err(error) => return Err(format!("`{name}` cannot be waited for: {error}")),
        }
    };
    let mut outcome = Outcome {
        success: !late && status.is_some_and(|status| status.success()),
        status: status.and_then(|status| status.code()),
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
    };
    if late {
        outcome.stderr = format!("{}\n`{name}` was stopped after {} s\n", outcome.stderr, limit.as_secs());
    }
    Ok(outcome)
}

/// Reads a pipe to its end on a thread of its own, so that no child blocks on a full one.
fn drain(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A running `aimock serve`; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// Its address, without a slash at the end.
    pub(crate) url: String,
}

impl Server {
    /// Starts a server and waits for the one line that it prints. What it says beside goes to the file `log`.
    ///
    /// # Errors
    /// It cannot be started, ends at once, or prints something else than a URL.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Server, String> {
        let talk = File::create(log).map_err(|error| format!("{} cannot be written: {error}", log.display()))?;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(talk)
            .spawn()
            .map_err(|error| format!("`{}` cannot be started: {error}", command.get_program().to_string_lossy()))?;
        let (sender, receiver) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut line = String::new();
                let mut reader = BufReader::new(stdout);
                let _ = reader.read_line(&mut line);
                let _ = sender.send(line);
                let _ = std::io::copy(&mut reader, &mut std::io::sink());
            });
        }
        let line = receiver.recv_timeout(START).unwrap_or_default();
        let server = Server { child, url: line.trim().trim_end_matches('/').to_owned() };
        if server.url.starts_with("http://") {
            return Ok(server);
        }
        drop(server);
        let talk = std::fs::read_to_string(log).unwrap_or_default();
        Err(format!("the server printed {line:?} where its URL should be\n{talk}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
