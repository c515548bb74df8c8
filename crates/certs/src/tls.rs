//! TLS configurations: version 1.3, both sides with a certificate, HTTP/2, one explicit crypto provider.

use std::fmt;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use x509::{CaBundle, InvalidCaBundle, InvalidPair, TlsPair};

/// Why three texts make no side of a mutual TLS connection. Never quotes key material.
#[derive(Debug, thiserror::Error)]
pub enum InvalidMaterial {
    /// The CA bundle is not usable.
    #[error(transparent)]
    Ca(#[from] InvalidCaBundle),
    /// A certificate of the bundle cannot be a trust anchor.
    #[error("invalid CA certificate bundle: certificate {index} cannot be trusted: {why}")]
    Anchor {
        /// Which certificate, from 1.
        index: usize,
        /// In rustls' words.
        why: rustls::Error,
    },
    /// The certificate or the key is not usable, or they do not match.
    #[error(transparent)]
    Pair(#[from] InvalidPair),
    /// What is left for rustls to refuse.
    #[error("TLS refuses it: {0}")]
    Tls(#[from] rustls::Error),
    /// The verifier of client certificates cannot be built.
    #[error("client certificates cannot be verified: {0}")]
    Verifier(#[from] VerifierBuilderError),
}

/// The protocol (ALPN) by which controllers tell themselves from Envoys on the port that both come to.
pub const PEERS: &[u8] = b"isobath-peers/1";

/// What one side needs: whom it trusts, its chain, its key. Checked, but not yet a configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Material {
    pub(crate) trusted: CaBundle,
    pub(crate) pair: TlsPair,
}

impl Material {
    /// Checks the three PEM texts.
    ///
    /// # Errors
    /// If one is not usable or the key does not belong to the first certificate.
    pub fn parse(ca: &[u8], certificate: &[u8], key: &[u8]) -> Result<Self, InvalidMaterial> {
        Ok(Self { trusted: CaBundle::parse(ca)?, pair: TlsPair::parse(certificate, key)? })
    }

    /// The server's configuration: a client without a certificate of a trusted CA gets no connection.
    ///
    /// Sessions are not resumed: a resumed one would skip the check of the client's certificate.
    ///
    /// # Errors
    /// If rustls refuses the certificates.
    pub fn server_config(&self) -> Result<ServerConfig, InvalidMaterial> {
        self.server_config_with(None)
    }

    /// The same; clients with a certificate of these authorities get a connection, too.
    pub(crate) fn server_config_with(
        &self,
        more: Option<&CaBundle>,
    ) -> Result<ServerConfig, InvalidMaterial> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(client_verifier([&self.trusted].into_iter().chain(more))?)
            .with_single_cert(self.chain()?, self.key()?)?;
        config.alpn_protocols = vec![b"h2".to_vec(), PEERS.to_vec()];
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(config)
    }

    /// The client's configuration, for tests and the xDS client of the command line.
    ///
    /// # Errors
    /// If rustls refuses the certificates.
    pub fn client_config(&self) -> Result<ClientConfig, InvalidMaterial> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(roots([&self.trusted])?)
            .with_client_auth_cert(self.chain()?, self.key()?)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, InvalidMaterial> {
        certificates(self.pair.chain())
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, InvalidMaterial> {
        PrivateKeyDer::from_pem_slice(self.pair.key()).map_err(|_| unreadable("private key"))
    }
}

/// What a server of HTTPS needs: TLS 1.2 at least, and certificates of a CA from its clients where there is one.
///
/// # Errors
/// When a part cannot be used.
pub fn https_config(
    certificate: &[u8],
    key: &[u8],
    ca: Option<&[u8]>,
) -> Result<ServerConfig, InvalidMaterial> {
    let pair = TlsPair::parse(certificate, key)?;
    let chain = certificates(pair.chain())?;
    let key = PrivateKeyDer::from_pem_slice(pair.key()).map_err(|_| unreadable("private key"))?;
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = match ca {
        None => builder.with_no_client_auth(),
        Some(ca) => builder.with_client_cert_verifier(client_verifier([&CaBundle::parse(ca)?])?),
    };
    Ok(builder.with_single_cert(chain, key)?)
}

/// Takes certificates of these authorities.
pub(crate) fn client_verifier<'a>(
    trusted: impl IntoIterator<Item = &'a CaBundle>,
) -> Result<Arc<dyn ClientCertVerifier>, InvalidMaterial> {
    Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots(trusted)?), provider()).build()?)
}

fn roots<'a>(bundles: impl IntoIterator<Item = &'a CaBundle>) -> Result<RootCertStore, InvalidMaterial> {
    let mut roots = RootCertStore::empty();
    for bundle in bundles {
        for (certificate, index) in certificates(bundle.pem())?.into_iter().zip(1..) {
            roots.add(certificate).map_err(|why| InvalidMaterial::Anchor { index, why })?;
        }
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidMaterial> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| unreadable("certificate"))
}

/// The PEM was written by `x509` and is read by rustls: they would have to disagree about their own output.
fn unreadable(what: &str) -> InvalidMaterial {
    InvalidMaterial::Tls(rustls::Error::General(format!("{what} cannot be read back")))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Material").field("pair", &self.pair).finish_non_exhaustive()
    }
}
