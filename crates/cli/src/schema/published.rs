//! The schemas that this program publishes. They are generated from our types (`crate::reference`) and kept here as text,
//! without blanks, which spares the program the generator.

use serde_json::Value;

/// Of fixture files.
pub const FIXTURE: &str = include_str!("fixture.json");

/// Of `aimock.yaml`.
pub const CONFIG: &str = include_str!("config.json");

/// Of files that `aimock verify` takes.
pub const EXPECTATIONS: &str = include_str!("expectations.json");

/// Of what `--format json` prints.
pub const REPORT: &str = include_str!("report.json");

/// Of what `aimock diff --format json` prints.
pub const DIFF: &str = include_str!("diff.json");

/// A schema of this module as it is printed and stands in files.
pub fn pretty(schema: &str) -> String {
    // Null for what is no JSON, which a test rules out.
    format!("{:#}\n", serde_json::from_str::<Value>(schema).unwrap_or_default())
}
