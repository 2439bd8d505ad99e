//! `ids`: ids that providers give out get a form that is the same for the same id.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "ids",
    group: Group::Scrubbing,
    summary: "ids that providers give out get a form that is the same for the same id",
    why: "they are drawn anew each time. The ids of tool calls are rewritten together with every `toolCallId` that refers to them, by a hash of the id, so that nothing is numbered and no other file needs to change. One that nothing refers to stays, unless its entry or its file shows that a recorder wrote it (`recordedTimings`, `recordedAt`, hashes in `metadata`, `_warning`, `_recorded…`): in a fixture kept by hand it does not change again. An id that no response makes, or that a file holds which was not named, stays",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [
  { "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "id": "call_Vx3kTq8ZrN2mWb7LpYc4Hd9S", "name": "forecast", "arguments": {} }] } },
  { "match": { "toolCallId": "call_Vx3kTq8ZrN2mWb7LpYc4Hd9S" }, "response": { "content": "Snow." } }
] }"#,
        after: r#"{ "fixtures": [
  { "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "id": "call_aimock2821d299f308", "name": "forecast", "arguments": {} }] } },
  { "match": { "toolCallId": "call_aimock2821d299f308" }, "response": { "content": "Snow." } }
] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
