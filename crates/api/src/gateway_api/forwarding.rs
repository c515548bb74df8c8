//! `TLSRoute`, `TCPRoute` and `UDPRoute`: connections and datagrams that are forwarded as they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Check;
use super::references::{BackendRef, ParentReference, check_parents};
use super::status::RouteStatus;
use crate::Choice;
use crate::choice::choices;
use crate::meta::ObjectMeta;
use crate::schema::{self, forms};
use crate::validate::{At, Findings};

/// Connections by their server name, passed on as they are or after TLS ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TlsRoute {
    /// Name, namespace, creation time (of equal matches the oldest wins).
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: TlsRouteSpec,
    /// What controllers say about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<RouteStatus>>,
}

/// Connections of TCP.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TcpRoute {
    /// Name, namespace, creation time (of several at one listener the oldest wins).
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: ForwardingSpec,
    /// What controllers say about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<RouteStatus>>,
}

/// Datagrams of UDP.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct UdpRoute {
    /// Name, namespace, creation time (of several at one listener the oldest wins).
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: ForwardingSpec,
    /// What controllers say about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<RouteStatus>>,
}

choices! {
    /// Which default Gateways a route is attached to.
    UseDefaultGateways {
        /// Those whose scope is `All`.
        All = "All",
        /// No Gateway.
        None = "None",
    }
}

/// What is wanted of a TLSRoute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TlsRouteSpec {
    /// At most 32.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub parent_refs: Vec<ParentReference>,
    /// Attaches the route to default Gateways (experimental). Default `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_default_gateways: Option<Choice<UseDefaultGateways>>,
    /// Required; 1 to 1,024 server names; one leading `*.` matches one or more labels.
    #[schemars(length(min = 1, max = 1024), inner(length(min = 1, max = 253), regex(pattern = forms::FQDN)))]
    pub hostnames: Vec<String>,
    /// Required; exactly one.
    #[schemars(length(min = 1, max = 1))]
    pub rules: Vec<ForwardingRule>,
}

/// What is wanted of a TCPRoute or UDPRoute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ForwardingSpec {
    /// At most 32.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub parent_refs: Vec<ParentReference>,
    /// Attaches the route to default Gateways (experimental). Default `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_default_gateways: Option<Choice<UseDefaultGateways>>,
    /// Required; exactly one.
    #[schemars(length(min = 1, max = 1))]
    pub rules: Vec<ForwardingRule>,
}

/// Where connections or datagrams go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ForwardingRule {
    /// A name for policies and for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::DNS_NAME))]
    pub name: Option<String>,
    /// Required; 1 to 16, by weight.
    #[schemars(length(min = 1, max = 16))]
    pub backend_refs: Vec<BackendRef>,
}

impl Check for TlsRoute {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let (at, spec) = (at.field("spec"), &self.spec);
        check_parents(&spec.parent_refs, &at.field("parentRefs"), out);
        for (index, host) in spec.hostnames.iter().enumerate() {
            if host.parse::<std::net::IpAddr>().is_ok() {
                let message = format!("found {host:?}, an IP address, which no server name can be");
                out.add(&At::Index(&at.field("hostnames"), index), message);
            }
        }
        spec.rules.check(&at.field("rules"), out);
    }
}

impl Check for TcpRoute {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.spec.check(&at.field("spec"), out);
    }
}

impl Check for UdpRoute {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.spec.check(&at.field("spec"), out);
    }
}

impl Check for ForwardingSpec {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        check_parents(&self.parent_refs, &at.field("parentRefs"), out);
        self.rules.check(&at.field("rules"), out);
    }
}

impl Check for ForwardingRule {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.backend_refs.check(&at.field("backendRefs"), out);
    }
}
