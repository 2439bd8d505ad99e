//! `aimock record`: the server, with whatever no fixture answers asked of an upstream and written down.

use super::{GlobalArgs, ServeArgs, Status, Terminal, serve};

/// Arguments of `aimock record`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aimock record --provider-openai https://api.openai.com -o fixtures/recorded
  aimock record --provider-anthropic https://api.anthropic.com -o recorded --record-mode all
  aimock record --provider-openai http://localhost:8000 --proxy-only

Takes every flag of `aimock serve`. Keys come with the client's requests,
or from AIMOCK_PROVIDER_OPENAI_KEY and the like, and are never written down.")]
pub struct RecordArgs {
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// Runs the command.
pub(super) fn run(args: &RecordArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let record = !args.serve.upstream.proxy_only;
    serve::run(&ServeArgs { record, ..args.serve.clone() }, global, terminal)
}
