//! How writing fares, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use status::{Kind, Outcome};

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ended {
    /// It was done.
    Written,
    /// There was no such object any more.
    Gone,
    /// The API server asked for patience.
    Busy,
    /// It was refused, or nobody knows.
    Failed,
}

impl Ended {
    /// Every end.
    pub const ALL: [Self; 4] = [Self::Written, Self::Gone, Self::Busy, Self::Failed];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Gone => "gone",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }

    pub(super) const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Written(_) => Self::Written,
            Outcome::Gone => Self::Gone,
            Outcome::Busy(_) => Self::Busy,
            Outcome::Failed => Self::Failed,
        }
    }
}

/// How many writes ended how since the start, and how many wait.
#[derive(Debug, Default)]
pub struct Writes {
    ended: [[AtomicU64; Ended::ALL.len()]; Kind::ALL.len()],
    waiting: AtomicU64,
}

impl Writes {
    /// How many writes of a kind ended so.
    #[must_use]
    pub fn ended(&self, kind: Kind, ended: Ended) -> u64 {
        self.counter(kind, ended).load(Ordering::Relaxed)
    }

    /// How many statuses wait to be written, or are being written.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn end(&self, kind: Kind, ended: Ended) {
        self.counter(kind, ended).fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn wait(&self, waiting: usize) {
        self.waiting.store(waiting as u64, Ordering::Relaxed);
    }

    fn counter(&self, kind: Kind, ended: Ended) -> &AtomicU64 {
        &self.ended[kind as usize][ended as usize]
    }
}
