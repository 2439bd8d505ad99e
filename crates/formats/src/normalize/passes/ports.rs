//! `ports`: ports of local addresses that a system handed out become one.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "ports",
    group: Group::Careful,
    summary: "ports of local addresses that a system handed out become one",
    why: "they differ from run to run, and yet may be what the fixture is about; so this runs only when it is named",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Open http://localhost:53211/v1." } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Open http://localhost:8080/v1." } }] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
