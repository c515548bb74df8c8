//! How long something took lately.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many of the last are looked at.
const LATELY: usize = 1000;

/// Quantiles of the last 1,000 durations, and how many there were in all.
#[derive(Debug, Default)]
pub struct Summary(Mutex<Observed>);

#[derive(Debug, Default)]
struct Observed {
    last: VecDeque<Duration>,
    count: u64,
    sum: Duration,
}

impl Summary {
    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let mut observed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if observed.last.len() == LATELY {
            observed.last.pop_front();
        }
        observed.last.push_back(took);
        observed.count += 1;
        observed.sum += took;
    }

    /// For each part of the last ones, from 0 to 1, the seconds that it took at most; `NaN` when there was none. Then
    /// how many seconds there were in all, and how often.
    pub fn quantiles<const N: usize>(&self, parts: [f64; N]) -> ([f64; N], f64, u64) {
        let observed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last: Vec<_> = observed.last.iter().map(Duration::as_secs_f64).collect();
        last.sort_by(f64::total_cmp);
        let most = last.len().saturating_sub(1) as f64;
        let quantile = |part: f64| last.get((most * part).round() as usize).copied().unwrap_or(f64::NAN);
        (parts.map(quantile), observed.sum.as_secs_f64(), observed.count)
    }
}
