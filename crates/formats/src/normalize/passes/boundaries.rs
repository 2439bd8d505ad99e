//! `boundaries`: drawn boundaries of multipart texts become one.

use super::{Example, Group, Pass, Work};

pub(super) static PASS: Pass = Pass {
    name: "boundaries",
    group: Group::Careful,
    summary: "drawn boundaries of multipart texts become one",
    why: "they are drawn anew each time, and yet may be what the fixture is about; so this runs only when it is named",
    keeps_answers: false,
    examples: &[Example {
        before: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "multipart/form-data; boundary=b7f3k2m9q4x1" } }] }"#,
        after: r#"{ "fixtures": [{ "match": { "userMessage": "report" }, "response": { "content": "multipart/form-data; boundary=aimockb11681b75684" } }] }"#,
        transforms: &[],
    }],
    work: Work::BuiltIn,
};
