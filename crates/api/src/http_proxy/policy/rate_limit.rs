//! Rate limits of a host or a route (reference contour.md 3.17).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HeaderValue;
use crate::Choice;
use crate::choice::choices;
use crate::http_proxy::conditions::HeaderMatchCondition;
use crate::schema::{is_default, rules};

/// Limits counted in each Envoy, by a service, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RateLimitPolicy {
    /// Counted in each Envoy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<Box<LocalRateLimitPolicy>>,
    /// Counted by the rate limit service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global: Option<Box<GlobalRateLimitPolicy>>,
}

choices! {
    /// The time that `requests` is for.
    RateLimitUnit {
        /// 1 s.
        Second = "second",
        /// 60 s.
        Minute = "minute",
        /// 3600 s.
        Hour = "hour",
    }
}

/// A token bucket in each Envoy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct LocalRateLimitPolicy {
    /// Required, at least 1; requests per unit.
    #[schemars(range(min = 1, max = i32::MAX))]
    pub requests: i64,
    /// Required; `second`, `minute`, `hour`.
    pub unit: Choice<RateLimitUnit>,
    /// At least 0; requests above the rate that are let through at once.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub burst: i64,
    /// 400 to 599; 0 and unset mean 429.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(range(min = 400, max = 599))]
    pub response_status_code: i64,
    /// Headers of the refusal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_headers_to_add: Vec<HeaderValue>,
}

/// Descriptors for the rate limit service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GlobalRateLimitPolicy {
    /// Turns the limits of the host, or the operator's default ones, off here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// At least one when given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub descriptors: Vec<RateLimitDescriptor>,
}

/// A list of entries that is counted together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RateLimitDescriptor {
    /// At least one.
    #[schemars(length(min = 1))]
    pub entries: Vec<RateLimitDescriptorEntry>,
}

/// One key and value; exactly one of the four.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default, extend("x-kubernetes-validations" = [rules::DESCRIPTOR_ENTRY]))]
pub struct RateLimitDescriptorEntry {
    /// A fixed value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generic_key: Option<Box<GenericKeyDescriptor>>,
    /// The value of a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_header: Option<Box<RequestHeaderDescriptor>>,
    /// A fixed value, when headers match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_header_value_match: Option<Box<RequestHeaderValueMatchDescriptor>>,
    /// The address of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_address: Option<Box<RemoteAddressDescriptor>>,
}

/// A fixed value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GenericKeyDescriptor {
    /// Default `generic_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Required, not empty.
    #[schemars(length(min = 1))]
    pub value: String,
}

/// The value of a header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RequestHeaderDescriptor {
    /// Required, not empty.
    #[schemars(length(min = 1))]
    pub header_name: String,
    /// Required, not empty.
    #[schemars(length(min = 1))]
    pub descriptor_key: String,
}

/// A fixed value, when headers match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RequestHeaderValueMatchDescriptor {
    /// Required; at least one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub headers: Vec<HeaderMatchCondition>,
    /// Whether the headers must match or must not; default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = true))]
    pub expect_match: Option<bool>,
    /// Required, not empty.
    #[schemars(length(min = 1))]
    pub value: String,
}

/// The address of the client; has no fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemoteAddressDescriptor {}
