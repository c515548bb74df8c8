//! That a request asks for the host that its connection was opened for, where many hosts share a chain.
//!
//! The chain of one host needs no script: its route configuration answers 421 to other hosts. A wildcard's
//! chain takes connections for any name below it, so that names must be compared.

use envoy_protos::google::protobuf::Any;
use model::Host;

use super::script::script;
use crate::listener::ConnectionManager;

/// A constant: no value of a user is ever part of it. Envoy gives the SNI in lower case; a client without
/// SNI reaches the catch-all chain only, which is meant for it.
const SCRIPT: &str = r#"function envoy_on_request(handle)
  local sni = handle:streamInfo():requestedServerName()
  if sni == nil or sni == "" then return end
  local authority = string.lower(handle:headers():get(":authority") or "")
  local host = string.gsub(authority, ":%d*$", "")
  host = string.gsub(host, "%.$", "")
  if host ~= sni then
    handle:respond({[":status"] = "421"}, "")
  end
end
"#;

pub(super) fn config(manager: &ConnectionManager<'_>) -> Option<Any> {
    manager.only_host().is_some_and(|host| covers_many(&host.host)).then(|| script(SCRIPT))
}

fn covers_many(host: &Host) -> bool {
    host.is_any() || host.wildcard_parent().is_some()
}
