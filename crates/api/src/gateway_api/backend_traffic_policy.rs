//! `XBackendTrafficPolicy` (experimental): how backends are treated, whichever route leads to them.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Check;
use super::references::LocalObjectReference;
use super::session_persistence::SessionPersistence;
use super::status::PolicyStatus;
use crate::duration;
use crate::meta::ObjectMeta;
use crate::schema::{self, forms};
use crate::validate::{At, Findings};

/// One XBackendTrafficPolicy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct XBackendTrafficPolicy {
    /// Name, namespace, creation time (of several for one target the oldest wins).
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: BackendTrafficPolicySpec,
    /// What controllers say about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<PolicyStatus>>,
}

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct BackendTrafficPolicySpec {
    /// Required; 1 to 16 Services of the same namespace.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-map-keys" = ["group", "kind", "name"]))]
    pub target_refs: Vec<LocalObjectReference>,
    /// How many tries there may be beyond the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_constraint: Option<RetryConstraint>,
    /// Requests of one client that go to one backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_persistence: Option<SessionPersistence>,
}

/// How many tries there may be beyond the first, of all clients together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RetryConstraint {
    /// The share of requests.
    #[schemars(extend("default" = {}))]
    pub budget: BudgetDetails,
    /// What is allowed whatever the share.
    #[schemars(extend("default" = {}))]
    pub min_retry_rate: RequestRate,
}

impl Default for RetryConstraint {
    fn default() -> Self {
        let min_retry_rate = RequestRate { count: Some(10), interval: Some("1s".to_owned()) };
        Self { budget: BudgetDetails::default(), min_retry_rate }
    }
}

/// The share of requests that may be tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct BudgetDetails {
    /// 0 to 100; default 20.
    #[schemars(range(min = 0, max = 100), extend("default" = 20))]
    pub percent: i64,
    /// Over which requests are counted, one second to one hour; default `10s`.
    #[schemars(regex(pattern = forms::GATEWAY_DURATION), extend("default" = "10s"))]
    pub interval: String,
}

impl Default for BudgetDetails {
    fn default() -> Self {
        Self { percent: 20, interval: "10s".to_owned() }
    }
}

/// Requests for each interval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct RequestRate {
    /// 1 to 1,000,000; 10 when no rate is given at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub count: Option<i64>,
    /// More than nothing, at most one hour; `1s` when no rate is given at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = forms::GATEWAY_DURATION))]
    pub interval: Option<String>,
}

impl Check for XBackendTrafficPolicy {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let at = at.field("spec");
        self.spec.retry_constraint.check(&at.field("retryConstraint"), out);
        self.spec.session_persistence.check(&at.field("sessionPersistence"), out);
    }
}

impl Check for RetryConstraint {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let budget = duration::parse(&self.budget.interval);
        if budget.is_ok_and(|length| length < SECOND || length > HOUR) {
            let message = format!("found {:?}, allowed are 1s to 1h", self.budget.interval);
            out.add(&at.field("budget").field("interval"), message);
        }
        let Some(interval) = &self.min_retry_rate.interval else { return };
        if duration::parse(interval).is_ok_and(|length| length.is_zero() || length > HOUR) {
            let message = format!("found {interval:?}, allowed are more than 0s and at most 1h");
            out.add(&at.field("minRetryRate").field("interval"), message);
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
