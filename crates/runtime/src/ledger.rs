//! Which publications wait for their acknowledgement, and since when.

use std::collections::BTreeMap;
use std::time::Instant;

use xds::Generation;

/// Publications that wait, by their number in the hub.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    waiting: BTreeMap<Generation, (u64, Times)>,
}

/// When a publication came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// The engine took what it comes from.
    pub(crate) began: Instant,
    /// It was offered.
    pub(crate) offered: Instant,
}

impl Ledger {
    /// A publication was offered.
    pub(crate) fn offered(&mut self, hub: Generation, generation: u64, times: Times) {
        self.waiting.insert(hub, (generation, times));
    }

    /// The newest generation that waits.
    pub(crate) fn newest(&self) -> Option<Generation> {
        self.waiting.keys().next_back().copied()
    }

    /// All up to `reached` are acknowledged: gives the newest of them, and when it came to be.
    pub(crate) fn acknowledged(&mut self, reached: Generation) -> Option<(u64, Times)> {
        let later = self.waiting.split_off(&Generation(reached.0.saturating_add(1)));
        let done = std::mem::replace(&mut self.waiting, later);
        done.into_values().next_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_acknowledgement_settles_all_before_it() {
        let mut ledger = Ledger::default();
        let now = Instant::now();
        let times = Times { began: now, offered: now };
        for number in 1..=3 {
            ledger.offered(Generation(number * 10), number, times);
        }
        assert_eq!(ledger.acknowledged(Generation(25)), Some((2, times)));
        assert_eq!(ledger.acknowledged(Generation(25)), None);
        assert_eq!(ledger.newest(), Some(Generation(30)));
    }
}
