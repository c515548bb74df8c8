//! The limits and periods of sessions and of the server.

use std::time::Duration;

use crate::discovery::SemanticVersion;
use crate::on_demand::OnDemandSecrets;

/// A point in time: what has passed since the hub was made. Sessions have no clock of their own.
pub type Moment = Duration;

/// Limits and periods; the defaults are meant for production.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a resource waits for the acknowledgement of what it names.
    pub wait_bound: Duration,
    /// How long a target stays after its last user was acknowledged without it.
    pub removal_grace: Duration,
    /// How long removals wait, after a reconnection, for the types that might still use what is removed.
    pub resume_bound: Duration,
    /// Changes that follow one another faster than this are a burst…
    pub burst_gap: Duration,
    /// …which is cut after this time at the latest.
    pub burst_cap: Duration,
    /// Resources in one response, where the protocol lets a response be split.
    pub chunk_resources: usize,
    /// Bytes of bodies in one response, likewise.
    pub chunk_bytes: usize,
    /// Names that do not exist, for one stream; and names that were refused and wait for a chance to be told so.
    pub unknown_names: usize,
    /// Whether delta streams may ask for Secrets by the names of hosts, which is any name without a slash. `a.B.com.`
    /// is answered by the Secret `a.b.com`, else by `*.b.com`. A name that nothing answers for is told to be gone at
    /// once and forgotten, so that no number of them costs memory.
    pub on_demand_secrets: Option<OnDemandSecrets>,
    /// Streams of one Envoy (an Envoy without ADS opens one for each cluster, secret and route table).
    pub streams_per_node: usize,
    /// A response unanswered for so long makes its Envoy count as stuck.
    pub stuck_after: Duration,
    /// Whether the stream of a stuck Envoy is closed.
    pub drop_stuck: bool,
    /// Older releases are refused; `None` accepts all.
    pub minimum_envoy: Option<SemanticVersion>,
    /// A stream without a request for so long after its opening is closed.
    pub first_request_deadline: Duration,
    /// A TLS handshake that takes longer is dropped.
    pub handshake_deadline: Duration,
    /// TLS handshakes that run at one time; more wait in the accept queue of the system.
    pub handshakes: usize,
    /// Period of HTTP/2 pings; a peer that does not answer within as much again is dropped.
    pub keepalive: Duration,
    /// Connections are asked to leave after this time, spread by a fifth of it; `None` keeps them.
    pub max_connection_age: Option<Duration>,
    /// How long connections may live on after a stop.
    pub stop_grace: Duration,
    /// Bytes of one request, after decoding (an honest Envoy lists 100,000 resources when it comes back).
    pub request_bytes: usize,
    /// Streams of one connection.
    pub streams_per_connection: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait_bound: Duration::from_secs(5),
            removal_grace: Duration::from_secs(1),
            resume_bound: Duration::from_secs(5),
            burst_gap: Duration::from_millis(10),
            burst_cap: Duration::from_millis(100),
            chunk_resources: 1_000,
            chunk_bytes: 4 * 1024 * 1024,
            unknown_names: 10_000,
            on_demand_secrets: None,
            streams_per_node: 50_000,
            stuck_after: Duration::from_secs(60),
            drop_stuck: false,
            minimum_envoy: None,
            first_request_deadline: Duration::from_secs(30),
            handshake_deadline: Duration::from_secs(10),
            handshakes: 1_024,
            keepalive: Duration::from_secs(10),
            max_connection_age: None,
            stop_grace: Duration::from_secs(5),
            request_bytes: 64 * 1024 * 1024,
            streams_per_connection: 50_000,
        }
    }
}
