//! Pauses that grow with each failure, and differ between those who wait.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// A pause that doubles.
#[derive(Debug)]
pub(super) struct Pause {
    first: Duration,
    next: Duration,
}

impl Pause {
    pub(super) const fn new(first: Duration) -> Self {
        Self { first, next: first }
    }

    /// Something went well.
    pub(super) const fn reset(&mut self) {
        self.next = self.first;
    }

    /// The pause before the next attempt: from half of what it has grown to up to the whole.
    pub(super) fn next(&mut self, longest: Duration) -> Duration {
        let whole = self.next.min(longest);
        self.next = whole.saturating_mul(2);
        spread(whole)
    }
}

/// A part of a time, from half to the whole.
pub(super) fn spread(whole: Duration) -> Duration {
    whole.mul_f64(0.5 + 0.5 * random_part())
}

/// A number from 0 to 1; the standard library's hasher is seeded at random.
fn random_part() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    f64::from((random >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_begin_anew() {
        let longest = Duration::from_secs(4);
        let mut pause = Pause::new(Duration::from_secs(1));
        for whole in [1, 2, 4, 4, 4] {
            let (next, whole) = (pause.next(longest), Duration::from_secs(whole));
            assert!(next >= whole / 2 && next <= whole, "{next:?} of {whole:?}");
        }
        pause.reset();
        assert!(pause.next(longest) <= Duration::from_secs(1));
    }
}
