//! A server under test: started on a core of its own, asked until it answers, measured, ended by its handle.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aimock_bench::answer::Reader;
use aimock_bench::machine::memory_kb;
use serde_json::Value;

use super::material::Scene;
use super::programs::{Programs, Target};
use crate::process::finish;

/// Where servers run, and where the load does.
pub(crate) const SERVER_CORE: usize = 0;
pub(crate) const CLIENT_CORE: usize = 1;

/// How long a server may take until its first answer.
const START: Duration = Duration::from_mins(3);
/// How long a server may take to end by itself.
const END: Duration = Duration::from_secs(3);
/// How long it may take to answer one request.
const ANSWER: Duration = Duration::from_secs(20);
/// How often it is asked whether it is there.
const GLANCE: Duration = Duration::from_millis(5);

/// The measuring of one run: programs, and a folder that goes away with it.
pub(crate) struct Place {
    pub(crate) programs: Programs,
    folder: PathBuf,
    made: std::cell::Cell<u32>,
}

impl Place {
    /// A folder outside of every repository, so that no settings are found upward of it.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn new(programs: Programs) -> Result<Place, String> {
        let folder = std::env::temp_dir().join(format!("aimock-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Place { programs, folder, made: std::cell::Cell::new(0) })
    }

    /// A new folder in it.
    pub(crate) fn folder(&self) -> Result<PathBuf, String> {
        self.made.set(self.made.get() + 1);
        let folder = self.folder.join(self.made.get().to_string());
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }

    /// A file with this text in it.
    pub(crate) fn file(&self, bytes: &[u8]) -> Result<String, String> {
        let path = self.folder()?.join("body.json");
        std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// Runs the load program in a folder; what it measured.
    ///
    /// # Errors
    /// What it said when it failed.
    pub(crate) fn load(&self, folder: &Path, arguments: &[String], limit: Duration) -> Result<Value, String> {
        self.load_with(folder, arguments, &[], limit)
    }

    /// The same with more in its environment.
    ///
    /// # Errors
    /// What it said when it failed.
    pub(crate) fn load_with(&self, folder: &Path, arguments: &[String], more: &[(&str, &Path)], limit: Duration) -> Result<Value, String> {
        let mut load = Command::new(&self.programs.load);
        load.args(arguments).current_dir(folder).envs(more.iter().copied()).stdin(Stdio::null());
        let outcome = finish(load, limit)?;
        if !outcome.success {
            return Err(outcome.last_line());
        }
        serde_json::from_str(&outcome.stdout).map_err(|error| format!("the load said {:?}: {error}", outcome.stdout))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What is asked, and how.
pub(crate) struct Start<'a> {
    pub(crate) target: Target,
    pub(crate) scene: &'a Scene,
    /// The request that has to succeed before anything is measured.
    pub(crate) ready: &'a [u8],
    pub(crate) upstream: Option<u16>,
    /// The core it is kept on; `None`: the system chooses.
    pub(crate) core: Option<usize>,
}

/// A running server. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// From its start to its first answer.
    pub(crate) loaded: Duration,
}

impl Server {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// It cannot be started, ends, or does not answer in time: with what it said.
    pub(crate) fn start(place: &Place, start: &Start<'_>) -> Result<Server, String> {
        let (folder, port) = (place.folder()?, free_port()?);
        let words = place.programs.command(start.target, start.scene, &folder, port, start.upstream)?;
        let server = Server::run(place, &folder, &words, port, start);
        server.map_err(|reason| format!("{} {reason}", start.target.name()))
    }

    /// Starts a command in a folder and waits until it answers on a port.
    ///
    /// # Errors
    /// It cannot be started, ends, or does not answer in time: with what it said.
    pub(crate) fn run(place: &Place, folder: &Path, words: &[String], port: u16, start: &Start<'_>) -> Result<Server, String> {
        let log = folder.join("server.log");
        let talk = std::fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let also = talk.try_clone().map_err(|error| format!("{}: {error}", log.display()))?;
        let on = start.core.map(|core| [text(&place.programs.load), "on".to_owned(), core.to_string(), "--".to_owned()]);
        let words: Vec<&String> = on.iter().flatten().chain(words).collect();
        let [program, words @ ..] = words.as_slice() else { return Err("has no command".to_owned()) };
        let mut command = Command::new(program);
        command.args(words).current_dir(folder);
        let begun = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(talk).stderr(also).spawn().map_err(|error| error.to_string())?;
        let mut server = Server { child, port, loaded: Duration::ZERO };
        let path = start.scene.api.path();
        while begun.elapsed() < START {
            if status(port, path, start.ready, START.saturating_sub(begun.elapsed())) == Some(200) {
                server.loaded = begun.elapsed();
                return Ok(server);
            }
            if let Ok(Some(status)) = server.child.try_wait() {
                return Err(format!("ended: {status}: {}", last_line(&log)));
            }
            std::thread::sleep(GLANCE);
        }
        Err(format!("did not answer within {START:?}: {}", last_line(&log)))
    }

    /// Asks once; the status of the answer, `None` where none came whole.
    pub(crate) fn ask(&self, path: &str, body: &[u8]) -> Option<u16> {
        status(self.port, path, body, ANSWER)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Megabytes of memory: `VmRSS` now, `VmHWM` at most.
    pub(crate) fn memory_mb(&self, key: &str) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let kilobytes = memory_kb(self.pid(), key) as f64;
        kilobytes / 1024.0
    }
}

impl Drop for Server {
    /// Asks it to end, so that it has no reason to complain, and ends it.
    fn drop(&mut self) {
        let asked =
            Command::new("kill").arg(self.pid().to_string()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let begun = Instant::now();
        while asked.as_ref().is_ok_and(std::process::ExitStatus::success) && begun.elapsed() < END {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(GLANCE);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned()
}

/// A port that nobody listens on.
///
/// # Errors
/// There is none.
pub(crate) fn free_port() -> Result<u16, String> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    port.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// The status of one answer; `None` where none came whole within the time.
fn status(port: u16, path: &str, body: &[u8], limit: Duration) -> Option<u16> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    socket.set_read_timeout(Some(limit.max(GLANCE))).ok()?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer unused\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let (mut reader, mut buffer) = (Reader::default(), vec![0; 64 << 10]);
    loop {
        let length = socket.read(&mut buffer).ok().filter(|length| *length > 0)?;
        if reader.feed(&buffer[..length], &mut || {}).ok()? {
            return Some(reader.status());
        }
    }
}
