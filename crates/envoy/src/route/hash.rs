//! What of requests is hashed, for clusters that choose endpoints by it.

use envoy_protos::envoy::config::route::v3::route_action::HashPolicy;
use envoy_protos::envoy::config::route::v3::route_action::hash_policy::{
    ConnectionProperties, Cookie, Header, PolicySpecifier, QueryParameter,
};
use model::{HashPart, HashSource};

use crate::duration::seconds;

/// The cookie by which clients keep their endpoint; Contour's, so that they keep it through a change of controllers.
const SESSION_COOKIE: &str = "X-Contour-Session-Affinity";

/// A part of the hash.
pub(super) fn policy(part: &HashPart) -> HashPolicy {
    HashPolicy { terminal: part.terminal, policy_specifier: Some(specifier(&part.source)) }
}

fn specifier(source: &HashSource) -> PolicySpecifier {
    match source {
        HashSource::Session => PolicySpecifier::Cookie(session()),
        HashSource::Header(name) => {
            PolicySpecifier::Header(Header { header_name: name.to_string(), ..Default::default() })
        }
        HashSource::Query(name) => PolicySpecifier::QueryParameter(QueryParameter { name: name.to_string() }),
        HashSource::Address => {
            PolicySpecifier::ConnectionProperties(ConnectionProperties { source_ip: true })
        }
    }
}

/// A lifetime of zero, not of none, lets Envoy make the cookie, which then ends with the browser's session.
fn session() -> Cookie {
    Cookie {
        name: SESSION_COOKIE.to_owned(),
        ttl: Some(seconds(0)),
        path: "/".to_owned(),
        ..Default::default()
    }
}
