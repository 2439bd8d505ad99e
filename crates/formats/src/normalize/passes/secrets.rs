//! `secrets`: keys and tokens become placeholders of their form.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "secrets",
    group: Group::Scrubbing,
    summary: "keys and tokens become placeholders of their form",
    why: "they grant access to whoever reads the repository. All of a kind become one constant, never a hash of the key. They are taken out of descriptions and comments as well; where requests are compared with one it is left, and said",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Connected to postgres://app:Tr4vXq9mLw@db.internal.acme.io/main." } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Connected to postgres://app:redacted@db.internal.acme.io/main." } }] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
