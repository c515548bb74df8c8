//! What there is to say, as a status of the API.

use std::borrow::Cow;
use std::sync::Arc;

use api::gateway_api::gateway::{GatewayStatus, GatewayStatusAddress};
use api::gateway_api::gateway_class::GatewayClassStatus;
use api::gateway_api::listener_set::ListenerSetStatus;
use api::gateway_api::references::ParentReference;
use api::gateway_api::status::{
    Condition, ListenerStatus, PolicyAncestorStatus, PolicyStatus, RouteGroupKind, RouteParentStatus,
    RouteStatus,
};
use model::{GatewayApiStatus, Holds, ParentRef};

use super::features::features;
use super::ours::Beside;
use super::{ANCESTORS, CONDITIONS, GatewayApi, PARENTS};
use crate::Release;
use crate::statement::cut;
use crate::times::{Place, Times};
use crate::wanted::{Context, PENDING};

/// The most addresses that a Gateway has.
const ADDRESSES: usize = 16;
/// The longest message of a condition.
const MESSAGE_BYTES: usize = 32_768;

/// The condition of a route that is served in part.
const PARTIALLY_INVALID: &str = "PartiallyInvalid";

/// The condition of a class about the definitions of the API.
const SUPPORTED_VERSION: &str = "SupportedVersion";

/// What is said of one object, and what it depends on.
pub(crate) struct Saying<'a> {
    /// The generation that it is about.
    pub(crate) generation: i64,
    /// What Envoys have against it.
    pub(crate) rejection: Option<&'a str>,
    /// Whether all Envoys have acknowledged it.
    pub(crate) is_acknowledged: bool,
    /// What stands there.
    pub(crate) times: &'a Times,
    pub(crate) beside: &'a Beside,
    /// What is known otherwise.
    pub(crate) context: &'a Context<'a>,
    /// Whether something of it will hold in a moment.
    pub(crate) is_pending: bool,
}

/// Why a condition does not hold that waits for Envoys.
#[derive(Clone)]
struct Lack<'a> {
    reason: &'a str,
    message: Cow<'a, str>,
}

impl<'a> Lack<'a> {
    fn new(reason: &'a str, message: impl Into<Cow<'a, str>>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// What a Gateway with these addresses lacks that asks for those.
fn lacking(addresses: &[GatewayStatusAddress], requested: &[Arc<str>]) -> Option<Lack<'static>> {
    let has = |wanted: &Arc<str>| addresses.iter().any(|address| *address.value == **wanted);
    if let Some(missing) = requested.iter().find(|wanted| !has(wanted)) {
        return Some(Lack::new(
            "AddressNotUsable",
            format!("The address {missing} that it asks for is not its own"),
        ));
    }
    addresses.is_empty().then(|| Lack::new("AddressNotAssigned", "No address has been assigned yet"))
}

impl<'a> Saying<'a> {
    /// The part of the status that is ours, without times.
    pub(crate) fn status(&mut self, status: &GatewayApiStatus) -> GatewayApi {
        let context = self.context;
        match status {
            GatewayApiStatus::Class(conditions) => GatewayApi::Class(GatewayClassStatus {
                conditions: self.of_class(conditions),
                supported_features: features(self.context.experimental),
            }),
            GatewayApiStatus::Gateway(status) => GatewayApi::Gateway(self.gateway(status)),
            GatewayApiStatus::ListenerSet(status) => GatewayApi::ListenerSet(ListenerSetStatus {
                conditions: self.of_object(&status.conditions, None),
                listeners: status.listeners.iter().map(|each| self.listener(each)).collect(),
            }),
            GatewayApiStatus::Route(parents) => {
                let ours = parents.iter().filter(|each| is_ours(context, &each.parent));
                let parents = ours.take(self.room(PARENTS));
                GatewayApi::Route(RouteStatus { parents: parents.map(|each| self.parent(each)).collect() })
            }
            GatewayApiStatus::Policy(ancestors) => {
                let ours = ancestors.iter().filter(|each| is_ours(context, &each.ancestor));
                let ancestors = ours.take(self.room(ANCESTORS));
                let ancestors = ancestors.map(|each| self.ancestor(each)).collect();
                GatewayApi::Policy(PolicyStatus { ancestors })
            }
        }
    }

    /// How many entries of a list may be ours, beside those of others.
    fn room(&self, most: usize) -> usize {
        most.saturating_sub(self.beside.others())
    }

    fn gateway(&mut self, status: &model::GatewayStatus) -> GatewayStatus {
        let known = self.context.gateway.unwrap_or(&self.beside.addresses);
        // What stands there stays until there is something else: while Envoys move, clients still go there.
        let shown = if known.is_empty() { &self.beside.addresses } else { known };
        let addresses = shown.iter().take(ADDRESSES).cloned().collect();
        GatewayStatus {
            conditions: self.of_object(&status.conditions, lacking(known, &status.requested).as_ref()),
            addresses,
            listeners: status.listeners.iter().map(|each| self.listener(each)).collect(),
            attached_listener_sets: status.attached_listener_sets.map(i64::from),
        }
    }

    fn listener(&mut self, status: &model::ListenerStatus) -> ListenerStatus {
        let kinds = status.supported_kinds.iter();
        ListenerStatus {
            name: status.name.to_string(),
            supported_kinds: kinds
                .map(|each| RouteGroupKind { group: each.group.to_owned(), kind: each.kind.to_owned() })
                .collect(),
            attached_routes: status.attached_routes.into(),
            conditions: self.conditions(Place::of(&&*status.name), &status.conditions, None),
        }
    }

    fn parent(&mut self, status: &model::ParentStatus) -> RouteParentStatus {
        let parent_ref = reference(&status.parent);
        let mut conditions = self.conditions(Place::of(&parent_ref), &status.conditions, None);
        let is_accepted = conditions.iter().any(|each| each.r#type == "Accepted" && each.status == "True");
        if let Some(rejection) = self.rejection.filter(|_| is_accepted) {
            self.reject(&mut conditions, rejection);
        }
        RouteParentStatus {
            parent_ref,
            controller_name: self.context.share.controller.to_string(),
            conditions,
        }
    }

    /// Says what Envoys have against a route, beside what of it is not served anyway: there is one condition of a name.
    fn reject(&self, conditions: &mut Vec<Condition>, rejection: &str) {
        // The first words are those of the specification: what was accepted last stays.
        let rejection = format!("Fall Back, as Envoy rejects it: {rejection}");
        match conditions.iter_mut().find(|each| each.r#type == PARTIALLY_INVALID) {
            Some(said) => {
                said.message = format!("{}; {rejection}", said.message);
                cut(&mut said.message, MESSAGE_BYTES);
            }
            None => {
                let said = (PARTIALLY_INVALID, "True", "UnsupportedValue");
                conditions.push(condition(said, &rejection, self.generation));
            }
        }
    }

    fn ancestor(&mut self, status: &model::AncestorStatus) -> PolicyAncestorStatus {
        let ancestor_ref = reference(&status.ancestor);
        let conditions = self.conditions(Place::of(&ancestor_ref), &status.conditions, None);
        PolicyAncestorStatus {
            ancestor_ref,
            controller_name: self.context.share.controller.to_string(),
            conditions,
        }
    }

    fn of_class(&mut self, conditions: &[model::Condition]) -> Vec<Condition> {
        let mut conditions = self.of_object(conditions, None);
        let version = match self.context.release {
            Release::Unknown => None,
            Release::Supported => Some(("True", SUPPORTED_VERSION)),
            Release::Unsupported(_) => Some(("False", "UnsupportedVersion")),
        };
        let has_room = conditions.len() < self.room(CONDITIONS);
        conditions.extend(version.filter(|_| has_room).map(|(status, reason)| {
            let message = self.context.release.message();
            condition((SUPPORTED_VERSION, status, reason), &message, self.generation)
        }));
        conditions
    }

    fn of_object(&mut self, conditions: &[model::Condition], lack: Option<&Lack<'_>>) -> Vec<Condition> {
        let mut conditions = self.conditions(Place::OBJECT, conditions, lack);
        conditions.truncate(self.room(CONDITIONS));
        conditions
    }

    fn conditions(
        &mut self,
        place: Place,
        conditions: &[model::Condition],
        lack: Option<&Lack<'_>>,
    ) -> Vec<Condition> {
        conditions.iter().map(|each| self.condition(place, each, lack)).collect()
    }

    fn condition(&mut self, place: Place, said: &model::Condition, lack: Option<&Lack<'_>>) -> Condition {
        let model::Condition { name, holds, reason, message } = said;
        let lack = match holds {
            Holds::Yes => None,
            Holds::No => Some(Lack::new(reason, message)),
            Holds::WhenAcknowledged => self.lack(place, name, lack),
        };
        match lack {
            None => condition((name, "True", reason), message, self.generation),
            Some(Lack { reason, message }) => condition((name, "False", reason), &message, self.generation),
        }
    }

    /// What a condition lacks that waits for Envoys. Acknowledged once is enough for a generation: Envoys come and go.
    fn lack<'b>(&mut self, place: Place, name: &str, lack: Option<&Lack<'b>>) -> Option<Lack<'b>>
    where
        'a: 'b,
    {
        if let Some(rejection) = self.rejection {
            return Some(Lack::new("Invalid", rejection));
        }
        if let Some(lack) = lack {
            return Some(lack.clone());
        }
        let is_acknowledged = self.is_acknowledged || self.times.holds(place, name);
        // An address, or the first Envoy, takes too long to be waited for.
        self.is_pending |= !is_acknowledged && self.context.acknowledged.is_some();
        (!is_acknowledged).then(|| Lack::new("Pending", PENDING))
    }
}

fn is_ours(context: &Context<'_>, parent: &ParentRef) -> bool {
    context.share.has_parent(context.target, parent)
}

fn condition((name, status, reason): (&str, &str, &str), message: &str, generation: i64) -> Condition {
    let mut message = message.to_owned();
    cut(&mut message, MESSAGE_BYTES);
    Condition {
        r#type: name.to_owned(),
        status: status.to_owned(),
        observed_generation: Some(generation),
        last_transition_time: String::new(),
        reason: reason.to_owned(),
        message,
    }
}

fn reference(parent: &ParentRef) -> ParentReference {
    let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
    ParentReference {
        group: parent.group.to_string(),
        kind: parent.kind.to_string(),
        namespace: text(&parent.namespace),
        name: parent.name.to_string(),
        section_name: text(&parent.section_name),
        port: parent.port.map(i64::from),
    }
}
