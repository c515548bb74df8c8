//! How the watches fare.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use api::Kind;

/// How one watch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Nothing was listed yet.
    Waiting = 0,
    /// It follows what the API server has.
    Current = 1,
    /// The API server does not have the kind.
    Absent = 2,
    /// It failed, and is tried again; what was known is still used.
    Failing = 3,
}

/// What the attempt before a failure did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Worked,
    Failed,
}

/// How one watch fares.
#[derive(Debug)]
pub struct Tally {
    kind: Kind,
    state: AtomicU8,
    objects: AtomicU64,
    failures: AtomicU64,
    lists: AtomicU64,
    unreadable: AtomicU64,
}

impl Tally {
    const fn new(kind: Kind) -> Self {
        Self {
            kind,
            state: AtomicU8::new(State::Waiting as u8),
            objects: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            lists: AtomicU64::new(0),
            unreadable: AtomicU64::new(0),
        }
    }

    /// What it watches.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Relaxed) {
            1 => State::Current,
            2 => State::Absent,
            3 => State::Failing,
            _ => State::Waiting,
        }
    }

    /// How many objects it knows.
    #[must_use]
    pub fn objects(&self) -> u64 {
        self.objects.load(Ordering::Relaxed)
    }

    /// How often it failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// How often everything was listed.
    #[must_use]
    pub fn lists(&self) -> u64 {
        self.lists.load(Ordering::Relaxed)
    }

    /// How often an object could not be read.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    pub(super) fn stands(&self, state: State) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    pub(super) fn has(&self, objects: usize) {
        self.objects.store(u64::try_from(objects).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn listed(&self) {
        self.lists.fetch_add(1, Ordering::Relaxed);
        self.stands(State::Current);
    }

    /// It failed; tells what the attempt before did.
    pub(super) fn failed(&self) -> Before {
        self.failures.fetch_add(1, Ordering::Relaxed);
        match self.state.swap(State::Failing as u8, Ordering::Relaxed) == State::Failing as u8 {
            true => Before::Failed,
            false => Before::Worked,
        }
    }

    pub(super) fn could_not_read(&self) {
        self.unreadable.fetch_add(1, Ordering::Relaxed);
    }
}

/// How all watches fare.
#[derive(Debug, Clone, Default)]
pub struct Tallies(Arc<[Arc<Tally>]>);

impl Tallies {
    pub(super) fn new(kinds: impl Iterator<Item = Kind>) -> Self {
        Self(kinds.map(|kind| Arc::new(Tally::new(kind))).collect())
    }

    pub(super) fn of(&self, number: usize) -> Arc<Tally> {
        Arc::clone(&self.0[number])
    }

    /// Each watch.
    pub fn iter(&self) -> impl Iterator<Item = &Tally> {
        self.0.iter().map(|tally| &**tally)
    }
}
