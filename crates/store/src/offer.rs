//! What Gateways offer to routes: made by translation, kept here because routes read it.

use std::sync::Arc;

use api::meta::LabelSelector;
use model::{FleetId, Host, Kind, ListenerId, SecretKey, TlsTermination};

use crate::Name;

/// What a Gateway or a ListenerSet offers to routes.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The Gateway: itself, or that of the ListenerSet.
    pub gateway: Name,
    /// The Envoys that serve it.
    pub fleet: FleetId,
    /// What these show to backends that ask who they are.
    pub shown: Shown,
    /// Its listeners, in its own order.
    pub listeners: Vec<OfferedListener>,
}

/// What Envoys show to backends that ask who they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// What the operator says.
    #[default]
    Usual,
    /// A certificate of the Gateway.
    Own(SecretKey),
    /// Nothing: the certificate that the Gateway asks for cannot be used, and nobody asked for another.
    Nothing,
}

/// What a listener takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Carries {
    /// Requests.
    Http,
    /// Requests over TLS that ends here.
    Https,
    /// Requests over TLS that ends as Ingresses and HTTPProxies say, each for its own hosts (Contour's
    /// `projectcontour.io/https`).
    HttpsOfRoots,
    /// Connections over TLS that ends here.
    TerminatedTls,
    /// Connections over TLS, as they are.
    PassedTls,
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

/// A listener that routes may be attached to.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferedListener {
    /// Its name, which `sectionName` means.
    pub name: Arc<str>,
    /// Its port, as users know it.
    pub port: u16,
    /// What it takes.
    pub carries: Carries,
    /// Its host; [`Host::any`] for every one.
    pub host: Host,
    /// Kinds of routes that may be attached; sorted.
    pub kinds: Vec<Kind>,
    /// Namespaces whose routes may be attached.
    pub namespaces: AllowedNamespaces,
    /// The listener of Envoy that serves it; `None` while it cannot be served, or is not accepted: routes are attached to it
    /// all the same.
    pub served_on: Option<ServedOn>,
}

/// How Envoy serves a listener.
#[derive(Debug, Clone, PartialEq)]
pub struct ServedOn {
    /// The listener of Envoy, which others of the same port share.
    pub listener: ListenerId,
    /// How TLS ends, where it ends here.
    pub tls: Option<TlsTermination>,
    /// Hosts of other listeners of the same port that are within this one's: requests for these are theirs. Sorted.
    pub narrower: Vec<Host>,
}

/// Namespaces whose routes may be attached.
#[derive(Debug, Clone, PartialEq)]
pub enum AllowedNamespaces {
    /// Every one.
    All,
    /// One.
    Only(Arc<str>),
    /// Those with these labels.
    Labelled(Box<LabelSelector>),
}
