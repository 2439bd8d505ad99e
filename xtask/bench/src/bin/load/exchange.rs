//! One question and its answer on a connection that is kept.

use std::net::Ipv4Addr;

use aimock_bench::answer::Reader;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection with what is needed to ask on it.
pub(crate) struct Line {
    port: u16,
    socket: Option<TcpStream>,
    buffer: Vec<u8>,
    pub(crate) reader: Reader,
}

impl Line {
    /// Not connected yet. `buffer`: the most that is read at once.
    pub(crate) fn new(port: u16, buffer: usize) -> Line {
        Line { port, socket: None, buffer: vec![0; buffer], reader: Reader::default() }
    }

    /// Asks and reads to the end of the answer; `event` at the end of each event. Connects where it has to.
    ///
    /// # Errors
    /// No connection, or it broke, or what came is no HTTP: the next question gets a connection of its own.
    pub(crate) async fn ask(&mut self, request: &[u8], mut event: impl FnMut()) -> std::io::Result<()> {
        let mut socket = if let Some(socket) = self.socket.take() {
            socket
        } else {
            let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
            socket.set_nodelay(true)?;
            socket
        };
        socket.write_all(request).await?;
        self.reader.next();
        loop {
            let length = socket.read(&mut self.buffer).await?;
            if length == 0 && self.reader.ends_by_closing() {
                return Ok(());
            }
            if length == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let done = self.reader.feed(&self.buffer[..length], &mut event).map_err(|_| std::io::ErrorKind::InvalidData)?;
            if done {
                self.socket = Some(socket).filter(|_| !self.reader.closes());
                return Ok(());
            }
        }
    }
}
