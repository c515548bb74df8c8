//! Policies of routes and services (reference contour.md 3.11 to 3.20).

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::Choice;
use crate::choice::choices;
use crate::schema::{forms, is_default};

pub mod rate_limit;

pub use rate_limit::RateLimitPolicy;

/// Timeouts: Go durations or `infinity`; unset and zero mean Envoy's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct TimeoutPolicy {
    /// From the end of the request to the end of the answer; Envoy's default is 15 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::TIMEOUT))]
    pub response: Option<String>,
    /// Without a byte in either direction on the request's stream; Envoy's default is 5 min.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::TIMEOUT))]
    pub idle: Option<String>,
    /// Without a request on a connection to the backend; Envoy's default is 1 h.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::TIMEOUT))]
    pub idle_connection: Option<String>,
}

choices! {
    /// What is tried again; Envoy's words.
    RetryOn {
        /// Any 5xx, and no answer at all.
        FiveXx = "5xx",
        /// 502, 503, 504.
        GatewayError = "gateway-error",
        /// Disconnect, reset, timeout.
        Reset = "reset",
        /// Reset before the request was sent.
        ResetBeforeRequest = "reset-before-request",
        /// No connection.
        ConnectFailure = "connect-failure",
        /// The header `x-envoy-ratelimited` is there.
        EnvoyRatelimited = "envoy-ratelimited",
        /// 409.
        Retriable4xx = "retriable-4xx",
        /// HTTP/2 REFUSED_STREAM.
        RefusedStream = "refused-stream",
        /// Those in `retriableStatusCodes`.
        RetriableStatusCodes = "retriable-status-codes",
        /// Those in the retriable headers.
        RetriableHeaders = "retriable-headers",
        /// HTTP/3 after the connection stood.
        Http3PostConnectFailure = "http3-post-connect-failure",
        /// gRPC cancelled.
        Cancelled = "cancelled",
        /// gRPC deadline-exceeded.
        DeadlineExceeded = "deadline-exceeded",
        /// gRPC internal.
        Internal = "internal",
        /// gRPC resource-exhausted.
        ResourceExhausted = "resource-exhausted",
        /// gRPC unavailable.
        Unavailable = "unavailable",
    }
}

/// Retries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RetryPolicy {
    /// At least -1; -1 turns retries off, 0 and unset mean 1.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = -1), extend("default" = 1))]
    pub count: i64,
    /// Go duration or `infinity`; default: the response timeout.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::TIMEOUT))]
    pub per_try_timeout: Option<String>,
    /// Default `5xx`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retry_on: Vec<Choice<RetryOn>>,
    /// Used with `retriable-status-codes`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(range(min = 0, max = i32::MAX)))]
    pub retriable_status_codes: Vec<i64>,
}

/// Active HTTP checks; numbers of 0 mean the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HealthCheckPolicy {
    /// Required; the path that is asked for.
    #[schemars(length(min = 1))]
    pub path: String,
    /// The `Host` header; default `contour-envoy-healthcheck`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Seconds between checks; default 10.
    #[serde(skip_serializing_if = "is_default")]
    pub interval_seconds: i64,
    /// Seconds to wait for the answer; default 2.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout_seconds: i64,
    /// Failures until unhealthy, at least 0; default 3.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0))]
    pub unhealthy_threshold_count: i64,
    /// Successes until healthy, at least 0; default 2.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0))]
    pub healthy_threshold_count: i64,
    /// Which statuses count as healthy; default: 200.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected_statuses: Vec<HttpStatusRange>,
}

/// A half-open range of statuses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpStatusRange {
    /// Required; 100 to 599, included.
    #[schemars(range(min = 100, max = 599))]
    pub start: i64,
    /// Required; 101 to 600, excluded.
    #[schemars(range(min = 101, max = 600))]
    pub end: i64,
}

/// How an endpoint is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct LoadBalancerPolicy {
    /// `RoundRobin` (default, and what any unknown word means), `WeightedLeastRequest`, `Random`, `Cookie`,
    /// `RequestHash`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub strategy: Option<Choice<Strategy>>,
    /// Only with `RequestHash`; without a valid one the strategy is `RoundRobin`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_hash_policies: Vec<RequestHashPolicy>,
}

choices! {
    /// How an endpoint is chosen.
    Strategy {
        /// In turn.
        RoundRobin = "RoundRobin",
        /// The one with fewer requests of two.
        WeightedLeastRequest = "WeightedLeastRequest",
        /// At random.
        Random = "Random",
        /// The one that a generated cookie names.
        Cookie = "Cookie",
        /// By a hash of the request.
        RequestHash = "RequestHash",
    }
}

/// One ingredient of the hash; exactly one of the three sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RequestHashPolicy {
    /// Stops here when this ingredient was there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub terminal: bool,
    /// A header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_hash_options: Option<Box<HeaderHashOptions>>,
    /// A query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_parameter_hash_options: Option<Box<QueryParameterHashOptions>>,
    /// The address of the client.
    #[serde(rename = "hashSourceIP", skip_serializing_if = "std::ops::Not::not")]
    pub hash_source_ip: bool,
}

/// A header that is hashed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HeaderHashOptions {
    /// Required.
    #[schemars(length(min = 1))]
    pub header_name: String,
}

/// A query parameter that is hashed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct QueryParameterHashOptions {
    /// Required.
    #[schemars(length(min = 1))]
    pub parameter_name: String,
}

/// Changes of the path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct PathRewritePolicy {
    /// The entry whose prefix equals the whole joined prefix counts, else the one without prefix.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replace_prefix: Vec<ReplacePrefix>,
}

/// One replacement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ReplacePrefix {
    /// The full prefix this is for, not empty when given; unique. Unset: for all others, at most once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub prefix: Option<String>,
    /// Required, not empty.
    #[schemars(length(min = 1))]
    pub replacement: String,
}

/// Changes of headers; names unique in each list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HeadersPolicy {
    /// Sets or overwrites.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<HeaderValue>,
    /// Removes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// A header with its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HeaderValue {
    /// Required; a token.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Required; `%` is literal except in the allowed variables (reference contour.md 3.15).
    #[schemars(length(min = 1))]
    pub value: String,
}

choices! {
    /// The `SameSite` attribute.
    SameSite {
        /// Never across sites.
        Strict = "Strict",
        /// For navigation only.
        Lax = "Lax",
        /// Always.
        None = "None",
    }
}

/// Changes of one cookie; at least one attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct CookieRewritePolicy {
    /// Required; a token of 1 to 4096 characters.
    #[schemars(length(min = 1, max = 4096), regex(pattern = forms::COOKIE_NAME))]
    pub name: String,
    /// New `Path`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "path_of_cookie")]
    pub path_rewrite: Option<Box<CookieValueRewrite>>,
    /// New `Domain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "domain_of_cookie")]
    pub domain_rewrite: Option<Box<CookieValueRewrite>>,
    /// Adds or removes `Secure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure: Option<bool>,
    /// New `SameSite`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_site: Option<Choice<SameSite>>,
}

/// A new value of a cookie's attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CookieValueRewrite {
    /// Required, 1 to 4096 characters; for `Domain` a DNS name.
    pub value: String,
}

fn path_of_cookie(_: &mut SchemaGenerator) -> Schema {
    value_of_cookie(forms::COOKIE_VALUE)
}

fn domain_of_cookie(_: &mut SchemaGenerator) -> Schema {
    value_of_cookie(forms::DNS_NAME)
}

/// What a value may be depends on the attribute.
fn value_of_cookie(pattern: &str) -> Schema {
    let value = json_schema!({
        "description": "Required, 1 to 4096 characters.",
        "type": "string", "minLength": 1, "maxLength": 4096, "pattern": pattern
    });
    json_schema!({"type": "object", "properties": {"value": value}, "required": ["value"]})
}

/// Which token is needed; `require` or `disabled`, not both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct JwtVerificationPolicy {
    /// Name of a provider of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require: Option<String>,
    /// Needs no token, although the host has a default provider.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

choices! {
    /// Which address is looked at.
    IpFilterSource {
        /// The other end of the connection.
        Peer = "Peer",
        /// The client by `X-Forwarded-For` and the trusted hops.
        Remote = "Remote",
    }
}

/// A range of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct IpFilterPolicy {
    /// Required; `Peer` or `Remote`.
    pub source: Choice<IpFilterSource>,
    /// Required; a bare address stands for itself alone.
    #[schemars(length(min = 1))]
    pub cidr: String,
}
