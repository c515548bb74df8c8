//! The Gateways that share Envoys, each with its ListenerSets, and which of their listeners cannot be told apart.

use api::gateway_api::gateway::{AllowedListeners, FromListenerNamespaces, GatewaySpec};
use model::{FleetOwner, Kind, ObjectId, SecretKey, Settings};
use store::{Age, GatewayFact, ListenerSetFact, Name, Reader};

use super::certificates::pair;
use super::conflicts::Taken;
use super::listeners::{Judged, judge};
use super::merging::shares_envoys;
use super::parameters;
use super::selector;
use super::statement::Failure;

/// A Gateway, and what comes of its listeners.
pub(super) struct Member<'s> {
    pub(super) name: Name,
    pub(super) fact: &'s GatewayFact,
    /// What its Envoys show to backends, if it says so.
    pub(super) shown: Option<Result<SecretKey, Failure>>,
    /// What is wrong with its parameters.
    pub(super) parameters: Option<Failure>,
    /// The Gateway itself, then its ListenerSets.
    pub(super) parts: Vec<Part>,
}

/// A Gateway, or one of its ListenerSets.
pub(super) struct Part {
    pub(super) id: ObjectId,
    precedence: Precedence,
    /// Why its listeners are none of the Gateway's.
    pub(super) excluded: Option<Failure>,
    pub(super) listeners: Vec<Judged>,
    pub(super) conflicts: Vec<Option<Failure>>,
}

/// Whose listeners count where several cannot be told apart: the smaller. What was there first stays; a ListenerSet was
/// not there before its Gateway, and comes after it.
type Precedence = (Age, Kind, Age, Name);

impl Part {
    pub(super) fn is_fit(&self, index: usize) -> bool {
        self.excluded.is_none() && self.conflicts[index].is_none() && self.listeners[index].can_be_served()
    }

    pub(super) fn is_accepted(&self, index: usize) -> bool {
        self.conflicts[index].is_none() && self.listeners[index].refused.is_none()
    }
}

/// The Gateways of ours whose Envoys these are, with their ListenerSets; in the order of their names.
pub(super) fn members<'s>(reader: &Reader<'s>, settings: &Settings, owner: &FleetOwner) -> Vec<Member<'s>> {
    let mut members: Vec<_> = facts(reader, settings, owner)
        .into_iter()
        .map(|(name, fact)| Member::new(reader, settings, name, fact))
        .collect();
    settle_conflicts(settings, &mut members);
    members
}

fn facts<'s>(reader: &Reader<'s>, settings: &Settings, owner: &FleetOwner) -> Vec<(Name, &'s GatewayFact)> {
    let class = |name: &str| {
        let class = reader.gateway_class(name)?;
        (*class.spec.controller_name == *settings.gateway_controller).then_some(class)
    };
    match owner {
        FleetOwner::Gateway(gateway) => {
            let name = Name::new(gateway.namespace.clone(), gateway.name.clone());
            let fact = reader.gateway(&name.namespace, &name.name);
            let own = fact.filter(|fact| {
                class(&fact.spec.gateway_class_name).is_some_and(|class| !shares_envoys(reader, class))
            });
            own.map(|fact| (name, fact)).into_iter().collect()
        }
        FleetOwner::Class(name) => match class(name).filter(|class| shares_envoys(reader, class)) {
            None => vec![],
            Some(_) => reader.gateways_of(name).map(|(name, fact)| (name.clone(), fact)).collect(),
        },
    }
}

impl<'s> Member<'s> {
    fn new(reader: &Reader<'s>, settings: &Settings, name: Name, fact: &'s GatewayFact) -> Self {
        let id = name.object(Kind::Gateway);
        let judge = |listener| judge(reader, settings, (&id, &fact.spec), &id, listener);
        let own = Part {
            id: id.clone(),
            precedence: (fact.age, Kind::Gateway, fact.age, name.clone()),
            excluded: None,
            listeners: fact.spec.listeners.iter().map(judge).collect(),
            conflicts: vec![],
        };
        let sets = reader.listener_sets_of(&name);
        let sets = sets.map(|(set, of_set)| Part::of_set(reader, settings, (&id, fact), set, of_set));
        let mut parts: Vec<_> = [own].into_iter().chain(sets).collect();
        parts.sort_by(|one, other| one.precedence.cmp(&other.precedence));
        let shown = client_certificate(reader, &id, &fact.spec);
        let parameters = parameters::failure_of_gateway(reader, &name.namespace, &fact.spec);
        Self { name, fact, shown, parameters, parts }
    }
}

impl Part {
    fn of_set(
        reader: &Reader<'_>,
        settings: &Settings,
        (gateway, fact): (&ObjectId, &GatewayFact),
        name: &Name,
        set: &ListenerSetFact,
    ) -> Self {
        let id = name.object(Kind::ListenerSet);
        let allowed = fact.spec.allowed_listeners.as_deref();
        let is_allowed = allows(reader, gateway, allowed, &name.namespace);
        let excluded = (!is_allowed).then(|| {
            let message = format!("the Gateway does not take listeners from namespace {}", name.namespace);
            Failure::new("NotAllowed", message)
        });
        let judge = |listener| judge(reader, settings, (gateway, &fact.spec), &id, listener);
        let listeners = set.spec.listeners.iter().map(judge).collect();
        let precedence = (set.age.max(fact.age), Kind::ListenerSet, set.age, name.clone());
        Self { id: id.clone(), precedence, excluded, listeners, conflicts: vec![] }
    }
}

/// What Envoys of the Gateway show to backends, if it says so.
fn client_certificate(
    reader: &Reader<'_>,
    id: &ObjectId,
    spec: &GatewaySpec,
) -> Option<Result<SecretKey, Failure>> {
    let reference = spec.tls.as_ref()?.backend.as_ref()?.client_certificate_ref.as_ref()?;
    let pair = pair(reader, id, reference, "InvalidClientCertificateRef");
    Some(pair.map(|name| SecretKey::client_pair(name.namespace, name.name)))
}

/// Whether a Gateway takes listeners from a namespace.
fn allows(
    reader: &Reader<'_>,
    gateway: &ObjectId,
    allowed: Option<&AllowedListeners>,
    namespace: &str,
) -> bool {
    let Some(namespaces) = allowed.map(|allowed| &allowed.namespaces) else { return false };
    match namespaces.from.known() {
        Some(FromListenerNamespaces::All) => true,
        Some(FromListenerNamespaces::Same) => *gateway.namespace == *namespace,
        Some(FromListenerNamespaces::Selector) => {
            let selector = namespaces.selector.as_ref();
            selector.is_some_and(|selector| selector::selects_namespace(reader, selector, namespace))
        }
        Some(FromListenerNamespaces::None) | None => false,
    }
}

/// Finds the listeners that cannot be told apart from others, and those whose port Envoy cannot have.
fn settle_conflicts(settings: &Settings, members: &mut [Member<'_>]) {
    let mut parts: Vec<_> = members.iter_mut().flat_map(|member| &mut member.parts).collect();
    parts.sort_by(|one, other| one.precedence.cmp(&other.precedence));
    let mut taken = Taken::default();
    for part in parts {
        part.conflicts = match (part.id.kind, &part.excluded) {
            (_, Some(_)) => vec![None; part.listeners.len()],
            (Kind::Gateway, None) => taken.take_own(&part.listeners),
            (_, None) => part.listeners.iter().map(|listener| taken.take(listener)).collect(),
        };
        if part.excluded.is_some() {
            continue;
        }
        for (listener, conflict) in part.listeners.iter_mut().zip(&part.conflicts) {
            if conflict.is_none() {
                listener.refused = listener.refused.take().or_else(|| taken.bind(settings, listener));
            }
        }
    }
}
