//! The process that serves a cluster.

use crate::key::{Form, Key, Standing, key};

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
        .variable("CONTOUR_CAFILE")
        .cluster()
        .means("The CA of the certificates of Envoys."),
    key("spec.xdsServer.tls.certFile", Form::Text)
        .flag("contour-cert-file")
        .variable("CONTOUR_CERT_FILE")
        .cluster()
        .means("The certificate with which xDS is served."),
    key("spec.xdsServer.tls.keyFile", Form::Text)
        .flag("contour-key-file")
        .variable("CONTOUR_KEY_FILE")
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
    key("own.server", Form::Structure)
        .file("server")
        .standing(Standing::Ignored)
        .means("What Contour had here is gone."),
    key("spec.featureFlags", Form::Texts)
        .file("featureFlags")
        .standing(Standing::Ignored)
        .means("No feature is known by such a name."),
];
