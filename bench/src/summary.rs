//! Several runs as one line of a table.

use std::time::Duration;

/// The median of several runs, and how far they lie apart.
pub(crate) struct Summary {
    pub(crate) least: Duration,
    pub(crate) median: Duration,
    pub(crate) most: Duration,
}

impl Summary {
    pub(crate) fn of(runs: impl Iterator<Item = Duration>) -> Self {
        let mut sorted: Vec<_> = runs.collect();
        sorted.sort();
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        Self { least: at(0), median: at(sorted.len() / 2), most: at(sorted.len().saturating_sub(1)) }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} | {} to {}", time(self.median), time(self.least), time(self.most))
    }
}

/// In milliseconds.
pub(crate) fn time(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
