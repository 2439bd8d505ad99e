//! `ips`: public IP addresses in responses become those of the documentation ranges.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "ips",
    group: Group::Careful,
    summary: "public IP addresses in responses become 192.0.2.1 or 2001:db8::1",
    why: "they tell where somebody sat, and yet may be what the fixture is about; so this runs only when it is named",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Seen from 93.184.215.14." } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Seen from 192.0.2.1." } }] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
