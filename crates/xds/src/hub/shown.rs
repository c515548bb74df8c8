//! The certificates that connected Envoys have shown: when they end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many connections have shown a certificate that ends at each time, in unix seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ends(Arc<Mutex<BTreeMap<i64, usize>>>);

/// A certificate that was shown, as long as its connection lasts.
#[derive(Debug)]
pub(crate) struct Shown {
    ends: Ends,
    not_after: i64,
}

impl Ends {
    /// Counts a certificate until what is returned is dropped.
    pub(crate) fn show(&self, not_after: i64) -> Shown {
        *self.counts().entry(not_after).or_default() += 1;
        Shown { ends: self.clone(), not_after }
    }

    pub(super) fn earliest(&self) -> Option<i64> {
        self.counts().keys().next().copied()
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<i64, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let mut counts = self.ends.counts();
        if let Some(count) = counts.get_mut(&self.not_after) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.not_after);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_end_is_that_of_a_connection_that_lasts() {
        let ends = Ends::default();
        assert_eq!(ends.earliest(), None);
        let (late, early, as_early) = (ends.show(9), ends.show(5), ends.show(5));
        assert_eq!(ends.earliest(), Some(5));
        drop(early);
        assert_eq!(ends.earliest(), Some(5));
        drop(as_early);
        assert_eq!(ends.earliest(), Some(9));
        drop(late);
        assert_eq!(ends.earliest(), None);
    }
}
