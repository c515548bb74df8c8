//! What runs the Pods: a DaemonSet, or a Deployment with a budget for disruptions.

use serde_json::{Value, json};

use super::{Part, Wanted, pod};

/// Pods of a Deployment when nobody says how many (reference contour.md 2.3).
pub(crate) const REPLICAS: i64 = 2;

pub(super) fn daemon_set(wanted: &Wanted<'_>) -> Value {
    let said = wanted.parameters.envoy.daemon_set.as_ref().and_then(|set| set.update_strategy.as_ref());
    let strategy = said.map_or_else(
        || json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}),
        |said| json!(said),
    );
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": wanted.workload_metadata(),
        "spec": {
            "updateStrategy": strategy,
            "selector": {"matchLabels": wanted.selector(Part::Envoys)},
            "template": pod::template(wanted),
        },
    })
}

pub(super) fn deployment(wanted: &Wanted<'_>) -> Value {
    let said = wanted.parameters.envoy.deployment.as_ref().and_then(|set| set.strategy.as_ref());
    let strategy = said.map_or_else(
        || json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 0}}),
        |said| json!(said),
    );
    let mut template = pod::template(wanted);
    template["spec"]["topologySpreadConstraints"] = json!([{
        "topologyKey": "kubernetes.io/hostname",
        "maxSkew": 1,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": wanted.selector(Part::Envoys)},
    }]);
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": wanted.workload_metadata(),
        "spec": {
            "replicas": wanted.parameters.replicas().unwrap_or(REPLICAS),
            "strategy": strategy,
            "selector": {"matchLabels": wanted.selector(Part::Envoys)},
            "template": template,
        },
    })
}

/// Of a DaemonSet nobody knows how many Pods there should be, and a drain leaves it alone.
pub(super) fn disruption_budget(wanted: &Wanted<'_>) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": wanted.plain_metadata(Part::Envoys),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": wanted.selector(Part::Envoys)}},
    })
}
