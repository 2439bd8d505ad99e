//! `ids`: ids that providers give out get a form that is the same for the same id.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "ids",
    group: Group::Scrubbing,
    summary: "ids that providers give out get a form that is the same for the same id",
    why: "they are drawn anew each time. The ids of tool calls are rewritten together with every `toolCallId` that refers to them, by a hash of the id, so that nothing is numbered and no other file needs to change. An id that no response makes, or that a file holds which was not named, stays",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [
  { "match": { "userMessage": "weather" }, "response": { "toolCalls": [{ "id": "call_Vx81nZq0TfKe3aYd", "name": "weather", "arguments": { "city": "Oslo" } }] } },
  { "match": { "toolCallId": "call_Vx81nZq0TfKe3aYd" }, "response": { "content": "Snow." } }
] }"#,
        after: r#"XXX"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
