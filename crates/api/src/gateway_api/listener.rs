//! Listeners, of Gateways and of ListenerSets: a port with a protocol and perhaps a host.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::Check;
use super::check::Seen;
use super::references::SecretObjectReference;
use super::status::RouteGroupKind;
use crate::Choice;
use crate::choice::choices;
use crate::meta::LabelSelector;
use crate::schema::{forms, kubernetes};
use crate::validate::{At, Findings};

/// A port with a protocol and perhaps a host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Listener {
    /// Required; unique within the object, and what `sectionName` means.
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::DNS_NAME))]
    pub name: String,
    /// Default: every host. One leading `*.` matches one or more labels. Not for `TCP` and `UDP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::FQDN))]
    pub hostname: Option<String>,
    /// Required; 1 to 65535.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i64,
    /// Required; what is not known may be a protocol with a domain, such as `example.com/quic`.
    #[schemars(with = "String", length(min = 1, max = 255), regex(pattern = forms::PROTOCOL))]
    pub protocol: Choice<Protocol>,
    /// For `HTTPS` and `TLS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenerTls>,
    /// Default: routes of the own namespace, of the kinds that suit the protocol.
    #[schemars(extend("default" = {}))]
    pub allowed_routes: AllowedRoutes,
}

choices! {
    /// What clients speak.
    Protocol {
        /// HTTP in clear text.
        Http = "HTTP",
        /// HTTP over TLS that ends here.
        Https = "HTTPS",
        /// TLS that ends here or is passed on, by its server name.
        Tls = "TLS",
        /// Connections of TCP.
        Tcp = "TCP",
        /// Datagrams of UDP.
        Udp = "UDP",
    }
}

choices! {
    /// Where TLS ends.
    TlsMode {
        /// Here; needs a certificate.
        Terminate = "Terminate",
        /// At the backend.
        Passthrough = "Passthrough",
    }
}

/// TLS of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ListenerTls {
    /// Default `Terminate`.
    #[schemars(extend("default" = "Terminate"))]
    pub mode: Choice<TlsMode>,
    /// At most 64; for `Terminate`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub certificate_refs: Vec<SecretObjectReference>,
    /// At most 16; what they mean is up to the implementation.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "options")]
    pub options: BTreeMap<String, String>,
}

impl Default for ListenerTls {
    fn default() -> Self {
        Self { mode: TlsMode::Terminate.into(), certificate_refs: Vec::new(), options: BTreeMap::new() }
    }
}

/// Settings of an implementation, by name.
pub(super) fn options(_: &mut SchemaGenerator) -> Schema {
    kubernetes::texts(16, 4096)
}

/// Which routes may be attached to a listener.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct AllowedRoutes {
    /// Default: those of the own namespace.
    #[schemars(extend("default" = {}))]
    pub namespaces: RouteNamespaces,
    /// At most 8. Default: all that suit the protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub kinds: Vec<RouteGroupKind>,
}

choices! {
    /// Namespaces whose routes may be attached.
    FromNamespaces {
        /// Every one.
        All = "All",
        /// Those with the labels of the selector.
        Selector = "Selector",
        /// That of the listener.
        Same = "Same",
    }
}

/// Namespaces whose routes may be attached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RouteNamespaces {
    /// Default `Same`.
    #[schemars(extend("default" = "Same"))]
    pub from: Choice<FromNamespaces>,
    /// Only used with `Selector`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "kubernetes::selector")]
    pub selector: Option<LabelSelector>,
}

impl Default for RouteNamespaces {
    fn default() -> Self {
        Self { from: FromNamespaces::Same.into(), selector: None }
    }
}

impl Check for Listener {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let protocol = self.protocol.known();
        let is_stream = matches!(protocol, Some(Protocol::Tcp | Protocol::Udp));
        if is_stream && self.hostname.is_some() {
            out.add(&at.field("hostname"), "is not for the protocols TCP and UDP");
        }
        match (&self.tls, protocol) {
            (Some(_), Some(Protocol::Http | Protocol::Tcp | Protocol::Udp)) => {
                out.add(&at.field("tls"), "is not for the protocols HTTP, TCP and UDP");
            }
            (Some(tls), Some(Protocol::Https)) if tls.mode != TlsMode::Terminate.into() => {
                out.add(&at.field("tls").field("mode"), "must be Terminate for the protocol HTTPS");
            }
            (None, Some(Protocol::Tls)) => {
                out.add(&at.field("tls"), "is required for the protocol TLS; say in tls.mode where TLS ends");
            }
            _ => {}
        }
        self.tls.check(&at.field("tls"), out);
    }
}

impl Check for ListenerTls {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let has_nothing = self.certificate_refs.is_empty() && self.options.is_empty();
        if self.mode == TlsMode::Terminate.into() && has_nothing {
            out.add(
                &at.field("certificateRefs"),
                "is required when the mode is Terminate, at least one is needed",
            );
        }
    }
}

/// Each listener for itself, and no two for the same requests. Equal names are found by the schema.
pub(super) fn check_listeners(listeners: &[Listener], at: &At<'_>, out: &mut Findings) {
    listeners.check(at, out);
    let mut taken = Seen::new();
    for (index, listener) in listeners.iter().enumerate() {
        let place = (listener.port, listener.protocol.as_str(), &listener.hostname);
        if let Some(first) = taken.earlier(place, index) {
            let message =
                format!("has the port, protocol and hostname of listeners[{first}]; one of them must differ");
            out.add(&At::Index(at, index), message);
        }
    }
}
