//! Certificates: what every one of a text must satisfy, and what Envoy demands of the one it serves.

use x509_parser::asn1_rs::{Oid, Tag, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

use crate::der;
use crate::key::KeyKind;
use crate::pem::{self, Block, Content, InvalidPem, Label};

/// Why a text of certificates is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCertificate {
    /// Not PEM.
    #[error(transparent)]
    Pem(#[from] InvalidPem),
    /// Not one CERTIFICATE block.
    #[error("no certificate found, want at least one PEM block of type CERTIFICATE")]
    None,
    /// A block of another type. A key does not belong into a public file, and dropping a CRL in silence
    /// would trust what it revokes.
    #[error("unexpected block type {label:?} on line {line}, want only CERTIFICATE")]
    UnexpectedBlock {
        /// Line of its BEGIN marker, from 1.
        line: usize,
        /// What the block says it is.
        label: &'static str,
    },
    /// The content of a block is no X.509 certificate.
    #[error("certificate {index} (line {line}) is not a valid X.509 certificate")]
    Unparsable {
        /// Which CERTIFICATE block, from 1.
        index: usize,
        /// Line of its BEGIN marker, from 1.
        line: usize,
    },
    /// Neither a common name nor a subject alternative name of any kind.
    #[error("certificate has no common name or subject alt name")]
    NoName,
    /// The subject alternative names cannot be read: no client could verify them.
    #[error("certificate has subject alt names that cannot be read")]
    UnreadableNames,
    /// A key that Envoy does not serve.
    #[error(
        "certificate has an unsupported public key: {found}, want RSA of 2048 to 8192 bits, EC on P-256, P-384 or P-521, or Ed25519"
    )]
    UnsupportedKey {
        /// Algorithm, curve or size.
        found: String,
    },
    /// BoringSSL refuses an EC certificate whose key usage lacks digitalSignature.
    #[error("certificate has an EC key and a key usage without digitalSignature, which Envoy refuses")]
    NoDigitalSignature,
}

/// What is kept of every certificate of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Facts {
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    pub(crate) is_ca: bool,
    /// DER of the subject: what a CRL names as its issuer.
    pub(crate) subject: Box<[u8]>,
}

/// What is kept of the certificate that is served.
pub(crate) struct Leaf<'a> {
    pub(crate) kind: KeyKind,
    /// The public key as its algorithm writes it: a point, an RSAPublicKey, 32 bytes.
    pub(crate) public_key: &'a [u8],
    pub(crate) dns_names: Vec<String>,
    pub(crate) weak_hash: Option<&'static str>,
    pub(crate) lacks_digital_signature: bool,
}

/// The DER of every block; anything but CERTIFICATE is an error, and so is nothing at all.
pub(crate) fn decode_all(text: &[u8]) -> Result<Vec<(Vec<u8>, usize)>, InvalidCertificate> {
    let blocks = pem::decode(text)?;
    if blocks.is_empty() {
        return Err(InvalidCertificate::None);
    }
    blocks.into_iter().map(certificate_block).collect()
}

fn certificate_block(block: Block) -> Result<(Vec<u8>, usize), InvalidCertificate> {
    match (block.label, block.content) {
        (Label::Certificate, Content::Der(der)) => Ok((der, block.line)),
        (label, _) => Err(InvalidCertificate::UnexpectedBlock { line: block.line, label: label.name() }),
    }
}

/// Parses each certificate, as strictly as BoringSSL where the parser is laxer.
pub(crate) fn parse_all(ders: &[(Vec<u8>, usize)]) -> Result<Vec<X509Certificate<'_>>, InvalidCertificate> {
    ders.iter()
        .zip(1..)
        .map(|((der, line), index)| parse(der).ok_or(InvalidCertificate::Unparsable { index, line: *line }))
        .collect()
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    der::is_certificate(der).then(|| X509Certificate::from_der(der).ok())?.map(|(_, certificate)| certificate)
}

pub(crate) fn facts(certificate: &X509Certificate<'_>) -> Facts {
    let validity = certificate.validity();
    Facts {
        not_before: validity.not_before.timestamp(),
        not_after: validity.not_after.timestamp(),
        // A version 1 certificate cannot say what it is; as a root it is trusted like a CA.
        is_ca: certificate.is_ca() || certificate.version() != X509Version::V3,
        subject: certificate.subject().as_raw().into(),
    }
}

/// DER of the issuer that the last certificate of a text names.
pub(crate) fn last_issuer(text: &[u8]) -> Option<Box<[u8]>> {
    let ders = decode_all(text).ok()?;
    let chain = parse_all(&ders).ok()?;
    chain.last().map(|last| last.issuer().as_raw().into())
}

/// Checks the certificate that is served.
pub(crate) fn leaf<'a>(certificate: &'a X509Certificate<'_>) -> Result<Leaf<'a>, InvalidCertificate> {
    let kind = key_kind(certificate.public_key())?;
    let signs = match certificate.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.digital_signature()),
        Err(_) => false,
    };
    if kind.is_ec() && !signs {
        return Err(InvalidCertificate::NoDigitalSignature);
    }
    Ok(Leaf {
        kind,
        public_key: &certificate.public_key().subject_public_key.data,
        dns_names: names(certificate)?,
        weak_hash: weak_hash(certificate),
        lacks_digital_signature: !signs,
    })
}

/// The DNS names; an error if there is no name of any kind.
fn names(certificate: &X509Certificate<'_>) -> Result<Vec<String>, InvalidCertificate> {
    let extension =
        certificate.subject_alternative_name().map_err(|_| InvalidCertificate::UnreadableNames)?;
    let alternatives = extension.map_or(&[][..], |names| &names.value.general_names);
    let common_name = certificate.subject().iter_common_name().any(|name| !name.as_slice().is_empty());
    if alternatives.is_empty() && !common_name {
        return Err(InvalidCertificate::NoName);
    }
    Ok(alternatives.iter().filter_map(dns_name).collect())
}

fn dns_name(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::DNSName(name) = name { Some((*name).to_owned()) } else { None }
}

/// Encoded, as certificates hold them: to write one as text takes memory, and every Secret has several.
mod oids {
    use super::oid;

    pub(super) const RSA: &[u8] = &oid!(raw 1.2.840.113549.1.1.1);
    pub(super) const RSA_PSS: &[u8] = &oid!(raw 1.2.840.113549.1.1.10);
    pub(super) const DSA: &[u8] = &oid!(raw 1.2.840.10040.4.1);
    pub(super) const EC: &[u8] = &oid!(raw 1.2.840.10045.2.1);
    pub(super) const ED25519: &[u8] = &oid!(raw 1.3.101.112);
    pub(super) const ED448: &[u8] = &oid!(raw 1.3.101.113);

    pub(super) const P224: &[u8] = &oid!(raw 1.3.132.0.33);
    pub(super) const P256: &[u8] = &oid!(raw 1.2.840.10045.3.1.7);
    pub(super) const P384: &[u8] = &oid!(raw 1.3.132.0.34);
    pub(super) const P521: &[u8] = &oid!(raw 1.3.132.0.35);
    pub(super) const SECP256K1: &[u8] = &oid!(raw 1.3.132.0.10);

    pub(super) const RSA_WITH_MD2: &[u8] = &oid!(raw 1.2.840.113549.1.1.2);
    pub(super) const RSA_WITH_MD5: &[u8] = &oid!(raw 1.2.840.113549.1.1.4);
    pub(super) const RSA_WITH_SHA1: &[u8] = &oid!(raw 1.2.840.113549.1.1.5);
    pub(super) const EC_WITH_SHA1: &[u8] = &oid!(raw 1.2.840.10045.4.1);
}

fn key_kind(key: &SubjectPublicKeyInfo<'_>) -> Result<KeyKind, InvalidCertificate> {
    let unsupported = |found: &str| Err(InvalidCertificate::UnsupportedKey { found: found.to_owned() });
    match key.algorithm.algorithm.as_bytes() {
        oids::RSA => rsa_kind(key),
        oids::EC => ec_kind(key),
        oids::ED25519 if key.algorithm.parameters.is_none() => Ok(KeyKind::Ed25519),
        oids::ED448 => unsupported("Ed448"),
        oids::DSA => unsupported("DSA"),
        oids::RSA_PSS => unsupported("RSA-PSS"),
        _ => unsupported(&format!("algorithm {}", oid_text(&key.algorithm.algorithm))),
    }
}

/// The dotted form, if it is short enough to be one of use to a reader.
fn oid_text(oid: &Oid<'_>) -> String {
    if oid.as_bytes().len() > 16 {
        return "of unknown OID".to_owned();
    }
    oid.to_id_string()
}

/// RSA with the parameters that RFC 3279 and BoringSSL demand, NULL, and a size that Envoy serves.
fn rsa_kind(key: &SubjectPublicKeyInfo<'_>) -> Result<KeyKind, InvalidCertificate> {
    if key.algorithm.parameters.as_ref().is_none_or(|parameters| parameters.tag() != Tag::Null) {
        return Err(InvalidCertificate::UnsupportedKey {
            found: "RSA with parameters other than NULL".to_owned(),
        });
    }
    let bits = match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => modulus_bits(&rsa),
        _ => 0,
    };
    if (2048..=8192).contains(&bits) {
        return Ok(KeyKind::Rsa);
    }
    Err(InvalidCertificate::UnsupportedKey { found: format!("RSA of {bits} bits") })
}

fn modulus_bits(key: &RSAPublicKey<'_>) -> usize {
    let zeros = key.modulus.iter().take_while(|byte| **byte == 0).count();
    let significant = &key.modulus[zeros..];
    significant.first().map_or(0, |first| significant.len() * 8 - first.leading_zeros() as usize)
}

fn ec_kind(key: &SubjectPublicKeyInfo<'_>) -> Result<KeyKind, InvalidCertificate> {
    let parameters = key.algorithm.parameters.as_ref();
    let curve = parameters.filter(|any| any.tag() == Tag::Oid).and_then(|any| any.as_oid().ok());
    let found = match curve.as_ref().map(|curve| (curve.as_bytes(), curve)) {
        Some((oids::P256, _)) => return Ok(KeyKind::P256),
        Some((oids::P384, _)) => return Ok(KeyKind::P384),
        Some((oids::P521, _)) => return Ok(KeyKind::P521),
        Some((oids::P224, _)) => "EC on P-224".to_owned(),
        Some((oids::SECP256K1, _)) => "EC on secp256k1".to_owned(),
        Some((_, other)) => format!("EC on curve {}", oid_text(other)),
        None => "EC with explicit parameters".to_owned(),
    };
    Err(InvalidCertificate::UnsupportedKey { found })
}

fn weak_hash(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    match certificate.signature_algorithm.algorithm.as_bytes() {
        oids::RSA_WITH_MD2 => Some("MD2"),
        oids::RSA_WITH_MD5 => Some("MD5"),
        oids::RSA_WITH_SHA1 | oids::EC_WITH_SHA1 => Some("SHA-1"),
        _ => None,
    }
}
