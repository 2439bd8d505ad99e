//! `aimock match`: which fixture would answer a request, and why.

use super::{GlobalArgs, MatchArgs, Status, Terminal};

/// Runs the command.
pub(super) fn run(_args: &MatchArgs, _global: &GlobalArgs, _terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    anyhow::bail!("`aimock match` is not built yet")
}
