//! Fingerprints of values, for telling whether a result is the last one again; and tables by hash.

use std::hash::{BuildHasher, Hash};
use std::sync::LazyLock;

use envoy::Resource;
use foldhash::fast;
use foldhash::quality::{FixedState, RandomState};
use hashbrown::HashMap;

/// A fingerprint of a value; equal values have equal ones, within this process.
pub(crate) fn fingerprint(value: &impl Hash) -> u64 {
    FixedState::default().hash_one(value)
}

/// A hash so long that equal ones stand for equal values, within this process: nobody who chooses names can know which
/// ones would have the same.
pub(crate) fn digest(value: &impl Hash) -> u128 {
    static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(<[RandomState; 2]>::default);
    let [high, low] = KEYS.each_ref().map(|key| u128::from(key.hash_one(value)));
    high << 64 | low
}

/// A fingerprint of a resource's bytes, which were hashed already.
pub(crate) fn version(resource: &Resource) -> u64 {
    fingerprint(&resource.body.digest())
}

/// Makes room in a table for `total` entries, at once: one that grows by and by reads all of its keys again each time.
pub(crate) fn make_room<K: Hash + Eq, V>(table: &mut HashMap<K, V, fast::FixedState>, total: usize) {
    table.reserve(total.saturating_sub(table.len()));
}
