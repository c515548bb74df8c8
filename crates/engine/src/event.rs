//! What comes in, and what goes out.

use std::sync::Arc;

use envoy::{Resource, ResourceType};
use model::{FleetId, ObjectId, Report};
use store::Change;

use crate::Counters;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// Objects came, changed or went; taken as one, in order.
    Changes(Vec<Change>),
    /// The sources have said everything that they know: the first configuration may go out.
    SourceSynced,
    /// Every connected Envoy of a fleet has acknowledged all its publications up to this one.
    Accepted {
        /// The fleet.
        fleet: FleetId,
        /// The number of a [`Publication`].
        generation: u64,
    },
    /// A fleet rejects a resource.
    Rejected {
        /// The fleet.
        fleet: FleetId,
        /// What it rejects.
        rejection: Rejection,
    },
}

/// A resource that a fleet rejects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Its type.
    pub resource_type: ResourceType,
    /// Its name.
    pub name: Arc<str>,
    /// What Envoy says, without key material.
    pub message: String,
}

/// What Envoy says when the machine does not let it listen (`ListenSocketImpl`, `TcpListenerImpl`).
const ABOUT_THE_MACHINE: [&str; 5] =
    ["cannot bind", "failed to bind", "cannot listen", "failed to listen", "unable to open file"];

impl Rejection {
    /// Whether it is the machine's doing, not that of an object: a port is taken or not allowed, or the file of an access
    /// log cannot be opened.
    #[must_use]
    pub fn is_about_the_machine(&self) -> bool {
        self.resource_type == ResourceType::Listener
            && ABOUT_THE_MACHINE.iter().any(|words| self.message.contains(words))
    }
}

/// Something to do.
#[derive(Debug)]
pub enum Effect {
    /// Resources to offer to a fleet.
    Publish(Publication),
    /// A fleet is no more: nothing is offered to its Envoys.
    Dissolve(FleetId),
    /// What to tell a user, in place of what was told before.
    Report(Report),
    /// There is nothing to tell about an object any more.
    Forget(ObjectId),
}

impl Effect {
    /// The object that it is about, if it is about one.
    pub(crate) const fn object(&self) -> Option<&ObjectId> {
        match self {
            Self::Publish(_) | Self::Dissolve(_) => None,
            Self::Report(report) => Some(&report.object),
            Self::Forget(object) => Some(object),
        }
    }
}

/// Resources to offer to a fleet; only what differs from its publications before.
#[derive(Debug)]
pub struct Publication {
    /// The fleet.
    pub fleet: FleetId,
    /// Its number in the fleet, from 1.
    pub generation: u64,
    /// New and changed resources, by type and name.
    pub set: Vec<Resource>,
    /// Resources that are gone, by type and name.
    pub removed: Vec<(ResourceType, Arc<str>)>,
    /// The work that led to it.
    pub work: Counters,
}
