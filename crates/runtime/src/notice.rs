//! What happened, for those who show it.

use std::time::Duration;

use engine::{Counters, Rejection};
use model::{ObjectId, Report};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A configuration is offered to the fleet.
    Published(Published),
    /// Every connected Envoy has acknowledged a configuration, and all before it.
    Acknowledged {
        /// The number of the publication.
        generation: u64,
        /// How long after it was offered.
        after: Duration,
        /// How long after the engine took what it comes from.
        in_all: Duration,
        /// How many Envoys are connected.
        nodes: usize,
    },
    /// What to tell a user, in place of what was told before.
    Report {
        /// What to tell.
        report: Report,
        /// The number of the publication with which Envoys have what the report is about: the one that came with it,
        /// or, when nothing changed for them, the last one before.
        carried_by: u64,
    },
    /// There is nothing to tell about an object any more.
    Forgotten(ObjectId),
    /// An Envoy rejects a resource; the engine finds the object behind it when the whole fleet does.
    Rejected {
        /// The Envoy.
        node: String,
        /// The resource, and Envoy's words.
        rejection: Rejection,
    },
    /// The first stream of an Envoy was opened.
    Connected {
        /// The Envoy.
        node: String,
    },
    /// The last stream of an Envoy ended.
    Disconnected {
        /// The Envoy.
        node: String,
    },
}

/// A configuration that was offered to the fleet.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its number.
    pub generation: u64,
    /// The resources that are new or changed, `Type name`.
    pub set: Vec<String>,
    /// The resources that are gone, `Type name`.
    pub removed: Vec<String>,
    /// What it took.
    pub work: Counters,
    /// How long the engine took.
    pub engine_time: Duration,
}
