//! Fingerprints of values, for telling whether a result is the last one again.

use std::hash::{BuildHasher, Hash};

use envoy::Resource;
use foldhash::quality::FixedState;

/// A fingerprint of a value; equal values have equal ones, within this process.
pub(crate) fn fingerprint(value: &impl Hash) -> u64 {
    FixedState::default().hash_one(value)
}

/// A fingerprint of a resource's bytes, which were hashed already.
pub(crate) fn version(resource: &Resource) -> u64 {
    fingerprint(&resource.body.digest())
}
