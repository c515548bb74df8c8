//! Certificates with their keys that the Gateway API refers to.

use api::gateway_api::references::SecretObjectReference;
use model::{ObjectId, SecretName};
use store::Reader;

use super::grants::{Referent, may_refer};
use super::statement::Failure;
use crate::text::quoted;

/// The Secret of a reference, which has a certificate and its key; `invalid` is the reason for one that has not.
pub(super) fn pair(
    reader: &Reader<'_>,
    from: &ObjectId,
    reference: &SecretObjectReference,
    invalid: &'static str,
) -> Result<SecretName, Failure> {
    let SecretObjectReference { group, kind, name, namespace } = reference;
    if !group.is_empty() || kind != "Secret" {
        let message = format!("{} is no Secret", quoted(&format!("{group}/{kind}")));
        return Err(Failure::new(invalid, message));
    }
    let namespace = namespace.as_deref().unwrap_or(&from.namespace);
    if !may_refer(reader, from, Referent { group: "", kind: "Secret", namespace, name }) {
        let message = format!("no ReferenceGrant of namespace {namespace} lets this use Secret {name}");
        return Err(Failure::new("RefNotPermitted", message));
    }
    let unusable = |why: String| Failure::new(invalid, format!("Secret {namespace}/{name}: {why}"));
    let secret = reader.secret(namespace, name).ok_or_else(|| unusable("not found".into()))?;
    secret.pair().map_err(|why| unusable(why.to_string()))?;
    Ok(SecretName::new(namespace, name.as_str()))
}
