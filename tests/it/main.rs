//! The integration tests, one binary.

/// What each codec makes of requests and replies, held against samples.
mod codecs;
/// Arguments, streams and exit statuses of the built program.
mod command_line;
/// The texts of real fixture files, read and held against other readers.
mod corpus_texts;
/// The first minutes: what init writes, what the tour shows, what a hook sees.
mod init;
/// Who may import whom.
mod layers;
/// The examples of every lint rule, and what rules say about real fixtures.
mod lint_examples;
/// Secrets, volatile texts and text hygiene: what lint finds, and what it lets through.
mod lint_texts;
/// Laws of the matcher, over made-up patterns and tables.
mod matcher_laws;
/// A second, independent reading of the matching rules.
mod matcher_oracle;
/// Whatever has a file is registered, and the other way round.
mod registries;
/// What the report formats print, byte for byte.
mod report;
/// The tree that the house rules are read from.
mod repository;
/// The replay server over real sockets.
mod server;
/// House rules that no compiler checks.
mod tidy;
