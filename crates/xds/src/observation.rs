//! What sessions tell the rest of the program.

use std::time::Duration;

use crate::discovery::SemanticVersion;
use crate::fleet::FleetId;
use crate::resource::{Name, ResourceType, Version};
use crate::snapshot::Generation;
use crate::wire::Protocol;

/// Something that happened in one session. Texts are scrubbed of key material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// The first stream of an Envoy was opened.
    Connected {
        /// Its fleet.
        fleet: FleetId,
        /// Its node id.
        node: Name,
        /// Its release, when it says it.
        release: Option<SemanticVersion>,
    },
    /// An Envoy came up to a configuration: it has acknowledged everything of it that it subscribes to. What it
    /// rejected, what is kept back because a target does not come, clusters that are slow to warm, and removals
    /// that wait for their users do not hold this up. Told first when its listeners are there, then whenever the
    /// number grows, also when a configuration changed nothing for this Envoy and so needed no response.
    Reached {
        /// Its fleet.
        fleet: FleetId,
        /// Its node id.
        node: Name,
        /// The greatest such generation.
        generation: Generation,
    },
    /// One resource was found to be the reason of a rejection; it is not offered to this Envoy again.
    Rejected {
        /// Its fleet.
        fleet: FleetId,
        /// Its node id.
        node: Name,
        /// The release of the Envoy that rejected it.
        release: Option<SemanticVersion>,
        /// The type of the resource.
        resource_type: ResourceType,
        /// The name of the resource.
        name: Name,
        /// The version that was rejected.
        version: Version,
        /// Envoy's words, scrubbed.
        message: String,
    },
    /// The last stream of an Envoy ended.
    Disconnected {
        /// Its fleet.
        fleet: FleetId,
        /// Its node id.
        node: Name,
    },
}

/// One connected Envoy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    /// Its fleet.
    pub fleet: FleetId,
    /// Its node id.
    pub node: Name,
    /// Its release, when it says it.
    pub release: Option<SemanticVersion>,
    /// The streams that it has open.
    pub streams: usize,
    /// See [`Observation::Reached`]; `None` before its listeners are there.
    pub generation: Option<Generation>,
    /// The types that it has asked for, in order of delivery.
    pub types: Vec<TypeStatus>,
    /// The resources of the current configuration that it rejected.
    pub held: Vec<HeldResource>,
    /// Requests for types that are not served.
    pub unknown_types: u64,
}

/// One type of one Envoy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeStatus {
    /// The type.
    pub resource_type: ResourceType,
    /// The variant of its newest stream.
    pub protocol: Protocol,
    /// Resources that the Envoy has acknowledged and still holds.
    pub resources: usize,
    /// Hash over the names and versions of those.
    pub version: Version,
    /// Changes that wait: for an acknowledgement, for a target, for users to go.
    pub pending: usize,
    /// Responses that are not yet acknowledged.
    pub outstanding: usize,
    /// The age of the oldest of those.
    pub unanswered_for: Option<Duration>,
    /// Whether that is longer than the deadline.
    pub stuck: bool,
    /// Responses acknowledged since the Envoy connected.
    pub acks: u64,
    /// Responses rejected since then.
    pub nacks: u64,
    /// The newest rejection's words, scrubbed.
    pub last_error: Option<String>,
}

/// A resource that one Envoy rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldResource {
    /// The type.
    pub resource_type: ResourceType,
    /// The name.
    pub name: Name,
    /// The version that was rejected.
    pub version: Version,
    /// The version that stays in force for this Envoy, if there is one.
    pub in_force: Option<Version>,
    /// Envoy's words, scrubbed.
    pub message: String,
}
