//! A paced answer that is filled in from its stencil as it goes: thousands of slow streams then hold what differs between
//! them, and not every byte that each of them will send.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::pace::Beats;
use super::plan::{JOINED_BYTES, Plan};
use super::stencil::Place;
use super::{Filling, Stencil, Step};
use crate::exchange::FrameKind;

/// What a stream says, all but its timing. It is shared with the journal, which asks for it later.
#[derive(Debug, PartialEq, Eq)]
pub struct Telling {
    pub stencil: Arc<Stencil>,
    pub filling: Filling,
}

impl Telling {
    /// All of it.
    pub fn bytes(&self) -> Bytes {
        self.stencil.fill(&self.filling, |_, _| {})
    }

    /// How many frames it has; a whole body counts as one.
    pub fn frame_count(&self) -> usize {
        if self.stencil.streamed { self.stencil.kinds().count() } else { 1 }
    }

    /// The bytes of some of its frames, counted from 0.
    pub fn frames(&self, which: Range<usize>) -> Vec<u8> {
        let (mut place, mut bytes) = (Place::default(), Vec::new());
        if which.is_empty() {
            return bytes;
        }
        for frame in 0..which.end {
            if frame == which.start {
                bytes.clear();
            }
            self.stencil.frame(&mut place, &self.filling, &mut bytes);
        }
        bytes
    }
}

/// What is left to tell of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    telling: Arc<Telling>,
    times: Times,
    /// The next frame.
    frame: usize,
    /// When it is due, nanoseconds from the start; `None`: there is none.
    due: Option<u64>,
    place: Place,
    now: u64,
}

/// When frames are due.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Times {
    /// Reckoned as it goes, frame by frame.
    Even(Beats),
    /// Nanoseconds from the start, one for each frame.
    Listed(Box<[u64]>),
}

impl Times {
    /// The time of a frame of this kind; frames are asked for in order.
    fn of(&mut self, frame: usize, kind: FrameKind) -> Option<u64> {
        match self {
            Times::Even(beats) => Some(nanos(beats.due(kind))),
            Times::Listed(list) => list.get(frame).copied(),
        }
    }
}

/// As many nanoseconds as a number takes: more than five hundred years.
pub(super) fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

impl Told {
    /// An answer whose frames are due at these times after its start.
    pub(super) fn new(stencil: Arc<Stencil>, filling: Filling, times: Times) -> Told {
        let telling = Telling { stencil, filling };
        let mut told = Told { telling: Arc::new(telling), times, frame: 0, due: None, place: Place::default(), now: 0 };
        told.look_ahead();
        told
    }

    /// Whether nothing is left.
    fn is_over(&self) -> bool {
        self.due.is_none()
    }

    fn look_ahead(&mut self) {
        let kind = self.telling.stencil.kind_at(self.place);
        self.due = kind.and_then(|kind| self.times.of(self.frame, kind));
    }

    /// The next step: a wait, or all that is due by then.
    fn step(&mut self) -> Option<Step> {
        let due = self.due?;
        if due > self.now {
            self.now = due;
            return Some(Step::Until(Duration::from_nanos(due)));
        }
        let mut bytes = Vec::with_capacity(256);
        let events = self.tell(&mut bytes);
        Some(Step::Send { bytes: bytes.into(), events })
    }

    /// Passes a wait that is over after `elapsed`; the length of one that is not.
    fn wait(&mut self, elapsed: Duration) -> Option<Duration> {
        let due = self.due.filter(|due| *due > self.now)?;
        if due > nanos(elapsed) {
            return Some(Duration::from_nanos(due));
        }
        self.now = due;
        None
    }

    /// Adds what is due by the wait that was passed last, and says how many events that is.
    fn tell(&mut self, bytes: &mut Vec<u8>) -> u32 {
        let (from, mut events) = (bytes.len(), 0);
        while self.due.is_some_and(|due| due <= self.now) && bytes.len() - from < JOINED_BYTES {
            let kind = self.telling.stencil.frame(&mut self.place, &self.telling.filling, bytes);
            events += u32::from(!matches!(kind, Some(FrameKind::Terminal | FrameKind::Comment)));
            self.frame += 1;
            self.look_ahead();
        }
        events
    }
}

/// The steps of a plan that is being carried out.
#[derive(Debug)]
pub struct Steps {
    listed: VecDeque<Step>,
    told: Option<Box<Told>>,
    /// What is listed, where that can be told again.
    telling: Option<Arc<Telling>>,
}

impl Steps {
    /// Those of a plan, which has none then.
    pub fn of(plan: &mut Plan) -> Steps {
        Steps { listed: std::mem::take(&mut plan.steps).into(), told: plan.told.take(), telling: plan.telling.take() }
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.told.as_ref().is_none_or(|told| told.is_over())
    }

    /// The next step, which stays.
    pub fn front(&mut self) -> Option<&Step> {
        if self.listed.is_empty() {
            self.listed.extend(self.told.as_mut().and_then(|told| told.step()));
        }
        self.listed.front()
    }

    /// Takes the next step.
    pub fn pop_front(&mut self) -> Option<Step> {
        self.listed.pop_front().or_else(|| self.told.as_mut()?.step())
    }

    /// Passes the waits that are over after `elapsed`; the length of the first that is not, if that is next.
    pub fn wait(&mut self, elapsed: Duration) -> Option<Duration> {
        loop {
            match self.listed.front() {
                Some(Step::Until(due)) if *due > elapsed => return Some(*due),
                Some(Step::Until(_)) => drop(self.listed.pop_front()),
                Some(Step::Send { .. } | Step::HangUp(_)) => return None,
                None => return self.told.as_mut()?.wait(elapsed),
            }
        }
    }

    /// Takes the next step if it sends something: adds the bytes, and says how many events they are. `None`: it does not, or it
    /// sends more than is copied lightly.
    pub fn tell(&mut self, out: &mut Vec<u8>) -> Option<u32> {
        let told = match (self.listed.front(), &mut self.told) {
            (Some(Step::Send { bytes, events }), _) if bytes.len() <= JOINED_BYTES => {
                let events = *events;
                out.extend_from_slice(bytes);
                self.listed.pop_front();
                return Some(events);
            }
            (None, Some(told)) => told.as_mut(),
            _ => return None,
        };
        told.due.filter(|due| *due <= told.now)?;
        Some(told.tell(out))
    }

    /// What can be told again, and how many frames of it were taken so far.
    pub fn telling(&self) -> Option<(&Arc<Telling>, usize)> {
        let listed = || self.telling.as_ref().map(|telling| (telling, if self.listed.is_empty() { telling.frame_count() } else { 0 }));
        self.told.as_ref().map(|told| (&told.telling, told.frame)).or_else(listed)
    }

    /// Puts a step before all others.
    pub fn push_front(&mut self, step: Step) {
        self.listed.push_front(step);
    }

    /// The bytes of the one step that is left, if it sends something.
    pub fn only(&self) -> Option<&Bytes> {
        match (self.listed.len(), self.listed.front(), &self.told) {
            (1, Some(Step::Send { bytes, .. }), None) => Some(bytes),
            _ => None,
        }
    }
}
