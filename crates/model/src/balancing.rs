//! Which of a backend's endpoints a request or connection goes to.

use std::sync::Arc;

/// How one of a backend's endpoints is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Balancing {
    /// Each in turn.
    #[default]
    RoundRobin,
    /// Of two at random, the one with fewer requests.
    LeastRequest,
    /// Any.
    Random,
    /// The one that the hash of a request leads to; any for requests without one.
    Hash,
}

/// A part of requests that goes into their hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HashPart {
    /// Which part.
    pub source: HashSource,
    /// Whether the parts after it are left out of the hash of a request that has this one.
    pub terminal: bool,
}

/// Which part of requests goes into their hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashSource {
    /// A cookie that Envoy gives to clients that have none.
    Session,
    /// The value of a header; lower case.
    Header(Arc<str>),
    /// The value of a query parameter.
    Query(Arc<str>),
    /// The address of the client.
    Address,
}
