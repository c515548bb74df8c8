//! The objects of one Gateway, whole, in the order in which they are needed.

mod pod;
mod service;
#[cfg(test)]
pub(crate) mod tests;
mod workload;

use std::collections::{BTreeMap, BTreeSet};

use api::ByteString;
use api::contour_deployment::WorkloadType;
use api::gateway_api::Gateway;
use api::meta::ObjectMeta;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use crate::names::{GatewayId, MANAGED_BY, MANAGER, label_value, object_name};
use crate::parameters::Parameters;
use crate::ports::Port;
use crate::settings::Settings;

/// The label of the Gateway API for everything that is made for a Gateway.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";
/// Contour's.
const OWNING_GATEWAY: &str = "projectcontour.io/owning-gateway-name";
/// Says which controller made an object: there may be several in a cluster.
pub(crate) const MADE_BY: &str = "projectcontour.io/made-by-gateway-controller";
/// The hash of what was applied: tells what is to be taken away, too.
pub(crate) const APPLIED: &str = "projectcontour.io/applied";

/// What proves who the Envoys of a Gateway are, and whom they trust.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The bundle that controllers are checked by, PEM.
    pub trusted: String,
    /// PEM.
    pub certificate: String,
    /// PEM; goes into the Secret and nowhere else.
    pub key: String,
}

/// All that decides about the objects of a Gateway.
pub struct Wanted<'a> {
    /// What is the same for all Gateways.
    pub settings: &'a Settings,
    /// The Gateway.
    pub gateway: &'a Gateway,
    /// How its Envoys are set up.
    pub parameters: &'a Parameters,
    /// Where it is reached; without a port there is no Service.
    pub ports: BTreeSet<Port>,
    /// Who its Envoys are.
    pub certificate: &'a Certificate,
}

/// The objects of a Gateway, each to be applied as it is.
#[must_use]
pub fn objects(wanted: &Wanted<'_>) -> Vec<Value> {
    let mut objects = vec![service_account(wanted), secret(wanted)];
    if !wanted.ports.is_empty() {
        objects.push(service::service(wanted));
    }
    match wanted.parameters.workload() {
        WorkloadType::DaemonSet => objects.push(workload::daemon_set(wanted)),
        WorkloadType::Deployment => {
            objects.extend([workload::deployment(wanted), workload::disruption_budget(wanted)]);
        }
    }
    objects.iter_mut().for_each(note_hash);
    objects
}

/// The Gateway that an object was made for, if it was made here.
#[must_use]
pub fn made_for(metadata: &ObjectMeta) -> Option<GatewayId> {
    let manager = metadata.labels.as_ref()?.get(MANAGED_BY)?;
    if manager == MANAGER { owner(metadata) } else { None }
}

/// The Gateway that an object belongs to.
pub(crate) fn owner(metadata: &ObjectMeta) -> Option<GatewayId> {
    let owners = metadata.owner_references.iter().flatten();
    let owner = owners
        .filter(|owner| owner.kind == "Gateway" && owner.api_version.starts_with(api::gateway_api::GROUP))
        .map(|owner| &owner.name)
        .next()?;
    Some(GatewayId::new(metadata.namespace.clone()?, owner))
}

impl Wanted<'_> {
    fn gateway_name(&self) -> &str {
        self.gateway.metadata.name.as_deref().unwrap_or_default()
    }

    fn namespace(&self) -> &str {
        self.gateway.metadata.namespace.as_deref().unwrap_or_default()
    }

    fn object_name(&self) -> String {
        object_name(self.gateway_name())
    }

    /// The labels that tell the Pods of this Gateway from all others of the namespace.
    fn selector(&self) -> BTreeMap<String, String> {
        let labels = [
            ("app.kubernetes.io/name", "isobath".to_owned()),
            ("app.kubernetes.io/component", "gateway-envoy".to_owned()),
            (GATEWAY_NAME, label_value(self.gateway_name())),
        ];
        labels.into_iter().map(|(label, value)| (label.to_owned(), value)).collect()
    }

    /// Labels of everything: ours come last, things are found by them.
    fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.parameters.resource_labels.clone();
        if let Some(infrastructure) = &self.gateway.spec.infrastructure {
            labels.extend(infrastructure.labels.clone());
        }
        labels.extend(self.selector());
        let ours = [
            (OWNING_GATEWAY, label_value(self.gateway_name())),
            (MANAGED_BY, MANAGER.to_owned()),
            ("app.kubernetes.io/part-of", "isobath".to_owned()),
        ];
        labels.extend(ours.map(|(label, value)| (label.to_owned(), value)));
        labels
    }

    /// Annotations: those of the Gateway's infrastructure over `lower`.
    fn annotations(&self, lower: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut annotations = lower.clone();
        if let Some(infrastructure) = &self.gateway.spec.infrastructure {
            annotations.extend(infrastructure.annotations.clone());
        }
        annotations
    }

    fn metadata(&self, annotations: &BTreeMap<String, String>) -> Value {
        let mut annotations = self.annotations(annotations);
        annotations.insert(MADE_BY.to_owned(), self.settings.controller_name.clone());
        json!({
            "name": self.object_name(),
            "namespace": self.namespace(),
            "labels": self.labels(),
            "annotations": annotations,
            "ownerReferences": [{
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "Gateway",
                "name": self.gateway_name(),
                "uid": self.gateway.metadata.uid,
                "controller": true,
            }],
        })
    }

    /// The same where there are no annotations of its own.
    fn plain_metadata(&self) -> Value {
        self.metadata(&BTreeMap::new())
    }
}

fn service_account(wanted: &Wanted<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": wanted.plain_metadata(),
        "automountServiceAccountToken": false,
    })
}

fn secret(wanted: &Wanted<'_>) -> Value {
    let Certificate { trusted, certificate, key } = wanted.certificate;
    let data = [("ca.crt", trusted), ("tls.crt", certificate), ("tls.key", key)];
    let data: BTreeMap<_, _> =
        data.into_iter().map(|(name, text)| (name, ByteString(text.clone().into_bytes()))).collect();
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": wanted.plain_metadata(),
        "type": "kubernetes.io/tls",
        "data": data,
    })
}

/// Writes the hash of an object into it. Nothing of a Secret's data is told by it.
fn note_hash(object: &mut Value) {
    let mut shown = object.clone();
    if let Some(fields) = shown.as_object_mut() {
        fields.shift_remove("data");
    }
    object["metadata"]["annotations"][APPLIED] =
        format!("{:016x}", xxh3_64(shown.to_string().as_bytes())).into();
}
