//! Durations as Go writes them (`1h30m`, `1.5s`, `250ms`), and the timeouts made of them.

use std::time::Duration;

/// Why a text is no duration. The `Display` form names what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidDuration {
    /// No text at all.
    Empty,
    /// No number where one must be.
    MissingNumber,
    /// A number without a unit.
    MissingUnit,
    /// Letters that are no unit.
    UnknownUnit,
    /// Below zero.
    Negative,
    /// Above 292 years, the most that Go can hold.
    TooLong,
}

const ALLOWED: &str = "write numbers with units h, m, s, ms, us, ns, such as 1m30s";

impl std::fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let why = match self {
            Self::Empty => "it is empty",
            Self::MissingNumber => "a number is missing",
            Self::MissingUnit => "a unit is missing",
            Self::UnknownUnit => "the unit is unknown",
            Self::Negative => "it is negative",
            Self::TooLong => "it is longer than 292 years",
        };
        write!(f, "{why}; {ALLOWED}")
    }
}

impl std::error::Error for InvalidDuration {}

/// What a timeout field says (reference contour.md 3.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// Unset, empty or zero: Envoy's default counts.
    Default,
    /// `infinity` or `infinite`: no timeout.
    Infinite,
    /// That long; never zero.
    After(Duration),
}

impl Timeout {
    /// Reads a timeout field.
    pub fn parse(text: &str) -> Result<Self, InvalidDuration> {
        match text {
            "" => Ok(Self::Default),
            "infinity" | "infinite" => Ok(Self::Infinite),
            _ => Ok(match parse(text)? {
                Duration::ZERO => Self::Default,
                duration => Self::After(duration),
            }),
        }
    }
}

/// Units with their length in nanoseconds. The micro sign has two code points; Go takes both.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration by the rules of Go's `time.ParseDuration`, except that negative ones are refused.
pub fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() {
        return Err(if text.is_empty() { InvalidDuration::Empty } else { InvalidDuration::MissingNumber });
    }
    let mut total: u64 = 0;
    if rest != "0" {
        while !rest.is_empty() {
            let (nanos, left) = term(rest)?;
            total =
                total.checked_add(nanos).filter(|sum| *sum <= MAX_NANOS).ok_or(InvalidDuration::TooLong)?;
            rest = left;
        }
    }
    match (negative, total) {
        (true, 1..) => Err(InvalidDuration::Negative),
        _ => Ok(Duration::from_nanos(total)),
    }
}

const MAX_NANOS: u64 = i64::MAX as u64;

/// One number with its unit, in nanoseconds, and what follows it.
fn term(text: &str) -> Result<(u64, &str), InvalidDuration> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return Err(InvalidDuration::MissingNumber);
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    if unit.is_empty() {
        return Err(InvalidDuration::MissingUnit);
    }
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(InvalidDuration::UnknownUnit)?;
    let nanos = scaled(whole, *scale).and_then(|nanos| nanos.checked_add(scaled_fraction(fraction, *scale)));
    Ok((nanos.ok_or(InvalidDuration::TooLong)?, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn scaled(whole: &str, scale: u64) -> Option<u64> {
    if whole.is_empty() {
        return Some(0);
    }
    whole.parse::<u64>().ok()?.checked_mul(scale)
}

/// Nanoseconds of the digits behind the point; what is shorter than a nanosecond is cut off.
fn scaled_fraction(fraction: &str, scale: u64) -> u64 {
    // No unit is longer than 13 digits of nanoseconds, so later digits cannot count, and nothing overflows.
    let digits = &fraction[..fraction.len().min(13)];
    let value = digits.bytes().fold(0_u128, |value, digit| value * 10 + u128::from(digit - b'0'));
    let nanos = value * u128::from(scale) / 10_u128.pow(digits.len() as u32);
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for (text, nanos) in [
            ("0", 0),
            ("+0", 0),
            ("-0", 0),
            ("0s", 0),
            ("5s", 5_000_000_000),
            ("1h2m3s4ms5us6ns", 3_723_004_005_006),
            ("1\u{b5}s", 1_000),
            ("1\u{3bc}s", 1_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("0.3333333333333333333h", 1_199_999_999_999),
            ("39h9m14.425s", 140_954_425_000_000),
            ("9223372036854775807ns", i64::MAX as u64),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        use InvalidDuration::*;
        for (text, why) in [
            ("", Empty),
            ("-", MissingNumber),
            ("s", MissingNumber),
            (".", MissingNumber),
            ("3", MissingUnit),
            ("1s3", MissingUnit),
            ("5 s", UnknownUnit),
            ("5S", UnknownUnit),
            ("1d", UnknownUnit),
            ("-5s", Negative),
            ("9223372036854775808ns", TooLong),
            ("9223372036854775807ns1ns", TooLong),
            ("99999999999999999999999h", TooLong),
            ("3000000h", TooLong),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn timeouts_know_default_and_infinity() {
        for text in ["", "0", "0s"] {
            assert_eq!(Timeout::parse(text), Ok(Timeout::Default));
        }
        for text in ["infinity", "infinite"] {
            assert_eq!(Timeout::parse(text), Ok(Timeout::Infinite));
        }
        assert_eq!(Timeout::parse("1s"), Ok(Timeout::After(Duration::from_secs(1))));
        assert_eq!(Timeout::parse("Infinity"), Err(InvalidDuration::MissingNumber));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_rust_agrees_on_plain_nanoseconds(text in "[-+.0-9hmsnu\u{b5}]{0,24}", nanos in 0..=i64::MAX) {
            let _ = parse(&text);
            proptest::prop_assert_eq!(parse(&format!("{nanos}ns")), Ok(Duration::from_nanos(nanos as u64)));
        }
    }
}
