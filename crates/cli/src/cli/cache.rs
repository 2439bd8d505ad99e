//! Where lint keeps what it found between runs, and what must be the same for it to count.
//!
//! By default that is the user's own cache, not the project: what a repository brings along must not be able to keep a
//! finding from being shown.

use std::path::{Path, PathBuf};

use super::args::{CacheArgs, CleanArgs};
use super::report::counted;
use super::sources::Config;
use super::{GlobalArgs, Status, Terminal};
use crate::files;
use crate::lint::Key;

/// The largest cache that is read, in bytes.
const MOST_BYTES: u64 = 128 << 20;

/// What is kept for one folder under one set of settings.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    context: Key,
}

impl Cache {
    /// The cache to use, if any. `parts` are what findings follow from beside the texts and the configuration.
    ///
    /// # Errors
    /// The configuration names a folder that is not below its own.
    pub(super) fn open(args: &CacheArgs, config: &Config, parts: &[Vec<u8>]) -> anyhow::Result<Option<Cache>> {
        let folder = folder(args, config)?;
        // A program that cannot be told from another one of this version has no memory.
        let program = std::env::current_exe().ok().and_then(|path| files::stamp(&path));
        let (Some(folder), Some(program), false) = (folder, program, args.no_cache) else { return Ok(None) };
        let own = [env!("CARGO_PKG_VERSION"), &program, config.name(), config.text()];
        let context = Key::of("context", own.iter().map(|part| part.as_bytes()).chain(parts.iter().map(Vec::as_slice)));
        Ok(Some(Cache { folder, context }))
    }

    /// What must be the same for anything to be remembered.
    pub(super) fn context(&self) -> Key {
        self.context
    }

    /// What was kept; empty when there is nothing.
    pub(super) fn read(&self) -> Vec<u8> {
        files::kept(&self.folder, &self.context.to_name(), MOST_BYTES)
    }

    /// Keeps something. Where that cannot be done the run goes on without, and says so under `--verbose`.
    pub(super) fn write(&self, bytes: &[u8], terminal: &mut Terminal<'_>) {
        if let Err(error) = files::keep(&self.folder, &self.context.to_name(), bytes) {
            terminal.detail(format_args!("nothing is kept for the next run: {error}"));
        }
    }
}

/// Runs `aimock clean`.
pub(super) fn clean(args: &CleanArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let config = Config::load(global, terminal)?;
    let CleanArgs { cache_dir } = args;
    let Some(folder) = folder(&CacheArgs { cache_dir: cache_dir.clone(), no_cache: false }, &config)? else {
        terminal.note("this system names no folder for caches: nothing is kept");
        return Ok(Status::Clean);
    };
    let gone = files::forget(&folder)?;
    terminal.say(format_args!("removed {} from {}", counted(gone, "file"), files::display_name(&folder)));
    Ok(Status::Clean)
}

/// The flag's folder, else the configuration's, else the user's.
fn folder(args: &CacheArgs, config: &Config) -> anyhow::Result<Option<PathBuf>> {
    if let Some(folder) = &args.cache_dir {
        return Ok(Some(folder.clone()));
    }
    let configured = config.shape.lint.as_ref().and_then(|lint| lint.cache_dir.as_ref()).map(|folder| config.path(&folder.0));
    if let Some(folder) = configured {
        let root = config.path("");
        let root = if root.as_os_str().is_empty() { Path::new(".") } else { &root };
        anyhow::ensure!(
            files::leads_below(&folder, root),
            "`lint.cacheDir` of {} leads out of the folder of the configuration: name a folder below it, or use `--cache-dir`",
            config.name()
        );
        // Not by way of `..` behind a link.
        return Ok(Some(files::whole(&folder)));
    }
    Ok(of_user())
}

/// The user's folder for caches, as the system has it.
fn of_user() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Caches"))
    } else {
        variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))
    };
    folder.map(|folder| folder.join("aimock"))
}
