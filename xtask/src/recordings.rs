//! A folder of generated recordings, to measure commands on: the ones of the benchmarks, in files of 2 MB.

use std::path::Path;
use std::process::ExitCode;

#[path = "../../benches/recordings.rs"]
mod generator;

const FILE: usize = 2_000_000;

/// Writes this many megabytes.
pub(crate) fn write(folder: &Path, megabytes: &str) -> ExitCode {
    let Ok(megabytes) = megabytes.parse::<u64>() else {
        eprintln!("`{megabytes}` is no number of megabytes");
        return ExitCode::from(2);
    };
    match generate(folder, megabytes) {
        Ok(count) => {
            println!("wrote {count} files to {}", folder.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

/// The same; how many files there are.
///
/// # Errors
/// A file cannot be written.
pub(crate) fn generate(folder: &Path, megabytes: u64) -> std::io::Result<u64> {
    let count = megabytes.div_ceil(2);
    std::fs::create_dir_all(folder)?;
    (0..count).try_for_each(|number| std::fs::write(folder.join(format!("{number:04}.json")), generator::file(number, FILE)))?;
    Ok(count)
}
