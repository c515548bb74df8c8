//! Statuses of the Gateway API, as the API server has them: whole, or the part of it that is ours.
//!
//! A route may have parents that other controllers serve, and a policy may have effect at several. Each writes entries
//! of its own, by its name, in one list that the API server takes for one value. So the list is changed entry by entry,
//! in the form of the object that was seen: those of others are not touched.

mod features;
mod ours;
mod patch;
mod say;

use api::gateway_api::gateway::GatewayStatus;
use api::gateway_api::gateway_class::GatewayClassStatus;
use api::gateway_api::listener_set::ListenerSetStatus;
use api::gateway_api::status::{
    Condition, ListenerStatus, PolicyAncestorStatus, PolicyStatus, RouteParentStatus, RouteStatus,
};

use crate::Kind;
use crate::times::{Place, Standing};

pub(crate) use ours::Beside;
pub(crate) use patch::operations;
pub(crate) use say::Saying;

/// The most entries that a route has.
const PARENTS: usize = 32;
/// The most entries that a policy has.
const ANCESTORS: usize = 16;
/// The most conditions in one place.
const CONDITIONS: usize = 8;

/// The status of an object of the Gateway API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum GatewayApi {
    Class(GatewayClassStatus),
    Gateway(GatewayStatus),
    ListenerSet(ListenerSetStatus),
    Route(RouteStatus),
    Policy(PolicyStatus),
}

impl GatewayApi {
    /// That of an object of this kind, when nothing stands there; `None` when it is no kind of the Gateway API.
    pub(crate) fn empty(kind: Kind) -> Option<Self> {
        match kind {
            Kind::GatewayClass => Some(Self::Class(GatewayClassStatus::default())),
            Kind::Gateway => Some(Self::Gateway(GatewayStatus::default())),
            Kind::ListenerSet => Some(Self::ListenerSet(ListenerSetStatus::default())),
            Kind::HttpRoute | Kind::GrpcRoute | Kind::TlsRoute | Kind::TcpRoute | Kind::UdpRoute => {
                Some(Self::Route(RouteStatus::default()))
            }
            Kind::BackendTlsPolicy | Kind::XBackendTrafficPolicy => {
                Some(Self::Policy(PolicyStatus::default()))
            }
            Kind::Ingress
            | Kind::HttpProxy
            | Kind::TlsCertificateDelegation
            | Kind::ExtensionService
            | Kind::ContourConfiguration
            | Kind::IngressRoute
            | Kind::HeptioCertificateDelegation => None,
        }
    }

    /// Each condition with its place.
    pub(crate) fn conditions<'a>(&'a self) -> Vec<(Place, Standing<'a>)> {
        let mut found = Vec::new();
        let mut add = |place, conditions: &'a [Condition]| {
            found.extend(conditions.iter().map(|each| (place, standing(each))));
        };
        match self {
            Self::Class(status) => add(Place::OBJECT, &status.conditions),
            Self::Gateway(GatewayStatus { conditions, listeners, .. })
            | Self::ListenerSet(ListenerSetStatus { conditions, listeners }) => {
                add(Place::OBJECT, conditions);
                listeners.iter().for_each(|each| add(of_listener(each), &each.conditions));
            }
            Self::Route(status) => {
                status.parents.iter().for_each(|each| add(of_parent(each), &each.conditions));
            }
            Self::Policy(status) => {
                status.ancestors.iter().for_each(|each| add(of_ancestor(each), &each.conditions));
            }
        }
        found
    }

    /// Changes each condition, which is told its place.
    pub(crate) fn for_each(&mut self, mut change: impl FnMut(Place, &mut Condition)) {
        let mut all = |place, conditions: &mut [Condition]| {
            conditions.iter_mut().for_each(|condition| change(place, condition));
        };
        match self {
            Self::Class(status) => all(Place::OBJECT, &mut status.conditions),
            Self::Gateway(GatewayStatus { conditions, listeners, .. })
            | Self::ListenerSet(ListenerSetStatus { conditions, listeners }) => {
                all(Place::OBJECT, conditions);
                listeners.iter_mut().for_each(|each| all(of_listener(each), &mut each.conditions));
            }
            Self::Route(status) => {
                status.parents.iter_mut().for_each(|each| all(of_parent(each), &mut each.conditions));
            }
            Self::Policy(status) => {
                status.ancestors.iter_mut().for_each(|each| all(of_ancestor(each), &mut each.conditions));
            }
        }
    }
}

fn standing(condition: &Condition) -> Standing<'_> {
    Standing {
        name: &condition.r#type,
        status: &condition.status,
        time: &condition.last_transition_time,
        generation: condition.observed_generation,
    }
}

fn of_listener(listener: &ListenerStatus) -> Place {
    Place::of(&listener.name)
}

fn of_parent(entry: &RouteParentStatus) -> Place {
    Place::of(&entry.parent_ref)
}

fn of_ancestor(entry: &PolicyAncestorStatus) -> Place {
    Place::of(&entry.ancestor_ref)
}
