//! `aimock schema`: prints the JSON Schemas this program works by.

use super::{SchemaArgs, SchemaName, Status, Terminal, report};

/// Runs the command.
pub(super) fn run(args: &SchemaArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let SchemaArgs { name } = args;
    let schema = match name {
        SchemaName::Report => report::schema(),
        SchemaName::Fixture | SchemaName::Config => anyhow::bail!("this schema is not built yet"),
    };
    serde_json::to_writer_pretty(&mut *terminal.stdout(), &schema).map_err(std::io::Error::from)?;
    writeln!(terminal.stdout())?;
    Ok(Status::Clean)
}
