//! The parameters of a Gateway: those of its class, and where it has some of its own, those.

use std::collections::BTreeMap;

use api::ContourDeployment;
use api::contour_deployment::{
    DaemonSetSettings, DeploymentSettings, EnvoySettings, ExternalTrafficPolicy, NetworkPublishing,
    NodePlacement, PublishingType, WorkloadType,
};
use api::{Choice, Choices};

/// How the Envoys of a Gateway are set up. Every word in it is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    pub(crate) envoy: EnvoySettings,
    pub(crate) resource_labels: BTreeMap<String, String>,
}

/// Whose a ContourDeployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParametersSource {
    /// The operator's, by the GatewayClass.
    Class,
    /// Of whoever owns the Gateway, beside it.
    Gateway,
}

/// Why parameters cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("ContourDeployment {namespace}/{name}: {field}: {why}")]
pub struct InvalidParameters {
    /// Of the object.
    pub namespace: String,
    /// Of the object.
    pub name: String,
    /// The field.
    pub field: String,
    /// What was found, and the way out.
    pub why: String,
}

/// Volumes that a Pod may have everywhere. Others reach into the machine, and a Gateway's owner may not be one who can
/// make Pods.
const PLAIN_VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

impl Parameters {
    /// Those of the class with those of the Gateway over them, field by field of `spec.envoy`.
    ///
    /// # Errors
    /// When one of the two cannot be used.
    pub fn new(
        class: Option<&ContourDeployment>,
        own: Option<&ContourDeployment>,
    ) -> Result<Self, InvalidParameters> {
        let mut all = Self::default();
        for (object, source) in [(class, ParametersSource::Class), (own, ParametersSource::Gateway)] {
            let Some(object) = object else { continue };
            check(object, source)?;
            all.resource_labels.extend(object.spec.resource_labels.clone());
            if let Some(envoy) = &object.spec.envoy {
                all.envoy = over(EnvoySettings::clone(envoy), all.envoy);
            }
        }
        Ok(all)
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

/// What an API server would not have taken either, and what only some may ask for.
fn check(object: &ContourDeployment, source: ParametersSource) -> Result<(), InvalidParameters> {
    let Some(envoy) = &object.spec.envoy else { return Ok(()) };
    let fault = |field: &str, why: String| {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let (namespace, name) = (text(&object.metadata.namespace), text(&object.metadata.name));
        InvalidParameters { namespace, name, field: format!("spec.envoy.{field}"), why }
    };
    let network = envoy.network_publishing.as_deref();
    let words = [
        ("workloadType", unknown(envoy.workload_type.as_ref())),
        ("logLevel", unknown(envoy.log_level.as_ref())),
        ("networkPublishing.type", unknown(network.and_then(|network| network.r#type.as_ref()))),
        (
            "networkPublishing.externalTrafficPolicy",
            unknown(network.and_then(|network| network.external_traffic_policy.as_ref())),
        ),
        (
            "networkPublishing.ipFamilyPolicy",
            unknown(network.and_then(|network| network.ip_family_policy.as_ref())),
        ),
    ];
    if let Some((field, Some(why))) = words.into_iter().find(|(_, why)| why.is_some()) {
        return Err(fault(field, why));
    }
    for (index, volume) in envoy.extra_volumes.iter().enumerate() {
        let kind = kind_of(volume);
        if source == ParametersSource::Gateway && !PLAIN_VOLUMES.contains(&&*kind) {
            let allowed = PLAIN_VOLUMES.join(", ");
            let why = format!(
                "found a volume of type {kind}, want one of {allowed}; others may be in the parameters of the class"
            );
            return Err(fault(&format!("extraVolumes[{index}]"), why));
        }
    }
    for (index, mount) in envoy.extra_volume_mounts.iter().enumerate() {
        if !envoy.extra_volumes.iter().any(|volume| volume.name == mount.name) {
            let why = format!("found {:?}, want the name of a volume in extraVolumes", mount.name);
            return Err(fault(&format!("extraVolumeMounts[{index}].name"), why));
        }
    }
    Ok(())
}

fn unknown<T: Choices>(choice: Option<&Choice<T>>) -> Option<String> {
    let found = choice.filter(|choice| choice.known().is_none())?.as_str();
    let words: Vec<_> = T::ALL.iter().map(|(word, _)| *word).collect();
    Some(format!("found {found:?}, want one of {}", words.join(", ")))
}

/// The field beside its name that a volume has.
fn kind_of(volume: &k8s_openapi::api::core::v1::Volume) -> String {
    let value = serde_json::to_value(volume).unwrap_or_default();
    let fields = value.as_object().into_iter().flat_map(serde_json::Map::keys);
    fields.filter(|field| *field != "name").map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn deployment(envoy: &Value) -> ContourDeployment {
        from_value(json!({"metadata": {"namespace": "ns", "name": "p"}, "spec": {"envoy": envoy}})).unwrap()
    }

    fn refusal(class: Option<Value>, own: Option<Value>) -> String {
        let [class, own] = [class, own].map(|envoy| envoy.as_ref().map(deployment));
        Parameters::new(class.as_ref(), own.as_ref()).expect_err("refused").to_string()
    }

    #[test]
    fn a_gateway_says_the_last_word_on_each_field() {
        let class = deployment(&json!({
            "workloadType": "Deployment", "logLevel": "warn", "deployment": {"replicas": 3},
            "podAnnotations": {"a": "class", "b": "class"},
            "networkPublishing": {"type": "NodePortService", "externalTrafficPolicy": "Cluster"},
        }));
        let own = deployment(&json!({
            "replicas": 7, "podAnnotations": {"b": "own"}, "networkPublishing": {"type": "ClusterIPService"},
        }));
        let both = deployment(&json!({
            "workloadType": "Deployment", "logLevel": "warn", "deployment": {"replicas": 3}, "replicas": 7,
            "podAnnotations": {"a": "class", "b": "own"},
            "networkPublishing": {"type": "ClusterIPService", "externalTrafficPolicy": "Cluster"},
        }));
        assert_eq!(Parameters::new(Some(&class), Some(&own)), Parameters::new(Some(&both), None));
        assert_eq!(Parameters::new(None, None), Ok(Parameters::default()));
    }

    #[test]
    fn words_and_mounts_that_are_not_known_are_named() {
        assert_eq!(
            refusal(Some(json!({"workloadType": "Pod"})), None),
            "ContourDeployment ns/p: spec.envoy.workloadType: found \"Pod\", want one of DaemonSet, Deployment"
        );
        assert_eq!(
            refusal(Some(json!({"extraVolumeMounts": [{"name": "a", "mountPath": "/a"}]})), None),
            "ContourDeployment ns/p: spec.envoy.extraVolumeMounts[0].name: found \"a\", want the name of a volume in \
             extraVolumes"
        );
    }

    #[test]
    fn only_a_class_may_reach_into_the_machine() {
        let host = json!({"extraVolumes": [{"name": "a", "hostPath": {"path": "/"}}]});
        let refused = refusal(None, Some(host.clone()));
        assert!(
            refused.starts_with(
                "ContourDeployment ns/p: spec.envoy.extraVolumes[0]: found a volume of type hostPath, want one of configMap,"
            ),
            "{refused}"
        );
        let class = deployment(&host);
        let plain = deployment(&json!({"extraVolumes": [{"name": "b", "emptyDir": {}}]}));
        assert_eq!(Parameters::new(Some(&class), Some(&plain)).unwrap().envoy.extra_volumes.len(), 2);
    }
}
