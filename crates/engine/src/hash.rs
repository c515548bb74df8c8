//! Fingerprints of values, for telling whether a result is the last one again; and tables by hash.

use std::hash::{BuildHasher, Hash};

use envoy::Resource;
use foldhash::{fast, quality::FixedState};
use hashbrown::HashMap;

/// A fingerprint of a value; equal values have equal ones, within this process.
pub(crate) fn fingerprint(value: &impl Hash) -> u64 {
    FixedState::default().hash_one(value)
}

/// A hash so long that equal ones stand for equal values, within this process.
pub(crate) fn digest(value: &impl Hash) -> u128 {
    let part = |seed| u128::from(FixedState::with_seed(seed).hash_one(value));
    part(0) << 64 | part(1)
}

/// A fingerprint of a resource's bytes, which were hashed already.
pub(crate) fn version(resource: &Resource) -> u64 {
    fingerprint(&resource.body.digest())
}

/// Makes room in a table for `total` entries, at once: one that grows by and by reads all of its keys again each time.
pub(crate) fn make_room<K: Hash + Eq, V>(table: &mut HashMap<K, V, fast::FixedState>, total: usize) {
    table.reserve(total.saturating_sub(table.len()));
}
