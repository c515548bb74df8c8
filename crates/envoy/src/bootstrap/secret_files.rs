//! Envoy's own certificate and its CA, as files through which Envoy notices new content.
//!
//! Envoy reads a file that its bootstrap names once; a file that an SDS file names it reads again whenever
//! the folder changes.

use envoy_protos::envoy::config::core::v3 as core;
use envoy_protos::envoy::config::core::v3::config_source::ConfigSourceSpecifier;
use envoy_protos::envoy::config::core::v3::data_source::Specifier;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3 as tls;
use envoy_protos::envoy::extensions::transport_sockets::tls::v3::secret::Type;
use envoy_protos::envoy::service::discovery::v3::DiscoveryResponse;
use serde_json::Value;

use super::{BootstrapOptions, XdsTls};
use crate::any::pack;
use crate::json::message_to_json;

/// A file to write before Envoy starts.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretFile {
    /// Its path within the folder of resources.
    pub path: &'static str,
    /// Its content: names of files, no keys.
    pub content: Value,
}

/// The name of a secret, and the file that defines it.
pub(super) struct Named {
    name: &'static str,
    path: &'static str,
}

pub(super) const CERTIFICATE: Named =
    Named { name: "isobath_xds_tls_certificate", path: "sds/xds-tls-certificate.json" };

pub(super) const VALIDATION: Named =
    Named { name: "isobath_xds_tls_validation_context", path: "sds/xds-validation-context.json" };

/// The files that [`XdsTls::resources_dir`] must hold; none where it is not set.
#[must_use]
pub fn secret_files(options: &BootstrapOptions) -> Vec<SecretFile> {
    let Some(files) = options.tls.as_ref().filter(|tls| tls.resources_dir.is_some()) else { return vec![] };
    let validation =
        tls::CertificateValidationContext { trusted_ca: Some(trusted_ca(files)), ..Default::default() };
    vec![
        file(&CERTIFICATE, Type::TlsCertificate(certificate(files))),
        file(&VALIDATION, Type::ValidationContext(validation)),
    ]
}

fn file(named: &Named, kind: Type) -> SecretFile {
    let secret = tls::Secret { name: named.name.to_owned(), r#type: Some(kind) };
    let response = DiscoveryResponse { resources: vec![pack(&secret)], ..Default::default() };
    SecretFile { path: named.path, content: message_to_json(&response) }
}

/// A secret that stands in a file of this folder.
pub(super) fn by_file(folder: &str, named: &Named) -> tls::SdsSecretConfig {
    let path = format!("{}/{}", folder.trim_end_matches('/'), named.path);
    let source = core::PathConfigSource { path, ..Default::default() };
    tls::SdsSecretConfig {
        name: named.name.to_owned(),
        sds_config: Some(core::ConfigSource {
            resource_api_version: core::ApiVersion::V3.into(),
            config_source_specifier: Some(ConfigSourceSpecifier::PathConfigSource(source)),
            ..Default::default()
        }),
    }
}

/// Envoy's own certificate and key, by their files.
pub(super) fn certificate(files: &XdsTls) -> tls::TlsCertificate {
    tls::TlsCertificate {
        certificate_chain: Some(by_name(&files.certificate)),
        private_key: Some(by_name(&files.key)),
        ..Default::default()
    }
}

/// Who may have signed the server's certificate, by its file.
pub(super) fn trusted_ca(files: &XdsTls) -> core::DataSource {
    by_name(&files.ca)
}

fn by_name(file: &str) -> core::DataSource {
    core::DataSource { specifier: Some(Specifier::Filename(file.to_owned())), ..Default::default() }
}
