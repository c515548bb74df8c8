//! Bundles of CAs that the Gateway API refers to: in ConfigMaps, and in Secrets.

use model::{CaSource, ObjectId, SecretKey, SecretName};
use store::Reader;

use super::grants::{Referent, may_refer};
use super::statement::Failure;
use crate::text::quoted;

/// All bundles that can be used as one, and the first reference of which nothing can be: `wrong_kind` is the reason for
/// one to another kind of object. Each reference by group, kind, namespace and name.
pub(super) fn bundle<'a>(
    reader: &Reader<'_>,
    from: &ObjectId,
    references: impl Iterator<Item = (&'a str, &'a str, &'a str, &'a str)>,
    wrong_kind: &'static str,
) -> (Option<SecretKey>, Option<Failure>) {
    let (mut sources, mut unresolved) = (Vec::new(), None);
    for (group, kind, namespace, name) in references {
        match source(reader, from, Referent { group, kind, namespace, name }, wrong_kind) {
            Ok(source) => sources.push(source),
            Err(failure) => drop(unresolved.get_or_insert(failure)),
        }
    }
    (SecretKey::cas(sources), unresolved)
}

fn source(
    reader: &Reader<'_>,
    from: &ObjectId,
    to: Referent<'_>,
    wrong_kind: &'static str,
) -> Result<CaSource, Failure> {
    let Referent { group, kind, namespace, name } = to;
    if !group.is_empty() || !matches!(kind, "ConfigMap" | "Secret") {
        let message = format!("{} is no ConfigMap", quoted(&format!("{group}/{kind}")));
        return Err(Failure::new(wrong_kind, message));
    }
    if !may_refer(reader, from, to) {
        let message = format!("no ReferenceGrant of namespace {namespace} lets this use {kind} {name}");
        return Err(Failure::new("RefNotPermitted", message));
    }
    let invalid =
        |why: String| Failure::new("InvalidCACertificateRef", format!("{kind} {namespace}/{name}: {why}"));
    let not_found = || invalid("not found".into());
    let object = SecretName::new(namespace, name);
    if kind == "Secret" {
        let secret = reader.secret(namespace, name).ok_or_else(not_found)?;
        secret.bundle().map_err(|why| invalid(why.to_string()))?;
        return Ok(CaSource::Secret(object));
    }
    let map = reader.config_map(namespace, name).ok_or_else(not_found)?;
    map.bundle().map_err(|why| invalid(why.to_string()))?;
    Ok(CaSource::ConfigMap(object))
}
