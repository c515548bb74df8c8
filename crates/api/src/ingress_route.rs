//! `IngressRoute` of `contour.heptio.com/v1beta1`: what Contour had before HTTPProxy (reference contour.md 4.1).
//!
//! Everything is optional for the decoder, as with HTTPProxy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Choice;
use crate::choice::choices;
use crate::meta::ObjectMeta;
use crate::schema::{self, forms, is_default};
use crate::tls_certificate_delegation::{TlsCertificateDelegationSpec, TlsCertificateDelegationStatus};

/// One IngressRoute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct IngressRoute {
    /// Name, namespace, annotations (class), creation time (the oldest wins a host).
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What the user wants.
    pub spec: IngressRouteSpec,
    /// What the controller says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<IngressRouteStatus>,
}

/// What the user wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct IngressRouteSpec {
    /// The host; its presence makes the object a root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtualhost: Option<VirtualHost>,
    /// Routes of this object, and what it delegates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// Forwards the bytes of the TLS connection instead of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcpproxy: Option<TcpProxy>,
}

/// The host of a root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct VirtualHost {
    /// Required; no wildcards. What is wrong with it is said in the status, as by Contour.
    pub fqdn: String,
    /// Ends TLS here, or passes it through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// TLS of a root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Tls {
    /// `name` or `namespace/name` of a Secret; comes before `passthrough`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_name: Option<String>,
    /// `1.1` (default; counts as `1.2`), `1.2`, `1.3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_protocol_version: Option<String>,
    /// Carries TLS connections to the backend as they are; needs a `tcpproxy`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub passthrough: bool,
}

/// What happens to requests below a path: they go to services, or another IngressRoute decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Route {
    /// Required; a prefix of the path, from the root of the host.
    #[serde(rename = "match")]
    #[schemars(regex(pattern = forms::PATH))]
    pub prefix: String,
    /// Backends, by weight.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// Another IngressRoute, which has the routes below the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegate: Option<Delegate>,
    /// Allows the upgrade to WebSocket; default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enable_websockets: bool,
    /// Serves the route on the HTTP port too, although the host has TLS; default false, which redirects.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub permit_insecure: bool,
    /// Replaces the prefix in what backends get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix_rewrite: Option<String>,
    /// How long requests may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_policy: Option<TimeoutPolicy>,
    /// Tries requests again that were answered by 5xx.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
}

/// Names another IngressRoute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Delegate {
    /// Required.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Default: the namespace of the delegating IngressRoute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Time limits of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TimeoutPolicy {
    /// Go duration; what is none means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// Second tries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RetryPolicy {
    /// How often; at least once, whatever stands here.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0))]
    pub count: i64,
    /// Go duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_try_timeout: Option<String>,
}

choices! {
    /// How an endpoint is chosen.
    Strategy {
        /// In turn (default).
        RoundRobin = "RoundRobin",
        /// The one with the fewest requests of two.
        WeightedLeastRequest = "WeightedLeastRequest",
        /// Any.
        Random = "Random",
        /// The same one for one client, by a cookie.
        Cookie = "Cookie",
    }
}

/// One Kubernetes Service, in the namespace of the IngressRoute that names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Service {
    /// Required; name of the Service.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Required; 1 to 65535, a port of the Service. What is out of range is said in the status, as by Contour.
    pub port: i64,
    /// At least 0; share of the requests. All zero means equal shares. What is below is said in the status.
    #[serde(skip_serializing_if = "is_default")]
    pub weight: i64,
    /// Probes of the endpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    /// `RoundRobin` (default, and what any unknown word means), `WeightedLeastRequest`, `Random`, `Cookie`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub strategy: Option<Choice<Strategy>>,
    /// Checks the certificate of the backend; only used with TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<UpstreamValidation>,
}

/// Probes of endpoints by HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HealthCheck {
    /// Required.
    #[schemars(length(min = 1))]
    pub path: String,
    /// Default `contour-envoy-healthcheck`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Default 10.
    #[serde(skip_serializing_if = "is_default")]
    pub interval_seconds: i64,
    /// Default 2.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout_seconds: i64,
    /// Default 3.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0))]
    pub unhealthy_threshold_count: i64,
    /// Default 2.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0))]
    pub healthy_threshold_count: i64,
}

/// Whose certificates a backend may show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct UpstreamValidation {
    /// Required; a Secret with `ca.crt`.
    pub ca_secret: String,
    /// Required; a DNS name of the certificate.
    pub subject_name: String,
}

/// Forwards the connection; services or a delegate, not both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TcpProxy {
    /// Backends, by weight.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// The IngressRoute whose `tcpproxy` is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegate: Option<Delegate>,
}

/// What the controller says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct IngressRouteStatus {
    /// `valid`, `invalid`, `orphaned`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub current_status: String,
    /// The first thing that is wrong, or `valid IngressRoute`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// `TLSCertificateDelegation` of the same group: what Contour had before that of `projectcontour.io`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HeptioCertificateDelegation {
    /// Name and namespace; the namespace is the one whose Secrets are delegated.
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is delegated to whom.
    pub spec: TlsCertificateDelegationSpec,
    /// Written by the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<TlsCertificateDelegationStatus>>,
}
