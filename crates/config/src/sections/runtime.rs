//! Envoy's runtime.

use model::Settings;

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const RUNTIME: &str = "spec.envoy.runtimeSettings";

pub(super) const KEYS: &[Key] = &[key(RUNTIME, Form::TextMap)
    .file("runtime-settings")
    .default("none")
    .means("Values for Envoy's runtime, by name; none that other keys decide.")];

/// What other keys decide, and the way to say it there.
const DECIDED: [(&str, &str); 2] = [
    ("http.max_requests_per_io_cycle", "write listener.max-requests-per-io-cycle"),
    ("envoy.resource_limits.listener.", "write listener.max-connections-per-listener"),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(envoy) = written.spec.envoy.as_ref() else { return };
    for (name, text) in &envoy.runtime_settings {
        let path = format!("{RUNTIME}[\"{name}\"]");
        match DECIDED.iter().find(|(decided, _)| name.starts_with(decided)) {
            Some((_, help)) => faults.error_with(path, "is decided by another key", help),
            None if name.is_empty() => faults.error(path, "has no name"),
            None => {
                settings.runtime.insert(name.as_str().into(), text.as_str().into());
            }
        }
    }
}
