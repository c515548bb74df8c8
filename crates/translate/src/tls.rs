//! Secrets that objects name for TLS: certificates, CAs, revocation lists.

use api::http_proxy::service::UpstreamValidation as ValidationSpec;
use model::{Authorities, SecretKey, Settings, SubjectName, TlsVersion, UpstreamValidation};
use store::{Reader, SecretFact, SecretType};

/// Why a Secret cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Its namespace does not let ours use it.
    NotDelegated,
    /// It is missing, or not fit; the words of the reference (3.4).
    Invalid(String),
}

/// A reference to a Secret: `name`, or `namespace/name`.
pub(crate) fn split<'a>(reference: &'a str, own_namespace: &'a str) -> (&'a str, &'a str) {
    reference.split_once('/').unwrap_or((own_namespace, reference))
}

/// The TLS Secret of a reference, checked.
pub(crate) fn pair(
    reader: &Reader<'_>,
    own_namespace: &str,
    reference: (&str, &str),
) -> Result<SecretKey, Unusable> {
    let secret = secret(reader, own_namespace, reference)?;
    secret.pair().map_err(|invalid| Unusable::Invalid(invalid.to_string()))?;
    Ok(SecretKey::pair(reference.0, reference.1))
}

/// The Secret of a reference.
///
/// Delegation is looked at first: whether a Secret of another namespace exists is nobody else's business.
pub(crate) fn secret<'s>(
    reader: &Reader<'s>,
    own_namespace: &str,
    (namespace, name): (&str, &str),
) -> Result<&'s SecretFact, Unusable> {
    if !reader.delegates(namespace, name, own_namespace) {
        return Err(Unusable::NotDelegated);
    }
    let secret =
        reader.secret(namespace, name).ok_or_else(|| Unusable::Invalid("Secret not found".into()))?;
    if secret.kind == SecretType::Other {
        return Err(Unusable::Invalid("Secret type is not \"kubernetes.io/tls\" or \"Opaque\"".into()));
    }
    Ok(secret)
}

/// The bundle of CAs of a reference, checked.
pub(crate) fn ca(
    reader: &Reader<'_>,
    own_namespace: &str,
    reference: (&str, &str),
) -> Result<SecretKey, Unusable> {
    let secret = secret(reader, own_namespace, reference)?;
    secret.bundle().map_err(|invalid| Unusable::Invalid(invalid.to_string()))?;
    Ok(SecretKey::ca(reference.0, reference.1, None))
}

/// Why a backend cannot prove who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unproven {
    /// The namespace of the CA does not let ours use it.
    NotDelegated,
    /// The CA is missing, or not fit; the words of the reference (3.4).
    Authority(String),
    /// A name in this field cannot be one.
    Name(&'static str, String),
}

/// How a backend proves who it is.
pub(crate) fn validation(
    reader: &Reader<'_>,
    own_namespace: &str,
    spec: &ValidationSpec,
) -> Result<UpstreamValidation, Unproven> {
    let ca = ca(reader, own_namespace, split(&spec.ca_secret, own_namespace));
    let ca = ca.map_err(|unusable| match unusable {
        Unusable::NotDelegated => Unproven::NotDelegated,
        Unusable::Invalid(why) => Unproven::Authority(why),
    })?;
    let mut subject_names = Vec::new();
    for (field, name) in subject_names_of(spec) {
        let name = rules::Host::parse(name).map_err(|why| Unproven::Name(field, why.to_string()))?;
        subject_names.push(SubjectName::Dns(name.as_str().into()));
    }
    subject_names.sort_unstable();
    subject_names.dedup();
    Ok(UpstreamValidation { authorities: Authorities::Bundle(ca), subject_names })
}

/// The names that the server may have; the list begins with the one that stands alone.
fn subject_names_of(spec: &ValidationSpec) -> impl Iterator<Item = (&'static str, &String)> {
    let one = ("subjectName", &spec.subject_name);
    let more = spec.subject_names.iter().filter(|name| **name != spec.subject_name);
    [one].into_iter().chain(more.map(|name| ("subjectNames", name)))
}

/// The versions that a host offers: what it asks for within what the operator allows. There may be none
/// (minimum above maximum); the caller reports that.
pub(crate) fn versions(
    settings: &Settings,
    minimum: Option<TlsVersion>,
    maximum: Option<TlsVersion>,
) -> (TlsVersion, TlsVersion) {
    let minimum = minimum.map_or(settings.tls_minimum, |minimum| minimum.max(settings.tls_minimum));
    let maximum = maximum.map_or(settings.tls_maximum, |maximum| maximum.min(settings.tls_maximum));
    (minimum, maximum)
}

/// A TLS version as users write it.
pub(crate) fn version(word: &str) -> Option<TlsVersion> {
    match word {
        "1.2" => Some(TlsVersion::V1_2),
        "1.3" => Some(TlsVersion::V1_3),
        _ => None,
    }
}
