//! How TLS ends at Envoy, and who may connect.

mod offer;

use std::collections::BTreeSet;

use crate::SecretKey;

pub use offer::{CipherSuite, Curve, TlsOffer};

/// How TLS ends at Envoy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TlsTermination {
    /// The certificates with their keys, of which each client gets the one that it can use; at least one.
    pub certificates: Vec<SecretKey>,
    /// The oldest version that clients may use.
    pub minimum: TlsVersion,
    /// The newest version that clients may use; not older than `minimum`.
    pub maximum: TlsVersion,
    /// Who may connect.
    pub clients: Clients,
}

/// A version of TLS that Isobath offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

/// Who may connect to a host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Clients {
    /// Anyone.
    Anyone {
        /// The certificate for clients that name no server, or one that nobody serves: they may ask for the host,
        /// too.
        fallback: Option<SecretKey>,
    },
    /// Those that are asked for a certificate.
    Certified(Box<ClientCertificates>),
}

impl Clients {
    /// Anyone who names the host when they connect.
    pub const ANYONE: Self = Self::Anyone { fallback: None };

    /// What clients are asked for.
    #[must_use]
    pub fn certificates(&self) -> Option<&ClientCertificates> {
        match self {
            Self::Certified(certificates) => Some(certificates),
            Self::Anyone { .. } => None,
        }
    }

    /// The certificate for clients that name no server, or one that nobody serves.
    #[must_use]
    pub const fn fallback(&self) -> Option<&SecretKey> {
        match self {
            Self::Anyone { fallback } => fallback.as_ref(),
            Self::Certified(_) => None,
        }
    }
}

/// The certificates that clients are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientCertificates {
    /// Whether they must have one.
    pub demand: Demand,
    /// Which ones will do.
    pub trust: Trust,
    /// What backends are told of them in `x-forwarded-client-cert`, besides their hashes; `None` for nothing at
    /// all.
    pub forward: Option<BTreeSet<ClientDetail>>,
}

/// Whether clients must have a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Demand {
    /// Without one there is no connection.
    Required,
    /// One that is shown must do; none will do, too.
    Optional,
}

/// Which certificates of clients will do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Trust {
    /// Those that a CA of a bundle issued, and that no list beside the bundle revokes.
    Issued {
        /// The bundle, with or without lists.
        by: SecretKey,
        /// For which certificates of the client's chain there must be a list, if there are lists.
        revocation: Revocation,
    },
    /// Any, whoever issued it. A client must still have its key.
    Any {
        /// A bundle whose CAs clients are told, so that they can choose.
        suggested: Option<SecretKey>,
    },
}

impl Trust {
    /// The bundle, if there is one.
    #[must_use]
    pub const fn bundle(&self) -> Option<&SecretKey> {
        match self {
            Self::Issued { by, .. } => Some(by),
            Self::Any { suggested } => suggested.as_ref(),
        }
    }
}

/// Which certificates of a client's chain are looked up in revocation lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Revocation {
    /// All: every CA of the chain needs a list.
    Chain,
    /// The client's own.
    Leaf,
}

/// A detail of a client's certificate that backends can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClientDetail {
    /// Its subject.
    Subject,
    /// The certificate.
    Certificate,
    /// The certificate with those that were shown beside it.
    Chain,
    /// Its DNS names.
    Dns,
    /// Its URI name.
    Uri,
}
