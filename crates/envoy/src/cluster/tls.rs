//! TLS towards a backend.

use envoy_protos::envoy::config::core::v3::data_source::Specifier;
use envoy_protos::envoy::config::core::v3::transport_socket::ConfigType;
use envoy_protos::envoy::config::core::v3::{DataSource, TransportSocket};
use envoy_protos::envoy::extensions::transport_sockets::tls::v3 as tls;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::common_tls_context::{
    CombinedCertificateValidationContext, ValidationContextType,
};
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::subject_alt_name_matcher::SanType;
use envoy_protos::envoy::r#type::matcher::v3::StringMatcher;
use envoy_protos::envoy::r#type::matcher::v3::string_matcher::MatchPattern;
use model::{Authorities, Protocol, SubjectName, UpstreamTls, UpstreamValidation};

use crate::XdsMode;
use crate::any::pack;
use crate::listener::tls_parameters;
use crate::names::TLS_SOCKET;
use crate::secret;

/// The transport socket of a backend that speaks TLS.
pub(super) fn socket(tls: &UpstreamTls, protocol: Protocol, mode: XdsMode) -> TransportSocket {
    let handshake = &*tls.handshake;
    wrap(&tls::UpstreamTlsContext {
        common_tls_context: Some(tls::CommonTlsContext {
            tls_params: Some(tls_parameters((handshake.minimum, handshake.maximum), &handshake.offer)),
            tls_certificate_sds_secret_configs: certificates(tls, mode),
            alpn_protocols: alpn(protocol),
            validation_context_type: tls.validation.as_ref().map(|each| validation(each, mode)),
            ..Default::default()
        }),
        sni: tls.sni.to_string(),
        ..Default::default()
    })
}

/// A transport socket from its settings.
pub(crate) fn wrap(context: &tls::UpstreamTlsContext) -> TransportSocket {
    TransportSocket { name: TLS_SOCKET.to_owned(), config_type: Some(ConfigType::TypedConfig(pack(context))) }
}

fn certificates(tls: &UpstreamTls, mode: XdsMode) -> Vec<tls::SdsSecretConfig> {
    tls.client_certificate.iter().map(|key| secret::by_name(key, mode)).collect()
}

fn alpn(protocol: Protocol) -> Vec<String> {
    match protocol {
        Protocol::Http1 => vec![],
        Protocol::Http2 => vec!["h2".to_owned()],
    }
}

fn validation(validation: &UpstreamValidation, mode: XdsMode) -> ValidationContextType {
    let names = tls::CertificateValidationContext {
        match_typed_subject_alt_names: validation.subject_names.iter().map(name).collect(),
        ..Default::default()
    };
    match &validation.authorities {
        Authorities::Bundle(bundle) => {
            ValidationContextType::CombinedValidationContext(CombinedCertificateValidationContext {
                default_validation_context: Some(names),
                validation_context_sds_secret_config: Some(secret::by_name(bundle, mode)),
                ..Default::default()
            })
        }
        Authorities::System => {
            let file = Specifier::Filename(SYSTEM.to_owned());
            ValidationContextType::ValidationContext(tls::CertificateValidationContext {
                trusted_ca: Some(DataSource { specifier: Some(file), ..Default::default() }),
                ..names
            })
        }
    }
}

/// Where Envoy's image, and most systems, have the CAs that they trust.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

fn name(name: &SubjectName) -> tls::SubjectAltNameMatcher {
    match name {
        SubjectName::Dns(name) => dns_name(name),
        SubjectName::Uri(uri) => exactly(SanType::Uri, uri),
    }
}

/// A DNS name that a certificate must carry, letter by letter.
pub(crate) fn dns_name(name: &str) -> tls::SubjectAltNameMatcher {
    exactly(SanType::Dns, name)
}

fn exactly(kind: SanType, name: &str) -> tls::SubjectAltNameMatcher {
    tls::SubjectAltNameMatcher {
        san_type: kind.into(),
        matcher: Some(StringMatcher {
            match_pattern: Some(MatchPattern::Exact(name.to_owned())),
            ..Default::default()
        }),
        ..Default::default()
    }
}
