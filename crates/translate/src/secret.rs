//! What Envoy is sent of a Secret.

use model::{SecretContent, SecretKey, SecretUse};
use store::Reader;

/// What Envoy is sent of a Secret; `None` when it is missing or not fit for the use (nobody refers to it
/// then: roots check what they name).
#[must_use]
pub fn secret(reader: &Reader<'_>, key: &SecretKey) -> Option<SecretContent> {
    let fact = reader.secret(&key.namespace, &key.name)?;
    match key.usage {
        SecretUse::Pair => {
            let pair = fact.pair().ok()?;
            Some(SecretContent::Pair { chain: (**pair.chain()).into(), key: (**pair.key()).into() })
        }
        SecretUse::Ca => Some(SecretContent::Ca { bundle: (**fact.bundle().ok()?.pem()).into() }),
    }
}
