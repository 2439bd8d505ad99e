//! The integration tests, one binary.

/// Arguments, streams and exit statuses of the built program.
mod command_line;
/// What the report formats print, byte for byte.
mod report;
