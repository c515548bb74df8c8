//! Limits of a cluster's use.

use envoy_protos::envoy::config::cluster::v3::CircuitBreakers as Proto;
use envoy_protos::envoy::config::cluster::v3::circuit_breakers::Thresholds;
use envoy_protos::envoy::config::cluster::v3::circuit_breakers::thresholds::RetryBudget;
use envoy_protos::envoy::r#type::v3::Percent;
use envoy_protos::google::protobuf::UInt32Value;
use model::CircuitBreakers;

use crate::duration::duration;

/// The limits of requests of default priority; nothing where all are Envoy's own.
pub(super) fn circuit_breakers(limits: &CircuitBreakers) -> Option<Proto> {
    (*limits != CircuitBreakers::default()).then(|| Proto {
        thresholds: vec![cluster_wide(limits)],
        per_host_thresholds: limits.per_host_max_connections.map(per_host).into_iter().collect(),
    })
}

fn cluster_wide(limits: &CircuitBreakers) -> Thresholds {
    Thresholds {
        max_connections: limits.max_connections.map(wrap),
        max_pending_requests: limits.max_pending_requests.map(wrap),
        max_requests: limits.max_requests.map(wrap),
        max_retries: limits.max_retries.map(wrap),
        retry_budget: limits.retry_budget.map(retry_budget),
        track_remaining: true,
        ..Default::default()
    }
}

fn retry_budget(budget: model::RetryBudget) -> RetryBudget {
    RetryBudget {
        budget_percent: Some(Percent { value: budget.percent.into() }),
        budget_interval: budget.interval.map(duration),
        min_retry_concurrency: Some(wrap(budget.minimum)),
    }
}

fn per_host(max_connections: u32) -> Thresholds {
    Thresholds { max_connections: Some(wrap(max_connections)), ..Default::default() }
}

fn wrap(value: u32) -> UInt32Value {
    UInt32Value { value }
}
