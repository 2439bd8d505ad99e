//! `ids`: ids that providers give to answers, messages, tool calls, runs and files.

use memchr::memchr2_iter;

use super::super::bytes::{Signs, distinct, joined_after, joined_before, run};
use super::super::found::{Found, Kind};
use super::{BuiltIn, Example, Strictness};
use crate::secrets::is_placeholder;

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "ids",
    summary: "ids that providers give out: chatcmpl-, resp_, msg_, call_, toolu_, run_, thread_, file- and the like",
    examples: &[
        Example { before: "see chatcmpl-9XyZ4kQm7Zt2Xv9Lr4Kd8", after: "see <id>", frozen: "see chatcmpl-aimock302dda989b14" },
        Example { before: "result of call_Vx3kTq8ZrN2mWb7LpYc4Hd9S", after: "result of <id>", frozen: "result of call_aimock2821d299f308" },
        Example { before: "toolu_01Q4mWx7ZrK8vTb2NpYc5LdS", after: "<id>", frozen: "toolu_aimockf15d9e01a097" },
        Example { before: "call_1 and run_tests", after: "call_1 and run_tests", frozen: "call_1 and run_tests" },
    ],
    keys: &["userMessage", "systemMessage", "inputText", "toolResultContains", "toolCallId"],
    needs: Signs::DIGIT,
    least: 11,
    scan,
};

/// What ids begin with; one that another ends with stands after it.
const PREFIXES: [&str; 40] = [
    "chatcmpl-",
    "srvtoolu_",
    "msgbatch_",
    "chatcmpl-tool-",
    "cmpl-",
    "resp_",
    "msg_bdrk_",
    "msg_vrtx_",
    "msg_",
    "req_",
    "call_",
    "toolu_bdrk_",
    "toolu_vrtx_",
    "toolu_",
    "tooluse_",
    "run_",
    "step_",
    "thread_",
    "asst_",
    "file-",
    "file_",
    "fc_",
    "rs_",
    "ws_",
    "ci_",
    "ig_",
    "mcp_",
    "gen-",
    "batch_",
    "modr-",
    "ftjob-",
    "vs_",
    "cntr_",
    "conv_",
    "item_",
    "event_",
    "sess_",
    "proj_",
    "org-",
    "embd-",
];

/// Shortest body of any id.
const LEAST: usize = 8;
/// Longest body.
const MOST: usize = 64;

fn scan(text: &str, strictness: Strictness, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    for mark in memchr2_iter(b'_', b'-', bytes) {
        let body = mark + 1;
        let mut end = body + run(bytes, body, MOST + 1, |byte| byte.is_ascii_alphanumeric());
        // Names in code have marks at every turn: most end here.
        if end - body < LEAST {
            continue;
        }
        let Some(prefix) = prefix_before(bytes, body) else { continue };
        let start = body - prefix.len();
        if start < from || joined_before(bytes, start) {
            continue;
        }
        if prefix == "gen-" && end - body == 10 && bytes.get(end) == Some(&b'-') {
            // OpenRouter: a time stands before the drawn part.
            end += 1 + run(bytes, end + 1, MOST + 1, |byte| byte.is_ascii_alphanumeric());
        }
        let Some(id) = text.get(body..end).filter(|id| id.len() <= MOST && !joined_after(bytes, end)) else { continue };
        let real = match strictness {
            Strictness::Every => is_known(id),
            Strictness::Drawn => is_drawn(id),
        };
        if real {
            from = end;
            found.push(Found { range: start..end, kind: Kind::Id { prefix: prefix.len() } });
        }
    }
}

fn prefix_before(bytes: &[u8], body: usize) -> Option<&'static str> {
    let text = bytes.get(..body)?;
    PREFIXES.iter().find(|prefix| text.ends_with(prefix.as_bytes())).copied()
}

/// Eight characters or more with a digit among them: neither a word nor a counter.
fn is_known(body: &str) -> bool {
    body.len() >= LEAST && body.bytes().any(|byte| byte.is_ascii_digit())
}

/// A row of letters and digits that nobody writes by hand: times and counters have few letters, words no digits.
fn is_drawn(body: &str) -> bool {
    let digits = body.bytes().filter(u8::is_ascii_digit).count();
    let kinds = distinct(body.as_bytes());
    body.len() >= 14 && digits >= 2 && body.len() - digits >= 4 && kinds >= 8 && !is_placeholder(body)
}
