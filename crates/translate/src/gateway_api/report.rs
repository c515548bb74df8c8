//! What is told about objects of the Gateway API.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{
    AncestorStatus, Condition, GatewayApiStatus, Holds, Kind, ListenerStatus, ObjectId, ParentRef,
    ParentStatus, Problem, Report, Settings, Severity, Verdict,
};
use store::Reader;

use super::parameters;
use super::statement::{ACCEPTED, HOST_CONFLICT, MATCH_CONFLICT, unless};
use super::translation::SPEC;
use crate::Note;
use crate::contribution::Standing;
use crate::report::said;
use crate::text::quoted;

/// What is told about an object of the Gateway API, from what units say of it. `None` when it is gone, or not ours.
pub(crate) fn report(
    reader: &Reader<'_>,
    settings: &Settings,
    id: &ObjectId,
    notes: &[&Note],
) -> Option<Report> {
    let generation = generation(reader, id)?;
    let mut status = match id.kind {
        Kind::GatewayClass => class(reader, settings, id)?,
        Kind::BackendTlsPolicy | Kind::XBackendTrafficPolicy => policy(notes)?,
        _ => counted(notes)?,
    };
    let mut problems = said(notes);
    if let GatewayApiStatus::Route(parents) = &mut status {
        say_what_others_have(parents, &problems);
    }
    let is_error = |problem: &Problem| problem.severity == Severity::Error;
    if !problems.iter().any(is_error) {
        for problem in conditions(&status).into_iter().filter_map(problem) {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    let is_invalid = problems.iter().any(is_error);
    let verdict = if is_invalid { Verdict::Invalid } else { Verdict::Valid };
    let (object, fleet) = (id.clone(), status.fleet());
    Some(Report { object, generation, verdict, problems, gateway_api: Some(Box::new(status)), fleet })
}

fn generation(reader: &Reader<'_>, id: &ObjectId) -> Option<i64> {
    let (namespace, name) = (&*id.namespace, &*id.name);
    Some(match id.kind {
        Kind::GatewayClass => reader.gateway_class(name)?.generation,
        Kind::Gateway => reader.gateway(namespace, name)?.generation,
        Kind::ListenerSet => reader.listener_set(namespace, name)?.generation,
        Kind::HttpRoute => reader.http_route(namespace, name)?.generation,
        Kind::GrpcRoute => reader.grpc_route(namespace, name)?.generation,
        Kind::TlsRoute => reader.tls_route(namespace, name)?.generation,
        Kind::TcpRoute => reader.tcp_route(namespace, name)?.generation,
        Kind::UdpRoute => reader.udp_route(namespace, name)?.generation,
        Kind::BackendTlsPolicy => reader.tls_policy(namespace, name)?.generation,
        Kind::XBackendTrafficPolicy => reader.traffic_policy(namespace, name)?.generation,
        _ => return None,
    })
}

/// A class of ours is accepted if it has no parameters that cannot be used, whatever its Gateways are.
fn class(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Option<GatewayApiStatus> {
    let fact = reader.gateway_class(&id.name)?;
    if *fact.spec.controller_name != *settings.gateway_controller {
        return None;
    }
    let failure = parameters::failure_of_class(reader, &fact.spec);
    Some(GatewayApiStatus::Class(vec![unless(ACCEPTED, ACCEPTED, failure.as_ref())]))
}

/// The status that one unit knows, with the routes counted that say they are attached.
fn counted(notes: &[&Note]) -> Option<GatewayApiStatus> {
    let mut status = notes.iter().find_map(|note| match note.standing.as_deref() {
        Some(Standing::Whole(status)) => Some(status.clone()),
        _ => None,
    })?;
    let listeners = match &mut status {
        GatewayApiStatus::Gateway(gateway) => &mut gateway.listeners,
        GatewayApiStatus::ListenerSet(set) => &mut set.listeners,
        GatewayApiStatus::Class(_) | GatewayApiStatus::Route(_) | GatewayApiStatus::Policy(_) => {
            return Some(status);
        }
    };
    let mut attached: BTreeMap<&Arc<str>, u32> = BTreeMap::new();
    for note in notes {
        if let Some(Standing::Attached(listeners)) = note.standing.as_deref() {
            // A route may name a listener in several ways.
            let each: BTreeSet<_> = listeners.iter().collect();
            each.into_iter().for_each(|listener| *attached.entry(listener).or_default() += 1);
        }
    }
    for ListenerStatus { name, attached_routes, .. } in listeners {
        *attached_routes = attached.get(name).copied().unwrap_or_default();
    }
    Some(status)
}

/// How many conflicts a route tells about at most.
const CONFLICTS: usize = 4;

/// A route that comes second is accepted all the same, as the specification has no word for it: its condition tells whom
/// others are sent to.
fn say_what_others_have(parents: &mut [ParentStatus], problems: &[Problem]) {
    let is_conflict = |problem: &&Problem| {
        problem.severity == Severity::Warning && matches!(problem.reason, MATCH_CONFLICT | HOST_CONFLICT)
    };
    let told: Vec<_> = problems.iter().filter(is_conflict).map(|problem| &*problem.message).collect();
    let mut message = told.iter().take(CONFLICTS).copied().collect::<Vec<_>>().join("; ");
    if told.len() > CONFLICTS {
        message.push_str(&format!("; {} more", told.len() - CONFLICTS));
    }
    let conditions = parents.iter_mut().flat_map(|parent| &mut parent.conditions);
    let accepted = conditions.filter(|each| each.name == ACCEPTED && each.holds == Holds::Yes);
    accepted.for_each(|condition| condition.message.clone_from(&message));
}

/// How many ancestors a policy tells about at most.
const ANCESTORS: usize = 16;

/// What the routes that have a policy's backends say of it: of one ancestor the first that is not content.
fn policy(notes: &[&Note]) -> Option<GatewayApiStatus> {
    let mut ancestors: BTreeMap<&ParentRef, &AncestorStatus> = BTreeMap::new();
    for note in notes {
        let Some(Standing::Reached(reached)) = note.standing.as_deref() else { continue };
        for status in reached {
            let known = ancestors.entry(&status.ancestor).or_insert(status);
            if is_content(&known.conditions) {
                *known = status;
            }
        }
    }
    let ancestors: Vec<_> = ancestors.into_values().take(ANCESTORS).cloned().collect();
    (!ancestors.is_empty()).then_some(GatewayApiStatus::Policy(ancestors))
}

fn is_content(conditions: &[Condition]) -> bool {
    conditions.iter().all(|condition| condition.holds != Holds::No)
}

/// A condition, and the place and name of the listener that it is about.
type Said<'a> = (Option<(usize, &'a str)>, &'a Condition);

/// All conditions of a status.
fn conditions(status: &GatewayApiStatus) -> Vec<Said<'_>> {
    match status {
        GatewayApiStatus::Class(conditions) => of_object(conditions),
        GatewayApiStatus::Gateway(gateway) => with_listeners(&gateway.conditions, &gateway.listeners),
        GatewayApiStatus::ListenerSet(set) => with_listeners(&set.conditions, &set.listeners),
        GatewayApiStatus::Route(parents) => {
            parents.iter().flat_map(|parent| of_object(&parent.conditions)).collect()
        }
        GatewayApiStatus::Policy(ancestors) => {
            ancestors.iter().flat_map(|each| of_object(&each.conditions)).collect()
        }
    }
}

fn of_object(conditions: &[Condition]) -> Vec<Said<'_>> {
    conditions.iter().map(|condition| (None, condition)).collect()
}

fn with_listeners<'a>(conditions: &'a [Condition], listeners: &'a [ListenerStatus]) -> Vec<Said<'a>> {
    let of_listener = |(index, listener): (usize, &'a ListenerStatus)| {
        listener.conditions.iter().map(move |condition| (Some((index, &*listener.name)), condition))
    };
    of_object(conditions).into_iter().chain(listeners.iter().enumerate().flat_map(of_listener)).collect()
}

/// A condition that tells of something wrong, as a problem. `Programmed` and `Conflicted` follow from the others.
fn problem((listener, condition): Said<'_>) -> Option<Problem> {
    let Condition { name, holds, reason, message } = condition;
    let is_wrong = *holds == Holds::No && !matches!(*name, "Conflicted" | "Programmed");
    let (path, message) = match listener {
        Some((index, name)) => {
            (SPEC.item("listeners", index).to_string(), format!("listener {}: {message}", quoted(name)))
        }
        None => (String::new(), message.clone()),
    };
    let (severity, kind, reason, help) = (Severity::Error, *name, *reason, None);
    is_wrong.then_some(Problem { severity, kind, reason, path, message, help })
}
