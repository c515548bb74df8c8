//! Time limits that users may leave to Envoy, switch off, or set.

use std::time::Duration;

/// A time limit.
///
/// HTTPProxy spells these as a Go duration: empty or `0` is [`Timeout::Default`], `infinity` and
/// `infinite` are [`Timeout::Disabled`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Timeout {
    /// Envoy's own default.
    #[default]
    Default,
    /// No limit.
    Disabled,
    /// This long; never zero.
    After(Duration),
}
