//! `ips`: public IP addresses in responses become one of the documentation ranges.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "ips",
    group: Group::Careful,
    summary: "public IP addresses in responses become one of the documentation ranges",
    why: "they tell where somebody sat, and yet may be what the fixture is about; so this runs only when it is named",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "XXX" } }] }"#,
        after: r#"XXX"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
