//! How writing fares, for those who count.

use std::time::Duration;

use status::{Kind, Outcome};

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ended {
    /// It was done.
    Written,
    /// There was no such object any more.
    Gone,
    /// The object had changed: what it says now is looked at first.
    Outdated,
    /// The API server asked for patience.
    Busy,
    /// It was refused, or nobody knows.
    Failed,
}

impl Ended {
    /// Every end.
    pub const ALL: [Self; 5] = [Self::Written, Self::Gone, Self::Outdated, Self::Busy, Self::Failed];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Gone => "gone",
            Self::Outdated => "outdated",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }

    pub(super) const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Written(_) => Self::Written,
            Outcome::Gone => Self::Gone,
            Outcome::Outdated(_) => Self::Outdated,
            Outcome::Busy(_) => Self::Busy,
            Outcome::Failed => Self::Failed,
        }
    }
}

/// Who is told how writing fares.
pub trait Observe: Send + Sync {
    /// The write of a status has ended, after so long.
    fn ended(&self, kind: Kind, ended: Ended, took: Duration);

    /// So many statuses wait to be written, or are being written.
    fn waiting(&self, count: usize);
}

/// Nobody.
impl Observe for () {
    fn ended(&self, _: Kind, _: Ended, _: Duration) {}

    fn waiting(&self, _: usize) {}
}
