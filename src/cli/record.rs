//! `aimock record`: the server, with whatever no fixture answers asked of an upstream and written down.

use super::{GlobalArgs, RecordArgs, ServeArgs, Status, Terminal, serve};

/// Runs the command.
pub(super) fn run(args: &RecordArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let record = !args.serve.upstream.proxy_only;
    serve::run(&ServeArgs { record, ..args.serve.clone() }, global, terminal)
}
