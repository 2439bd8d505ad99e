//! `emails`: e-mail addresses in responses become one of example.com.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "emails",
    group: Group::Careful,
    summary: "e-mail addresses in responses become one of example.com",
    why: "they are people’s, and yet may be what the fixture is about; so this runs only when it is named",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "XXX" } }] }"#,
        after: r#"XXX"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
