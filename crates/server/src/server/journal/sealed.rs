//! Heads of requests as the journal keeps them: whole, and shown without credentials.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::credential::{REDACTED, credentials_of, redacted_target};
use super::texts::{Reader, Texts};
use crate::engine::is_credential;
use crate::exchange::{Headers, RequestHead};

/// A head that can be read only through what takes credentials out. Nothing is done for it until someone asks.
pub(super) struct Sealed(Arc<RequestHead>);

/// Says nothing of what is in it.
impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

impl Sealed {
    pub(super) fn new(head: Arc<RequestHead>) -> Sealed {
        Sealed(head)
    }

    pub(super) fn method(&self) -> &str {
        &self.0.method
    }

    /// Path and query, credentials in the query replaced.
    pub(super) fn target(&self) -> Cow<'_, str> {
        redacted_target(&self.0)
    }

    /// Puts it behind other texts, as the last of them: the fields as one, and how it is divided.
    pub(super) fn put(&self, texts: &mut Texts) {
        let RequestHead { method, path, query, headers } = &*self.0;
        for text in [method.as_ref(), path, query, headers.text()] {
            texts.put(text.as_bytes());
        }
        for (name, value) in headers.lengths() {
            texts.put_length(name);
            texts.put_length(value);
        }
    }

    /// How many texts and lengths that are, and their bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        (4 + 2 * self.0.headers.len(), self.bytes())
    }

    /// The head that was [`put`](Sealed::put) there.
    pub(super) fn read(mut texts: Reader<'_>) -> Sealed {
        let [method, path, query] = std::array::from_fn(|_| texts.text().to_owned());
        let mut fields = texts.text();
        let mut headers = Headers::with_capacity(0, fields.len());
        while let Some((name, value)) = texts.length().zip(texts.length()) {
            let Some((name, rest)) = fields.split_at_checked(name) else { break };
            let Some((value, rest)) = rest.split_at_checked(value) else { break };
            headers.push(name, value);
            fields = rest;
        }
        Sealed(Arc::new(RequestHead { method: method.into(), path, query, headers }))
    }

    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        self.0.method.len() + self.0.path.len() + self.0.query.len() + self.0.headers.bytes()
    }

    /// What nobody may see, to find it in other texts, and for nothing else.
    pub(super) fn unshown(&self) -> Box<[String]> {
        credentials_of(&self.0)
    }

    /// The fields under the id that the request was answered with, in order of arrival, each name once; what was sent twice is
    /// joined with `, `.
    pub(super) fn fields(&self, request_id: &str) -> Headers {
        let id = "x-request-id";
        let sent = &self.0.headers;
        let mut kept = Headers::with_capacity(sent.len() + 1, sent.bytes() + id.len() + request_id.len());
        for (name, value) in sent.iter() {
            // An id that is none was replaced.
            if name == id || kept.first(name).is_some() {
                continue;
            }
            if is_credential(name) {
                kept.push(name, REDACTED);
                continue;
            }
            let mut all = sent.all(name);
            match (all.next(), all.next()) {
                (Some(first), Some(second)) => kept.push(name, [first, second].into_iter().chain(all).collect::<Vec<_>>().join(", ")),
                _ => kept.push(name, value),
            }
        }
        kept.push(id, request_id);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::RawRequest;

    #[track_caller]
    fn check(sent: &[(&str, &str)], expected: &[(&str, &str)]) {
        let headers: Headers = sent.iter().copied().collect();
        let sealed = Sealed::new(RawRequest::new("POST", "/?key=fake3", headers, "").head());
        let fields = sealed.fields("req-1");
        assert_eq!(fields.iter().collect::<Vec<_>>(), expected);
        assert_eq!(fields.bytes(), expected.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>());
        assert_eq!(sealed.target(), "/?key=[REDACTED]");
        assert_eq!(format!("{sealed:?}"), "Sealed");
    }

    #[test]
    fn each_name_stands_once_and_credentials_do_not() {
        check(&[], &[("x-request-id", "req-1")]);
        check(&[("A", "1"), ("b", ""), ("a", "2")], &[("a", "1, 2"), ("b", ""), ("x-request-id", "req-1")]);
        check(
            &[("X-Request-Id", "no id"), ("authorization", "Bearer fake"), ("authorization", "Bearer fake2")],
            &[("authorization", "[REDACTED]"), ("x-request-id", "req-1")],
        );
    }
}
