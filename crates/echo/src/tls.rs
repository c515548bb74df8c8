//! TLS for the backend: with a given certificate, or one made on the spot.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTls {
    /// A PEM file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The certificate could not be made.
    #[error("cannot make a certificate for {names}: {source}")]
    Make {
        /// The names that it was to hold.
        names: String,
        /// What is wrong with them.
        source: rcgen::Error,
    },
    /// Certificate and key cannot serve together.
    #[error("the certificate and its key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// A server configuration and the certificate that a client has to trust.
#[derive(Clone, Debug)]
pub struct SelfSigned {
    /// What the server uses. Offers `h2` and `http/1.1`.
    pub config: Arc<ServerConfig>,
    /// The certificate, which is its own CA, in PEM.
    pub certificate: String,
}

/// Reads a certificate chain and its key from PEM files.
pub fn from_files(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, InvalidTls> {
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|source| InvalidTls::File { path: certificate.to_owned(), source })?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|source| InvalidTls::File { path: key.to_owned(), source })?;
    from_chain(chain, key)
}

/// Makes a certificate for DNS names or IP addresses, signed by itself.
pub fn self_signed(names: &[String]) -> Result<SelfSigned, InvalidTls> {
    let made = rcgen::generate_simple_self_signed(names);
    let made = made.map_err(|source| InvalidTls::Make { names: names.join(", "), source })?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = from_chain(vec![made.cert.der().clone()], key)?;
    Ok(SelfSigned { config, certificate: made.cert.pem() })
}

/// A server configuration for a chain, leaf first, and the leaf's key.
pub fn from_chain(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, InvalidTls> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
