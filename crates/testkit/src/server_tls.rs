//! The TLS side of a backend.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// How a backend speaks TLS. Offers `h2` and `http/1.1`.
#[derive(Clone, Debug)]
pub struct ServerTls {
    pub(crate) config: Arc<ServerConfig>,
}

impl ServerTls {
    /// Shows a certificate chain, leaf first, with its key; both in PEM. Serves everyone.
    pub fn new(chain: &str, key: &str) -> Self {
        Self::build(chain, key, WebPkiClientVerifier::no_client_auth())
    }

    /// The same, and serves clients alone that show a certificate of a CA, in PEM.
    pub fn for_clients_of(chain: &str, key: &str, ca: &str) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(ca) {
            roots.add(certificate).expect("a CA's certificate");
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Self::build(chain, key, verifier.expect("there is a CA"))
    }

    fn build(chain: &str, key: &str, verifier: Arc<dyn ClientCertVerifier>) -> Self {
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("the provider has these versions");
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key in PEM");
        let config = builder.with_client_cert_verifier(verifier).with_single_cert(certificates(chain), key);
        let mut config = config.expect("certificate and key belong together");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { config: Arc::new(config) }
    }
}

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    certificates.expect("certificates in PEM")
}
