//! `aimock convert`: recordings of other tools become fixture files; what cannot be carried is said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::report::counted;
use super::sources::Config;
use super::{ConvertArgs, ConvertFormat, GlobalArgs, Status, Terminal};
use crate::convert::{self, Conversion, ConvertError, Input, pair};
use crate::diagnostic::{Diagnostic, Severity, Source, SourceId};
use crate::document;
use crate::files::{self, Found};

/// Runs the command.
pub(super) fn run(args: &ConvertArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let ConvertArgs { paths, output, from, format, dry_run, force } = args;
    let config = Config::load(global, terminal)?;
    let mut job = Job::read(paths, &config, terminal)?;
    let mut done = Vec::new();
    for recording in std::mem::take(&mut job.recordings) {
        match convert::convert(&recording.input, *from) {
            Ok(conversion) => done.push(Done { target: PathBuf::new(), recording, conversion }),
            Err(error) => job.refuse(&recording, error, terminal),
        }
    }
    anyhow::ensure!(job.failed || !done.is_empty(), "nothing was converted: {}", known_formats());
    let several = done.len() > 1 && output.is_none() && !dry_run;
    anyhow::ensure!(!several, "{} inputs make as many fixture files: name a directory for them with `-o DIR`", done.len());
    aim(&mut done, output.as_deref(), *format);
    if output.is_some() && !dry_run {
        refuse_to_replace(&done, *force)?;
    }
    for one in &done {
        one.say(output.is_some(), *dry_run, terminal);
        if *dry_run || one.conversion.fixtures == 0 {
            continue;
        }
        let text = text_of(&one.conversion, *format);
        match output {
            Some(_) => write(&one.target, &text)?,
            None => terminal.stdout().write_all(text.as_bytes())?,
        }
    }
    let lost = done.iter().any(|one| one.conversion.lost > 0);
    Ok(if job.failed {
        Status::Failed
    } else if lost {
        Status::Findings
    } else {
        Status::Clean
    })
}

/// Something to convert.
struct Recording {
    input: Input,
    /// Its name below the directory it was found in, without suffix, and the suffix.
    stem: PathBuf,
    suffix: String,
    /// The user named it, or it came from standard input.
    named: bool,
}

/// A recording, converted.
struct Done {
    recording: Recording,
    conversion: Conversion,
    /// Where the fixtures go.
    target: PathBuf,
}

/// What there is to do.
#[derive(Default)]
struct Job {
    recordings: Vec<Recording>,
    /// Something that was asked for could not be read.
    failed: bool,
}

impl Job {
    /// Finds and reads everything, and puts pairs together.
    fn read(paths: &[PathBuf], config: &Config, terminal: &mut Terminal<'_>) -> anyhow::Result<Job> {
        let mut job = Job::default();
        let (stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) = paths.iter().cloned().partition(|path| path.as_os_str() == "-");
        if !stdin.is_empty() {
            let text = files::stdin(files::DEFAULT_MAX_FILE_SIZE).map_err(|problem| anyhow::anyhow!("{problem}"))?.text;
            let input = Input { source: job.source("<stdin>", text), answer: None };
            job.recordings.push(Recording { input, stem: PathBuf::from("stdin"), suffix: String::new(), named: true });
        }
        let suffixes: BTreeSet<&str> = convert::ALL.iter().flat_map(|format| format.suffixes).copied().collect();
        let found = files::discover_ending(&paths, &config.exclude()?, &suffixes.into_iter().collect::<Vec<_>>());
        for problem in found.problems {
            job.failed |= problem.severity == Severity::Error;
            terminal.warn(problem);
        }
        let (asked, answers, others) = sides(found.files);
        for file in asked.values().chain(&others) {
            let answer = pair::side(&file.name).and_then(|(stem, _)| answers.get(stem));
            job.take(file, answer, terminal);
        }
        for (stem, answer) in &answers {
            if !asked.contains_key(stem) {
                terminal.note(format_args!("skipped {}: there is no {stem}.request.json beside it", answer.name));
            }
        }
        Ok(job)
    }

    fn take(&mut self, file: &Found, answer: Option<&Found>, terminal: &mut Terminal<'_>) {
        let mut read = |file: &Found| match files::read(file, files::DEFAULT_MAX_FILE_SIZE) {
            Ok(text) => Some(text.text),
            Err(problem) => {
                self.failed |= file.named;
                terminal.warn(problem);
                None
            }
        };
        let Some(text) = read(file) else { return };
        let answer_text = match answer {
            Some(answer) => match read(answer) {
                Some(text) => Some((answer.name.clone(), text)),
                None => return,
            },
            None => None,
        };
        let relative = file.path.strip_prefix(&file.root).unwrap_or(&file.path).to_owned();
        let plain = pair::side(&file.name).map_or_else(|| relative.with_extension(""), |_| relative.with_extension("").with_extension(""));
        let suffix = relative.extension().map(|suffix| suffix.to_string_lossy().into_owned()).unwrap_or_default();
        let answer = answer_text.map(|(name, text)| self.source(&name, text));
        let input = Input { source: self.source(&file.name, text), answer };
        self.recordings.push(Recording { input, stem: plain, suffix, named: file.named });
    }

    fn source(&self, name: &str, text: String) -> Arc<Source> {
        Arc::new(Source::new(SourceId(u32::try_from(self.recordings.len()).unwrap_or(u32::MAX)), name, text))
    }

    fn refuse(&mut self, recording: &Recording, error: ConvertError, terminal: &mut Terminal<'_>) {
        let name = recording.input.source.name();
        match error {
            ConvertError::Unknown if recording.named => {
                self.failed = true;
                terminal.warn(format_args!("{name} is not converted: its format is not recognised; {}", known_formats()));
            }
            ConvertError::Unknown => terminal.note(format_args!("skipped {name}: its format is not recognised")),
            ConvertError::Unreadable(reasons) => {
                self.failed |= recording.named;
                terminal.warn(format_args!("{name} is not converted: it cannot be read"));
                for reason in reasons.iter().filter(|reason| reason.severity == Severity::Error).take(3) {
                    terminal.say(format_args!("  {}: {}", place(reason), reason.message));
                }
            }
        }
    }
}

type Halves = BTreeMap<String, Found>;

/// Requests and answers by the name of their pair, and everything else.
fn sides(files: Vec<Found>) -> (Halves, Halves, Vec<Found>) {
    let (mut asked, mut answers, mut others) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for file in files {
        match pair::side(&file.name).map(|(stem, side)| (stem.to_owned(), side)) {
            Some((stem, pair::Side::Request)) => drop(asked.insert(stem, file)),
            Some((stem, pair::Side::Response)) => drop(answers.insert(stem, file)),
            None => others.push(file),
        }
    }
    (asked, answers, others)
}

fn known_formats() -> String {
    let names: Vec<&str> = convert::ALL.iter().map(|format| format.name).collect();
    format!("the formats are {} (`--from` names one)", names.join(", "))
}

/// Where each file goes; what would have the same name gets its suffix added.
fn aim(done: &mut [Done], output: Option<&Path>, format: ConvertFormat) {
    let ending = match format {
        ConvertFormat::Json => "json",
        ConvertFormat::Yaml => "yaml",
    };
    let mut taken = BTreeSet::new();
    for one in done {
        let folder = output.unwrap_or(Path::new(""));
        let named = |stem: &Path| folder.join(format!("{}.{ending}", files::display_name(stem)));
        let stem = one.recording.stem.clone();
        let mut target = named(&stem);
        let mut count = 1;
        while !taken.insert(target.clone()) {
            let more = if count == 1 { one.recording.suffix.clone() } else { format!("{}-{count}", one.recording.suffix) };
            target = named(Path::new(&format!("{}-{more}", files::display_name(&stem))));
            count += 1;
        }
        one.target = target;
    }
}

fn refuse_to_replace(done: &[Done], force: bool) -> anyhow::Result<()> {
    let there: Vec<String> =
        done.iter().filter(|one| !force && files::exists(&one.target)).map(|one| files::display_name(&one.target)).collect();
    anyhow::ensure!(
        there.is_empty(),
        "{} already exists and is not replaced; `--force` replaces it\nnothing was written",
        there.join(", ")
    );
    Ok(())
}

fn text_of(conversion: &Conversion, format: ConvertFormat) -> String {
    match format {
        ConvertFormat::Json => format!("{:#}\n", conversion.file),
        ConvertFormat::Yaml => document::to_yaml(&conversion.file),
    }
}

fn write(target: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        files::make_folder(folder)?;
    }
    Ok(files::write_atomically(target, text.as_bytes())?)
}

/// `a.yaml:3:1`
fn place(note: &Diagnostic) -> String {
    let at = note.position();
    format!("{}:{}:{}", note.primary.source.name(), at.line, at.column)
}

impl Done {
    /// What it was, what became of it, and what is to be said.
    fn say(&self, to_file: bool, dry_run: bool, terminal: &mut Terminal<'_>) {
        let Done { recording, conversion, target } = self;
        let Conversion { format, interactions, fixtures, stamped, secrets, lost, .. } = conversion;
        let name = recording.input.source.name();
        let verb = if dry_run { "would go" } else { "went" };
        let place = match (*fixtures, to_file) {
            (0, _) => String::from("; nothing is written"),
            (_, true) => format!(" {verb} to {}", files::display_name(target)),
            (_, false) => String::new(),
        };
        let (read, made) = (counted(*interactions, "interaction"), counted(*fixtures, "fixture"));
        terminal.say(format_args!("{name}: {}: {read}, {made}{place}", format.title));
        if !stamped.is_empty() {
            let keys: Vec<String> = stamped.iter().map(|(key, count)| format!("{key} ({count})")).collect();
            terminal.say(format_args!("  match keys: {}", keys.join(", ")));
        }
        if *secrets > 0 {
            terminal.say(format_args!("  secrets: {} replaced or left out", counted(*secrets, "value")));
        }
        self.say_notes(terminal);
        if *lost > 0 {
            terminal.warn(format_args!("{name}: {} lost", counted(*lost, "interaction")));
        }
    }

    /// Equal notes are said once, at the first place.
    fn say_notes(&self, terminal: &mut Terminal<'_>) {
        let mut said: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for note in &self.conversion.notes {
            *said.entry((note.rule, note.message.as_str())).or_default() += 1;
        }
        for note in &self.conversion.notes {
            let Some(count) = said.remove(&(note.rule, note.message.as_str())) else { continue };
            let more = if count > 1 { format!(" ({count} times)") } else { String::new() };
            terminal.say(format_args!("  {}[{}]: {}: {}{more}", note.severity.name(), note.rule, place(note), note.message));
        }
    }
}
