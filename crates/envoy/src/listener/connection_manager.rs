//! The HTTP connection manager.

use envoy_protos::envoy::config::accesslog::v3::AccessLog;
use envoy_protos::envoy::config::core::v3 as core;
use envoy_protos::envoy::config::listener::v3::Filter;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3 as proto;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::http_connection_manager::RouteSpecifier;
use envoy_protos::google::protobuf::BoolValue;
use model::{GlobalTimeouts, Host, Listener, Settings, Timeout};

use super::filter;
use crate::any::pack;
use crate::config_source::config_source;
use crate::duration::timeout;
use crate::{XdsMode, access_log, filters};

/// What a connection manager is made from.
pub(crate) struct ConnectionManager<'a> {
    /// The listener that it belongs to.
    pub(crate) listener: &'a Listener,
    /// What is the same for all.
    pub(crate) settings: &'a Settings,
    /// How route configurations are fetched.
    pub(crate) mode: XdsMode,
    /// The route configuration that it asks for.
    pub(crate) route_configuration: &'a str,
    /// The host that its connections were opened for; `None` where any host is asked for.
    pub(crate) host: Option<&'a Host>,
}

impl ConnectionManager<'_> {
    /// The network filter.
    pub(super) fn filter(&self) -> Filter {
        filter(NAME, pack(&self.config()))
    }

    fn config(&self) -> proto::HttpConnectionManager {
        let Settings { timeouts, trusted_hops, merge_slashes, .. } = self.settings;
        proto::HttpConnectionManager {
            xff_num_trusted_hops: *trusted_hops,
            merge_slashes: *merge_slashes,
            common_http_protocol_options: Some(connection_limits(timeouts)),
            request_timeout: timeout(timeouts.request),
            stream_idle_timeout: timeout(timeouts.stream_idle),
            drain_timeout: timeout(timeouts.connection_shutdown_grace),
            delayed_close_timeout: timeout(timeouts.delayed_close),
            access_log: self.access_log(),
            http_filters: filters::http_filters(self),
            route_specifier: Some(self.routes()),
            ..basics(self.listener.id.as_str())
        }
    }

    fn routes(&self) -> RouteSpecifier {
        RouteSpecifier::Rds(proto::Rds {
            config_source: Some(config_source(self.mode)),
            route_config_name: self.route_configuration.to_owned(),
        })
    }

    fn access_log(&self) -> Vec<AccessLog> {
        vec![access_log::file(&self.listener.access_log)]
    }
}

/// The name of the network filter.
pub(super) const NAME: &str = "envoy.filters.network.http_connection_manager";

/// What every connection manager that faces clients has (reference 7.3).
fn basics(stat_prefix: &str) -> proto::HttpConnectionManager {
    proto::HttpConnectionManager {
        stat_prefix: stat_prefix.to_owned(),
        use_remote_address: Some(BoolValue { value: true }),
        normalize_path: Some(BoolValue { value: true }),
        preserve_external_request_id: true,
        http_protocol_options: Some(core::Http1ProtocolOptions {
            accept_http_10: true,
            allow_chunked_length: true,
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// The longest life of a connection is unlimited by default, so that "no limit" need not be said.
fn connection_limits(timeouts: &GlobalTimeouts) -> core::HttpProtocolOptions {
    let max_connection_duration = match timeouts.max_connection_duration {
        Timeout::Default | Timeout::Disabled => None,
        limit @ Timeout::After(_) => timeout(limit),
    };
    core::HttpProtocolOptions {
        idle_timeout: timeout(timeouts.connection_idle),
        max_connection_duration,
        ..Default::default()
    }
}
