//! (a) The same seed, the same faults, under any concurrency; journal, metrics and fixtures count alike.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kit::{WAYS, metric};
use crate::server::support::{Running, start_with};

const CLIENTS: usize = 40;
const ROUNDS: usize = 25;

/// Every rate at once, for one fixture with a sequence of answers.
async fn server(seed: u64) -> Running {
    let chaos = json!({
        "dropRate": 0.1, "malformedRate": 0.1, "rateLimitRate": 0.1, "disconnectRate": 0.1, "statusRate": 0.1,
        "truncateRate": 0.1, "stallRate": 0.1, "stallMs": 1, "errorEventRate": 0.2,
    });
    let fixtures = json!([{ "match": {}, "response": { "content": "one two three four" }, "chunkSize": 4, "chaos": chaos }]);
    start_with(fixtures, |settings| {
        settings.seed = seed;
        settings.metrics = true;
        settings.journal.entries = 0;
    })
    .await
}

/// All clients at once; each sends the same requests in an order of its own.
async fn storm(server: &Running) {
    let client = |number: usize| async move {
        for round in 0..ROUNDS {
            let way = WAYS[(number + round) % WAYS.len()];
            server.send(way.says(&format!("question {}", (number * 7 + round) % 10))).await;
        }
    };
    let mut clients: Vec<_> = (0..CLIENTS).map(|number| Box::pin(client(number))).collect();
    std::future::poll_fn(|cx| {
        clients.retain_mut(|client| client.as_mut().poll(cx).is_pending());
        if clients.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// The journal without what differs from run to run, in no order.
fn essence(journal: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in journal {
        let response = &entry["response"];
        let kept = json!([
            entry["path"],
            entry["body"],
            response["status"],
            response["chaos"],
            response["chaosAction"],
            entry["stream"]["events"]
        ]);
        *counts.entry(kept.to_string()).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a14_the_same_seed_gives_the_same_journal_up_to_order() {
    let mut runs = Vec::new();
    for seed in [11, 11, 12] {
        let server = server(seed).await;
        storm(&server).await;
        let journal = server.journal().await;
        assert_eq!(journal.len(), CLIENTS * ROUNDS);
        assert!(journal.iter().all(|entry| entry["response"]["chaos"]["seed"] == seed));
        runs.push(essence(&journal));
    }
    assert!(runs[0] == runs[1], "the same seed, and another journal");
    assert!(runs[0] != runs[2], "another seed, and the same journal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a8_journal_metrics_and_fixtures_count_alike() {
    let server = server(5).await;
    storm(&server).await;
    let journal = server.journal().await;
    let metrics = server.get("/metrics").await.text().to_owned();
    let total = u64::try_from(CLIENTS * ROUNDS).unwrap();
    for action in ["drop", "malformed", "rateLimit", "disconnect", "status", "truncate", "stall", "errorEvent"] {
        let journalled = journal.iter().filter(|entry| entry["response"]["chaosAction"] == action).count() as u64;
        assert!(journalled > 0, "{action}");
        assert_eq!(metric(&metrics, &format!("aimock_chaos_triggered_total{{action=\"{action}\",source=\"fixture\"}}")), journalled);
    }
    let decided = journal.iter().filter(|entry| !entry["response"]["chaos"]["action"].is_null()).count();
    let applied = journal.iter().filter(|entry| entry["response"].get("chaosAction").is_some()).count();
    let bypassed: u64 = metrics
        .lines()
        .filter(|line| line.starts_with("aimock_chaos_bypassed_total"))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!((decided - applied) as u64, bypassed);
    assert_eq!(metric(&metrics, "aimock_fixture_hits_total{fixture=\"suite.json#/fixtures/0\"}"), total);
    assert_eq!(metric(&metrics, "aimock_matches_total{matched_by=\"content\"}"), total);
    assert_eq!(metric(&metrics, "aimock_requests_in_flight"), 0);
    let requests: u64 = metrics
        .lines()
        .filter(|line| line.starts_with("aimock_requests_total{"))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(requests, total);
    assert_eq!(server.get("/__aimock/fixtures?include=fixtures").await.json()["fixtures"][0]["served"], total);
}
