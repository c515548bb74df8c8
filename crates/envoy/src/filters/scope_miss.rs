//! Requests whose scope was not found: the host is written otherwise, or stands in the shared table.
//!
//! Every scoped table of one host switches these filters off, so that they run for misses only; without a
//! table there is nothing that could switch them off. They stand first: filters behind them see the route that
//! is found in the end. But Envoy decides before, without a route, which filters are part of the request: none
//! may be switched on or off by a route, or a client could choose by the case of a host that it is not there.
//!
//! Envoy remembers a route for each instance of a script, so that each look takes an instance of its own. They
//! tell whether there is a route by its name: every route of a scoped table has one.

use envoy_protos::google::protobuf::Any;

use super::script::script;
use crate::listener::{ConnectionManager, Routes, ScopeKey};

/// The names under which scoped tables switch these filters off.
pub(crate) const NAMES: [&str; 2] = [FIRST, AGAIN];
pub(super) const FIRST: &str = "isobath.scope";
pub(super) const AGAIN: &str = "isobath.scope_again";
/// A check of requests that would change the protocol.
pub(super) const UPGRADE: &str = "isobath.upgrade";
/// The name of routes that let requests upgrade to a WebSocket; a `#` and a number may follow.
pub(crate) const WEBSOCKET_ROUTE: &str = "websocket";
/// The name of the route that takes what no other takes.
pub(crate) const NOT_FOUND_ROUTE: &str = "not-found";

/// The host as tables are keyed by it, else the shared table. A CONNECT is left alone: no route takes it, and
/// one for a host of its own must not be looked up elsewhere.
const BY_AUTHORITY: &str = r#"function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:get(":method") == "CONNECT" then return end
  if handle:streamInfo():routeName() ~= "" then return end
  local key = headers:get("x-isobath-scope") or "http/"
  local class, host = string.match(key, "^([^/]+)/(.*)$")
  host = string.lower(host)
  host = string.gsub(host, ":%d*$", "")
  host = string.gsub(host, "%.$", "")
  if class .. "/" .. host == string.match(key, "^[^:]*") then host = "*" end
  headers:replace("x-isobath-scope", class .. "/" .. host)
  handle:clearRouteCache()
end
"#;

/// The shared table, if the first look was for another spelling and found nothing.
const SHARED: &str = r#"function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:get(":method") == "CONNECT" then return end
  local class, host = string.match(headers:get("x-isobath-scope") or "http/*", "^([^/]+)/(.*)$")
  if host == "*" then return end
  handle:metadata()
  if handle:streamInfo():routeName() ~= "" then return end
  headers:replace("x-isobath-scope", class .. "/*")
  handle:clearRouteCache()
end
"#;

/// The shared table, if the request asks for the host that its connection was opened for. Envoy gives that in
/// lower case.
const BY_SERVER_NAME: &str = r#"function envoy_on_request(handle)
  local headers = handle:headers()
  if handle:streamInfo():routeName() ~= "" then return end
  local class, name = string.match(headers:get("x-isobath-scope") or "https/", "^(%l+)/(.*)$")
  local host = string.lower(headers:get(":authority") or "")
  host = string.gsub(host, ":%d*$", "")
  host = string.gsub(host, "%.$", "")
  if host ~= name then
    handle:respond({[":status"] = "421"}, "")
    return
  end
  headers:replace("x-isobath-scope", class .. "/*")
  handle:clearRouteCache()
end
"#;

/// Envoy asks for leave to upgrade before a filter has run, so that where a scope may be missed all upgrades
/// have leave, and those that their route does not let through are stopped here, with Envoy's own answer. What has
/// no route is not found, with or without an upgrade.
const UPGRADES: &str = r#"function envoy_on_request(handle)
  handle:metadata()
  local name = handle:streamInfo():routeName()
  if string.match(name, "^[^#]*") ~= "websocket" and name ~= "not-found" and name ~= "" then
    handle:respond({[":status"] = "403"}, "")
  end
end
"#;

/// The first look after a miss.
pub(super) fn first(manager: &ConnectionManager<'_>) -> Option<Any> {
    match manager.routes {
        Routes::Scope(ScopeKey::Authority(_)) => Some(script(BY_AUTHORITY)),
        Routes::Scope(ScopeKey::ServerName(_)) => Some(script(BY_SERVER_NAME)),
        Routes::Scope(ScopeKey::Fixed(_)) | Routes::Table(_) => None,
    }
}

/// The second look.
pub(super) fn again(manager: &ConnectionManager<'_>) -> Option<Any> {
    matches!(manager.routes, Routes::Scope(ScopeKey::Authority(_))).then(|| script(SHARED))
}

/// The check of upgrades.
pub(super) fn upgrade(_manager: &ConnectionManager<'_>) -> Option<Any> {
    Some(script(UPGRADES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::SCOPE_HEADER;

    #[test]
    fn scripts_name_the_header_and_the_route_that_others_write() {
        for text in [BY_AUTHORITY, SHARED, BY_SERVER_NAME] {
            assert!(text.contains(&format!("\"{SCOPE_HEADER}\"")), "{text}");
        }
        for name in [WEBSOCKET_ROUTE, NOT_FOUND_ROUTE] {
            assert!(UPGRADES.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
