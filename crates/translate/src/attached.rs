//! Roots that a Gateway serves in place of the ingress (Contour's `gateway.gatewayRef`).
//!
//! They are on the listeners of Envoy that the Gateway's listeners have, whichever hosts and routes these take: plain
//! requests at its port for HTTP, TLS at its port for TLS, and there with their own certificates.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, ClientCertificates, Clients, Demand, FleetOwner, Kind, ListenerId, ObjectId, Problem,
    RedirectPort, Settings, Traffic, Trust, VirtualHostKey,
};
use store::{Carries, Offer, Reader};

use crate::fault::Fault;
use crate::field_path::FieldPath;
use crate::{Contribution, Fragment};

/// Puts what a root contributes on the listeners of the Gateway that serves roots, if one does. Nothing of it is served
/// where a listener that it needs cannot be told.
pub(crate) fn attach(
    reader: &Reader<'_>,
    settings: &Settings,
    root: &ObjectId,
    mut made: Contribution,
) -> Contribution {
    let Some(FleetOwner::Gateway(gateway)) = settings.roots.owner().filter(|_| !made.fragments.is_empty())
    else {
        return made;
    };
    let gateway = ObjectId::new(Kind::Gateway, gateway.namespace.clone(), gateway.name.clone());
    let offer = reader.offer(&gateway);
    let (http, https) = (listener(offer, &gateway, &HTTP), listener(offer, &gateway, &HTTPS));
    let upgrade = https_port(&http, &https);
    let place = |(key, mut fragment): (VirtualHostKey, Fragment)| {
        let is_secure = key.listener == settings.https_listener();
        match if is_secure { &https } else { &http } {
            Ok((listener, _)) => {
                upgrade_at(&mut fragment, upgrade);
                if let Some(tls) = &mut fragment.tls
                    && let Some(asked) = asked_at(offer, listener)
                {
                    keep_asking(&mut tls.clients, asked);
                }
                Some(Ok((VirtualHostKey { listener: (*listener).clone(), ..key }, fragment)))
            }
            // It only keeps up what others' routes there must meet, and there are none.
            Err(_) if !fragment.serves() => None,
            Err(problem) => Some(Err(problem.clone())),
        }
    };
    let placed: Result<BTreeMap<_, _>, Problem> =
        std::mem::take(&mut made.fragments).into_iter().filter_map(place).collect();
    match placed {
        Ok(fragments) => made.fragments = fragments,
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

/// A listener of Envoy, and its port as users know it.
type Placed<'o> = (&'o ListenerId, u16);

/// The one listener of Envoy of a kind that a Gateway has.
fn listener<'o>(
    offer: Option<&'o Offer>,
    gateway: &ObjectId,
    wanted: &Wanted,
) -> Result<Placed<'o>, Problem> {
    let fault = |message: String| {
        Fault::new("ListenerError", "ErrorIdentifyingListener", &FieldPath::root(""), message)
    };
    // They do not ask for hosts at listeners: they would take those of other Gateways.
    if let Some(FleetOwner::Class(class)) = offer.and_then(|offer| offer.fleet.owner()) {
        let message = format!(
            "{gateway}, which serves this object, shares its Envoys with all of GatewayClass {class}"
        );
        return Err(fault(message).with_help("choose a Gateway with Envoys of its own").error());
    }
    let listeners = offer.into_iter().flat_map(|offer| &offer.listeners);
    let wanting = listeners.filter(|listener| (wanted.has)(listener.carries));
    let served = wanting.filter_map(|listener| Some((&listener.served_on.as_ref()?.listener, listener.port)));
    let mut served = served.collect::<BTreeSet<_>>().into_iter();
    let what = match (served.next(), served.next()) {
        (Some(placed), None) => return Ok(placed),
        (None, _) => format!("no {} listener configured", wanted.name),
        (Some(_), Some(_)) => format!("more than one {} listener configured", wanted.name),
    };
    Err(fault(format!("{what} at {gateway}, which serves this object")).error())
}

/// The port to which clients are sent who must come by TLS: who came to the usual port of HTTP needs none.
fn https_port(http: &Result<Placed<'_>, Problem>, https: &Result<Placed<'_>, Problem>) -> RedirectPort {
    match (http, https) {
        (Ok((_, 80)), Ok((_, 443))) | (_, Err(_)) => RedirectPort::Same,
        (_, Ok((_, 443))) => RedirectPort::Usual(443),
        (_, Ok((_, port))) => RedirectPort::Number(*port),
    }
}

/// Sends the clients that must come by TLS to this port.
fn upgrade_at(fragment: &mut Fragment, at: RedirectPort) {
    let Traffic::Http(routes) = &mut fragment.traffic else { return };
    for route in routes {
        if let Action::UpgradeToHttps(port) = &mut route.action {
            *port = at;
        }
    }
}

/// What the Gateway asks its clients for where TLS ends at a listener of Envoy.
fn asked_at<'o>(offer: Option<&'o Offer>, at: &ListenerId) -> Option<&'o ClientCertificates> {
    let served =
        offer.into_iter().flat_map(|offer| &offer.listeners).filter_map(|each| each.served_on.as_ref());
    let ends = served.filter(|served| served.listener == *at).filter_map(|served| served.tls.as_ref());
    ends.filter_map(|tls| tls.clients.certificates()).next()
}

/// A root that asks less of its clients than the Gateway does not take off what that asks: routes of the Gateway may be
/// under the same host.
fn keep_asking(clients: &mut Clients, asked: &ClientCertificates) {
    let takes_any = |certificates: &ClientCertificates| matches!(certificates.trust, Trust::Any { .. });
    let asks_less = |own: &ClientCertificates| {
        own.demand == Demand::Optional && asked.demand == Demand::Required
            || takes_any(own) && !takes_any(asked)
    };
    if clients.certificates().is_none_or(asks_less) {
        *clients = Clients::Certified(Box::new(asked.clone()));
    }
}
