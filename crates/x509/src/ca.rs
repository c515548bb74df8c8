//! Bundles of certificates that are trusted.

use bytes::Bytes;

use crate::certificate::{self, Facts, InvalidCertificate};
use crate::note::{self, Note};
use crate::pair::TlsPair;
use crate::pem::{self, Label};

/// Why `ca.crt` is not usable. Texts follow Contour's (reference 3.4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCaBundle {
    /// Missing or empty.
    #[error("empty \"ca.crt\" key")]
    Empty,
    /// Not a bundle of certificates.
    #[error("invalid CA certificate bundle: {0}")]
    Certificate(#[from] InvalidCertificate),
}

/// One or more certificates, each parsed. Contour sends what it did not parse, and Envoy then rejects the
/// whole update.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CaBundle {
    pem: Bytes,
    certificates: Vec<Facts>,
}

impl CaBundle {
    /// Checks `ca.crt`.
    ///
    /// # Errors
    /// If it is empty, not PEM, holds a block that is not a certificate, or one that does not parse.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidCaBundle> {
        if text.is_empty() {
            return Err(InvalidCaBundle::Empty);
        }
        let ders = certificate::decode_all(text)?;
        let parsed = certificate::parse_all(&ders)?;
        let mut pem = String::new();
        ders.iter().for_each(|(der, _)| pem::encode(Label::Certificate, der, &mut pem));
        Ok(Self { pem: pem.into(), certificates: parsed.iter().map(certificate::facts).collect() })
    }

    /// The certificates as PEM, in their order, nothing else between or after them.
    #[must_use]
    pub fn pem(&self) -> &Bytes {
        &self.pem
    }

    /// The last valid second of each certificate, in their order, in unix seconds.
    pub fn not_after(&self) -> impl Iterator<Item = i64> + '_ {
        self.certificates.iter().map(|one| one.not_after)
    }

    /// The last valid second of each certificate that has the name of whom the chain of `pair` was signed by, in unix
    /// seconds. Signatures are not looked at.
    pub fn not_after_of_issuers(&self, pair: &TlsPair) -> impl Iterator<Item = i64> + '_ {
        let issuer = certificate::last_issuer(pair.chain());
        let issuers = self.certificates.iter().filter(move |one| Some(&one.subject) == issuer.as_ref());
        issuers.map(|one| one.not_after)
    }

    /// What will not work as meant, at `now` in unix seconds.
    #[must_use]
    pub fn notes(&self, now: i64) -> Vec<Note> {
        self.certificates.iter().zip(1..).flat_map(|(one, index)| notes(one, index, now)).collect()
    }

    /// Whether a certificate of the bundle has this subject (DER).
    pub(crate) fn has_subject(&self, subject: &[u8]) -> bool {
        self.certificates.iter().any(|one| *one.subject == *subject)
    }
}

fn notes(one: &Facts, index: usize, now: i64) -> impl Iterator<Item = Note> + use<> {
    let not_a_ca = (!one.is_ca).then_some(Note::NotACa { index });
    note::validity(index, one.not_before, one.not_after, now).into_iter().chain(not_a_ca)
}
