//! Signs: annotations of Gateways and of their classes, by which the provisioner tells controllers what is so.

use api::Choice;
use api::contour_deployment::{Gateways, KEPT_GATEWAYS};
use api::gateway_api::GatewayClass;
use api::meta::ObjectMeta;
use serde_json::{Value, json};

/// What is to be merged into an object, so that it bears this sign, or none.
pub(crate) fn sign(metadata: &ObjectMeta, key: &str, value: Option<&str>) -> Value {
    json!({"metadata": {"uid": metadata.uid, "annotations": {key: value}}})
}

/// Whether a class has kept that its Gateways share their Envoys.
pub(crate) fn keeps_merged(class: &GatewayClass) -> bool {
    Gateways::kept_by(&class.metadata) == Gateways::Merged
}

/// What is to be merged into a class, so that it keeps whether its Gateways share their Envoys.
pub(crate) fn kept(class: &GatewayClass, is_merged: bool) -> Value {
    let merged = Choice::Known(Gateways::Merged);
    sign(&class.metadata, KEPT_GATEWAYS, is_merged.then(|| merged.as_str()))
}
