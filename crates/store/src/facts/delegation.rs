//! TLSCertificateDelegations.

use api::tls_certificate_delegation::TlsCertificateDelegationSpec;
use api::{HeptioCertificateDelegation, TlsCertificateDelegation};

/// Stands for all namespaces, when it stands alone.
const ALL: &str = "*";

/// What is used of a TLSCertificateDelegation: who may use which Secrets of its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationFact {
    /// `metadata.generation`.
    pub generation: i64,
    entries: Vec<(Box<str>, Vec<Box<str>>)>,
}

impl From<&TlsCertificateDelegation> for DelegationFact {
    fn from(object: &TlsCertificateDelegation) -> Self {
        Self::new(object.metadata.generation, &object.spec)
    }
}

impl From<&HeptioCertificateDelegation> for DelegationFact {
    fn from(object: &HeptioCertificateDelegation) -> Self {
        Self::new(object.metadata.generation, &object.spec)
    }
}

impl DelegationFact {
    fn new(generation: Option<i64>, spec: &TlsCertificateDelegationSpec) -> Self {
        let entries = spec.delegations.iter().map(|delegation| {
            let targets = delegation.target_namespaces.iter().map(|target| target.as_str().into());
            (delegation.secret_name.as_str().into(), targets.collect())
        });
        Self { generation: generation.unwrap_or_default(), entries: entries.collect() }
    }

    /// The entries in which `*` stands beside others, where it means nothing.
    pub fn with_idle_wildcard(&self) -> impl Iterator<Item = usize> + '_ {
        let is_idle =
            |targets: &[Box<str>]| targets.len() > 1 && targets.iter().any(|target| &**target == ALL);
        let entries = self.entries.iter().enumerate();
        entries.filter(move |(_, (_, targets))| is_idle(targets)).map(|(number, _)| number)
    }

    /// Whether it lets `namespace` use `secret`. `*` means all, when it stands alone.
    pub(crate) fn permits(&self, secret: &str, namespace: &str) -> bool {
        self.entries.iter().filter(|(name, _)| &**name == secret).any(|(_, targets)| {
            matches!(targets.as_slice(), [all] if &**all == ALL)
                || targets.iter().any(|target| &**target == namespace)
        })
    }
}
