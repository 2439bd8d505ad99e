//! What is measured. In each round every target has its turn, so that noise meets all alike; what is told later are medians
//! over the rounds and ratios between targets of one run.

use std::time::Duration;

use serde_json::{Value, json};

use super::material::{Api, Layout, Scene};
use super::programs::Target;
use super::results::{Results, Row};
use super::servers::{CLIENT_CORE, Place, SERVER_CORE, Server, Start, free_port};
use super::tools;

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Extent {
    pub(crate) rounds: u32,
    pub(crate) seconds: f64,
    /// Numbers of fixtures in W3.
    pub(crate) sizes: Vec<usize>,
    /// Files of one fixture each in W3.
    pub(crate) files: usize,
    /// Starts of a server in W4.
    pub(crate) cold_runs: u32,
    /// Streams at the same time in W6.
    pub(crate) streams: Vec<u32>,
    /// Requests of 200 bytes in W10; a tenth of it of 20 kB.
    pub(crate) requests: u32,
}

impl Default for Extent {
    fn default() -> Extent {
        Extent {
            rounds: 3,
            seconds: 10.0,
            sizes: vec![10, 1_000, 10_000, 100_000],
            files: 10_000,
            cold_runs: 15,
            streams: vec![1_000, 5_000],
            requests: 200_000,
        }
    }
}

/// One workload: its name, what it is, and how it is run.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    run: fn(&mut Bench<'_>),
}

/// All of them, in the order of the page.
pub(crate) const ALL: &[Workload] = &[
    Workload {
        name: "w1",
        title: "W1: chat completions",
        about: "One fixture, requests of about 200 bytes, answers of 500 characters, 64 connections.",
        run: |bench| bench.plain("w1", &Scene::default(), &[Target::Ours, Target::Incumbent, Target::Vidaimock, Target::Limit]),
    },
    Workload {
        name: "w2",
        title: "W2: streamed chat completions",
        about: "The same as server-sent events without a pause, 64 connections. The limit sends each event as a frame of its own.",
        run: |bench| bench.plain("w2", &Scene { stream: true, ..Scene::default() }, &[Target::Ours, Target::Incumbent, Target::Limit]),
    },
    Workload {
        name: "w3",
        title: "W3: many fixtures",
        about: "From 10 to 100,000 fixtures, each with a text of its own; the last one is asked for, then one that is not there. 8 \
                connections. The limit has nothing to look up. Loading is the time from start to first answer.",
        run: many_fixtures,
    },
    Workload {
        name: "w4",
        title: "W4: cold start",
        about: "From the start of the program to its first good answer, asked for each millisecond; not kept on a core.",
        run: cold_starts,
    },
    Workload {
        name: "w5",
        title: "W5: large requests",
        about: "200 messages of 1 MB in all with 8 connections, and of 10 MB with 4. Peak memory is told for each byte of the bodies that \
                are on their way at once.",
        run: large_requests,
    },
    Workload {
        name: "w6",
        title: "W6: paced streams",
        about: "Streams of 200 pieces at the same time, 0.2 s to the first one and 20 a second after it. Off schedule: how far an event is \
                from the moment at which it is due, counted from the request.",
        run: paced_streams,
    },
    Workload {
        name: "w8",
        title: "W8: streamed Anthropic messages",
        about: "As W2, on `/v1/messages`.",
        run: |bench| {
            let scene = Scene { stream: true, api: Api::Anthropic, ..Scene::default() };
            bench.plain("w8", &scene, &[Target::Ours, Target::Incumbent, Target::Limit]);
        },
    },
    Workload {
        name: "w9",
        title: "W9: proxy",
        about: "No fixtures; every request goes on to the limit server, which shares a core with the load. 64 connections.",
        run: proxies,
    },
    Workload {
        name: "w10",
        title: "W10: memory over time",
        about: "Memory after many requests, journal on, 32 connections: of 200 bytes, and a tenth as many of 20 kB.",
        run: memory_over_time,
    },
    Workload {
        name: "tools",
        title: "Commands",
        about: "`validate`, `lint` with all rules, and `check` of one file of a scope of 900, as a hook would run them; on all cores. Cold is \
                without what earlier runs have kept, warm with it. CPU seconds are of all threads, in steps of 10 ms.",
        run: tools::run,
    },
];

/// A run: where, how much, and what came so far.
pub(crate) struct Bench<'a> {
    pub(crate) place: &'a Place,
    pub(crate) extent: &'a Extent,
    pub(crate) results: &'a mut Results,
}

impl Workload {
    /// Measures; what fails is a result as well.
    pub(crate) fn run(&self, bench: &mut Bench<'_>) {
        (self.run)(bench);
    }
}

/// One closed loop.
struct Loop<'a> {
    body: &'a [u8],
    connections: u32,
    seconds: f64,
    warmup: f64,
    requests: Option<u32>,
}

impl Bench<'_> {
    /// Every target in turn, each round.
    pub(super) fn each(
        &mut self,
        workload: &'static str,
        targets: &[Target],
        run: impl Fn(&mut Self, Target, u32) -> Result<(), (String, String)>,
    ) {
        for round in 1..=self.extent.rounds {
            for &target in targets.iter().filter(|target| self.place.programs.has(**target)) {
                if let Err((case, reason)) = run(self, target, round) {
                    self.note(Row {
                        workload: workload.to_owned(),
                        case,
                        target: target.name().to_owned(),
                        round,
                        figures: json!({ "failed": reason }),
                    });
                }
            }
        }
    }

    fn note(&mut self, row: Row) {
        eprintln!("{row}");
        self.results.rows.push(row);
    }

    pub(super) fn keep(&mut self, workload: &str, case: &str, target: Target, round: u32, figures: Value) {
        self.note(Row { workload: workload.to_owned(), case: case.to_owned(), target: target.name().to_owned(), round, figures });
    }

    fn start(&self, target: Target, scene: &Scene, ready: &[u8]) -> Result<Server, String> {
        Server::start(self.place, &Start { target, scene, ready, upstream: None, core: Some(SERVER_CORE) })
    }

    /// Runs the load against a server; the figures, with the server's memory.
    fn closed(&self, server: &Server, api: Api, asked: &Loop<'_>) -> Result<Value, String> {
        let mut words: Vec<String> = ["closed", "--header", "Authorization: Bearer unused"].map(str::to_owned).to_vec();
        let mut word = |name: &str, value: String| words.extend([name.to_owned(), value]);
        word("--port", server.port.to_string());
        word("--path", api.path().to_owned());
        word("--body", self.place.file(asked.body)?);
        word("--connections", asked.connections.to_string());
        word("--seconds", asked.seconds.to_string());
        word("--warmup", asked.warmup.to_string());
        word("--server", server.pid().to_string());
        word("--core", CLIENT_CORE.to_string());
        if let Some(requests) = asked.requests {
            word("--requests", requests.to_string());
        }
        let limit = Duration::from_secs_f64(asked.seconds + asked.warmup) + Duration::from_mins(1);
        let mut figures = self.place.load(&self.place.folder()?, &words, limit)?;
        figures["peak_mb"] = server.memory_mb("VmHWM").into();
        Ok(figures)
    }

    /// One fixture, 64 connections.
    fn plain(&mut self, workload: &'static str, scene: &Scene, targets: &[Target]) {
        let body = scene.request(1);
        let seconds = self.extent.seconds;
        self.each(workload, targets, |bench, target, round| {
            let run = || -> Result<Value, String> {
                let server = bench.start(target, scene, &body)?;
                bench.closed(&server, scene.api, &Loop { body: &body, connections: 64, seconds, warmup: seconds.min(3.0), requests: None })
            };
            let figures = run().map_err(|reason| (String::new(), reason))?;
            bench.keep(workload, "", target, round, figures);
            Ok(())
        });
    }
}

fn many_fixtures(bench: &mut Bench<'_>) {
    let sizes = bench.extent.sizes.clone();
    let smallest = sizes.first().copied();
    for size in sizes {
        let scene = Scene { fixtures: size, ..Scene::default() };
        let targets: &[Target] =
            if Some(size) == smallest { &[Target::Ours, Target::Incumbent, Target::Limit] } else { &[Target::Ours, Target::Incumbent] };
        bench.each("w3", targets, |bench, target, round| {
            let trouble = |reason| (format!("{size} hit"), reason);
            let (hit, miss) = (scene.request(size), scene.request(size + 1));
            let server = bench.start(target, &scene, &hit).map_err(trouble)?;
            let loaded = json!({ "loaded_s": server.loaded.as_secs_f64(), "loaded_mb": server.memory_mb("VmRSS") });
            bench.keep("w3", &format!("{size} loaded"), target, round, loaded);
            for (case, body) in [("hit", &hit), ("miss", &miss)] {
                let seconds = bench.extent.seconds.min(5.0);
                let asked = Loop { body, connections: 8, seconds, warmup: seconds.min(1.5), requests: None };
                let figures = bench.closed(&server, scene.api, &asked).map_err(trouble)?;
                bench.keep("w3", &format!("{size} {case}"), target, round, figures);
            }
            Ok(())
        });
    }
    let files = bench.extent.files;
    let scene = Scene { fixtures: files, layout: Layout::FileEach, ..Scene::default() };
    bench.each("w3", &[Target::Ours, Target::Incumbent], |bench, target, round| {
        let case = format!("{files} files loaded");
        let server = bench.start(target, &scene, &scene.request(files)).map_err(|reason| (case.clone(), reason))?;
        let loaded = json!({ "loaded_s": server.loaded.as_secs_f64(), "loaded_mb": server.memory_mb("VmRSS") });
        bench.keep("w3", &case, target, round, loaded);
        Ok(())
    });
}

fn cold_starts(bench: &mut Bench<'_>) {
    let file_each = |fixtures| Scene { fixtures, layout: Layout::FileEach, ..Scene::default() };
    for (case, scene, targets) in [
        ("1 fixture", Scene::default(), &[Target::Ours, Target::Incumbent, Target::Vidaimock, Target::Limit][..]),
        ("1000 files", file_each(1000), &[Target::Ours, Target::Incumbent]),
    ] {
        for round in 1..=bench.extent.cold_runs {
            for &target in targets.iter().filter(|target| bench.place.programs.has(**target)) {
                let figures = cold_start(bench, target, &scene).unwrap_or_else(|reason| json!({ "failed": reason }));
                bench.keep("w4", case, target, round, figures);
            }
        }
    }
}

fn cold_start(bench: &Bench<'_>, target: Target, scene: &Scene) -> Result<Value, String> {
    let (folder, port) = (bench.place.folder()?, free_port()?);
    let command = bench.place.programs.command(target, scene, &folder, port, None)?;
    let body = bench.place.file(&scene.request(scene.fixtures))?;
    let words =
        ["cold", "--port", &port.to_string(), "--path", scene.api.path(), "--body", &body, "--seconds", "60", "--"].map(str::to_owned);
    bench.place.load(&folder, &[&words[..], &command].concat(), Duration::from_mins(2))
}

fn large_requests(bench: &mut Bench<'_>) {
    for (megabytes, connections) in [(1_usize, 8_u32), (10, 4)] {
        let scene = Scene::default();
        let body = scene.long_request(200, megabytes * 1_000_000);
        let case = format!("{megabytes} MB");
        bench.each("w5", &[Target::Ours, Target::Incumbent, Target::LimitParse], |bench, target, round| {
            let seconds = bench.extent.seconds;
            let run = || -> Result<Value, String> {
                let server = bench.start(target, &scene, &scene.request(1))?;
                let asked = Loop { body: &body, connections, seconds, warmup: seconds.min(2.0), requests: None };
                let mut figures = bench.closed(&server, scene.api, &asked)?;
                let peak = figures["peak_mb"].as_f64().unwrap_or_default() * 1_048_576.0;
                #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
                let bytes = body.len() as f64 * f64::from(connections);
                figures["peak_per_body"] = (peak / bytes).into();
                Ok(figures)
            };
            let figures = run().map_err(|reason| (case.clone(), reason))?;
            bench.keep("w5", &case, target, round, figures);
            Ok(())
        });
    }
}

fn paced_streams(bench: &mut Bench<'_>) {
    let (ttft, gap) = (0.2, 0.05);
    for streams in bench.extent.streams.clone() {
        let scene = Scene { length: 4000, stream: true, pace: Some((ttft, gap)), ..Scene::default() };
        let body = scene.request(1);
        // Whether it is there is asked without a stream, where the server can answer so.
        let quick = Scene { stream: false, ..scene.clone() }.request(1);
        bench.each("w6", &[Target::Ours, Target::Incumbent, Target::Limit], |bench, target, round| {
            let run = || -> Result<Value, String> {
                let server = bench.start(target, &scene, &quick)?;
                let mut words: Vec<String> = vec!["paced".to_owned()];
                let mut word = |name: &str, value: String| words.extend([name.to_owned(), value]);
                word("--port", server.port.to_string());
                word("--path", scene.api.path().to_owned());
                word("--body", bench.place.file(&body)?);
                word("--connections", streams.to_string());
                word("--ttft", ttft.to_string());
                word("--gap", gap.to_string());
                word("--ramp", "2".to_owned());
                word("--seconds", "60".to_owned());
                word("--server", server.pid().to_string());
                word("--core", CLIENT_CORE.to_string());
                let mut figures = bench.place.load(&bench.place.folder()?, &words, Duration::from_mins(2))?;
                figures["peak_mb"] = server.memory_mb("VmHWM").into();
                Ok(figures)
            };
            let case = format!("{streams} streams");
            let figures = run().map_err(|reason| (case.clone(), reason))?;
            bench.keep("w6", &case, target, round, figures);
            Ok(())
        });
    }
}

fn proxies(bench: &mut Bench<'_>) {
    for (case, stream) in [("json", false), ("stream", true)] {
        let scene = Scene { stream, ..Scene::default() };
        let body = scene.request(1);
        let upstream = Server::start(
            bench.place,
            &Start { target: Target::Limit, scene: &scene, ready: &body, upstream: None, core: Some(CLIENT_CORE) },
        );
        let Ok(upstream) = upstream.map_err(|reason| eprintln!("w9: {reason}")) else { return };
        bench.each("w9", &[Target::Ours, Target::Incumbent, Target::Limit], |bench, target, round| {
            let seconds = bench.extent.seconds;
            let asked = Loop { body: &body, connections: 64, seconds, warmup: seconds.min(3.0), requests: None };
            let run = || -> Result<Value, String> {
                if target == Target::Limit {
                    return bench.closed(&upstream, scene.api, &asked);
                }
                let start = Start { target, scene: &scene, ready: &body, upstream: Some(upstream.port), core: Some(SERVER_CORE) };
                let server = Server::start(bench.place, &start)?;
                bench.closed(&server, scene.api, &asked)
            };
            let figures = run().map_err(|reason| (case.to_owned(), reason))?;
            bench.keep("w9", case, target, round, figures);
            Ok(())
        });
    }
}

fn memory_over_time(bench: &mut Bench<'_>) {
    let scene = Scene::default();
    for (case, body, requests) in
        [("200 B", scene.request(1), bench.extent.requests), ("20 kB", scene.long_request(20, 20_000), bench.extent.requests / 10)]
    {
        for target in [Target::Ours, Target::Incumbent, Target::Vidaimock, Target::Limit] {
            if bench.place.programs.has(target) {
                let figures = memory_after(bench, target, &scene, &body, requests).unwrap_or_else(|reason| json!({ "failed": reason }));
                bench.keep("w10", case, target, 1, figures);
            }
        }
    }
}

fn memory_after(bench: &Bench<'_>, target: Target, scene: &Scene, body: &[u8], requests: u32) -> Result<Value, String> {
    let server = bench.start(target, scene, &scene.request(1))?;
    let before = server.memory_mb("VmRSS");
    let (mut quarters, mut answered) = (Vec::new(), 0);
    for _ in 0..4 {
        let asked = Loop { body, connections: 32, seconds: 600.0, warmup: 0.0, requests: Some(requests / 4) };
        let figures = bench.closed(&server, scene.api, &asked)?;
        answered += figures["answered"].as_u64().unwrap_or(0);
        quarters.push(server.memory_mb("VmRSS"));
    }
    // What is given back a moment later is not held.
    std::thread::sleep(Duration::from_secs(1));
    let after = server.memory_mb("VmRSS");
    let growth = quarters.last().zip(quarters.first()).map(|(last, first)| last - first);
    Ok(json!({
        "answered": answered,
        "before_mb": before,
        "after_mb": after,
        "growth_mb": growth,
        "peak_mb": server.memory_mb("VmHWM"),
    }))
}
