//! Durations, in the range and resolution that Envoy has.

use std::time::Duration;

use crate::Invalid;

/// The longest duration: Envoy counts nanoseconds in a signed 64-bit number, and refuses whole seconds beside which not
/// every fraction would fit into it.
pub const MAX_DURATION: Duration = Duration::from_secs(9_223_372_035);

const MILLISECOND: Duration = Duration::from_millis(1);
const MIN_FILL_INTERVAL: Duration = Duration::from_millis(50);

/// A timeout, in whole milliseconds, rounded up: Envoy cuts off fractions, and what is left of `500us` would mean "no limit".
///
/// # Errors
/// More than [`MAX_DURATION`].
pub fn timeout(duration: Duration) -> Result<Duration, Invalid> {
    if duration > MAX_DURATION {
        let found = format!("{}s", duration.as_secs());
        return Err(Invalid::new(
            "duration",
            &found,
            "is longer than 292 years",
            "write infinity for no limit",
        ));
    }
    let fraction = Duration::from_nanos(u64::from(duration.subsec_nanos()) % 1_000_000);
    let whole = duration.saturating_sub(fraction);
    Ok(if fraction.is_zero() { whole } else { whole + MILLISECOND })
}

/// A timeout that cannot be zero, in whole milliseconds, rounded up.
///
/// # Errors
/// Zero, or more than [`MAX_DURATION`].
pub fn positive_timeout(duration: Duration) -> Result<Duration, Invalid> {
    if duration.is_zero() {
        return Err(Invalid::new("duration", "0s", "is zero", "write how long, such as 2s"));
    }
    timeout(duration)
}

/// How often a token bucket of a local rate limit is filled.
///
/// # Errors
/// Less than 50 ms, or more than [`MAX_DURATION`].
pub fn fill_interval(duration: Duration) -> Result<Duration, Invalid> {
    if duration < MIN_FILL_INTERVAL {
        let found = format!("{}ms", duration.as_millis());
        return Err(Invalid::new(
            "fill interval",
            &found,
            "is shorter than 50ms",
            "allow more for a longer time",
        ));
    }
    timeout(duration)
}

/// The shortest and the longest pause between retries, in whole milliseconds.
///
/// # Errors
/// A zero among them, or a longest below the shortest.
pub fn backoff(base: Duration, max: Duration) -> Result<(Duration, Duration), Invalid> {
    let (base, max) = (positive_timeout(base)?, positive_timeout(max)?);
    if max < base {
        let found = format!("{}ms", max.as_millis());
        let why = format!("is shorter than the base of {}ms", base.as_millis());
        return Err(Invalid::new("longest pause", &found, why, "raise it to the base at least"));
    }
    Ok((base, max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_counted_in_milliseconds_and_never_cut_to_none() {
        assert_eq!(timeout(Duration::from_micros(500)), Ok(MILLISECOND));
        assert_eq!(timeout(Duration::from_micros(1500)), Ok(Duration::from_millis(2)));
        assert_eq!(timeout(Duration::from_millis(1500)), Ok(Duration::from_millis(1500)));
        assert_eq!(timeout(Duration::ZERO), Ok(Duration::ZERO));
    }

    #[test]
    fn a_timeout_fits_into_envoys_nanoseconds() {
        // rt-dur-over64ms, rt-dur-overmax, ls-hcm-maxconn.
        assert_eq!(timeout(MAX_DURATION), Ok(MAX_DURATION));
        assert!(timeout(Duration::from_secs(9_223_372_036)).is_err());
        assert!(timeout(Duration::MAX).is_err());
    }

    #[test]
    fn some_durations_cannot_be_zero() {
        // cl-ct0, cl-hc-int0, cl-od-int0.
        assert!(positive_timeout(Duration::ZERO).is_err());
        assert_eq!(positive_timeout(Duration::from_nanos(1)), Ok(MILLISECOND));
    }

    #[test]
    fn a_bucket_is_filled_every_50_ms_at_most() {
        // rt-lrl-fill, rt-lrl-fill0.
        assert!(fill_interval(Duration::from_millis(10)).is_err());
        assert!(fill_interval(Duration::ZERO).is_err());
        assert!(fill_interval(Duration::from_millis(50)).is_ok());
    }

    #[test]
    fn the_longest_pause_is_not_the_shorter() {
        // rt-retry-backoffmax.
        assert!(backoff(Duration::from_secs(2), Duration::from_secs(1)).is_err());
        assert!(backoff(Duration::ZERO, Duration::from_secs(1)).is_err());
        assert!(backoff(Duration::from_secs(1), Duration::from_secs(1)).is_ok());
    }
}
