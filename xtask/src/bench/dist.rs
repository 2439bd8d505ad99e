//! The program as it is handed out: compiled twice, the second time knowing what the first one executed most. The compiler then
//! keeps apart what is used and what is seldom used, and inlines where it pays.

use std::path::{Path, PathBuf};

use super::programs::{Peers, Programs, must};
use super::servers::Place;
use super::training;
use crate::process::command;

/// Where all of it is.
const FOLDER: &str = "target/dist";
/// The profile.
const MERGED: &str = "merged.profdata";
/// A part of the training, which has a profile of its own.
type Part = (&'static str, u32, fn(&Path, &Place) -> Result<(), String>);
/// What is trained, and how much it counts. A command on many files runs through its loops more often than a server through
/// what a request costs.
const PARTS: [Part; 2] = [("serving", 1000, training::serving), ("commands", 1, training::commands)];
/// Less is inlined than the compiler would, of what is executed often or asks for it, and what makes up the last hundred-thousandth
/// of all that is executed is compiled for size: that is as fast, and the program smaller.
const CODE: &str = "-inlinehint-threshold=150 -hot-callsite-threshold=1000 -profile-summary-cutoff-cold=999990";
/// Where the system can, the program stands at one address, as Go's do: else the loader has 27,000 places to mend at each start,
/// a tenth of the time to the first answer, and the file is 4 % longer to say which. It tells an attacker who can already
/// overwrite memory where to jump; no line of ours is unsafe code.
const PLACED: &str = if cfg!(target_os = "linux") { "-Crelocation-model=static" } else { "-Crelocation-model=pic" };
/// Separates flags in `CARGO_ENCODED_RUSTFLAGS`.
const BETWEEN: &str = "\u{1f}";

/// Where the program is in the end.
pub(super) fn program(root: &Path) -> PathBuf {
    root.join(FOLDER).join(format!("aimock{}", std::env::consts::EXE_SUFFIX))
}

/// Builds it; where it is.
///
/// # Errors
/// A build or the training fails, or what merges profiles is not installed.
pub(super) fn build(root: &Path) -> Result<PathBuf, String> {
    let llvm_profdata = llvm_profdata(root)?;
    let folder = root.join(FOLDER);
    let profiles = folder.join("profiles");
    let flag = format!("-Cprofile-generate={}", profiles.display());
    let instrumented = compiled(root, &folder.join("instrumented"), &[flag], &[])?;
    let place = Place::new(Programs::get(root, &instrumented, Peers::None)?)?;
    let mut merge = command(&llvm_profdata, &["merge", "--output", &folder.join(MERGED).display().to_string()], root);
    // Build scripts have left theirs.
    let _ = std::fs::remove_dir_all(&profiles);
    for (name, weight, train) in PARTS {
        train(root, &place)?;
        let part = folder.join(name);
        let _ = std::fs::remove_dir_all(&part);
        std::fs::rename(&profiles, &part).map_err(|error| format!("{} has no profile: {error}", profiles.display()))?;
        merge.arg(format!("--weighted-input={weight},{}", part.display()));
    }
    must(merge)?;
    let optimised = compiled(root, &folder.join("optimised"), &profile_flags(root)?, &[])?;
    let out = program(root);
    std::fs::copy(&optimised, &out).map_err(|error| format!("{}: {error}", out.display()))?;
    Ok(out)
}

/// The flags of a build with the profile that is there.
///
/// # Errors
/// There is none.
pub(super) fn profile_flags(root: &Path) -> Result<Vec<String>, String> {
    let merged = root.join(FOLDER).join(MERGED);
    if !merged.exists() {
        return Err(format!("{} is not there; `cargo xtask dist` makes it", merged.display()));
    }
    Ok(vec![format!("-Cprofile-use={}", merged.display()), format!("-Cllvm-args={CODE}")])
}

/// A release build with more flags and more in its environment, in a folder of its own; where the program is.
///
/// # Errors
/// What the compiler says.
pub(super) fn compiled(root: &Path, target: &Path, more: &[String], environment: &[(&str, &str)]) -> Result<PathBuf, String> {
    let target_dir = target.display().to_string();
    let arguments = ["rustc", "--bin", "aimock", "--release", "--locked", "--target-dir", &target_dir, "--", PLACED];
    let mut cargo = command("cargo", &arguments, root);
    let more = [more, &without_places()].concat();
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(&more)).env_remove("RUSTFLAGS").envs(environment.iter().copied());
    must(cargo)?;
    Ok(target.join("release").join(format!("aimock{}", std::env::consts::EXE_SUFFIX)))
}

/// Flags by which the program does not name the folders of the machine that it was built on, a thousand times.
fn without_places() -> Vec<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let sources = home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok());
    let folders = sources.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    folders.map(|folder| format!("--remap-path-prefix={}{}=", folder.display(), std::path::MAIN_SEPARATOR)).collect()
}

/// The flags that are set, and more.
fn flags(more: &[String]) -> String {
    let set = match (std::env::var("CARGO_ENCODED_RUSTFLAGS"), std::env::var("RUSTFLAGS")) {
        (Ok(set), _) => set.split(BETWEEN).map(str::to_owned).collect(),
        (_, Ok(set)) => set.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    set.iter().chain(more).filter(|flag| !flag.is_empty()).map(String::as_str).collect::<Vec<_>>().join(BETWEEN)
}

/// The program of the toolchain that merges profiles: its format belongs to the compiler's version.
fn llvm_profdata(root: &Path) -> Result<PathBuf, String> {
    let sysroot = must(command("rustc", &["--print", "sysroot"], root))?;
    let version = must(command("rustc", &["--version", "--verbose"], root))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let folder = Path::new(sysroot.trim()).join("lib/rustlib").join(host).join("bin");
    let path = folder.join(format!("llvm-profdata{}", std::env::consts::EXE_SUFFIX));
    if path.exists() {
        return Ok(path);
    }
    Err(format!("{} is not there; `rustup component add llvm-tools` installs it", path.display()))
}
