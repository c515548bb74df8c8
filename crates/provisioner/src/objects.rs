//! The objects of one fleet, whole, in the order in which they are needed; and those of a Gateway's own controller.

mod controller;
mod owned;
mod pod;
mod rights;
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

use crate::names::{MANAGED_BY, MANAGER, certificates_names, controller_name, label_value, object_name};
use crate::parameters::Parameters;
use crate::ports::Port;
use crate::settings::Settings;
use crate::tenancy::{DEDICATED, TENANCY};
use owned::MADE_FOR;
pub use owned::made_for;
pub(crate) use owned::{outlives_gateway, owner};

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
/// Tells the parts of a Gateway apart.
const COMPONENT: &str = "app.kubernetes.io/component";

/// What of a Gateway an object belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its Envoys.
    Envoys,
    /// Its own controller.
    Controller,
}

impl Part {
    const fn component(self) -> &'static str {
        match self {
            Self::Envoys => "gateway-envoy",
            Self::Controller => "gateway-controller",
        }
    }

    /// Whether an object belongs to it.
    pub(crate) fn has(self, object: &Value) -> bool {
        object["metadata"]["labels"][COMPONENT] == self.component()
    }
}

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

/// One of the Secrets by which a Gateway's own controller and its Envoys know one another, as `certgen` makes them.
#[derive(Clone, PartialEq, Eq)]
pub struct ControllerSecret {
    /// Its name.
    pub name: String,
    /// Its `type`.
    pub kind: String,
    /// Its content; goes into the Secret and nowhere else.
    pub data: BTreeMap<String, Vec<u8>>,
}

/// Who serves the Envoys.
#[derive(Clone, Copy)]
pub enum Server<'a> {
    /// The shared controllers, who know them by this.
    Shared(&'a Certificate),
    /// The Gateway's own controller; a class has none.
    Dedicated,
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
    /// Who serves them.
    pub server: Server<'a>,
}

/// The objects of a fleet's Envoys, each to be applied as it is.
#[must_use]
pub fn objects(wanted: &Wanted<'_>) -> Vec<Value> {
    let mut objects = vec![service_account(wanted, Part::Envoys)];
    if let Server::Shared(certificate) = wanted.server {
        objects.push(secret(wanted, certificate));
    }
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

/// The objects of a Gateway's own controller, each to be applied as it is.
#[must_use]
pub fn controller_objects(wanted: &Wanted<'_>, secrets: &[ControllerSecret]) -> Vec<Value> {
    let mut objects = vec![service_account(wanted, Part::Controller)];
    objects.extend(rights::bindings(wanted));
    objects.extend(secrets.iter().map(|each| controller_secret(wanted, each)));
    objects.extend(controller::objects(wanted));
    objects.iter_mut().for_each(note_hash);
    objects
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

    pub(crate) fn name(self) -> &'a str {
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

    /// The namespaces that the Gateway's own controller reads, the Gateway's first.
    fn namespaces(&self) -> Vec<&str> {
        let own = self.namespace();
        let more = self.parameters.contour.watch_namespaces.iter().map(String::as_str);
        [own].into_iter().chain(more.filter(|more| *more != own).collect::<BTreeSet<_>>()).collect()
    }

    fn name_of(&self, part: Part) -> String {
        match part {
            Part::Envoys => object_name(&self.owner.id()),
            Part::Controller => controller_name(self.owner.name()),
        }
    }

    /// The Secret with the certificate of the Envoys.
    fn secret_of_envoys(&self) -> String {
        match self.server {
            Server::Shared(_) => self.name_of(Part::Envoys),
            Server::Dedicated => {
                let [_, of_envoys, _] = certificates_names(self.owner.name());
                of_envoys
            }
        }
    }

    /// The labels that tell the Pods of a part from all others of the namespace.
    fn selector(&self, part: Part) -> BTreeMap<String, String> {
        let labels = [
            ("app.kubernetes.io/name", "isobath".to_owned()),
            (COMPONENT, part.component().to_owned()),
            self.owner.label(),
        ];
        labels.into_iter().map(|(label, value)| (label.to_owned(), value)).collect()
    }

    /// Labels of everything: ours come last, things are found by them.
    fn labels(&self, part: Part) -> BTreeMap<String, String> {
        let mut labels = self.parameters.resource_labels.clone();
        if let Some(infrastructure) = self.owner.infrastructure() {
            labels.extend(infrastructure.labels.clone());
        }
        labels.extend(self.selector(part));
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
        // Things are told by these.
        [TENANCY, MADE_FOR].into_iter().for_each(|ours| drop(annotations.remove(ours)));
        annotations
    }

    fn metadata(&self, part: Part, annotations: &BTreeMap<String, String>) -> Value {
        let mut annotations = self.annotations(annotations);
        annotations.insert(MADE_BY.to_owned(), self.settings.controller_name.clone());
        json!({
            "name": self.name_of(part),
            "namespace": self.namespace(),
            "labels": self.labels(part),
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
    fn plain_metadata(&self, part: Part) -> Value {
        self.metadata(part, &BTreeMap::new())
    }

    /// That of what runs Envoys: it says who serves them.
    fn workload_metadata(&self) -> Value {
        let mut metadata = self.plain_metadata(Part::Envoys);
        metadata["annotations"][TENANCY] = match self.server {
            Server::Shared(_) => return metadata,
            Server::Dedicated => DEDICATED.into(),
        };
        metadata
    }
}

fn service_account(wanted: &Wanted<'_>, part: Part) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": wanted.plain_metadata(part),
        "automountServiceAccountToken": false,
    })
}

fn secret(wanted: &Wanted<'_>, certificate: &Certificate) -> Value {
    let Certificate { trusted, certificate, key } = certificate;
    let data = [("ca.crt", trusted), ("tls.crt", certificate), ("tls.key", key)];
    let data: BTreeMap<_, _> =
        data.into_iter().map(|(name, text)| (name, ByteString(text.clone().into_bytes()))).collect();
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": wanted.plain_metadata(Part::Envoys),
        "type": "kubernetes.io/tls",
        "data": data,
    })
}

fn controller_secret(wanted: &Wanted<'_>, secret: &ControllerSecret) -> Value {
    let data: BTreeMap<_, _> =
        secret.data.iter().map(|(name, bytes)| (name, ByteString(bytes.clone()))).collect();
    let mut metadata = wanted.plain_metadata(Part::Controller);
    metadata["name"] = secret.name.as_str().into();
    // The shared controllers do not read it.
    metadata["labels"][TENANCY] = DEDICATED.into();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": secret.kind, "data": data})
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
