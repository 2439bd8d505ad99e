//! A clock that only its test moves, over real sockets.
//!
//! tokio's paused clock leaps to the next timer as soon as no task can run, also while bytes are on their way from one
//! socket to another. Here it does not: what happens while it stands took no time, and what does not happen waits for it.
//! Tests that use it say `start_paused = true`.

use std::pin::pin;
use std::sync::mpsc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::support::{Request, Response, Running, moment};

/// A test that waits for what never comes ends after this time of the real clock, by a leap of the stopped one.
const PATIENCE: Duration = Duration::from_secs(120);
/// The grain of timers.
const TICK: Duration = Duration::from_millis(1);

/// The clock, for as long as this lives.
pub(crate) struct Clock {
    since: Instant,
    _running: mpsc::Sender<()>,
}

impl Clock {
    /// Keeps a paused clock where it is.
    pub(crate) fn stopped() -> Clock {
        let (running, ended) = mpsc::channel::<()>();
        // tokio lets its clock stand while there is a blocking task.
        tokio::task::spawn_blocking(move || ended.recv_timeout(PATIENCE));
        Clock { since: Instant::now(), _running: running }
    }

    /// Moves it.
    pub(crate) async fn advance(&self, by: Duration) {
        tokio::time::advance(by).await;
    }

    /// How far it was moved.
    pub(crate) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// Moves it tick by tick until this work is done, and gives the time that had to pass: too much at most, never too
    /// little.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> (T, Duration) {
        let (begun, mut work) = (self.elapsed(), pin!(work));
        loop {
            tokio::select! {
                biased;
                done = &mut work => return (done, self.elapsed().saturating_sub(begun)),
                () = moment() => self.advance(TICK).await,
            }
        }
    }
}

impl Running {
    /// Sends a request on a connection of its own and returns once it is decided what it gets.
    pub(crate) async fn begin(&self, request: Request) -> TcpStream {
        use tokio::io::AsyncWriteExt as _;
        let before = self.entries().await.len();
        let mut tcp = self.connect().await;
        tcp.write_all(&request.bytes()).await.unwrap();
        while self.entries().await.len() == before {
            moment().await;
        }
        tcp
    }

    /// The answer to a request, which must take this long: no tick more and no tick less.
    #[track_caller]
    pub(crate) fn takes<'r>(&'r self, clock: &'r Clock, long: Duration, request: Request) -> impl Future<Output = Response> + 'r {
        let caller = std::panic::Location::caller();
        async move {
            let mut tcp = self.begin(request).await;
            clock.advance(long.saturating_sub(TICK)).await;
            // Time enough for what would be too early.
            moment().await;
            let pending = self.entries().await.last().unwrap().get("pending").is_some();
            assert!(pending, "{caller}: over before {long:?}");
            clock.advance(TICK).await;
            let before = clock.elapsed();
            let response = Response::read(&mut tcp).await;
            assert_eq!(clock.elapsed(), before, "{caller}: not over after {long:?}");
            response
        }
    }
}
