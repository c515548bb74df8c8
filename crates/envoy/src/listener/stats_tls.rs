//! TLS of the listener for statistics. The Secrets name files on Envoy's machine, which Envoy reads again when they
//! change: neither a key nor a renewed certificate comes by here.

use envoy_protos::envoy::config::core::v3::data_source::Specifier;
use envoy_protos::envoy::config::core::v3::{DataSource, TransportSocket};
use envoy_protos::envoy::extensions::transport_sockets::tls::v3 as proto;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::common_tls_context::ValidationContextType;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::secret::Type;
use envoy_protos::google::protobuf::BoolValue;
use model::{CertificateFiles, Settings, TlsOffer, TlsVersion};

use super::tls::{tls_parameters, wrap};
use crate::config_source::config_source;
use crate::{Reference, References, Resource, ResourceType, XdsMode};

/// Names that no namespace and no host has.
const CERTIFICATE: &str = "~statistics/certificate";
const CA: &str = "~statistics/ca";

/// The transport socket. Who asks for statistics can speak the newest TLS.
pub(super) fn socket(files: &CertificateFiles, mode: XdsMode) -> TransportSocket {
    let secret =
        |name: &str| proto::SdsSecretConfig { name: name.to_owned(), sds_config: Some(config_source(mode)) };
    let asks = files.ca.is_some();
    let context = proto::CommonTlsContext {
        tls_params: Some(tls_parameters((TlsVersion::V1_3, TlsVersion::V1_3), &TlsOffer::default())),
        tls_certificate_sds_secret_configs: vec![secret(CERTIFICATE)],
        validation_context_type: asks
            .then(|| ValidationContextType::ValidationContextSdsSecretConfig(secret(CA))),
        ..Default::default()
    };
    wrap(&proto::DownstreamTlsContext {
        common_tls_context: Some(context),
        require_client_certificate: asks.then_some(BoolValue { value: true }),
        ..Default::default()
    })
}

/// What the listener names.
pub(super) fn references(files: &CertificateFiles) -> References {
    References::new(
        secrets(files).iter().map(|secret| Reference::sent(ResourceType::Secret, &*secret.name)).collect(),
    )
}

/// The Secrets that are there whatever is served.
#[must_use]
pub fn static_secrets(settings: &Settings) -> Vec<Resource> {
    let secrets = settings.stats_tls.iter().flat_map(secrets);
    secrets.map(|secret| Resource::new(secret.name.as_str().into(), &secret, References::default())).collect()
}

fn secrets(files: &CertificateFiles) -> Vec<proto::Secret> {
    let CertificateFiles { certificate, key, ca } = files;
    let pair = Type::TlsCertificate(proto::TlsCertificate {
        certificate_chain: Some(file(certificate)),
        private_key: Some(file(key)),
        ..Default::default()
    });
    let ca = ca.as_ref().map(|ca| {
        Type::ValidationContext(proto::CertificateValidationContext {
            trusted_ca: Some(file(ca)),
            ..Default::default()
        })
    });
    let secret =
        |(name, content): (&str, Type)| proto::Secret { name: name.to_owned(), r#type: Some(content) };
    [(CERTIFICATE, pair)].into_iter().chain(ca.map(|ca| (CA, ca))).map(secret).collect()
}

fn file(path: &str) -> DataSource {
    DataSource { specifier: Some(Specifier::Filename(path.to_owned())), ..Default::default() }
}
