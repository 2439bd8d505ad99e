//! What will be sent and when: status, headers, then steps.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{FieldValue, Fields, Telling, Told};
use crate::fixture::Close;

/// What is due together is joined up to this many bytes: fewer writes, bounded copies.
pub(super) const JOINED_BYTES: usize = 64 * 1024;

/// Why a stream is cut on purpose; the journal says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub close: Close,
    /// `truncateAfterChunks`, `disconnectAfterMs` …
    pub reason: &'static str,
}

/// One step of carrying an answer out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait until this long after the plan began (an absolute schedule does not drift).
    Until(Duration),
    /// Send these bytes; `events` says how many events they hold. Status and headers leave with the first `Send`; an
    /// empty one sends them alone.
    Send { bytes: Bytes, events: u32 },
    /// Flush all that was sent, then end the connection without a proper end of the message. As the first step but
    /// for waits it means that the client gets no byte at all.
    HangUp(Cut),
}

/// A complete answer in time. Without a `HangUp` it ends properly after its last step.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub status: u16,
    pub headers: Fields,
    /// One body of known length (`content-length`), or a stream (chunked).
    pub streamed: bool,
    pub steps: Vec<Step>,
    /// What comes behind `steps`.
    pub told: Option<Box<Told>>,
    /// The same as the bytes in `steps`, where they can be told again: who keeps this need not keep them.
    pub telling: Option<Arc<Telling>>,
}

impl Plan {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// Puts a header in place of all others of its name.
    pub fn set_header(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<FieldValue>) {
        let (name, headers) = (name.into(), self.headers.listed());
        headers.retain(|(key, _)| !key.eq_ignore_ascii_case(&name));
        headers.push((name, value.into()));
    }

    /// Whether something is sent before the plan ends or hangs up.
    pub fn sends_anything(&self) -> bool {
        !matches!(self.steps.iter().find(|step| !matches!(step, Step::Until(_))), Some(Step::HangUp(_)))
    }

    /// How many events it sends.
    pub fn events(&self) -> u64 {
        self.steps.iter().map(|step| if let Step::Send { events, .. } = step { u64::from(*events) } else { 0 }).sum()
    }

    /// Starts everything this much later.
    pub fn delay(&mut self, by: Duration) {
        if by.is_zero() {
            return;
        }
        for step in &mut self.steps {
            if let Step::Until(due) = step {
                *due = due.saturating_add(by);
            }
        }
        self.steps.insert(0, Step::Until(by));
    }

    /// The same in as few writes as timing allows.
    #[must_use]
    pub fn joined(mut self) -> Plan {
        if self.steps.len() < 2 {
            return self;
        }
        let mut steps = Vec::new();
        let mut held = Held::default();
        for step in self.steps {
            match step {
                Step::Send { bytes, events } => {
                    if held.length + bytes.len() > JOINED_BYTES {
                        steps.extend(held.take());
                    }
                    held.length += bytes.len();
                    held.events += events;
                    held.bytes.push(bytes);
                }
                Step::Until(_) | Step::HangUp(_) => {
                    steps.extend(held.take());
                    steps.push(step);
                }
            }
        }
        steps.extend(held.take());
        self.steps = steps;
        self
    }

    /// Cuts the connection this long after the plan began, unless it is over by then, and says whether. What is due at
    /// the very same moment is still sent only if it needed no waiting.
    pub fn cut_at(&mut self, at: Duration, cut: Cut) -> bool {
        let Some(late) = self.steps.iter().position(|step| matches!(step, Step::Until(due) if *due >= at)) else { return false };
        self.steps.truncate(late);
        // They say less now.
        self.telling = None;
        if !at.is_zero() {
            self.steps.push(Step::Until(at));
        }
        self.steps.push(Step::HangUp(cut));
        true
    }
}

/// Bytes that wait to be joined. What is alone is sent as it is.
#[derive(Default)]
struct Held {
    bytes: Vec<Bytes>,
    length: usize,
    events: u32,
}

impl Held {
    fn take(&mut self) -> Option<Step> {
        let Held { bytes, length: _, events } = std::mem::take(self);
        let bytes = match bytes.as_slice() {
            [] => return None,
            [alone] => alone.clone(),
            several => Bytes::from(several.concat()),
        };
        Some(Step::Send { bytes, events })
    }
}

/// For snapshots: what the client will see, a line a step.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.status, self.header("content-type").unwrap_or("-"))?;
        let mut now = Duration::ZERO;
        for step in &self.steps {
            match step {
                Step::Until(due) => {
                    writeln!(f, "wait {:?}", due.saturating_sub(now))?;
                    now = *due;
                }
                Step::Send { bytes, .. } if bytes.is_empty() => writeln!(f, "send head")?,
                Step::Send { bytes, events } => {
                    let text = String::from_utf8_lossy(bytes);
                    writeln!(f, "send {events}: {}", text.trim_end_matches('\n').replace('\n', "⏎"))?;
                }
                Step::HangUp(cut) => writeln!(f, "hang up ({})", cut.reason)?,
            }
        }
        Ok(())
    }
}
