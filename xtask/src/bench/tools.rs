//! Commands as hooks and people run them: what they take on many files, on many fixtures, on one large file, and on one file of
//! many.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::material::{Layout, Scene};
use super::programs::Target;
use super::workloads::Bench;

/// Longest time of one command.
const LIMIT: Duration = Duration::from_mins(5);

/// A command on a folder of fixtures.
struct Case {
    name: &'static str,
    scene: Scene,
    arguments: &'static [&'static str],
    /// It is run before as well, so that what it keeps is there.
    warm: bool,
    targets: &'static [Target],
}

/// Runs all of them.
pub(super) fn run(bench: &mut Bench<'_>) {
    let file_each = |fixtures| Scene { fixtures, layout: Layout::FileEach, ..Scene::default() };
    let lint: &[&str] = &["lint", "fixtures", "--select", "all"];
    let check: &[&str] = &["check", "fixtures/000450.json"];
    let ours: &[Target] = &[Target::Ours];
    for case in [
        Case {
            name: "validate 10,000 files",
            scene: file_each(10_000),
            arguments: &["validate", "fixtures"],
            warm: false,
            targets: &[Target::Ours, Target::Incumbent],
        },
        Case { name: "lint 10,000 files, cold", scene: file_each(10_000), arguments: lint, warm: false, targets: ours },
        Case { name: "lint 10,000 files, warm", scene: file_each(10_000), arguments: lint, warm: true, targets: ours },
        Case {
            name: "lint 100,000 fixtures, cold",
            scene: Scene { fixtures: 100_000, length: 100, ..Scene::default() },
            arguments: &["lint", "fixtures.json", "--select", "all"],
            warm: false,
            targets: ours,
        },
        Case {
            name: "validate a file of 49 MB",
            scene: Scene { fixtures: 83_000, ..Scene::default() },
            arguments: &["validate", "fixtures.json"],
            warm: false,
            targets: &[Target::Ours, Target::Incumbent],
        },
        Case { name: "check 1 file of 900, cold", scene: file_each(900), arguments: check, warm: false, targets: ours },
        Case { name: "check 1 file of 900, warm", scene: file_each(900), arguments: check, warm: true, targets: ours },
    ] {
        bench.each("tools", case.targets, |bench, target, round| {
            let figures = measured(bench, &case, target).map_err(|reason| (case.name.to_owned(), reason))?;
            bench.keep("tools", case.name, target, round, figures);
            Ok(())
        });
    }
}

fn measured(bench: &Bench<'_>, case: &Case, target: Target) -> Result<Value, String> {
    let folder = bench.place.folder()?;
    let trouble = |error: std::io::Error| format!("{}: {error}", folder.display());
    let fixtures = case.scene.write_fixtures(&folder).map_err(trouble)?;
    std::fs::write(folder.join("aimock.yaml"), format!("include: [{fixtures}]\n")).map_err(trouble)?;
    let command = bench.place.programs.tool(target, case.arguments)?;
    let kept = folder.join("kept");
    let run = || timed(bench, &folder, &kept, &command);
    if case.warm {
        run()?;
    }
    let mut figures = run()?;
    // 2 is: could not run. Findings are fine.
    if figures["status"].as_i64().is_none_or(|status| status > 1) {
        figures = json!({ "failed": format!("it ended with status {}", figures["status"]) });
    }
    Ok(figures)
}

/// Runs a command in a folder, with what it keeps between runs in another.
fn timed(bench: &Bench<'_>, folder: &Path, kept: &Path, command: &[String]) -> Result<Value, String> {
    let seconds = LIMIT.as_secs().to_string();
    let words = ["timed", "--seconds", &seconds, "--"].map(str::to_owned);
    bench.place.load_with(folder, &[&words[..], command].concat(), &[("XDG_CACHE_HOME", kept)], LIMIT + Duration::from_secs(10))
}
