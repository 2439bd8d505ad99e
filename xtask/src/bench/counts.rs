//! Instruction counts of the matcher, the loader and the codecs, held against those that are kept in `benches/counts.json`.
//!
//! callgrind counts what one function of the program `counts` (see `benches/counts.rs`) executes, without what the C library
//! does for it. Such a count is the same on a busy machine as on a quiet one, so that a slow-down shows where no
//! time could be measured. It depends on the compiler and on what the processor can do: counts that were taken with others are
//! not compared, and that is said.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use serde_json::{Value, json};

use super::callgrind;
use crate::ci::Verdict;
use crate::process::{command, finish};

/// Where the counts are kept.
const KEPT: &str = "benches/counts.json";
/// How far a count may be from the kept one, in percent of it.
const TOLERANCE: u64 = 5;
/// For building the program.
const BUILD: Duration = Duration::from_mins(30);
/// For one case.
const CASE: Duration = Duration::from_mins(10);
/// The function that is counted.
const REGION: &str = "*counted_region*";
/// What callgrind writes.
const PROFILE: &str = "target/bench/callgrind.out";
/// How to get what is needed.
const HOW_TO_GET: &str = "it is a package of most systems: `apt-get install valgrind`, `dnf install valgrind`, `apk add valgrind`";

/// Why there are no counts to compare.
enum Absent {
    /// Something is missing here that could be there.
    Here(String),
    /// It went wrong.
    Broken(String),
}

impl Absent {
    fn into_text(self) -> String {
        match self {
            Absent::Here(text) | Absent::Broken(text) => text,
        }
    }
}

/// What counts depend on beside the program.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Surroundings {
    rustc: String,
    processor: String,
}

/// Compares, prints the table, and fails where a count has moved or nothing could be compared.
pub(crate) fn check(root: &Path) -> ExitCode {
    match compare(root) {
        Ok((table, 0)) => {
            println!("{table}\nall counts are within {TOLERANCE} % of {KEPT}");
            ExitCode::SUCCESS
        }
        Ok((table, moved)) => {
            println!("{table}\n{}", moved_text(moved));
            ExitCode::FAILURE
        }
        Err(absent) => {
            eprintln!("{}", absent.into_text());
            ExitCode::from(2)
        }
    }
}

/// The same as a step of continuous integration: without valgrind, or with another compiler, it is skipped.
pub(crate) fn step(root: &Path) -> Verdict {
    match compare(root) {
        Ok((_, 0)) => Verdict::Fine,
        Ok((table, moved)) => Verdict::Broken(format!("{table}\n{}", moved_text(moved))),
        Err(Absent::Here(reason)) => Verdict::Skipped(reason),
        Err(Absent::Broken(reason)) => Verdict::Broken(reason),
    }
}

fn moved_text(moved: usize) -> String {
    format!(
        "{moved} of the counts are more than {TOLERANCE} % from {KEPT}; if that is meant, `cargo xtask bench --bless` keeps the new ones"
    )
}

/// Counts every case three times and keeps the counts.
pub(crate) fn bless(root: &Path) -> ExitCode {
    let kept = || -> Result<String, Absent> {
        let surroundings = Surroundings::here(root)?;
        let program = Program::build(root)?;
        let old = Kept::read(root).ok();
        let mut rows = Vec::new();
        for case in program.cases()? {
            let counts = [program.count(&case)?, program.count(&case)?, program.count(&case)?];
            rows.push(Row { kept: old.as_ref().and_then(|old| old.cases.get(&case).copied()), name: case, counts: counts.to_vec() });
        }
        let cases = rows.iter().map(|row| (row.name.clone(), row.now())).collect();
        let Surroundings { rustc, processor } = surroundings;
        Kept { rustc, processor, cases }.write(root).map_err(Absent::Broken)?;
        Ok(table(&rows))
    };
    match kept() {
        Ok(table) => {
            println!("{table}\nwrote {KEPT}");
            ExitCode::SUCCESS
        }
        Err(absent) => {
            eprintln!("{}", absent.into_text());
            ExitCode::from(2)
        }
    }
}

/// The table, and how many counts have moved too far, are new, or are kept and gone.
fn compare(root: &Path) -> Result<(String, usize), Absent> {
    let surroundings = Surroundings::here(root)?;
    let kept = Kept::read(root).map_err(Absent::Broken)?;
    let theirs = Surroundings { rustc: kept.rustc.clone(), processor: kept.processor.clone() };
    if theirs != surroundings {
        return Err(Absent::Here(format!(
            "the counts of {KEPT} were taken with {} on {}, and here is {} on {}: they cannot be compared. \
             `cargo xtask bench --bless` on the commit that is compared with keeps new ones",
            theirs.rustc, theirs.processor, surroundings.rustc, surroundings.processor
        )));
    }
    let program = Program::build(root)?;
    let mut rows = Vec::new();
    let mut gone = kept.cases.clone();
    for case in program.cases()? {
        let mut row = Row { kept: gone.remove(&case), counts: vec![program.count(&case)?], name: case };
        // Seeds of hash maps differ from run to run: what looks moved is counted again before it is called so.
        if row.moved() {
            row.counts.extend([program.count(&row.name)?, program.count(&row.name)?]);
        }
        rows.push(row);
    }
    let mut text = table(&rows);
    for name in gone.keys() {
        let _ = write!(text, "\n{name} is kept and no longer counted");
    }
    let moved = rows.iter().filter(|row| row.moved()).count() + gone.len();
    Ok((text, moved))
}

impl Surroundings {
    /// Of this machine, if it can count.
    fn here(root: &Path) -> Result<Surroundings, Absent> {
        let said = |program: &str| finish(command(program, &["--version"], root), CASE).ok().filter(|outcome| outcome.success);
        if said("valgrind").is_none() {
            return Err(Absent::Here(format!("instructions are counted by valgrind, which is not installed; {HOW_TO_GET}")));
        }
        let rustc = said("rustc").ok_or_else(|| Absent::Broken("`rustc --version` fails".to_owned()))?;
        Ok(Surroundings { rustc: rustc.stdout.trim().to_owned(), processor: processor() })
    }
}

/// The architecture, with what libraries choose their code by when they run.
fn processor() -> String {
    let wide = {
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx2") { " with avx2" } else { "" }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            ""
        }
    };
    format!("{} {}{wide}", std::env::consts::OS, std::env::consts::ARCH)
}

/// The program whose instructions are counted.
struct Program<'a> {
    root: &'a Path,
    path: PathBuf,
}

impl Program<'_> {
    fn build(root: &Path) -> Result<Program<'_>, Absent> {
        let arguments = ["bench", "--bench", "counts", "--no-run", "--locked", "--message-format", "json"];
        let outcome = finish(command("cargo", &arguments, root), BUILD).map_err(Absent::Broken)?;
        let messages = outcome.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let path = messages
            .filter(|message| message["target"]["name"] == "counts")
            .find_map(|message| message["executable"].as_str().map(PathBuf::from));
        path.filter(|_| outcome.success).map(|path| Program { root, path }).ok_or(Absent::Broken(outcome.stderr))
    }

    /// The names of the cases, in order.
    fn cases(&self) -> Result<Vec<String>, Absent> {
        let outcome = finish(command(&self.path, &[], self.root), CASE).map_err(Absent::Broken)?;
        let cases: Vec<String> = outcome.stdout.lines().map(str::to_owned).collect();
        if outcome.success && !cases.is_empty() { Ok(cases) } else { Err(Absent::Broken(outcome.output())) }
    }

    /// Instructions of one run of a case.
    fn count(&self, case: &str) -> Result<u64, Absent> {
        let mut valgrind = Command::new("valgrind");
        let profile = self.root.join(PROFILE);
        let _ = std::fs::create_dir_all(profile.parent().unwrap_or(self.root));
        valgrind.args(["--tool=callgrind", "--collect-atstart=no"]).arg(format!("--callgrind-out-file={}", profile.display()));
        valgrind.arg(format!("--toggle-collect={REGION}")).arg(&self.path).arg(case).current_dir(self.root);
        // The size of the environment moves the stack, and with it what is aligned how.
        valgrind.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let outcome = finish(valgrind, CASE).map_err(Absent::Broken)?;
        let broken = |what: &str| Absent::Broken(format!("{case}: {what}\n{}", outcome.output()));
        if !outcome.success {
            return Err(broken("it did not run to its end"));
        }
        let runs: u64 = outcome.stdout.trim().parse().map_err(|_| broken("it did not say how many times it ran"))?;
        let text = std::fs::read_to_string(&profile).map_err(|error| broken(&format!("{}: {error}", profile.display())))?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let all = counted(&text, &name).filter(|count| *count > 0).ok_or_else(|| broken("callgrind counted nothing"))?;
        Ok(all / runs.max(1))
    }
}

/// Sums up the instructions of the program itself in a profile. What the C library does for it is left out: how long it takes
/// to find memory depends on what the heap looks like, and that on the length of the command line. `None`: this is no profile.
fn counted(profile: &str, program: &str) -> Option<u64> {
    let own = callgrind::read(profile)?;
    Some(own.iter().filter(|own| own.object == program).map(|own| own.instructions).sum())
}

/// The counts of the repository.
struct Kept {
    rustc: String,
    processor: String,
    /// Instructions of one run, by case.
    cases: BTreeMap<String, u64>,
}

impl Kept {
    fn read(root: &Path) -> Result<Kept, String> {
        let text = std::fs::read_to_string(root.join(KEPT)).map_err(|error| format!("{KEPT}: {error}"))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| format!("{KEPT}: {error}"))?;
        let word = |key: &str| value[key].as_str().map(str::to_owned).ok_or_else(|| format!("{KEPT} has no `{key}`"));
        let cases = value["cases"].as_object().ok_or_else(|| format!("{KEPT} has no `cases`"))?;
        let cases = cases.iter().map(|(name, count)| Some((name.clone(), count.as_u64()?))).collect::<Option<_>>();
        Ok(Kept {
            rustc: word("rustc")?,
            processor: word("processor")?,
            cases: cases.ok_or_else(|| format!("{KEPT}: counts are numbers"))?,
        })
    }

    fn write(&self, root: &Path) -> Result<(), String> {
        let value = json!({ "rustc": self.rustc, "processor": self.processor, "cases": self.cases });
        std::fs::write(root.join(KEPT), format!("{value:#}\n")).map_err(|error| format!("{KEPT}: {error}"))
    }
}

/// One case, with the counts of its runs.
struct Row {
    name: String,
    kept: Option<u64>,
    counts: Vec<u64>,
}

impl Row {
    /// The middle one.
    fn now(&self) -> u64 {
        let mut counts = self.counts.clone();
        counts.sort_unstable();
        counts.get(counts.len() / 2).copied().unwrap_or(0)
    }

    /// The difference to the kept count as a share of it.
    fn change(&self) -> Option<f64> {
        self.kept.map(|kept| ratio(self.now(), kept) - 1.0)
    }

    fn moved(&self) -> bool {
        self.kept.is_none_or(|kept| self.now().abs_diff(kept) * 100 > kept * TOLERANCE)
    }

    /// How far the runs are apart, as a share.
    fn spread(&self) -> Option<f64> {
        let (least, most) = (self.counts.iter().min()?, self.counts.iter().max()?);
        (self.counts.len() > 1).then(|| ratio(*most, *least) - 1.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn ratio(first: u64, second: u64) -> f64 {
    first as f64 / second.max(1) as f64
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<44} {:>12} {:>12} {:>8} {:>8}\n", "case", "kept", "now", "change", "spread");
    let percent = |share: Option<f64>, sign: bool| match share {
        Some(share) if sign => format!("{:+.2} %", share * 100.0),
        Some(share) => format!("{:.2} %", share * 100.0),
        None => "-".to_owned(),
    };
    for row in rows {
        let kept = row.kept.map_or_else(|| "-".to_owned(), |kept| kept.to_string());
        let mark = match row.kept {
            None => "  new",
            Some(_) if !row.moved() => "",
            Some(kept) if row.now() > kept => "  slower",
            Some(_) => "  faster",
        };
        let (change, spread) = (percent(row.change(), true), percent(row.spread(), false));
        let _ = writeln!(text, "{:<44} {kept:>12} {:>12} {change:>8} {spread:>8}{mark}", row.name, row.now());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Row, counted, table};

    fn row(kept: Option<u64>, counts: &[u64]) -> Row {
        Row { name: "matcher/hit/10".to_owned(), kept, counts: counts.to_vec() }
    }

    #[test]
    fn five_percent_either_way_is_the_end() {
        assert!(!row(Some(1000), &[1050]).moved() && !row(Some(1000), &[950]).moved());
        assert!(row(Some(1000), &[1051]).moved() && row(Some(1000), &[949]).moved());
        assert!(row(None, &[1000]).moved(), "what is not kept is not compared");
    }

    #[test]
    fn the_middle_of_several_runs_counts() {
        assert!(!row(Some(1000), &[1100, 1010, 990]).moved());
        assert!(table(&[row(Some(1000), &[1100, 1100, 990])]).contains("slower"));
    }

    const PROFILE: &str = "\
events: Ir
ob=(1) /lib/ld.so
fn=(0) start
cob=(2) /somewhere/counts-12ab
cfn=(7) main
calls=1 0
0 5000

ob=(2)
fn=(7)
10 30
+1 12
cob=(3) /lib/libc.so.6
cfn=(8) malloc
calls=4 0
* 999
cfn=(9) inner
calls=2 0
-3 77
ob=(3)
fn=(8)
5 800
";

    #[test]
    fn a_profile_is_summed_up_over_the_program_alone() {
        assert_eq!(counted(PROFILE, "counts-12ab"), Some(30 + 12));
        assert_eq!(counted(PROFILE, "another"), Some(0));
        assert_eq!(counted("", "counts-12ab"), None);
        assert_eq!(counted("events: Ir\nob=(9)\n", "counts-12ab"), None, "an object that nobody named");
    }
}
