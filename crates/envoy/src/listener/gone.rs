//! What a chain answers whose scope is gone: its host is served by another chain now, or not at all, and its
//! connections live until they are drained.

use envoy_protos::envoy::config::accesslog::v3::access_log_filter::FilterSpecifier;
use envoy_protos::envoy::config::accesslog::v3::{
    AccessLogFilter, AndFilter, HeaderFilter, ResponseFlagFilter,
};
use envoy_protos::envoy::config::route::v3::HeaderMatcher;
use envoy_protos::envoy::config::route::v3::header_matcher::HeaderMatchSpecifier;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::{
    LocalReplyConfig, ResponseMapper,
};
use envoy_protos::envoy::r#type::matcher::v3::StringMatcher;
use envoy_protos::envoy::r#type::matcher::v3::string_matcher::MatchPattern;
use envoy_protos::google::protobuf::UInt32Value;

/// 421 for a request without a route: clients open another connection, and are served by the chain that is there now.
/// The table of a chain ends with a route for everything, so that without a route there is no table. Only CONNECT has
/// none anyway.
pub(super) fn replies() -> LocalReplyConfig {
    let without_route =
        FilterSpecifier::ResponseFlagFilter(ResponseFlagFilter { flags: vec!["NR".to_owned()] });
    let connect = StringMatcher {
        match_pattern: Some(MatchPattern::Exact("CONNECT".to_owned())),
        ..Default::default()
    };
    let no_connect = HeaderMatcher {
        name: ":method".to_owned(),
        invert_match: true,
        header_match_specifier: Some(HeaderMatchSpecifier::StringMatch(connect)),
        ..Default::default()
    };
    let no_connect = FilterSpecifier::HeaderFilter(HeaderFilter { header: Some(no_connect) });
    let both = AndFilter { filters: [without_route, no_connect].map(all_that).into() };
    let mapper = ResponseMapper {
        filter: Some(all_that(FilterSpecifier::AndFilter(both))),
        status_code: Some(UInt32Value { value: 421 }),
        ..Default::default()
    };
    LocalReplyConfig { mappers: vec![mapper], ..Default::default() }
}

fn all_that(filter: FilterSpecifier) -> AccessLogFilter {
    AccessLogFilter { filter_specifier: Some(filter) }
}
