//! `uuids`: UUIDs and ULIDs in responses get a form that is the same for the same value.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "uuids",
    group: Group::Scrubbing,
    summary: "UUIDs and ULIDs in responses get a form that is the same for the same value",
    why: "they are drawn anew each time. What was one value stays one value: its place is taken by a hash of it, so that nothing is numbered and no other file needs to change. A value that the request itself says, or that a file holds which was not named, stays",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Session 3f2a9c81-d0b7-4c6e-9a15-7be204d8f3c9 is open." } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Session 00000000-0000-8000-8000-d5be1bdcad3d is open." } }] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
