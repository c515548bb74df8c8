//! Where Envoy finds what a resource names.

use std::time::Duration;

use envoy_protos::envoy::config::core::v3 as core;
use envoy_protos::envoy::config::core::v3::api_config_source::ApiType;
use envoy_protos::envoy::config::core::v3::config_source::ConfigSourceSpecifier;

use crate::duration::duration;
use crate::names::XDS_CLUSTER;

/// How Envoy and the xDS server talk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum XdsMode {
    /// One stream for all types, changes only.
    #[default]
    AdsDelta,
    /// One stream for all types, the state of the world.
    AdsSotw,
    /// A stream for each type, changes only.
    Delta,
    /// A stream for each type, the state of the world (Contour's way).
    Sotw,
}

impl XdsMode {
    /// Whether one stream carries all types.
    #[must_use]
    pub const fn is_ads(self) -> bool {
        matches!(self, Self::AdsDelta | Self::AdsSotw)
    }

    /// Whether an Envoy is sent changes only.
    #[must_use]
    pub const fn is_delta(self) -> bool {
        matches!(self, Self::AdsDelta | Self::Delta)
    }

    const fn api_type(self) -> ApiType {
        match self {
            Self::AdsDelta | Self::Delta => ApiType::DeltaGrpc,
            Self::AdsSotw | Self::Sotw => ApiType::Grpc,
        }
    }
}

/// The xDS server, as the source of whatever is named beside it.
pub(crate) fn config_source(mode: XdsMode) -> core::ConfigSource {
    let specifier = if mode.is_ads() {
        ConfigSourceSpecifier::Ads(core::AggregatedConfigSource::default())
    } else {
        ConfigSourceSpecifier::ApiConfigSource(grpc(mode))
    };
    core::ConfigSource {
        resource_api_version: core::ApiVersion::V3.into(),
        config_source_specifier: Some(specifier),
        ..Default::default()
    }
}

/// A gRPC stream to the xDS server.
///
/// Envoy's own back-off doubles up to 30 s, so that an outage of 30 s may last a minute (reliability
/// X-097); five seconds at most are cheap for both sides. Envoy adds the jitter.
pub(crate) fn grpc(mode: XdsMode) -> core::ApiConfigSource {
    let back_off = core::BackoffStrategy {
        base_interval: Some(duration(Duration::from_millis(500))),
        max_interval: Some(duration(Duration::from_secs(5))),
    };
    let service = core::grpc_service::EnvoyGrpc {
        cluster_name: XDS_CLUSTER.to_owned(),
        authority: XDS_CLUSTER.to_owned(),
        retry_policy: Some(core::RetryPolicy { retry_back_off: Some(back_off), ..Default::default() }),
        ..Default::default()
    };
    core::ApiConfigSource {
        api_type: mode.api_type().into(),
        transport_api_version: core::ApiVersion::V3.into(),
        grpc_services: vec![core::GrpcService {
            target_specifier: Some(core::grpc_service::TargetSpecifier::EnvoyGrpc(service)),
            ..Default::default()
        }],
        set_node_on_first_message_only: true,
        ..Default::default()
    }
}
