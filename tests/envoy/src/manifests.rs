//! Manifests that many tests need; each function gives YAML.

use std::fmt::Write;

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// A Service with port 80, and its EndpointSlice with these ports of the loopback address.
pub fn service(namespace: &str, name: &str, ports: &[u16]) -> String {
    format!(
        "apiVersion: v1\n\
         kind: Service\n\
         metadata: {{name: {name}, namespace: {namespace}}}\n\
         spec:\n  ports: [{{name: http, port: 80}}]\n\
         ---\n{}",
        endpoints(namespace, name, ports)
    )
}

/// The EndpointSlices of a Service, one for each port, for each has one port for all its addresses.
pub fn endpoints(namespace: &str, name: &str, ports: &[u16]) -> String {
    let mut yaml = String::new();
    for (number, port) in ports.iter().enumerate() {
        let _ = write!(
            yaml,
            "apiVersion: discovery.k8s.io/v1\n\
             kind: EndpointSlice\n\
             metadata: {{name: {name}-{number}, namespace: {namespace}, \
             labels: {{kubernetes.io/service-name: {name}}}}}\n\
             addressType: IPv4\n\
             ports: [{{name: http, port: {port}}}]\n\
             endpoints: [{{addresses: [127.0.0.1]}}]\n---\n"
        );
    }
    yaml
}

/// An HTTPProxy in the namespace `default`; `spec` is YAML that is indented here.
pub fn http_proxy(name: &str, spec: &str) -> String {
    let head = "apiVersion: projectcontour.io/v1\nkind: HTTPProxy";
    format!("{head}\nmetadata: {{name: {name}, namespace: default}}\nspec:\n{}", indented(spec))
}

/// An Ingress in the namespace `default`; `spec` is YAML that is indented here.
pub fn ingress(name: &str, spec: &str) -> String {
    let head = "apiVersion: networking.k8s.io/v1\nkind: Ingress";
    format!("{head}\nmetadata: {{name: {name}, namespace: default}}\nspec:\n{}", indented(spec))
}

/// The same with annotations, a YAML map without its braces.
pub fn annotated_ingress(name: &str, annotations: &str, spec: &str) -> String {
    let metadata = format!("namespace: default, annotations: {{{annotations}}}");
    ingress(name, spec).replacen("namespace: default", &metadata, 1)
}

/// An IngressRoute in the namespace `default`; `spec` is YAML that is indented here.
pub fn ingress_route(name: &str, spec: &str) -> String {
    let head = "apiVersion: contour.heptio.com/v1beta1\nkind: IngressRoute";
    format!("{head}\nmetadata: {{name: {name}, namespace: default}}\nspec:\n{}", indented(spec))
}

/// An HTTPProxy that sends everything of a host to a Service.
pub fn simple_proxy(name: &str, host: &str, service: &str) -> String {
    let routes = format!("routes: [{{services: [{{name: {service}, port: 80}}]}}]");
    http_proxy(name, &format!("virtualhost: {{fqdn: {host}}}\n{routes}\n"))
}

/// An HTTPProxy that sends everything of a TLS host to a Service; `tls` is the fields of `tls` in braces.
pub fn tls_proxy(name: &str, host: &str, tls: &str, service: &str) -> String {
    let routes = format!("routes: [{{services: [{{name: {service}, port: 80}}]}}]");
    http_proxy(name, &format!("virtualhost: {{fqdn: {host}, tls: {tls}}}\n{routes}\n"))
}

/// A certificate for a host, signed by itself, and its key; both PEM.
#[derive(Clone, Debug)]
pub struct HostCertificate {
    /// The certificate, which clients can trust as it is.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl HostCertificate {
    /// A new one.
    pub fn new(host: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).expect("a host's name");
        Self { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    /// One with an RSA key.
    pub fn rsa(host: &str) -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key can be made");
        let params = CertificateParams::new([host.to_owned()]).expect("a host's name");
        let certificate = params.self_signed(&key).expect("a certificate can be made").pem();
        Self { certificate, key: key.serialize_pem() }
    }

    /// The certificate as it goes over the wire.
    pub fn der(&self) -> Vec<u8> {
        let parsed = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        parsed.expect("made as PEM").to_vec()
    }

    /// As a Secret in the namespace `default`.
    pub fn secret(&self, name: &str) -> String {
        secret(name, "kubernetes.io/tls", &[("tls.crt", &self.certificate), ("tls.key", &self.key)])
    }
}

/// A Secret in the namespace `default`, of texts that end with a line.
pub fn secret(name: &str, kind: &str, texts: &[(&str, &str)]) -> String {
    let texts = texts.iter().map(|(key, text)| format!("  {key}: |\n{}", indented_by(text, "    ")));
    format!(
        "apiVersion: v1\nkind: Secret\ntype: {kind}\nmetadata: {{name: {name}, namespace: default}}\n\
         stringData:\n{}",
        texts.collect::<String>()
    )
}

fn indented(yaml: &str) -> String {
    indented_by(yaml, "  ")
}

fn indented_by(text: &str, indent: &str) -> String {
    text.lines().map(|line| format!("{indent}{line}\n")).collect()
}
