//! Whole objects of each kind.

use serde_json::{Map, Value, json};

use super::{Anything, pairs, schemas, words};

/// Annotations that are read of each kind.
const OF_INGRESS: [(&str, &[&str]); 10] = [
    ("kubernetes.io/ingress.allow-http", &["true", "false", "no"]),
    ("ingress.kubernetes.io/force-ssl-redirect", &["true", "false", ""]),
    ("projectcontour.io/num-retries", &words::COUNTS),
    ("projectcontour.io/retry-on", &["5xx", "reset,connect-failure", "a\nb", "nothing", ""]),
    ("projectcontour.io/per-try-timeout", &["1s", "infinity", "x", "-1s"]),
    ("projectcontour.io/response-timeout", &["1s", "infinity", "x", "99999999h"]),
    ("projectcontour.io/tls-minimum-protocol-version", &["1.2", "1.3", "1.1", "x"]),
    ("projectcontour.io/tls-maximum-protocol-version", &["1.2", "1.3", "x"]),
    ("projectcontour.io/tls-cert-namespace", &["team", "default", "Gone", ""]),
    ("projectcontour.io/websocket-routes", &["/", "/a,/b", ",", " /a "]),
];
const OF_SERVICE: [(&str, &[&str]); 8] = [
    ("projectcontour.io/max-connections", &words::COUNTS),
    ("projectcontour.io/max-pending-requests", &words::COUNTS),
    ("projectcontour.io/max-requests", &words::COUNTS),
    ("projectcontour.io/max-retries", &words::COUNTS),
    ("projectcontour.io/per-host-max-connections", &words::COUNTS),
    ("projectcontour.io/upstream-protocol.h2", &["80", "http", ""]),
    ("projectcontour.io/upstream-protocol.h2c", &["80,81", "http", ", ,"]),
    ("projectcontour.io/upstream-protocol.tls", &["http", "443", "é"]),
];

impl Anything {
    pub(super) fn any_kind(&mut self) -> Vec<Value> {
        match self.dice.below(24) {
            0..12 => vec![self.http_proxy()],
            12..15 => vec![self.ingress()],
            15..18 => vec![self.ingress_route()],
            18..21 => self.service(),
            21 => vec![self.pair(), self.root("pair")],
            22 => self.extension_service(),
            _ => vec![self.delegation()],
        }
    }

    fn http_proxy(&mut self) -> Value {
        let spec = self.value(&schemas::HTTP_PROXY, &["spec"]);
        self.named("projectcontour.io/v1", "HTTPProxy", "proxy", "spec", spec)
    }

    fn ingress_route(&mut self) -> Value {
        let spec = self.value(&schemas::INGRESS_ROUTE, &["IngressRoute", "spec"]);
        self.named("contour.heptio.com/v1beta1", "IngressRoute", "route", "spec", spec)
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

    /// A Secret with a certificate of any kind.
    fn pair(&mut self) -> Value {
        let kinds = ["kubernetes.io/tls", "kubernetes.io/tls", "Opaque", "", "other"];
        let mut pair = pairs::any(&mut self.dice);
        pair["metadata"] = json!({"name": format!("pair-{}", self.number), "namespace": "default"});
        pair["type"] = json!(self.dice.pick(&kinds));
        pair
    }

    /// A plain host whose routes go to the Service, or whose certificate is the Secret, of this object.
    fn root(&mut self, what: &str) -> Value {
        let name = format!("{what}-{}", self.number);
        let host = format!("{what}{}.example", self.number);
        let mut spec =
            json!({"virtualhost": {"fqdn": host}, "routes": [{"services": [{"name": "web", "port": 80}]}]});
        match what {
            "pair" => spec["virtualhost"]["tls"] = json!({"secretName": name}),
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

    fn annotations(&mut self, all: &[(&str, &[&str])]) -> Value {
        let mut chosen = Map::new();
        for (key, values) in all {
            if self.dice.chance(20) {
                chosen.insert((*key).to_owned(), self.dice.pick(values).into());
            }
        }
        Value::Object(chosen)
    }

    fn named(&self, version: &str, kind: &str, name: &str, field: &str, content: Value) -> Value {
        let mut object = json!({"apiVersion": version, "kind": kind});
        object["metadata"] = json!({"name": format!("{name}-{}", self.number), "namespace": "default"});
        object[field] = content;
        object
    }
}
