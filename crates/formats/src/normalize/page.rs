//! The page of a pass: what `aimock explain` prints and the docs hold.

use std::fmt::Write as _;

use super::{Group, Pass};

/// The page of one pass.
pub fn page(pass: &Pass) -> String {
    let runs = match pass.group {
        Group::Scrubbing => "Runs by default",
        Group::Careful | Group::Shaping => "Runs when it is named with `--select` or in `normalize.passes`",
    };
    let mut page = format!(
        "## {}\n\n{}.\n\n{}.\n\n{runs}; group {}.\n",
        pass.name,
        capitalised(pass.summary),
        capitalised(pass.why),
        pass.group.name()
    );
    for example in pass.examples {
        let with = match example.transforms {
            [] => String::new(),
            names => format!(", with `transforms: [{}]`", names.join(", ")),
        };
        let language = if example.before.starts_with('{') { "jsonc" } else { "yaml" };
        let (before, after) = (example.before.trim_end(), example.after.trim_end());
        let _ = writeln!(page, "\nBefore{with}:\n\n```{language}\n{before}\n```\n\nAfter:\n\n```{language}\n{after}\n```");
    }
    page
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
