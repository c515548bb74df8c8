//! Which of a backend's endpoints a request or connection goes to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How one of a backend's endpoints is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Balancing {
    /// Each in turn; new ones perhaps more seldom at first.
    RoundRobin(Option<SlowStart>),
    /// Of two at random, the one with fewer requests; new ones perhaps more seldom at first.
    LeastRequest(Option<SlowStart>),
    /// Any.
    Random,
    /// The one that the hash of a request leads to; any for requests without one.
    Hash,
}

impl Default for Balancing {
    fn default() -> Self {
        Self::RoundRobin(None)
    }
}

/// New endpoints get little at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlowStart {
    /// How long an endpoint counts as new; never zero.
    pub window: Duration,
    /// How fast its share grows.
    pub aggression: Aggression,
    /// The share that it begins with, in percent of its full one: 0 to 100.
    pub minimum_percent: u8,
}

/// How fast the share of a new endpoint grows: with 1 evenly, with more faster at first. Above zero and finite.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Aggression(u64);

impl Aggression {
    /// `None` for what is no number above zero.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        (value.is_finite() && value > 0.0).then(|| Self(value.to_bits()))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// Evenly.
impl Default for Aggression {
    fn default() -> Self {
        Self(1.0_f64.to_bits())
    }
}

impl fmt::Debug for Aggression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// A part of requests that goes into their hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HashPart {
    /// Which part.
    pub source: HashSource,
    /// Whether the parts after it are left out of the hash of a request that has this one.
    pub terminal: bool,
}

/// Which part of requests goes into their hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashSource {
    /// A cookie that Envoy gives to clients that have none.
    Session,
    /// The value of a header; lower case.
    Header(Arc<str>),
    /// The value of a query parameter.
    Query(Arc<str>),
    /// The address of the client.
    Address,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggression_is_a_number_above_zero() {
        assert_eq!(Aggression::new(1.0), Some(Aggression::default()));
        assert_eq!(Aggression::new(0.5).map(Aggression::get), Some(0.5));
        for bad in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Aggression::new(bad), None, "{bad}");
        }
    }
}
