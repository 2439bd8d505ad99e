//! What loading costs: text to checked fixtures, 10 to 100,000 of them, 1,000 in a file.

use aimock::fixture::{LoadOptions, LoadedFile, load_all};
use divan::Bencher;
use divan::counter::BytesCount;

use crate::scopes::{Texts, inputs};

#[divan::bench(args = [10, 1_000, 10_000, 100_000], sample_count = 10)]
fn load(bencher: Bencher<'_, '_>, count: usize) {
    let files = inputs(count, Texts::Distinct);
    let bytes: usize = files.iter().map(|file| file.source.text().len()).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| -> Vec<LoadedFile> { load_all(files.clone(), &LoadOptions::default()) });
}
