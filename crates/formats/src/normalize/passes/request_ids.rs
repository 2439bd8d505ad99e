//! `request-ids`: ids that providers give out get a form that is the same for the same id.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "request-ids",
    group: Group::Scrubbing,
    summary: "request and trace ids in responses get a form that is the same for the same id",
    why: "they are drawn anew each time. What was one value stays one value, by a hash of it",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Failed; request ID req_011CSHoEeqs5C35K2UUqR7Fy." } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Failed; request ID req_aimockea85ac871360." } }] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
