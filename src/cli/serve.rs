//! `aimock serve`: the replay server.

use super::{GlobalArgs, ServeArgs, Status, Terminal};

/// Runs the command.
pub(super) fn run(_args: &ServeArgs, _global: &GlobalArgs, _terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    anyhow::bail!("`aimock serve` is not built yet")
}
