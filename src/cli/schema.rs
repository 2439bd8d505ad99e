//! `aimock schema`: prints the JSON Schemas this program works by, or compares a copy with them.

use anyhow::Context as _;

use super::{SchemaArgs, SchemaName, Status, Terminal, report};

/// Runs the command.
pub(super) fn run(args: &SchemaArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let SchemaArgs { name, diff } = args;
    let schema = match name {
        SchemaName::Diff => super::diff::schema(),
        SchemaName::Report => report::schema(),
        SchemaName::Fixture => crate::fixture::fixture_schema(),
        SchemaName::Config => crate::config::schema(),
        SchemaName::Expectations => crate::fixture::expectations_schema(),
    };
    let text = format!("{schema:#}\n");
    let Some(copy) = diff else {
        terminal.stdout().write_all(text.as_bytes())?;
        return Ok(Status::Clean);
    };
    let name = copy.display().to_string();
    let old =
        crate::files::read_path(copy, crate::files::DEFAULT_MAX_FILE_SIZE).with_context(|| format!("cannot compare with {name}"))?.text;
    if old == text {
        terminal.say(format_args!("{name} is this program's schema"));
        return Ok(Status::Clean);
    }
    let diff = similar::TextDiff::from_lines(&old, &text);
    write!(terminal.stdout(), "{}", diff.unified_diff().context_radius(3).header(&name, "aimock schema"))?;
    Ok(Status::Findings)
}
