//! Copies of requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gateway_api::Check;
use crate::gateway_api::references::BackendObjectReference;
use crate::validate::{At, Findings};

/// Sends a copy of requests to another backend, whose answers are dropped. Without `percent` and `fraction`: of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct HttpRequestMirrorFilter {
    /// Required.
    pub backend_ref: BackendObjectReference,
    /// 0 to 100; not together with `fraction`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub percent: Option<i64>,
    /// Not together with `percent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<Fraction>,
}

/// A share, at most the whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Fraction {
    /// Required; at least 0, at most the denominator.
    #[schemars(range(min = 0, max = i32::MAX))]
    pub numerator: i64,
    /// At least 1; default 100.
    #[schemars(range(min = 1, max = i32::MAX), extend("default" = 100))]
    pub denominator: i64,
}

impl Default for Fraction {
    fn default() -> Self {
        Self { numerator: 0, denominator: 100 }
    }
}

impl Check for HttpRequestMirrorFilter {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        self.backend_ref.check(&at.field("backendRef"), out);
        if self.percent.is_some() && self.fraction.is_some() {
            out.add(at, "percent and fraction are given; only one of them can be used");
        }
        self.fraction.check(&at.field("fraction"), out);
    }
}

impl Check for Fraction {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        if self.numerator > self.denominator {
            let message =
                format!("found {}, allowed is at most the denominator, {}", self.numerator, self.denominator);
            out.add(&at.field("numerator"), message);
        }
    }
}
