//! The Gateways of a fleet, each with its ListenerSets: what they offer to routes, and what the Envoys listen on.

use std::collections::BTreeMap;

use api::gateway_api::gateway::GatewaySpec;
use model::{
    Condition, FleetId, FleetOwner, GatewayApiStatus, GatewayStatus, Holds, Kind, Listener,
    ListenerSetStatus, ListenerStatus, ObjectId, RouteKind, Settings,
};
use store::{Carries, Offer, OfferedListener, Reader, ServedOn, Shown};

use super::addresses;
use super::default_gateways;
use super::hosts::in_common;
use super::listeners::Judged;
use super::members::{Member, Part, members};
use super::merging::without_effect;
use super::served::{Served, serve};
use super::statement::{ACCEPTED, Failure, PROGRAMMED, RESOLVED_REFS, fails, holds, programmed, unless};
use crate::Note;
use crate::contribution::Standing;

/// What becomes of Gateways that are ours and have the same Envoys: of one, or of all of a class.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GatewayPlan {
    /// What the Envoys listen on.
    pub listeners: Vec<Listener>,
    /// What each Gateway offers to routes, and each of its ListenerSets.
    pub offers: BTreeMap<ObjectId, Offer>,
    /// What there is to say about them.
    pub notes: BTreeMap<ObjectId, Note>,
}

/// What becomes of the Gateways that share the Envoys of a fleet; `None` where there is none that is ours, and in which none
/// has Envoys of this fleet.
#[must_use]
pub fn gateways(reader: &Reader<'_>, settings: &Settings, fleet: &FleetId) -> Option<GatewayPlan> {
    let members = members(reader, settings, fleet.owner()?);
    (!members.is_empty()).then(|| plan(reader, settings, fleet, &members))
}

fn plan(reader: &Reader<'_>, settings: &Settings, fleet: &FleetId, members: &[Member<'_>]) -> GatewayPlan {
    let parts = members.iter().flat_map(|member| &member.parts);
    let all: Vec<_> = parts
        .flat_map(|part| {
            part.listeners.iter().enumerate().map(|(index, judged)| (judged, part.is_fit(index)))
        })
        .collect();
    let Served { on, listeners } = serve(settings, fleet, &all);
    let mut plan = GatewayPlan { listeners, ..GatewayPlan::default() };
    let mut served = on.into_iter();
    for member in members {
        for part in &member.parts {
            let on: Vec<_> = served.by_ref().take(part.listeners.len()).collect();
            let statuses = statuses(part, &on, &all);
            let status = match part.id.kind {
                Kind::Gateway => GatewayApiStatus::Gateway(gateway_status(fleet, member, statuses)),
                _ => GatewayApiStatus::ListenerSet(set_status(fleet.clone(), part, statuses)),
            };
            let standing = Some(Box::new(Standing::Whole(status)));
            plan.notes.insert(part.id.clone(), Note { standing, ..Note::default() });
            plan.offers.insert(part.id.clone(), offer(fleet, member, part, on));
        }
        let note = plan.notes.entry(member.name.object(Kind::Gateway)).or_default();
        note.problems = without_effect(reader, fleet, &member.name, &member.fact.spec);
        note.problems.extend(default_gateways::of_gateway(&member.fact.spec));
    }
    plan
}

/// What a Gateway or a ListenerSet offers to routes.
fn offer(fleet: &FleetId, member: &Member<'_>, part: &Part, on: Vec<Option<ServedOn>>) -> Offer {
    let offered = |(judged, served_on): (&Judged, Option<ServedOn>)| {
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
    let shown = match &member.shown {
        None => Shown::Usual,
        Some(Ok(certificate)) => Shown::Own(certificate.clone()),
        Some(Err(_)) => Shown::Nothing,
    };
    let listeners = part.listeners.iter().zip(on).filter_map(offered).collect();
    Offer { gateway: member.name.clone(), fleet: fleet.clone(), shown, listeners }
}

/// What is said of each listener, but how many routes are attached to it.
fn statuses(part: &Part, on: &[Option<ServedOn>], all: &[(&Judged, bool)]) -> Vec<ListenerStatus> {
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

fn gateway_status(fleet: &FleetId, member: &Member<'_>, listeners: Vec<ListenerStatus>) -> GatewayStatus {
    let Member { fact, parts, shown, parameters, .. } = member;
    let (none_is_left, invalid) = invalid_listeners(&parts[0], Part::is_accepted);
    let unsupported = fact.spec.addresses.iter().find_map(addresses::unsupported);
    // What has no effect cannot be wrong.
    let parameters = parameters.as_ref().filter(|_| matches!(fleet.owner(), Some(FleetOwner::Gateway(_))));
    let is_unserved = unsupported.is_some() || (invalid.is_some() && none_is_left);
    let accepted = match (unsupported.as_ref().or(parameters), invalid) {
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
    if let Some(shown) = shown {
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
    GatewayStatus { fleet: fleet.clone(), requested, conditions, listeners, attached_listener_sets }
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
