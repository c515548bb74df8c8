//! Schemas of the kinds that are ours to define: what their types and attributes say, in the structural form that
//! an API server wants (`apiextensions.k8s.io/v1`).
//!
//! This is the one place where rules are written: [`crate::crd`] prints the schemas, and [`crate::validate`]
//! follows them. A field is required unless its type says how to leave it out (`skip_serializing_if`).

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::gateway_api::{
    BackendTlsPolicy, Gateway, GatewayClass, GrpcRoute, HttpRoute, ListenerSet, ReferenceGrant, TcpRoute,
    TlsRoute, UdpRoute, XBackendTrafficPolicy,
};
use crate::{
    ContourDeployment, ExtensionService, HeptioCertificateDelegation, HttpProxy, IngressRoute, Kind,
    TlsCertificateDelegation,
};

pub(crate) mod forms;
pub(crate) mod kubernetes;
pub(crate) mod rules;
mod structural;

/// Schemas that were made, each at its first use.
macro_rules! made_once {
    ($kind:expr; $($type:ident,)*) => {
        match $kind {
            $(Kind::$type => {
                static SCHEMA: OnceLock<Map<String, Value>> = OnceLock::new();
                Some(SCHEMA.get_or_init(derived::<$type>))
            })*
            Kind::Namespace
            | Kind::Service
            | Kind::EndpointSlice
            | Kind::Secret
            | Kind::ConfigMap
            | Kind::Ingress => None,
        }
    };
}

/// The schema of a kind without `apiVersion` and `kind`; `None` for the kinds of Kubernetes itself.
pub(crate) fn of(kind: Kind) -> Option<&'static Map<String, Value>> {
    made_once! {
        kind;
        HttpProxy,
        TlsCertificateDelegation,
        ExtensionService,
        IngressRoute,
        HeptioCertificateDelegation,
        ContourDeployment,
        GatewayClass,
        Gateway,
        ListenerSet,
        HttpRoute,
        GrpcRoute,
        TlsRoute,
        TcpRoute,
        UdpRoute,
        ReferenceGrant,
        BackendTlsPolicy,
        XBackendTrafficPolicy,
    }
}

/// What a type and its attributes say.
pub(crate) fn derived<T: JsonSchema>() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    structural::structural(settings.into_generator().into_root_schema_for::<T>())
}

/// The field `metadata`: an API server has its own rules for it, and allows none in a schema.
pub(crate) fn metadata(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object"})
}

/// Whether a field may be left out because it says nothing.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
