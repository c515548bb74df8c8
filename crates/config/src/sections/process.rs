//! The process that serves a cluster.

use std::sync::Arc;

use api::contour_configuration::{Endpoint, TlsFiles, XdsTls};
use model::CertificateFiles;

use super::listeners::endpoint_of_metrics;
use crate::fault::Faults;
use crate::key::{Form, Key, Standing, key};
use crate::serving::{Serving, XdsSecurity};
use crate::written::Written;

pub(super) const KEYS: &[Key] = &[
    key("own.debug", Form::Switch).file("debug").flag("debug").cluster().default("false").means("Logs more."),
    key("spec.xdsServer.address", Form::Text)
        .flag("xds-address")
        .cluster()
        .default("127.0.0.1")
        .means("Where xDS is served."),
    key("spec.xdsServer.port", Form::Number)
        .flag("xds-port")
        .cluster()
        .default("8001")
        .means("The port for xDS."),
    key("spec.xdsServer.tls.caFile", Form::Text)
        .flag("contour-cafile")
        .variables("ISOBATH_CAFILE", "CONTOUR_CAFILE")
        .cluster()
        .means("The CA of the certificates of Envoys."),
    key("spec.xdsServer.tls.certFile", Form::Text)
        .flag("contour-cert-file")
        .variables("ISOBATH_CERT_FILE", "CONTOUR_CERT_FILE")
        .cluster()
        .means("The certificate with which xDS is served."),
    key("spec.xdsServer.tls.keyFile", Form::Text)
        .flag("contour-key-file")
        .variables("ISOBATH_KEY_FILE", "CONTOUR_KEY_FILE")
        .cluster()
        .means("The key of that certificate."),
    key("spec.xdsServer.tls.insecure", Form::Switch)
        .flag("insecure")
        .cluster()
        .default("false")
        .means("Serves xDS without TLS."),
    key("spec.metrics.address", Form::Text)
        .file("metrics.contour.address")
        .flag("http-address")
        .cluster()
        .default("0.0.0.0")
        .means("Where the controller's metrics are served."),
    key("spec.metrics.port", Form::Number)
        .file("metrics.contour.port")
        .flag("http-port")
        .cluster()
        .default("8000")
        .means("The port for the controller's metrics."),
    key("spec.metrics.tls.certFile", Form::Text)
        .file("metrics.contour.server-certificate-path")
        .cluster()
        .default("none")
        .means("The certificate with which the controller's metrics are served by TLS."),
    key("spec.metrics.tls.keyFile", Form::Text)
        .file("metrics.contour.server-key-path")
        .cluster()
        .default("none")
        .means("The key of that certificate."),
    key("spec.metrics.tls.caFile", Form::Text)
        .file("metrics.contour.ca-certificate-path")
        .cluster()
        .default("none")
        .means("The CA of the certificates of those who may ask for the controller's metrics."),
    key("spec.health.address", Form::Text)
        .flag("health-address")
        .cluster()
        .default("0.0.0.0")
        .means("Where the controller says whether it is well."),
    key("spec.health.port", Form::Number)
        .flag("health-port")
        .cluster()
        .default("8000")
        .means("The port for that."),
    key("spec.debug.address", Form::Text)
        .flag("debug-http-address")
        .cluster()
        .default("127.0.0.1")
        .means("Where people who look for faults may look."),
    key("spec.debug.port", Form::Number)
        .flag("debug-http-port")
        .cluster()
        .default("6060")
        .means("The port for that."),
    key("own.server", Form::Structure)
        .file("server")
        .standing(Standing::Ignored)
        .means("What Contour had here is gone."),
    key("spec.featureFlags", Form::Texts)
        .file("featureFlags")
        .standing(Standing::Ignored)
        .means("No feature is known by such a name."),
];

const XDS: &str = "spec.xdsServer";
const XDS_TLS: &str = "spec.xdsServer.tls";
const METRICS: &str = "spec.metrics";
const METRICS_TLS: &str = "spec.metrics.tls";

pub(super) fn serving(written: &Written, serving: &mut Serving, faults: &mut Faults) {
    let Written { spec, own } = written;
    serving.verbose = own.debug.unwrap_or_default();
    let endpoint = |said: &Option<Endpoint>| said.clone().unwrap_or_default();
    serving.debug = faults.bind("spec.debug", &endpoint(&spec.debug), serving.debug);
    serving.health = faults.bind("spec.health", &endpoint(&spec.health), serving.health);
    if let Some(server) = spec.xds_server.as_deref() {
        let said = Endpoint { address: server.address.clone(), port: server.port };
        serving.xds = faults.bind(XDS, &said, serving.xds);
        serving.xds_security = server.tls.as_ref().map_or(XdsSecurity::Unsaid, |tls| security(tls, faults));
    }
    if let Some(metrics) = spec.metrics.as_deref() {
        serving.metrics = faults.bind(METRICS, &endpoint_of_metrics(metrics), serving.metrics);
        serving.metrics_tls = metrics.tls.as_ref().and_then(|tls| server_tls(METRICS_TLS, tls, faults));
    }
    if serving.metrics_tls.is_some() && serving.metrics.port == serving.health.port {
        refuse_health_over_tls(METRICS, faults);
    }
}

fn file(path: &Option<String>) -> Option<Arc<str>> {
    path.as_deref().filter(|path| !path.is_empty()).map(Into::into)
}

fn security(tls: &XdsTls, faults: &mut Faults) -> XdsSecurity {
    match (file(&tls.ca_file), file(&tls.cert_file), file(&tls.key_file), tls.insecure) {
        (Some(ca), Some(certificate), Some(key), _) => XdsSecurity::Mutual { ca, certificate, key },
        (None, None, None, Some(true)) => XdsSecurity::Insecure,
        (None, None, None, _) => XdsSecurity::Unsaid,
        _ => {
            faults.error(XDS_TLS, "needs all of the CA, the certificate and its key, or none");
            XdsSecurity::Unsaid
        }
    }
}

/// Certificates for statistics.
pub(super) fn server_tls(path: &str, tls: &TlsFiles, faults: &mut Faults) -> Option<CertificateFiles> {
    match (file(&tls.cert_file), file(&tls.key_file), file(&tls.ca_file)) {
        (Some(certificate), Some(key), ca) => Some(CertificateFiles { certificate, key, ca }),
        (None, None, None) => None,
        _ => {
            faults.error(path, "needs the certificate and its key; a CA is of use with both only");
            None
        }
    }
}

/// Who asks whether something is well shows no certificate.
pub(super) fn refuse_health_over_tls(path: &str, faults: &mut Faults) {
    faults.error(path, "cannot use single port for health over HTTP and metrics over HTTPS");
}
