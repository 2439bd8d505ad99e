//! A bar for long work: on a terminal, on stderr, and only once a run has lasted a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Counts finished pieces of work, from any thread. The bar is cleared when this is dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    /// Whether the bar still has to be shown; never set where there is no terminal to show it on.
    waiting: AtomicBool,
}

impl Progress {
    /// A bar of `total` pieces, not shown yet. `what` names them (`files`).
    pub fn new(total: usize, what: &'static str, terminal: &Terminal<'_>) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
        let template = if terminal.width() < 70 { "{pos}/{len} {msg} [{bar:20}]" } else { "{pos}/{len} {msg} [{bar:40}] {eta} left" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what);
        Progress { bar, started: Instant::now(), waiting: AtomicBool::new(terminal.shows_progress()) }
    }

    /// One piece is done.
    pub fn tick(&self) {
        self.bar.inc(1);
        if self.waiting.load(Ordering::Relaxed) && self.started.elapsed() >= PATIENCE && self.waiting.swap(false, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Pieces done so far.
    pub fn position(&self) -> u64 {
        self.bar.position()
    }

    /// All is done: takes the bar away.
    pub fn finish(self) {
        drop(self);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
