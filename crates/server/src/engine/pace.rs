//! Spreads an answer over time: an [`Emission`] and the timing keys give a [`Plan`].
//!
//! Pure. All delays are summed up to offsets from the start, so that a busy server does not drift. Answers that are no
//! stream ignore timing, but for the delay before the first byte. The terminator waits for nothing and is not
//! counted: it follows the last chunk at once. Each frame is a step of its own; faults (see `faults`) and chaos work on
//! that, and [`Plan::joined`] comes last.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::told::{Times, nanos};
use super::{Dice, Field, Fields, Filling, Plan, Stencil, Step, Telling, Told};
use crate::exchange::{Body, Emission, ErrorReply, Frame, FrameKind};
use crate::fixture::{Answer, Faults, Pace, Profile, Recorded};

/// No wait is longer than this, whatever a file says: a timer cannot take any number.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How one answer is delivered: its own keys, and the server's where it has none.
#[derive(Clone, Debug, Default)]
pub struct Delivery<'a> {
    profile: Option<Profile>,
    recorded: Option<&'a Recorded>,
    latency: f64,
    speed: f64,
    first_byte_delay: f64,
    pub(super) truncate_after_chunks: Option<u64>,
    pub(super) disconnect_after_ms: Option<f64>,
    pub(super) faults: Option<&'a Faults>,
    headers: &'a [(String, String)],
}

impl<'a> Delivery<'a> {
    /// The keys of an answer over those of the server.
    pub fn of(answer: &'a Answer, server: &'a Pace) -> Delivery<'a> {
        Delivery {
            profile: answer.pace.profile.or(server.profile),
            recorded: answer.pace.recorded.as_ref().or(server.recorded.as_ref()),
            first_byte_delay: answer.pace.first_byte_delay.or(server.first_byte_delay).unwrap_or(0.0),
            latency: answer.pace.latency.or(server.latency).unwrap_or(0.0),
            speed: answer.pace.replay_speed.or(server.replay_speed).unwrap_or(1.0),
            truncate_after_chunks: answer.truncate_after_chunks,
            disconnect_after_ms: answer.disconnect_after_ms,
            faults: Some(&answer.faults),
            headers: &answer.headers,
        }
    }

    /// Whether nothing is waited for and nothing goes wrong: the answer may leave in one piece.
    pub fn is_at_once(&self) -> bool {
        let Delivery {
            profile,
            recorded,
            latency,
            speed: _,
            first_byte_delay,
            truncate_after_chunks: _,
            disconnect_after_ms: _,
            faults: _,
            headers: _,
        } = self;
        let waits = profile.is_some() || recorded.is_some() || *latency != 0.0 || *first_byte_delay != 0.0;
        !waits && !self.breaks()
    }

    /// Whether something is to go wrong.
    fn breaks(&self) -> bool {
        let faulty = self.faults.is_some_and(|faults| *faults != Faults::default());
        self.truncate_after_chunks.is_some() || self.disconnect_after_ms.is_some() || faulty
    }

    /// The error of `errorAfterEvents`.
    pub fn error_event(&self) -> Option<&'a ErrorReply> {
        Some(&self.faults?.error_after_events.as_ref()?.1)
    }

    /// Silence before the first byte.
    pub fn first_byte(&self) -> Duration {
        millis(self.scaled(self.first_byte_delay))
    }

    /// The delay before a chunk in milliseconds: `streamingProfile`, else `recordedTimings`, else `latency`.
    fn delay(&self, chunk: usize, dice: &mut Dice) -> f64 {
        match (&self.profile, self.recorded) {
            (Some(profile), _) => self.profile_delay(*profile, chunk, dice),
            (None, Some(recorded)) => recorded_delay(recorded, chunk),
            (None, None) => self.latency,
        }
    }

    /// A profile's delay. Without `ttft` the first chunk waits like the others; without `tps` the others wait for
    /// `latency`, which jitter leaves alone.
    fn profile_delay(&self, profile: Profile, chunk: usize, dice: &mut Dice) -> f64 {
        let planned = match (profile.ttft, profile.tps) {
            (Some(ttft), _) if chunk == 0 => ttft,
            (_, Some(tps)) if tps > 0.0 => 1000.0 / tps,
            _ => return self.latency,
        };
        let jitter = profile.jitter.unwrap_or(0.0);
        if jitter > 0.0 { planned * (1.0 + (dice.unit() * 2.0 - 1.0) * jitter) } else { planned }
    }

    /// A delay at the speed of the replay; never negative, never without end.
    fn scaled(&self, milliseconds: f64) -> f64 {
        let milliseconds = if milliseconds.is_finite() { milliseconds.max(0.0) } else { 0.0 };
        if self.speed > 0.0 { milliseconds / self.speed } else { milliseconds }
    }
}

/// A recording's delay: the first chunk waits for `ttft`, the others as listed, those beyond the list for its mean.
fn recorded_delay(recorded: &Recorded, chunk: usize) -> f64 {
    let Some(index) = chunk.checked_sub(1) else { return recorded.ttft };
    recorded.delays.get(index).copied().unwrap_or_else(|| {
        #[expect(clippy::cast_precision_loss, reason = "a list of delays is short")]
        let count = recorded.delays.len().max(1) as f64;
        recorded.delays.iter().sum::<f64>() / count
    })
}

/// The plan of a codec's emission.
pub fn plan_emission(emission: Emission, delivery: &Delivery<'_>, dice: &mut Dice) -> Plan {
    let headers = emission.headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let plan = match emission.body {
        Body::Whole(bytes) => whole(emission.status, headers, bytes, delivery),
        Body::Stream(frames) => {
            let beats = frames.into_iter().map(|frame| Beat { comment: frame.kind == FrameKind::Comment, frame, delay: None });
            streamed(emission.status, headers, beats, delivery, dice)
        }
    };
    with_headers(plan, delivery.headers)
}

/// The plan of an answer that waits for nothing, in one piece; `fields` are those of an answer before, if there was one.
pub fn plan_at_once(stencil: &Arc<Stencil>, filling: Filling, delivery: &Delivery<'_>, fields: Option<Fields>) -> Plan {
    let telling = Telling { stencil: stencil.clone(), filling };
    let bytes = telling.bytes();
    let plan = match fields {
        Some(headers) => plan_filled(stencil, bytes, headers),
        None => plan_headed(stencil, bytes, delivery),
    };
    Plan { telling: Some(Arc::new(telling)), ..plan }
}

/// The plan of an answer with the head of a stencil.
fn plan_headed(head: &Stencil, bytes: Bytes, delivery: &Delivery<'_>) -> Plan {
    // Room for what the server says of each answer.
    let mut headers: Vec<Field> = Vec::with_capacity(head.headers.len() + 4);
    headers.extend(head.headers.iter().map(|(name, value)| ((*name).into(), value.clone())));
    with_headers(plan_filled(head, bytes, headers.into()), delivery.headers)
}

fn plan_filled(head: &Stencil, bytes: Bytes, headers: Fields) -> Plan {
    let steps = vec![Step::Send { bytes, events: head.events }];
    Plan { status: head.status, headers, streamed: head.streamed, steps, told: None, telling: None }
}

/// The plan of a stream that takes its time, filled in as it goes; `None` where that cannot be: something goes wrong with it, or
/// it is no stream.
pub fn plan_told(stencil: &Arc<Stencil>, filling: Filling, delivery: &Delivery<'_>, dice: &mut Dice) -> Option<Plan> {
    if !stencil.streamed || delivery.breaks() || stencil.kinds().next().is_none() {
        return None;
    }
    let times = if let Some(beats) = Beats::of(delivery) {
        Times::Even(beats)
    } else {
        let mut clock = Clock::new(delivery);
        Times::Listed(stencil.kinds().map(|kind| nanos(clock.due(None, counts(kind), dice))).collect())
    };
    let told = Told::new(stencil.clone(), filling, times);
    let mut plan = plan_headed(stencil, Bytes::new(), delivery);
    plan.steps.clear();
    plan.told = Some(Box::new(told));
    Some(plan)
}

/// The plan of raw events: these and nothing else.
pub fn plan_events(events: impl IntoIterator<Item = Beat>, delivery: &Delivery<'_>, dice: &mut Dice) -> Plan {
    let headers = vec![("content-type".into(), "text/event-stream".into()), ("cache-control".into(), "no-cache".into())];
    with_headers(streamed(200, headers, events.into_iter(), delivery, dice), delivery.headers)
}

/// The plan of an answer that is sent byte for byte.
pub fn plan_http(status: u16, headers: &[(String, String)], body: &Bytes, delivery: &Delivery<'_>) -> Plan {
    let plan = whole(status, Vec::new(), body.clone(), delivery);
    with_headers(with_headers(plan, headers), delivery.headers)
}

/// One frame in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    pub frame: Frame,
    /// In place of the paced delay, milliseconds.
    pub delay: Option<f64>,
    /// A comment alone: neither chunk nor event. It waits for its own delay only.
    pub comment: bool,
}

fn whole(status: u16, headers: Vec<Field>, bytes: Bytes, delivery: &Delivery<'_>) -> Plan {
    let first = delivery.first_byte();
    let wait = (!first.is_zero()).then_some(Step::Until(first));
    let steps = wait.into_iter().chain([Step::Send { bytes, events: 0 }]).collect();
    Plan { status, headers: headers.into(), streamed: false, steps, told: None, telling: None }
}

fn streamed(status: u16, headers: Vec<Field>, beats: impl Iterator<Item = Beat>, delivery: &Delivery<'_>, dice: &mut Dice) -> Plan {
    let mut clock = Clock::new(delivery);
    let (mut steps, mut now) = (Vec::new(), Duration::ZERO);
    for beat in beats {
        let counts = beat.frame.kind != FrameKind::Terminal && !beat.comment;
        let due = clock.due(beat.delay, counts, dice);
        if due > now {
            steps.push(Step::Until(due));
            now = due;
        }
        steps.push(Step::Send { bytes: beat.frame.bytes, events: u32::from(counts) });
    }
    // An empty stream still waits for its first byte.
    let end = millis(clock.offset);
    if steps.is_empty() && !end.is_zero() {
        steps.push(Step::Until(end));
    }
    Plan { status, headers: headers.into(), streamed: true, steps, told: None, telling: None }
}

/// Sums up the delays of a stream.
struct Clock<'a> {
    delivery: &'a Delivery<'a>,
    /// Milliseconds from the start.
    offset: f64,
    chunks: usize,
}

impl<'a> Clock<'a> {
    fn new(delivery: &'a Delivery<'a>) -> Clock<'a> {
        Clock { delivery, offset: delivery.scaled(delivery.first_byte_delay), chunks: 0 }
    }

    /// When the next frame is due: after a delay of its own, or, where it counts as a chunk, after that of a chunk.
    fn due(&mut self, own: Option<f64>, counts: bool, dice: &mut Dice) -> Duration {
        let delivery = self.delivery;
        self.offset += match own {
            Some(own) => delivery.scaled(own),
            None if counts => delivery.scaled(delivery.delay(self.chunks, dice)),
            None => 0.0,
        };
        self.chunks += usize::from(counts);
        millis(self.offset)
    }
}

/// Whether a frame counts as a chunk, for which a delay is waited.
fn counts(kind: FrameKind) -> bool {
    kind != FrameKind::Terminal && kind != FrameKind::Comment
}

/// The schedule of a stream that is neither jittered nor recorded: the sums that a [`Clock`] makes, without what it asks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Beats {
    /// Milliseconds from the start.
    offset: f64,
    /// The delay of the next chunk, and that of those behind it.
    delay: f64,
    others: f64,
}

impl Beats {
    fn of(delivery: &Delivery<'_>) -> Option<Beats> {
        let is_jittered = delivery.profile.and_then(|profile| profile.jitter).is_some_and(|jitter| jitter > 0.0);
        if is_jittered || (delivery.profile.is_none() && delivery.recorded.is_some()) {
            return None;
        }
        // Without jitter nothing is rolled.
        let delay = |chunk| delivery.scaled(delivery.delay(chunk, &mut Dice::seeded(0)));
        Some(Beats { offset: delivery.scaled(delivery.first_byte_delay), delay: delay(0), others: delay(1) })
    }

    /// When the next frame is due, from the start.
    pub(super) fn due(&mut self, kind: FrameKind) -> Duration {
        if counts(kind) {
            self.offset += std::mem::replace(&mut self.delay, self.others);
        }
        millis(self.offset)
    }
}

/// Framing belongs to the connection, whatever a file says.
const FRAMING: [&str; 5] = ["content-length", "transfer-encoding", "connection", "keep-alive", "upgrade"];

/// Adds a fixture's headers: each name takes the place of what stood there; a name given twice is sent twice.
fn with_headers(mut plan: Plan, headers: &[(String, String)]) -> Plan {
    if headers.is_empty() {
        return plan;
    }
    let ours = |name: &str| !FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing));
    let listed = plan.headers.listed();
    listed.retain(|(name, _)| !headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
    listed.extend(headers.iter().filter(|(name, _)| ours(name)).map(|(name, value)| (name.clone().into(), value.clone().into())));
    plan
}

/// Milliseconds as a duration, within what a timer can take.
pub(super) fn millis(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds.max(0.0) / 1000.0).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
}
