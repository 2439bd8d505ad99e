//! Which functions a server executes from its start to its first answers: `order.txt`, which the build gives to the linker.

use std::collections::HashMap;
use std::path::Path;

use super::callgrind;
use super::dist;
use super::material::{Api, Scene};
use super::programs::{Peers, Programs, Target, must};
use super::servers::{Place, SERVER_CORE, Server, Start, free_port};
use crate::process::command;

/// What is written.
pub(super) const ORDER: &str = "order.txt";
/// Where programs with names in them are built.
const TARGET: &str = "target/order";
const PROGRAM: &str = "aimock";
/// How often each request is sent: what a request executes then counts for more than what the start does.
const TIMES: usize = 100;
/// Fewer functions than these cannot be all.
const LEAST: usize = 500;

/// Finds them out and writes them, for the plain build and for the one that is handed out: inlining makes other functions of
/// the same code.
///
/// # Errors
/// A build fails, valgrind is not installed, there is no profile to build with, or the server does not answer.
pub(super) fn write(root: &Path) -> Result<usize, String> {
    must(command("valgrind", &["--version"], root)).map_err(|_| "functions are found by valgrind, which is not installed")?;
    let mut costs: HashMap<String, u64> = HashMap::new();
    for (name, flags) in [("plain", Vec::new()), ("profiled", dist::profile_flags(root)?)] {
        let target = root.join(TARGET).join(name);
        let program = dist::compiled(root, &target, &flags, &[("CARGO_PROFILE_RELEASE_STRIP", "none")])?;
        let place = Place::new(Programs::get(root, &program, Peers::None)?)?;
        // On one core the server is one thread.
        for core in [None, Some(SERVER_CORE)] {
            let profile = profiled(&place, core)?;
            let executed = executed(&profile, PROGRAM).ok_or("valgrind has left no profile of instructions")?;
            if executed.len() < LEAST {
                return Err(format!("only {} functions were executed: this is no profile of the program", executed.len()));
            }
            for (name, cost) in executed {
                let known = costs.entry(name.to_owned()).or_default();
                *known = cost.max(*known);
            }
        }
    }
    let mut sorted: Vec<(String, u64)> = costs.into_iter().collect();
    sorted.sort_unstable_by(|(left, less), (right, more)| more.cmp(less).then(left.cmp(right)));
    let lines: String = sorted.iter().flat_map(|(name, _)| [name.as_str(), "\n"]).collect();
    std::fs::write(root.join(ORDER), lines).map_err(|error| format!("{ORDER}: {error}"))?;
    Ok(sorted.len())
}

/// The profile of a server that starts, answers in each of the common ways, misses, and ends.
fn profiled(place: &Place, core: Option<usize>) -> Result<String, String> {
    let (folder, port) = (place.folder()?, free_port()?);
    let scene = Scene { fixtures: 10, ..Scene::default() };
    let fixtures = scene.write_fixtures(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let ours = place.programs.ours.display().to_string();
    let port_text = port.to_string();
    let words = [
        "valgrind",
        "--tool=callgrind",
        "--demangle=no",
        "--callgrind-out-file=profile",
        &ours,
        "serve",
        "-p",
        &port_text,
        "-f",
        &fixtures,
    ];
    let start = Start { target: Target::Ours, scene: &scene, ready: &scene.request(1), upstream: None, core };
    let server = Server::run(place, &folder, &words.map(str::to_owned), port, &start)?;
    let streamed = Scene { stream: true, ..scene.clone() };
    let messages = Scene { api: Api::Anthropic, ..streamed.clone() };
    for _ in 0..TIMES {
        for (scene, number, status) in [(&scene, 1, 200), (&streamed, 2, 200), (&messages, 3, 200), (&scene, 11, 404)] {
            let answer = server.ask(scene.api.path(), &scene.request(number));
            if answer != Some(status) {
                return Err(format!("a request to {} was answered with {answer:?}, not {status}", scene.api.path()));
            }
        }
    }
    // The profile is written when it ends.
    drop(server);
    std::fs::read_to_string(folder.join("profile")).map_err(|error| format!("valgrind has left no profile: {error}"))
}

/// The functions of the program in a profile, with how many instructions of their own they executed.
fn executed<'a>(profile: &'a str, program: &str) -> Option<HashMap<&'a str, u64>> {
    let mut costs: HashMap<&str, u64> = HashMap::new();
    // Callgrind knows of code outside of `.text`, where the build puts what comes first, but not whose it is.
    for own in callgrind::read(profile)?.into_iter().filter(|own| [program, "???"].contains(&own.object)) {
        let name = own.function.split('\'').next().unwrap_or_default();
        if is_symbol(name) {
            *costs.entry(name).or_default() += own.instructions;
        }
    }
    Some(costs)
}

/// Whether it can be a name in a linker script, and is no address.
fn is_symbol(name: &str) -> bool {
    !name.is_empty() && !name.starts_with("0x") && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.$".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{HashMap, executed};

    #[test]
    fn functions_are_told_by_what_they_execute_themselves() {
        let profile = "\
events: Ir
ob=(1) /somewhere/aimock
fn=(1) _ZN4cold17h0123456789abcdefE
5 10
cob=(2) /lib/libc.so.6
cfn=(2) memcpy
calls=3 0
5 900
fn=(3) _ZN3hot17h0123456789abcdefE
7 400
+1 500
fn=(4) _ZN3hot17h0123456789abcdefE'2
9 1
fn=(5) 0x00000000000012f0
1 5000
ob=(2)
fn=(2)
1 5000
";
        let costs = HashMap::from([("_ZN3hot17h0123456789abcdefE", 901), ("_ZN4cold17h0123456789abcdefE", 10)]);
        assert_eq!(executed(profile, "aimock"), Some(costs));
        assert_eq!(executed("no profile", "aimock"), None);
    }
}
