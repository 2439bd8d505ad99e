//! Generated fixtures whose sizes can be compared: the same kind of file at 1,000, 10,000 and 100,000 entries. Shared by
//! the benchmarks; nothing here is random.

use std::fmt::Write as _;
use std::sync::Arc;

use aimock::diagnostic::{Source, SourceId};
use aimock::document::Format;
use aimock::fixture::Input;

/// How the texts of a scope relate.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Texts {
    /// Every fixture has a text of its own that no other contains.
    Distinct,
    /// The same hundred texts in as many contexts as needed: each text stands in each context once, so that nothing is
    /// shadowed and every text has many look-alikes.
    SameInManyContexts,
    /// Nine of ten fixtures are shadowed: almost everything is a finding.
    Shadowed,
}

/// Fixtures in one file.
const PER_FILE: usize = 1000;

/// A scope of this many fixtures.
pub(crate) fn inputs(count: usize, texts: Texts) -> Vec<Input> {
    (0u32..).zip((0..count).step_by(PER_FILE)).map(|(id, first)| input(id, first..count.min(first + PER_FILE), texts)).collect()
}

fn input(id: u32, numbers: std::ops::Range<usize>, texts: Texts) -> Input {
    let mut text = String::from("{ \"fixtures\": [\n");
    let last = numbers.end - 1;
    for number in numbers {
        let comma = if number == last { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  {{ \"match\": {}, \"response\": {{ \"content\": \"The answer to question {number} is on its way.\" }} }}{comma}",
            matches(number, texts)
        );
    }
    text.push_str("] }\n");
    let name = format!("fixtures/{id:05}.json");
    Input { format: Format::from_path(&name), source: Arc::new(Source::new(SourceId(id), name, text)) }
}

fn matches(number: usize, texts: Texts) -> String {
    match texts {
        Texts::Distinct => format!("{{ \"userMessage\": \"{}\" }}", question(number)),
        Texts::SameInManyContexts => {
            format!("{{ \"userMessage\": \"{}\", \"context\": \"suite-{}\" }}", question(number % 100), number / 100)
        }
        Texts::Shadowed => format!("{{ \"userMessage\": \"{}, part {}\" }}", question(number / 10), "x".repeat(number % 10 + 1)),
    }
}

/// The text of a fixture.
fn question(number: usize) -> String {
    format!("question number {number:06} about the weather")
}
