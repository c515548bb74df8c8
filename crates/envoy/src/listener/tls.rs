//! TLS towards clients.

use envoy_protos::envoy::config::core::v3::TransportSocket;
use envoy_protos::envoy::config::core::v3::transport_socket::ConfigType;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3 as proto;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::tls_parameters::TlsProtocol;
use model::{TlsTermination, TlsVersion, Traffic};

use crate::XdsMode;
use crate::any::pack;
use crate::names::TLS_SOCKET;
use crate::secret;

/// Cipher suites of TLS 1.2 (reference 2.1); in brackets, the client chooses.
const CIPHER_SUITES: [&str; 4] = [
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]",
    "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
];

/// The transport socket of a host whose TLS ends at Envoy.
pub(super) fn socket(tls: &TlsTermination, traffic: &Traffic, mode: XdsMode) -> TransportSocket {
    let context = proto::DownstreamTlsContext {
        common_tls_context: Some(proto::CommonTlsContext {
            tls_params: Some(tls_parameters(tls.minimum, tls.maximum)),
            tls_certificate_sds_secret_configs: vec![secret::by_name(&tls.certificate, mode)],
            alpn_protocols: alpn(traffic),
            ..Default::default()
        }),
        ..Default::default()
    };
    TransportSocket {
        name: TLS_SOCKET.to_owned(),
        config_type: Some(ConfigType::TypedConfig(pack(&context))),
    }
}

/// Versions and cipher suites.
pub(crate) fn tls_parameters(minimum: TlsVersion, maximum: TlsVersion) -> proto::TlsParameters {
    proto::TlsParameters {
        tls_minimum_protocol_version: version(minimum).into(),
        tls_maximum_protocol_version: version(maximum).into(),
        cipher_suites: CIPHER_SUITES.map(str::to_owned).to_vec(),
        ..Default::default()
    }
}

fn version(version: TlsVersion) -> TlsProtocol {
    match version {
        TlsVersion::V1_2 => TlsProtocol::TlSv12,
        TlsVersion::V1_3 => TlsProtocol::TlSv13,
    }
}

/// What is spoken inside; a connection that is carried as it is may speak anything.
fn alpn(traffic: &Traffic) -> Vec<String> {
    match traffic {
        Traffic::Http(_) => vec!["h2".to_owned(), "http/1.1".to_owned()],
        Traffic::Tcp(_) => vec![],
    }
}
