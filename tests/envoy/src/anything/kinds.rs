//! Whole objects of each kind.

use serde_json::{Value, json};

use super::annotations::{OF_INGRESS, OF_SERVICE};
use super::{Anything, schemas};

impl Anything {
    pub(super) fn any_kind(&mut self) -> Vec<Value> {
        match self.dice.below(24) {
            0..12 => self.with_child(Self::http_proxy),
            12..15 => vec![self.ingress()],
            15..18 => self.with_child(Self::ingress_route),
            18..20 => self.service(),
            20 => vec![self.pair(), self.root("pair")],
            21 => vec![self.authority(), self.root("authority")],
            22 => match self.dice.below(3) {
                0 => vec![self.delegation()],
                _ => vec![self.key_set(), self.root("keys")],
            },
            _ => self.extension_service(),
        }
    }

    /// An object, and where it includes a child of its own, that one: of the same kind, without a host.
    fn with_child(&mut self, kind: fn(&mut Self, &str) -> Value) -> Vec<Value> {
        let object = kind(self, "root");
        let mut objects = vec![object];
        if objects[0].to_string().contains(&format!("\"child-{}\"", self.number)) {
            let mut child = kind(self, "child");
            if let Some(spec) = child["spec"].as_object_mut() {
                spec.shift_remove("virtualhost");
            }
            objects.push(child);
        }
        objects
    }

    fn http_proxy(&mut self, name: &str) -> Value {
        let spec = self.value(&schemas::HTTP_PROXY, &["spec"]);
        let mut proxy = self.named("projectcontour.io/v1", "HTTPProxy", name, "spec", spec);
        proxy["metadata"]["annotations"] = self.annotations(&[]);
        proxy
    }

    fn ingress_route(&mut self, name: &str) -> Value {
        let spec = self.value(&schemas::INGRESS_ROUTE, &["IngressRoute", "spec"]);
        let mut route = self.named("contour.heptio.com/v1beta1", "IngressRoute", name, "spec", spec);
        route["metadata"]["annotations"] = self.annotations(&[]);
        route
    }

    fn ingress(&mut self) -> Value {
        let spec = self.value(&schemas::INGRESS, &["spec"]);
        let mut ingress = self.named("networking.k8s.io/v1", "Ingress", "ingress", "spec", spec);
        ingress["metadata"]["annotations"] = self.annotations(&OF_INGRESS);
        ingress
    }

    /// A Service with its endpoints, and a host that it is behind.
    fn service(&mut self) -> Vec<Value> {
        let protocols =
            [json!("https"), json!("kubernetes.io/h2c"), json!("kubernetes.io/ws"), json!("é"), Value::Null];
        let protocol = protocols[self.dice.below(protocols.len())].clone();
        let transport = self.dice.pick(&["TCP", "TCP", "TCP", "TCP", "TCP", "TCP", "TCP", "UDP", "SCTP"]);
        let mut spec =
            json!({"ports": [{"name": "http", "port": 80, "protocol": transport, "appProtocol": protocol}]});
        if self.dice.chance(20) {
            spec["type"] = json!("ExternalName");
            let names = [
                "out.example",
                "127.0.0.1",
                "::1",
                "localhost",
                "a b",
                "",
                "é.example",
                "a..b",
                "127.0.0.1.",
                "x\ny",
            ];
            spec["externalName"] = json!(self.dice.pick(&names));
        }
        let mut service = self.named("v1", "Service", "odd", "spec", spec);
        service["metadata"]["annotations"] = self.annotations(&OF_SERVICE);
        vec![service, self.endpoints(), self.root("odd")]
    }

    fn endpoints(&mut self) -> Value {
        let addresses = [
            "127.0.0.1",
            "127.0.0.2",
            "::1",
            "::1%lo",
            "127.0.0.01",
            "a.example",
            "",
            "127.1",
            "/x/y",
            "0.0.0.0",
        ];
        let ports = [json!(9), json!(0), json!(65_535), json!(70_000), json!(-1), Value::Null];
        let mut list = self.named("discovery.k8s.io/v1", "EndpointSlice", "odd", "endpoints", json!([]));
        list["metadata"]["labels"] = json!({"kubernetes.io/service-name": format!("odd-{}", self.number)});
        list["addressType"] = json!(self.dice.pick(&["IPv4", "IPv4", "IPv6", "FQDN"]));
        list["ports"] = json!([{"name": "http", "port": ports[self.dice.below(ports.len())]}]);
        list["endpoints"] = json!([{"addresses": [self.dice.pick(&addresses), self.dice.pick(&addresses)]}]);
        list
    }

    /// A plain host whose routes go to the Service, or which needs the Secret, of this object.
    fn root(&mut self, what: &str) -> Value {
        let name = format!("{what}-{}", self.number);
        let host = format!("{what}{}.example", self.number);
        let mut spec =
            json!({"virtualhost": {"fqdn": host}, "routes": [{"services": [{"name": "web", "port": 80}]}]});
        match what {
            "pair" => spec["virtualhost"]["tls"] = json!({"secretName": name}),
            "authority" => {
                let clients = json!({"caSecret": name, "crlSecret": name});
                spec["virtualhost"]["tls"] = json!({"secretName": "cert", "clientValidation": clients});
                spec["routes"][0]["services"][0]["protocol"] = json!("tls");
                spec["routes"][0]["services"][0]["validation"] =
                    json!({"caSecret": name, "subjectName": "a.example"});
            }
            "keys" => {
                spec["virtualhost"]["tls"] = json!({"secretName": "cert"});
                spec["virtualhost"]["jwtProviders"] =
                    json!([{"name": "one", "localJWKS": {"secretName": name, "key": "jwks"}}]);
                spec["routes"][0]["jwtVerificationPolicy"] = json!({"require": "one"});
            }
            _ => spec["routes"][0]["services"][0]["name"] = json!(name),
        }
        self.named("projectcontour.io/v1", "HTTPProxy", what, "spec", spec)
    }

    fn delegation(&mut self) -> Value {
        let spec = self.value(&schemas::DELEGATION, &["spec"]);
        self.named("projectcontour.io/v1", "TLSCertificateDelegation", "delegation", "spec", spec)
    }

    pub(super) fn configuration_of_any_content(&mut self) -> Value {
        let spec = self.value(&schemas::CONFIGURATION, &["spec"]);
        self.named("projectcontour.io/v1alpha1", "ContourConfiguration", "configuration", "spec", spec)
    }

    /// A service that a host asks.
    fn extension_service(&mut self) -> Vec<Value> {
        let schema = schemas::spec("ExtensionService");
        let spec = self.value(&schema, &["spec"]);
        let service = self.named("projectcontour.io/v1alpha1", "ExtensionService", "extension", "spec", spec);
        let mut host = self.root("pair");
        host["spec"]["virtualhost"]["tls"] = json!({"secretName": "cert"});
        host["spec"]["virtualhost"]["authorization"] =
            json!({"extensionRef": {"name": service["metadata"]["name"]}});
        vec![service, host]
    }

    pub(super) fn named(&self, version: &str, kind: &str, name: &str, field: &str, content: Value) -> Value {
        let mut object = json!({"apiVersion": version, "kind": kind});
        object["metadata"] = json!({"name": format!("{name}-{}", self.number), "namespace": "default"});
        object[field] = content;
        object
    }
}
