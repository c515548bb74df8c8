//! Probes of a cluster's endpoints.

use envoy_protos::envoy::config::core::v3 as core;
use envoy_protos::envoy::config::core::v3::health_check::{HealthChecker, HttpHealthCheck, TcpHealthCheck};
use envoy_protos::envoy::r#type::v3::{CodecClientType, Int64Range};
use envoy_protos::google::protobuf::UInt32Value;
use model::{HealthCheck, Probe, Protocol};

use crate::duration::duration;

/// A health check. Without traffic, Envoy's own interval would be a minute, and a backend that was not well at first
/// never gets any.
pub(super) fn check(check: &HealthCheck, protocol: Protocol) -> core::HealthCheck {
    let interval = Some(duration(check.interval));
    core::HealthCheck {
        timeout: Some(duration(check.timeout)),
        interval,
        no_traffic_interval: interval,
        unhealthy_threshold: Some(UInt32Value { value: check.unhealthy_after }),
        healthy_threshold: Some(UInt32Value { value: check.healthy_after }),
        health_checker: Some(checker(&check.probe, protocol)),
        ..Default::default()
    }
}

fn checker(probe: &Probe, protocol: Protocol) -> HealthChecker {
    match probe {
        Probe::Connect => HealthChecker::TcpHealthCheck(TcpHealthCheck::default()),
        Probe::Http { path, host, statuses } => HealthChecker::HttpHealthCheck(HttpHealthCheck {
            host: host.to_string(),
            path: path.to_string(),
            expected_statuses: statuses
                .iter()
                .map(|range| Int64Range { start: range.start.into(), end: range.end.into() })
                .collect(),
            codec_client_type: codec(protocol).into(),
            ..Default::default()
        }),
    }
}

const fn codec(protocol: Protocol) -> CodecClientType {
    match protocol {
        Protocol::Http1 => CodecClientType::Http1,
        Protocol::Http2 => CodecClientType::Http2,
    }
}
