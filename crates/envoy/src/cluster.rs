//! Clusters.

mod balancing;
mod discovery;
mod health;
mod limits;
mod protocol;
mod tls;

use std::time::Duration;

use envoy_protos::envoy::config::cluster::v3 as proto;
use envoy_protos::envoy::config::cluster::v3::cluster::common_lb_config::{
    LocalityConfigSpecifier, LocalityWeightedLbConfig,
};
use envoy_protos::envoy::r#type::v3::Percent;
use envoy_protos::google::protobuf::UInt32Value;
use model::{Cluster, ClusterKey, Discovery, UpstreamTls};

pub(crate) use discovery::{one_name, resolve};
pub(crate) use protocol::{by_name as options_by_name, explicit, http2};
pub(crate) use tls::{dns_name, wrap as wrap_socket};

use crate::duration::duration;
use crate::{Reference, References, Resource, ResourceType, Warming, XdsMode};

/// A cluster under its key.
#[must_use]
pub fn cluster(key: &ClusterKey, cluster: &Cluster, mode: XdsMode) -> Resource {
    let name = key.name();
    let health = cluster.health_check.as_deref();
    let mut message = proto::Cluster {
        name: name.to_string(),
        alt_stat_name: alt_stat_name(key),
        connect_timeout: Some(duration(cluster.connect_timeout)),
        common_lb_config: Some(no_panic(cluster)),
        typed_extension_protocol_options: protocol::options(cluster),
        health_checks: health.map(|check| health::check(check, cluster.protocol)).into_iter().collect(),
        // What is gone from the Service is gone, whatever it would answer.
        ignore_health_on_host_removal: health.is_some(),
        per_connection_buffer_limit_bytes: cluster.buffer_bytes.map(|value| UInt32Value { value }),
        circuit_breakers: limits::circuit_breakers(&cluster.circuit_breakers),
        transport_socket: cluster.tls.as_ref().map(|tls| tls::socket(tls, cluster.protocol, mode)),
        ..Default::default()
    };
    balancing::choose(cluster.balancing, &mut message);
    discovery::discover(cluster, mode, &mut message);
    Resource {
        warming: warming(cluster),
        ..Resource::new(name, &message, References::new(references(cluster)))
    }
}

/// The name in statistics, without slashes and without the hash: it outlives a change of settings.
fn alt_stat_name(key: &ClusterKey) -> String {
    key.backend().replace('/', "_")
}

/// Requests go to healthy endpoints only, however few there are. Those that share are localities with weights.
fn no_panic(cluster: &Cluster) -> proto::cluster::CommonLbConfig {
    let by_weight = || LocalityConfigSpecifier::LocalityWeightedLbConfig(LocalityWeightedLbConfig {});
    proto::cluster::CommonLbConfig {
        healthy_panic_threshold: Some(Percent { value: 0.0 }),
        locality_config_specifier: matches!(cluster.discovery, Discovery::Shared(_)).then(by_weight),
        ..Default::default()
    }
}

/// What a machine that is busy may add to the time of a probe.
const LATE: Duration = Duration::from_secs(1);

/// A cluster that Envoy resolves warms as fast as DNS answers, one that it probes as soon as the first probe of each
/// endpoint has come to something.
fn warming(cluster: &Cluster) -> Warming {
    match (&cluster.discovery, &cluster.health_check) {
        (Discovery::Dns { .. }, _) => Warming::Open,
        (Discovery::Endpoints(_) | Discovery::Shared(_), Some(check)) => {
            Warming::Within(check.timeout + LATE)
        }
        (Discovery::Endpoints(_) | Discovery::Shared(_), None) => Warming::Quick,
    }
}

fn references(cluster: &Cluster) -> Vec<Reference> {
    let endpoints = cluster.assignment();
    let endpoints = endpoints.map(|key| Reference::sent(ResourceType::ClusterLoadAssignment, key.name()));
    let secrets = cluster.tls.iter().flat_map(UpstreamTls::secrets);
    endpoints.into_iter().chain(secrets.map(crate::secret::reference)).collect()
}
