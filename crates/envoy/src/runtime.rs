//! What is changed in a running Envoy without touching any listener.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use envoy_protos::envoy::service::runtime::v3::Runtime;
use envoy_protos::google::protobuf::value::Kind;
use envoy_protos::google::protobuf::{Struct, Value};
use model::{Listener, Settings};

use crate::names::RUNTIME_LAYER;
use crate::{References, Resource};

/// Sizes of compiled expressions that RE2 may reach, and what is done beyond them.
///
/// Envoy's own limit of 100 refuses `/a{150}`. `re2` checks sizes before anything is sent.
const RE2_SIZES: [(&str, f64); 2] =
    [("re2.max_program_size.error_level", 1_048_576.0), ("re2.max_program_size.warn_level", 1_000.0)];

/// How many requests of a connection are begun before others have their turn.
const REQUESTS_AT_ONCE: &str = "http.max_requests_per_io_cycle";

/// The runtime layer that is served by RTDS, with limits for these listeners. What the operator names goes before sizes,
/// and nothing else.
#[must_use]
pub fn runtime(settings: &Settings, listeners: &[Listener]) -> Resource {
    let mut layer = re2_sizes();
    let named = settings.runtime.iter();
    let named = named.map(|(key, text)| (key.to_string(), Kind::StringValue(text.to_string())));
    for (key, kind) in named.chain(limits(settings, listeners)) {
        layer.fields.insert(key, Value { kind: Some(kind) });
    }
    let runtime = Runtime { name: RUNTIME_LAYER.to_owned(), layer: Some(layer) };
    Resource::new(RUNTIME_LAYER.into(), &runtime, References::default())
}

/// Limits that Envoy looks up in its runtime only.
fn limits(settings: &Settings, listeners: &[Listener]) -> impl Iterator<Item = (String, Kind)> {
    let number = |number: NonZeroU32| Kind::NumberValue(number.get().into());
    let clients = &settings.downstream;
    let at_once = clients.requests_at_once.map(|most| (REQUESTS_AT_ONCE.to_owned(), number(most)));
    let of_listeners = listeners.iter().filter_map(move |listener| {
        let key = format!("envoy.resource_limits.listener.{}.connection_limit", listener.id);
        clients.max_connections.map(|most| (key, number(most)))
    });
    at_once.into_iter().chain(of_listeners)
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
