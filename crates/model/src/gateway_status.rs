//! What is said of objects of the Gateway API: conditions of their own, and of each place that they belong to.

use std::sync::Arc;

use crate::FleetId;

/// The status of an object of the Gateway API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GatewayApiStatus {
    /// Of a GatewayClass.
    Class(Vec<Condition>),
    /// Of a Gateway.
    Gateway(GatewayStatus),
    /// Of a ListenerSet.
    ListenerSet(ListenerSetStatus),
    /// Of a route: an entry for each of its parents that is ours, in the order of its `parentRefs`.
    Route(Vec<ParentStatus>),
    /// Of a policy: an entry for each Gateway, or other object, that it reaches.
    Policy(Vec<AncestorStatus>),
}

impl GatewayApiStatus {
    /// The Envoys whose acknowledgement the status of an object waits for: a Gateway's and a ListenerSet's do.
    #[must_use]
    pub fn fleet(&self) -> FleetId {
        match self {
            Self::Gateway(status) => status.fleet.clone(),
            Self::ListenerSet(status) => status.fleet.clone(),
            Self::Class(_) | Self::Route(_) | Self::Policy(_) => FleetId::ingress(),
        }
    }
}

/// What is said of a Gateway. Its addresses are no part of it: whoever runs its Envoys knows them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GatewayStatus {
    /// Its Envoys.
    pub fleet: FleetId,
    /// The addresses that it asks for by their values.
    pub requested: Vec<Arc<str>>,
    /// Of the Gateway as a whole.
    pub conditions: Vec<Condition>,
    /// Of each listener, in the order of the spec.
    pub listeners: Vec<ListenerStatus>,
    /// How many ListenerSets it takes listeners from; `None` when it allows none.
    pub attached_listener_sets: Option<u32>,
}

/// What is said of a ListenerSet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListenerSetStatus {
    /// The Envoys of its Gateway.
    pub fleet: FleetId,
    /// Of the ListenerSet as a whole.
    pub conditions: Vec<Condition>,
    /// Of each listener, in the order of the spec.
    pub listeners: Vec<ListenerStatus>,
}

/// What is said of one listener.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListenerStatus {
    /// Its name.
    pub name: Arc<str>,
    /// The kinds of routes that may attach to it and that are served.
    pub supported_kinds: Vec<RouteKind>,
    /// How many routes are attached to it.
    pub attached_routes: u32,
    /// Its conditions.
    pub conditions: Vec<Condition>,
}

/// A kind of route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteKind {
    /// The API group.
    pub group: &'static str,
    /// The kind, `HTTPRoute`.
    pub kind: &'static str,
}

/// What is said of a route at one of its parents.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ParentStatus {
    /// The parent.
    pub parent: ParentRef,
    /// What came of it there.
    pub conditions: Vec<Condition>,
}

/// What is said of a policy at one of the objects that it reaches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AncestorStatus {
    /// The object.
    pub ancestor: ParentRef,
    /// What came of it there.
    pub conditions: Vec<Condition>,
}

/// A reference to a parent, as the object names it, with its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParentRef {
    /// The API group.
    pub group: Arc<str>,
    /// The kind.
    pub kind: Arc<str>,
    /// The namespace, where the reference names one.
    pub namespace: Option<Arc<str>>,
    /// The name.
    pub name: Arc<str>,
    /// The listener, where the reference names one.
    pub section_name: Option<Arc<str>>,
    /// The port, where the reference names one.
    pub port: Option<u16>,
}

/// A condition, as far as it is known without looking at Envoys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// Its type, `Accepted`.
    pub name: &'static str,
    /// Whether it holds.
    pub holds: Holds,
    /// Why, in a word; of one that holds when it is acknowledged, why it holds then.
    pub reason: &'static str,
    /// Why, in a sentence; empty when there is nothing to add.
    pub message: String,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holds {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It does once all Envoys of the fleet have acknowledged what they are sent; until then it is pending.
    WhenAcknowledged,
}
