//! The integration tests, one binary.

/// Amazon Bedrock over real sockets: binary streams cut, broken, failed, recorded and relayed.
mod bedrock;
/// Amazon Bedrock's models with bodies of their makers' own, over real sockets.
mod bedrock_makers;
/// `aimock check` from outside.
mod check_cli;
/// What each codec makes of requests and replies, held against samples.
mod codecs;
/// Arguments, streams and exit statuses of the built program.
mod command_line;
/// `aimock serve … -- COMMAND` from outside.
mod command_run;
/// Recordings of other tools, converted.
mod convert;
/// Files with a mistake, and what is said about them.
mod corpus_invalid;
/// The texts of real fixture files, read and held against other readers.
mod corpus_texts;
/// Files without a mistake, and what is read from them.
mod corpus_valid;
/// Two sets of fixtures compared: verdicts, laws, real fixtures, journals, git.
mod diff;
/// Files that mean harm, given to the built program.
mod hostile;
/// The first minutes: what init writes, what the tour shows, what a hook sees.
mod init;
/// Who may import whom.
mod layers;
/// `aimock lint` from outside.
mod lint_cli;
/// The examples of every lint rule, and what rules say about real fixtures.
mod lint_examples;
/// Fixes come to an end, break nothing and change no answer.
mod lint_fixes;
/// What lint remembers between runs, held against runs that remember nothing.
mod lint_memory;
/// What lint says about reachability, held against the matcher.
mod lint_reach;
/// Secrets, volatile texts and text hygiene: what lint finds, and what it lets through.
mod lint_texts;
/// Files so long that they are read piece by piece while they are loaded.
mod long_files;
/// `aimock match` from outside.
mod match_cli;
/// Laws of the matcher, over made-up patterns and tables.
mod matcher_laws;
/// A second, independent reading of the matching rules.
mod matcher_oracle;
/// Files of fixtures made several, or one.
mod normalize_arrange;
/// `aimock normalize` from outside.
mod normalize_cli;
/// Every normalize pass on its own examples.
mod normalize_examples;
/// Laws of normalize over made-up files, and what it makes of real ones.
mod normalize_laws;
/// Keys that tests plant.
mod planted;
/// Requests that go to an upstream, over real sockets.
mod proxy;
/// What upstreams say, written down and replayed.
mod real_clients;
mod record;
/// Whatever has a file is registered, and the other way round.
mod registries;
/// Conversations over WebSocket in which an upstream takes part.
mod relayed_sockets;
/// What the report formats print, byte for byte.
mod report;
/// The tree that the house rules are read from.
mod repository;
/// Requests and fixtures that meet after both were rewritten.
mod rewriting;
/// The sample files below `tests/corpus`.
mod samples;
/// Folders for tests.
mod sandbox;
/// The published schema and the loader, held against each other.
mod schema_agreement;
/// Planted keys come out nowhere.
mod secrecy;
/// The behaviours that must hold to the letter.
mod seeds;
/// The replay server over real sockets.
mod server;
/// Conversations over WebSocket.
mod sockets;
/// Twenty thousand requests of two hundred clients.
mod stress;
/// House rules that no compiler checks.
mod tidy;
/// Transforms from outside: keys meet requests, lists are checked, pages.
mod transforms;
/// `aimock validate` from outside.
mod validate_cli;
/// `aimock verify` from outside.
mod verify_cli;
/// `aimock serve --watch`, and commands that ask a running server.
mod watching;
/// A folder for one test, and the program run in it.
mod workplace;
