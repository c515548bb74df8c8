//! What the operator does to the headers of every service (reference 3.15). Users' own policies go before it: a
//! header that one of them sets or takes away is theirs, and what routes say is done by Envoy after this.

use model::{HeaderEdits, HeaderTexts, HostRewrite, Settings};
use rules::Invalid;

use crate::text::{self, Place};

/// The host that the operator has services asked for, where neither they nor their routes have one of their own.
pub(crate) fn host(settings: &Settings) -> Option<HostRewrite> {
    settings.default_headers.host.clone().map(HostRewrite::Literal)
}

/// Adds what the operator does to what a service's own policy says.
///
/// # Errors
/// A value that is too long with the names of the service in it, or more headers than Envoy takes.
pub(crate) fn complete(
    mut own: HeaderEdits,
    defaults: &HeaderTexts,
    place: &Place<'_>,
) -> Result<HeaderEdits, Invalid> {
    let is_own = |edits: &HeaderEdits, name: &str| {
        edits.set.iter().any(|(set, _)| **set == *name)
            || edits.remove.iter().any(|removed| **removed == *name)
    };
    let (set, remove) = (&defaults.set, &defaults.remove);
    let set: Vec<_> = set.iter().filter(|(name, _)| !is_own(&own, name)).collect();
    let remove: Vec<_> = remove.iter().filter(|name| !is_own(&own, name)).cloned().collect();
    for (name, value) in set {
        own.set.push((name.clone(), text::header_value(value, place)?));
    }
    own.remove.extend(remove);
    rules::edited_headers(own.set.len())?;
    rules::edited_headers(own.remove.len())?;
    own.set.sort_unstable();
    own.remove.sort_unstable();
    Ok(own)
}
