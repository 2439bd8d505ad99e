//! `aimock diff`: two sets of fixtures, or two journals, compared by what they mean; also as git's diff driver.

mod git;
mod json;
mod markdown;
mod sides;
mod text;
mod view;
mod words;

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

pub use json::schema;

use super::sources::Config;
use super::{DiffArgs, DiffFormat, GlobalArgs, Status, Terminal};
use crate::diff::{self, Ignore, Side, Verdict, journal};
use crate::files::DEFAULT_MAX_FILE_SIZE;
use crate::fixture::LoadOptions;
use sides::Loaded;
use text::Manners;
use view::View;

/// Runs the command.
pub(super) fn run(args: &DiffArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let limit = args.max_file_size.unwrap_or(DEFAULT_MAX_FILE_SIZE);
    if let Some(file) = &args.textconv {
        return git::textconv(file, limit, terminal);
    }
    if args.git_driver {
        return git::driver(args, global, limit, terminal);
    }
    let config = Config::load(global, terminal)?;
    let comparison = Comparison::with(args, &config)?;
    let [old, new] = args.sides.as_slice() else {
        anyhow::bail!(
            "`aimock diff` compares two sides, and {} given: name OLD and NEW, two files, directories or journals",
            match args.sides.len() {
                0 => "none was".to_owned(),
                1 => "one was".to_owned(),
                count => format!("{count} were"),
            }
        )
    };
    anyhow::ensure!(old != Path::new("-") || new != Path::new("-"), "standard input can be one side only");
    let read = |side: &PathBuf, terminal: &mut Terminal<'_>| sides::read(side, args.scope.as_deref(), &config, limit, terminal);
    let verdict = match (read(old, terminal)?, read(new, terminal)?) {
        (Loaded::Journal(old), Loaded::Journal(new)) => comparison.journals(&old, &new, terminal)?,
        (Loaded::Fixtures(old), Loaded::Fixtures(new)) => {
            // Given back by the end of the process, which is faster than piece by piece.
            let both = Side::load_both((&old.inputs, &old.root), (&new.inputs, &new.root), &comparison.options);
            let (old_side, new_side) = &*ManuallyDrop::new(both);
            sides::check(old_side, &old.name, terminal)?;
            sides::check(new_side, &new.name, terminal)?;
            comparison.fixtures(old_side, new_side, terminal)?
        }
        (Loaded::Journal(_), Loaded::Fixtures(texts)) | (Loaded::Fixtures(texts), Loaded::Journal(_)) => {
            anyhow::bail!("a journal cannot be compared with fixtures: {} is no journal", texts.name)
        }
    };
    let counts = args.exit_code.verdict().is_some_and(|least| verdict >= least);
    Ok(if counts { Status::Findings } else { Status::Clean })
}

/// The places that are left out: those of the configuration, and those of the flags.
fn ignore(args: &DiffArgs, config: &Config) -> anyhow::Result<Ignore> {
    let configured = config.shape.diff.iter().filter_map(|diff| diff.ignore.as_ref()).flat_map(|list| &list.0).map(|text| text.0.clone());
    let pointers: Vec<String> = configured.chain(args.ignore.iter().cloned()).collect();
    Ignore::new(&pointers).context("`--ignore`, or `diff.ignore` of the configuration")
}

/// How sides are loaded, compared and shown.
struct Comparison {
    options: LoadOptions<'static>,
    ignore: Ignore,
    format: DiffFormat,
}

impl Comparison {
    /// As the configuration and the flags say.
    fn of(args: &DiffArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Comparison> {
        Comparison::with(args, &Config::load(global, terminal)?)
    }

    fn with(args: &DiffArgs, config: &Config) -> anyhow::Result<Comparison> {
        Ok(Comparison { options: config.load_options(args.matching), ignore: ignore(args, config)?, format: args.format })
    }

    /// As without any configuration.
    fn plain(format: DiffFormat) -> Comparison {
        Comparison { options: LoadOptions::default(), ignore: Ignore::default(), format }
    }

    fn fixtures(&self, old: &Side<'_>, new: &Side<'_>, terminal: &mut Terminal<'_>) -> anyhow::Result<Verdict> {
        let diff = diff::compare(old, new, &self.ignore);
        let view = View { diff: &diff, old, new };
        match self.format {
            DiffFormat::Text => text::write(&view, manners(terminal), terminal.stdout())?,
            DiffFormat::Json => json::write(&view, terminal.stdout())?,
            DiffFormat::Markdown => markdown::write(&view, terminal.stdout())?,
        }
        Ok(diff.verdict())
    }

    fn journals(&self, old: &journal::Journal, new: &journal::Journal, terminal: &mut Terminal<'_>) -> anyhow::Result<Verdict> {
        let diff = journal::compare(old, new, &self.ignore);
        match self.format {
            DiffFormat::Text => text::write_journals(&diff, manners(terminal), terminal.stdout())?,
            DiffFormat::Json => json::write_journals(&diff, terminal.stdout())?,
            DiffFormat::Markdown => markdown::write_journals(&diff, terminal.stdout())?,
        }
        Ok(diff.verdict())
    }
}

fn manners(terminal: &Terminal<'_>) -> Manners {
    Manners { color: terminal.stdout_color(), verbose: terminal.is_verbose() }
}
