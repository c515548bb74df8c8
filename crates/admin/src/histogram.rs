//! How often something took how long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts durations by their size.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    /// In seconds, growing.
    bounds: [f64; N],
    /// How many were at most that long, and longer than the bound before.
    counts: [AtomicU64; N],
    longer: AtomicU64,
    microseconds: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    /// An empty one with these upper bounds, in seconds.
    #[must_use]
    pub const fn new(bounds: [f64; N]) -> Self {
        let counts = [const { AtomicU64::new(0) }; N];
        Self { bounds, counts, longer: AtomicU64::new(0), microseconds: AtomicU64::new(0) }
    }

    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = self.bounds.iter().position(|bound| seconds <= *bound);
        let count = place.map_or(&self.longer, |place| &self.counts[place]);
        count.fetch_add(1, Ordering::Relaxed);
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// For each bound, how many were at most that long.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let counts = self.bounds.iter().zip(&self.counts);
        counts.scan(0, |sum, (bound, count)| {
            *sum += count.load(Ordering::Relaxed);
            Some((*bound, *sum))
        })
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        let counted = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum::<u64>();
        counted + self.longer.load(Ordering::Relaxed)
    }

    /// How many seconds in all.
    pub fn sum(&self) -> f64 {
        Duration::from_micros(self.microseconds.load(Ordering::Relaxed)).as_secs_f64()
    }
}
