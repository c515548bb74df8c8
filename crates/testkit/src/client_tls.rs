//! The TLS side of a client.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

/// Which servers a client trusts.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those with a certificate from these CAs, in PEM, for the name that was asked for.
    Roots(String),
    /// All: for tests that look at the certificate themselves.
    Anything,
}

/// How a client speaks TLS. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ClientTls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) name: ServerName<'static>,
}

impl ClientTls {
    /// Asks for `sni` and trusts as said. An IP address sends no server name. No ALPN.
    pub fn new(sni: &str, trust: &Trust) -> Self {
        Self::build(sni, trust, None, rustls::ALL_VERSIONS)
    }

    /// With one TLS version only.
    pub fn with_version(sni: &str, trust: &Trust, version: &'static SupportedProtocolVersion) -> Self {
        Self::build(sni, trust, None, &[version])
    }

    /// Shows a certificate chain, with its key, when the server asks for one; both in PEM.
    pub fn with_identity(sni: &str, trust: &Trust, chain: &str, key: &str) -> Self {
        Self::build(sni, trust, Some((chain, key)), rustls::ALL_VERSIONS)
    }

    /// The same with one TLS version only.
    pub fn with_identity_and_version(
        sni: &str,
        trust: &Trust,
        (chain, key): (&str, &str),
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        Self::build(sni, trust, Some((chain, key)), &[version])
    }

    /// Resumes sessions that the server lets it resume; the tickets belong to this value and its clones.
    #[must_use]
    pub fn resuming(mut self) -> Self {
        Arc::make_mut(&mut self.config).resumption = rustls::client::Resumption::in_memory_sessions(16);
        self
    }

    /// Offers these protocols, the preferred first.
    #[must_use]
    pub fn alpn(mut self, protocols: &[&str]) -> Self {
        let protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::make_mut(&mut self.config).alpn_protocols = protocols;
        self
    }

    /// Asks for another server name.
    #[must_use]
    pub fn sni(mut self, sni: &str) -> Self {
        self.name = server_name(sni);
        self
    }

    fn build(
        sni: &str,
        trust: &Trust,
        identity: Option<(&str, &str)>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_protocol_versions(versions).expect("the provider has these versions");
        let builder = match trust {
            Trust::Roots(pem) => builder.with_root_certificates(roots(pem)),
            Trust::Anything => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(TrustAnything(provider)))
            }
        };
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(certificates(chain), private_key(key))
                .expect("the client's certificate and key belong together"),
        };
        // A resumed session would hide which certificate the server has now.
        config.resumption = rustls::client::Resumption::disabled();
        Self { config: Arc::new(config), name: server_name(sni) }
    }
}

fn server_name(sni: &str) -> ServerName<'static> {
    ServerName::try_from(sni.to_owned()).unwrap_or_else(|_| panic!("{sni:?} is no name for a server"))
}

fn roots(pem: &str) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem) {
        roots.add(certificate).expect("a CA certificate that can be trusted");
    }
    roots
}

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    certificates.expect("certificates in PEM")
}

fn private_key(pem: &str) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).expect("a private key in PEM")
}

/// Believes every certificate, but still wants the proof that the server has its key.
#[derive(Debug)]
struct TrustAnything(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAnything {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
