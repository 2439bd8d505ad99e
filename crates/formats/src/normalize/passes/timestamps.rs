//! `timestamps`: times in responses become 2000-01-01T00:00:00Z, in the form they had.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "timestamps",
    group: Group::Scrubbing,
    summary: "times in responses become 2000-01-01T00:00:00Z, in the form they had",
    why: "a clock never shows the same time twice. Round times and dates without a time are an author's and stay",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Created at 2026-03-30T13:19:38.214Z." } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Created at 2000-01-01T00:00:00.000Z." } }] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
