//! What the kernel says of processes, and on which core they run. Linux only: elsewhere nothing is known.

use std::time::Duration;

/// CPU time that a process and those that it started have used.
pub fn cpu(pid: u32) -> Duration {
    let own = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    ticks(stat_fields(&own).skip(11).take(2)) + children(pid).into_iter().map(cpu).sum::<Duration>()
}

/// CPU time that all processes together have used, on all cores.
pub fn busy() -> Duration {
    let all = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<&str> = all.lines().next().unwrap_or_default().split_whitespace().skip(1).collect();
    // user, nice, system, then idle and iowait, then interrupts and what other machines took.
    ticks([0, 1, 2, 5, 6, 7].into_iter().filter_map(|index| fields.get(index).copied()))
}

/// Kilobytes of memory that a process and those that it started hold: `VmRSS` now, `VmHWM` at most.
pub fn memory_kb(pid: u32, key: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let own = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')?.split_whitespace().next()?.parse::<u64>().ok());
    own.unwrap_or(0) + children(pid).into_iter().map(|child| memory_kb(child, key)).sum::<u64>()
}

fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok);
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// The fields of `/proc/PID/stat` behind the name, which may hold anything.
fn stat_fields(text: &str) -> impl Iterator<Item = &str> {
    text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace()
}

fn ticks<'a>(fields: impl Iterator<Item = &'a str>) -> Duration {
    let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / ticks_per_second())
}

#[cfg(target_os = "linux")]
fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second().max(1)
}

#[cfg(not(target_os = "linux"))]
fn ticks_per_second() -> u64 {
    100
}

/// Keeps this process, and what it starts, on one core.
///
/// # Errors
/// There is no such core, or the system has no way to say so.
#[cfg(target_os = "linux")]
pub fn stay_on(core: usize) -> Result<(), String> {
    let mut set = rustix::thread::CpuSet::new();
    if core >= rustix::thread::CpuSet::MAX_CPU {
        return Err(format!("no core {core}"));
    }
    set.set(core);
    rustix::thread::sched_setaffinity(None, &set).map_err(|error| format!("core {core}: {error}"))
}

/// # Errors
/// Always: this system is not Linux.
#[cfg(not(target_os = "linux"))]
pub fn stay_on(core: usize) -> Result<(), String> {
    Err(format!("core {core}: benchmarks need Linux"))
}

/// As many open files as the system allows without asking, for this process and what it starts.
#[cfg(target_os = "linux")]
pub fn allow_many_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(not(target_os = "linux"))]
pub fn allow_many_files() {}

/// Ends this process, and the command that it becomes, when whoever started it ends: no server is left behind by a run that
/// was broken off.
#[cfg(target_os = "linux")]
pub fn end_with_parent() {
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
}

#[cfg(not(target_os = "linux"))]
pub fn end_with_parent() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{busy, cpu, memory_kb, stat_fields};

    #[test]
    fn a_name_with_blanks_and_parentheses_shifts_nothing() {
        assert_eq!(stat_fields("7 (a b) c) S 1 7").collect::<Vec<_>>(), ["S", "1", "7"]);
    }

    #[test]
    fn this_process_is_known() {
        // The smaller one first: memory that other tests take in between counts for the larger one.
        let now = memory_kb(std::process::id(), "VmRSS");
        assert!(now > 0);
        assert!(memory_kb(std::process::id(), "VmHWM") >= now);
        let own = cpu(std::process::id());
        assert!(busy() >= own);
    }
}
