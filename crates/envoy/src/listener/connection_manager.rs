//! The HTTP connection manager.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use envoy_protos::envoy::config::accesslog::v3::AccessLog;
use envoy_protos::envoy::config::core::v3 as core;
use envoy_protos::envoy::config::core::v3::TypedExtensionConfig;
use envoy_protos::envoy::config::listener::v3::Filter;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3 as proto;
use envoy_protos::envoy::extensions::filters::network::http_connection_manager::v3::http_connection_manager::{
    CodecType, ForwardClientCertDetails, RouteSpecifier, ServerHeaderTransformation, SetCurrentClientCertDetails,
    UpgradeConfig,
};
use envoy_protos::google::protobuf::{BoolValue, UInt32Value};
use model::{
    ClientDetail, Downstream, GlobalTimeouts, HttpVersions, Listener, ServerHeader, Settings, Timeout, VirtualHost,
};

use super::scoped_routes::{ScopeKey, bring_key, scoped_routes};
use super::{early, filter, gone, tracing};
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
    /// Where it finds the route of a request.
    pub(crate) routes: Routes<'a>,
    /// The host that its connections were opened for; `None` where these are of many.
    pub(crate) host: Option<&'a VirtualHost>,
    /// What backends are told of clients' certificates; `None` for nothing.
    pub(crate) forward: Option<&'a BTreeSet<ClientDetail>>,
}

/// Where a connection manager finds the route of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Routes<'a> {
    /// In the route configuration of this name.
    Table(&'a str),
    /// In the scope with this key.
    Scope(ScopeKey<'a>),
}

impl ConnectionManager<'_> {
    /// Whether it serves a Gateway, and not the ingress.
    pub(crate) fn is_of_gateway(&self) -> bool {
        !self.listener.id.fleet().is_ingress()
    }

    /// Whether Ingresses, HTTPProxies and IngressRoutes are among what it serves.
    pub(crate) fn serves_roots(&self) -> bool {
        *self.listener.id.fleet() == self.settings.roots
    }

    /// The host, where no other is served: on connections of a Gateway's listener others may be asked for.
    pub(crate) fn only_host(&self) -> Option<&VirtualHost> {
        self.host.filter(|_| !self.is_of_gateway())
    }

    /// The network filter.
    pub(super) fn filter(&self) -> Filter {
        filter(NAME, pack(&self.config()))
    }

    fn config(&self) -> proto::HttpConnectionManager {
        let Settings { timeouts, trusted_hops, merge_slashes, downstream, .. } = self.settings;
        proto::HttpConnectionManager {
            xff_num_trusted_hops: *trusted_hops,
            merge_slashes: *merge_slashes,
            codec_type: codec(downstream.versions).into(),
            server_header_transformation: server_header(downstream.server_header).into(),
            strip_trailing_host_dot: downstream.strip_trailing_dot,
            http_protocol_options: Some(http1(downstream)),
            http2_protocol_options: downstream.max_streams.map(http2),
            common_http_protocol_options: Some(connection_limits(timeouts, downstream)),
            request_timeout: timeout(timeouts.request),
            stream_idle_timeout: timeout(timeouts.stream_idle),
            drain_timeout: timeout(timeouts.connection_shutdown_grace),
            delayed_close_timeout: timeout(timeouts.delayed_close),
            access_log: self.access_log(),
            http_filters: filters::http_filters(self),
            upgrade_configs: self.upgrades().into_iter().collect(),
            early_header_mutation_extensions: self.early_mutations(),
            route_specifier: Some(self.route_specifier()),
            forward_client_cert_details: self.forward_mode().into(),
            set_current_client_cert_details: self.forward.map(client_details),
            tracing: self.settings.tracing.as_ref().map(tracing::tracing),
            local_reply_config: self.is_of_one_host().then(gone::replies),
            ..basics(self.listener.id.as_str())
        }
    }

    fn early_mutations(&self) -> Vec<TypedExtensionConfig> {
        [early::tell_start()].into_iter().chain(self.scope_key().map(bring_key)).collect()
    }

    fn route_specifier(&self) -> RouteSpecifier {
        match self.routes {
            Routes::Table(name) => RouteSpecifier::Rds(proto::Rds {
                config_source: Some(config_source(self.mode)),
                route_config_name: name.to_owned(),
            }),
            Routes::Scope(_) => RouteSpecifier::ScopedRoutes(scoped_routes(self.mode)),
        }
    }

    /// What a client itself says in `x-forwarded-client-cert` never gets through.
    const fn forward_mode(&self) -> ForwardClientCertDetails {
        match self.forward {
            Some(_) => ForwardClientCertDetails::SanitizeSet,
            None => ForwardClientCertDetails::Sanitize,
        }
    }

    /// Whether its requests have one scope, whatever they ask for.
    const fn is_of_one_host(&self) -> bool {
        matches!(self.routes, Routes::Scope(ScopeKey::Fixed(_)))
    }

    const fn scope_key(&self) -> Option<ScopeKey<'_>> {
        match self.routes {
            Routes::Table(_) => None,
            Routes::Scope(key) => Some(key),
        }
    }

    /// Where the route is known before filters run, the route alone says which upgrades it lets through.
    fn upgrades(&self) -> Option<UpgradeConfig> {
        self.scope_key().is_some_and(ScopeKey::may_miss).then(|| UpgradeConfig {
            upgrade_type: "websocket".to_owned(),
            filters: filters::upgrade_filters(self),
            ..Default::default()
        })
    }

    fn access_log(&self) -> Vec<AccessLog> {
        access_log::of_clients(&self.listener.access_log, &self.settings.access_logs)
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
        ..Default::default()
    }
}

/// `Auto` looks at the first bytes, where TLS has not settled it.
const fn codec(versions: HttpVersions) -> CodecType {
    match versions {
        HttpVersions::Http1 => CodecType::Http1,
        HttpVersions::Http2 => CodecType::Http2,
        HttpVersions::Both => CodecType::Auto,
    }
}

const fn server_header(header: ServerHeader) -> ServerHeaderTransformation {
    match header {
        ServerHeader::Overwrite => ServerHeaderTransformation::Overwrite,
        ServerHeader::AppendIfAbsent => ServerHeaderTransformation::AppendIfAbsent,
        ServerHeader::PassThrough => ServerHeaderTransformation::PassThrough,
    }
}

fn http1(clients: &Downstream) -> core::Http1ProtocolOptions {
    core::Http1ProtocolOptions {
        accept_http_10: true,
        allow_chunked_length: clients.allow_chunked_length,
        ..Default::default()
    }
}

fn http2(streams: NonZeroU32) -> core::Http2ProtocolOptions {
    let max_concurrent_streams = Some(UInt32Value { value: streams.get() });
    core::Http2ProtocolOptions { max_concurrent_streams, ..Default::default() }
}

/// The hash of the certificate is told always.
fn client_details(chosen: &BTreeSet<ClientDetail>) -> SetCurrentClientCertDetails {
    let has = |detail| chosen.contains(&detail);
    SetCurrentClientCertDetails {
        subject: has(ClientDetail::Subject).then_some(BoolValue { value: true }),
        cert: has(ClientDetail::Certificate),
        chain: has(ClientDetail::Chain),
        dns: has(ClientDetail::Dns),
        uri: has(ClientDetail::Uri),
        ..Default::default()
    }
}

/// The longest life of a connection is unlimited by default, so that "no limit" need not be said.
fn connection_limits(timeouts: &GlobalTimeouts, clients: &Downstream) -> core::HttpProtocolOptions {
    let max_connection_duration = match timeouts.max_connection_duration {
        Timeout::Default | Timeout::Disabled => None,
        limit @ Timeout::After(_) => timeout(limit),
    };
    core::HttpProtocolOptions {
        idle_timeout: timeout(timeouts.connection_idle),
        max_connection_duration,
        max_requests_per_connection: clients.max_requests.map(|most| UInt32Value { value: most.get() }),
        ..Default::default()
    }
}
