//! Roots that a Gateway serves in place of the ingress (Contour's `gateway.gatewayRef`).
//!
//! They are on the listeners of Envoy that the Gateway's listeners have, whichever hosts and routes these take: plain
//! requests at its port for HTTP, TLS at its port for TLS, and there with their own certificates.

use std::collections::{BTreeMap, BTreeSet};

use model::{Kind, ListenerId, ObjectId, Problem, Settings, VirtualHostKey};
use store::{Carries, Offer, Reader};

use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::{Contribution, Fragment};

static SPEC: FieldPath<'_> = FieldPath::root("spec");

/// Puts what a root contributes on the listeners of the Gateway that serves roots, if one does. Nothing of it is served
/// where a listener that it needs cannot be told.
pub(crate) fn attach(
    reader: &Reader<'_>,
    settings: &Settings,
    root: &ObjectId,
    mut made: Contribution,
) -> Contribution {
    let Some(gateway) = settings.roots.of_gateway().filter(|_| !made.fragments.is_empty()) else {
        return made;
    };
    let gateway = ObjectId::new(Kind::Gateway, gateway.namespace.clone(), gateway.name.clone());
    let offer = reader.offer(&gateway);
    let (http, https) = (listener(offer, &gateway, &HTTP), listener(offer, &gateway, &HTTPS));
    let place = |(key, fragment): (VirtualHostKey, Fragment)| {
        let is_secure = key.listener == settings.https_listener();
        match if is_secure { &https } else { &http } {
            Ok(listener) => Some(Ok((VirtualHostKey { listener: (*listener).clone(), ..key }, fragment))),
            // It only keeps up what others' routes there must meet, and there are none.
            Err(_) if !fragment.serves() => None,
            Err(problem) => Some(Err(problem.clone())),
        }
    };
    let placed: Result<BTreeMap<_, _>, Problem> =
        std::mem::take(&mut made.fragments).into_iter().filter_map(place).collect();
    match placed {
        Ok(fragments) => {
            fragments.values().filter_map(unchecked).for_each(|problem| made.note(root, problem));
            made.fragments = fragments;
        }
        Err(problem) => {
            made.clusters.clear();
            made.note(root, problem);
        }
    }
    made
}

/// What roots look for at a Gateway.
struct Wanted {
    /// In Contour's words.
    name: &'static str,
    has: fn(Carries) -> bool,
}

const HTTP: Wanted = Wanted { name: "HTTP", has: |carries| carries == Carries::Http };
const HTTPS: Wanted = Wanted {
    name: "HTTPS",
    has: |carries| {
        matches!(
            carries,
            Carries::Https | Carries::HttpsOfRoots | Carries::TerminatedTls | Carries::PassedTls
        )
    },
};

/// The one listener of Envoy of a kind that a Gateway has.
fn listener<'o>(
    offer: Option<&'o Offer>,
    gateway: &ObjectId,
    wanted: &Wanted,
) -> Result<&'o ListenerId, Problem> {
    let listeners = offer.into_iter().flat_map(|offer| &offer.listeners);
    let served = listeners.filter(|listener| (wanted.has)(listener.carries));
    let ids: BTreeSet<_> =
        served.filter_map(|listener| Some(&listener.served_on.as_ref()?.listener)).collect();
    let mut ids = ids.into_iter();
    let what = match (ids.next(), ids.next()) {
        (Some(listener), None) => return Ok(listener),
        (None, _) => format!("no {} listener configured", wanted.name),
        (Some(_), Some(_)) => format!("more than one {} listener configured", wanted.name),
    };
    let message = format!("{what} at {gateway}, which serves this object");
    Err(Fault::new("ListenerError", "ErrorIdentifyingListener", &FieldPath::root(""), message).error())
}

/// What a root asks for that nobody looks at there: its requests are answered with 500.
fn unchecked(fragment: &Fragment) -> Option<Problem> {
    let at = SPEC.field("virtualhost");
    let (kind, reason, at) = match (&fragment.authorization, fragment.jwt_providers.is_empty()) {
        (Some(_), _) => ("AuthError", "AuthNotPermitted", at.field("authorization")),
        (None, false) => ("JWTVerificationError", "JWTVerificationNotPermitted", at.field("jwtProviders")),
        (None, true) => return None,
    };
    let message = format!("{at} is not served by a Gateway: requests are answered with 500");
    let help = "remove it, or let the ingress serve the object (no gateway.gatewayRef)";
    Some(Fault::new(kind, reason, &at, message).with_help(help).error())
}
