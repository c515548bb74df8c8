//! Where a route is attached.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::gateway_api::references::ParentReference;
use model::{Host, ObjectId, ParentRef};
use store::{Age, AllowedNamespaces, Claims, ListenerRef, Name, OfferedListener, Reader, ServedOn, Shown};

use super::hosts::{self, in_common, is_within};
use super::selector;
use super::statement::{Failure, HOST_CONFLICT, parent_ref};
use crate::text::quoted;

/// A route that wants to be attached.
#[derive(Clone, Copy)]
pub(super) struct Route<'a> {
    pub(super) id: &'a ObjectId,
    pub(super) parents: &'a [ParentReference],
    /// Hosts that it names; `None` for a kind that has none.
    pub(super) hosts: Option<&'a [String]>,
}

/// What comes of one reference to a parent of ours.
pub(super) struct Attachment<'s> {
    pub(super) reference: ParentRef,
    pub(super) parent: ObjectId,
    /// The Gateway: the parent, or that of the ListenerSet.
    pub(super) gateway: &'s Name,
    /// What its Envoys show to backends.
    shown: &'s Shown,
    /// The listeners, with the hosts that route and listener have in common; one at least.
    pub(super) listeners: Result<Vec<(&'s OfferedListener, Vec<Host>)>, Failure>,
}

impl Attachment<'_> {
    fn listener_ref(&self, listener: &OfferedListener) -> ListenerRef {
        ListenerRef { parent: self.parent.clone(), name: listener.name.clone() }
    }
}

/// What comes of each reference to a parent of ours, in their order.
pub(super) fn attach<'s>(reader: &Reader<'s>, route: Route<'_>) -> Vec<Attachment<'s>> {
    // Who names hosts of which none can be had has none, and not all of them.
    let hosts = route.hosts.filter(|hosts| !hosts.is_empty());
    let named: Option<Vec<Host>> =
        hosts.map(|hosts| hosts.iter().filter_map(|host| hosts::host(host).ok()).collect());
    let attachment = |reference: &ParentReference| {
        let parent = store::parent(reference, &route.id.namespace)?;
        let offer = reader.offer(&parent)?;
        let listeners = listeners(reader, route.id, reference, &offer.listeners, named.as_deref());
        Some(Attachment {
            reference: parent_ref(reference),
            parent,
            gateway: &offer.gateway,
            shown: &offer.shown,
            listeners,
        })
    };
    route.parents.iter().filter_map(attachment).collect()
}

fn listeners<'s>(
    reader: &Reader<'_>,
    id: &ObjectId,
    reference: &ParentReference,
    offered: &'s [OfferedListener],
    hosts: Option<&[Host]>,
) -> Result<Vec<(&'s OfferedListener, Vec<Host>)>, Failure> {
    let is_meant = |listener: &&OfferedListener| {
        reference.section_name.as_deref().is_none_or(|name| *name == *listener.name)
            && reference.port.is_none_or(|port| port == i64::from(listener.port))
    };
    let meant: Vec<_> = offered.iter().filter(is_meant).collect();
    if meant.is_empty() {
        let message = "no listener of a protocol that is served has this name and port";
        return Err(Failure::new("NoMatchingParent", message));
    }
    let allows = |listener: &&&OfferedListener| {
        listener.kinds.contains(&id.kind) && admits(reader, &listener.namespaces, &id.namespace)
    };
    let allowing: Vec<_> = meant.iter().filter(allows).copied().collect();
    if allowing.is_empty() {
        let message =
            format!("allowedRoutes of the listeners admit no {} of namespace {}", id.kind, id.namespace);
        return Err(Failure::new("NotAllowedByListeners", message));
    }
    let common = |listener: &'s OfferedListener| {
        let common = common(&listener.host, hosts);
        (!common.is_empty()).then_some((listener, common))
    };
    let attached: Vec<_> = allowing.into_iter().filter_map(common).collect();
    match attached.is_empty() {
        true => Err(Failure::new("NoMatchingListenerHostname", "no host is one of a listener")),
        false => Ok(attached),
    }
}

fn admits(reader: &Reader<'_>, allowed: &AllowedNamespaces, namespace: &Arc<str>) -> bool {
    match allowed {
        AllowedNamespaces::All => true,
        AllowedNamespaces::Only(only) => only == namespace,
        AllowedNamespaces::Labelled(selector) => selector::selects_namespace(reader, selector, namespace),
    }
}

/// The hosts that a route and a listener have in common; sorted, each once. A route that names none has all of them.
fn common(listener: &Host, hosts: Option<&[Host]>) -> Vec<Host> {
    let Some(hosts) = hosts else { return vec![listener.clone()] };
    let mut common: Vec<_> = hosts.iter().filter_map(|host| in_common(host, listener)).cloned().collect();
    common.sort_unstable();
    common.dedup();
    common
}

/// The listeners that a route is attached to, whatever becomes of them.
pub(super) fn attached<'s>(attachments: &[Attachment<'s>]) -> impl Iterator<Item = &'s OfferedListener> {
    attachments.iter().flat_map(|each| each.listeners.iter().flatten()).map(|(listener, _)| *listener)
}

/// A place where requests for a host of a route arrive.
pub(super) struct Place<'s> {
    pub(super) listener: &'s OfferedListener,
    pub(super) on: &'s ServedOn,
    pub(super) host: Host,
}

/// The places where a route is served, by what is shown to backends there. Hosts that are a narrower listener's are left
/// out. Without any there is one entry with nothing, so that the route is looked at.
pub(super) fn places<'s>(attachments: &[Attachment<'s>]) -> BTreeMap<&'s Shown, Vec<Place<'s>>> {
    let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for attachment in attachments {
        let own = places.entry(attachment.shown).or_default();
        for (listener, hosts) in attachment.listeners.iter().flatten() {
            let Some(on) = &listener.served_on else { continue };
            own.extend(own_hosts(listener, hosts).map(|host| Place { listener, on, host: host.clone() }));
        }
    }
    places
}

/// Hosts without those that are a narrower listener's.
fn own_hosts<'h>(listener: &OfferedListener, hosts: &'h [Host]) -> impl Iterator<Item = &'h Host> {
    let narrower = listener.served_on.as_ref().map(|on| &*on.narrower).unwrap_or_default();
    hosts.iter().filter(move |host| !narrower.iter().any(|other| is_within(host, other)))
}

/// What a route claims for its kind where it wants to be attached.
pub(super) fn claims(age: Age, attachments: &[Attachment<'_>]) -> Claims {
    let mut claimed: BTreeMap<ListenerRef, BTreeSet<Host>> = BTreeMap::new();
    for attachment in attachments {
        for (listener, hosts) in attachment.listeners.iter().flatten() {
            let mut own = own_hosts(listener, hosts).cloned().peekable();
            if own.peek().is_some() {
                claimed.entry(attachment.listener_ref(listener)).or_default().extend(own);
            }
        }
    }
    let listeners = claimed.into_iter().map(|(listener, hosts)| (listener, hosts.into_iter().collect()));
    Claims { age, listeners: listeners.collect() }
}

/// Takes from a route the listeners where an older one of another kind is accepted in its place. Gives what is to be said
/// of references by which others are left.
pub(super) fn overrule(
    reader: &Reader<'_>,
    id: &ObjectId,
    attachments: &mut [Attachment<'_>],
) -> Vec<(usize, Failure)> {
    let mut told = Vec::new();
    for (index, attachment) in attachments.iter_mut().enumerate() {
        let Ok(listeners) = &attachment.listeners else { continue };
        let (mut left, mut lost) = (Vec::new(), Vec::new());
        for (listener, hosts) in listeners {
            match reader.overruled(id, &attachment.listener_ref(listener)) {
                Some(winner) => lost.push(format!("listener {} takes {winner}", quoted(&listener.name))),
                None => left.push((*listener, hosts.clone())),
            }
        }
        if lost.is_empty() {
            continue;
        }
        let message = format!(
            "a listener takes no HTTPRoute and GRPCRoute with hosts in common, but the older: {}; give them other hosts or \
             another listener",
            lost.join(", ")
        );
        let failure = Failure::new(HOST_CONFLICT, message);
        attachment.listeners = match left.is_empty() {
            true => Err(failure),
            false => {
                told.push((index, failure));
                Ok(left)
            }
        };
    }
    told
}
