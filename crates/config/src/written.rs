//! All that can be written, in one structure: a ContourConfiguration, and what that kind does not have.

use api::Choice;
use api::Choices;
use api::ContourConfigurationSpec;
use model::DuplicateFqdn;
use serde::Deserialize;

/// All that can be written.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Written {
    pub(crate) spec: ContourConfigurationSpec,
    pub(crate) own: Own,
}

/// What a ContourConfiguration does not have.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Own {
    pub(crate) duplicate_fqdn: Option<Choice<Duplicate>>,
    pub(crate) debug: Option<bool>,
    pub(crate) incluster: Option<bool>,
    pub(crate) kubeconfig: Option<String>,
    pub(crate) kubernetes_client_qps: Option<f32>,
    pub(crate) kubernetes_client_burst: Option<i64>,
    pub(crate) server: Option<Server>,
    pub(crate) watch_namespaces: Vec<String>,
    pub(crate) disabled_features: Vec<String>,
    pub(crate) leader_election: Option<LeaderElection>,
}

/// Who of several controllers writes.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LeaderElection {
    pub(crate) disabled: Option<bool>,
    pub(crate) name: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) lease_duration: Option<String>,
    pub(crate) renew_deadline: Option<String>,
    pub(crate) retry_period: Option<String>,
}

/// Nothing is left of it.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Server {}

/// The words for [`DuplicateFqdn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duplicate(pub(crate) DuplicateFqdn);

impl Choices for Duplicate {
    const ALL: &'static [(&'static str, Self)] =
        &[("oldest-wins", Self(DuplicateFqdn::OldestWins)), ("invalid-all", Self(DuplicateFqdn::InvalidAll))];
}
