//! The private key of a pair: exactly one, of a kind that Envoy serves, and the certificate's own.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};

use crate::pem::{self, Block, Content, InvalidPem, Label};

/// Why a text is not usable as the private key of its certificate. Never quotes the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not PEM.
    #[error(transparent)]
    Pem(#[from] InvalidPem),
    /// No block of a private key.
    #[error(
        "failed to locate private key, want one PEM block of type PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY"
    )]
    None,
    /// More than one: which of them is meant would depend on the reader.
    #[error("multiple private keys")]
    Multiple,
    /// A password protects the key, and nobody is there to type it.
    #[error("private key on line {line} is protected by a password, want an unencrypted one")]
    Encrypted {
        /// Line of its BEGIN marker, from 1.
        line: usize,
    },
    /// A block that is no private key, or one of a type that Envoy does not serve.
    #[error(
        "unexpected block type {label:?} on line {line}, want PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY"
    )]
    UnexpectedBlock {
        /// Line of its BEGIN marker, from 1.
        line: usize,
        /// What the block says it is.
        label: &'static str,
    },
    /// The content is no key that can be used.
    #[error(
        "private key on line {line} cannot be read, want RSA of 2048 to 8192 bits, EC on P-256, P-384 or P-521, or Ed25519"
    )]
    Unparsable {
        /// Line of its BEGIN marker, from 1.
        line: usize,
    },
    /// A key of another kind than the certificate's.
    #[error("private key is {found}, but the first certificate has {wanted}")]
    OtherKind {
        /// The kind of the private key.
        found: &'static str,
        /// The kind of the certificate's public key.
        wanted: &'static str,
    },
    /// A key of the right kind that belongs to no certificate of the chain.
    #[error("private key does not match the first certificate")]
    Mismatch,
    /// The chain is in the wrong order.
    #[error("private key matches certificate {index}, not the first: put that certificate first")]
    MatchesLater {
        /// The certificate that it matches, from 1.
        index: usize,
    },
}

/// The kinds of keys that Envoy serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

impl KeyKind {
    pub(crate) const ALL: [Self; 5] = [Self::P256, Self::Rsa, Self::P384, Self::P521, Self::Ed25519];

    pub(crate) fn is_ec(self) -> bool {
        matches!(self, Self::P256 | Self::P384 | Self::P521)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::P256 => "EC on P-256",
            Self::P384 => "EC on P-384",
            Self::P521 => "EC on P-521",
            Self::Ed25519 => "Ed25519",
        }
    }
}

/// A key that was read, with what it is needed for. It has no `Debug`.
pub(crate) struct Loaded {
    pub(crate) kind: KeyKind,
    pub(crate) public_key: Vec<u8>,
    /// PKCS#8 version 1, written anew: the one form that BoringSSL reads for every kind.
    pub(crate) pkcs8: Vec<u8>,
}

/// Reads the one key of `text`, trying `expected` first.
pub(crate) fn parse(text: &[u8], expected: KeyKind) -> Result<Loaded, InvalidKey> {
    let (label, der, line) = one_key(pem::decode(text)?)?;
    let others = KeyKind::ALL.into_iter().filter(|kind| *kind != expected);
    std::iter::once(expected)
        .chain(others)
        .find_map(|kind| load(kind, label, &der))
        .ok_or(InvalidKey::Unparsable { line })
}

fn one_key(blocks: Vec<Block>) -> Result<(Label, Vec<u8>, usize), InvalidKey> {
    let mut found = None;
    for Block { label, line, content } in blocks {
        let der = match (label, content) {
            // `openssl ecparam -genkey` writes the curve before the key, which names it again.
            (Label::EcParameters, _) => continue,
            (Label::Pkcs8 | Label::RsaKey | Label::EcKey, Content::Der(der)) => der,
            (Label::EncryptedKey, _) | (_, Content::Encrypted) => return Err(InvalidKey::Encrypted { line }),
            (other, _) => return Err(InvalidKey::UnexpectedBlock { line, label: other.name() }),
        };
        if found.replace((label, der, line)).is_some() {
            return Err(InvalidKey::Multiple);
        }
    }
    found.ok_or(InvalidKey::None)
}

fn load(kind: KeyKind, label: Label, der: &[u8]) -> Option<Loaded> {
    match (kind, label) {
        (KeyKind::Rsa, Label::Pkcs8) => load_rsa(&rsa::KeyPair::from_pkcs8(der).ok()?),
        (KeyKind::Rsa, Label::RsaKey) => load_rsa(&rsa::KeyPair::from_der(der).ok()?),
        (KeyKind::Ed25519, Label::Pkcs8) => load_ed25519(der),
        (KeyKind::P256, Label::Pkcs8 | Label::EcKey) => load_ec(kind, &ECDSA_P256_SHA256_ASN1_SIGNING, der),
        (KeyKind::P384, Label::Pkcs8 | Label::EcKey) => load_ec(kind, &ECDSA_P384_SHA384_ASN1_SIGNING, der),
        (KeyKind::P521, Label::Pkcs8 | Label::EcKey) => load_ec(kind, &ECDSA_P521_SHA512_ASN1_SIGNING, der),
        _ => None,
    }
}

fn load_rsa(key: &rsa::KeyPair) -> Option<Loaded> {
    let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(key).ok()?;
    let public_key = key.public_key().as_ref().to_vec();
    Some(Loaded { kind: KeyKind::Rsa, public_key, pkcs8: pkcs8.as_ref().to_vec() })
}

fn load_ec(kind: KeyKind, algorithm: &'static EcdsaSigningAlgorithm, der: &[u8]) -> Option<Loaded> {
    let key = EcdsaKeyPair::from_private_key_der(algorithm, der).ok()?;
    let pkcs8 = key.to_pkcs8v1().ok()?;
    Some(Loaded { kind, public_key: key.public_key().as_ref().to_vec(), pkcs8: pkcs8.as_ref().to_vec() })
}

fn load_ed25519(der: &[u8]) -> Option<Loaded> {
    let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
    let pkcs8 = key.to_pkcs8v1().ok()?;
    let public_key = key.public_key().as_ref().to_vec();
    Some(Loaded { kind: KeyKind::Ed25519, public_key, pkcs8: pkcs8.as_ref().to_vec() })
}

impl Loaded {
    /// Whether `public_key`, as a certificate of the same kind holds it, is this key's.
    pub(crate) fn matches(&self, public_key: &[u8]) -> bool {
        self.public_key == public_key || (self.kind.is_ec() && self.compressed_point() == public_key)
    }

    /// The point as 02 or 03 (even or odd y) and x: certificates may hold it so, keys give it whole.
    fn compressed_point(&self) -> Vec<u8> {
        let coordinates = self.public_key.get(1..).unwrap_or_default();
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        let sign = 2 + y.last().map_or(0, |byte| byte & 1);
        [&[sign], x].concat()
    }
}
