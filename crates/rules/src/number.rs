//! Ports, weights and percentages.

use crate::Invalid;

/// A port: 1 to 65535.
///
/// # Errors
/// Any other number.
pub fn port(number: i64) -> Result<u16, Invalid> {
    u16::try_from(number)
        .ok()
        .filter(|&port| port > 0)
        .ok_or_else(|| Invalid::new("port", &number, "is out of range", "write a port from 1 to 65535"))
}

/// The weights of the backends of one route, none of them negative; also their sum, never zero.
/// All zero means even shares, as in Contour.
///
/// # Errors
/// A negative weight, or a sum that Envoy cannot hold.
pub fn weights(weights: &[i64]) -> Result<(Vec<u32>, u32), Invalid> {
    let mut checked = weights.iter().map(|&weight| self::weight(weight)).collect::<Result<Vec<u32>, _>>()?;
    if checked.iter().all(|&weight| weight == 0) {
        checked.fill(1);
    }
    let sum = checked.iter().try_fold(0u32, |sum, &weight| sum.checked_add(weight));
    sum.map(|sum| (checked, sum)).ok_or_else(|| {
        let total: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
        Invalid::new("sum of weights", &total, "is above 4294967295", "divide all weights by the same number")
    })
}

fn weight(number: i64) -> Result<u32, Invalid> {
    u32::try_from(number).map_err(|_| {
        Invalid::new("weight", &number, "is out of range", "write a weight from 0 to 4294967295")
    })
}

/// A percentage: 0 to 100.
///
/// # Errors
/// Any other number.
pub fn percent(number: i64) -> Result<u8, Invalid> {
    u8::try_from(number)
        .ok()
        .filter(|&percent| percent <= 100)
        .ok_or_else(|| Invalid::new("percentage", &number, "is out of range", "write 0 to 100"))
}

/// A percentage as Envoy counts requests: in hundredths of a percent, 0 to 10000.
///
/// # Errors
/// What is no number, is outside of 0 to 100, or has more than two digits behind the point.
pub fn hundredths(text: &str) -> Result<u16, Invalid> {
    let way_out = "write 0 to 100, with at most two digits behind the point";
    let invalid = |why| Invalid::new("percentage", text, why, way_out);
    let (whole, parts) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || (text.contains('.') && !is_number(parts)) {
        return Err(invalid("is no number"));
    }
    let parts = parts.trim_end_matches('0');
    if parts.len() > 2 {
        return Err(invalid("is finer than Envoy counts"));
    }
    let number = format!("{whole}{parts:0<2}").parse().ok().filter(|&number| number <= 10_000);
    number.ok_or_else(|| invalid("is out of range"))
}

/// A limit of requests, connections or retries: at least 1.
///
/// # Errors
/// Zero, a negative number, or one that Envoy cannot hold.
pub fn max_requests(number: i64) -> Result<u32, Invalid> {
    u32::try_from(number).ok().filter(|&limit| limit > 0).ok_or_else(|| {
        Invalid::new("limit", &number, "is out of range", "write a number from 1 to 4294967295")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_1_to_65535() {
        // rt-redir-port, cl-static-port, cl-static-port0.
        assert_eq!(port(65_535), Ok(65_535));
        for bad in [0, -1, 65_536, 70_000] {
            assert!(port(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn weights_have_a_sum_above_zero_that_envoy_can_hold() {
        // rt-wc-zero, rt-wc-noweight, ls-tcp-wzero.
        assert_eq!(weights(&[90, 10]), Ok((vec![90, 10], 100)));
        assert_eq!(weights(&[0, 0]), Ok((vec![1, 1], 2)));
        assert_eq!(weights(&[0, 5]), Ok((vec![0, 5], 5)));
        assert!(weights(&[4_294_967_295, 1]).is_err());
        assert!(weights(&[-1]).is_err());
        assert!(weights(&[4_294_967_296]).is_err());
    }

    #[test]
    fn a_percentage_ends_at_100() {
        // cl-ss-pct, cl-panic, rt-mir-frac.
        assert_eq!(percent(100), Ok(100));
        assert!(percent(101).is_err());
        assert!(percent(-1).is_err());
    }

    #[test]
    fn a_percentage_has_two_digits_behind_the_point() {
        let good =
            [("0", 0), ("100", 10_000), ("100.00", 10_000), ("0.5", 50), ("12.34", 1234), ("07.1000", 710)];
        for (text, expected) in good {
            assert_eq!(hundredths(text), Ok(expected), "{text}");
        }
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1e1", "100.01", "101", "0.001", "99999999999", "NaN", "1 "]
        {
            assert!(hundredths(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_limit_is_not_zero() {
        // ls-connlimit0, ls-flt-authz-body0.
        assert_eq!(max_requests(1), Ok(1));
        assert!(max_requests(0).is_err());
    }
}
