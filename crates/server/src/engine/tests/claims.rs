//! Who gets which answer, while others ask as well and while the library changes.

use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::*;
use crate::fixture::{Draft, SourceFile};

/// The latency of a claimed answer, by which tests know it.
fn latency(editions: &Editions, claim: Claim) -> f64 {
    editions.current().library.fixtures[claim.row].answer_at(claim.times).unwrap().pace.latency.unwrap()
}

/// What each of some requests in a row gets: `row.answer`, `exhausted` or `miss`.
fn claims(fixtures: Vec<Fixture>, requests: usize) -> Vec<String> {
    let editions = Editions::new(Library::new(fixtures, Vec::new()));
    let sessions = Sessions::default();
    let policy = policy_of(&[], "/", false);
    let claim = || match sessions.claim(&editions, &chat(), &policy).verdict {
        Verdict::Serve(claim) => format!("{}.{}", claim.row, latency(&editions, claim)),
        Verdict::Exhausted(_) => "exhausted".to_owned(),
        Verdict::Miss(..) => "miss".to_owned(),
        Verdict::Injected(_) => "injected".to_owned(),
    };
    (0..requests).map(|_| claim()).collect()
}

#[test]
fn a_list_of_responses_is_handed_out_in_order_and_ends_as_it_says() {
    assert_eq!(claims(vec![fixture(0, 2, OnExhausted::RepeatLast)], 4), ["0.0", "0.1", "0.1", "0.1"]);
    assert_eq!(claims(vec![fixture(0, 2, OnExhausted::Cycle)], 5), ["0.0", "0.1", "0.0", "0.1", "0.0"]);
    assert_eq!(claims(vec![fixture(0, 2, OnExhausted::Error)], 4), ["0.0", "0.1", "exhausted", "exhausted"]);
    let then = vec![fixture(0, 1, OnExhausted::FallThrough), fixture(1, 2, OnExhausted::FallThrough)];
    assert_eq!(claims(then, 5), ["0.0", "1.0", "1.1", "miss", "miss"]);
}

#[test]
fn parallel_requests_never_share_an_answer() {
    let editions = Editions::new(Library::new(vec![fixture(0, 50, OnExhausted::Error)], Vec::new()));
    let sessions = Sessions::default();
    let policy = policy_of(&[], "/", false);
    let (exchange, shared) = (chat(), (&sessions, &editions, &policy));
    let mut taken: Vec<usize> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..5)
            .map(|_| {
                let exchange = exchange.clone();
                scope.spawn(move || (0..10).map(|_| claimed(shared, &exchange)).collect::<Vec<usize>>())
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    taken.sort_unstable();
    assert_eq!(taken, (0..50).collect::<Vec<_>>());
}

/// How often the fixture answered before that a request is given.
fn claimed((sessions, editions, policy): (&Sessions, &Editions, &Policy), exchange: &Exchange) -> usize {
    match sessions.claim(editions, exchange, policy).verdict {
        Verdict::Serve(claim) => usize::try_from(claim.times).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn test_ids_count_apart_and_the_oldest_is_forgotten() {
    let editions = Editions::new(Library::new(vec![fixture(0, 3, OnExhausted::Error)], Vec::new()));
    let sessions = Sessions::default();
    let next = |id: &str| claimed((&sessions, &editions, &policy_of(&[("x-test-id", id)], "/", false)), &chat());
    assert_eq!([next("a"), next("a"), next("b"), next("a")], [0, 1, 0, 2]);
    (0..499).for_each(|index| assert_eq!(next(&format!("other {index}")), 0));
    assert_eq!((next("b"), next("a")), (1, 0), "a came first and is the one forgotten");
}

#[test]
fn injected_errors_come_first_the_last_one_before_the_others() {
    let editions = Editions::new(Library::new(vec![fixture(0, 1, OnExhausted::Error)], Vec::new()));
    let sessions = Sessions::default();
    for status in [500, 429] {
        sessions.inject(ErrorReply::new(ErrorOrigin::Fixture, status, "x")).unwrap();
    }
    let policy = policy_of(&[], "/", false);
    let verdict = |exchange: &Exchange| match sessions.claim(&editions, exchange, &policy).verdict {
        Verdict::Injected(error) => error.status,
        Verdict::Serve(_) => 200,
        Verdict::Miss(..) | Verdict::Exhausted(_) => 0,
    };
    let mut image = chat();
    image.request.endpoint = Some(Endpoint::Image);
    assert_ne!(verdict(&image), 429, "an image request leaves the error for a request that can carry it");
    assert_eq!([verdict(&chat()), verdict(&chat())], [429, 500]);
}

#[test]
fn new_fixtures_lose_to_old_ones_and_a_new_library_starts_all_counts_again() {
    let editions = Editions::new(Library::new(vec![fixture(0, 2, OnExhausted::Error)], Vec::new()));
    let sessions = Sessions::default();
    let policy = policy_of(&[], "/", false);
    assert_eq!(claimed((&sessions, &editions, &policy), &chat()), 0);
    editions.append(vec![fixture(1, 1, OnExhausted::Error)]);
    assert_eq!(claimed((&sessions, &editions, &policy), &chat()), 1, "counts outlive an addition");
    assert_eq!((editions.current().hits(0), editions.current().hits(1)), (2, 0));
    editions.replace(Library::new(vec![fixture(0, 2, OnExhausted::Error)], Vec::new()));
    assert_eq!(claimed((&sessions, &editions, &policy), &chat()), 0, "counts of another library are void");
}

#[test]
fn test_ids_that_come_and_go_at_once_keep_their_number() {
    let editions = Editions::new(Library::new(vec![fixture(0, 1, OnExhausted::RepeatLast)], Vec::new()));
    let sessions = Sessions::keeping(3);
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let (sessions, editions) = (&sessions, &editions);
            scope.spawn(move || {
                for index in 0..200 {
                    let id = format!("{} {}", worker % 2, index % 40);
                    claimed((sessions, editions, &policy_of(&[("x-test-id", &id)], "/", false)), &chat());
                }
            });
        }
    });
    let next = |id: &str| claimed((&sessions, &editions, &policy_of(&[("x-test-id", id)], "/", false)), &chat());
    assert_eq!([next("a"), next("b"), next("c")], [0, 0, 0]);
    assert_eq!([next("a"), next("b"), next("c")], [1, 1, 1], "three are kept");
    assert_eq!([next("d"), next("a")], [0, 0], "of a fourth, the oldest is forgotten");
}

#[test]
fn no_turn_is_given_twice_while_fixtures_are_loaded_anew() {
    let library = || Library::new(vec![fixture(0, 40, OnExhausted::Error)], Vec::new());
    let (editions, sessions, policy) = (Editions::new(library()), Sessions::default(), policy_of(&[], "/", false));
    // What matches takes long to find, so that a reload often falls into it.
    let mut exchange = chat();
    exchange.request.fallback_models = (0..5000).map(|number| number.to_string()).collect();
    let shared = (&sessions, &editions, &policy);
    let is_over = AtomicBool::new(false);
    let mut taken: Vec<usize> = std::thread::scope(|scope| {
        let ask = || scope.spawn(|| (0..10).map(|_| claimed(shared, &exchange)).collect::<Vec<usize>>());
        let workers: Vec<_> = std::iter::repeat_with(ask).take(4).collect();
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let read = |_: &Library| Draft { fixtures: library().fixtures, ..Draft::default() };
                assert_eq!(sessions.reload(&editions, read).unchanged, 1);
            }
        });
        let taken: Vec<_> = workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        taken.into_iter().flat_map(Result::unwrap).collect()
    });
    taken.sort_unstable();
    assert_eq!(taken, (0..40).collect::<Vec<_>>());
    assert_eq!(editions.current().hits(0), 40);
}

#[test]
fn editions_are_shared_not_copied() {
    let editions = Editions::new(Library::default());
    assert!(Arc::ptr_eq(&editions.current(), &editions.current()));
}

/// A recording with this id.
fn recording(id: usize) -> Fixture {
    Fixture { id: Some(id.to_string()), ..fixture(0, 1, OnExhausted::RepeatLast) }
}

#[derive(Clone, Debug)]
enum Deed {
    /// Into one of the files.
    Adopt(usize),
    /// Into none.
    AdoptUnsaved,
    /// A fixture answers.
    Hit(prop::sample::Index),
    /// A request reads the edition and goes on for so many deeds.
    Hold(usize),
    Append,
    Restore,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0_usize..3).prop_map(Deed::Adopt),
        1 => Just(Deed::AdoptUnsaved),
        6 => any::<prop::sample::Index>().prop_map(Deed::Hit),
        2 => (0_usize..6).prop_map(Deed::Hold),
        1 => Just(Deed::Append),
        1 => Just(Deed::Restore),
    ]
}

/// What is served, told plainly: handles and hits.
#[derive(Default)]
struct Told {
    rows: Vec<(String, u64)>,
    next: usize,
}

proptest! {
    #[test]
    fn recordings_are_served_in_order_whoever_reads_meanwhile(deeds in prop::collection::vec(deed(), 0..40)) {
        let editions = Editions::new(Library::new(vec![recording(1000)], vec![SourceFile::new("loaded.json")]));
        let mut told = Told { rows: vec![("1000".to_owned(), 0)], next: 0 };
        let mut posted = std::collections::HashSet::new();
        let mut held = Vec::new();
        for deed in deeds {
            held.retain_mut(|(left, edition, rows): &mut (usize, Reading, usize)| {
                *left = left.saturating_sub(1);
                assert_eq!(edition.library.fixtures.len(), *rows, "an edition that is read stays as it is");
                *left > 0
            });
            let id = told.next;
            told.next += 1;
            match deed {
                Deed::Adopt(file) => {
                    editions.adopt(["loaded.json", "a.json", "b.json"][file], id, recording(id));
                    told.rows.push((id.to_string(), 0));
                }
                Deed::AdoptUnsaved => {
                    editions.adopt_unsaved("a.json", recording(id));
                    told.rows.push((id.to_string(), 0));
                }
                Deed::Append => {
                    editions.append(vec![recording(id)]);
                    posted.insert(id.to_string());
                    told.rows.push((id.to_string(), 0));
                }
                Deed::Hit(index) => {
                    let row = index.index(told.rows.len());
                    editions.current().hit(row);
                    told.rows[row].1 += 1;
                }
                Deed::Hold(left) => {
                    let edition = editions.current();
                    let rows = edition.library.fixtures.len();
                    held.push((left, edition, rows));
                }
                Deed::Restore => {
                    editions.restore();
                    told.rows.retain(|(handle, _)| !posted.contains(handle));
                    told.rows.iter_mut().for_each(|(_, hits)| *hits = 0);
                }
            }
            let current = editions.current();
            let rows: Vec<_> = (0..current.library.fixtures.len()).map(|row| (current.library.handle(row), current.hits(row))).collect();
            prop_assert_eq!(&rows, &told.rows);
            prop_assert_eq!(current.library.table.rows().len(), rows.len());
            prop_assert_eq!(editions.loaded().library.fixtures.len(), 1);
        }
    }
}
