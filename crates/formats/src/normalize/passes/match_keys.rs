//! `match-keys`: texts of match keys go through the transforms in force.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "match-keys",
    group: Group::Scrubbing,
    summary: "texts of match keys go through the transforms in force",
    why: "the request goes through them too, so both still meet, and the file shows what is compared. Only the list `transforms` of the configuration is used; without it match keys stay as they are",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "Event Date: 2026-03-30T13:19:38" }, "response": { "content": "Noted." } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "Event Date: <timestamp>" }, "response": { "content": "Noted." } }] }"#,
        transforms: &["timestamps"],
    }],
    work: Work::MatchKeys,
};
