//! How Envoy finds out by itself which of a backend's endpoints are well.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Probes of every endpoint. One that fails them gets no requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HealthCheck {
    /// What is asked.
    pub probe: Probe,
    /// From one probe to the next; never zero.
    pub interval: Duration,
    /// How long a probe may take; never zero.
    pub timeout: Duration,
    /// Failures in a row after which an endpoint is not well; at least 1.
    pub unhealthy_after: u32,
    /// Successes in a row after which it is well again; at least 1.
    pub healthy_after: u32,
}

/// What an endpoint is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Probe {
    /// To take a connection.
    Connect,
    /// To answer a request, in the protocol that it is spoken to otherwise.
    Http {
        /// The path, perhaps with a query.
        path: Arc<str>,
        /// The host that is asked for.
        host: Arc<str>,
        /// The statuses of an endpoint that is well; empty for 200 alone.
        statuses: Vec<Range<u16>>,
    },
}
