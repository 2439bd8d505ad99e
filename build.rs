//! Has the linker put what a server executes from its start to its first answers next to each other, and keep the same code
//! only once.
//!
//! A program is read from disk, and kept in memory, page by page. Its functions lie in the order in which they were compiled,
//! so that a few of them are used of each page and most pages are needed. `order.txt` lists those that are used; together
//! they are a fifth of the program. It is written by `cargo xtask order`, and nothing but memory and a little time depends
//! on it: a name that fits no longer is passed over.

#![expect(clippy::disallowed_methods, reason = "a build has no other way to its files, and is over before anything is served")]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

/// The names of the functions, one on each line.
const ORDER: &str = "order.txt";
/// Where the compiler's hash in a name begins, which depends on versions of the compiler and of dependencies.
const HASH: &str = "17h";
const HASH_DIGITS: usize = 16;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={ORDER}");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Others' linkers know no such scripts; a development build is not measured.
    if !is("CARGO_CFG_TARGET_OS", "linux") || !is("PROFILE", "release") {
        return Ok(());
    }
    let folder = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let path = folder.join("order.ld");
    fs::write(&path, script(&fs::read_to_string(ORDER)?))?;
    // Functions of the same code are kept once: most come from generic ones.
    for argument in [format!("-Wl,-T,{}", path.display()), "-Wl,--icf=all".to_owned()] {
        if is_taken(&folder, &argument) {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
    Ok(())
}

/// A linker script that puts the sections of these functions before all other code. Behind them come those whose names
/// differ in nothing but the hash: after an update they are all there is.
fn script(names: &str) -> String {
    let is_name = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.$".contains(&byte));
    let mut lines = String::new();
    let mut line = |name: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "    *(.text.{name} .text.hot.{name} .text.unlikely.{name})");
    };
    let mut seen = HashSet::new();
    names.lines().filter(is_name).for_each(&mut line);
    for family in names.lines().filter(is_name).filter_map(family) {
        if seen.insert(family) {
            line(&format!("{family}{HASH}*"));
        }
    }
    format!("SECTIONS\n{{\n  .text.first :\n  {{\n{lines}  }}\n}}\nINSERT BEFORE .text;\n")
}

/// A name up to its hash.
fn family(name: &str) -> Option<&str> {
    let (family, hash) = name.rsplit_once(HASH)?;
    (hash.len() > HASH_DIGITS).then_some(family)
}

/// Whether the linker in use takes the argument. Not all do: mold and gold know no such scripts, and GNU ld folds no code.
fn is_taken(folder: &Path, argument: &str) -> bool {
    let source = folder.join("empty.rs");
    if fs::write(&source, "fn main() {}\n").is_err() {
        return false;
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.arg("--edition=2024").arg("-o").arg(folder.join("empty")).arg(&source);
    rustc.arg("--target").arg(env::var_os("TARGET").unwrap_or_default());
    rustc.args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut option = std::ffi::OsString::from("linker=");
        option.push(linker);
        rustc.arg("-C").arg(option);
    }
    rustc.arg("-C").arg(format!("link-arg={argument}"));
    rustc.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
