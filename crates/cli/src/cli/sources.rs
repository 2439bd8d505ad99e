//! What every command does first: the configuration, the files, their fixtures.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use bytes::Bytes;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::report::FileOutcome;
use super::{GlobalArgs, Progress, Status, Terminal};
use crate::config::{self, ConfigShape};
use crate::convert;
use crate::diagnostic::{Diagnostic, Label, Severity, Source, SourceId, Span};
use crate::document::{self, Format};
use crate::files::{self, Exclude, FileText, Found};
use crate::fixture::{Bodies, Input, LoadOptions, LoadedFile, Reread, Summary};
use crate::matcher::Matching;
use crate::transform::Transforms;

/// Where fixtures are looked for when nothing else is said.
const DEFAULT_PATH: &str = "fixtures";

/// A file's path and source root; `None` for standard input.
type Place = Option<(PathBuf, PathBuf)>;

/// What became of a file.
type ReadFile = (Place, Result<(Input, Held), Box<files::Problem>>);

/// The text of a file.
enum Text {
    Read(FileText),
    /// It is read when it is wanted.
    Later(Found, Held),
}

/// What there is of an input.
#[derive(Clone, Debug)]
pub(super) enum Held {
    /// Its text.
    Text,
    /// Where it was found: it is so long that it is read piece by piece while it is loaded.
    Streamed(Found),
    /// It says what this source said when it was loaded last.
    Same(SourceId),
}

/// The place in load order of files that could not be read: behind all others.
const UNREAD: SourceId = SourceId(u32::MAX);

/// The settings of `aimock.yaml`, and where it stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Config {
    pub(super) shape: ConfigShape,
    /// How requests, and texts of match keys, are rewritten.
    pub(super) transforms: Transforms,
    /// Its text; `None` without a file.
    source: Option<Arc<Source>>,
    /// The folder that its paths are relative to; `None` without a file.
    folder: Option<PathBuf>,
    /// Whether the file is the peer's, whose paths are relative to the working directory.
    is_peers: bool,
}

/// What became of the paths that were asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// One of them does not exist.
    pub(super) missing: bool,
    /// Every file was named by itself, as hooks do, or came from standard input; else a folder or glob was searched.
    pub(super) named: bool,
}

/// Files found and read, in load order; positions are source ids.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) inputs: Vec<Input>,
    /// What there is of each input.
    pub(super) held: Vec<Held>,
    /// Reads the bodies that fixtures keep in files of their own.
    pub(super) beside: Beside,
    /// Findings about files that could not be read.
    pub(super) troubles: Vec<Diagnostic>,
    pub(super) asked: Asked,
}

/// Where each source stands, for the files that it names.
#[derive(Debug, Default)]
pub(super) struct Beside {
    places: Vec<Place>,
    /// The sources that have named one.
    asked: Mutex<BTreeSet<SourceId>>,
    limit: u64,
}

impl Beside {
    /// Whether a source, which has been loaded, names files beside it.
    pub(super) fn is_wanted_by(&self, source: SourceId) -> bool {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).contains(&source)
    }
}

impl Bodies for Beside {
    fn read(&self, source: SourceId, path: &str) -> Result<Bytes, String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(source);
        match self.places.get(source.0 as usize) {
            Some(Some((file, root))) => files::read_beside(file, root, path, self.limit).map(Bytes::from),
            Some(None) | None => {
                Err("has no folder to stand in: fixtures from standard input or over HTTP bring their bodies along".to_owned())
            }
        }
    }
}

impl Config {
    /// Reads the configuration: the file named by `--config`, else the nearest one upward from here, else nothing.
    ///
    /// # Errors
    /// It cannot be read, or holds errors; they are all printed first.
    pub(super) fn load(global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Config> {
        let here = files::working_directory().context("cannot tell the working directory")?;
        let path = match &global.config {
            Some(path) => path.clone(),
            None => match files::find_upward(&here, &config::FILE_NAMES) {
                Some(path) => path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path),
                None => return Ok(Config::default()),
            },
        };
        let name = files::display_name(&path);
        let text =
            files::read_path(&path, files::DEFAULT_MAX_FILE_SIZE).with_context(|| format!("cannot read the configuration {name}"))?.text;
        let source = Arc::new(Source::new(UNREAD, name.clone(), text));
        let problems = match config::parse(&source, Format::from_path(&name)) {
            Ok((shape, warnings)) => {
                for warning in warnings {
                    let place = warning.position();
                    terminal.warn(format_args!("{name}:{}:{}: {}", place.line, place.column, warning.message));
                }
                // Reading has checked the list, each item at its place.
                let transforms = Transforms::compile(&config::transforms(&shape));
                let transforms = transforms.map_err(|_| anyhow::anyhow!("`transforms` of {name} cannot be used"))?;
                let folder = path.parent().map(|folder| seen_from(&here, folder));
                return Ok(Config { is_peers: shape.llm.is_some(), shape, transforms, source: Some(source), folder });
            }
            Err(problems) => problems,
        };
        let mut listed = String::new();
        for problem in problems.iter().filter(|problem| problem.severity == Severity::Error) {
            let place = problem.position();
            let help = if problem.help.is_empty() { String::new() } else { format!("; {}", problem.help) };
            let _ = write!(listed, "\n  {name}:{}:{}: {}{help}", place.line, place.column, problem.message);
        }
        anyhow::bail!("the configuration {name} cannot be used:{listed}")
    }

    /// A configuration that stands in a folder, whether or not it is written there yet.
    pub(super) fn at(folder: PathBuf, shape: ConfigShape) -> Config {
        Config { is_peers: shape.llm.is_some(), shape, folder: Some(folder), ..Config::default() }
    }

    /// What a file is called in files that are committed: its path from the configuration's folder, so that a baseline
    /// fits wherever the command is started.
    pub(super) fn committed_name(&self, name: &str) -> String {
        let Some(folder) = &self.folder else { return files::display_name(Path::new(name)) };
        let folder = files::whole(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        match files::whole(Path::new(name)).strip_prefix(folder) {
            Ok(relative) => files::display_name(relative),
            Err(_) => files::display_name(Path::new(name)),
        }
    }

    /// A path of the configuration as seen from here.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        match &self.folder {
            Some(folder) if !self.is_peers && !folder.as_os_str().is_empty() => folder.join(text),
            _ => PathBuf::from(text),
        }
    }

    /// What to load: the arguments, else the server's fixtures, else `include`, else `./fixtures`.
    ///
    /// # Errors
    /// None of these is there.
    pub(super) fn paths(&self, arguments: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
        if !arguments.is_empty() {
            return Ok(arguments.to_vec());
        }
        let served = self.shape.serve.as_ref().and_then(|serve| serve.fixtures.as_ref());
        if let Some(listed) = self.shape.include.as_ref().or(served) {
            return Ok(listed.0.iter().map(|path| self.path(&path.0)).collect());
        }
        if let Some(path) = self.shape.llm.as_ref().and_then(|llm| llm.fixtures.as_ref()) {
            return Ok(vec![self.path(&path.0)]);
        }
        if files::exists(Path::new(DEFAULT_PATH)) {
            return Ok(vec![PathBuf::from(DEFAULT_PATH)]);
        }
        anyhow::bail!(
            "nothing to load: no PATH was given, no aimock.yaml with `include` was found, and there is no ./fixtures here\n\
             name a file or directory, for instance `aimock validate path/to/fixtures`"
        )
    }

    /// The globs that are passed over.
    ///
    /// # Errors
    /// One of them is no glob.
    pub(super) fn exclude(&self) -> anyhow::Result<Exclude> {
        let globs: Vec<&str> = self.shape.exclude.iter().flat_map(|globs| &globs.0).map(|glob| glob.0.as_str()).collect();
        Exclude::new(self.path(""), &globs).context("`exclude` of the configuration")
    }

    /// How plain texts compare: what is said, else exact where there are transforms.
    pub(super) fn matching(&self, flag: Option<super::Matching>) -> Matching {
        use crate::config::MatchingWord;
        let word = match flag {
            Some(super::Matching::Exact) => Some(MatchingWord::Exact),
            Some(super::Matching::Contains) => Some(MatchingWord::Contains),
            None => self.shape.matching,
        };
        match word {
            Some(MatchingWord::Exact) => Matching::Exact,
            None if self.shape.transforms.as_ref().is_some_and(|list| !list.is_empty()) => Matching::Exact,
            Some(MatchingWord::Contains) | None => Matching::Contains,
        }
    }

    /// How fixture files are loaded.
    pub(super) fn load_options(&self, flag: Option<super::Matching>) -> LoadOptions<'static> {
        let transforms = self.transforms.clone();
        LoadOptions { matching: self.matching(flag), transforms, recordings: Some(convert::recording), ..LoadOptions::default() }
    }

    /// The warning that plain texts are compared exactly only because there are transforms, if the fixtures have any.
    pub(super) fn unstated_matching(&self, flag: Option<super::Matching>, texts: usize) -> Option<Diagnostic> {
        let source = self.source.as_ref()?;
        if self.transforms.is_empty() || self.shape.matching.is_some() || flag.is_some() || texts == 0 {
            return None;
        }
        let (count, verb) = (super::report::counted(texts, "text key"), if texts == 1 { "is" } else { "are" });
        let message = format!("{count} {verb} now exact: there are `transforms`, and no `matching`");
        let mut finding = Diagnostic::new("transforms-without-matching", Severity::Warning, message, label(source, "/transforms"))
            .because("under transforms a plain text of `match` must be all of the request's text, where without them a part is enough");
        finding.help = "write `matching: exact` if that is meant, or `matching: contains`".into();
        Some(finding)
    }

    /// What the configuration says, word for word; empty without a file.
    pub(super) fn text(&self) -> &str {
        self.source.as_ref().map_or("", |source| source.text())
    }

    /// What the configuration is called.
    pub(super) fn name(&self) -> &str {
        self.source.as_ref().map_or("the configuration", |source| source.name())
    }
}

/// A place in the configuration, or the nearest one around it.
fn label(source: &Arc<Source>, pointer: &str) -> Label {
    let parsed = document::parse(source.text(), Format::from_path(source.name()), &document::Limits::default());
    let span = parsed.map_or(Span::new(0, 0), |parsed| {
        let place = document::pointer::nearest(&parsed.root, pointer);
        place.key_span.unwrap_or(place.value.span)
    });
    Label { source: Arc::clone(source), span, pointer: pointer.to_owned(), note: "".into() }
}

/// A folder above the working directory as `..`, so that names stay short; another one as it is.
fn seen_from(here: &Path, folder: &Path) -> PathBuf {
    match here.strip_prefix(folder) {
        Ok(below) if folder.is_absolute() => below.components().map(|_| "..").collect(),
        _ => folder.to_owned(),
    }
}

impl Sources {
    /// Finds and reads all files; `-` is standard input.
    ///
    /// # Errors
    /// Standard input cannot be read.
    pub(super) fn read(paths: &[PathBuf], config: &Config, limit: u64, stdin_name: &str) -> anyhow::Result<Sources> {
        let read = |found: &Found| files::read(found, limit).map(Text::Read);
        Sources::read_by(&read, paths, config, limit, stdin_name)
    }

    /// The same, for [`Sources::load_lean`]: long JSON files are only found.
    ///
    /// # Errors
    /// As [`Sources::read`].
    pub(super) fn read_lean(paths: &[PathBuf], config: &Config, limit: u64, stdin_name: &str) -> anyhow::Result<Sources> {
        let read = |found: &Found| match Format::from_path(&found.name) {
            Format::Yaml => files::read(found, limit).map(Text::Read),
            Format::Json | Format::Jsonc => {
                let text = files::read_short(found, limit)?;
                Ok(text.map_or_else(|| Text::Later(found.clone(), Held::Streamed(found.clone())), Text::Read))
            }
        };
        Sources::read_by(&read, paths, config, limit, stdin_name)
    }

    /// The same, for [`Sources::load_again`]: `same` is given the name and the text of each file, and says which source it was
    /// when it said the same.
    ///
    /// # Errors
    /// As [`Sources::read`].
    pub(super) fn read_again(
        same: impl Fn(&str, &str) -> Option<SourceId> + Sync,
        paths: &[PathBuf],
        config: &Config,
        limit: u64,
        stdin_name: &str,
    ) -> anyhow::Result<Sources> {
        let read = |found: &Found| {
            let text = files::read(found, limit)?;
            let before = same(&found.name, &text.text);
            Ok(before.map_or_else(|| Text::Read(text), |before| Text::Later(found.clone(), Held::Same(before))))
        };
        Sources::read_by(&read, paths, config, limit, stdin_name)
    }

    fn read_by(
        read: &(dyn Fn(&Found) -> Result<Text, Box<files::Problem>> + Sync),
        paths: &[PathBuf],
        config: &Config,
        limit: u64,
        stdin_name: &str,
    ) -> anyhow::Result<Sources> {
        let mut sources = Sources { beside: Beside { limit, ..Beside::default() }, ..Sources::default() };
        let exclude = config.exclude()?;
        let (stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) = paths.iter().cloned().partition(|path| path.as_os_str() == "-");
        let first = usize::from(!stdin.is_empty());
        let done: Mutex<Vec<(usize, ReadFile)>> = Mutex::default();
        let read = |index: usize, found: Found| {
            let read = read(&found).map(|text| input(index + first, found.name, text, limit));
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, (Some((found.path, found.root)), read)));
        };
        // Files are read while others are looked for.
        let discovery = rayon::scope(|scope| {
            files::discover_each(&paths, &exclude, &mut |index, found| {
                let (read, found) = (&read, found.clone());
                scope.spawn(move |_| read(index, found));
            })
        });
        sources.asked.named = discovery.files.iter().all(|file| file.named);
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_unstable_by_key(|(index, _)| *index);
        let mut files: Vec<ReadFile> = done.into_iter().map(|(_, file)| file).collect();
        if !stdin.is_empty() {
            let read = files::stdin(limit).map(|text| input(0, stdin_name.to_owned(), Text::Read(text), limit));
            files.insert(0, (None, read));
        }
        for (place, read) in files {
            match read {
                Ok((input, held)) => {
                    sources.inputs.push(renumbered(input, sources.inputs.len()));
                    sources.held.push(held);
                    sources.beside.places.push(place);
                }
                Err(problem) => sources.troubles.push(problem.into_diagnostic(UNREAD)),
            }
        }
        for problem in discovery.problems {
            sources.asked.missing |= Sources::is_missing(problem.rule);
            sources.troubles.push(problem.into_diagnostic(UNREAD));
        }
        Ok(sources)
    }

    /// The inputs with their paths; `None` for standard input.
    pub(super) fn into_inputs(self) -> impl Iterator<Item = (Input, Option<PathBuf>)> {
        self.inputs.into_iter().zip(self.beside.places.into_iter().map(|place| place.map(|(path, _)| path)))
    }

    /// Of the text of each input that was read.
    pub(super) fn digests(&self, digest: fn(&str) -> u64) -> Vec<Option<u64>> {
        let inputs = self.inputs.iter().zip(&self.held);
        inputs.map(|(input, held)| matches!(held, Held::Text).then(|| digest(input.source.text()))).collect()
    }

    /// Takes the inputs and loads them as [`load`] does; long ones without ever having all of their text, as long as nothing is
    /// wrong with it.
    pub(super) fn load_lean(&mut self, options: &LoadOptions<'_>, terminal: &Terminal<'_>) -> Vec<LoadedFile> {
        let progress = Progress::new(self.inputs.len(), "files", terminal);
        let files = self.load_again(options, &|| progress.tick());
        progress.finish();
        let loaded = |file| match file {
            Reread::Loaded(file) => Some(file),
            Reread::Same(..) => None,
        };
        files.into_iter().filter_map(loaded).collect()
    }

    /// Takes the inputs and loads those that say something new. `done` is called after each.
    pub(super) fn load_again(&mut self, options: &LoadOptions<'_>, done: &(dyn Fn() + Sync)) -> Vec<Reread> {
        let inputs = std::mem::take(&mut self.inputs);
        let options = &LoadOptions { bodies: Some(&self.beside), ..options.clone() };
        let files = inputs.into_par_iter().zip(&self.held).map(|(input, held)| {
            let loaded = match held {
                Held::Text => Reread::Loaded(crate::fixture::load(&input.source, input.format, options)),
                Held::Streamed(found) => Reread::Loaded(load_streamed(&input, found, self.beside.limit, options)),
                Held::Same(before) => Reread::Same(*before, input.source),
            };
            done();
            loaded
        });
        files.collect()
    }

    /// Whether a finding of this rule says that there is nothing where files were asked for.
    pub(super) fn is_missing(rule: &str) -> bool {
        ["path-not-found", "no-files", "bad-glob"].contains(&rule)
    }

    /// Whether nothing at all was found.
    pub(super) fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.troubles.is_empty()
    }
}

/// The source at this place in load order.
fn id(index: usize) -> SourceId {
    SourceId(u32::try_from(index).unwrap_or(u32::MAX))
}

fn input(index: usize, name: String, text: Text, limit: u64) -> (Input, Held) {
    let format = Format::from_path(&name);
    let (source, held) = match text {
        Text::Read(text) => (Source::new(id(index), name, text.text), Held::Text),
        Text::Later(found, held) => {
            // What cannot be read any more has no places to show.
            let read = move || files::read(&found, limit).map(|text| text.text).unwrap_or_default();
            (Source::later(id(index), name, read), held)
        }
    };
    (Input { source: Arc::new(source), format }, held)
}

/// The same text at another place in load order.
pub(super) fn renumbered(mut input: Input, index: usize) -> Input {
    if input.source.id() == id(index) {
        return input;
    }
    match Arc::get_mut(&mut input.source) {
        Some(source) => source.renumber(id(index)),
        None => input.source = Arc::new(Source::new(id(index), input.source.name(), input.source.text())),
    }
    input
}

fn load_streamed(input: &Input, found: &Found, limit: u64, options: &LoadOptions<'_>) -> LoadedFile {
    let Input { source, format } = input;
    if let Some((mut stream, length)) = files::stream(found, limit)
        && let Some(loaded) = crate::fixture::load_by_entry(source, document::Input::Stream(&mut stream), length, *format, options)
    {
        return loaded;
    }
    match files::read(found, limit) {
        Ok(read) => crate::fixture::load(&Arc::new(Source::new(source.id(), source.name(), read.text)), *format, options),
        Err(problem) => LoadedFile::unread(source, problem.into_diagnostic(UNREAD)),
    }
}

/// Loads all texts in parallel, with a progress bar on terminals.
pub(super) fn load(inputs: Vec<Input>, options: &LoadOptions<'_>, terminal: &Terminal<'_>) -> Vec<LoadedFile> {
    let progress = Progress::new(inputs.len(), "files", terminal);
    let files = inputs
        .into_par_iter()
        .map(|input| {
            let loaded = crate::fixture::load(&input.source, input.format, options);
            progress.tick();
            loaded
        })
        .collect();
    progress.finish();
    files
}

/// Checks all texts in parallel as [`load`] does, and keeps of each only how many fixtures it holds and what is wrong.
pub(super) fn examine(inputs: Vec<Input>, options: &LoadOptions<'_>, terminal: &Terminal<'_>) -> Vec<(Summary, Vec<Diagnostic>)> {
    let progress = Progress::new(inputs.len(), "files", terminal);
    let examined = inputs
        .into_par_iter()
        .map(|input| {
            let mut loaded = crate::fixture::load(&input.source, input.format, options);
            progress.tick();
            (loaded.summary(), std::mem::take(&mut loaded.problems))
        })
        .collect();
    progress.finish();
    examined
}

/// What became of each file, for reports.
pub(super) fn outcomes(files: &[Summary]) -> Vec<FileOutcome> {
    let outcome =
        |file: &Summary| FileOutcome { name: file.source.name().to_owned(), fixtures: file.fixtures, skipped: file.skipped.clone() };
    files.iter().map(outcome).collect()
}

/// The exit status: that of the report; 2 where a path is missing, or where nothing that was searched held fixtures. A named
/// file that is no fixture file is a note: hooks pass what they like.
pub(super) fn status_of(status: Status, outcomes: &[FileOutcome], asked: Asked, terminal: &mut Terminal<'_>) -> Status {
    let nothing = outcomes.iter().all(|file| file.skipped.is_some()) && status == Status::Clean;
    if nothing {
        terminal.note("none of these files holds fixtures: a fixture file is an object with a `fixtures` list");
    }
    if asked.missing || (nothing && !asked.named) { Status::Failed } else { status }
}
