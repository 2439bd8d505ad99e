//! The integration tests, one binary.

/// What each codec makes of requests and replies, held against samples.
mod codecs;
/// Arguments, streams and exit statuses of the built program.
mod command_line;
/// Secrets, volatile texts and text hygiene: what lint finds, and what it lets through.
mod lint_texts;
/// Laws of the matcher, over made-up patterns and tables.
mod matcher_laws;
/// A second, independent reading of the matching rules.
mod matcher_oracle;
/// What the report formats print, byte for byte.
mod report;
