//! TLSCertificateDelegations.

use api::TlsCertificateDelegation;

/// What is used of a TLSCertificateDelegation: who may use which Secrets of its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationFact {
    entries: Vec<(Box<str>, Vec<Box<str>>)>,
}

impl From<&TlsCertificateDelegation> for DelegationFact {
    fn from(object: &TlsCertificateDelegation) -> Self {
        let entries = object.spec.delegations.iter().map(|delegation| {
            let targets = delegation.target_namespaces.iter().map(|target| target.as_str().into());
            (delegation.secret_name.as_str().into(), targets.collect())
        });
        Self { entries: entries.collect() }
    }
}

impl DelegationFact {
    /// Whether it lets `namespace` use `secret`. `*` means all, when it stands alone.
    pub(crate) fn permits(&self, secret: &str, namespace: &str) -> bool {
        self.entries.iter().filter(|(name, _)| &**name == secret).any(|(_, targets)| {
            matches!(targets.as_slice(), [all] if &**all == "*")
                || targets.iter().any(|target| &**target == namespace)
        })
    }
}
