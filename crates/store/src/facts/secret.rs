//! Secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use api::core::Secret;
use model::PublicKeys;
use x509::{CaBundle, Crl, InvalidCaBundle, InvalidCrl, InvalidPair, TlsPair};

use super::jwks::{self, InvalidJwks};

/// The kinds of Secret that may hold certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretType {
    /// `kubernetes.io/tls`.
    Tls,
    /// `Opaque`, or none.
    Opaque,
    /// Any other; nothing is kept of its data.
    Other,
}

/// What is used of a Secret. Checks run at most once for each content, and only when somebody asks.
#[derive(Clone)]
pub struct SecretFact {
    /// Its type.
    pub kind: SecretType,
    certificate: Option<Arc<[u8]>>,
    key: Option<Arc<[u8]>>,
    ca: Option<Arc<[u8]>>,
    crl: Option<Arc<[u8]>>,
    /// What looks like a key set, by key; of an Opaque Secret, which nobody else reads these of.
    key_sets: BTreeMap<Box<str>, Arc<[u8]>>,
    pair: OnceLock<Result<Arc<TlsPair>, InvalidPair>>,
    bundle: OnceLock<Result<Arc<CaBundle>, InvalidCaBundle>>,
    lists: OnceLock<Result<Arc<Crl>, InvalidCrl>>,
}

impl From<&Secret> for SecretFact {
    fn from(object: &Secret) -> Self {
        let kind = match object.type_.as_deref() {
            Some("kubernetes.io/tls") => SecretType::Tls,
            None | Some("" | "Opaque") => SecretType::Opaque,
            Some(_) => SecretType::Other,
        };
        let data = |key| match kind {
            SecretType::Other => None,
            SecretType::Tls | SecretType::Opaque => bytes(object, key),
        };
        Self {
            kind,
            certificate: data("tls.crt"),
            key: data("tls.key"),
            ca: data("ca.crt"),
            crl: data("crl.pem"),
            key_sets: if kind == SecretType::Opaque { key_sets(object) } else { BTreeMap::new() },
            pair: OnceLock::new(),
            bundle: OnceLock::new(),
            lists: OnceLock::new(),
        }
    }
}

/// The value of a key; `stringData` comes before `data`, as the API server merges them.
fn bytes(object: &Secret, key: &str) -> Option<Arc<[u8]>> {
    let text = object.string_data.as_ref().and_then(|data| data.get(key));
    let data = object.data.as_ref().and_then(|data| data.get(key));
    text.map(|text| text.as_bytes().into()).or_else(|| data.map(|data| data.0.as_slice().into()))
}

/// Everything that may be a key set: a JSON object in which the word stands.
fn key_sets(object: &Secret) -> BTreeMap<Box<str>, Arc<[u8]>> {
    let text = object.string_data.iter().flatten().map(|(key, _)| key);
    let names: BTreeSet<&String> = text.chain(object.data.iter().flatten().map(|(key, _)| key)).collect();
    let candidates = names.into_iter().filter_map(|key| Some((key.as_str().into(), bytes(object, key)?)));
    candidates.filter(|(_, value)| may_be_key_set(value)).collect()
}

fn may_be_key_set(value: &[u8]) -> bool {
    const WORD: &[u8] = b"\"keys\"";
    value.trim_ascii_start().starts_with(b"{") && value.windows(WORD.len()).any(|window| window == WORD)
}

impl SecretFact {
    /// The key set (JWKS) under a key, checked.
    ///
    /// # Errors
    /// What is wrong with it, in words that hold no key.
    pub fn jwks(&self, key: &str) -> Result<PublicKeys, InvalidJwks> {
        jwks::parse(self.key_sets.get(key).map_or(&[], |bytes| bytes))
    }

    /// The certificate and key, checked.
    ///
    /// # Errors
    /// What is wrong with them, in words that hold no key material.
    pub fn pair(&self) -> Result<&Arc<TlsPair>, &InvalidPair> {
        let part = |bytes: &Option<Arc<[u8]>>| bytes.clone().unwrap_or_default();
        self.pair
            .get_or_init(|| TlsPair::parse(&part(&self.certificate), &part(&self.key)).map(Arc::new))
            .as_ref()
    }

    /// The bundle of certificates under `ca.crt`, checked.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn bundle(&self) -> Result<&Arc<CaBundle>, &InvalidCaBundle> {
        let bytes = self.ca.clone().unwrap_or_default();
        self.bundle.get_or_init(|| CaBundle::parse(&bytes).map(Arc::new)).as_ref()
    }

    /// The revocation lists under `crl.pem`, checked.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn lists(&self) -> Result<&Arc<Crl>, &InvalidCrl> {
        let bytes = self.crl.clone().unwrap_or_default();
        self.lists.get_or_init(|| Crl::parse(&bytes).map(Arc::new)).as_ref()
    }
}

impl PartialEq for SecretFact {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.certificate, &self.key, &self.ca, &self.crl, &self.key_sets)
            == (other.kind, &other.certificate, &other.key, &other.ca, &other.crl, &other.key_sets)
    }
}

impl fmt::Debug for SecretFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretFact").field("kind", &self.kind).finish_non_exhaustive()
    }
}
