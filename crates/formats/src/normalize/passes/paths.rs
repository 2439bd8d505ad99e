//! `paths`: paths into homes and temporary folders lose the names that differ from machine to machine.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "paths",
    group: Group::Careful,
    summary: "paths into homes and temporary folders lose the names that differ from machine to machine",
    why: "they tell whose machine it was, and yet may be what the fixture is about; so this runs only when it is named",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Wrote /tmp/run-x7k2m9q4/out.txt and /home/buildhost7/app/main.py." } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "Wrote /tmp/aimock-frozen/out.txt and /home/user/app/main.py." } }] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
