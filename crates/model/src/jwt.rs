//! Tokens (JWT) that requests must carry.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::ClusterKey;

/// An issuer of tokens, as one host trusts it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JwtProvider {
    /// What routes call it; unique in the host.
    pub name: Arc<str>,
    /// What tokens must name as their issuer; empty for anything.
    pub issuer: Arc<str>,
    /// Of whom tokens must name one as their audience; none for anybody. Sorted, each once.
    pub audiences: Vec<Arc<str>>,
    /// The keys that tokens are signed with.
    pub keys: Jwks,
    /// Whether backends see the token.
    pub forward: bool,
    /// Whether routes that say nothing need such a token: those of other objects under the host, too.
    pub is_default: bool,
}

impl JwtProvider {
    /// The way to the server of its keys, if there is one.
    #[must_use]
    pub fn key_server(&self) -> Option<&ClusterKey> {
        match &self.keys {
            Jwks::Remote { cluster, .. } => Some(cluster),
            Jwks::Local(_) => None,
        }
    }
}

/// Where the keys of an issuer come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Jwks {
    /// Envoy asks a server for them.
    Remote {
        /// The address, with scheme and path.
        uri: Arc<str>,
        /// The way to the server.
        cluster: ClusterKey,
        /// How long an answer may take; never zero.
        timeout: Duration,
        /// How long keys are used before they are asked for again; never zero.
        cache: Duration,
    },
    /// They are known.
    Local(PublicKeys),
}

/// A JSON Web Key Set (RFC 7517) of public keys, as JSON.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKeys(Arc<str>);

impl PublicKeys {
    /// A set that was checked: a JSON object whose `keys` are public keys, without private parts.
    pub fn new(json: impl Into<Arc<str>>) -> Self {
        Self(json.into())
    }

    /// The JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shown by nobody: who looks at it came for something else.
impl fmt::Debug for PublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKeys(..)")
    }
}
