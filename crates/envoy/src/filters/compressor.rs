//! Compression of responses, where the client accepts it.

use envoy_protos::envoy::config::core::v3::TypedExtensionConfig;
use envoy_protos::envoy::extensions::compression::brotli::compressor::v3::Brotli;
use envoy_protos::envoy::extensions::compression::gzip::compressor::v3::Gzip;
use envoy_protos::envoy::extensions::compression::zstd::compressor::v3::Zstd;
use envoy_protos::envoy::extensions::filters::http::compressor::v3::Compressor;
use envoy_protos::envoy::extensions::filters::http::compressor::v3::compressor::{
    CommonDirectionConfig, ResponseDirectionConfig,
};
use envoy_protos::envoy::r#type::matcher::v3::StringMatcher;
use envoy_protos::envoy::r#type::matcher::v3::string_matcher::MatchPattern;
use envoy_protos::google::protobuf::Any;
use model::Compression;

use crate::any::pack;
use crate::listener::ConnectionManager;

/// Text of the web, and gRPC-Web, which Envoy's own list lacks.
const CONTENT_TYPES: [&str; 19] = [
    "application/javascript",
    "application/json",
    "application/xhtml+xml",
    "application/xml",
    "image/svg+xml",
    "text/css",
    "text/ecmascript",
    "text/html",
    "text/javascript",
    "text/plain",
    "text/xml",
    "application/x-javascript",
    "application/grpc-web",
    "application/grpc-web+json",
    "application/grpc-web+proto",
    "application/grpc-web+thrift",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
    "application/grpc-web-text+thrift",
];

pub(super) fn config(manager: &ConnectionManager<'_>) -> Option<Any> {
    let library = library(manager.settings.downstream.compression?);
    // Envoy 1.40 warns of the list of types that came before the matchers, once for each chain. Older ones
    // do not know the matchers, and compress what their own list names.
    let common = CommonDirectionConfig {
        content_type_matcher: CONTENT_TYPES.map(exactly).to_vec(),
        ..Default::default()
    };
    Some(pack(&Compressor {
        compressor_library: Some(library),
        response_direction_config: Some(ResponseDirectionConfig {
            common_config: Some(common),
            ..Default::default()
        }),
        ..Default::default()
    }))
}

fn library(compression: Compression) -> TypedExtensionConfig {
    let (name, config) = match compression {
        Compression::Gzip => ("gzip", pack(&Gzip::default())),
        Compression::Brotli => ("brotli", pack(&Brotli::default())),
        Compression::Zstd => ("zstd", pack(&Zstd::default())),
    };
    TypedExtensionConfig { name: name.to_owned(), typed_config: Some(config) }
}

fn exactly(content_type: &str) -> StringMatcher {
    let pattern = MatchPattern::Exact(content_type.to_owned());
    StringMatcher { match_pattern: Some(pattern), ..Default::default() }
}
