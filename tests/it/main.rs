//! The integration tests, one binary.

/// What the report formats print, byte for byte.
mod report;
