//! `request-ids`: ids that providers give out get a form that is the same for the same id.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "request-ids",
    group: Group::Scrubbing,
    summary: "request and trace ids in responses get a form that is the same for the same id",
    why: "they are drawn anew each time. What was one value stays one value, by a hash of it",
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
