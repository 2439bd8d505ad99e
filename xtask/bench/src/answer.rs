//! HTTP/1.1 answers, read as their bytes arrive, however they are cut: where one ends, its status, and its events.
//!
//! It understands what servers under test send (a length, chunks, or the end of the connection) and is no general client.

/// Longest head, and longest line between chunks.
const LONGEST_HEAD: usize = 64 << 10;

/// Why bytes are no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// Where in an answer the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Head,
    /// Bytes of the body to come.
    Body(u64),
    /// In the line that gives a chunk's length.
    Size,
    /// Bytes of the chunk to come.
    Chunk(u64),
    /// In the line break behind a chunk.
    ChunkEnd,
    /// Behind the last chunk.
    Trailer,
    /// The body ends with the connection.
    UntilClose,
    Done,
}

/// Reads one answer after the other.
#[derive(Debug)]
pub struct Reader {
    place: Place,
    /// The head, or the line, that has come so far.
    line: Vec<u8>,
    status: u16,
    closes: bool,
    body: u64,
    /// Whether the body so far ends with a line break.
    at_line_start: bool,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader { place: Place::Head, line: Vec::new(), status: 0, closes: false, body: 0, at_line_start: false }
    }
}

impl Reader {
    /// Forgets the answer that was read; the next one begins.
    pub fn next(&mut self) {
        self.line.clear();
        (self.place, self.status, self.closes, self.body, self.at_line_start) = (Place::Head, 0, false, 0, false);
    }

    /// The status line's number; 0 before the head has come.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Bytes of the body so far, without what divides it.
    pub fn body(&self) -> u64 {
        self.body
    }

    /// Whether the server closes the connection behind this answer.
    pub fn closes(&self) -> bool {
        self.closes
    }

    /// Whether an answer is complete when the connection ends here.
    pub fn ends_by_closing(&self) -> bool {
        matches!(self.place, Place::UntilClose | Place::Done)
    }

    /// Takes bytes; true when the answer is complete. `event` is called at the end of each event of a stream, that is at
    /// each empty line of the body.
    ///
    /// # Errors
    /// This is no HTTP/1.1 answer.
    pub fn feed(&mut self, mut bytes: &[u8], event: &mut impl FnMut()) -> Result<bool, Broken> {
        while self.place != Place::Done && !bytes.is_empty() {
            bytes = match self.place {
                Place::Head => self.head(bytes)?,
                Place::Body(left) => self.part(bytes, left, |left| if left == 0 { Place::Done } else { Place::Body(left) }, event),
                Place::Chunk(left) => self.part(bytes, left, |left| if left == 0 { Place::ChunkEnd } else { Place::Chunk(left) }, event),
                Place::UntilClose => self.part(bytes, u64::MAX, |_| Place::UntilClose, event),
                Place::Size => self.size(bytes)?,
                Place::ChunkEnd => self.chunk_end(bytes)?,
                Place::Trailer => self.trailer(bytes)?,
                Place::Done => bytes,
            };
        }
        Ok(self.place == Place::Done)
    }

    fn head<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Broken> {
        let before = self.line.len();
        if before + bytes.len() > LONGEST_HEAD + (256 << 10) {
            return Err(Broken);
        }
        // Usually the head comes in one piece.
        let whole = memchr::memmem::find(bytes, b"\r\n\r\n").filter(|_| before == 0).map(|end| end + 4);
        if let Some(end) = whole {
            let (head, rest) = bytes.split_at(end);
            self.read_head(head)?;
            return Ok(rest);
        }
        self.line.extend_from_slice(bytes);
        match memchr::memmem::find(&self.line, b"\r\n\r\n") {
            Some(end) => {
                let head: Vec<u8> = self.line.drain(..end + 4).collect();
                self.line.clear();
                self.read_head(&head)?;
                Ok(&bytes[end + 4 - before..])
            }
            None if self.line.len() > LONGEST_HEAD => Err(Broken),
            None => Ok(&[]),
        }
    }

    fn read_head(&mut self, head: &[u8]) -> Result<(), Broken> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut fields);
        response.parse(head).map_err(|_| Broken)?;
        self.status = response.code.ok_or(Broken)?;
        self.place = Place::UntilClose;
        for field in response.headers.iter() {
            if field.name.eq_ignore_ascii_case("content-length") {
                let length = std::str::from_utf8(field.value).ok().and_then(|text| text.trim().parse().ok()).ok_or(Broken)?;
                self.place = if length == 0 { Place::Done } else { Place::Body(length) };
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                self.place = Place::Size;
            } else if field.name.eq_ignore_ascii_case("connection") {
                self.closes = field.value.eq_ignore_ascii_case(b"close");
            }
        }
        Ok(())
    }

    /// Takes up to `left` bytes of the body.
    fn part<'a>(&mut self, bytes: &'a [u8], left: u64, then: impl Fn(u64) -> Place, event: &mut impl FnMut()) -> &'a [u8] {
        let (mine, rest) = bytes.split_at(usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len()));
        self.body += mine.len() as u64;
        self.place = then(left - mine.len() as u64);
        let mut next_line = if self.at_line_start { 0 } else { usize::MAX };
        for at in memchr::memchr_iter(b'\n', mine) {
            if at == next_line {
                event();
            }
            next_line = at + 1;
        }
        self.at_line_start = mine.last() == Some(&b'\n');
        rest
    }

    /// Collects a line; `None` while it is not complete.
    fn line<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<&'a [u8]>, Broken> {
        let end = memchr::memchr(b'\n', bytes).map(|end| end + 1);
        self.line.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
        if self.line.len() > LONGEST_HEAD { Err(Broken) } else { Ok(end.map(|end| &bytes[end..])) }
    }

    fn size<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Broken> {
        let Some(rest) = self.line(bytes)? else { return Ok(&[]) };
        let text = std::str::from_utf8(&self.line).map_err(|_| Broken)?;
        let digits = text.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| Broken)?;
        self.line.clear();
        self.place = if size == 0 { Place::Trailer } else { Place::Chunk(size) };
        Ok(rest)
    }

    fn chunk_end<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Broken> {
        let Some(rest) = self.line(bytes)? else { return Ok(&[]) };
        let empty = self.line == b"\r\n";
        self.line.clear();
        self.place = Place::Size;
        if empty { Ok(rest) } else { Err(Broken) }
    }

    fn trailer<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Broken> {
        let Some(rest) = self.line(bytes)? else { return Ok(&[]) };
        if self.line == b"\r\n" {
            self.place = Place::Done;
        }
        self.line.clear();
        Ok(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::{Broken, Reader};

    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: a\n\n\r\nc;x=1\r\ndata: b\n\ndat\r\n6\r\na: c\n\n\r\n0\r\n\r\n";

    /// Status, bytes of the body and events, fed in pieces of this length.
    fn read(answer: &[u8], length: usize) -> Result<(bool, u16, u64, u32), Broken> {
        let (mut reader, mut events, mut done) = (Reader::default(), 0, false);
        for piece in answer.chunks(length) {
            done = reader.feed(piece, &mut || events += 1)?;
        }
        Ok((done, reader.status(), reader.body(), events))
    }

    #[test]
    fn a_cut_anywhere_changes_nothing() {
        for length in 1..=CHUNKED.len() {
            assert_eq!(read(CHUNKED, length), Ok((true, 200, 27, 3)), "pieces of {length}");
        }
    }

    #[test]
    fn a_length_ends_the_body() {
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";
        for length in 1..=answer.len() {
            assert_eq!(read(answer, length), Ok((true, 404, 4, 0)));
        }
        assert_eq!(read(&answer[..answer.len() - 1], 7), Ok((false, 404, 3, 0)));
    }

    #[test]
    fn without_a_length_the_end_of_the_connection_ends_it() {
        let mut reader = Reader::default();
        assert_eq!(reader.feed(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", &mut || {}), Ok(false));
        assert!(reader.ends_by_closing() && reader.closes());
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert_eq!(read(b"SSH-2.0-OpenSSH\r\n\r\n", 100), Err(Broken));
        assert_eq!(read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot a size\r\n", 100), Err(Broken));
    }
}
