//! `aimock schema`: prints the JSON Schemas this program works by, or compares a copy with them.

use anyhow::Context as _;

use super::lines::patch;
use super::{SchemaArgs, SchemaName, Status, Terminal};
use crate::schema::published;

/// Runs the command.
pub(super) fn run(args: &SchemaArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let SchemaArgs { name, diff } = args;
    let text = published::pretty(match name {
        SchemaName::Diff => published::DIFF,
        SchemaName::Report => published::REPORT,
        SchemaName::Fixture => published::FIXTURE,
        SchemaName::Config => published::CONFIG,
        SchemaName::Expectations => published::EXPECTATIONS,
    });
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
    write!(terminal.stdout(), "{}", patch(&old, &text, [&name, "aimock schema"], None))?;
    Ok(Status::Findings)
}
