//! What Envoy is sent of a Secret.

use std::sync::Arc;

use model::{CaSource, SecretContent, SecretKey, SecretUse};
use store::{Reader, SecretFact};

/// What Envoy is sent of a Secret; `None` when it is missing or not fit for the use (nobody refers to it
/// then: roots check what they name).
#[must_use]
pub fn secret(reader: &Reader<'_>, key: &SecretKey) -> Option<SecretContent> {
    let fact = || reader.secret(&key.namespace, &key.name);
    match &key.usage {
        SecretUse::Pair | SecretUse::ClientPair => {
            let pair = fact()?.pair().ok()?;
            Some(SecretContent::Pair { chain: (**pair.chain()).into(), key: (**pair.key()).into() })
        }
        SecretUse::Ca => Some(SecretContent::Ca { bundle: bundle(fact()?)?, crl: None }),
        SecretUse::CaWithCrl(crl) => {
            let lists = reader.secret(&crl.namespace, &crl.name)?.lists().ok()?;
            // Without its lists a bundle would trust what they revoke.
            Some(SecretContent::Ca { bundle: bundle(fact()?)?, crl: Some((**lists.pem()).into()) })
        }
        SecretUse::Cas(sources) => Some(SecretContent::Ca { bundle: together(reader, sources)?, crl: None }),
    }
}

fn bundle(fact: &SecretFact) -> Option<Arc<[u8]>> {
    Some((**fact.bundle().ok()?.pem()).into())
}

/// All bundles, one after the other.
fn together(reader: &Reader<'_>, sources: &[CaSource]) -> Option<Arc<[u8]>> {
    let bundle = |source: &CaSource| match source {
        CaSource::Secret(name) => bundle(reader.secret(&name.namespace, &name.name)?),
        CaSource::ConfigMap(name) => {
            let map = reader.config_map(&name.namespace, &name.name)?;
            Some((**map.bundle().ok()?.pem()).into())
        }
    };
    let bundles = sources.iter().map(bundle).collect::<Option<Vec<_>>>()?;
    Some(bundles.concat().into())
}
