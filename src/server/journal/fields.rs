//! Header fields of an entry, credentials replaced.

use super::super::credential::REDACTED;
use crate::engine::is_credential;
use crate::exchange::{Headers, RawRequest};

/// The fields of a request under the id that it was answered with, in order of arrival, each name once; what was sent twice
/// is joined with `, `.
pub(super) fn kept(raw: &RawRequest, request_id: &str) -> Headers {
    let id = "x-request-id";
    let mut kept = Headers::with_capacity(raw.headers.len() + 1, raw.headers.bytes() + id.len() + request_id.len());
    for (name, value) in raw.headers.iter() {
        // An id that is none was replaced.
        if name == id || kept.first(name).is_some() {
            continue;
        }
        if is_credential(name) {
            kept.push(name, REDACTED);
            continue;
        }
        let mut all = raw.headers.all(name);
        match (all.next(), all.next()) {
            (Some(first), Some(second)) => kept.push(name, [first, second].into_iter().chain(all).collect::<Vec<_>>().join(", ")),
            _ => kept.push(name, value),
        }
    }
    kept.push(id, request_id);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sent: &[(&str, &str)], expected: &[(&str, &str)]) {
        let headers: Headers = sent.iter().copied().collect();
        let fields = kept(&RawRequest::new("POST", "/", headers, ""), "req-1");
        assert_eq!(fields.iter().collect::<Vec<_>>(), expected);
        assert_eq!(fields.bytes(), expected.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>());
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
