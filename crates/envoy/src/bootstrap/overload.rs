//! What Envoy does when it runs out of memory or connections.

use std::time::Duration;

use envoy_protos::envoy::config::overload::v3 as proto;
use envoy_protos::envoy::config::overload::v3::resource_monitor::ConfigType;
use envoy_protos::envoy::config::overload::v3::trigger::TriggerOneof;
use envoy_protos::envoy::extensions::resource_monitors::downstream_connections::v3::DownstreamConnectionsConfig;
use envoy_protos::envoy::extensions::resource_monitors::fixed_heap::v3::FixedHeapConfig;
use envoy_protos::google::protobuf::Any;

use super::BootstrapOptions;
use crate::any::pack;
use crate::duration::duration;

const HEAP: &str = "envoy.resource_monitors.fixed_heap";
const CONNECTIONS: &str = "envoy.resource_monitors.global_downstream_max_connections";

/// What is done at which part of the heap.
const HEAP_ACTIONS: [(&str, f64); 2] =
    [("envoy.overload_actions.shrink_heap", 0.95), ("envoy.overload_actions.stop_accepting_requests", 0.98)];

/// The overload manager; `None` where nothing is limited.
pub(super) fn manager(options: &BootstrapOptions) -> Option<proto::OverloadManager> {
    let heap = options.max_heap_bytes.map(heap);
    let actions =
        if heap.is_some() { HEAP_ACTIONS.map(|(name, at)| action(name, at)).to_vec() } else { vec![] };
    let monitors: Vec<_> =
        heap.into_iter().chain(options.max_downstream_connections.map(connections)).collect();
    (!monitors.is_empty()).then(|| proto::OverloadManager {
        refresh_interval: Some(duration(Duration::from_millis(250))),
        resource_monitors: monitors,
        actions,
        ..Default::default()
    })
}

fn heap(bytes: u64) -> proto::ResourceMonitor {
    monitor(HEAP, pack(&FixedHeapConfig { max_heap_size_bytes: bytes, ..Default::default() }))
}

fn connections(most: u32) -> proto::ResourceMonitor {
    let config = DownstreamConnectionsConfig { max_active_downstream_connections: most.into() };
    monitor(CONNECTIONS, pack(&config))
}

fn monitor(name: &str, config: Any) -> proto::ResourceMonitor {
    proto::ResourceMonitor { name: name.to_owned(), config_type: Some(ConfigType::TypedConfig(config)) }
}

fn action(name: &str, at: f64) -> proto::OverloadAction {
    let threshold = proto::ThresholdTrigger { value: at };
    let trigger =
        proto::Trigger { name: HEAP.to_owned(), trigger_oneof: Some(TriggerOneof::Threshold(threshold)) };
    proto::OverloadAction { name: name.to_owned(), triggers: vec![trigger], ..Default::default() }
}
