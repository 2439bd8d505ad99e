//! What holds for one request: its headers over the server's settings, resolved once.

use std::borrow::Cow;

use crate::exchange::RawRequest;
use crate::matcher::Strictness;

/// The test id of requests that name none.
pub const DEFAULT_TEST_ID: &str = "__default__";

/// The server's own settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerPolicy {
    /// A miss is a 503 that no client should retry.
    pub strict: bool,
    /// `turnIndex` is a hard gate (`AIMOCK_STRICT_TURN_INDEX`).
    pub strict_turns: bool,
}

/// What holds for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub strict: bool,
    /// Set when the request's own wish differs from the server's setting.
    pub strict_override: Option<bool>,
    pub strictness: Strictness,
    /// Keeps the counts of concurrent tests apart.
    pub test_id: Cow<'static, str>,
    /// Read by `match.context`.
    pub context: Option<String>,
}

impl Policy {
    /// Reads the headers `X-AIMock-Strict`, `X-AIMock-Context`, `X-Test-Id` and the query's `testId`.
    pub fn resolve(raw: &RawRequest, server: ServerPolicy) -> Policy {
        let wish = raw.headers.first("x-aimock-strict").and_then(read_flag);
        let strict = wish.unwrap_or(server.strict);
        Policy {
            strict,
            strict_override: (strict != server.strict).then_some(strict),
            strictness: Strictness { turns: server.strict_turns },
            test_id: test_id(raw),
            context: raw.headers.first("x-aimock-context").map(str::to_owned),
        }
    }
}

/// `true`, `1`, `false` or `0`, with blanks around it and in any case; anything else is no wish.
fn read_flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn test_id(raw: &RawRequest) -> Cow<'static, str> {
    let header = raw.headers.first("x-test-id").filter(|value| !value.is_empty()).map(str::to_owned);
    let named = header.or_else(|| raw.query_value("testId").filter(|value| !value.is_empty()));
    named.map_or(Cow::Borrowed(DEFAULT_TEST_ID), Cow::Owned)
}
