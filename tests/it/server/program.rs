//! The built program as a server, for tests that want all of it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::support::{Request, Response};

/// A running server; it ends with this value.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Program {
    /// Serves a path below a folder under these flags, on a free port.
    pub(crate) fn serving(folder: &Path, fixtures: &str, flags: &[&str]) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_aimock"))
            .args(["serve", fixtures, "-p", "0", "--validate-on-load"])
            .args(flags)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").expect("the server starts").parse().unwrap();
        Program { child, address }
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn send(&self, request: Request) -> Response {
        let mut tcp = TcpStream::connect(self.address).await.unwrap();
        tcp.write_all(&request.bytes()).await.unwrap();
        Response::read(&mut tcp).await
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
