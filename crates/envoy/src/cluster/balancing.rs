//! How a cluster's endpoints are chosen.

use envoy_protos::envoy::config::cluster::v3::cluster::LbPolicy;
use model::Balancing;

/// Envoy's word for it.
pub(super) const fn policy(balancing: Balancing) -> LbPolicy {
    match balancing {
        Balancing::RoundRobin => LbPolicy::RoundRobin,
        Balancing::LeastRequest => LbPolicy::LeastRequest,
        Balancing::Random => LbPolicy::Random,
        Balancing::Hash => LbPolicy::RingHash,
    }
}
