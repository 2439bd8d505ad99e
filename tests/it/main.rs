//! The integration tests, one binary.

/// What each codec makes of requests and replies, held against samples.
mod codecs;
/// Arguments, streams and exit statuses of the built program.
mod command_line;
/// The texts of real fixture files, read and held against other readers.
mod corpus_texts;
/// Who may import whom.
mod layers;
/// What lint says about reachability, held against the matcher.
mod lint_reach;
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
/// House rules that no compiler checks.
mod tidy;
