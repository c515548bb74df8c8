//! Shares of requests.

/// A share of requests above none, as exactly as Envoy tells: in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction(u32);

impl Fraction {
    /// All.
    pub const ALL: Self = Self(1_000_000);

    /// So many of a hundred; `None` for none and above 100.
    #[must_use]
    pub fn percent(percent: u8) -> Option<Self> {
        Self::of(percent.into(), 100)
    }

    /// So many of so many, rounded down to millionths but never to none; `None` for none and above all.
    #[must_use]
    pub fn of(numerator: u32, denominator: u32) -> Option<Self> {
        if numerator == 0 || numerator > denominator {
            return None;
        }
        let millionths = u64::from(numerator) * 1_000_000 / u64::from(denominator);
        u32::try_from(millionths.max(1)).ok().map(Self)
    }

    /// The share in millionths: 1 to 1,000,000.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_is_some_of_all() {
        let millionths =
            |numerator, denominator| Fraction::of(numerator, denominator).map(Fraction::millionths);
        assert_eq!(millionths(1, 3), Some(333_333));
        assert_eq!(millionths(1, u32::MAX), Some(1));
        assert_eq!(millionths(u32::MAX, u32::MAX), Some(1_000_000));
        assert_eq!([(0, 1), (2, 1), (0, 0)].map(|(one, other)| millionths(one, other)), [None; 3]);
        assert_eq!(Fraction::percent(100), Some(Fraction::ALL));
        assert_eq!(Fraction::percent(101), None);
    }
}
