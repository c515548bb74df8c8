//! `Gateway`: listeners, and the addresses where they are reached.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::Check;
use super::check::Seen;
use super::listener::{Listener, check_listeners};
use super::references::{LocalObjectReference, ObjectReference, SecretObjectReference};
use super::status::{Condition, ListenerStatus};
use crate::Choice;
use crate::choice::choices;
use crate::meta::{LabelSelector, ObjectMeta};
use crate::schema::{self, forms, kubernetes};
use crate::validate::{At, Findings};

/// One Gateway.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct Gateway {
    /// Name, namespace, creation time.
    #[schemars(schema_with = "schema::metadata")]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: GatewaySpec,
    /// What the controller says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<GatewayStatus>>,
}

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GatewaySpec {
    /// Required; the GatewayClass.
    #[schemars(length(min = 1, max = 253))]
    pub gateway_class_name: String,
    /// Required; 1 to 64.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub listeners: Vec<Listener>,
    /// At most 16; those that are wanted. Default: one of the implementation's choice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub addresses: Vec<GatewaySpecAddress>,
    /// What is made for this Gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infrastructure: Option<Box<GatewayInfrastructure>>,
    /// Whose ListenerSets add listeners. Default: nobody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_listeners: Option<Box<AllowedListeners>>,
    /// Certificates of clients, and towards backends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<GatewayTls>>,
    /// Which routes without a parent come here (experimental). Default `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_scope: Option<Choice<GatewayDefaultScope>>,
}

choices! {
    /// Which routes without a parent a Gateway takes.
    GatewayDefaultScope {
        /// All that ask for default Gateways.
        All = "All",
        /// No route.
        None = "None",
    }
}

choices! {
    /// What an address is.
    AddressType {
        /// IPv4 or IPv6.
        IpAddress = "IPAddress",
        /// A DNS name.
        Hostname = "Hostname",
        /// A name that the implementation knows.
        NamedAddress = "NamedAddress",
    }
}

/// An address that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GatewaySpecAddress {
    /// Default `IPAddress`; what is not known may be a type with a domain, such as `example.com/zone`.
    #[schemars(with = "String", length(min = 1, max = 253), regex(pattern = forms::ADDRESS_TYPE), extend("default" = "IPAddress"))]
    pub r#type: Choice<AddressType>,
    /// Default: any of that type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub value: Option<String>,
}

impl Default for GatewaySpecAddress {
    fn default() -> Self {
        Self { r#type: AddressType::IpAddress.into(), value: None }
    }
}

/// An address where the Gateway is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GatewayStatusAddress {
    /// Default `IPAddress`.
    #[schemars(with = "String", length(min = 1, max = 253), regex(pattern = forms::ADDRESS_TYPE), extend("default" = "IPAddress"))]
    pub r#type: Choice<AddressType>,
    /// Required.
    #[schemars(length(min = 1, max = 253))]
    pub value: String,
}

impl Default for GatewayStatusAddress {
    fn default() -> Self {
        Self { r#type: AddressType::IpAddress.into(), value: String::new() }
    }
}

/// What is made for a Gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GatewayInfrastructure {
    /// At most 8; on everything that is made.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels")]
    pub labels: BTreeMap<String, String>,
    /// At most 16; on everything that is made.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "super::listener::options")]
    pub annotations: BTreeMap<String, String>,
    /// Comes together with that of the class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters_ref: Option<LocalObjectReference>,
}

fn labels(_: &mut SchemaGenerator) -> Schema {
    let mut schema = kubernetes::texts(8, 63);
    if let Some(serde_json::Value::Object(values)) = schema.get_mut("additionalProperties") {
        values.insert("pattern".to_owned(), forms::LABEL_VALUE.into());
    }
    schema
}

/// Whose ListenerSets add listeners.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct AllowedListeners {
    /// Default: nobody's.
    #[schemars(extend("default" = {}))]
    pub namespaces: ListenerNamespaces,
}

choices! {
    /// Namespaces whose ListenerSets add listeners.
    FromListenerNamespaces {
        /// Every one.
        All = "All",
        /// Those with the labels of the selector.
        Selector = "Selector",
        /// That of the Gateway.
        Same = "Same",
        /// No namespace.
        None = "None",
    }
}

/// Namespaces whose ListenerSets add listeners.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct ListenerNamespaces {
    /// Default `None`.
    #[schemars(extend("default" = "None"))]
    pub from: Choice<FromListenerNamespaces>,
    /// Only used with `Selector`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "kubernetes::selector")]
    pub selector: Option<LabelSelector>,
}

impl Default for ListenerNamespaces {
    fn default() -> Self {
        Self { from: FromListenerNamespaces::None.into(), selector: None }
    }
}

/// Certificates of clients, and towards backends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GatewayTls {
    /// Towards backends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<GatewayBackendTls>,
    /// Of clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontend: Option<FrontendTls>,
}

/// TLS towards backends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GatewayBackendTls {
    /// The certificate that this Gateway shows to backends. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_ref: Option<SecretObjectReference>,
}

/// TLS of clients, by port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct FrontendTls {
    /// Required; for ports that are not in `perPort`.
    pub default: FrontendTlsConfig,
    /// At most 64; one for each port.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-map-keys" = ["port"]))]
    pub per_port: Vec<PortTls>,
}

/// TLS of clients at one port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct PortTls {
    /// Required; 1 to 65535.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i64,
    /// Required; comes instead of the default.
    pub tls: FrontendTlsConfig,
}

/// TLS of clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct FrontendTlsConfig {
    /// Asks clients for a certificate. Default: does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<FrontendTlsValidation>,
}

choices! {
    /// Which clients are let in.
    FrontendValidationMode {
        /// Those with a valid certificate.
        AllowValidOnly = "AllowValidOnly",
        /// Every one, whatever it shows.
        AllowInsecureFallback = "AllowInsecureFallback",
    }
}

/// How certificates of clients are checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct FrontendTlsValidation {
    /// Required; 1 to 16 ConfigMaps, or what the implementation takes, with `ca.crt`.
    #[schemars(length(min = 1, max = 16))]
    pub ca_certificate_refs: Vec<ObjectReference>,
    /// Default `AllowValidOnly`.
    #[schemars(extend("default" = "AllowValidOnly"))]
    pub mode: Choice<FrontendValidationMode>,
}

impl Default for FrontendTlsValidation {
    fn default() -> Self {
        Self { ca_certificate_refs: Vec::new(), mode: FrontendValidationMode::AllowValidOnly.into() }
    }
}

/// What the controller says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(!default)]
pub struct GatewayStatus {
    /// At most 16; where it is reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub addresses: Vec<GatewayStatusAddress>,
    /// At most 8: `Accepted`, `Programmed`, `ResolvedRefs`, `InsecureFrontendValidationMode`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// At most 64; those of the Gateway itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-map-keys" = ["name"]))]
    pub listeners: Vec<ListenerStatus>,
    /// How many ListenerSets add listeners.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attached_listener_sets: Option<i64>,
}

impl Check for Gateway {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let (at, spec) = (at.field("spec"), &self.spec);
        check_listeners(&spec.listeners, &at.field("listeners"), out);
        check_addresses(&spec.addresses, &at.field("addresses"), out);
        spec.infrastructure.check(&at.field("infrastructure"), out);
    }
}

/// Each address for itself, and none twice.
fn check_addresses(addresses: &[GatewaySpecAddress], at: &At<'_>, out: &mut Findings) {
    addresses.check(at, out);
    let mut seen = Seen::new();
    for (index, address) in addresses.iter().enumerate() {
        let is_compared =
            matches!(address.r#type.known(), Some(AddressType::IpAddress | AddressType::Hostname));
        let Some(value) = address.value.as_ref().filter(|_| is_compared) else { continue };
        if let Some(first) = seen.earlier((&address.r#type, value), index) {
            out.add(&At::Index(at, index), format!("is the same as addresses[{first}]"));
        }
    }
}

impl Check for GatewaySpecAddress {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        let Some(value) = &self.value else { return };
        let expected = match self.r#type.known() {
            Some(AddressType::IpAddress) if value.parse::<std::net::IpAddr>().is_err() => "an IP address",
            Some(AddressType::Hostname) if forms::refusal(forms::FQDN, value).is_some() => {
                "a lower-case DNS name, one leading \"*.\" allowed"
            }
            _ => return,
        };
        out.add(&at.field("value"), format!("found {value:?}, expected {expected}"));
    }
}

impl Check for GatewayInfrastructure {
    fn check(&self, at: &At<'_>, out: &mut Findings) {
        for (field, keys) in [("labels", self.labels.keys()), ("annotations", self.annotations.keys())] {
            for key in keys.filter(|key| !forms::is_label_key(key)) {
                out.add(&at.field(field).field(key), "is no key: expected up to 63 letters, digits, \"-\", \"_\" and \".\", behind a DNS name and \"/\" or without");
            }
        }
    }
}
