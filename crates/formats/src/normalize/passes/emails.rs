//! `emails`: e-mail addresses in responses become user@example.com.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "emails",
    group: Group::Careful,
    summary: "e-mail addresses in responses become user@example.com",
    why: "they are people’s, and yet may be what the fixture is about; so this runs only when it is named",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Sent to m.rossi@mailbox.org." } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Sent to user@example.com." } }] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
