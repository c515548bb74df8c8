//! What is changed in a running Envoy without touching any listener.

use std::collections::BTreeMap;

use envoy_protos::envoy::service::runtime::v3::Runtime;
use envoy_protos::google::protobuf::value::Kind;
use envoy_protos::google::protobuf::{Struct, Value};
use model::Settings;

use crate::names::RUNTIME_LAYER;
use crate::{References, Resource};

/// Sizes of compiled expressions that RE2 may reach, and what is done beyond them.
///
/// Envoy's own limit of 100 refuses `/a{150}`. `re2` checks sizes before anything is sent.
const RE2_SIZES: [(&str, f64); 2] =
    [("re2.max_program_size.error_level", 1_048_576.0), ("re2.max_program_size.warn_level", 1_000.0)];

/// The runtime layer that is served by RTDS. No setting changes it yet.
#[must_use]
pub fn runtime(_settings: &Settings) -> Resource {
    let runtime = Runtime { name: RUNTIME_LAYER.to_owned(), layer: Some(re2_sizes()) };
    Resource::new(RUNTIME_LAYER.into(), &runtime, References::default())
}

/// The same, for the bootstrap: routes may arrive before the layer does.
pub(crate) fn re2_sizes() -> Struct {
    fields(RE2_SIZES.map(|(key, value)| (key, Kind::NumberValue(value))))
}

/// A struct from its fields.
pub(crate) fn fields<const N: usize>(fields: [(&str, Kind); N]) -> Struct {
    let fields: BTreeMap<_, _> =
        fields.into_iter().map(|(key, kind)| (key.to_owned(), Value { kind: Some(kind) })).collect();
    Struct { fields }
}
