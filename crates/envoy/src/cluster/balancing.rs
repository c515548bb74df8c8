//! How a cluster's endpoints are chosen.

use envoy_protos::envoy::config::cluster::v3 as proto;
use envoy_protos::envoy::config::cluster::v3::cluster::{
    LbConfig, LbPolicy, LeastRequestLbConfig, RoundRobinLbConfig, SlowStartConfig,
};
use envoy_protos::envoy::config::core::v3::RuntimeDouble;
use envoy_protos::envoy::r#type::v3::Percent;
use model::{Balancing, SlowStart};

use crate::duration::duration;

/// The runtime key by which operators can make all slow starts slower or faster; Contour's.
const AGGRESSION: &str = "contour.slowstart.aggression";

/// Says how endpoints are chosen.
pub(super) fn choose(balancing: Balancing, message: &mut proto::Cluster) {
    let (policy, config) = match balancing {
        Balancing::RoundRobin(slow) => (LbPolicy::RoundRobin, slow.map(round_robin)),
        Balancing::LeastRequest(slow) => (LbPolicy::LeastRequest, slow.map(least_request)),
        Balancing::Random => (LbPolicy::Random, None),
        Balancing::Hash => (LbPolicy::RingHash, None),
    };
    message.lb_policy = policy.into();
    message.lb_config = config;
}

fn round_robin(slow: SlowStart) -> LbConfig {
    LbConfig::RoundRobinLbConfig(RoundRobinLbConfig { slow_start_config: Some(slow_start(slow)) })
}

fn least_request(slow: SlowStart) -> LbConfig {
    let slow_start_config = Some(slow_start(slow));
    LbConfig::LeastRequestLbConfig(LeastRequestLbConfig { slow_start_config, ..Default::default() })
}

fn slow_start(slow: SlowStart) -> SlowStartConfig {
    SlowStartConfig {
        slow_start_window: Some(duration(slow.window)),
        aggression: Some(RuntimeDouble {
            default_value: slow.aggression.get(),
            runtime_key: AGGRESSION.to_owned(),
        }),
        min_weight_percent: Some(Percent { value: slow.minimum_percent.into() }),
    }
}
