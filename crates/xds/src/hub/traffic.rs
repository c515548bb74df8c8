//! What Envoys asked, what was sent to them, and what they said to it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::resource::ResourceType;
use crate::session::Session;

/// What was asked and sent of one type since the hub was made, and what Envoys said to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The type.
    pub resource_type: ResourceType,
    /// Requests; an acknowledgement is one, too.
    pub requests: u64,
    /// Their bytes.
    pub request_bytes: u64,
    /// Responses.
    pub responses: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Responses that were acknowledged.
    pub acks: u64,
    /// Responses that were rejected.
    pub nacks: u64,
}

/// Counts it.
#[derive(Debug, Default)]
pub(super) struct Meter([Counts; ResourceType::ALL.len()]);

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    request_bytes: AtomicU64,
    responses: AtomicU64,
    bytes: AtomicU64,
    /// Of Envoys that have gone; those that are here count themselves.
    acks: AtomicU64,
    nacks: AtomicU64,
}

impl Meter {
    /// A request was received.
    pub(super) fn received(&self, resource_type: ResourceType, bytes: usize) {
        let counts = &self.0[resource_type.index()];
        counts.requests.fetch_add(1, Ordering::Relaxed);
        counts.request_bytes.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// A response was sent.
    pub(super) fn sent(&self, resource_type: ResourceType, bytes: usize) {
        let counts = &self.0[resource_type.index()];
        counts.responses.fetch_add(1, Ordering::Relaxed);
        counts.bytes.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// An Envoy has gone, after it said so much.
    pub(super) fn gone(&self, session: &Session) {
        for resource_type in ResourceType::ALL {
            let counts = &self.0[resource_type.index()];
            let (acks, nacks) = session.answers(resource_type);
            counts.acks.fetch_add(acks, Ordering::Relaxed);
            counts.nacks.fetch_add(nacks, Ordering::Relaxed);
        }
    }

    /// What was counted of a type, without what those say that are here.
    pub(super) fn read(&self, resource_type: ResourceType) -> Traffic {
        let counts = &self.0[resource_type.index()];
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Traffic {
            resource_type,
            requests: read(&counts.requests),
            request_bytes: read(&counts.request_bytes),
            responses: read(&counts.responses),
            bytes: read(&counts.bytes),
            acks: read(&counts.acks),
            nacks: read(&counts.nacks),
        }
    }
}
