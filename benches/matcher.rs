//! What a request costs: selecting among 10 to 100,000 fixtures should take about the same time.

use aimock::exchange::Exchange;
use aimock::fixture::{LoadOptions, load_all};
use aimock::matcher::{Row, Selection, Served, Strictness, Table};
use divan::Bencher;

use crate::scopes::{Texts, inputs};

const SIZES: [usize; 3] = [10, 1_000, 100_000];

fn rows(count: usize, texts: Texts) -> Vec<Row> {
    load_all(inputs(count, texts), &LoadOptions::default()).iter().flat_map(|file| &file.entries).map(|entry| entry.fixture.row()).collect()
}

/// Selecting for the plainest request of the row at this part of the way through the table.
fn select(bencher: Bencher<'_, '_>, count: usize, texts: Texts, ask: impl Fn(&mut Exchange)) {
    let rows = rows(count, texts);
    let Some(mut exchange) = rows.get(count * 3 / 4).and_then(|row| row.matches.plainest()) else { return };
    ask(&mut exchange);
    let table = Table::new(rows);
    let served = Served::default();
    bencher.bench_local(|| -> Selection { table.select(divan::black_box(&exchange), &served, Strictness::default()) });
}

#[divan::bench(args = SIZES)]
fn hit(bencher: Bencher<'_, '_>, count: usize) {
    select(bencher, count, Texts::Distinct, |_| {});
}

#[divan::bench(args = SIZES)]
fn hit_in_one_of_many_contexts(bencher: Bencher<'_, '_>, count: usize) {
    select(bencher, count, Texts::SameInManyContexts, |_| {});
}

#[divan::bench(args = SIZES)]
fn miss(bencher: Bencher<'_, '_>, count: usize) {
    select(bencher, count, Texts::Distinct, |exchange| {
        for message in &mut exchange.request.messages {
            message.text = Some("nobody has an answer to this one".to_owned());
        }
    });
}

/// What a miss names: the three that came nearest.
#[divan::bench(args = SIZES)]
fn nearest(bencher: Bencher<'_, '_>, count: usize) {
    let rows = rows(count, Texts::Distinct);
    let Some(mut exchange) = rows.first().and_then(|row| row.matches.plainest()) else { return };
    for message in &mut exchange.request.messages {
        message.text = Some("question number about the weather".to_owned());
    }
    let table = Table::new(rows);
    bencher.bench_local(|| table.nearest(divan::black_box(&exchange), &Served::default(), 3).len());
}

#[divan::bench(args = SIZES, sample_count = 10)]
fn build(bencher: Bencher<'_, '_>, count: usize) {
    let rows = rows(count, Texts::Distinct);
    bencher.with_inputs(|| rows.clone()).bench_local_values(Table::new);
}
