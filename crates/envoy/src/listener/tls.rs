//! TLS towards clients.

use std::slice;

use envoy_protos::envoy::config::core::v3::data_source::Specifier;
use envoy_protos::envoy::config::core::v3::transport_socket::ConfigType;
use envoy_protos::envoy::config::core::v3::{DataSource, TransportSocket, TypedExtensionConfig};
use envoy_protos::envoy::extensions::transport_sockets::tls::cert_mappers::sni::v3::Sni;
use envoy_protos::envoy::extensions::transport_sockets::tls::cert_selectors::on_demand_secret::v3::Config;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3 as proto;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::certificate_validation_context::TrustChainVerification;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::common_tls_context::{
    CombinedCertificateValidationContext, ValidationContextType,
};
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::downstream_tls_context::SessionTicketKeysType;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::tls_parameters::TlsProtocol;
use envoy_protos::google::protobuf::{Any, BoolValue};
use model::{
    ClientCertificates, Demand, HttpVersions, Revocation, SecretKey, Settings, TlsOffer, TlsTermination,
    TlsVersion, Traffic, Trust,
};

use crate::XdsMode;
use crate::any::pack;
use crate::config_source::config_source;
use crate::names::TLS_SOCKET;
use crate::secret;

/// The transport socket of a host whose TLS ends at Envoy.
pub(super) fn socket(
    tls: &TlsTermination,
    traffic: &Traffic,
    settings: &Settings,
    mode: XdsMode,
) -> TransportSocket {
    let clients = tls.clients.certificates();
    let parameters = tls_parameters((tls.minimum, tls.maximum), &settings.tls_offer);
    let context = proto::CommonTlsContext {
        validation_context_type: clients.map(|asked| validation(asked, mode)),
        ..common(&tls.certificates, parameters, alpn(traffic, settings), mode)
    };
    wrap(&proto::DownstreamTlsContext {
        common_tls_context: Some(context),
        require_client_certificate: clients
            .map(|asked| BoolValue { value: asked.demand == Demand::Required }),
        ..Default::default()
    })
}

/// The transport socket for clients that name no host that is served, with the operator's versions.
pub(super) fn fallback_socket(
    certificate: &SecretKey,
    settings: &Settings,
    mode: XdsMode,
) -> TransportSocket {
    let context =
        common(slice::from_ref(certificate), usual_parameters(settings), alpn_of_hosts(settings), mode);
    wrap(&proto::DownstreamTlsContext { common_tls_context: Some(context), ..Default::default() })
}

fn common(
    certificates: &[SecretKey],
    parameters: proto::TlsParameters,
    alpn_protocols: Vec<String>,
    mode: XdsMode,
) -> proto::CommonTlsContext {
    proto::CommonTlsContext {
        tls_params: Some(parameters),
        tls_certificate_sds_secret_configs: certificates
            .iter()
            .map(|key| secret::by_name(key, mode))
            .collect(),
        alpn_protocols,
        ..Default::default()
    }
}

/// Which certificates of clients will do. The bundle is fetched by name, so that another content changes no
/// listener; until it is there Envoy refuses the connections.
fn validation(asked: &ClientCertificates, mode: XdsMode) -> ValidationContextType {
    let (rules, bundle) = match &asked.trust {
        Trust::Issued { by, revocation } => (issued(*revocation), Some(by)),
        Trust::Any { suggested: Some(suggested) } => (any(None), Some(suggested)),
        Trust::Any { suggested: None } => match asked.demand {
            Demand::Required => (any(Some(NOBODYS_CA)), None),
            Demand::Optional => (any(None), None),
        },
    };
    match bundle {
        None => ValidationContextType::ValidationContext(rules),
        Some(bundle) => {
            ValidationContextType::CombinedValidationContext(CombinedCertificateValidationContext {
                default_validation_context: Some(rules),
                validation_context_sds_secret_config: Some(secret::by_name(bundle, mode)),
                ..Default::default()
            })
        }
    }
}

fn issued(revocation: Revocation) -> proto::CertificateValidationContext {
    let only_verify_leaf_cert_crl = revocation == Revocation::Leaf;
    proto::CertificateValidationContext { only_verify_leaf_cert_crl, ..Default::default() }
}

/// What is never told to clients as a CA to choose by may be there for Envoy.
fn any(untold: Option<&'static str>) -> proto::CertificateValidationContext {
    proto::CertificateValidationContext {
        trust_chain_verification: TrustChainVerification::AcceptUntrusted.into(),
        trusted_ca: untold.map(|ca| DataSource {
            specifier: Some(Specifier::InlineString(ca.to_owned())),
            ..Default::default()
        }),
        suppress_client_ca_list: untold.is_some(),
        ..Default::default()
    }
}

/// A CA that has issued nothing, whose key was thrown away. Envoy 1.40 lets clients without a certificate in,
/// whatever it is told to require, unless it has a CA to check them by; what it finds is of no account here.
const NOBODYS_CA: &str = include_str!("tls/any_certificate.pem");

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
            tls_params: Some(usual_parameters(settings)),
            custom_tls_certificate_selector: Some(extension("on-demand", pack(&selector))),
            alpn_protocols: alpn_of_hosts(settings),
            ..Default::default()
        }),
        session_ticket_keys_type: Some(SessionTicketKeysType::DisableStatelessSessionResumption(true)),
        disable_stateful_session_resumption: true,
        ..Default::default()
    })
}

/// What Envoy asks for without a server name: nobody is called so, and no such client gets here.
const NO_NAME: &str = "~none";

/// A transport socket with this context.
pub(super) fn wrap(context: &proto::DownstreamTlsContext) -> TransportSocket {
    TransportSocket { name: TLS_SOCKET.to_owned(), config_type: Some(ConfigType::TypedConfig(pack(context))) }
}

fn extension(name: &str, config: Any) -> TypedExtensionConfig {
    TypedExtensionConfig { name: name.to_owned(), typed_config: Some(config) }
}

/// What hosts offer that say nothing themselves.
fn usual_parameters(settings: &Settings) -> proto::TlsParameters {
    tls_parameters((settings.tls_minimum, settings.tls_maximum), &settings.tls_offer)
}

/// Versions, cipher suites and curves.
pub(crate) fn tls_parameters(
    (minimum, maximum): (TlsVersion, TlsVersion),
    offer: &TlsOffer,
) -> proto::TlsParameters {
    proto::TlsParameters {
        tls_minimum_protocol_version: version(minimum).into(),
        tls_maximum_protocol_version: version(maximum).into(),
        cipher_suites: offer.ciphers.iter().map(|suite| suite.as_str().to_owned()).collect(),
        ecdh_curves: offer.curves.iter().map(|curve| curve.as_str().to_owned()).collect(),
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
fn alpn(traffic: &Traffic, settings: &Settings) -> Vec<String> {
    match traffic {
        Traffic::Http(_) => alpn_of_hosts(settings),
        Traffic::Tcp(_) | Traffic::Udp(_) => vec![],
    }
}

/// What hosts speak.
fn alpn_of_hosts(settings: &Settings) -> Vec<String> {
    let protocols: &[&str] = match settings.downstream.versions {
        HttpVersions::Http1 => &["http/1.1"],
        HttpVersions::Http2 => &["h2"],
        HttpVersions::Both => &["h2", "http/1.1"],
    };
    protocols.iter().map(|protocol| (*protocol).to_owned()).collect()
}
