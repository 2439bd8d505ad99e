//! `aimock validate`: checks fixture files against the schema and the loader.

use super::{GlobalArgs, Status, Terminal, ValidateArgs};

/// Runs the command.
pub(super) fn run(_args: &ValidateArgs, _global: &GlobalArgs, _terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    anyhow::bail!("`aimock validate` is not built yet")
}
