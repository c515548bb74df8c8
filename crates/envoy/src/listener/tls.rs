//! TLS towards clients.

use envoy_protos::envoy::config::core::v3::transport_socket::ConfigType;
use envoy_protos::envoy::config::core::v3::{TransportSocket, TypedExtensionConfig};
use envoy_protos::envoy::extensions::transport_sockets::tls::cert_mappers::sni::v3::Sni;
use envoy_protos::envoy::extensions::transport_sockets::tls::cert_selectors::on_demand_secret::v3::Config;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3 as proto;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::downstream_tls_context::SessionTicketKeysType;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::tls_parameters::TlsProtocol;
use envoy_protos::google::protobuf::Any;
use model::{Settings, TlsTermination, TlsVersion, Traffic};

use crate::XdsMode;
use crate::any::pack;
use crate::config_source::config_source;
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
    wrap(&proto::DownstreamTlsContext {
        common_tls_context: Some(proto::CommonTlsContext {
            tls_params: Some(tls_parameters(tls.minimum, tls.maximum)),
            tls_certificate_sds_secret_configs: vec![secret::by_name(&tls.certificate, mode)],
            alpn_protocols: alpn(traffic),
            ..Default::default()
        }),
        ..Default::default()
    })
}

/// The transport socket of hosts whose certificates are fetched by server name, with the operator's versions.
/// Envoy cannot resume sessions with such certificates, and wants to be told so.
pub(super) fn on_demand_socket(settings: &Settings, mode: XdsMode) -> TransportSocket {
    let selector = Config {
        config_source: Some(config_source(mode)),
        certificate_mapper: Some(extension("sni", pack(&Sni { default_value: NO_NAME.to_owned() }))),
        ..Default::default()
    };
    wrap(&proto::DownstreamTlsContext {
        common_tls_context: Some(proto::CommonTlsContext {
            tls_params: Some(tls_parameters(settings.tls_minimum, settings.tls_maximum)),
            custom_tls_certificate_selector: Some(extension("on-demand", pack(&selector))),
            alpn_protocols: ALPN.map(str::to_owned).to_vec(),
            ..Default::default()
        }),
        session_ticket_keys_type: Some(SessionTicketKeysType::DisableStatelessSessionResumption(true)),
        disable_stateful_session_resumption: true,
        ..Default::default()
    })
}

/// What Envoy asks for without a server name: nobody is called so, and no such client gets here.
const NO_NAME: &str = "~none";

fn wrap(context: &proto::DownstreamTlsContext) -> TransportSocket {
    TransportSocket { name: TLS_SOCKET.to_owned(), config_type: Some(ConfigType::TypedConfig(pack(context))) }
}

fn extension(name: &str, config: Any) -> TypedExtensionConfig {
    TypedExtensionConfig { name: name.to_owned(), typed_config: Some(config) }
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

/// What hosts speak.
const ALPN: [&str; 2] = ["h2", "http/1.1"];

/// What is spoken inside; a connection that is carried as it is may speak anything.
fn alpn(traffic: &Traffic) -> Vec<String> {
    match traffic {
        Traffic::Http(_) => ALPN.map(str::to_owned).to_vec(),
        Traffic::Tcp(_) => vec![],
    }
}
