//! The parameters of a Gateway: those of its class, and where it has some of its own, those.

use std::collections::BTreeMap;

use api::contour_deployment::{
    ContourDeploymentSpec, DaemonSetSettings, DeploymentSettings, EnvoySettings, ExternalTrafficPolicy,
    Gateways, NetworkPublishing, NodePlacement, PublishingType, WorkloadType,
};
use api::{Choice, Choices};

/// How the Envoys of a Gateway are set up. Every word in it is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    pub(crate) envoy: EnvoySettings,
    pub(crate) resource_labels: BTreeMap<String, String>,
}

impl Parameters {
    /// Those of the class with those of the Gateway over them, field by field of `spec.envoy`. Both can be used
    /// ([`api::contour_deployment::ParametersRef::usable`]).
    #[must_use]
    pub fn new(class: Option<&ContourDeploymentSpec>, own: Option<&ContourDeploymentSpec>) -> Self {
        let mut all = Self::default();
        for spec in [class, own].into_iter().flatten() {
            all.resource_labels.extend(spec.resource_labels.clone());
            if let Some(envoy) = &spec.envoy {
                all.envoy = over(EnvoySettings::clone(envoy), all.envoy);
            }
        }
        all
    }

    /// Which Envoys serve the Gateways of a class; of no matter in the parameters of one Gateway.
    pub(crate) fn gateways(&self) -> Gateways {
        known(self.envoy.gateways.as_ref()).unwrap_or(Gateways::Separate)
    }

    pub(crate) fn workload(&self) -> WorkloadType {
        known(self.envoy.workload_type.as_ref()).unwrap_or(WorkloadType::DaemonSet)
    }

    /// How many Pods a Deployment has, if that is said: else somebody may scale it.
    pub(crate) fn replicas(&self) -> Option<i64> {
        self.envoy.deployment.as_ref().and_then(|deployment| deployment.replicas).or(self.envoy.replicas)
    }

    pub(crate) fn publishing(&self) -> PublishingType {
        known(self.network().and_then(|network| network.r#type.as_ref()))
            .unwrap_or(PublishingType::LoadBalancer)
    }

    pub(crate) fn external_traffic_policy(&self) -> ExternalTrafficPolicy {
        known(self.network().and_then(|network| network.external_traffic_policy.as_ref()))
            .unwrap_or(ExternalTrafficPolicy::Local)
    }

    pub(crate) fn network(&self) -> Option<&NetworkPublishing> {
        self.envoy.network_publishing.as_deref()
    }
}

fn known<T: Choices>(choice: Option<&Choice<T>>) -> Option<T> {
    choice.and_then(Choice::known)
}

/// One over the other: a field of `upper` where it says something.
fn over(upper: EnvoySettings, lower: EnvoySettings) -> EnvoySettings {
    EnvoySettings {
        gateways: upper.gateways.or(lower.gateways),
        workload_type: upper.workload_type.or(lower.workload_type),
        replicas: upper.replicas.or(lower.replicas),
        network_publishing: both(upper.network_publishing, lower.network_publishing, |upper, lower| {
            Box::new(network_over(*upper, *lower))
        }),
        node_placement: both(upper.node_placement, lower.node_placement, |upper, lower| {
            Box::new(placement_over(*upper, *lower))
        }),
        extra_volumes: [lower.extra_volumes, upper.extra_volumes].concat(),
        extra_volume_mounts: [lower.extra_volume_mounts, upper.extra_volume_mounts].concat(),
        pod_annotations: merged(upper.pod_annotations, lower.pod_annotations),
        resources: upper.resources.or(lower.resources),
        log_level: upper.log_level.or(lower.log_level),
        daemon_set: both(upper.daemon_set, lower.daemon_set, |upper, lower| DaemonSetSettings {
            update_strategy: upper.update_strategy.or(lower.update_strategy),
        }),
        deployment: both(upper.deployment, lower.deployment, |upper, lower| DeploymentSettings {
            replicas: upper.replicas.or(lower.replicas),
            strategy: upper.strategy.or(lower.strategy),
        }),
        base_id: upper.base_id.or(lower.base_id),
        overload_max_heap_size: upper.overload_max_heap_size.or(lower.overload_max_heap_size),
        overload_max_downstream_connections: upper
            .overload_max_downstream_connections
            .or(lower.overload_max_downstream_connections),
    }
}

fn both<T>(upper: Option<T>, lower: Option<T>, merge: impl FnOnce(T, T) -> T) -> Option<T> {
    match (upper, lower) {
        (Some(upper), Some(lower)) => Some(merge(upper, lower)),
        (upper, lower) => upper.or(lower),
    }
}

fn merged(upper: BTreeMap<String, String>, mut lower: BTreeMap<String, String>) -> BTreeMap<String, String> {
    lower.extend(upper);
    lower
}

fn network_over(upper: NetworkPublishing, lower: NetworkPublishing) -> NetworkPublishing {
    NetworkPublishing {
        r#type: upper.r#type.or(lower.r#type),
        external_traffic_policy: upper.external_traffic_policy.or(lower.external_traffic_policy),
        ip_family_policy: upper.ip_family_policy.or(lower.ip_family_policy),
        service_annotations: merged(upper.service_annotations, lower.service_annotations),
    }
}

fn placement_over(upper: NodePlacement, lower: NodePlacement) -> NodePlacement {
    NodePlacement {
        node_selector: merged(upper.node_selector, lower.node_selector),
        tolerations: [lower.tolerations, upper.tolerations].concat(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn spec(envoy: &Value) -> ContourDeploymentSpec {
        from_value(json!({"envoy": envoy})).unwrap()
    }

    #[test]
    fn a_gateway_says_the_last_word_on_each_field() {
        let class = spec(&json!({
            "workloadType": "Deployment", "logLevel": "warn", "deployment": {"replicas": 3},
            "podAnnotations": {"a": "class", "b": "class"},
            "networkPublishing": {"type": "NodePortService", "externalTrafficPolicy": "Cluster"},
            "extraVolumes": [{"name": "a", "hostPath": {"path": "/"}}],
        }));
        let own = spec(&json!({
            "replicas": 7, "podAnnotations": {"b": "own"}, "networkPublishing": {"type": "ClusterIPService"},
            "extraVolumes": [{"name": "b", "emptyDir": {}}],
        }));
        let both = spec(&json!({
            "workloadType": "Deployment", "logLevel": "warn", "deployment": {"replicas": 3}, "replicas": 7,
            "podAnnotations": {"a": "class", "b": "own"},
            "networkPublishing": {"type": "ClusterIPService", "externalTrafficPolicy": "Cluster"},
            "extraVolumes": [{"name": "a", "hostPath": {"path": "/"}}, {"name": "b", "emptyDir": {}}],
        }));
        assert_eq!(Parameters::new(Some(&class), Some(&own)), Parameters::new(Some(&both), None));
        assert_eq!(Parameters::new(None, None), Parameters::default());
    }
}
