//! One listener of a Gateway or of a ListenerSet, looked at by itself.

use std::sync::Arc;

use api::gateway_api::GROUP;
use api::gateway_api::gateway::{FrontendTlsValidation, FrontendValidationMode, GatewaySpec};
use api::gateway_api::listener::{AllowedRoutes, FromNamespaces, Listener, ListenerTls, Protocol, TlsMode};
use model::{
    ClientCertificates, Clients, Demand, Host, Kind, ObjectId, Revocation, SecretKey, Settings,
    TlsTermination, Trust,
};
use store::{AllowedNamespaces, Carries, Reader};

use super::authorities;
use super::certificates::pair;
use super::hosts;
use super::statement::Failure;
use crate::text::quoted;
use crate::tls;

/// The reason for a certificate that cannot be used.
const INVALID: &str = "InvalidCertificateRef";

/// Contour's word for HTTPS whose certificates are those of Ingresses and HTTPProxies.
const CONTOURS_HTTPS: &str = "projectcontour.io/https";

/// A listener, and what is wrong with it by itself.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) name: Arc<str>,
    pub(super) port: u16,
    pub(super) host: Host,
    /// What it takes; `None` for a protocol that is not served.
    pub(super) carries: Option<Carries>,
    /// The kinds of routes that it takes; sorted as the object has them.
    pub(super) kinds: Vec<Kind>,
    pub(super) namespaces: AllowedNamespaces,
    /// Why it is not accepted.
    pub(super) refused: Option<Failure>,
    /// Which reference of it comes to nothing.
    pub(super) unresolved: Option<Failure>,
    /// How TLS ends; `None` where it does not end here, and where it cannot.
    pub(super) tls: Option<TlsTermination>,
}

impl Judged {
    /// Whether it can be served, others permitting.
    pub(super) fn can_be_served(&self) -> bool {
        let ends_tls = matches!(self.carries, Some(Carries::Https | Carries::TerminatedTls));
        self.refused.is_none() && (self.tls.is_some() || !ends_tls)
    }
}

/// Looks at a listener of an object, which is the Gateway or one of its ListenerSets.
pub(super) fn judge(
    reader: &Reader<'_>,
    settings: &Settings,
    gateway: (&ObjectId, &GatewaySpec),
    owner: &ObjectId,
    listener: &Listener,
) -> Judged {
    let carries = carries(listener);
    let (kinds, unknown_kind) = kinds(carries, &listener.allowed_routes);
    let host = listener.hostname.as_deref().filter(|host| !host.is_empty());
    let host = host.map_or_else(|| Ok(Host::any()), hosts::host);
    let refused = match (&carries, &host) {
        (None, _) => {
            let message = format!("the protocol {} is not served", quoted(listener.protocol.as_str()));
            Some(Failure::new("UnsupportedProtocol", message))
        }
        (Some(_), Err(why)) => Some(Failure::new("UnsupportedValue", why.clone())),
        (Some(_), Ok(_)) => None,
    };
    let mut judged = Judged {
        name: listener.name.as_str().into(),
        port: u16::try_from(listener.port).unwrap_or_default(),
        host: host.unwrap_or_else(|_| Host::any()),
        carries,
        kinds,
        namespaces: namespaces(owner, &listener.allowed_routes),
        refused,
        unresolved: unknown_kind,
        tls: None,
    };
    if matches!(carries, Some(Carries::Https | Carries::TerminatedTls)) {
        end_tls(reader, settings, gateway, owner, listener.tls.as_ref(), &mut judged);
    }
    judged
}

fn carries(listener: &Listener) -> Option<Carries> {
    let passes = listener.tls.as_ref().is_some_and(|tls| tls.mode.known() == Some(TlsMode::Passthrough));
    match listener.protocol.known() {
        Some(Protocol::Http) => Some(Carries::Http),
        Some(Protocol::Https) => Some(Carries::Https),
        Some(Protocol::Tls) if passes => Some(Carries::PassedTls),
        Some(Protocol::Tls) => Some(Carries::TerminatedTls),
        Some(Protocol::Tcp) => Some(Carries::Tcp),
        Some(Protocol::Udp) => Some(Carries::Udp),
        None if listener.protocol.as_str() != CONTOURS_HTTPS => None,
        None if listener.tls.as_ref().is_some_and(|tls| !tls.certificate_refs.is_empty()) => {
            Some(Carries::Https)
        }
        None => Some(Carries::HttpsOfRoots),
    }
}

/// The kinds of routes that may be attached where this is taken.
pub(super) const fn suitable(carries: Carries) -> &'static [Kind] {
    match carries {
        Carries::Http | Carries::Https => &[Kind::HttpRoute, Kind::GrpcRoute],
        Carries::HttpsOfRoots => &[],
        Carries::TerminatedTls => &[Kind::TlsRoute, Kind::TcpRoute],
        Carries::PassedTls => &[Kind::TlsRoute],
        Carries::Tcp => &[Kind::TcpRoute],
        Carries::Udp => &[Kind::UdpRoute],
    }
}

/// The kinds that a listener takes, and what is wrong when it names others.
fn kinds(carries: Option<Carries>, allowed: &AllowedRoutes) -> (Vec<Kind>, Option<Failure>) {
    let suitable = carries.map_or(&[][..], suitable);
    if allowed.kinds.is_empty() {
        return (suitable.to_vec(), None);
    }
    let mut kinds = Vec::new();
    let mut failure = None;
    for named in &allowed.kinds {
        let found = suitable.iter().find(|kind| named.group == GROUP && named.kind == kind.as_str());
        match found {
            Some(kind) if kinds.contains(kind) => {}
            Some(kind) => kinds.push(*kind),
            None => {
                let name = quoted(&format!("{}/{}", named.group, named.kind));
                let message = format!("routes of the kind {name} cannot be attached to this protocol");
                failure.get_or_insert_with(|| Failure::new("InvalidRouteKinds", message));
            }
        }
    }
    (kinds, failure)
}

fn namespaces(owner: &ObjectId, allowed: &AllowedRoutes) -> AllowedNamespaces {
    let none = || AllowedNamespaces::Only(owner.namespace.clone());
    match allowed.namespaces.from.known() {
        Some(FromNamespaces::All) => AllowedNamespaces::All,
        Some(FromNamespaces::Same) | None => none(),
        Some(FromNamespaces::Selector) => {
            let selector = allowed.namespaces.selector.clone();
            selector.map_or_else(none, |selector| AllowedNamespaces::Labelled(Box::new(selector)))
        }
    }
}

/// Finds the certificates of a listener, and what its clients must show.
fn end_tls(
    reader: &Reader<'_>,
    settings: &Settings,
    (gateway, spec): (&ObjectId, &GatewaySpec),
    owner: &ObjectId,
    tls: Option<&ListenerTls>,
    judged: &mut Judged,
) {
    let references = tls.map(|tls| &*tls.certificate_refs).unwrap_or_default();
    if references.is_empty() {
        let failure = Failure::new(INVALID, "tls.certificateRefs names no certificate");
        judged.unresolved.get_or_insert(failure);
        return;
    }
    let mut certificates = Vec::new();
    for reference in references {
        match pair(reader, owner, reference, INVALID) {
            Ok(name) => {
                let certificate = SecretKey::pair(name.namespace, name.name);
                if !certificates.contains(&certificate) {
                    certificates.push(certificate);
                }
            }
            Err(failure) => drop(judged.unresolved.get_or_insert(failure)),
        }
    }
    let validation = validation(spec, judged.port).filter(|_| judged.carries == Some(Carries::Https));
    let clients =
        validation.map_or(Some(Clients::ANYONE), |validation| clients(reader, gateway, validation, judged));
    if let Some(clients) = clients.filter(|_| !certificates.is_empty()) {
        let (minimum, maximum) = tls::versions(settings, None, None);
        judged.tls = Some(TlsTermination { certificates, minimum, maximum, clients });
    }
}

/// Who may connect where certificates of clients are looked at; `None` while that cannot be checked: nobody may.
fn clients(
    reader: &Reader<'_>,
    gateway: &ObjectId,
    validation: &FrontendTlsValidation,
    judged: &mut Judged,
) -> Option<Clients> {
    let references = validation.ca_certificate_refs.iter().map(|reference| {
        let namespace = reference.namespace.as_deref().unwrap_or(&gateway.namespace);
        (&*reference.group, &*reference.kind, namespace, &*reference.name)
    });
    let (bundle, unresolved) = authorities::bundle(reader, gateway, references, "InvalidCACertificateKind");
    if let Some(failure) = unresolved {
        judged.unresolved.get_or_insert(failure);
    }
    let Some(by) = bundle else {
        let message = "no certificate of an authority can be used, so that no client can be let in";
        judged.refused.get_or_insert_with(|| Failure::new("NoValidCACertificate", message));
        return None;
    };
    let lets_all_in = validation.mode.known() == Some(FrontendValidationMode::AllowInsecureFallback);
    let certificates = match lets_all_in {
        true => ClientCertificates {
            demand: Demand::Optional,
            trust: Trust::Any { suggested: Some(by) },
            forward: None,
        },
        false => ClientCertificates {
            demand: Demand::Required,
            trust: Trust::Issued { by, revocation: Revocation::Chain },
            forward: None,
        },
    };
    Some(Clients::Certified(Box::new(certificates)))
}

/// What the Gateway asks of clients' certificates at a port, if it asks for any.
fn validation(spec: &GatewaySpec, port: u16) -> Option<&FrontendTlsValidation> {
    let frontend = spec.tls.as_ref()?.frontend.as_ref()?;
    let own = frontend.per_port.iter().find(|each| each.port == i64::from(port));
    own.map_or(&frontend.default, |own| &own.tls).validation.as_ref()
}
