//! Plain HTTP/1.1: requests that lie before us whole, and answers of one piece, as bytes (RFC 9112).
//!
//! Whatever is not plain (chunks, upgrades, expectations, odd targets and versions) is `Other` here and hyper's to read, to
//! answer or to refuse. What is plain reads and looks as hyper has it, byte for byte.

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::time::{Duration, UNIX_EPOCH};

use httparse::{Header, Status};
use hyper::StatusCode;

use super::track::{CHUNK_HEAD, chunk_head};

/// As many fields as hyper reads.
pub(super) const MOST_FIELDS: usize = 100;
/// Bytes of a target.
const LONGEST_TARGET: usize = 4 * 1024;
/// A date in a field is as long as this one.
const DATE_LENGTH: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();

/// Room for the fields of a request.
pub(super) type Room<'a> = [MaybeUninit<Header<'a>>; MOST_FIELDS];

/// A request as it lies in a buffer.
#[derive(Debug)]
pub(super) struct Plain<'b, 'r> {
    pub method: &'static str,
    pub target: &'b str,
    pub fields: &'r [Header<'b>],
    /// The id that the caller gave it.
    pub request_id: Option<&'b [u8]>,
    pub body: &'b [u8],
    /// Whether the connection ends with its answer.
    pub is_last: bool,
    /// Bytes of all of it.
    pub length: usize,
}

impl Plain<'_, '_> {
    /// The target without the query.
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// What a buffer begins with.
#[derive(Debug)]
pub(super) enum Look<'b, 'r> {
    Plain(Plain<'b, 'r>),
    /// Something that may be a plain request once there is more of it.
    More,
    /// The head of a request that would be plain if its body were smaller.
    Large,
    /// Something else, whatever comes.
    Other,
}

/// The most bytes of a plain request's parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub head: usize,
    pub body: usize,
}

/// Looks at what has come.
pub(super) fn look<'b, 'r>(bytes: &'b [u8], room: &'r mut Room<'b>, bounds: Bounds) -> Look<'b, 'r> {
    let mut head = httparse::Request::new(&mut []);
    let length = match head.parse_with_uninit_headers(bytes, room) {
        Ok(Status::Complete(length)) if length <= bounds.head => length,
        Ok(Status::Partial) if bytes.len() < bounds.head => return Look::More,
        _ => return Look::Other,
    };
    let (Some(target), Some(1)) = (head.path.filter(|target| is_plain_target(target)), head.version) else { return Look::Other };
    let method = match head.method {
        Some("POST") => "POST",
        Some("GET") => "GET",
        _ => return Look::Other,
    };
    let fields: &'r [Header<'b>] = head.headers;
    let (mut body, mut request_id, mut is_last): (Option<usize>, _, _) = (None, None, false);
    for field in fields {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        // Most names are of other lengths.
        match field.name.len() {
            6 if is("expect") => return Look::Other,
            7 if is("upgrade") => return Look::Other,
            10 if is("connection") => match field.value {
                value if value.eq_ignore_ascii_case(b"keep-alive") => {}
                value if value.eq_ignore_ascii_case(b"close") => is_last = true,
                _ => return Look::Other,
            },
            12 if request_id.is_none() && is("x-request-id") => request_id = Some(field.value),
            14 if is("content-length") => match announced(field.value).filter(|_| body.is_none()) {
                Some(length) => body = Some(length),
                None => return Look::Other,
            },
            17 if is("transfer-encoding") => return Look::Other,
            _ => {}
        }
    }
    if body > Some(bounds.body) {
        return Look::Large;
    }
    let end = length + body.unwrap_or_default();
    match bytes.get(length..end) {
        Some(body) => Look::Plain(Plain { method, target, fields, request_id, body, is_last, length: end }),
        None => Look::More,
    }
}

/// Whether a target is a path, with or without a query, of letters that mean nothing else anywhere.
fn is_plain_target(target: &str) -> bool {
    let is_plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~' | b'%' | b':' | b'?' | b'=' | b'&' | b'+' | b',' | b'@')
    };
    target.starts_with('/') && target.len() <= LONGEST_TARGET && target.bytes().all(is_plain)
}

/// A length as a client announces it; no more digits than a length that counts has.
fn announced(value: &[u8]) -> Option<usize> {
    let is_number = (1..=9).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    is_number.then(|| value.iter().fold(0, |length, digit| length * 10 + usize::from(digit - b'0')))
}

/// What the head of an answer says besides its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framed {
    pub status: StatusCode,
    /// Bytes of the body; `None`: they come as chunks.
    pub length: Option<usize>,
    /// Whether the connection ends with it.
    pub is_last: bool,
    /// Its time, since the Unix epoch.
    pub date: Duration,
}

/// Writes the head of an answer; `false`, and nothing is written: it is not plain.
pub(super) fn write_head(framed: Framed, out: &mut Vec<u8>, fields: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
    let Framed { status, length, is_last, date } = framed;
    if status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED) {
        return false;
    }
    let start = out.len();
    if status == StatusCode::OK {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    } else {
        put(out, &["HTTP/1.1 ", status.as_str(), " ", status.canonical_reason().unwrap_or("<none>"), "\r\n"]);
    }
    if !fields(out) {
        out.truncate(start);
        return false;
    }
    if is_last {
        out.extend_from_slice(b"connection: close\r\n");
    }
    match length {
        Some(length) => put(out, &["content-length: ", itoa::Buffer::new().format(length), "\r\ndate: "]),
        None => out.extend_from_slice(b"transfer-encoding: chunked\r\ndate: "),
    }
    TODAY.with_borrow_mut(|today| out.extend_from_slice(today.at(date)));
    out.extend_from_slice(b"\r\n\r\n");
    true
}

/// Writes all of a body that is not empty as one chunk (RFC 9112, section 7.1).
pub(super) fn write_chunk(body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(chunk_head(body.len(), &mut [0; CHUNK_HEAD]));
    out.extend_from_slice(body);
    out.extend_from_slice(b"\r\n0\r\n\r\n");
}

fn put(out: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        out.extend_from_slice(text.as_bytes());
    }
}

thread_local! {
    static TODAY: RefCell<Today> = const { RefCell::new(Today { second: 0, text: [0; DATE_LENGTH] }) };
}

/// A date as fields have it, which is the same for a second.
#[derive(Debug)]
struct Today {
    second: u64,
    text: [u8; DATE_LENGTH],
}

impl Today {
    fn at(&mut self, now: Duration) -> &[u8] {
        let second = now.as_secs();
        if second != self.second || second == 0 {
            self.second = second;
            let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
            for (room, byte) in self.text.iter_mut().zip(text.bytes()) {
                *room = byte;
            }
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { head: 8 * 1024, body: 64 };

    fn looked<T>(bytes: &[u8], then: impl FnOnce(Look<'_, '_>) -> T) -> T {
        then(look(bytes, &mut [const { MaybeUninit::uninit() }; MOST_FIELDS], BOUNDS))
    }

    fn request(fields: &str, body: &str) -> Vec<u8> {
        format!("POST /v1/messages?a=b HTTP/1.1\r\nHost: x\r\n{fields}\r\n{body}").into_bytes()
    }

    #[test]
    fn a_plain_request_is_told_by_its_last_byte_and_not_before() {
        let bytes = request("X-Request-ID: r\r\nConnection: close\r\nContent-Length: 3\r\n", "abc");
        for end in 0..bytes.len() {
            looked(&bytes[..end], |look| assert!(matches!(look, Look::More), "{end}: {look:?}"));
        }
        looked(&[&bytes, b"GET".as_slice()].concat(), |look| {
            let Look::Plain(plain) = look else { panic!("{look:?}") };
            assert_eq!(
                (plain.method, plain.target, plain.path(), plain.body),
                ("POST", "/v1/messages?a=b", "/v1/messages", b"abc".as_slice())
            );
            assert_eq!((plain.request_id, plain.is_last, plain.length), (Some(b"r".as_slice()), true, bytes.len()));
        });
    }

    #[test]
    fn what_is_not_plain_is_hypers() {
        looked(&request("Content-Length: 65\r\n", "a"), |look| assert!(matches!(look, Look::Large), "{look:?}"));
        let others = [
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Content-Length: 65\r\nContent-Length: 65\r\n",
            "Content-Length: 65\r\nExpect: 100-continue\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999999\r\n",
            "Transfer-Encoding: chunked\r\n",
            "transfer-encoding: identity\r\nContent-Length: 1\r\n",
            "Connection: keep-alive, upgrade\r\nUpgrade: websocket\r\n",
            "Upgrade: h2c\r\n",
            "Expect: 100-continue\r\n",
        ];
        for fields in others {
            looked(&request(fields, "a"), |look| assert!(matches!(look, Look::Other), "{fields}: {look:?}"));
        }
        for start in
            ["POST / HTTP/1.0", "POST http://x/ HTTP/1.1", "POST * HTTP/1.1", "POST /# HTTP/1.1", "PUT / HTTP/1.1", "HEAD / HTTP/1.1", "\0"]
        {
            looked(format!("{start}\r\n\r\n").as_bytes(), |look| assert!(matches!(look, Look::Other), "{start}: {look:?}"));
        }
        let long = format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(BOUNDS.head));
        looked(long.as_bytes(), |look| assert!(matches!(look, Look::Other)));
    }

    #[test]
    fn a_date_is_that_of_its_second() {
        let mut today = Today { second: 0, text: [0; DATE_LENGTH] };
        for second in [0, 784_111_777, 784_111_777, 784_111_778] {
            let now = Duration::from_secs(second);
            assert_eq!(today.at(now + Duration::from_millis(999)), httpdate::fmt_http_date(UNIX_EPOCH + now).as_bytes());
        }
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_are_looked_at_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0..90_usize) {
            let mut amid = request("Content-Length: 3\r\nConnection: close\r\n", "abc");
            amid.splice(at.min(amid.len())..at.min(amid.len()), bytes.iter().copied());
            for bytes in [&bytes, &amid] {
                looked(bytes, |look| if let Look::Plain(plain) = look {
                    assert!(plain.length <= bytes.len() && plain.body.len() <= BOUNDS.body);
                });
            }
        }
    }
}
