//! What was measured: rows of figures, medians over rounds, and the machine. Kept as JSON below `target/bench`, from where the
//! page can be written again.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// One measurement of one target.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) workload: String,
    pub(crate) case: String,
    pub(crate) target: String,
    pub(crate) round: u32,
    /// Numbers by name, or `failed` with the reason.
    pub(crate) figures: Value,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} round {}:", self.workload, self.case, self.target, self.round)?;
        for (name, value) in self.figures.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            match value.as_f64() {
                Some(number) => write!(f, " {name} {}", (number * 100.0).round() / 100.0)?,
                None => write!(f, " {name} {value}")?,
            }
        }
        Ok(())
    }
}

/// A run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    /// `NAME VERSION` of what was measured.
    pub(crate) versions: Vec<String>,
    /// Facts of the machine.
    pub(crate) machine: Vec<String>,
    /// `2026-01-31`.
    pub(crate) date: String,
    /// `3 rounds of 10 s`.
    pub(crate) extent: String,
    /// So little was measured that nothing should be concluded from it.
    pub(crate) glance: bool,
    /// Bytes of the program.
    pub(crate) size: u64,
    pub(crate) rows: Vec<Row>,
}

impl Results {
    /// The middle value of a figure over the rounds; `None` where it was not measured.
    pub(crate) fn median(&self, workload: &str, case: &str, target: &str, figure: &str) -> Option<f64> {
        let mut values: Vec<f64> =
            self.of(workload, case).filter(|row| row.target == target).filter_map(|row| row.figures[figure].as_f64()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        Some(if values.len().is_multiple_of(2) { f64::midpoint(*values.get(middle - 1)?, upper) } else { upper })
    }

    /// The rows of a case.
    pub(crate) fn of<'a>(&'a self, workload: &'a str, case: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.workload == workload && row.case == case)
    }

    /// The cases of a workload, in the order in which they were measured.
    pub(crate) fn cases(&self, workload: &str) -> Vec<String> {
        let mut cases: Vec<String> = Vec::new();
        for row in self.rows.iter().filter(|row| row.workload == workload) {
            if !cases.contains(&row.case) {
                cases.push(row.case.clone());
            }
        }
        cases
    }

    /// Keeps it below `target`.
    pub(crate) fn write(&self, root: &Path) -> Result<(), String> {
        let path = path(root);
        let rows: Vec<Value> = self.rows.iter().map(|row| json!([row.workload, row.case, row.target, row.round, row.figures])).collect();
        let value = json!({
            "versions": self.versions, "machine": self.machine, "date": self.date, "extent": self.extent, "glance": self.glance, "size": self.size, "rows": rows,
        });
        let done = std::fs::create_dir_all(path.parent().unwrap_or(root)).and_then(|()| std::fs::write(&path, value.to_string()));
        done.map_err(|error| format!("{}: {error}", path.display()))
    }

    /// What was kept last.
    ///
    /// # Errors
    /// Nothing was measured yet, or it cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Results, String> {
        let path = path(root);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("no results yet: {}: {error}", path.display()))?;
        let value: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let texts = |key: &str| value[key].as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let row = |row: &Value| Row {
            workload: text(&row[0]),
            case: text(&row[1]),
            target: text(&row[2]),
            round: row[3].as_u64().and_then(|round| u32::try_from(round).ok()).unwrap_or(0),
            figures: row[4].clone(),
        };
        Ok(Results {
            versions: texts("versions"),
            machine: texts("machine"),
            date: text(&value["date"]),
            extent: text(&value["extent"]),
            glance: value["glance"] == true,
            size: value["size"].as_u64().unwrap_or(0),
            rows: value["rows"].as_array().into_iter().flatten().map(row).collect(),
        })
    }
}

fn path(root: &Path) -> PathBuf {
    root.join("target/bench/results.json")
}

/// Processor, cores, memory, kernel and system: nothing that names the machine or its owner.
pub(crate) fn machine() -> Vec<String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str, by: char| {
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(by)).map(|(_, value)| value.trim().trim_matches('"').to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = after(&read("/proc/meminfo"), "MemTotal", ':').and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let facts = [
        after(&read("/proc/cpuinfo"), "model name", ':'),
        Some(format!("{cores} cores")),
        memory.map(|kilobytes| format!("{} GiB", (kilobytes + (1 << 19)) >> 20)),
        // Without what its builder has put behind the number.
        read("/proc/sys/kernel/osrelease").trim().split('-').next().filter(|text| !text.is_empty()).map(|kernel| format!("Linux {kernel}")),
        after(&read("/etc/os-release"), "PRETTY_NAME", '='),
    ];
    facts.into_iter().flatten().collect()
}

/// The day, in UTC.
pub(crate) fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    day(seconds / 86_400)
}

/// The date so many days after 1970-01-01, by counting: months have few lengths.
fn day(mut days: u64) -> String {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", days + 1)
}

#[cfg(test)]
mod tests {
    use super::{Results, Row, day};
    use serde_json::json;

    #[test]
    fn days_have_dates() {
        assert_eq!((day(0), day(58), day(59)), ("1970-01-01".to_owned(), "1970-02-28".to_owned(), "1970-03-01".to_owned()));
        assert_eq!((day(19_782), day(20_818)), ("2024-02-29".to_owned(), "2026-12-31".to_owned()));
    }

    #[test]
    fn the_middle_of_the_rounds_counts() {
        let row = |round, value: f64| Row {
            workload: "w1".to_owned(),
            case: String::new(),
            target: "limit".to_owned(),
            round,
            figures: json!({ "per_second": value }),
        };
        let mut results = Results { rows: vec![row(1, 3.0), row(2, 1.0), row(3, 2.0)], ..Results::default() };
        assert_eq!(results.median("w1", "", "limit", "per_second"), Some(2.0));
        results.rows.pop();
        assert_eq!(results.median("w1", "", "limit", "per_second"), Some(2.0));
        assert_eq!(results.median("w1", "", "limit", "p50_us"), None);
    }
}
