//! How many cases properties are held against.

use proptest::test_runner::Config;

/// As many as that, times `ISOBATH_TEST_CASES_FACTOR`. What fails becomes a test of its own, and no file.
pub(crate) fn cases(number: u32) -> Config {
    let factor = std::env::var("ISOBATH_TEST_CASES_FACTOR").ok().and_then(|text| text.parse().ok());
    Config { cases: number * factor.unwrap_or(1), failure_persistence: None, ..Config::default() }
}
