//! The controller of one Gateway: as in `deploy/base/controller.yaml`, which a test of the manifests compares it with.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::pod::{place, restricted, variable};
use super::{Part, Wanted};
use crate::names::certificates_names;

/// Pods when nobody says how many (reference contour.md 2.3).
const REPLICAS: i64 = 2;

/// The hash of the object that a Pod is configured by: it is read at the beginning.
const CONFIGURATION: &str = "projectcontour.io/configuration";

/// What runs the controller, and its configuration where there is one.
pub(super) fn objects(wanted: &Wanted<'_>) -> Vec<Value> {
    let configuration = configuration(wanted);
    let others = [service(wanted), deployment(wanted, configuration.as_ref()), disruption_budget(wanted)];
    configuration.into_iter().chain(others).collect()
}

fn configuration(wanted: &Wanted<'_>) -> Option<Value> {
    let settings = wanted.parameters.runtime_settings.as_ref()?;
    Some(json!({
        "apiVersion": "projectcontour.io/v1alpha1",
        "kind": "ContourConfiguration",
        "metadata": wanted.plain_metadata(Part::Controller),
        "spec": settings,
    }))
}

fn service(wanted: &Wanted<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": wanted.plain_metadata(Part::Controller),
        "spec": {
            "ports": [{"name": "xds", "port": wanted.settings.xds_port, "targetPort": "xds", "protocol": "TCP"}],
            "selector": wanted.selector(Part::Controller),
        },
    })
}

fn deployment(wanted: &Wanted<'_>, configuration: Option<&Value>) -> Value {
    let said = wanted.parameters.contour.deployment.as_ref().and_then(|said| said.strategy.as_ref());
    let strategy = said.map_or_else(
        || json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 0}}),
        |said| json!(said),
    );
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": wanted.plain_metadata(Part::Controller),
        "spec": {
            "replicas": wanted.parameters.controller_replicas().unwrap_or(REPLICAS),
            "strategy": strategy,
            "selector": {"matchLabels": wanted.selector(Part::Controller)},
            "template": template(wanted, configuration),
        },
    })
}

fn disruption_budget(wanted: &Wanted<'_>) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": wanted.plain_metadata(Part::Controller),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": wanted.selector(Part::Controller)}},
    })
}

fn template(wanted: &Wanted<'_>, configuration: Option<&Value>) -> Value {
    let contour = &wanted.parameters.contour;
    let [secret, ..] = certificates_names(wanted.owner.name());
    let mut spec = json!({
        "serviceAccountName": wanted.name_of(Part::Controller),
        "automountServiceAccountToken": true,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [{
            "topologyKey": "kubernetes.io/hostname",
            "maxSkew": 1,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": wanted.selector(Part::Controller)},
        }],
        "containers": [container(wanted, configuration.is_some())],
        "volumes": [{"name": "certificates", "secret": {"secretName": secret}}],
    });
    place(&mut spec, contour.node_placement.as_deref());
    let mut annotations = wanted.annotations(&contour.pod_annotations);
    let hash = configuration.map(|object| xxh3_64(object["spec"].to_string().as_bytes()));
    annotations.extend(hash.map(|hash| (CONFIGURATION.to_owned(), format!("{hash:016x}"))));
    json!({"metadata": metadata(wanted, &annotations), "spec": spec})
}

fn metadata(wanted: &Wanted<'_>, annotations: &BTreeMap<String, String>) -> Value {
    let mut metadata = json!({"labels": wanted.labels(Part::Controller)});
    if !annotations.is_empty() {
        metadata["annotations"] = json!(annotations);
    }
    metadata
}

fn container(wanted: &Wanted<'_>, is_configured: bool) -> Value {
    let resources = wanted.parameters.contour.resources.as_ref().map_or_else(
        || json!({"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}}),
        |resources| json!(resources),
    );
    json!({
        "name": "isobath",
        "image": wanted.settings.isobath_image,
        "args": arguments(wanted, is_configured),
        "env": [
            variable("ISOBATH_NAMESPACE", "metadata.namespace"),
            variable("POD_NAME", "metadata.name"),
            variable("POD_UID", "metadata.uid"),
            variable("POD_IP", "status.podIP"),
            {"name": "GATEWAY_UID", "value": wanted.owner.own_metadata().uid},
        ],
        "ports": [
            {"name": "xds", "containerPort": wanted.settings.xds_port, "protocol": "TCP"},
            {"name": "metrics", "containerPort": METRICS, "protocol": "TCP"},
            {"name": "debug", "containerPort": 6060, "protocol": "TCP"},
        ],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": "metrics"},
            "periodSeconds": 10,
            "failureThreshold": 6,
        },
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "metrics"}, "periodSeconds": 2},
        "resources": resources,
        "securityContext": restricted(),
        "volumeMounts": [{"name": "certificates", "mountPath": "/certs", "readOnly": true}],
    })
}

/// Where the controller says whether it is well.
const METRICS: u16 = 8000;

/// The flags: they go before what the configuration says.
fn arguments(wanted: &Wanted<'_>, is_configured: bool) -> Vec<String> {
    let (settings, contour) = (wanted.settings, &wanted.parameters.contour);
    let (namespace, name) = (wanted.namespace(), wanted.name_of(Part::Controller));
    let mut arguments = vec![
        "serve".to_owned(),
        "--incluster".to_owned(),
        "--xds-address=0.0.0.0".to_owned(),
        format!("--xds-port={}", settings.xds_port),
        "--contour-cafile=/certs/ca.crt".to_owned(),
        "--contour-cert-file=/certs/tls.crt".to_owned(),
        "--contour-key-file=/certs/tls.key".to_owned(),
        "--health-address=0.0.0.0".to_owned(),
        format!("--health-port={METRICS}"),
        format!("--dedicated-to-gateway={namespace}/{}", wanted.owner.name()),
        format!("--gateway-controller-name={}", settings.controller_name),
        format!("--watch-namespaces={}", wanted.namespaces().join(",")),
        format!("--leader-election-resource-namespace={namespace}"),
        format!("--leader-election-resource-name={name}"),
        format!("--controller-service-name={name}"),
        format!("--envoy-service-namespace={namespace}"),
        format!("--envoy-service-name={}", wanted.name_of(Part::Envoys)),
    ];
    if is_configured {
        arguments.push(format!("--contour-config-name={name}"));
    }
    if wanted.parameters.is_verbose() {
        arguments.push("--debug".to_owned());
    }
    let level = contour.kubernetes_log_level.filter(|level| *level > 0);
    arguments.extend(level.map(|level| format!("--kubernetes-debug={level}")));
    let features = contour.disabled_features.iter();
    arguments.extend(features.map(|feature| format!("--disable-feature={}", feature.as_str())));
    arguments
}
