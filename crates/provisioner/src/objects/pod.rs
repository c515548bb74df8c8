//! The Pod of an Envoy: as in `deploy/base/envoy.yaml`, which a test of the manifests compares it with.
//!
//! No port of a listener is in it: listeners come and go, and Pods stay.

use api::contour_deployment::NodePlacement;
use model::SHUTDOWN_MANAGER_PORT;
use serde_json::{Value, json};

use super::{Part, Server, Wanted};

/// As long as connections of clients may take to end, in seconds.
const GRACE: u32 = 300;

pub(super) fn template(wanted: &Wanted<'_>) -> Value {
    let envoy = &wanted.parameters.envoy;
    let mut volumes = vec![
        json!({"name": "certificates", "secret": {"secretName": wanted.secret_of_envoys()}}),
        json!({"name": "configuration", "emptyDir": {}}),
        json!({"name": "admin", "emptyDir": {}}),
    ];
    volumes.extend(envoy.extra_volumes.iter().map(|volume| json!(volume)));
    let mut spec = json!({
        "serviceAccountName": wanted.name_of(Part::Envoys),
        "automountServiceAccountToken": false,
        "terminationGracePeriodSeconds": GRACE,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [bootstrap(wanted)],
        "containers": [envoy_container(wanted), shutdown_manager(wanted)],
        "volumes": volumes,
    });
    place(&mut spec, envoy.node_placement.as_deref());
    let mut metadata = json!({"labels": wanted.labels(Part::Envoys)});
    let annotations = wanted.annotations(&envoy.pod_annotations);
    if !annotations.is_empty() {
        metadata["annotations"] = json!(annotations);
    }
    json!({"metadata": metadata, "spec": spec})
}

/// Says where a Pod may run.
pub(super) fn place(spec: &mut Value, placement: Option<&NodePlacement>) {
    let Some(placement) = placement else { return };
    if !placement.node_selector.is_empty() {
        spec["nodeSelector"] = json!(placement.node_selector);
    }
    if !placement.tolerations.is_empty() {
        spec["tolerations"] = json!(placement.tolerations);
    }
}

/// Writes what Envoy starts from.
fn bootstrap(wanted: &Wanted<'_>) -> Value {
    let (settings, envoy) = (wanted.settings, &wanted.parameters.envoy);
    let mut args = vec![
        "bootstrap".to_owned(),
        "/config/envoy.json".to_owned(),
        format!("--xds-address={}", xds_address(wanted)),
        format!("--xds-port={}", settings.xds_port),
        "--resources-dir=/config/resources".to_owned(),
        "--envoy-cafile=/certs/ca.crt".to_owned(),
        "--envoy-cert-file=/certs/tls.crt".to_owned(),
        "--envoy-key-file=/certs/tls.key".to_owned(),
    ];
    let limits = [
        ("--overload-max-heap", envoy.overload_max_heap_size),
        ("--overload-downstream-max-conn", envoy.overload_max_downstream_connections),
    ];
    for (flag, limit) in limits {
        args.extend(limit.filter(|limit| *limit > 0).map(|limit| format!("{flag}={limit}")));
    }
    json!({
        "name": "bootstrap",
        "image": settings.isobath_image,
        "args": args,
        "env": [variable("ISOBATH_NAMESPACE", "metadata.namespace")],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": restricted(),
        "volumeMounts": [
            {"name": "certificates", "mountPath": "/certs", "readOnly": true},
            {"name": "configuration", "mountPath": "/config"},
        ],
    })
}

/// Where Envoys find those who serve them.
fn xds_address(wanted: &Wanted<'_>) -> String {
    match wanted.server {
        Server::Shared(_) => wanted.settings.xds_address.clone(),
        Server::Dedicated => format!("{}.{}.svc", wanted.name_of(Part::Controller), wanted.namespace()),
    }
}

fn envoy_container(wanted: &Wanted<'_>) -> Value {
    let (settings, envoy) = (wanted.settings, &wanted.parameters.envoy);
    let mut args = vec![
        "--config-path".to_owned(),
        "/config/envoy.json".to_owned(),
        // The fleet; the certificate proves it.
        "--service-cluster".to_owned(),
        wanted.owner.id().path(),
        "--service-node".to_owned(),
        "$(ENVOY_POD_NAME)".to_owned(),
        "--log-level".to_owned(),
        envoy.log_level.as_ref().map_or("info", |level| level.as_str()).to_owned(),
    ];
    if let Some(id) = envoy.base_id.filter(|id| *id > 0) {
        args.extend(["--base-id".to_owned(), id.to_string()]);
    }
    let mut mounts = vec![
        json!({"name": "certificates", "mountPath": "/certs", "readOnly": true}),
        json!({"name": "configuration", "mountPath": "/config", "readOnly": true}),
        json!({"name": "admin", "mountPath": "/admin"}),
    ];
    mounts.extend(envoy.extra_volume_mounts.iter().map(|mount| json!(mount)));
    let resources = envoy.resources.as_ref().map_or_else(
        || json!({"requests": {"cpu": "100m", "memory": "128Mi"}}),
        |resources| json!(resources),
    );
    json!({
        "name": "envoy",
        "image": settings.envoy_image,
        "command": ["envoy"],
        "args": args,
        "env": [
            // Traces tell it.
            variable("CONTOUR_NAMESPACE", "metadata.namespace"),
            variable("ENVOY_POD_NAME", "metadata.name"),
        ],
        "ports": [{"name": "metrics", "containerPort": settings.stats_port, "protocol": "TCP"}],
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": "metrics"},
            "initialDelaySeconds": 1,
            "periodSeconds": 3,
        },
        "lifecycle": {"preStop": {"httpGet": {"path": "/shutdown", "port": SHUTDOWN_MANAGER_PORT, "scheme": "HTTP"}}},
        "resources": resources,
        "securityContext": restricted(),
        "volumeMounts": mounts,
    })
}

fn shutdown_manager(wanted: &Wanted<'_>) -> Value {
    json!({
        "name": "shutdown-manager",
        "image": wanted.settings.isobath_image,
        "args": ["envoy", "shutdown-manager"],
        "lifecycle": {"preStop": {"exec": {"command": ["/isobath", "envoy", "shutdown"]}}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": SHUTDOWN_MANAGER_PORT}, "periodSeconds": 10},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": restricted(),
        "volumeMounts": [{"name": "admin", "mountPath": "/admin"}],
    })
}

pub(super) fn variable(name: &str, field: &str) -> Value {
    json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}})
}

pub(super) fn restricted() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL"]},
    })
}
