//! How the time of a lint run grows with the scope: all rules over generated files, 1,000 to 100,000 fixtures in one
//! scope. Ten times the fixtures should take about ten times as long, whatever their texts have in common.

use aimock::fixture::LoadOptions;
use aimock::lint::{Chosen, LintInput, Outcome, Selection};
use divan::Bencher;
use divan::counter::ItemsCount;

use crate::scopes::{Texts, inputs};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn lint(bencher: Bencher<'_, '_>, count: usize, texts: Texts) {
    let chosen = Selection { select: vec!["all".to_owned()], ..Selection::default() }.resolve();
    let Ok(chosen) = chosen else { return };
    let files = inputs(count, texts);
    bencher.counter(ItemsCount::new(count)).bench_local(|| run(&chosen, &files));
}

fn run(chosen: &Chosen, files: &[aimock::fixture::Input]) -> Outcome {
    aimock::lint::run(LintInput {
        inputs: files.to_vec(),
        scopes: vec![(String::new(), (0..files.len()).collect())],
        shown: None,
        chosen,
        options: &serde_json::Map::new(),
        load: LoadOptions::default(),
        parsed: None,
    })
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn distinct_texts(bencher: Bencher<'_, '_>, count: usize) {
    lint(bencher, count, Texts::Distinct);
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn same_texts_in_many_contexts(bencher: Bencher<'_, '_>, count: usize) {
    lint(bencher, count, Texts::SameInManyContexts);
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn almost_all_shadowed(bencher: Bencher<'_, '_>, count: usize) {
    lint(bencher, count, Texts::Shadowed);
}
