//! Secrets that Envoy fetches by name.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Which part of a Secret is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretUse {
    /// `tls.crt` and `tls.key`.
    Pair,
    /// `ca.crt`.
    Ca,
    /// `ca.crt`, with the `crl.pem` of this Secret, which may be the same one. Envoy takes both together only.
    CaWithCrl(Box<SecretName>),
    /// `tls.crt` and `tls.key`, for Envoy to show to backends.
    ClientPair,
    /// The bundles of all of these as one: at least one, sorted, each once. The namespace and name are those of the first.
    Cas(Arc<[CaSource]>),
}

/// An object with a bundle of CAs, in `ca.crt`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CaSource {
    /// A ConfigMap.
    ConfigMap(SecretName),
    /// A Secret.
    Secret(SecretName),
}

impl CaSource {
    fn name(&self) -> &SecretName {
        let (Self::ConfigMap(name) | Self::Secret(name)) = self;
        name
    }
}

/// `namespace/name/ca` for a Secret, and `namespace/name/configmap/ca`.
impl fmt::Display for CaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConfigMap(name) => write!(f, "{name}/configmap/ca"),
            Self::Secret(name) => write!(f, "{name}/ca"),
        }
    }
}

/// A Secret as an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretName {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

impl SecretName {
    /// A Secret's name.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A Secret as a resource: the name stays when the content changes, so that a rotation is one update.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretKey {
    /// The namespace of the Secret.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Which part.
    pub usage: SecretUse,
}

impl SecretKey {
    /// The certificate and key of a TLS Secret.
    pub fn pair(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into(), usage: SecretUse::Pair }
    }

    /// The certificate and key of a TLS Secret that Envoy shows to backends.
    pub fn client_pair(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into(), usage: SecretUse::ClientPair }
    }

    /// The bundle of CAs in a Secret, with the revocation lists of another where one is named.
    pub fn ca(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>, crl: Option<SecretName>) -> Self {
        let usage = crl.map_or(SecretUse::Ca, |crl| SecretUse::CaWithCrl(Box::new(crl)));
        Self { namespace: namespace.into(), name: name.into(), usage }
    }

    /// The bundles of CAs in several objects, in any order; `None` without any. One Secret is as if it stood alone.
    pub fn cas(sources: impl IntoIterator<Item = CaSource>) -> Option<Self> {
        let sources: Arc<[CaSource]> = BTreeSet::from_iter(sources).into_iter().collect();
        let SecretName { namespace, name } = sources.first()?.name().clone();
        let usage = match &*sources {
            [CaSource::Secret(_)] => SecretUse::Ca,
            _ => SecretUse::Cas(sources),
        };
        Some(Self { namespace, name, usage })
    }
}

/// `namespace/name`, with `/ca` for a bundle, `/ca/namespace/name/crl` for one with revocation lists and `/client` for
/// what backends are shown; for several bundles their names with `+` between: the resource's name in SDS.
impl fmt::Display for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let SecretUse::Cas(sources) = &self.usage {
            let sources: Vec<_> = sources.iter().map(CaSource::to_string).collect();
            return f.write_str(&sources.join("+"));
        }
        write!(f, "{}/{}", self.namespace, self.name)?;
        match &self.usage {
            SecretUse::Pair | SecretUse::Cas(_) => Ok(()),
            SecretUse::Ca => f.write_str("/ca"),
            SecretUse::CaWithCrl(crl) => write!(f, "/ca/{crl}/crl"),
            SecretUse::ClientPair => f.write_str("/client"),
        }
    }
}

/// What Envoy is sent of a Secret. PEM, checked; never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum SecretContent {
    /// A certificate chain and its key.
    Pair {
        /// The chain, leaf first.
        chain: Arc<[u8]>,
        /// The key.
        key: Arc<[u8]>,
    },
    /// Certificates that are trusted.
    Ca {
        /// The bundle.
        bundle: Arc<[u8]>,
        /// The lists of what they revoked, where these are looked at.
        crl: Option<Arc<[u8]>>,
    },
}

impl fmt::Debug for SecretContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pair { .. } => "Pair(..)",
            Self::Ca { .. } => "Ca(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_are_named_by_all_their_objects() {
        let map = |name: &str| CaSource::ConfigMap(SecretName::new("ns", name));
        let secret = |name: &str| CaSource::Secret(SecretName::new("ns", name));
        let name = |sources: &[CaSource]| SecretKey::cas(sources.iter().cloned()).map(|key| key.to_string());
        assert_eq!(name(&[]), None);
        assert_eq!(SecretKey::cas([secret("a")]), Some(SecretKey::ca("ns", "a", None)));
        assert_eq!(name(&[map("a")]).as_deref(), Some("ns/a/configmap/ca"));
        let both = name(&[secret("a"), map("b"), map("a"), map("b")]);
        assert_eq!(both.as_deref(), Some("ns/a/configmap/ca+ns/b/configmap/ca+ns/a/ca"));
    }
}
