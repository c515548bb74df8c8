//! `BackendTLSPolicy`: TLS towards backends, and whose certificates they may show.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Check;
use super::check::{Seen, check_union};
use super::references::LocalObjectReference;
use super::status::PolicyStatus;
use crate::Choice;
use crate::choice::choices;
use crate::meta::ObjectMeta;
use crate::schema::{self, forms};
use crate::validate::{At, Findings};

/// One BackendTLSPolicy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct BackendTlsPolicy {
    /// Name, namespace, creation time (of several for one target the oldest wins).
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: BackendTlsPolicySpec,
    /// What controllers say about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<PolicyStatus>>,
}

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct BackendTlsPolicySpec {
    /// Required; 1 to 16 Services of the same namespace, or ports of them.
    #[schemars(length(min = 1, max = 16))]
    pub target_refs: Vec<PolicyTargetReference>,
    /// Required.
    pub validation: BackendTlsPolicyValidation,
    /// At most 16; what they mean is up to the implementation.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "super::listener::options")]
    pub options: BTreeMap<String, String>,
}

/// What a policy is for: an object, or a part of it, in the namespace of the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct PolicyTargetReference {
    /// Required; empty is the core group.
    #[schemars(length(max = 253), regex(pattern = forms::GROUP))]
    pub group: String,
    /// Required.
    #[schemars(length(min = 1, max = 63), regex(pattern = forms::KIND))]
    pub kind: String,
    /// Required.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// For a Service: the name of one of its ports. Comes before a policy for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::DNS_NAME))]
    pub section_name: Option<String>,
}

/// Whose certificates a backend may show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct BackendTlsPolicyValidation {
    /// At most 8 ConfigMaps, or what the implementation takes, with `ca.crt`; instead of `wellKnownCACertificates`.
    #[serde(rename = "caCertificateRefs", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub ca_certificate_refs: Vec<LocalObjectReference>,
    /// `System`, or a name with a domain; instead of `caCertificateRefs`.
    #[serde(rename = "wellKnownCACertificates", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", length(min = 1, max = 253), regex(pattern = forms::WELL_KNOWN_CA))]
    pub well_known_ca_certificates: Option<Choice<WellKnownCaCertificates>>,
    /// Required; the server name, and the name that the certificate must have unless `subjectAltNames` are given.
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::DNS_NAME))]
    pub hostname: String,
    /// At most 5, any of which the certificate must have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub subject_alt_names: Vec<SubjectAltName>,
}

choices! {
    /// Certificates of authorities that everybody has.
    WellKnownCaCertificates {
        /// Those of the system that Envoy runs on.
        System = "System",
    }
}

choices! {
    /// What a name of a certificate is.
    SubjectAltNameType {
        /// A DNS name.
        Hostname = "Hostname",
        /// A URI, such as one of SPIFFE.
        Uri = "URI",
    }
}

/// A name of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct SubjectAltName {
    /// Required.
    pub r#type: Choice<SubjectAltNameType>,
    /// For the type `Hostname`; one leading `*.` allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::FQDN))]
    pub hostname: Option<String>,
    /// For the type `URI`; whole, with a scheme.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = forms::URI))]
    pub uri: Option<String>,
}

impl Check for BackendTlsPolicy {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let at = at.field("spec");
        check_targets(&self.spec.target_refs, &at.field("targetRefs"), out);
        if self.spec.validation != BackendTlsPolicyValidation::default() {
            self.spec.validation.check(&at.field("validation"), out);
        }
    }
}

/// References to one object name different parts of it.
fn check_targets(targets: &[PolicyTargetReference], at: &At<'_>, out: &mut Findings) {
    let (mut objects, mut parts) = (Seen::new(), Seen::new());
    for (index, target) in targets.iter().enumerate() {
        let PolicyTargetReference { group, kind, name, section_name } = target;
        let object = (group, kind, name);
        let same_part = parts.earlier((object, section_name), index);
        let whole_and_part = objects
            .earlier(object, index)
            .filter(|first| targets[*first].section_name.is_some() != section_name.is_some());
        if let Some(first) = same_part.or(whole_and_part) {
            let message =
                format!("names the target of targetRefs[{first}]; each must have a sectionName of its own");
            out.add(&At::Index(at, index), message);
        }
    }
}

impl Check for BackendTlsPolicyValidation {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        match (self.ca_certificate_refs.is_empty(), &self.well_known_ca_certificates) {
            (false, Some(_)) => {
                out.add(at, "caCertificateRefs and wellKnownCACertificates are given; exactly one is needed");
            }
            (true, None) => {
                out.add(
                    at,
                    "none is given of caCertificateRefs, wellKnownCACertificates; exactly one is needed",
                );
            }
            (true, Some(_)) | (false, None) => {}
        }
        self.subject_alt_names.check(&at.field("subjectAltNames"), out);
    }
}

impl Check for SubjectAltName {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        use SubjectAltNameType::{Hostname, Uri};
        let fields = [("hostname", Hostname, self.hostname.is_some()), ("uri", Uri, self.uri.is_some())];
        check_union(("type", &self.r#type), &fields, at, out);
    }
}
