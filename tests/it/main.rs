//! The integration tests, one binary.

/// The examples of every lint rule, and what rules say about real fixtures.
mod lint_examples;
/// What the report formats print, byte for byte.
mod report;
