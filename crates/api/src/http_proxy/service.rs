//! Backends of a route or TCP proxy (reference contour.md 3.10).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::{CookieRewritePolicy, HeadersPolicy};
use crate::Choice;
use crate::choice::choices;
use crate::schema::{forms, is_default, rules};

choices! {
    /// How Envoy speaks to the backend; without it HTTP/1.1 in clear text, or what the Service says.
    Protocol {
        /// HTTP/2 over TLS.
        H2 = "h2",
        /// HTTP/2 in clear text.
        H2c = "h2c",
        /// HTTP/1.1 over TLS.
        Tls = "tls",
    }
}

/// One Kubernetes Service, in the namespace of the HTTPProxy that names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Service {
    /// Required; name of the Service.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Required; 1 to 65535, a port of the Service, by number.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i64,
    /// 1 to 65535, a port of the Service; only used with a health check policy. Default: `port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub health_port: Option<i64>,
    /// Comes before `appProtocol` and the annotations of the Service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Choice<Protocol>>,
    /// At least 0; share of the requests. All zero means equal shares. For a mirror: percent, 1 to 100,
    /// where 0 means 100.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0))]
    pub weight: i64,
    /// Gets a copy of the requests, its answers are dropped; at most one per route.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mirror: bool,
    /// Checks the certificate of the backend; only used with `tls` and `h2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Box<UpstreamValidation>>,
    /// Changes requests to this backend; `Host` as literal only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_headers_policy: Option<Box<HeadersPolicy>>,
    /// Changes answers of this backend; no `Host`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_headers_policy: Option<Box<HeadersPolicy>>,
    /// Changes cookies of this backend; its attributes come before those of the route.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cookie_rewrite_policies: Vec<CookieRewritePolicy>,
    /// Sends little to new endpoints at first; RoundRobin and WeightedLeastRequest only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_start_policy: Option<Box<SlowStartPolicy>>,
}

/// Whose certificates a backend may show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default, extend("x-kubernetes-validations" = [rules::SUBJECT_NAMES]))]
pub struct UpstreamValidation {
    /// Required, 1 to 317 characters; `name` or `namespace/name` of a Secret with `ca.crt`.
    #[schemars(length(min = 1, max = 317))]
    pub ca_secret: String,
    /// Required, 1 to 250 characters; a DNS name of the certificate.
    #[schemars(length(min = 1, max = 250))]
    pub subject_name: String,
    /// 1 to 8 names of 1 to 250 characters, any of which the certificate may have; the first equals
    /// `subjectName`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 8), inner(length(min = 1, max = 250)))]
    pub subject_names: Vec<String>,
}

/// Slow start of new endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct SlowStartPolicy {
    /// Required; Go duration.
    #[schemars(regex(pattern = forms::DURATION))]
    pub window: String,
    /// Decimal number as text, above 0; default `1.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::DECIMAL), extend("default" = "1.0"))]
    pub aggression: Option<String>,
    /// Percent, 0 to 100; default 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100), extend("default" = 10))]
    pub min_weight_percent: Option<i64>,
}
