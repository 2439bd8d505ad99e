//! The programs that are measured and that measure: built from this repository, or installed by name into a folder that may
//! be thrown away.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::dist;
use super::material::{Scene, write_vidaimock};
use crate::process::{command, finish};

/// For a build or an installation.
const LIMIT: Duration = Duration::from_mins(30);
/// The incumbent on npm.
const INCUMBENT: (&str, &str) = ("@copilotkit/aimock", "1.43.0");
const VIDAIMOCK: (&str, &str) = ("vidaimock", "0.3.1");

/// Whom a server of a run is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Ours,
    Incumbent,
    Vidaimock,
    Limit,
    /// The limit that parses the request's JSON.
    LimitParse,
}

impl Target {
    pub(crate) const ALL: [Target; 5] = [Target::Ours, Target::Incumbent, Target::Vidaimock, Target::Limit, Target::LimitParse];

    /// As in results and tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Target::Ours => "aimock (ours)",
            Target::Incumbent => "incumbent",
            Target::Vidaimock => "VidaiMock",
            Target::Limit => "limit",
            Target::LimitParse => "limit that parses",
        }
    }
}

/// Which peers are measured beside the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Peers {
    None,
    #[default]
    Incumbent,
    All,
}

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) ours: PathBuf,
    pub(crate) load: PathBuf,
    limit: PathBuf,
    node: PathBuf,
    /// The folder of its programs.
    incumbent: Option<PathBuf>,
    vidaimock: Option<PathBuf>,
    /// `NAME VERSION` of each.
    pub(crate) versions: Vec<String>,
    /// Which ones could not be had, and why.
    pub(crate) absent: Vec<String>,
}

/// Makes a release build; where it is.
///
/// # Errors
/// It does not build.
pub(crate) fn release(root: &Path) -> Result<PathBuf, String> {
    must(command("cargo", &["build", "--release", "--locked"], root))?;
    Ok(built(root, "aimock"))
}

/// Where a release build has a program.
fn built(root: &Path, name: &str) -> PathBuf {
    target(root).join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Where cargo builds.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

impl Programs {
    /// Builds and installs what is wanted. A peer that cannot be had is told and left out.
    ///
    /// # Errors
    /// What belongs to this repository does not build.
    pub(crate) fn get(root: &Path, binary: &Path, peers: Peers) -> Result<Programs, String> {
        let target = target(root);
        must(command("cargo", &["build", "--release", "--locked", "--package", "aimock-bench"], root))?;
        let ours = std::path::absolute(binary).map_err(|error| format!("{}: {error}", binary.display()))?;
        let version = must(command(&ours, &["--version"], root))?;
        let how = if ours == dist::program(root) { ", built by `cargo xtask dist`" } else { "" };
        let mut programs = Programs {
            ours,
            load: built(root, "bench-load"),
            limit: built(root, "bench-limit"),
            node: PathBuf::from("node"),
            incumbent: None,
            vidaimock: None,
            versions: vec![format!("{} (ours{how})", version.trim()), must(command("rustc", &["--version"], root))?.trim().to_owned()],
            absent: Vec::new(),
        };
        if peers != Peers::None {
            match incumbent(root, &target.join("bench/incumbent")) {
                Ok((program, versions)) => {
                    programs.incumbent = Some(program);
                    programs.versions.extend(versions);
                }
                Err(reason) => programs.absent.push(format!("{}: {reason}", INCUMBENT.0)),
            }
        }
        if peers == Peers::All {
            match vidaimock(root, &target.join("bench/vidaimock")) {
                Ok(program) => {
                    programs.vidaimock = Some(program);
                    programs.versions.push(format!("{} {}", VIDAIMOCK.0, VIDAIMOCK.1));
                }
                Err(reason) => programs.absent.push(format!("{}: {reason}", VIDAIMOCK.0)),
            }
        }
        Ok(programs)
    }

    /// The command line of a target's program; the incumbent's is another one than its server.
    ///
    /// # Errors
    /// The target has none.
    pub(crate) fn tool(&self, target: Target, arguments: &[&str]) -> Result<Vec<String>, String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut words = match (target, &self.incumbent) {
            (Target::Ours, _) => vec![text(&self.ours)],
            (Target::Incumbent, Some(programs)) => vec![text(&self.node), text(&programs.join("aimock"))],
            _ => return Err(format!("{} has no such command", target.name())),
        };
        words.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        Ok(words)
    }

    /// Whether a target can be started.
    pub(crate) fn has(&self, target: Target) -> bool {
        match target {
            Target::Ours | Target::Limit | Target::LimitParse => true,
            Target::Incumbent => self.incumbent.is_some(),
            Target::Vidaimock => self.vidaimock.is_some(),
        }
    }

    /// The command that serves a scene on a port, from a folder that is made for it. With `upstream`, a proxy that has no
    /// fixtures.
    ///
    /// # Errors
    /// A file of the scene cannot be written, or the target is not there.
    pub(crate) fn command(
        &self,
        target: Target,
        scene: &Scene,
        folder: &Path,
        port: u16,
        upstream: Option<u16>,
    ) -> Result<Vec<String>, String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let trouble = |error: std::io::Error| format!("{}: {error}", folder.display());
        let mut command = match target {
            Target::Ours => vec![text(&self.ours), "serve".to_owned()],
            Target::Incumbent => {
                vec![text(&self.node), text(&self.incumbent.as_deref().ok_or("the incumbent is not there")?.join("llmock"))]
            }
            Target::Vidaimock => vec![text(self.vidaimock.as_deref().ok_or("VidaiMock is not there")?)],
            Target::Limit | Target::LimitParse => vec![text(&self.limit)],
        };
        match target {
            Target::Ours | Target::Incumbent => {
                let scene = if upstream.is_some() { Scene { fixtures: 0, ..scene.clone() } } else { scene.clone() };
                let fixtures = scene.write_fixtures(folder).map_err(trouble)?;
                command.extend(["-p".to_owned(), port.to_string(), "-f".to_owned(), fixtures]);
                if let Some(upstream) = upstream {
                    command.extend(["--proxy-only".to_owned(), "--provider-openai".to_owned(), format!("http://127.0.0.1:{upstream}")]);
                }
            }
            Target::Vidaimock => {
                write_vidaimock(scene, folder).map_err(trouble)?;
                // It finds its templates by a whole path only.
                let place = folder.display().to_string();
                command.extend(["--config-dir".to_owned(), place.clone(), "--config".to_owned(), format!("{place}/none.toml")]);
                let words = format!("--host 127.0.0.1 --port {port} --mode benchmark --latency 0");
                command.extend(words.split(' ').map(str::to_owned));
            }
            Target::Limit | Target::LimitParse => {
                std::fs::write(folder.join("answer"), scene.rendered()).map_err(trouble)?;
                command.extend(["--port".to_owned(), port.to_string(), "--body".to_owned(), "answer".to_owned()]);
                command.extend(scene.stream.then(|| "--stream".to_owned()));
                command.extend((target == Target::LimitParse).then(|| "--parse".to_owned()));
                if let Some((ttft, gap)) = scene.pace {
                    let milliseconds = |seconds: f64| (seconds * 1000.0).to_string();
                    command.extend(["--ttft-ms".to_owned(), milliseconds(ttft), "--gap-ms".to_owned(), milliseconds(gap)]);
                }
            }
        }
        Ok(command)
    }
}

/// The npm package in a folder of its own: the folder of its programs, its version and Node's.
fn incumbent(root: &Path, folder: &Path) -> Result<(PathBuf, [String; 2]), String> {
    let node = must(command("node", &["--version"], root))?;
    let package = folder.join("node_modules").join(INCUMBENT.0).join("package.json");
    let installed = || {
        let text = std::fs::read_to_string(&package).ok()?;
        serde_json::from_str::<Value>(&text).ok()?["version"].as_str().map(str::to_owned)
    };
    if installed().as_deref() != Some(INCUMBENT.1) {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let wanted = format!("{}@{}", INCUMBENT.0, INCUMBENT.1);
        let folder = folder.to_string_lossy();
        must(command("npm", &["install", "--prefix", &folder, "--no-save", "--no-audit", "--no-fund", "--loglevel=error", &wanted], root))?;
    }
    let programs = std::path::absolute(folder.join("node_modules/.bin")).map_err(|error| error.to_string())?;
    Ok((programs, [format!("{} {}", INCUMBENT.0, INCUMBENT.1), format!("Node {}", node.trim())]))
}

fn vidaimock(root: &Path, folder: &Path) -> Result<PathBuf, String> {
    let program = folder.join("bin").join(VIDAIMOCK.0);
    if !program.exists() {
        let folder = folder.to_string_lossy();
        must(command("cargo", &["install", VIDAIMOCK.0, "--version", VIDAIMOCK.1, "--locked", "--quiet", "--root", &folder], root))?;
    }
    Ok(program)
}

/// Runs a command that has to succeed: what it printed.
pub(super) fn must(command: Command) -> Result<String, String> {
    let outcome = finish(command, LIMIT)?;
    if outcome.success { Ok(outcome.stdout) } else { Err(outcome.output()) }
}
