//! What is called after a listener, where a fleet may have several of a kind.
//!
//! An ingress has one of each, and Contour's or short names; those of a Gateway have the name of their listener in
//! them. Hosts and listeners hold no slash.

use std::sync::Arc;

use model::{Host, ListenerId};

use super::scope::Guard;

/// The name of the table for hosts that only redirect to HTTPS.
const REDIRECT: &str = "https-redirect";

/// The word that the keys of a plaintext listener's scopes begin with.
pub(super) fn plain_word(listener: &ListenerId) -> &str {
    if is_of_ingress(listener) { "http" } else { listener.as_str() }
}

/// The table for hosts of a plaintext listener that only redirect to HTTPS.
pub(super) fn redirect_table(listener: &ListenerId) -> String {
    if is_of_ingress(listener) { REDIRECT.to_owned() } else { format!("{listener}/{REDIRECT}") }
}

/// The table of a section of a TLS listener, by what the section's chain looks at.
pub(super) fn section_table(listener: &ListenerId, section: &Host, guard: Guard) -> Arc<str> {
    [listener.as_str(), "/", section.as_str(), guard.suffix()].concat().into()
}

/// The section of a table of a TLS listener.
pub(super) fn section(listener: &ListenerId, table: &str) -> Option<Host> {
    let (section, _) = Guard::told_by(table.strip_prefix(listener.as_str())?.strip_prefix('/')?)?;
    Some(section)
}

fn is_of_ingress(listener: &ListenerId) -> bool {
    listener.fleet().is_ingress()
}
