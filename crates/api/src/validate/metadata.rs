//! Names and namespaces, by kind.

use serde_json::{Map, Value};

use super::Findings;
use super::at::At;
use crate::schema::forms::{is_dns_name, is_label};
use crate::{Kind, Scope};

pub(super) fn metadata(kind: Kind, fields: &Map<String, Value>, out: &mut Findings) {
    let at = At::Root.field("metadata");
    let text = |name| fields.get("metadata").and_then(|metadata| metadata.get(name)).and_then(Value::as_str);
    let name = match kind {
        Kind::Namespace => LABEL,
        Kind::Service => SERVICE_NAME,
        Kind::EndpointSlice
        | Kind::Secret
        | Kind::Ingress
        | Kind::HttpProxy
        | Kind::TlsCertificateDelegation
        | Kind::ExtensionService
        | Kind::IngressRoute
        | Kind::HeptioCertificateDelegation
        | Kind::ConfigMap
        | Kind::ContourDeployment
        | Kind::GatewayClass
        | Kind::Gateway
        | Kind::ListenerSet
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::TlsRoute
        | Kind::TcpRoute
        | Kind::UdpRoute
        | Kind::ReferenceGrant
        | Kind::BackendTlsPolicy
        | Kind::XBackendTrafficPolicy => OBJECT_NAME,
    };
    name.check(text("name"), &at.field("name"), out);
    if kind.scope() == Scope::Namespaced {
        LABEL.check(text("namespace"), &at.field("namespace"), out);
    }
}

/// What a name must be.
struct Form {
    matches: fn(&str) -> bool,
    /// Completes "expected …".
    expected: &'static str,
}

impl Form {
    fn check(&self, text: Option<&str>, at: &At<'_>, out: &mut Findings) {
        if let Some(text) = text.filter(|text| !(self.matches)(text)) {
            out.add(at, format!("found {text:?}, expected {}", self.expected));
        }
    }
}

/// Name of a namespace.
const LABEL: Form = Form {
    matches: |text| is_label(text) && text.len() <= 63,
    expected: "a name of lower-case letters, digits and \"-\", at most 63",
};

/// Name of a Service: a label that begins with a letter.
const SERVICE_NAME: Form = Form {
    matches: |text| is_label(text) && text.len() <= 63 && text.starts_with(|c: char| c.is_ascii_lowercase()),
    expected: "a name of lower-case letters, digits and \"-\" that begins with a letter, at most 63",
};

/// Name of an object.
const OBJECT_NAME: Form = Form {
    matches: |text| is_dns_name(text) && text.len() <= 253,
    expected: "a name of lower-case letters, digits, \"-\" and \".\", at most 253",
};
