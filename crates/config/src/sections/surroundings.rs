//! What surrounds Envoy.

use model::Settings;

use crate::fault::Faults;
use crate::key::{Form, Key, Standing, key};
use crate::written::Written;

const HOPS: &str = "spec.envoy.network.numTrustedHops";

pub(super) const KEYS: &[Key] = &[
    key(HOPS, Form::Number)
        .file("network.num-trusted-hops")
        .default("0")
        .means("How many proxies in front of Envoy are trusted in `x-forwarded-for`."),
    key("spec.envoy.network.adminPort", Form::Number)
        .file("network.admin-port")
        .default("9001")
        .standing(Standing::Missing)
        .means("The port on 127.0.0.1 where Envoy's state can be read; 0 or below for none."),
    key("spec.envoy.network.stripTrailingHostDot", Form::Switch)
        .file("network.strip-trailing-host-dot")
        .default("false")
        .means("Takes the dot from the end of a request's host before a backend sees it."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(network) = written.spec.envoy.as_ref().and_then(|envoy| envoy.network.as_ref()) else { return };
    settings.trusted_hops = faults.number(HOPS, network.num_trusted_hops, 0..=u32::MAX).unwrap_or_default();
    settings.downstream.strip_trailing_dot = network.strip_trailing_host_dot.unwrap_or_default();
}
