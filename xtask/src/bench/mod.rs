//! Measuring: workloads against this build, its peers and the limit of the machine; and instruction counts, which need no
//! quiet machine.
//!
//! Two programs of `xtask/bench` do the work: one asks, one is the limit. Nothing of it is part of the shipped binary.

mod bars;
mod callgrind;
mod counts;
mod dist;
mod material;
mod order;
mod page;
mod programs;
mod results;
mod servers;
mod tools;
mod training;
mod workloads;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use programs::{Peers, Programs};
use results::Results;
use servers::Place;
use workloads::{Bench, Extent, Workload};

use crate::ci::Verdict;

/// The page that `--write` writes.
const PAGE: &str = "docs/performance.md";

pub(crate) const HELP: &str = "\
  bench [W1 …]   measure workloads (w1 w2 w3 w4 w5 w6 w8 w9 w10 tools; all without a name) against the incumbent and the limit
                   --rounds N (3), --seconds S (10) of each measurement, --bin PATH (else a release build is made)
                   --dist measures what `dist` builds, and builds it
                   --peers none, incumbent (as without) or all (VidaiMock too)
                   --sizes N,… and --files N (W3), --cold-runs N (W4), --streams N,… (W6), --requests N (W10)
                   --add keeps what earlier runs measured of other workloads; --write writes docs/performance.md
  bench --page   write docs/performance.md from what was measured last
  bench --check  compare instruction counts with benches/counts.json (needs valgrind); --bless keeps new ones
  dist           build target/dist/aimock, the program as it is handed out: with a profile of what it executes (needs the
                 component llvm-tools of the toolchain; about a quarter of an hour on two cores)
  order          write order.txt, what a server executes first, for the linker (needs valgrind, and that `dist` was run)";

/// What is asked for.
struct Options {
    workloads: Vec<&'static Workload>,
    extent: Extent,
    binary: Option<PathBuf>,
    dist: bool,
    peers: Peers,
    add: bool,
    write: bool,
}

/// Runs what the words behind `bench` say.
///
/// # Errors
/// They say nothing that there is; the text tells what.
pub(crate) fn run(root: &Path, words: &[&str]) -> Result<ExitCode, String> {
    match words {
        ["--check"] => return Ok(counts::check(root)),
        ["--bless"] => return Ok(counts::bless(root)),
        ["--page"] => return Ok(done(Results::read(root).and_then(|results| write_page(root, &results)))),
        _ => {}
    }
    let options = options(words)?;
    Ok(done(measure(root, &options)))
}

/// Builds the program as it is handed out.
pub(crate) fn dist(root: &Path) -> ExitCode {
    done(can_measure().and_then(|()| dist::build(root)).map(|path| println!("built {}", path.display())))
}

/// Finds out which functions a server executes first.
pub(crate) fn order(root: &Path) -> ExitCode {
    done(can_measure().and_then(|()| order::write(root)).map(|count| println!("wrote {}: {count} functions", order::ORDER)))
}

/// Instruction counts, as a step of continuous integration.
pub(crate) fn counts(root: &Path) -> Verdict {
    counts::step(root)
}

fn done(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn options(words: &[&str]) -> Result<Options, String> {
    let mut options = Options {
        workloads: Vec::new(),
        extent: Extent::default(),
        binary: None,
        dist: false,
        peers: Peers::default(),
        add: false,
        write: false,
    };
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        if let Some(workload) = workloads::ALL.iter().find(|workload| workload.name.eq_ignore_ascii_case(word)) {
            options.workloads.push(workload);
            continue;
        }
        let mut value = || words.next().copied().ok_or_else(|| format!("`{word}` needs a value"));
        match word {
            "--rounds" => options.extent.rounds = number(word, value()?)?,
            "--seconds" => options.extent.seconds = seconds(word, value()?)?,
            "--sizes" => options.extent.sizes = numbers(word, value()?)?,
            "--files" => options.extent.files = number(word, value()?)?,
            "--cold-runs" => options.extent.cold_runs = number(word, value()?)?,
            "--streams" => options.extent.streams = numbers(word, value()?)?,
            "--requests" => options.extent.requests = number(word, value()?)?,
            "--bin" => options.binary = Some(PathBuf::from(value()?)),
            "--peers" => {
                options.peers = match value()? {
                    "none" => Peers::None,
                    "incumbent" => Peers::Incumbent,
                    "all" => Peers::All,
                    other => return Err(format!("`--peers` takes none, incumbent or all, and not `{other}`")),
                }
            }
            "--dist" => options.dist = true,
            "--add" => options.add = true,
            "--write" => options.write = true,
            _ => return Err(format!("no such workload or option of bench: `{word}`")),
        }
    }
    if options.dist && options.binary.is_some() {
        return Err("`--dist` builds what is measured, so that `--bin` has nothing to say".to_owned());
    }
    if options.workloads.is_empty() {
        options.workloads = workloads::ALL.iter().collect();
    }
    Ok(options)
}

/// A number from 1.
fn number<T: std::str::FromStr + Default + PartialEq>(word: &str, value: &str) -> Result<T, String> {
    let number = value.parse().ok().filter(|number| *number != T::default());
    number.ok_or_else(|| format!("`{word}` takes a number from 1, and not `{value}`"))
}

fn numbers<T: std::str::FromStr + Default + PartialEq>(word: &str, value: &str) -> Result<Vec<T>, String> {
    value.split(',').map(|value| number(word, value)).collect()
}

fn seconds(word: &str, value: &str) -> Result<f64, String> {
    let seconds = value.parse().ok().filter(|seconds| (0.1..=600.0).contains(seconds));
    seconds.ok_or_else(|| format!("`{word}` takes seconds from 0.1 to 600, and not `{value}`"))
}

fn can_measure() -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Err("workloads are measured on Linux: CPU time and memory of servers are read from /proc".to_owned());
    }
    if std::thread::available_parallelism().map_or(1, std::num::NonZero::get) < 2 {
        return Err("workloads need two cores: one for the server, one for the load".to_owned());
    }
    Ok(())
}

fn measure(root: &Path, options: &Options) -> Result<(), String> {
    can_measure()?;
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None if options.dist => dist::build(root)?,
        None => programs::release(root)?,
    };
    let programs = Programs::get(root, &binary, options.peers)?;
    for absent in &programs.absent {
        eprintln!("left out, cannot be had: {}", absent.trim());
    }
    let size = std::fs::metadata(&programs.ours).map_or(0, |file| file.len());
    let Extent { rounds, seconds, .. } = &options.extent;
    let extent = format!("{rounds} round{} of {seconds} s", if *rounds == 1 { "" } else { "s" });
    let mut results = Results {
        versions: programs.versions.clone(),
        machine: results::machine(),
        date: results::today(),
        extent,
        glance: options.extent.rounds < 3 || options.extent.seconds < 3.0,
        size,
        rows: if options.add { Results::read(root).map_or_else(|_| Vec::new(), |earlier| earlier.rows) } else { Vec::new() },
    };
    results.rows.retain(|row| !options.workloads.iter().any(|workload| workload.name == row.workload));
    let place = Place::new(programs)?;
    for workload in &options.workloads {
        workload.run(&mut Bench { place: &place, extent: &options.extent, results: &mut results });
        results.write(root)?;
    }
    if options.write {
        return write_page(root, &results);
    }
    print!("{}", page::write(&results));
    Ok(())
}

fn write_page(root: &Path, results: &Results) -> Result<(), String> {
    std::fs::write(root.join(PAGE), page::write(results)).map_err(|error| format!("{PAGE}: {error}"))?;
    println!("wrote {PAGE}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{options, workloads};

    #[test]
    fn words_are_understood_or_named() {
        let asked = options(&["w1", "W3", "--rounds", "1", "--seconds", "0.5", "--sizes", "10,1000"]).ok();
        let Some(asked) = asked else { panic!("these are fine") };
        assert_eq!(asked.workloads.iter().map(|workload| workload.name).collect::<Vec<_>>(), ["w1", "w3"]);
        assert_eq!((asked.extent.rounds, asked.extent.sizes), (1, vec![10, 1000]));
        assert_eq!(options(&[]).ok().map(|all| all.workloads.len()), Some(workloads::ALL.len()));
        for (words, named) in [
            (&["w7"][..], "w7"),
            (&["--rounds"], "--rounds"),
            (&["--rounds", "0"], "0"),
            (&["--seconds", "NaN"], "NaN"),
            (&["--peers", "x"], "x"),
            (&["--dist", "--bin", "aimock"], "--bin"),
        ] {
            assert!(options(words).err().is_some_and(|reason| reason.contains(&format!("`{named}`"))), "{words:?}");
        }
    }
}
