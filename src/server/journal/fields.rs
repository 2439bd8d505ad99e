//! Header fields of an entry, credentials replaced. All of them are one text, so that an entry is cheap to keep and to
//! forget.

use super::super::credential::REDACTED;
use crate::engine::is_credential;
use crate::exchange::RawRequest;

/// Names and values in order of arrival, each name once.
#[derive(Debug, Default)]
pub(super) struct Fields {
    text: String,
    /// Where each name and each value ends in the text.
    ends: Vec<(usize, usize)>,
}

impl Fields {
    /// The fields of a request under the id that it was answered with; what was sent twice is joined with `, `.
    pub(super) fn of(raw: &RawRequest, request_id: &str) -> Fields {
        let fields = || raw.headers.iter();
        let length: usize = fields().map(|(name, value)| name.len() + value.len() + 2).sum();
        let id = "x-request-id";
        let mut kept =
            Fields { text: String::with_capacity(length + id.len() + request_id.len()), ends: Vec::with_capacity(fields().count() + 1) };
        for (index, (name, value)) in fields().enumerate() {
            // An id that is none was replaced.
            if name == id || fields().take(index).any(|(earlier, _)| earlier == name) {
                continue;
            }
            let hidden = is_credential(name);
            let more = fields().skip(index + 1).filter(|(later, _)| !hidden && *later == name);
            kept.push(name, if hidden { REDACTED } else { value }, more.map(|(_, value)| value));
        }
        kept.push(id, request_id, std::iter::empty());
        kept
    }

    fn push<'v>(&mut self, name: &str, value: &str, more: impl Iterator<Item = &'v str>) {
        self.text.push_str(name);
        let middle = self.text.len();
        self.text.push_str(value);
        for value in more {
            self.text.extend([", ", value]);
        }
        self.ends.push((middle, self.text.len()));
    }

    /// Bytes of all names and values.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Names with their values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut from = 0;
        self.ends.iter().map(move |&(middle, end)| {
            let start = std::mem::replace(&mut from, end);
            (self.text.get(start..middle).unwrap_or_default(), self.text.get(middle..end).unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Headers;

    #[track_caller]
    fn check(sent: &[(&str, &str)], expected: &[(&str, &str)]) {
        let headers: Headers = sent.iter().copied().collect();
        let fields = Fields::of(&RawRequest::new("POST", "/", headers, ""), "req-1");
        assert_eq!(fields.iter().collect::<Vec<_>>(), expected);
        assert_eq!(fields.len(), expected.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>());
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
