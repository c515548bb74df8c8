//! TLSCertificateDelegations.

use api::tls_certificate_delegation::TlsCertificateDelegationSpec;

/// What is used of a TLSCertificateDelegation: who may use which Secrets of its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationFact {
    entries: Vec<(Box<str>, Vec<Box<str>>)>,
}

impl From<&TlsCertificateDelegationSpec> for DelegationFact {
    fn from(spec: &TlsCertificateDelegationSpec) -> Self {
        let entries = spec.delegations.iter().map(|delegation| {
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
