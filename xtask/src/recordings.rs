//! A folder of generated recordings, to measure commands on: the ones of the benchmarks, in files of 2 MB.

use std::path::Path;
use std::process::ExitCode;

#[path = "../../benches/recordings.rs"]
mod generator;

const FILE: usize = 2_000_000;

/// Writes this many megabytes.
pub(crate) fn write(folder: &Path, megabytes: &str) -> ExitCode {
    let Ok(count) = megabytes.parse::<u64>().map(|megabytes| megabytes.div_ceil(2)) else {
        eprintln!("`{megabytes}` is no number of megabytes");
        return ExitCode::from(2);
    };
    let all = || {
        std::fs::create_dir_all(folder)?;
        (0..count).try_for_each(|number| std::fs::write(folder.join(format!("{number:04}.json")), generator::file(number, FILE)))
    };
    match all() {
        Ok(()) => {
            println!("wrote {count} files to {}", folder.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}
