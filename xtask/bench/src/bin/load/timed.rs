//! What a command takes from its start to its end, in CPU time of all its threads and by the clock.

use serde_json::Value;

use crate::options::Options;

/// Runs the command to its end, at most for the time of the options; how it ended is a figure as well.
#[cfg(target_os = "linux")]
pub(crate) fn run(options: &Options) -> Result<Value, String> {
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    use aimock_bench::machine::cpu;
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    use serde_json::json;

    let mut command = options.command()?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let child = command.spawn().map_err(|error| format!("`{}` cannot be started: {error}", command.get_program().to_string_lossy()))?;
    let mut child = Ended(child);
    let pid = i32::try_from(child.0.id()).ok().and_then(Pid::from_raw).ok_or("a process without a number")?;
    // Its times can be read until it is waited for in earnest.
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while waitid(WaitId::Pid(pid), look).map_err(|error| format!("it cannot be waited for: {error}"))?.is_none() {
        if begun.elapsed() > options.time {
            return Err(format!("it did not end within {:?}", options.time));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let (wall, used) = (begun.elapsed(), cpu(child.0.id()));
    let status = child.0.wait().map_err(|error| error.to_string())?;
    Ok(json!({ "cpu_s": used.as_secs_f64(), "wall_s": wall.as_secs_f64(), "status": status.code() }))
}

/// A child that never outlives this program.
#[cfg(target_os = "linux")]
struct Ended(std::process::Child);

#[cfg(target_os = "linux")]
impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn run(_options: &Options) -> Result<Value, String> {
    Err("benchmarks need Linux".to_owned())
}
