//! The page of a built-in transform, for the terminal and for the documentation.

use std::fmt::Write as _;

use super::builtins::BuiltIn;

/// Markdown: what it recognises, and its examples before and after.
pub fn page(builtin: &BuiltIn) -> String {
    let mut page = format!("## {}\n\nRecognises {}.\n\nActs on: ", builtin.name, builtin.summary);
    let keys: Vec<String> = builtin.keys.iter().map(|key| format!("`{key}`")).collect();
    let _ = writeln!(page, "{}.\n\n```yaml\n# aimock.yaml\ntransforms: [{}]\n```\n\n```text", keys.join(", "), builtin.name);
    for (index, example) in builtin.examples.iter().enumerate() {
        let gap = if index > 0 { "\n" } else { "" };
        let _ = writeln!(page, "{gap}before:     {}", escaped(example.before));
        let _ = writeln!(page, "matching:   {}", outcome(example.before, example.after));
        let _ = writeln!(page, "normalized: {}", outcome(example.before, example.frozen));
    }
    page.push_str("```\n");
    page
}

fn outcome(before: &str, after: &str) -> String {
    if before == after { "as it is".to_owned() } else { escaped(after) }
}

fn escaped(text: &str) -> String {
    let plain = text.replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r");
    if plain == text && plain.trim() == plain { plain } else { format!("\"{plain}\"") }
}
