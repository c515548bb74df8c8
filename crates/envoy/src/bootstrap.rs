//! What a fresh Envoy starts from (reference 1.2, 7.10).

mod admin;
mod overload;
mod secret_files;
mod xds_cluster;

use std::sync::Arc;

use envoy_protos::envoy::config::bootstrap::v3 as proto;
use envoy_protos::envoy::config::bootstrap::v3::bootstrap::{DynamicResources, StaticResources};
use envoy_protos::envoy::config::bootstrap::v3::runtime_layer::{AdminLayer, LayerSpecifier, RtdsLayer};
use envoy_protos::envoy::config::core::v3 as core;
use envoy_protos::envoy::extensions::regex_engines::v3::GoogleRe2;
use model::DnsFamily;

use crate::XdsMode;
use crate::any::pack;
use crate::config_source::{config_source, grpc};
use crate::names::RUNTIME_LAYER;
use crate::runtime::re2_sizes;

pub use secret_files::{SecretFile, secret_files};

/// What differs between one Envoy and another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootstrapOptions {
    /// Who the Envoy is, unless its command line says so.
    pub node: Option<Node>,
    /// How it talks to the xDS server.
    pub mode: XdsMode,
    /// A name or an address of the xDS server.
    pub xds_address: Arc<str>,
    /// The port of the xDS server.
    pub xds_port: u16,
    /// TLS towards the xDS server; `None` for none.
    pub tls: Option<XdsTls>,
    /// Where Envoy's administration interface listens.
    pub admin: AdminAddress,
    /// Which addresses of the xDS server's name are used.
    pub dns_family: DnsFamily,
    /// The namespace that the names in statistics start with.
    pub namespace: Arc<str>,
    /// From how many bytes of heap Envoy sheds load; `None` for never.
    pub max_heap_bytes: Option<u64>,
    /// How many clients' connections Envoy takes in all; `None` for any number.
    pub max_downstream_connections: Option<u32>,
}

/// Who an Envoy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its own name.
    pub id: Arc<str>,
    /// The name of its group.
    pub cluster: Arc<str>,
}

/// The files of mutual TLS towards the xDS server, as Envoy will find them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XdsTls {
    /// Who may have signed the server's certificate.
    pub ca: Arc<str>,
    /// Envoy's own certificate.
    pub certificate: Arc<str>,
    /// Its key.
    pub key: Arc<str>,
    /// A folder for the two files of [`secret_files`], through which Envoy notices new content;
    /// `None` reads the three files once.
    pub resources_dir: Option<Arc<str>>,
}

/// Where Envoy's administration interface listens. It can stop Envoy: never on an address of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminAddress {
    /// A unix socket.
    Pipe(Arc<str>),
    /// A port of 127.0.0.1. Not 0: the statistics listener reaches the interface there, too.
    Loopback(u16),
}

impl BootstrapOptions {
    /// Contour's defaults, but for ADS and our own namespace: a server on this machine, without TLS.
    #[must_use]
    pub fn new() -> Self {
        Self {
            node: None,
            mode: XdsMode::default(),
            xds_address: "127.0.0.1".into(),
            xds_port: 8001,
            tls: None,
            admin: AdminAddress::Pipe("/admin/admin.sock".into()),
            dns_family: DnsFamily::Auto,
            namespace: "isobath".into(),
            max_heap_bytes: None,
            max_downstream_connections: None,
        }
    }
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// The bootstrap configuration.
#[must_use]
pub fn bootstrap(options: &BootstrapOptions) -> proto::Bootstrap {
    proto::Bootstrap {
        node: options.node.as_ref().map(node),
        static_resources: Some(StaticResources {
            clusters: vec![xds_cluster::cluster(options), admin::cluster(options)],
            ..Default::default()
        }),
        dynamic_resources: Some(dynamic_resources(options.mode)),
        layered_runtime: Some(layered_runtime(options.mode)),
        admin: Some(admin::admin(options)),
        overload_manager: overload::manager(options),
        default_regex_engine: Some(regex_engine()),
        ..Default::default()
    }
}

fn node(node: &Node) -> core::Node {
    core::Node { id: node.id.to_string(), cluster: node.cluster.to_string(), ..Default::default() }
}

fn dynamic_resources(mode: XdsMode) -> DynamicResources {
    DynamicResources {
        lds_config: Some(config_source(mode)),
        cds_config: Some(config_source(mode)),
        ads_config: mode.is_ads().then(|| grpc(mode)),
        ..Default::default()
    }
}

/// Later layers go before earlier ones; the first stands in for RTDS until it has answered.
fn layered_runtime(mode: XdsMode) -> proto::LayeredRuntime {
    let dynamic = RtdsLayer { name: RUNTIME_LAYER.to_owned(), rtds_config: Some(config_source(mode)) };
    proto::LayeredRuntime {
        layers: vec![
            layer("base", LayerSpecifier::StaticLayer(re2_sizes())),
            layer(RUNTIME_LAYER, LayerSpecifier::RtdsLayer(dynamic)),
            layer("admin", LayerSpecifier::AdminLayer(AdminLayer::default())),
        ],
    }
}

fn layer(name: &str, specifier: LayerSpecifier) -> proto::RuntimeLayer {
    proto::RuntimeLayer { name: name.to_owned(), layer_specifier: Some(specifier) }
}

fn regex_engine() -> core::TypedExtensionConfig {
    core::TypedExtensionConfig {
        name: "envoy.regex_engines.google_re2".to_owned(),
        typed_config: Some(pack(&GoogleRe2::default())),
    }
}
