//! Time limits.

use std::time::Duration;

use envoy_protos::google::protobuf::Duration as Proto;
use model::Timeout;

/// A duration; more seconds than protobuf can hold become as many as it can.
pub(crate) fn duration(duration: Duration) -> Proto {
    Proto {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        // Below 1e9 by the type's own rule.
        nanos: duration.subsec_nanos().cast_signed(),
    }
}

/// A whole number of seconds.
pub(crate) fn seconds(seconds: u64) -> Proto {
    duration(Duration::from_secs(seconds))
}

/// A time limit: absent for Envoy's default, zero for none.
pub(crate) fn timeout(timeout: Timeout) -> Option<Proto> {
    match timeout {
        Timeout::Default => None,
        Timeout::Disabled => Some(Proto::default()),
        Timeout::After(limit) => Some(duration(limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_left_out_and_no_limit_is_zero() {
        assert_eq!(timeout(Timeout::Default), None);
        assert_eq!(timeout(Timeout::Disabled), Some(seconds(0)));
        let limit = Timeout::After(Duration::from_millis(1500));
        assert_eq!(timeout(limit), Some(Proto { seconds: 1, nanos: 500_000_000 }));
    }

    #[test]
    fn a_duration_without_end_is_the_longest_that_can_be_said() {
        assert_eq!(duration(Duration::MAX).seconds, i64::MAX);
    }
}
