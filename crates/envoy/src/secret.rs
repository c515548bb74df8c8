//! Certificates and keys, CAs and their revocation lists.

use std::sync::Arc;

use bytes::Bytes;
use envoy_protos::envoy::config::core::v3::DataSource;
use envoy_protos::envoy::config::core::v3::data_source::Specifier;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3 as tls;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::secret::Type;
use model::{SecretContent, SecretKey};
use prost::Message;
use rope::Rope;

use crate::config_source::config_source;
use crate::{OwnName, Reference, References, Resource, ResourceType, XdsMode};

/// A Secret as SDS serves it, named after the object: the name stays when the content changes.
#[must_use]
pub fn secret(key: &SecretKey, content: &SecretContent) -> Resource {
    let name = key.to_string();
    let secret = tls::Secret { name: name.clone(), r#type: Some(kind(content)) };
    Resource::new(name.into(), &secret, References::default())
}

/// All of a Secret but its name, for use under several names.
pub(crate) fn nameless(content: &SecretContent) -> Rope {
    tls::Secret { name: String::new(), r#type: Some(kind(content)) }.encode_to_vec().into()
}

/// A Secret of this name.
pub(crate) fn named(name: impl Into<Arc<str>>, nameless: Rope) -> Resource {
    let secret = Resource::of(ResourceType::Secret, name.into(), nameless, References::default());
    Resource { own_name: OwnName::BeforeBody, ..secret }
}

fn kind(content: &SecretContent) -> Type {
    match content {
        SecretContent::Pair { chain, key } => Type::TlsCertificate(tls::TlsCertificate {
            certificate_chain: Some(inline(chain)),
            private_key: Some(inline(key)),
            ..Default::default()
        }),
        SecretContent::Ca { bundle, crl } => Type::ValidationContext(tls::CertificateValidationContext {
            trusted_ca: Some(inline(bundle)),
            crl: crl.as_ref().map(inline),
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
