//! What happened, for those who show it.

use std::time::Duration;

use engine::{Counters, Rejection};
use model::{FleetId, ObjectId, Report};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A configuration is offered to a fleet.
    Published(Published),
    /// A fleet is no more.
    Dissolved(FleetId),
    /// Every connected Envoy of a fleet has acknowledged a configuration, and all before it.
    Acknowledged {
        /// The fleet.
        fleet: FleetId,
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
        /// The number of the publication with which the Envoys of its fleet have what the report is about: the one that
        /// came with it, or, when nothing changed for them, the last one before. 0 where that is no single fleet.
        carried_by: u64,
    },
    /// There is nothing to tell about an object any more.
    Forgotten(ObjectId),
    /// An Envoy rejects a resource; the engine finds the object behind it when the whole fleet does.
    Rejected {
        /// Its fleet.
        fleet: FleetId,
        /// The Envoy.
        node: String,
        /// The resource, and Envoy's words.
        rejection: Rejection,
    },
    /// The first stream of an Envoy was opened.
    Connected {
        /// Its fleet.
        fleet: FleetId,
        /// The Envoy.
        node: String,
    },
    /// The last stream of an Envoy ended.
    Disconnected {
        /// Its fleet.
        fleet: FleetId,
        /// The Envoy.
        node: String,
    },
}

/// A configuration that was offered to a fleet.
#[derive(Debug, Clone)]
pub struct Published {
    /// The fleet.
    pub fleet: FleetId,
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
