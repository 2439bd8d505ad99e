//! `durations`: measured durations in responses become one.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "durations",
    group: Group::Careful,
    summary: "measured durations in responses become one",
    why: "nothing takes as long twice, and yet may be what the fixture is about; so this runs only when it is named",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "3 passed in 12.34s." } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "3 passed in 0.00s." } }] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
