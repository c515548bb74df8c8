//! What requests must meet before anything is done with them.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use crate::{Check, HeaderMatch, HeaderValue};

/// Policies of a host, or of one of its routes. A route's own stands in place of the host's, each for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Policies {
    /// From which addresses requests are let through. Others are answered with 403.
    pub addresses: Option<Arc<AddressFilter>>,
    /// How many requests each Envoy lets through.
    pub rate_limit: Option<Arc<LocalRateLimit>>,
    /// What a service counts of the requests.
    pub global_rate_limit: Option<Arc<GlobalRateLimit>>,
    /// What the service is told that is asked whether requests may pass, where there is one.
    pub authorization: Option<Arc<Check>>,
}

impl Policies {
    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A filter by addresses; at least one range, sorted, each once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AddressFilter {
    /// These are let through, and no other.
    Allow(Vec<AddressRange>),
    /// These are not let through.
    Deny(Vec<AddressRange>),
}

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressRange {
    /// Which address of a request is looked at.
    pub source: AddressSource,
    /// The range; host bits are zero.
    pub range: IpNet,
}

/// Which address of a request is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressSource {
    /// That of the other end of the connection.
    Peer,
    /// That of the client: by `x-forwarded-for` as far as proxies are trusted, or by the PROXY protocol.
    Remote,
}

/// A limit that each Envoy keeps by itself: a bucket of tokens, one for each request, that is filled evenly.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LocalRateLimit {
    /// Tokens that come with each filling; at least 1.
    pub requests: u32,
    /// How often the bucket is filled; 50 ms at least.
    pub interval: Duration,
    /// Tokens that fit into the bucket: `requests` at least.
    pub at_once: u32,
    /// The status of requests beyond it; an error that Envoy has a word for.
    pub status: u16,
    /// Headers of their answers, at most ten; sorted by name, each name once, lower case.
    pub headers: Vec<(Arc<str>, HeaderValue)>,
}

/// What a service counts of requests, each descriptor by itself; without any, nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct GlobalRateLimit {
    /// The descriptors, each with at least one entry, in the order in which they are sent.
    pub descriptors: Vec<Vec<DescriptorEntry>>,
}

/// A key with a value by which requests are counted. A request that has no such value is not counted by the descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DescriptorEntry {
    /// Always the same value.
    Generic {
        /// The key; Envoy's own, `generic_key`, when absent.
        key: Option<Arc<str>>,
        /// The value; not empty.
        value: Arc<str>,
    },
    /// The value of a header.
    Header {
        /// The header; lower case.
        name: Arc<str>,
        /// The key; not empty.
        key: Arc<str>,
    },
    /// The same value for all requests whose headers are so, or are not so.
    HeaderMatch {
        /// Conditions, at least one, all of which must hold.
        headers: Vec<HeaderMatch>,
        /// Whether they must hold, or must not.
        expected: bool,
        /// The value; not empty.
        value: Arc<str>,
    },
    /// The address of the client.
    RemoteAddress,
}
