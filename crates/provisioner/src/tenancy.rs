//! Who serves a Gateway, and how it comes from the shared controllers to one of its own and back.
//!
//! Envoys change over as their Pods are replaced. As long as some are of the one and some of the other, both serve the
//! Gateway, and the shared controllers write the statuses: the sign at the Gateway says when they are to let go.

use api::contour_deployment::Tenancy;
use api::gateway_api::Gateway;
use serde_json::Value;

use crate::sign::sign;

/// The sign at a Gateway that is served by its own controller alone; also tells of what runs Envoys whose those are.
pub(crate) const TENANCY: &str = "projectcontour.io/tenancy";
/// Its value.
pub(crate) const DEDICATED: &str = "Dedicated";

/// Whether a Gateway is served by its own controller alone.
#[must_use]
pub fn is_dedicated(gateway: &Gateway) -> bool {
    let annotations = gateway.metadata.annotations.as_ref();
    annotations.and_then(|annotations| annotations.get(TENANCY)).is_some_and(|tenancy| tenancy == DEDICATED)
}

/// Where a Gateway is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The shared controllers serve it.
    Shared,
    /// It is to have a controller of its own, which cannot serve Envoys yet.
    Preparing,
    /// Its Envoys are replaced by those of its own controller.
    Leaving,
    /// Its own controller serves it alone.
    Dedicated,
    /// Its Envoys are replaced by those of the shared controllers.
    Returning,
}

/// What is there of a Gateway.
#[derive(Debug, Clone, Copy)]
pub(crate) struct There<'a> {
    /// Whether it bears the sign.
    pub(crate) is_dedicated: bool,
    /// The Deployment of its own controller.
    pub(crate) controller: Option<&'a Value>,
    /// What runs its Envoys.
    pub(crate) workload: Option<&'a Value>,
    /// Whether Envoys are there that it has shared with the Gateways of its class.
    pub(crate) has_shared: bool,
}

impl Stage {
    pub(crate) fn of(wanted: Tenancy, there: &There<'_>) -> Self {
        // Without Envoys there is nothing to leave.
        let is_replaced = there.workload.map_or(!there.has_shared, is_rolled_out);
        let (are_own, are_shared) = (
            there.workload.is_none_or(is_of_own_controller),
            there.workload.is_none_or(|workload| !is_of_own_controller(workload)),
        );
        match wanted {
            Tenancy::Dedicated if there.is_dedicated || (are_own && is_replaced) => Self::Dedicated,
            Tenancy::Dedicated if are_own || there.controller.is_some_and(is_available) => Self::Leaving,
            Tenancy::Dedicated => Self::Preparing,
            Tenancy::Shared if there.controller.is_none() || (are_shared && is_replaced) => Self::Shared,
            Tenancy::Shared => Self::Returning,
        }
    }

    /// Whether the Gateway's own controller is to be there as it is wanted.
    #[must_use]
    pub const fn has_controller(self) -> bool {
        matches!(self, Self::Preparing | Self::Leaving | Self::Dedicated)
    }

    /// Whether its Envoys are to be those of the shared controllers.
    #[must_use]
    pub const fn is_served_by_shared(self) -> bool {
        matches!(self, Self::Shared | Self::Preparing | Self::Returning)
    }

    /// What is to be merged into a Gateway, so that it says who serves it; `None` when it does.
    pub(crate) fn sign(self, gateway: &Gateway) -> Option<Value> {
        let wanted = self == Self::Dedicated;
        (wanted != is_dedicated(gateway))
            .then(|| sign(&gateway.metadata, TENANCY, wanted.then_some(DEDICATED)))
    }
}

fn is_of_own_controller(workload: &Value) -> bool {
    workload["metadata"]["annotations"][TENANCY] == DEDICATED
}

fn is_available(deployment: &Value) -> bool {
    deployment["status"]["availableReplicas"].as_i64().is_some_and(|count| count > 0)
}

/// Whether all Pods of a DaemonSet or a Deployment are as it says, and there.
fn is_rolled_out(workload: &Value) -> bool {
    let status = &workload["status"];
    let count = |field: &str| status[field].as_i64().unwrap_or_default();
    let generation = workload["metadata"]["generation"].as_i64().unwrap_or_default();
    let is_current = status["observedGeneration"].as_i64().is_some_and(|seen| seen >= generation);
    let [updated, available, all] = match workload["kind"].as_str() {
        Some("DaemonSet") => {
            ["updatedNumberScheduled", "numberAvailable", "desiredNumberScheduled"].map(count)
        }
        _ => ["updatedReplicas", "availableReplicas", "replicas"].map(count),
    };
    // Those of before count in `replicas` until they end.
    let wanted = workload["spec"]["replicas"].as_i64().unwrap_or(all);
    is_current && [updated, available, all] == [wanted; 3]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn daemon_set(of_own: bool, updated: i64) -> Value {
        let tenancy = if of_own { json!(DEDICATED) } else { Value::Null };
        json!({
            "kind": "DaemonSet",
            "metadata": {"generation": 2, "annotations": {TENANCY: tenancy}},
            "status": {
                "observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": updated,
                "numberAvailable": 2,
            },
        })
    }

    fn stage(wanted: Tenancy, sign: bool, controller: Option<i64>, workload: Option<&Value>) -> Stage {
        let controller = controller.map(|available| json!({"status": {"availableReplicas": available}}));
        let there =
            There { is_dedicated: sign, controller: controller.as_ref(), workload, has_shared: false };
        Stage::of(wanted, &there)
    }

    #[test]
    fn a_gateway_goes_to_its_own_controller_and_back_as_its_envoys_are_replaced() {
        use Stage::{Dedicated, Leaving, Preparing, Returning, Shared};
        let [shared, own] = [false, true].map(|of_own| daemon_set(of_own, 2));
        let [returning, leaving] = [false, true].map(|of_own| daemon_set(of_own, 1));
        for (wanted, sign, controller, workload, is) in [
            (Tenancy::Shared, false, None, Some(&shared), Shared),
            (Tenancy::Dedicated, false, None, Some(&shared), Preparing),
            (Tenancy::Dedicated, false, Some(0), Some(&shared), Preparing),
            (Tenancy::Dedicated, false, Some(1), Some(&shared), Leaving),
            (Tenancy::Dedicated, false, Some(1), Some(&leaving), Leaving),
            (Tenancy::Dedicated, false, Some(1), Some(&own), Dedicated),
            // Later Envoys and controllers may come and go.
            (Tenancy::Dedicated, true, Some(0), Some(&leaving), Dedicated),
            (Tenancy::Shared, true, Some(1), Some(&own), Returning),
            (Tenancy::Shared, false, Some(1), Some(&returning), Returning),
            (Tenancy::Shared, false, Some(1), Some(&shared), Shared),
            // A new Gateway has nothing to leave.
            (Tenancy::Dedicated, false, None, None, Dedicated),
            (Tenancy::Shared, false, None, None, Shared),
        ] {
            let found = stage(wanted, sign, controller, workload);
            assert_eq!(found, is, "{wanted:?} {sign} {controller:?} {workload:?}");
        }
    }

    #[test]
    fn a_workload_is_rolled_out_when_all_pods_are_new_and_nothing_else_is_there() {
        let deployment = |generation: i64, counts: [i64; 3]| {
            let [updated, available, all] = counts;
            json!({
                "kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2},
                "status": {
                    "observedGeneration": generation, "updatedReplicas": updated,
                    "availableReplicas": available, "replicas": all,
                },
            })
        };
        assert!(is_rolled_out(&deployment(2, [2, 2, 2])));
        for (generation, counts) in
            [(1, [2, 2, 2]), (2, [1, 2, 2]), (2, [2, 1, 2]), (2, [2, 2, 3]), (2, [0, 0, 0])]
        {
            assert!(!is_rolled_out(&deployment(generation, counts)), "{generation} {counts:?}");
        }
    }

    #[test]
    fn the_sign_is_changed_where_it_says_something_else() {
        let gateway = |tenancy: Value| -> Gateway {
            let metadata = json!({"name": "web", "uid": "1", "annotations": {TENANCY: tenancy}});
            serde_json::from_value(json!({"metadata": metadata})).unwrap()
        };
        let (with, without) = (gateway(json!(DEDICATED)), gateway(json!("Shared")));
        let sign = |value: Value| Some(json!({"metadata": {"uid": "1", "annotations": {TENANCY: value}}}));
        assert_eq!(Stage::Dedicated.sign(&with), None);
        assert_eq!(Stage::Dedicated.sign(&without), sign(json!(DEDICATED)));
        assert_eq!(Stage::Returning.sign(&with), sign(Value::Null));
        assert_eq!(Stage::Leaving.sign(&without), None);
    }
}
