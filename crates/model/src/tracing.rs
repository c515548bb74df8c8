//! Traces of requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Asked;

/// What a collector of traces is told, and about which requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tracing {
    /// The collector.
    pub asked: Asked,
    /// The name of the service in traces; not empty.
    pub service: Arc<str>,
    /// About which requests it is told.
    pub sampling: Sampling,
    /// How many bytes of a path it is told.
    pub path_bytes: u32,
    /// What else it is told of a request, by names that are not empty.
    pub tags: BTreeMap<Arc<str>, Tag>,
}

/// The shares of requests that are traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sampling {
    /// Of all requests, at most.
    pub overall: Share,
    /// Of those whose client asks for it; a whole percentage.
    pub client: Share,
    /// Of the others.
    pub random: Share,
}

/// A share of requests. Envoy can tell hundredths of a percent apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Share(u16);

impl Share {
    /// All of them.
    pub const ALL: Self = Self(10_000);

    /// That many hundredths of a percent; `None` above 10000.
    #[must_use]
    pub const fn hundredths(number: u16) -> Option<Self> {
        if number <= Self::ALL.0 { Some(Self(number)) } else { None }
    }

    /// The same in percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// Whether it is a whole percentage.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.0.is_multiple_of(100)
    }
}

/// Where the value of a tag comes from. A request that has none has no such tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Tag {
    /// This text; not empty.
    Literal(Arc<str>),
    /// This header of the request; lower case.
    RequestHeader(Arc<str>),
    /// This variable of Envoy's environment; not empty.
    Environment(Arc<str>),
}
