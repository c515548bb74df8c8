//! The static cluster of the xDS server.

use std::net::IpAddr;

use envoy_protos::envoy::config::cluster::v3 as cluster;
use envoy_protos::envoy::config::cluster::v3::circuit_breakers::Thresholds;
use envoy_protos::envoy::config::cluster::v3::cluster::{ClusterDiscoveryType, DiscoveryType};
use envoy_protos::envoy::config::cluster::v3::{CircuitBreakers, UpstreamConnectionOptions};
use envoy_protos::envoy::config::core::v3 as core;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3 as tls;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::common_tls_context::{
    CombinedCertificateValidationContext, ValidationContextType,
};
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::tls_parameters::TlsProtocol;
use envoy_protos::google::protobuf::UInt32Value;

use super::secret_files::{CERTIFICATE, VALIDATION, by_file, certificate, trusted_ca};
use super::{BootstrapOptions, XdsTls};
use crate::cluster::{dns_name, explicit, http2, one_name, options_by_name, resolve, wrap_socket};
use crate::duration::seconds;
use crate::names::{CONTOUR, XDS_CLUSTER};

/// The cluster behind every xDS stream.
pub(super) fn cluster(options: &BootstrapOptions) -> cluster::Cluster {
    let mut message = cluster::Cluster {
        name: XDS_CLUSTER.to_owned(),
        alt_stat_name: format!("{}_{XDS_CLUSTER}_{}", options.namespace, options.xds_port),
        connect_timeout: Some(seconds(5)),
        load_assignment: Some(one_name(XDS_CLUSTER, &options.xds_address, (options.xds_port, None))),
        upstream_connection_options: Some(tcp_keepalive()),
        typed_extension_protocol_options: options_by_name(&explicit(http2(http2_keepalive()), None)),
        circuit_breakers: Some(never_in_the_way()),
        transport_socket: options.tls.as_ref().map(socket),
        ..Default::default()
    };
    if options.xds_address.parse::<IpAddr>().is_ok() {
        message.cluster_discovery_type = Some(ClusterDiscoveryType::Type(DiscoveryType::Static.into()));
    } else {
        resolve(options.dns_family, &mut message);
    }
    message
}

/// The server's machine is gone: noticed after 45 s.
fn tcp_keepalive() -> UpstreamConnectionOptions {
    let number = |value| Some(UInt32Value { value });
    UpstreamConnectionOptions {
        tcp_keepalive: Some(core::TcpKeepalive {
            keepalive_probes: number(3),
            keepalive_time: number(30),
            keepalive_interval: number(5),
        }),
        ..Default::default()
    }
}

/// The server hangs: noticed after 40 s, which TCP alone would not.
fn http2_keepalive() -> core::Http2ProtocolOptions {
    let keepalive = core::KeepaliveSettings {
        interval: Some(seconds(30)),
        timeout: Some(seconds(10)),
        ..Default::default()
    };
    core::Http2ProtocolOptions { connection_keepalive: Some(keepalive), ..Default::default() }
}

fn never_in_the_way() -> CircuitBreakers {
    let number = |value| Some(UInt32Value { value });
    let thresholds = |priority: core::RoutingPriority| Thresholds {
        priority: priority.into(),
        max_connections: number(100_000),
        max_pending_requests: number(100_000),
        max_requests: number(60_000_000),
        max_retries: number(50),
        ..Default::default()
    };
    CircuitBreakers {
        thresholds: [core::RoutingPriority::High, core::RoutingPriority::Default].map(thresholds).to_vec(),
        ..Default::default()
    }
}

/// TLS 1.3, both sides with a certificate; the server's must carry the name of the cluster.
fn socket(files: &XdsTls) -> core::TransportSocket {
    let mut context = tls::CommonTlsContext {
        tls_params: Some(tls::TlsParameters {
            tls_minimum_protocol_version: TlsProtocol::TlSv13.into(),
            tls_maximum_protocol_version: TlsProtocol::TlSv13.into(),
            ..Default::default()
        }),
        alpn_protocols: vec!["h2".to_owned()],
        ..Default::default()
    };
    match &files.resources_dir {
        Some(folder) => from_secret_files(folder, &mut context),
        None => from_files(files, &mut context),
    }
    wrap_socket(&tls::UpstreamTlsContext {
        common_tls_context: Some(context),
        sni: XDS_CLUSTER.to_owned(),
        ..Default::default()
    })
}

fn from_files(files: &XdsTls, context: &mut tls::CommonTlsContext) {
    context.tls_certificates = vec![certificate(files)];
    context.validation_context_type = Some(ValidationContextType::ValidationContext(trusted(files)));
}

fn trusted(files: &XdsTls) -> tls::CertificateValidationContext {
    tls::CertificateValidationContext { trusted_ca: Some(trusted_ca(files)), ..server_name() }
}

fn from_secret_files(folder: &str, context: &mut tls::CommonTlsContext) {
    context.tls_certificate_sds_secret_configs = vec![by_file(folder, &CERTIFICATE)];
    let combined = CombinedCertificateValidationContext {
        default_validation_context: Some(server_name()),
        validation_context_sds_secret_config: Some(by_file(folder, &VALIDATION)),
        ..Default::default()
    };
    context.validation_context_type = Some(ValidationContextType::CombinedValidationContext(combined));
}

fn server_name() -> tls::CertificateValidationContext {
    tls::CertificateValidationContext {
        // Certificates that were made for Contour are those of a controller, too.
        match_typed_subject_alt_names: [XDS_CLUSTER, CONTOUR].map(dns_name).to_vec(),
        ..Default::default()
    }
}
