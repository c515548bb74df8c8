//! The objects of one fleet, whole, in the order in which they are needed.

mod pod;
mod service;
#[cfg(test)]
pub(crate) mod tests;
mod workload;

use std::collections::{BTreeMap, BTreeSet};

use api::ByteString;
use api::contour_deployment::WorkloadType;
use api::gateway_api::gateway::GatewayInfrastructure;
use api::gateway_api::{Gateway, GatewayClass};
use api::meta::ObjectMeta;
use model::FleetOwner;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use crate::names::{MANAGED_BY, MANAGER, label_value, object_name};
use crate::parameters::Parameters;
use crate::ports::Port;
use crate::settings::Settings;

/// The label of the Gateway API for everything that is made for a Gateway.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";
/// The one for what is made for all Gateways of a class.
const CLASS_NAME: &str = "gateway.networking.k8s.io/gateway-class-name";
/// Contour's.
const OWNING_GATEWAY: &str = "projectcontour.io/owning-gateway-name";
/// Says which controller made an object: there may be several in a cluster.
pub(crate) const MADE_BY: &str = "projectcontour.io/made-by-gateway-controller";
/// The hash of what was applied: tells what is to be taken away, too.
pub(crate) const APPLIED: &str = "projectcontour.io/applied";

/// Whose the Envoys are.
#[derive(Clone, Copy)]
pub enum Owner<'a> {
    /// A Gateway's own.
    Gateway(&'a Gateway),
    /// Those that all Gateways of a class share.
    Class(&'a GatewayClass),
}

/// What proves whose Envoys are, and whom they trust.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The bundle that controllers are checked by, PEM.
    pub trusted: String,
    /// PEM.
    pub certificate: String,
    /// PEM; goes into the Secret and nowhere else.
    pub key: String,
}

/// All that decides about the objects of a fleet.
pub struct Wanted<'a> {
    /// What is the same for all.
    pub settings: &'a Settings,
    /// Whose the Envoys are.
    pub owner: Owner<'a>,
    /// How they are set up.
    pub parameters: &'a Parameters,
    /// Where they are reached; without a port there is no Service.
    pub ports: BTreeSet<Port>,
    /// Who they are.
    pub certificate: &'a Certificate,
}

/// The objects of a fleet, each to be applied as it is.
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

/// Whose Envoys an object was made for, if it was made here. The namespace is that of the controllers.
#[must_use]
pub fn made_for(metadata: &ObjectMeta, controllers: &str) -> Option<FleetOwner> {
    let manager = metadata.labels.as_ref()?.get(MANAGED_BY)?;
    if manager == MANAGER { owner(metadata, controllers) } else { None }
}

/// The Gateway, or the class, that an object belongs to. It is believed only where objects of that owner are, and under
/// their name: anybody can write an owner's name into an object of a namespace of theirs.
pub(crate) fn owner(metadata: &ObjectMeta, controllers: &str) -> Option<FleetOwner> {
    let says = said_owner(metadata)?;
    let is_at_home = match &says {
        FleetOwner::Gateway(_) => true,
        FleetOwner::Class(_) => metadata.namespace.as_deref() == Some(controllers),
    };
    (is_at_home && metadata.name.as_deref() == Some(&*object_name(&says))).then_some(says)
}

fn said_owner(metadata: &ObjectMeta) -> Option<FleetOwner> {
    let owners = metadata.owner_references.iter().flatten();
    let mut owners = owners.filter(|owner| owner.api_version.starts_with(api::gateway_api::GROUP));
    owners.find_map(|owner| match owner.kind.as_str() {
        "Gateway" => Some(FleetOwner::gateway(metadata.namespace.as_deref()?, &*owner.name)),
        "GatewayClass" => Some(FleetOwner::Class(owner.name.as_str().into())),
        _ => None,
    })
}

impl<'a> Owner<'a> {
    const fn kind(self) -> &'static str {
        match self {
            Self::Gateway(_) => "Gateway",
            Self::Class(_) => "GatewayClass",
        }
    }

    const fn own_metadata(self) -> &'a ObjectMeta {
        match self {
            Self::Gateway(gateway) => &gateway.metadata,
            Self::Class(class) => &class.metadata,
        }
    }

    fn name(self) -> &'a str {
        self.own_metadata().name.as_deref().unwrap_or_default()
    }

    /// By its name.
    #[must_use]
    pub fn id(self) -> FleetOwner {
        match self {
            Self::Gateway(gateway) => {
                let namespace = gateway.metadata.namespace.as_deref().unwrap_or_default();
                FleetOwner::gateway(namespace, self.name())
            }
            Self::Class(_) => FleetOwner::Class(self.name().into()),
        }
    }

    /// What a Gateway says of its own Envoys.
    fn infrastructure(self) -> Option<&'a GatewayInfrastructure> {
        match self {
            Self::Gateway(gateway) => gateway.spec.infrastructure.as_deref(),
            Self::Class(_) => None,
        }
    }

    /// The label that says whose something is.
    fn label(self) -> (&'static str, String) {
        let label = match self {
            Self::Gateway(_) => GATEWAY_NAME,
            Self::Class(_) => CLASS_NAME,
        };
        (label, label_value(self.name()))
    }
}

impl Wanted<'_> {
    fn namespace(&self) -> &str {
        match self.owner {
            Owner::Gateway(gateway) => gateway.metadata.namespace.as_deref().unwrap_or_default(),
            Owner::Class(_) => &self.settings.namespace,
        }
    }

    fn object_name(&self) -> String {
        object_name(&self.owner.id())
    }

    /// The labels that tell the Pods of this fleet from all others of the namespace.
    fn selector(&self) -> BTreeMap<String, String> {
        let labels = [
            ("app.kubernetes.io/name", "isobath".to_owned()),
            ("app.kubernetes.io/component", "gateway-envoy".to_owned()),
            self.owner.label(),
        ];
        labels.into_iter().map(|(label, value)| (label.to_owned(), value)).collect()
    }

    /// Labels of everything: ours come last, things are found by them.
    fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.parameters.resource_labels.clone();
        if let Some(infrastructure) = self.owner.infrastructure() {
            labels.extend(infrastructure.labels.clone());
        }
        labels.extend(self.selector());
        let ours = [(MANAGED_BY, MANAGER.to_owned()), ("app.kubernetes.io/part-of", "isobath".to_owned())];
        let contours = match self.owner {
            Owner::Gateway(_) => Some((OWNING_GATEWAY, label_value(self.owner.name()))),
            Owner::Class(_) => None,
        };
        labels.extend(ours.into_iter().chain(contours).map(|(label, value)| (label.to_owned(), value)));
        labels
    }

    /// Annotations: those of the Gateway's infrastructure over `lower`.
    fn annotations(&self, lower: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut annotations = lower.clone();
        if let Some(infrastructure) = self.owner.infrastructure() {
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
                "kind": self.owner.kind(),
                "name": self.owner.name(),
                "uid": self.owner.own_metadata().uid,
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
