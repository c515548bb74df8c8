//! The parameters of a Gateway: those of its class, and where it has some of its own, those.

use std::collections::BTreeMap;

use api::contour_configuration::ContourConfigurationSpec;
use api::contour_deployment::{
    ContourDeploymentSpec, ContourLogLevel, ContourSettings, DaemonSetSettings, DeploymentSettings,
    EnvoySettings, ExternalTrafficPolicy, NetworkPublishing, NodePlacement, PublishingType, Tenancy,
    WorkloadType,
};
use api::{Choice, Choices};

/// How what serves a Gateway is set up. Every word in it is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    pub(crate) envoy: EnvoySettings,
    pub(crate) contour: ContourSettings,
    pub(crate) runtime_settings: Option<Box<ContourConfigurationSpec>>,
    pub(crate) resource_labels: BTreeMap<String, String>,
}

impl Parameters {
    /// Those of the class with those of the Gateway over them, field by field of `spec.envoy` and `spec.contour`. Both can
    /// be used ([`api::contour_deployment::ParametersRef::usable`]).
    #[must_use]
    pub fn new(class: Option<&ContourDeploymentSpec>, own: Option<&ContourDeploymentSpec>) -> Self {
        let mut all = Self::default();
        for spec in [class, own].into_iter().flatten() {
            all.resource_labels.extend(spec.resource_labels.clone());
            if let Some(envoy) = &spec.envoy {
                all.envoy = over(EnvoySettings::clone(envoy), all.envoy);
            }
            if let Some(contour) = &spec.contour {
                all.contour = contour_over(ContourSettings::clone(contour), all.contour);
            }
            all.runtime_settings = spec.runtime_settings.clone().or(all.runtime_settings);
        }
        if !class.is_some_and(asks_for_controllers) {
            // They are rights, which are not given to a controller that a Gateway alone asks for.
            all.contour.watch_namespaces.clear();
        }
        all
    }

    /// Whose controller serves the Gateway.
    pub(crate) fn tenancy(&self) -> Tenancy {
        known(self.contour.tenancy.as_ref()).unwrap_or(Tenancy::Shared)
    }

    /// How many Pods its own controller has, if that is said.
    pub(crate) fn controller_replicas(&self) -> Option<i64> {
        self.contour.deployment.as_ref().and_then(|said| said.replicas).or(self.contour.replicas)
    }

    /// Whether its own controller logs more.
    pub(crate) fn is_verbose(&self) -> bool {
        known(self.contour.log_level.as_ref()) == Some(ContourLogLevel::Debug)
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

/// Whether Gateways have controllers of their own by these parameters.
fn asks_for_controllers(spec: &ContourDeploymentSpec) -> bool {
    let tenancy = spec.contour.as_ref().and_then(|contour| contour.tenancy.as_ref());
    known(tenancy) == Some(Tenancy::Dedicated)
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
        deployment: both(upper.deployment, lower.deployment, deployment_over),
        base_id: upper.base_id.or(lower.base_id),
        overload_max_heap_size: upper.overload_max_heap_size.or(lower.overload_max_heap_size),
        overload_max_downstream_connections: upper
            .overload_max_downstream_connections
            .or(lower.overload_max_downstream_connections),
    }
}

fn contour_over(upper: ContourSettings, lower: ContourSettings) -> ContourSettings {
    ContourSettings {
        tenancy: upper.tenancy.or(lower.tenancy),
        replicas: upper.replicas.or(lower.replicas),
        node_placement: both(upper.node_placement, lower.node_placement, |upper, lower| {
            Box::new(placement_over(*upper, *lower))
        }),
        kubernetes_log_level: upper.kubernetes_log_level.or(lower.kubernetes_log_level),
        log_level: upper.log_level.or(lower.log_level),
        resources: upper.resources.or(lower.resources),
        deployment: both(upper.deployment, lower.deployment, deployment_over),
        pod_annotations: merged(upper.pod_annotations, lower.pod_annotations),
        watch_namespaces: [lower.watch_namespaces, upper.watch_namespaces].concat(),
        disabled_features: [lower.disabled_features, upper.disabled_features].concat(),
    }
}

fn deployment_over(upper: DeploymentSettings, lower: DeploymentSettings) -> DeploymentSettings {
    DeploymentSettings {
        replicas: upper.replicas.or(lower.replicas),
        strategy: upper.strategy.or(lower.strategy),
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

    #[test]
    fn a_gateway_says_the_last_word_on_its_controller_too() {
        let of = |spec: Value| -> ContourDeploymentSpec { from_value(spec).unwrap() };
        let class = of(json!({
            "contour": {
                "tenancy": "Dedicated", "logLevel": "debug", "replicas": 3, "watchNamespaces": ["a"],
                "podAnnotations": {"a": "class", "b": "class"},
            },
            "runtimeSettings": {"enableExternalNameService": true},
        }));
        let own = of(json!({
            "contour": {"logLevel": "info", "deployment": {"replicas": 1}, "podAnnotations": {"b": "own"}},
        }));
        let both = of(json!({
            "contour": {
                "tenancy": "Dedicated", "logLevel": "info", "replicas": 3, "deployment": {"replicas": 1},
                "watchNamespaces": ["a"], "podAnnotations": {"a": "class", "b": "own"},
            },
            "runtimeSettings": {"enableExternalNameService": true},
        }));
        let made = Parameters::new(Some(&class), Some(&own));
        assert_eq!(made, Parameters::new(Some(&both), None));
        let said = (made.tenancy(), made.controller_replicas(), made.is_verbose());
        assert_eq!(said, (Tenancy::Dedicated, Some(1), false));
    }

    #[test]
    fn a_controller_that_a_gateway_alone_asks_for_reads_no_other_namespaces() {
        let of =
            |contour: Value| -> ContourDeploymentSpec { from_value(json!({"contour": contour})).unwrap() };
        let dedicated = of(json!({"tenancy": "Dedicated"}));
        let read =
            |class: Value| Parameters::new(Some(&of(class)), Some(&dedicated)).contour.watch_namespaces;
        assert_eq!(read(json!({"tenancy": "Dedicated", "watchNamespaces": ["a"]})), ["a"]);
        for class in
            [json!({"watchNamespaces": ["a"]}), json!({"tenancy": "Shared", "watchNamespaces": ["a"]})]
        {
            assert_eq!(read(class), Vec::<String>::new());
        }
    }
}
