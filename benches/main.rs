//! How cost grows with the number of fixtures and with the length of texts: `cargo bench`, or one part of it: `cargo bench -- lint`.

/// Requests to their meaning, answers to bytes.
mod codecs;
/// The requests and answers that it uses.
mod exchanges;
/// A lint run over one scope.
mod lint;
/// Text to checked fixtures.
mod loader;
/// Which fixture answers.
mod matcher;
/// Recordings without what differs from run to run.
mod normalize;
/// Recordings, drawn from a seed.
mod recordings;
/// The fixtures that most of them use.
mod scopes;
/// What differs from run to run, found in texts.
mod transform;

fn main() {
    divan::main();
}
