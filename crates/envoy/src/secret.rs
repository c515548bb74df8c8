//! Certificates and keys.

use std::sync::Arc;

use bytes::Bytes;
use envoy_protos::envoy::config::core::v3::DataSource;
use envoy_protos::envoy::config::core::v3::data_source::Specifier;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3 as tls;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::secret::Type;
use model::{SecretContent, SecretKey};

use crate::config_source::config_source;
use crate::{Reference, References, Resource, ResourceType, XdsMode};

/// A Secret as SDS serves it, named after the object: the name stays when the content changes.
#[must_use]
pub fn secret(key: &SecretKey, content: &SecretContent) -> Resource {
    named(&key.to_string(), content)
}

/// The same under another name.
pub(crate) fn named(name: &str, content: &SecretContent) -> Resource {
    let secret = tls::Secret { name: name.to_owned(), r#type: Some(kind(content)) };
    Resource::new(name.into(), &secret, References::default())
}

fn kind(content: &SecretContent) -> Type {
    match content {
        SecretContent::Pair { chain, key } => Type::TlsCertificate(tls::TlsCertificate {
            certificate_chain: Some(inline(chain)),
            private_key: Some(inline(key)),
            ..Default::default()
        }),
        SecretContent::Ca { bundle } => Type::ValidationContext(tls::CertificateValidationContext {
            trusted_ca: Some(inline(bundle)),
            ..Default::default()
        }),
    }
}

fn inline(content: &Arc<[u8]>) -> DataSource {
    DataSource {
        specifier: Some(Specifier::InlineBytes(Bytes::copy_from_slice(content))),
        ..Default::default()
    }
}

/// The name of a secret and where it comes from, as TLS settings refer to it.
pub(crate) fn by_name(key: &SecretKey, mode: XdsMode) -> tls::SdsSecretConfig {
    tls::SdsSecretConfig { name: key.to_string(), sds_config: Some(config_source(mode)) }
}

/// That a resource refers to a secret.
pub(crate) fn reference(key: &SecretKey) -> Reference {
    Reference::sent(ResourceType::Secret, key.to_string())
}
