//! What normalizing recordings costs: bytes a second, with nothing read or written. `cargo xtask recordings` writes the
//! same recordings to a folder, for measuring the whole command.

use std::sync::Arc;

use aimock::diagnostic::{Source, SourceId};
use aimock::document::Format;
use aimock::fixture::Input;
use aimock::normalize::{ALL, Options, run};
use divan::Bencher;
use divan::counter::BytesCount;

use crate::recordings;

/// Files of 2 MB each.
fn inputs(count: u32) -> Vec<Input> {
    let input = |number: u32| {
        let source = Source::new(SourceId(number), format!("{number:03}.json"), recordings::file(u64::from(number), 2_000_000));
        Input { source: Arc::new(source), format: Format::Json }
    };
    (0..count).map(input).collect()
}

fn bench(bencher: Bencher<'_, '_>, count: u32, options: &Options<'_>) {
    let files = inputs(count);
    let bytes: usize = files.iter().map(|file| file.source.text().len()).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| run(&files, options).len());
}

/// As many bytes as one file, and as ten that run side by side.
#[divan::bench(args = [1, 10], sample_count = 20)]
fn defaults(bencher: Bencher<'_, '_>, files: u32) {
    bench(bencher, files, &Options::default());
}

/// The same, where only what would change is told.
#[divan::bench(args = [1, 10], sample_count = 20)]
fn dry_run(bencher: Bencher<'_, '_>, files: u32) {
    bench(bencher, files, &Options { texts: false, ..Options::default() });
}

#[divan::bench(sample_count = 10)]
fn every_pass(bencher: Bencher<'_, '_>) {
    bench(bencher, 2, &Options { passes: ALL.to_vec(), ..Options::default() });
}
