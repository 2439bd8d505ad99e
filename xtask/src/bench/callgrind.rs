//! Reads what callgrind writes: which function of which object executed how many instructions of its own.

use std::collections::HashMap;
use std::path::Path;

/// Some instructions of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Own<'a> {
    /// The name of the program or library.
    pub(super) object: &'a str,
    /// Callgrind adds `'2` where it tells recursion apart.
    pub(super) function: &'a str,
    pub(super) instructions: u64,
}

/// All that a profile says, without what calls took. `None`: it is no profile of instructions.
pub(super) fn read(profile: &str) -> Option<Vec<Own<'_>>> {
    profile.contains("events: Ir").then_some(())?;
    let (mut objects, mut functions) = (HashMap::new(), HashMap::new());
    let (mut object, mut function, mut is_call) = ("", "", false);
    let mut all = Vec::new();
    for line in profile.lines() {
        // `fn=(1) NAME` names a function, `fn=(1)` is the same one again; `ob=` an object. `cfn=` and `cob=` are called.
        if let Some(text) = line.strip_prefix("ob=") {
            object = named(&mut objects, text)?;
        } else if let Some(text) = line.strip_prefix("cob=") {
            named(&mut objects, text)?;
        } else if let Some(text) = line.strip_prefix("fn=") {
            function = named(&mut functions, text)?;
        } else if let Some(text) = line.strip_prefix("cfn=") {
            named(&mut functions, text)?;
        } else if line.starts_with("calls=") {
            // The next line is what the calls took.
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            if !is_call {
                let instructions = line.split(' ').nth(1)?.parse().ok()?;
                let object = Path::new(object).file_name().and_then(|name| name.to_str()).unwrap_or(object);
                all.push(Own { object, function, instructions });
            }
            is_call = false;
        }
    }
    Some(all)
}

/// The name in `(1) NAME`, or the one that `(1)` was given before.
fn named<'a>(names: &mut HashMap<&'a str, &'a str>, text: &'a str) -> Option<&'a str> {
    let (number, name) = text.split_at_checked(text.find(')')? + 1)?;
    if !name.trim().is_empty() {
        names.insert(number, name.trim());
    }
    names.get(number).copied()
}
