//! Which entries a reader of the journal asked for.

use std::sync::Arc;

use super::Entry;
use crate::server::intake;

/// Every parameter, in the order in which the peer lists them.
const PARAMETERS: [&str; 8] = ["limit", "offset", "path", "method", "status", "service", "testId", "requestId"];

/// A filter from a query string. All conditions must hold; then `offset` entries are passed over and `limit` kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::server) struct Filter {
    limit: Option<usize>,
    offset: usize,
    path: Option<String>,
    method: Option<String>,
    status: Option<u64>,
    service: Option<String>,
    test_id: Option<String>,
    request_id: Option<String>,
}

impl Filter {
    /// The filter that a query asks for.
    ///
    /// # Errors
    /// An unknown parameter or a number that is none, in the peer's words.
    pub(in crate::server) fn parse(query: &str) -> Result<Filter, String> {
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split_once('=').map_or(pair, |(name, _)| name);
            if !PARAMETERS.contains(&name) {
                return Err(format!("Unknown query parameter: '{name}'. Supported: {}", PARAMETERS.join(", ")));
            }
        }
        let query = intake::query(query);
        let number = |name: &str, wanted: &str| match query.query_value(name) {
            None => Ok(None),
            Some(text) if text.trim().bytes().all(|byte| byte.is_ascii_digit()) && !text.trim().is_empty() => {
                Ok(Some(text.trim().parse::<u64>().unwrap_or(u64::MAX)))
            }
            Some(_) => Err(format!("Invalid '{name}': must be {wanted}")),
        };
        let count = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Ok(Filter {
            limit: number("limit", "an integer >= 0")?.map(count),
            offset: number("offset", "an integer >= 0")?.map_or(0, count),
            status: number("status", "an integer")?,
            path: query.query_value("path"),
            method: query.query_value("method"),
            service: query.query_value("service"),
            test_id: query.query_value("testId"),
            request_id: query.query_value("requestId"),
        })
    }

    /// The entries to show, and how many meet the conditions.
    pub(in crate::server) fn apply(&self, entries: Vec<Arc<Entry>>) -> (Vec<Arc<Entry>>, usize) {
        let found: Vec<_> = entries.into_iter().filter(|entry| self.accepts(entry)).collect();
        let total = found.len();
        (found.into_iter().skip(self.offset).take(self.limit.unwrap_or(usize::MAX)).collect(), total)
    }

    /// How many entries are asked for.
    pub(in crate::server) fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// How many entries are passed over.
    pub(in crate::server) fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn accepts(&self, entry: &Entry) -> bool {
        self.path.as_ref().is_none_or(|path| entry.head.target().contains(path.as_str()))
            && self.method.as_ref().is_none_or(|method| entry.method().eq_ignore_ascii_case(method))
            && self.status.is_none_or(|status| u64::from(entry.outcome().status) == status)
            && self.test_id.as_ref().is_none_or(|id| entry.test_id == *id)
            && self.request_id.as_ref().is_none_or(|id| entry.request_id.as_str() == id)
            // Services beside the LLM have entries of their own; no entry here belongs to one.
            && self.service.is_none()
    }
}
