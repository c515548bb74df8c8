//! Traces of requests. Each Envoy tells the collector by OpenTelemetry's protocol: of a request as it came, and of each
//! time that it went to a backend.

use envoy_protos::envoy::config::trace::v3::OpenTelemetryConfig;
use envoy_protos::envoy::config::trace::v3::tracing::Http;
use envoy_protos::envoy::config::trace::v3::tracing::http::ConfigType;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::http_connection_manager as proto;
use envoy_protos::envoy::r#type::tracing::v3::CustomTag;
use envoy_protos::envoy::r#type::tracing::v3::custom_tag::{Environment, Header, Literal, Type};
use envoy_protos::envoy::r#type::v3::Percent;
use envoy_protos::google::protobuf::{BoolValue, UInt32Value};
use model::{Share, Tag, Tracing};

use crate::any::pack;
use crate::asked;

/// What a connection manager does for traces.
pub(super) fn tracing(tracing: &Tracing) -> proto::Tracing {
    let Tracing { sampling, path_bytes, tags, .. } = tracing;
    proto::Tracing {
        overall_sampling: Some(percent(sampling.overall)),
        client_sampling: Some(percent(sampling.client)),
        random_sampling: Some(percent(sampling.random)),
        max_path_tag_length: Some(UInt32Value { value: *path_bytes }),
        custom_tags: tags.iter().map(|(name, tag)| custom_tag(name, tag)).collect(),
        spawn_upstream_span: Some(BoolValue { value: true }),
        provider: Some(provider(tracing)),
        ..Default::default()
    }
}

fn provider(tracing: &Tracing) -> Http {
    let config = OpenTelemetryConfig {
        grpc_service: Some(asked::about_all(&tracing.asked)),
        service_name: tracing.service.to_string(),
        ..Default::default()
    };
    Http {
        name: "envoy.tracers.opentelemetry".to_owned(),
        config_type: Some(ConfigType::TypedConfig(pack(&config))),
    }
}

fn percent(share: Share) -> Percent {
    Percent { value: share.percent() }
}

fn custom_tag(name: &str, tag: &Tag) -> CustomTag {
    let value = match tag {
        Tag::Literal(value) => Type::Literal(Literal { value: value.to_string() }),
        Tag::RequestHeader(name) => {
            Type::RequestHeader(Header { name: name.to_string(), ..Default::default() })
        }
        Tag::Environment(name) => {
            Type::Environment(Environment { name: name.to_string(), ..Default::default() })
        }
    };
    CustomTag { tag: name.to_owned(), r#type: Some(value), ..Default::default() }
}
