//! Where Envoy listens.

use api::contour_configuration::{Endpoint, EnvoyListener, Metrics};
use model::{Bind, Settings};

use crate::fault::Faults;
use crate::key::{Form, Key, Standing, key};
use crate::written::Written;

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
        .standing(Standing::Closes)
        .means("The certificate with which statistics are served by TLS."),
    key("spec.envoy.metrics.tls.keyFile", Form::Text)
        .file("metrics.envoy.server-key-path")
        .standing(Standing::Closes)
        .means("The key of that certificate."),
    key("spec.envoy.metrics.tls.caFile", Form::Text)
        .file("metrics.envoy.ca-certificate-path")
        .standing(Standing::Closes)
        .means("The CA of the certificates of those who may ask for statistics."),
    key("spec.envoy.health.address", Form::Text)
        .default("0.0.0.0")
        .standing(Standing::Missing)
        .means("Where readiness is served."),
    key("spec.envoy.health.port", Form::Number)
        .default("8002")
        .standing(Standing::Missing)
        .means("The port for readiness."),
    key("spec.envoy.omEnforcedHealth.address", Form::Text)
        .file("omEnforcedHealthListener.address")
        .standing(Standing::Missing)
        .means("Where readiness is served by a listener that Envoy closes when it is overloaded."),
    key("spec.envoy.omEnforcedHealth.port", Form::Number)
        .file("omEnforcedHealthListener.port")
        .standing(Standing::Missing)
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
    if let Some(metrics) = envoy.metrics.as_deref() {
        settings.stats = faults.bind("spec.envoy.metrics", &endpoint_of_metrics(metrics), settings.stats);
    }
}

fn endpoint_of_listener(listener: &EnvoyListener) -> Endpoint {
    Endpoint { address: listener.address.clone(), port: listener.port }
}

pub(super) fn endpoint_of_metrics(metrics: &Metrics) -> Endpoint {
    Endpoint { address: metrics.address.clone(), port: metrics.port }
}
