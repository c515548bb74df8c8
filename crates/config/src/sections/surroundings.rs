//! What surrounds Envoy.

use std::num::NonZeroU16;

use model::Settings;

use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const ADMIN: &str = "spec.envoy.network.adminPort";
const HOPS: &str = "spec.envoy.network.numTrustedHops";

pub(super) const KEYS: &[Key] = &[
    key(HOPS, Form::Number)
        .file("network.num-trusted-hops")
        .default("0")
        .means("How many proxies in front of Envoy are trusted in `x-forwarded-for`."),
    key(ADMIN, Form::Number).file("network.admin-port").default("9001").means(
        "The port on 127.0.0.1 where Envoy's state can be read; 0 or below for none. `isobath up` has none.",
    ),
    key("spec.envoy.network.stripTrailingHostDot", Form::Switch)
        .file("network.strip-trailing-host-dot")
        .default("false")
        .means("Takes the dot from the end of a request's host before a backend sees it."),
];

/// Contour's; 0 would be none.
const DEFAULT_ADMIN: Option<NonZeroU16> = NonZeroU16::new(9001);

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let network = written.spec.envoy.as_ref().and_then(|envoy| envoy.network.as_ref());
    settings.admin_port = admin_port(network.and_then(|network| network.admin_port), faults);
    let Some(network) = network else { return };
    settings.trusted_hops = faults.number(HOPS, network.num_trusted_hops, 0..=u32::MAX).unwrap_or_default();
    settings.downstream.strip_trailing_dot = network.strip_trailing_host_dot.unwrap_or_default();
}

fn admin_port(said: Option<i64>, faults: &mut Faults) -> Option<NonZeroU16> {
    match said {
        None => DEFAULT_ADMIN,
        Some(..=0) => None,
        said => {
            let port = faults.number(ADMIN, said, 1..=65535)?;
            u16::try_from(port).ok().and_then(NonZeroU16::new)
        }
    }
}
