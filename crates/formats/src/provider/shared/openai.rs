//! OpenAI's manner of speaking about errors, used by every API that copies OpenAI's.
//!
//! The envelope always has the four members `message`, `type`, `param` and `code`, as documented in OpenAI's guide to
//! error codes.

use serde::Serialize;
use serde_json::{Value, json};

use super::body::Problem;
use super::respond;
use crate::exchange::{Detail, Emission, ErrorOrigin, ErrorReply};

/// Sent with every 429: a limit that is used up. The values are those that fixtures' users know from the peer.
const RATE_LIMIT_HEADERS: [(&str, &str); 6] = [
    ("x-ratelimit-limit-requests", "60"),
    ("x-ratelimit-limit-tokens", "150000"),
    ("x-ratelimit-remaining-requests", "0"),
    ("x-ratelimit-remaining-tokens", "0"),
    ("x-ratelimit-reset-requests", "1s"),
    ("x-ratelimit-reset-tokens", "6m0s"),
];

/// An error answer with its retry headers.
pub(in crate::provider) fn encode_error(error: &ErrorReply) -> Emission {
    let status = respond::status_or_500(error.status);
    let mut emission = match error.origin {
        ErrorOrigin::Chaos => respond::json(status, &envelope(error)),
        _ => respond::json_error(status, &Envelope { error: Members::of(error) }),
    };
    emission.headers.extend(retry_headers(error));
    if error.status == 429 {
        emission.headers.extend(RATE_LIMIT_HEADERS.map(|(name, value)| (name, value.to_owned())));
    }
    emission
}

/// `retry-after` in seconds (1 on a 429 that gives none), and `x-should-retry: false` on a miss and where the server
/// itself cannot answer: asking again cannot help, and the official clients would otherwise retry a 5xx twice.
pub(in crate::provider) fn retry_headers(error: &ErrorReply) -> Vec<(&'static str, String)> {
    let after = error.retry_after.or((error.status == 429).then_some(1.0));
    let stop = matches!(error.origin, ErrorOrigin::Miss | ErrorOrigin::StrictMiss | ErrorOrigin::Server);
    let after = after.map(|value| ("retry-after", respond::seconds(value)));
    after.into_iter().chain(stop.then(|| ("x-should-retry", "false".to_owned()))).collect()
}

/// `{"error": {…}}`. Random faults have the three members that tests know from the peer.
pub(in crate::provider) fn envelope(error: &ErrorReply) -> Value {
    if error.origin == ErrorOrigin::Chaos {
        return json!({ "error": { "message": error.message, "type": chaos_kind(error.status), "code": error.code } });
    }
    serde_json::to_value(Envelope { error: Members::of(error) }).unwrap_or_default()
}

/// The envelope as it is written, without a copy of what stands in it.
#[derive(Serialize)]
struct Envelope<'e> {
    error: Members<'e>,
}

#[derive(Serialize)]
struct Members<'e> {
    message: &'e str,
    r#type: &'e str,
    param: Option<&'e str>,
    code: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aimock: Option<&'e Detail>,
}

impl Members<'_> {
    fn of(error: &ErrorReply) -> Members<'_> {
        let (kind, code) = match error.origin {
            ErrorOrigin::Fixture | ErrorOrigin::Server | ErrorOrigin::Chaos => ("server_error", None),
            ErrorOrigin::Miss | ErrorOrigin::StrictMiss => ("invalid_request_error", Some("no_fixture_match")),
            ErrorOrigin::Request => ("invalid_request_error", None),
        };
        Members {
            message: &error.message,
            r#type: error.kind.as_deref().unwrap_or(kind),
            param: error.param.as_deref(),
            code: error.code.as_deref().or(code),
            aimock: error.detail.as_ref(),
        }
    }
}

fn chaos_kind(status: u16) -> &'static str {
    match status {
        429 => "rate_limit_error",
        401 => "authentication_error",
        403 => "permission_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

/// A body that cannot be decoded, in OpenAI's words. `malformed` stands before the parser's reason.
pub(in crate::provider) fn refusal(problem: Problem, malformed: &str) -> Box<ErrorReply> {
    let (message, param, code) = match problem {
        Problem::Malformed(reason) => (format!("{malformed}: {reason}"), None, Some("invalid_json")),
        Problem::NotAnObject => ("Request body must be a JSON object".to_owned(), None, None),
        Problem::Missing(name) => {
            (format!("Missing required parameter: '{name}'"), Some(name.to_owned()), Some("missing_required_parameter"))
        }
        Problem::WrongType { path, wanted, got } => {
            let path = path.bracketed();
            (format!("Invalid type for '{path}': expected {wanted}, but got {got} instead."), Some(path), Some("invalid_type"))
        }
        Problem::Refused { message } => (message.to_owned(), None, None),
    };
    let mut error = ErrorReply::new(ErrorOrigin::Request, 400, message);
    error.param = param;
    error.code = code.map(str::to_owned);
    Box::new(error)
}

/// A reply of a kind that the endpoint cannot carry.
pub(in crate::provider) fn unusable(message: &str) -> ErrorReply {
    ErrorReply::new(ErrorOrigin::Server, 500, message)
}

/// What chat endpoints say about such a reply.
pub(in crate::provider) const NOT_A_TURN: &str = "Fixture response did not match any known type";
