//! A Gateway with its ListenerSets: what they offer to routes, and what Envoys of the Gateway listen on.

use std::collections::BTreeMap;

use api::gateway_api::gateway::{
    AddressType, AllowedListeners, FromListenerNamespaces, GatewaySpec, GatewaySpecAddress,
};
use model::{
    Condition, FleetId, GatewayApiStatus, GatewayStatus, Holds, Kind, Listener, ListenerSetStatus,
    ListenerStatus, ObjectId, RouteKind, SecretKey, Settings,
};
use store::{Carries, GatewayFact, Name, Offer, OfferedListener, Reader, Shown};

use super::certificates::pair;
use super::conflicts::Taken;
use super::hosts::in_common;
use super::listeners::{Judged, judge};
use super::parameters;
use super::selector;
use super::served::{Served, serve};
use super::statement::{ACCEPTED, Failure, PROGRAMMED, RESOLVED_REFS, fails, holds, programmed, unless};
use crate::contribution::Standing;
use crate::{Note, text::quoted};

/// What becomes of a Gateway that is ours.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GatewayPlan {
    /// What its Envoys listen on.
    pub listeners: Vec<Listener>,
    /// What it offers to routes, and what each of its ListenerSets does.
    pub offers: BTreeMap<ObjectId, Offer>,
    /// What there is to say about them.
    pub notes: BTreeMap<ObjectId, Note>,
}

/// What becomes of a Gateway; `None` for one that is not there, or of a class that is not ours.
#[must_use]
pub fn gateway(reader: &Reader<'_>, settings: &Settings, name: &Name) -> Option<GatewayPlan> {
    let fact = reader.gateway(&name.namespace, &name.name)?;
    let class = reader.gateway_class(&fact.spec.gateway_class_name)?;
    if *class.spec.controller_name != *settings.gateway_controller {
        return None;
    }
    let id = name.object(Kind::Gateway);
    let mut parts = vec![Part::of_gateway(reader, settings, &id, fact)];
    parts.extend(sets(reader, settings, name, &id, fact));
    settle_conflicts(settings, &mut parts);
    let named = Named {
        shown: client_certificate(reader, &id, &fact.spec),
        parameters: parameters::failure_of_gateway(reader, &name.namespace, &fact.spec),
    };
    Some(plan(settings, fact, &parts, &named))
}

/// What a Gateway names beside its listeners.
struct Named {
    /// The certificate that its Envoys show to backends, if it says so.
    shown: Option<Result<SecretKey, Failure>>,
    /// What is wrong with its parameters.
    parameters: Option<Failure>,
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

/// The Gateway, or one of its ListenerSets.
struct Part {
    id: ObjectId,
    /// Why its listeners are none of the Gateway's.
    excluded: Option<Failure>,
    listeners: Vec<Judged>,
    conflicts: Vec<Option<Failure>>,
}

impl Part {
    fn of_gateway(reader: &Reader<'_>, settings: &Settings, id: &ObjectId, fact: &GatewayFact) -> Self {
        let judge = |listener| judge(reader, settings, (id, &fact.spec), id, listener);
        let listeners = fact.spec.listeners.iter().map(judge).collect();
        Self { id: id.clone(), excluded: None, listeners, conflicts: vec![] }
    }

    fn is_fit(&self, index: usize) -> bool {
        self.excluded.is_none() && self.conflicts[index].is_none() && self.listeners[index].can_be_served()
    }

    fn is_accepted(&self, index: usize) -> bool {
        self.conflicts[index].is_none() && self.listeners[index].refused.is_none()
    }
}

/// The ListenerSets of a Gateway, those first whose listeners come first: the oldest, then by name.
fn sets(
    reader: &Reader<'_>,
    settings: &Settings,
    name: &Name,
    gateway: &ObjectId,
    fact: &GatewayFact,
) -> Vec<Part> {
    let mut sets: Vec<_> = reader.listener_sets_of(name).collect();
    sets.sort_by_key(|(name, set)| (set.age, *name));
    let part = |(name, set): (&Name, &store::ListenerSetFact)| {
        let id = name.object(Kind::ListenerSet);
        let allowed = fact.spec.allowed_listeners.as_deref();
        let is_allowed = allows(reader, gateway, allowed, &name.namespace);
        let excluded = (!is_allowed).then(|| {
            let message = format!("the Gateway does not take listeners from namespace {}", name.namespace);
            Failure::new("NotAllowed", message)
        });
        let judge = |listener| judge(reader, settings, (gateway, &fact.spec), &id, listener);
        let listeners = set.spec.listeners.iter().map(judge).collect();
        Part { id: id.clone(), excluded, listeners, conflicts: vec![] }
    };
    sets.into_iter().map(part).collect()
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
fn settle_conflicts(settings: &Settings, parts: &mut [Part]) {
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

fn plan(settings: &Settings, fact: &GatewayFact, parts: &[Part], named: &Named) -> GatewayPlan {
    let Some(gateway) = parts.first() else { return GatewayPlan::default() };
    let to_show = match &named.shown {
        None => Shown::Usual,
        Some(Ok(certificate)) => Shown::Own(certificate.clone()),
        Some(Err(_)) => Shown::Nothing,
    };
    let fleet = FleetId::gateway(gateway.id.namespace.clone(), gateway.id.name.clone());
    let all: Vec<_> = parts
        .iter()
        .flat_map(|part| {
            part.listeners.iter().enumerate().map(|(index, judged)| (judged, part.is_fit(index)))
        })
        .collect();
    let Served { on, listeners } = serve(settings, &fleet, &all);
    let mut plan = GatewayPlan { listeners, ..GatewayPlan::default() };
    let mut served = on.into_iter();
    for part in parts {
        let on: Vec<_> = served.by_ref().take(part.listeners.len()).collect();
        let offered = |(judged, served_on): (&Judged, Option<store::ServedOn>)| {
            // Routes are attached whatever becomes of the listener (specification of `attachedRoutes`).
            let carries = judged.carries.filter(|_| part.excluded.is_none())?;
            Some(OfferedListener {
                name: judged.name.clone(),
                port: judged.port,
                carries,
                host: judged.host.clone(),
                kinds: judged.kinds.clone(),
                namespaces: judged.namespaces.clone(),
                served_on,
            })
        };
        let statuses = statuses(part, &on, &all);
        let listeners = part.listeners.iter().zip(on).filter_map(offered).collect();
        let offer = Offer { fleet: fleet.clone(), shown: to_show.clone(), listeners };
        plan.offers.insert(part.id.clone(), offer);
        let status = match part.id.kind {
            Kind::Gateway => GatewayApiStatus::Gateway(gateway_status(fact, parts, statuses, named)),
            _ => GatewayApiStatus::ListenerSet(set_status(fleet.clone(), part, statuses)),
        };
        let standing = Some(Box::new(Standing::Whole(status)));
        plan.notes.insert(part.id.clone(), Note { standing, ..Note::default() });
    }
    plan
}

/// What is said of each listener, but how many routes are attached to it.
fn statuses(part: &Part, on: &[Option<store::ServedOn>], all: &[(&Judged, bool)]) -> Vec<ListenerStatus> {
    let status = |(index, judged): (usize, &Judged)| {
        let conflict = part.conflicts[index].as_ref();
        let refused = part.excluded.as_ref().or(conflict).or(judged.refused.as_ref());
        let mut conditions = vec![
            unless(ACCEPTED, ACCEPTED, refused),
            match (on[index].is_some() && judged.unresolved.is_none(), conflict) {
                (true, _) => programmed(),
                (false, Some(conflict)) => fails(PROGRAMMED, conflict),
                (false, None) => fails(PROGRAMMED, &Failure::new("Invalid", "see the other conditions")),
            },
            unless(RESOLVED_REFS, RESOLVED_REFS, judged.unresolved.as_ref()),
            match conflict {
                Some(conflict) => Condition { holds: Holds::Yes, ..fails("Conflicted", conflict) },
                None => Condition { holds: Holds::No, ..holds("Conflicted", "NoConflicts") },
            },
        ];
        if on[index].is_some() && overlaps(judged, all) {
            conditions.push(Condition {
                message:
                    "another listener of this port takes some of the same hosts: requests that come by a \
                          connection for the other are answered with 421"
                        .into(),
                ..holds("OverlappingTLSConfig", "OverlappingHostnames")
            });
        }
        ListenerStatus {
            name: judged.name.clone(),
            supported_kinds: judged.kinds.iter().map(|kind| route_kind(*kind)).collect(),
            attached_routes: 0,
            conditions,
        }
    };
    part.listeners.iter().enumerate().map(status).collect()
}

/// Whether clients of another listener over TLS may reuse connections for hosts of this one.
fn overlaps(judged: &Judged, all: &[(&Judged, bool)]) -> bool {
    let is_https = |other: &Judged| other.carries == Some(Carries::Https);
    let mut others = all.iter().filter(|(other, is_fit)| {
        *is_fit && is_https(other) && other.port == judged.port && other.host != judged.host
    });
    is_https(judged) && others.any(|(other, _)| in_common(&other.host, &judged.host).is_some())
}

const fn route_kind(kind: Kind) -> RouteKind {
    RouteKind { group: api::gateway_api::GROUP, kind: kind.as_str() }
}

/// Whether none of the listeners of a part, or not all, are what they should be.
fn invalid_listeners(part: &Part, is_right: fn(&Part, usize) -> bool) -> (bool, Option<Failure>) {
    let invalid: Vec<_> = (0..part.listeners.len())
        .filter(|index| !is_right(part, *index))
        .map(|index| part.listeners[index].name.to_string())
        .collect();
    let none_is_left = invalid.len() == part.listeners.len();
    let failure = (!invalid.is_empty())
        .then(|| Failure::new("ListenersNotValid", format!("not accepted: {}", invalid.join(", "))));
    (none_is_left, failure)
}

fn gateway_status(
    fact: &GatewayFact,
    parts: &[Part],
    listeners: Vec<ListenerStatus>,
    named: &Named,
) -> GatewayStatus {
    let (none_is_left, invalid) = invalid_listeners(&parts[0], Part::is_accepted);
    let unsupported = fact.spec.addresses.iter().find_map(unsupported);
    let is_unserved = unsupported.is_some() || (invalid.is_some() && none_is_left);
    let accepted = match (unsupported.as_ref().or(named.parameters.as_ref()), invalid) {
        (Some(failure), _) => fails(ACCEPTED, failure),
        (None, Some(failure)) if none_is_left => fails(ACCEPTED, &failure),
        (None, Some(failure)) => Condition { holds: Holds::Yes, ..fails(ACCEPTED, &failure) },
        (None, None) => holds(ACCEPTED, ACCEPTED),
    };
    let mut conditions = vec![accepted];
    // Parameters that cannot be used take nothing from Envoys that run.
    conditions.push(match is_unserved {
        false => programmed(),
        true => fails(PROGRAMMED, &Failure::new("Invalid", "see the condition Accepted")),
    });
    if let Some(shown) = &named.shown {
        conditions.push(unless(RESOLVED_REFS, RESOLVED_REFS, shown.as_ref().err()));
    }
    if lets_anybody_in(&fact.spec) {
        conditions.push(Condition {
            message: "frontend validation lets in clients without a valid certificate".into(),
            ..holds("InsecureFrontendValidationMode", "ConfigurationChanged")
        });
    }
    let attached =
        parts[1..].iter().filter(|part| part.excluded.is_none() && !invalid_listeners(part, Part::is_fit).0);
    let attached_listener_sets = u32::try_from(attached.count()).ok();
    let attached_listener_sets = attached_listener_sets.filter(|_| fact.spec.allowed_listeners.is_some());
    let requested = fact.spec.addresses.iter().filter_map(|address| address.value.as_deref());
    let requested = requested.filter(|value| !value.is_empty()).map(Into::into).collect();
    GatewayStatus { requested, conditions, listeners, attached_listener_sets }
}

/// Why an address that is wanted cannot be had.
fn unsupported(address: &GatewaySpecAddress) -> Option<Failure> {
    match address.r#type.known() {
        Some(AddressType::IpAddress | AddressType::Hostname) => None,
        Some(AddressType::NamedAddress) | None => {
            let message = format!("addresses of the type {} cannot be had", quoted(address.r#type.as_str()));
            Some(Failure::new("UnsupportedAddress", message))
        }
    }
}

/// Whether clients without a valid certificate are let in somewhere where certificates are looked at.
fn lets_anybody_in(spec: &GatewaySpec) -> bool {
    use api::gateway_api::gateway::FrontendValidationMode::AllowInsecureFallback;
    let Some(frontend) = spec.tls.as_ref().and_then(|tls| tls.frontend.as_ref()) else { return false };
    let configs = frontend.per_port.iter().map(|each| &each.tls).chain([&frontend.default]);
    let mut modes = configs.filter_map(|config| Some(config.validation.as_ref()?.mode.known()));
    modes.any(|mode| mode == Some(AllowInsecureFallback))
}

fn set_status(fleet: FleetId, part: &Part, listeners: Vec<ListenerStatus>) -> ListenerSetStatus {
    // One that cannot be served is not a listener of the Gateway.
    let (none_is_left, invalid) = invalid_listeners(part, Part::is_fit);
    let conditions = match (&part.excluded, invalid) {
        (Some(failure), _) => vec![fails(ACCEPTED, failure), fails(PROGRAMMED, failure)],
        (None, Some(failure)) if none_is_left => vec![fails(ACCEPTED, &failure), fails(PROGRAMMED, &failure)],
        (None, Some(failure)) => {
            vec![Condition { holds: Holds::Yes, ..fails(ACCEPTED, &failure) }, programmed()]
        }
        (None, None) => vec![holds(ACCEPTED, ACCEPTED), programmed()],
    };
    let listeners = if part.excluded.is_some() { vec![] } else { listeners };
    ListenerSetStatus { fleet, conditions, listeners }
}
