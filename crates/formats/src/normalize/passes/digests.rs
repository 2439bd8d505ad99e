//! `digests`: hex digests in responses become one that is the same for the same digest.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "digests",
    group: Group::Careful,
    summary: "hex digests in responses become one that is the same for the same digest",
    why: "they change whenever anything does, and yet may be what the fixture is about; so this runs only when it is named",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709" } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "sha1 000000000000000000000000000007e23ede2756" } }] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
