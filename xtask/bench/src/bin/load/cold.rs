//! A cold start: from the start of a server to its first good answer, asked for each millisecond. The server is ended
//! afterwards, by its handle.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use aimock_bench::answer::Reader;
use aimock_bench::machine::memory_kb;
use serde_json::{Value, json};

use crate::options::Options;

const EACH: Duration = Duration::from_millis(1);

/// A server that ends when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the command and asks until it answers well or the time is up.
pub(crate) fn run(options: &Options) -> Result<Value, String> {
    let request = options.request();
    let mut command = options.command()?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let child = command.spawn().map_err(|error| format!("`{}` cannot be started: {error}", command.get_program().to_string_lossy()))?;
    let mut server = Running(child);
    let mut listens = None;
    while begun.elapsed() < options.time {
        if let Ok(socket) = TcpStream::connect((Ipv4Addr::LOCALHOST, options.port)) {
            let listening = *listens.get_or_insert_with(|| begun.elapsed());
            if ask(socket, &request) == Some(200) {
                let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
                let (answers, pid) = (begun.elapsed(), server.0.id());
                return Ok(json!({
                    "listens_ms": milliseconds(listening),
                    "answers_ms": milliseconds(answers),
                    "rss_mb": megabytes(memory_kb(pid, "VmRSS")),
                }));
            }
        }
        if let Ok(Some(status)) = server.0.try_wait() {
            return Err(format!("the server ended: {status}"));
        }
        std::thread::sleep(EACH);
    }
    Err(format!("no good answer within {:?}", options.time))
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}

/// The status of one answer; `None` where it did not come whole.
fn ask(mut socket: TcpStream, request: &[u8]) -> Option<u16> {
    socket.set_nodelay(true).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    socket.write_all(request).ok()?;
    let (mut reader, mut buffer) = (Reader::default(), vec![0; 64 << 10]);
    loop {
        let length = socket.read(&mut buffer).ok().filter(|length| *length > 0)?;
        if reader.feed(&buffer[..length], &mut || {}).ok()? {
            return Some(reader.status());
        }
    }
}
