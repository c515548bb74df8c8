//! Compression of responses, where the client accepts it.

use std::sync::LazyLock;

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
    let config = match manager.settings.downstream.compression? {
        Compression::Gzip => &GZIP,
        Compression::Brotli => &BROTLI,
        Compression::Zstd => &ZSTD,
    };
    Some((**config).clone())
}

/// Made once: it is the same for every chain.
static GZIP: LazyLock<Any> = LazyLock::new(|| compressor("gzip", pack(&Gzip::default())));
static BROTLI: LazyLock<Any> = LazyLock::new(|| compressor("brotli", pack(&Brotli::default())));
static ZSTD: LazyLock<Any> = LazyLock::new(|| compressor("zstd", pack(&Zstd::default())));

fn compressor(library: &str, config: Any) -> Any {
    // Envoy 1.40 warns of the list of types that came before the matchers, once for each chain. Older ones
    // do not know the matchers, and compress what their own list names.
    let common = CommonDirectionConfig {
        content_type_matcher: CONTENT_TYPES.map(exactly).into(),
        ..Default::default()
    };
    pack(&Compressor {
        compressor_library: Some(TypedExtensionConfig {
            name: library.to_owned(),
            typed_config: Some(config),
        }),
        response_direction_config: Some(ResponseDirectionConfig {
            common_config: Some(common),
            ..Default::default()
        }),
        ..Default::default()
    })
}

fn exactly(content_type: &str) -> StringMatcher {
    let pattern = MatchPattern::Exact(content_type.to_owned());
    StringMatcher { match_pattern: Some(pattern), ..Default::default() }
}
