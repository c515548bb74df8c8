//! Routes and includes (reference contour.md 3.7 to 3.12).

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::conditions::MatchCondition;
use super::policy::{
    CookieRewritePolicy, HeadersPolicy, HealthCheckPolicy, IpFilterPolicy, JwtVerificationPolicy,
    LoadBalancerPolicy, PathRewritePolicy, RateLimitPolicy, RetryPolicy, TimeoutPolicy,
};
use super::service::Service;
use super::virtual_host::AuthorizationPolicy;
use crate::Choice;
use crate::choice::choices;
use crate::schema::forms;

/// Hands a part of the paths to another HTTPProxy, which may be in another namespace and is no root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Include {
    /// Required.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Default: the namespace of the including HTTPProxy; a DNS label.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::LABEL))]
    pub namespace: Option<String>,
    /// At most one prefix, any headers and query parameters; no exact and no regex path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<MatchCondition>,
}

/// What to do with the requests that match; exactly one of `services`, `requestRedirectPolicy` and
/// `directResponsePolicy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Route {
    /// All must hold; none means all requests. At most one path condition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<MatchCondition>,
    /// Backends, by weight.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// Allows the upgrade to WebSocket; default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enable_websockets: bool,
    /// Serves the route on the HTTP port too, although the host has TLS; default false, which redirects.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub permit_insecure: bool,
    /// Comes before that of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_policy: Option<Box<AuthorizationPolicy>>,
    /// How long requests and connections may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_policy: Option<Box<TimeoutPolicy>>,
    /// Which failures are tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<Box<RetryPolicy>>,
    /// Active checks of the backends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_policy: Option<Box<HealthCheckPolicy>>,
    /// How an endpoint is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer_policy: Option<Box<LoadBalancerPolicy>>,
    /// Changes the path for the backend; needs a prefix condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_rewrite_policy: Option<Box<PathRewritePolicy>>,
    /// Changes requests; `Host` allowed in `set`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_headers_policy: Option<Box<HeadersPolicy>>,
    /// Changes answers; no `Host`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_headers_policy: Option<Box<HeadersPolicy>>,
    /// Changes cookies in answers; names unique.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cookie_rewrite_policies: Vec<CookieRewritePolicy>,
    /// Comes instead of that of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit_policy: Option<Box<RateLimitPolicy>>,
    /// Answers with a redirect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_redirect_policy: Option<Box<HttpRequestRedirectPolicy>>,
    /// Answers with a fixed status and body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_response_policy: Option<Box<HttpDirectResponsePolicy>>,
    /// Follows redirects of the backend within Envoy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_redirect_policy: Option<Box<HttpInternalRedirectPolicy>>,
    /// Which token is needed; default: the default provider of the host, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt_verification_policy: Option<Box<JwtVerificationPolicy>>,
    /// Comes instead of that of the host; not together with `ipDenyPolicy`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ip_allow_policy: Vec<IpFilterPolicy>,
    /// Comes instead of that of the host; not together with `ipAllowPolicy`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ip_deny_policy: Vec<IpFilterPolicy>,
}

choices! {
    /// Scheme of a redirect.
    RedirectScheme {
        /// To clear text.
        Http = "http",
        /// To TLS.
        Https = "https",
    }
}

/// A redirect; what is not given stays as in the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpRequestRedirectPolicy {
    /// `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Choice<RedirectScheme>>,
    /// Lower-case DNS name, 1 to 253 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::DNS_NAME))]
    pub hostname: Option<String>,
    /// 1 to 65535.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i64>,
    /// 301, 302, 303, 307, 308; default 302.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = REDIRECT_CODES, "default" = 302))]
    pub status_code: Option<i64>,
    /// The new path, begins with `/`; not together with `prefix`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::PATH))]
    pub path: Option<String>,
    /// Replaces the matched prefix, begins with `/`; not together with `path`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::PATH))]
    pub prefix: Option<String>,
}

const REDIRECT_CODES: [i64; 5] = [301, 302, 303, 307, 308];

fn redirect_codes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": {"type": "integer", "enum": REDIRECT_CODES}})
}

/// A fixed answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpDirectResponsePolicy {
    /// Required; 200 to 599.
    #[schemars(range(min = 200, max = 599))]
    pub status_code: i64,
    /// At most 4 KiB by Envoy's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

choices! {
    /// Whether an internal redirect may change between `http` and `https`.
    CrossSchemeRedirect {
        /// It may.
        Always = "Always",
        /// It may not (default).
        Never = "Never",
        /// Only when the request came over TLS or the target is clear text.
        SafeOnly = "SafeOnly",
    }
}

/// Redirects that Envoy follows itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpInternalRedirectPolicy {
    /// At least 0; how many are followed for one request. Default: Envoy's, 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub max_internal_redirects: Option<i64>,
    /// 301, 302, 303, 307, 308; default: 302 only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "redirect_codes")]
    pub redirect_response_codes: Vec<i64>,
    /// Default `Never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Never"))]
    pub allow_cross_scheme_redirect: Option<Choice<CrossSchemeRedirect>>,
    /// Follows no redirect to a route that the request has been at; default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deny_repeated_route_redirect: bool,
}
