//! The CA of the Envoys of Gateways.
//!
//! Its key is kept, by whoever provisions Envoys: each Gateway has a certificate of its own, which is the proof of which
//! Gateway an Envoy belongs to. Controllers trust this CA for Gateways and for nothing else.
//!
//! As a set of certgen (see [`crate::CertificateSet`]) it announces its successor: when that signs its first
//! certificate, every controller has trusted it for months.

use std::collections::BTreeMap;

use x509::{CaBundle, TlsPair};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;

use crate::generate::{Identity, InvalidOptions, KeyType, Options, authority, client_with_uri};
use crate::private::PrivateKeyPem;
use crate::rotation::unexpired;

/// What a CA lives; one that was announced lives twice as long, since it waits before it is used.
const CA_DAYS: u32 = 730;
/// A CA gives way to its successor when this is left of it: more than any certificate lives.
const CA_DAYS_LEFT: i64 = 243;
/// What a certificate lives.
const LEAF_DAYS: u32 = 90;
/// A certificate is renewed when this is left of it.
const LEAF_DAYS_LEFT: i64 = 30;
const DAY: i64 = 86_400;

/// The key of the bundle that controllers trust, in the data of the Secret.
pub const GATEWAY_CA_BUNDLE: &str = "ca.crt";
const CURRENT: [&str; 2] = ["tls.crt", "tls.key"];
const NEXT: [&str; 2] = ["next.crt", "next.key"];

/// What a certificate of Envoys names that serve Gateways: whose they are, as a path (`gateway/NAMESPACE/NAME`,
/// `gatewayclass/NAME`; design: fleets and security).
#[must_use]
pub fn fleet_uri(path: &str) -> String {
    format!("spiffe://isobath/{path}")
}

/// A CA with its key, and the one that will follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayCa {
    current: Identity,
    next: Identity,
    trusted: String,
}

/// Why the data of a Secret is no CA. Never quotes key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGatewayCa {
    /// A part is not there, or is no text.
    #[error("{0}: is missing or is not text; delete the Secret to have a new CA made")]
    Missing(&'static str),
    /// A certificate and its key cannot be used.
    #[error("{key}: {why}; delete the Secret to have a new CA made")]
    Pair {
        /// The key in the data of the Secret.
        key: &'static str,
        /// What is wrong.
        why: x509::InvalidPair,
    },
    /// The bundle cannot be used.
    #[error("ca.crt: {0}; delete the Secret to have a new CA made")]
    Bundle(#[from] x509::InvalidCaBundle),
}

impl GatewayCa {
    /// A new one, which nobody trusts yet. `now` in unix seconds.
    ///
    /// # Errors
    /// When the crypto library fails.
    pub fn new(now: i64) -> Result<Self, InvalidOptions> {
        let (current, next) = (authority(&options(now, CA_DAYS))?, authority(&options(now, 2 * CA_DAYS))?);
        let trusted = [current.certificate.as_str(), &next.certificate].concat();
        Ok(Self { current, next, trusted })
    }

    /// Reads the data of a Secret that [`Self::data`] gave.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(data: &BTreeMap<String, Vec<u8>>) -> Result<Self, InvalidGatewayCa> {
        let text = |key: &'static str| {
            let text = data.get(key).and_then(|value| String::from_utf8(value.clone()).ok());
            text.ok_or(InvalidGatewayCa::Missing(key))
        };
        let identity = |[certificate, key]: [&'static str; 2]| {
            let (pem, secret) = (text(certificate)?, text(key)?);
            TlsPair::parse(pem.as_bytes(), secret.as_bytes())
                .map_err(|why| InvalidGatewayCa::Pair { key: certificate, why })?;
            Ok::<_, InvalidGatewayCa>(Identity { certificate: pem, key: PrivateKeyPem::new(secret) })
        };
        let trusted = text(GATEWAY_CA_BUNDLE)?;
        CaBundle::parse(trusted.as_bytes())?;
        Ok(Self { current: identity(CURRENT)?, next: identity(NEXT)?, trusted })
    }

    /// The data of the Secret that keeps it.
    #[must_use]
    pub fn data(&self) -> BTreeMap<String, Vec<u8>> {
        let identity = |[certificate, key]: [&'static str; 2], of: &Identity| {
            [(certificate, of.certificate.clone()), (key, of.key.expose().to_owned())]
        };
        let bundle = [(GATEWAY_CA_BUNDLE, self.trusted.clone())];
        let all =
            bundle.into_iter().chain(identity(CURRENT, &self.current)).chain(identity(NEXT, &self.next));
        all.map(|(key, text)| (key.to_owned(), text.into_bytes())).collect()
    }

    /// What controllers trust: this one, the next one, and earlier ones that have not expired.
    #[must_use]
    pub fn trusted(&self) -> &str {
        &self.trusted
    }

    /// The one that takes its place at `now`, if it is time.
    ///
    /// # Errors
    /// When the crypto library fails.
    pub fn successor(&self, now: i64) -> Result<Option<Self>, InvalidOptions> {
        if not_after(&self.current).saturating_sub(now) > CA_DAYS_LEFT * DAY {
            return Ok(None);
        }
        if not_after(&self.next).saturating_sub(now) <= CA_DAYS_LEFT * DAY {
            // Nobody looked for years: what was announced has grown old, too.
            return Self::new(now).map(Some);
        }
        let next = authority(&options(now, 2 * CA_DAYS))?;
        let kept = CaBundle::parse(self.trusted.as_bytes()).map(|bundle| unexpired(&bundle, now).concat());
        let trusted = kept.unwrap_or_default() + &next.certificate;
        Ok(Some(Self { current: self.next.clone(), next, trusted }))
    }

    /// A certificate for Envoys that serve Gateways, with its key. It names whose they are (`gateway/NAMESPACE/NAME`, or
    /// `gatewayclass/NAME` where all Gateways of a class share them), and no other.
    ///
    /// # Errors
    /// When the crypto library fails.
    pub fn issue(&self, path: &str, now: i64) -> Result<Identity, InvalidOptions> {
        client_with_uri(&options(now, LEAF_DAYS), &fleet_uri(path), &self.current)
    }

    /// When such a certificate is to be renewed, in unix seconds; at once (`None`) when it is not one that controllers would
    /// take for those Envoys.
    #[must_use]
    pub fn renewal(&self, certificate: &[u8], key: &[u8], path: &str) -> Option<i64> {
        let pair = TlsPair::parse(certificate, key).ok()?;
        let trusted = CaBundle::parse(self.trusted.as_bytes()).ok()?;
        let is_signed_by_us = trusted.not_after_of_issuers(&pair).next().is_some();
        let is_theirs = uris(certificate)? == [fleet_uri(path)];
        (is_signed_by_us && is_theirs).then(|| pair.not_after() - LEAF_DAYS_LEFT * DAY)
    }
}

fn options(now: i64, lifetime_days: u32) -> Options {
    let (key_type, namespace) = (KeyType::default(), String::new());
    Options { now, lifetime_days, key_type, namespace, extra_server_names: vec![] }
}

/// What cannot be read has ended.
fn not_after(identity: &Identity) -> i64 {
    let pair = TlsPair::parse(identity.certificate.as_bytes(), identity.key.expose().as_bytes());
    pair.map_or(i64::MIN, |pair| pair.not_after())
}

/// The URIs of the first certificate of a text.
fn uris(pem: &[u8]) -> Option<Vec<String>> {
    let (_, block) = parse_x509_pem(pem).ok()?;
    let certificate = block.parse_x509().ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let uri = |name: &GeneralName<'_>| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    };
    Some(names.value.general_names.iter().filter_map(uri).collect())
}
