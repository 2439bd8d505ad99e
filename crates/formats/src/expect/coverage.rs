//! How much of a library a run has used.

use serde_json::{Value, json};

/// One fixture and how often it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Its id, or `FILE#/fixtures/N`.
    pub handle: String,
    pub served: u64,
    /// It can never answer: this one comes first and takes all of its requests.
    pub shadowed_by: Option<String>,
}

/// What a run used of a library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// In load order.
    pub fixtures: Vec<Use>,
}

/// Unused fixtures that text lists before it only counts.
const LISTED: usize = 50;

impl Coverage {
    /// How many fixtures answered at least once.
    pub fn used(&self) -> usize {
        self.fixtures.iter().filter(|fixture| fixture.served > 0).count()
    }

    /// The share of fixtures that answered, from 0 to 100; a library without fixtures is covered.
    pub fn percent(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts of fixtures")]
        let share = |part: usize, whole: usize| if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 };
        share(self.used(), self.fixtures.len())
    }

    /// Those that never answered.
    pub fn unused(&self) -> impl Iterator<Item = &Use> {
        self.fixtures.iter().filter(|fixture| fixture.served == 0)
    }

    /// `2 of 3 fixtures used (66.6 %)`. Rounded down, so that 100 means all.
    pub fn summary(&self) -> String {
        let percent = (self.percent() * 10.0).floor() / 10.0;
        format!("{} of {} fixtures used ({percent} %)", self.used(), self.fixtures.len())
    }

    /// The summary, and a line for every fixture of no use.
    pub fn to_text(&self) -> String {
        let mut lines = vec![self.summary()];
        for fixture in self.unused().take(LISTED) {
            let why = fixture.shadowed_by.as_ref().map_or_else(String::new, |by| format!(": {by} takes all of its requests"));
            lines.push(format!("  unused  {}{why}", fixture.handle));
        }
        let more = self.unused().count().saturating_sub(LISTED);
        if more > 0 {
            lines.push(format!("  … and {more} more; `--coverage json` lists all"));
        }
        lines.join("\n")
    }

    /// Everything, as JSON.
    pub fn to_json(&self) -> Value {
        let fixture = |fixture: &Use| {
            let mut object = json!({ "fixture": fixture.handle, "served": fixture.served });
            if let (Some(by), Some(object)) = (&fixture.shadowed_by, object.as_object_mut()) {
                object.insert("shadowedBy".to_owned(), json!(by));
            }
            object
        };
        json!({
            "version": 1,
            "total": self.fixtures.len(),
            "used": self.used(),
            "percent": self.percent(),
            "fixtures": self.fixtures.iter().map(fixture).collect::<Vec<_>>(),
        })
    }
}
