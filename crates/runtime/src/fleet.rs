//! What one fleet was offered, and how far its Envoys have come.

use crate::convert;
use crate::ledger::Ledger;
use crate::reached::Reached;

/// One fleet.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// Its name in the engine.
    pub(crate) id: model::FleetId,
    /// The number of the last publication.
    pub(crate) published: u64,
    pub(crate) ledger: Ledger,
    /// The connected Envoys and how far each has come, as observed. The hub knows it earlier, but there the news that
    /// something was rejected may still be on its way, and what was rejected must not pass for accepted.
    pub(crate) reached: Reached,
    /// Whether an Envoy rejected a listener and may still do so: looked at only then, as it takes a look at all.
    pub(crate) listener_was_rejected: bool,
}

impl Fleet {
    /// A fleet that was offered nothing.
    pub(crate) fn new(hub: &xds::FleetId) -> Self {
        Self {
            id: convert::engine_fleet(hub),
            published: 0,
            ledger: Ledger::default(),
            reached: Reached::default(),
            listener_was_rejected: false,
        }
    }

    /// Whether nothing is to be remembered of it.
    pub(crate) fn is_idle(&self) -> bool {
        self.published == 0 && self.reached.len() == 0
    }
}
