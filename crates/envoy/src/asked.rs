//! Services that Envoy itself asks about requests.

use envoy_protos::envoy::config::core::v3::GrpcService;
use envoy_protos::envoy::config::core::v3::grpc_service::{EnvoyGrpc, TargetSpecifier};
use model::{Asked, Settings, Timeout};

use crate::Reference;
use crate::duration::timeout;

/// A service that is asked about all hosts, and speaks gRPC.
pub(crate) fn about_all(asked: &Asked) -> GrpcService {
    grpc(asked.extension.cluster().as_str(), &asked.authority, asked.timeout)
}

/// A service that speaks gRPC: the way to it, the host that questions name, and how long they may take.
pub(crate) fn grpc(cluster: &str, authority: &str, patience: Timeout) -> GrpcService {
    let service =
        EnvoyGrpc { cluster_name: cluster.to_owned(), authority: authority.to_owned(), ..Default::default() };
    GrpcService {
        target_specifier: Some(TargetSpecifier::EnvoyGrpc(service)),
        timeout: timeout(patience),
        ..Default::default()
    }
}

/// The clusters that every connection manager names: until they are there, what is asked about would be refused.
pub(crate) fn references(settings: &Settings) -> Vec<Reference> {
    settings.asked().map(|asked| Reference::cluster(asked.extension.cluster().name())).collect()
}
