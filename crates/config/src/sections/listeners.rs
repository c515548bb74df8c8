//! Where Envoy listens.

use std::net::Ipv4Addr;

use api::contour_configuration::{Endpoint, EnvoyListener, Metrics};
use model::{Bind, Settings};

use super::process::{refuse_health_over_tls, server_tls};
use crate::fault::Faults;
use crate::key::{Form, Key, key};
use crate::written::Written;

const STATS: &str = "spec.envoy.metrics";
const HEALTH: &str = "spec.envoy.health";
const STATS_TLS: &str = "spec.envoy.metrics.tls";
const OVERLOAD: &str = "spec.envoy.omEnforcedHealth";

pub(super) const KEYS: &[Key] = &[
    key("spec.envoy.http.address", Form::Text)
        .flag("envoy-service-http-address")
        .not_up()
        .default("0.0.0.0")
        .means("Where plain HTTP is served."),
    key("spec.envoy.http.port", Form::Number)
        .flag("envoy-service-http-port")
        .not_up()
        .default("8080")
        .means("The port for plain HTTP."),
    key("spec.envoy.https.address", Form::Text)
        .flag("envoy-service-https-address")
        .not_up()
        .default("0.0.0.0")
        .means("Where HTTPS is served."),
    key("spec.envoy.https.port", Form::Number)
        .flag("envoy-service-https-port")
        .not_up()
        .default("8443")
        .means("The port for HTTPS."),
    key("spec.envoy.metrics.address", Form::Text)
        .file("metrics.envoy.address")
        .flag_for_two("stats-address", "spec.envoy.health.address")
        .not_up()
        .default("0.0.0.0")
        .means("Where statistics are served; the flag says where readiness is served, too."),
    key("spec.envoy.metrics.port", Form::Number)
        .file("metrics.envoy.port")
        .flag_for_two("stats-port", "spec.envoy.health.port")
        .not_up()
        .default("8002")
        .means("The port for statistics; the flag says that of readiness, too."),
    key("spec.envoy.metrics.tls.certFile", Form::Text)
        .file("metrics.envoy.server-certificate-path")
        .default("none")
        .means("The certificate with which statistics are served by TLS: a file on Envoy's machine, read again when it changes. Readiness needs a port of its own then."),
    key("spec.envoy.metrics.tls.keyFile", Form::Text)
        .file("metrics.envoy.server-key-path")
        .default("none")
        .means("The key of that certificate."),
    key("spec.envoy.metrics.tls.caFile", Form::Text)
        .file("metrics.envoy.ca-certificate-path")
        .default("none")
        .means("The CA of the certificates of those who may ask for statistics."),
    key("spec.envoy.health.address", Form::Text).default("0.0.0.0").means("Where readiness is served."),
    key("spec.envoy.health.port", Form::Number).default("8002").means("The port for readiness."),
    key("spec.envoy.omEnforcedHealth.address", Form::Text)
        .file("omEnforcedHealthListener.address")
        .default("0.0.0.0")
        .means("Where readiness is served by a listener that Envoy closes when it is overloaded."),
    key("spec.envoy.omEnforcedHealth.port", Form::Number)
        .file("omEnforcedHealthListener.port")
        .default("no such listener")
        .means("The port of that listener."),
];

pub(super) fn settings(written: &Written, settings: &mut Settings, faults: &mut Faults) {
    let Some(envoy) = &written.spec.envoy else { return };
    let listener = |path: &str, said: Option<&EnvoyListener>, bind: &mut Bind, faults: &mut Faults| {
        let endpoint = said.map(endpoint_of_listener).unwrap_or_default();
        *bind = faults.bind(path, &endpoint, *bind);
    };
    listener("spec.envoy.http", envoy.http.as_deref(), &mut settings.http, faults);
    listener("spec.envoy.https", envoy.https.as_deref(), &mut settings.https, faults);
    let usual = settings.stats;
    let health = faults.bind(HEALTH, &envoy.health.clone().unwrap_or_default(), usual);
    if let Some(metrics) = envoy.metrics.as_deref() {
        settings.stats = faults.bind(STATS, &endpoint_of_metrics(metrics), usual);
        settings.stats_tls = metrics.tls.as_ref().and_then(|tls| server_tls(STATS_TLS, tls, faults));
    }
    settings.health = (health != settings.stats).then_some(health);
    if settings.stats_tls.is_some() && settings.health.is_none() {
        refuse_health_over_tls("spec.envoy.metrics.tls.certFile", faults);
    }
    settings.overload_health =
        envoy.om_enforced_health.as_ref().and_then(|said| overload(said, usual, faults));
}

fn overload(said: &Endpoint, usual: Bind, faults: &mut Faults) -> Option<Bind> {
    if said.port.is_none() {
        faults.error(OVERLOAD, "has no port");
        return None;
    }
    Some(faults.bind(OVERLOAD, said, Bind { address: usual.address, port: 0 }))
}

/// The kernel would let Envoy open one port twice, and give each connection to either.
pub(super) fn refuse_one_port_for_two(settings: &Settings, faults: &mut Faults) {
    let state =
        settings.admin_port.map(|port| Bind { address: Ipv4Addr::LOCALHOST.into(), port: port.get() });
    let all = [
        ("plain HTTP", "spec.envoy.http.port", Some(settings.http)),
        ("HTTPS", "spec.envoy.https.port", Some(settings.https)),
        ("statistics", "spec.envoy.metrics.port", Some(settings.stats)),
        ("readiness", "spec.envoy.health.port", settings.health),
        ("readiness under overload", "spec.envoy.omEnforcedHealth.port", settings.overload_health),
        ("Envoy's state", "spec.envoy.network.adminPort", state),
    ];
    for (index, (_, path, bind)) in all.iter().enumerate() {
        let Some(bind) = bind else { continue };
        let mut others = all[..index].iter().filter_map(|(what, _, bind)| Some((what, (*bind)?)));
        if let Some((what, _)) = others.find(|(_, other)| meet(bind, other)) {
            faults.error(*path, format!("{} is the port of {what}, too", bind.port));
        }
    }
}

/// Whether two listeners would share a port. All addresses of IPv6 are those of IPv4, too.
fn meet(one: &Bind, other: &Bind) -> bool {
    let everywhere = one.address.is_unspecified() || other.address.is_unspecified();
    one.port == other.port && one.port != 0 && (everywhere || one.address == other.address)
}

fn endpoint_of_listener(listener: &EnvoyListener) -> Endpoint {
    Endpoint { address: listener.address.clone(), port: listener.port }
}

pub(super) fn endpoint_of_metrics(metrics: &Metrics) -> Endpoint {
    Endpoint { address: metrics.address.clone(), port: metrics.port }
}
