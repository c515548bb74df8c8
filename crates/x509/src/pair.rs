//! A certificate chain with its private key.

use std::fmt;

use bytes::Bytes;
use x509_parser::certificate::X509Certificate;

use crate::certificate::{self, InvalidCertificate, Leaf};
use crate::key::{self, InvalidKey, Loaded};
use crate::note::{self, Note};
use crate::pem::{self, Label};

/// Why a TLS Secret cannot be served. Texts follow Contour's (reference 3.4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPair {
    /// `tls.crt` is missing or empty.
    #[error("missing TLS certificate")]
    MissingCertificate,
    /// `tls.key` is missing or empty.
    #[error("missing TLS private key")]
    MissingKey,
    /// `tls.crt` is not usable.
    #[error("invalid TLS certificate: {0}")]
    Certificate(#[from] InvalidCertificate),
    /// `tls.key` is not usable, or not the certificate's.
    #[error("invalid TLS private key: {0}")]
    Key(#[from] InvalidKey),
}

/// A chain that Envoy accepts, first certificate first, and its key. Cheap to clone.
///
/// `Debug` does not show the key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TlsPair {
    chain: Bytes,
    key: Bytes,
    key_kind: &'static str,
    dns_names: Vec<String>,
    not_before: i64,
    not_after: i64,
    weak_hash: Option<&'static str>,
    lacks_digital_signature: bool,
}

impl TlsPair {
    /// Checks `tls.crt` and `tls.key`. An empty slice counts as missing.
    ///
    /// # Errors
    /// Whatever Envoy would reject, and beyond that: a block in `tls.crt` that is no certificate, a second
    /// key in `tls.key` (both as Contour), names that cannot be read.
    pub fn parse(crt: &[u8], key: &[u8]) -> Result<Self, InvalidPair> {
        if crt.is_empty() {
            return Err(InvalidPair::MissingCertificate);
        }
        let ders = certificate::decode_all(crt)?;
        let chain = certificate::parse_all(&ders)?;
        let first = chain.first().ok_or(InvalidCertificate::None)?;
        let leaf = certificate::leaf(first)?;
        if key.is_empty() {
            return Err(InvalidPair::MissingKey);
        }
        let loaded = key::parse(key, leaf.kind)?;
        check_match(&loaded, &leaf, &chain)?;
        Ok(Self::assemble(&chain, leaf, &loaded))
    }

    fn assemble(chain: &[X509Certificate<'_>], leaf: Leaf<'_>, key: &Loaded) -> Self {
        let validity = chain[0].validity();
        let mut chain_pem = String::new();
        chain.iter().for_each(|one| pem::encode(Label::Certificate, one.as_raw(), &mut chain_pem));
        let mut key_pem = String::new();
        pem::encode(Label::Pkcs8, &key.pkcs8, &mut key_pem);
        Self {
            chain: chain_pem.into(),
            key: key_pem.into(),
            key_kind: key.kind.name(),
            dns_names: leaf.dns_names,
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            weak_hash: leaf.weak_hash,
            lacks_digital_signature: leaf.lacks_digital_signature,
        }
    }

    /// The certificates as PEM, the served one first, nothing else between or after them.
    #[must_use]
    pub fn chain(&self) -> &Bytes {
        &self.chain
    }

    /// The private key as one PKCS#8 PEM block. Secret: for SDS only.
    #[must_use]
    pub fn key(&self) -> &Bytes {
        &self.key
    }

    /// The DNS subject alternative names of the first certificate, as written, possibly none.
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.dns_names
    }

    /// The last second in which the first certificate is valid, in unix seconds.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// The kind of the key, like `RSA` or `EC on P-256`.
    #[must_use]
    pub fn key_kind(&self) -> &'static str {
        self.key_kind
    }

    /// What clients will not like about it, at `now` in unix seconds.
    #[must_use]
    pub fn notes(&self, now: i64) -> Vec<Note> {
        note::validity(1, self.not_before, self.not_after, now)
            .into_iter()
            .chain(self.weak_hash.map(|hash| Note::WeakSignature { hash }))
            .chain(self.lacks_digital_signature.then_some(Note::NoDigitalSignature))
            .collect()
    }
}

fn check_match(key: &Loaded, leaf: &Leaf<'_>, chain: &[X509Certificate<'_>]) -> Result<(), InvalidKey> {
    if key.kind == leaf.kind && key.matches(leaf.public_key) {
        return Ok(());
    }
    let later =
        chain.iter().zip(1..).skip(1).find(|(one, _)| key.matches(&one.public_key().subject_public_key.data));
    match later {
        Some((_, index)) => Err(InvalidKey::MatchesLater { index }),
        None if key.kind != leaf.kind => {
            Err(InvalidKey::OtherKind { found: key.kind.name(), wanted: leaf.kind.name() })
        }
        None => Err(InvalidKey::Mismatch),
    }
}

impl fmt::Debug for TlsPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsPair")
            .field("dns_names", &self.dns_names)
            .field("not_after", &self.not_after)
            .field("chain_bytes", &self.chain.len())
            .field("key_kind", &self.key_kind)
            .field("key", &"redacted")
            .finish_non_exhaustive()
    }
}
