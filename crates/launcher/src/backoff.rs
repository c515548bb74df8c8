//! How long to wait before the next start.

use std::time::Duration;

/// Pauses between restarts: the first after one death, doubled after each further one, bounded,
/// and back to the first once the program has lived long enough to be called well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the first death.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// A program that lived this long starts again with the first pause.
    pub forgiven_after: Duration,
}

impl Default for Backoff {
    /// 100 ms, doubling up to 10 s, forgiven after 10 s.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(10),
            forgiven_after: Duration::from_secs(10),
        }
    }
}

impl Backoff {
    /// The pause after a life of `lived`, where `deaths` came before it without forgiveness.
    /// The second value is the new count of deaths.
    pub(crate) fn after(&self, lived: Duration, deaths: u32) -> (Duration, u32) {
        let deaths = if lived >= self.forgiven_after { 0 } else { deaths };
        let factor = 2_u32.checked_pow(deaths).unwrap_or(u32::MAX);
        (self.first.saturating_mul(factor).min(self.longest), deaths.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(1);

    fn pauses(lives: &[Duration]) -> Vec<u128> {
        let mut deaths = 0;
        let mut pauses = Vec::new();
        for lived in lives {
            let (pause, next) = Backoff::default().after(*lived, deaths);
            deaths = next;
            pauses.push(pause.as_millis());
        }
        pauses
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        assert_eq!(pauses(&[SHORT; 9]), [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    }

    #[test]
    fn a_long_life_starts_again_with_the_first_pause() {
        let long = Duration::from_secs(11);
        assert_eq!(pauses(&[SHORT, SHORT, long, SHORT]), [100, 200, 100, 200]);
    }

    #[test]
    fn very_many_deaths_do_not_overflow() {
        assert_eq!(Backoff::default().after(SHORT, u32::MAX), (Duration::from_secs(10), u32::MAX));
    }
}
