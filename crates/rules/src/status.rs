//! Status codes and the body of a direct response.

use crate::Invalid;

/// The longest body of a direct response, in bytes; Envoy's default limit.
pub const MAX_DIRECT_BODY: usize = 4096;

/// Status codes from `start` up to and without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusRange {
    /// The first.
    pub start: u16,
    /// The one after the last.
    pub end: u16,
}

fn within(subject: &'static str, code: i64, first: u16, last: u16) -> Result<u16, Invalid> {
    u16::try_from(code).ok().filter(|code| (first..=last).contains(code)).ok_or_else(|| {
        Invalid::new(subject, &code, "is out of range", format!("write a status from {first} to {last}"))
    })
}

/// The status of a direct response: 200 to 599.
///
/// # Errors
/// Any other.
pub fn direct_response_status(code: i64) -> Result<u16, Invalid> {
    within("response status", code, 200, 599)
}

/// The status of a rate-limited answer: one from 400 to 599 that Envoy has a word for.
///
/// # Errors
/// Any other.
pub fn rate_limit_status(code: i64) -> Result<u16, Invalid> {
    const SUBJECT: &str = "rate limit status";
    let status = within(SUBJECT, code, 400, 599)?;
    match status {
        400..=417 | 421..=424 | 426 | 428 | 429 | 431 | 500..=508 | 510 | 511 => Ok(status),
        _ => Err(Invalid::new(SUBJECT, &code, "is none that Envoy knows", "use 429 or 503")),
    }
}

/// A status that is retried: 100 to 599.
///
/// # Errors
/// Any other: Envoy accepts it, and no response has it.
pub fn retriable_status(code: i64) -> Result<u16, Invalid> {
    within("retriable status", code, 100, 599)
}

/// The statuses of a healthy backend: from 100, up to and without at most 600.
///
/// # Errors
/// An empty range, or one beyond these.
pub fn expected_statuses(start: i64, end: i64) -> Result<StatusRange, Invalid> {
    let start = within("first expected status", start, 100, 599)?;
    let end = within("end of the expected statuses", end, 101, 600)?;
    if start >= end {
        let why = "does not lie above the first status";
        return Err(Invalid::new(
            "end of the expected statuses",
            &end,
            why,
            "the end itself is not expected: write one more",
        ));
    }
    Ok(StatusRange { start, end })
}

/// The body of a direct response, unchanged.
///
/// # Errors
/// More than [`MAX_DIRECT_BODY`] bytes.
pub fn direct_response_body(text: &str) -> Result<&str, Invalid> {
    if text.len() > MAX_DIRECT_BODY {
        let why = format!("has {} bytes, and Envoy takes 4096", text.len());
        return Err(Invalid::new("response body", text, why, "shorten it, or serve it from a backend"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direct_response_has_a_final_status() {
        // rt-dr-status-0, rt-dr-status-99, rt-dr-status-199, rt-dr-status-1000, ls-flt-fault.
        assert_eq!(direct_response_status(200), Ok(200));
        assert_eq!(direct_response_status(599), Ok(599));
        for bad in [0, 99, 199, 600, 1000, -200] {
            assert!(direct_response_status(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rate_limited_answer_is_an_error() {
        // rt-lrl-status; Envoy's enumeration has gaps, and it refuses what stands in one.
        for good in [400, 417, 429, 431, 503, 511] {
            assert_eq!(rate_limit_status(good).map(i64::from), Ok(good));
        }
        for bad in [99, 200, 399, 418, 425, 430, 451, 499, 509, 599, 600] {
            assert!(rate_limit_status(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_retriable_status_exists() {
        // rt-retry-codes.
        assert_eq!(retriable_status(503), Ok(503));
        assert!(retriable_status(99).is_err());
    }

    #[test]
    fn expected_statuses_are_a_range_with_members() {
        // cl-hc-st99, cl-hc-st601, cl-hc-stinv.
        assert_eq!(expected_statuses(200, 300), Ok(StatusRange { start: 200, end: 300 }));
        assert_eq!(expected_statuses(100, 600), Ok(StatusRange { start: 100, end: 600 }));
        for (start, end) in [(99, 200), (200, 601), (300, 300), (300, 200)] {
            assert!(expected_statuses(start, end).is_err(), "{start} {end}");
        }
    }

    #[test]
    fn a_body_has_at_most_4096_bytes() {
        // rt-dr-body-4097.
        assert!(direct_response_body(&"a".repeat(4096)).is_ok());
        assert!(direct_response_body(&"a".repeat(4097)).is_err());
        assert!(direct_response_body(&"é".repeat(2049)).is_err());
    }
}
