//! A paced answer that is filled in from its stencil as it goes: thousands of slow streams then hold what differs between
//! them, and not every byte that each of them will send.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::plan::JOINED_BYTES;
use super::stencil::{Place, Words};
use super::{Filling, Stencil, Step};
use crate::exchange::FrameKind;

/// What a stream says, all but its timing. It is shared with the journal, which asks for it later.
#[derive(Debug, PartialEq, Eq)]
pub struct Telling {
    stencil: Arc<Stencil>,
    ids: Vec<String>,
    created: String,
    model: String,
    input: u64,
}

impl Telling {
    fn words(&self) -> Words<'_> {
        Words { ids: &self.ids, created: &self.created, model: &self.model, input: self.input }
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
            self.stencil.frame(&mut place, &self.words(), &mut bytes);
        }
        bytes
    }
}

/// What is left to tell of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    telling: Arc<Telling>,
    /// When each frame is due, in nanoseconds from the start.
    due: Box<[u64]>,
    /// The next frame.
    frame: usize,
    place: Place,
    now: u64,
}

impl Told {
    /// An answer whose frames are due at these times after its start; there is one for each frame.
    pub(super) fn new(stencil: Arc<Stencil>, filling: &Filling<'_>, due: impl Iterator<Item = Duration>) -> Told {
        let (created, model) = filling.spelled();
        let telling = Telling { stencil, ids: filling.ids.to_vec(), created, model, input: filling.input };
        let due = due.map(|due| u64::try_from(due.as_nanos()).unwrap_or(u64::MAX)).collect();
        Told { telling: Arc::new(telling), due, frame: 0, place: Place::default(), now: 0 }
    }

    /// Whether nothing is left.
    fn is_over(&self) -> bool {
        self.frame >= self.due.len()
    }

    /// The next step: a wait, or all that is due by then.
    fn step(&mut self) -> Option<Step> {
        let due = *self.due.get(self.frame)?;
        if due > self.now {
            self.now = due;
            return Some(Step::Until(Duration::from_nanos(due)));
        }
        let (mut bytes, mut events) = (Vec::with_capacity(256), 0);
        while self.due.get(self.frame).is_some_and(|due| *due <= self.now) && bytes.len() < JOINED_BYTES {
            let kind = self.telling.stencil.frame(&mut self.place, &self.telling.words(), &mut bytes);
            events += u32::from(!matches!(kind, Some(FrameKind::Terminal | FrameKind::Comment)));
            self.frame += 1;
        }
        Some(Step::Send { bytes: bytes.into(), events })
    }
}

/// The steps of a plan that is being carried out.
#[derive(Debug)]
pub struct Steps {
    listed: VecDeque<Step>,
    told: Option<Box<Told>>,
}

impl Steps {
    /// These, and what comes behind them.
    pub fn new(listed: Vec<Step>, told: Option<Box<Told>>) -> Steps {
        Steps { listed: listed.into(), told }
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

    /// What is told, and how many frames of it were taken so far.
    pub fn telling(&self) -> Option<(&Arc<Telling>, usize)> {
        self.told.as_ref().map(|told| (&told.telling, told.frame))
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
