//! Worlds of many hosts: one HTTPProxy, Service and EndpointSlice each, and a few with TLS.

use std::collections::BTreeMap;

use api::http_proxy::{HttpProxy, MatchCondition, Route, Service as RouteService, Tls, VirtualHost};
use api::{ByteString, Object};
use certs::{Generated, Options, generate};
use serde_json::{Value, json};
use store::Change;

/// Hosts whose objects come together.
const BATCH: usize = 100;

/// A world of many hosts.
pub(crate) struct World {
    hosts: usize,
    routes: usize,
    pairs: [Generated; 2],
}

impl World {
    /// A world of `hosts` hosts with `routes` routes each.
    pub(crate) fn new(hosts: usize, routes: usize) -> Self {
        let pair = || generate(&Options::loopback(1_700_000_000)).expect("fixed options");
        Self { hosts, routes, pairs: [pair(), pair()] }
    }

    /// All objects, in batches that are made one at a time.
    pub(crate) fn batches(&self) -> impl Iterator<Item = Vec<Change>> {
        let of_host = |host| [self.proxy(host, "v1"), service(host), self.endpoints(host, 1)];
        let batch =
            move |first: usize| (first..self.hosts.min(first + BATCH)).flat_map(of_host).collect::<Vec<_>>();
        let secure = || vec![self.secret(0), self.secure_proxy("v1")];
        (0..self.hosts).step_by(BATCH).map(batch).chain(std::iter::once_with(secure))
    }

    /// The proxy of a host; another `version` is another route.
    pub(crate) fn proxy(&self, host: usize, version: &str) -> Change {
        let routes = (0..self.routes).map(|route| Route {
            conditions: vec![MatchCondition {
                prefix: Some(format!("/{version}/route-{route}")),
                ..Default::default()
            }],
            services: vec![RouteService { name: service_name(host), port: 80, ..Default::default() }],
            ..Default::default()
        });
        let mut proxy = HttpProxy::default();
        proxy.metadata.name = Some(format!("host-{host}"));
        proxy.metadata.namespace = Some(namespace(host));
        proxy.spec.virtualhost =
            Some(Box::new(VirtualHost { fqdn: format!("host-{host}.example.com"), ..Default::default() }));
        proxy.spec.routes = routes.collect();
        Change::Applied(proxy.into())
    }

    /// The addresses of a host's Service.
    pub(crate) fn endpoints(&self, host: usize, address: u8) -> Change {
        typed(
            json!({
                "metadata": {
                    "name": format!("{}-abcde", service_name(host)),
                    "namespace": namespace(host),
                    "labels": { "kubernetes.io/service-name": service_name(host) },
                },
                "addressType": "IPv4",
                "ports": [{ "name": "http", "port": 8080, "protocol": "TCP" }],
                "endpoints": [
                    { "addresses": [format!("10.0.0.{address}")], "conditions": { "ready": true } },
                    { "addresses": [format!("10.0.1.{address}")], "conditions": { "ready": true } },
                ],
            }),
            Object::EndpointSlice,
        )
    }

    /// The TLS Secret in one of two forms.
    pub(crate) fn secret(&self, form: usize) -> Change {
        let pair = &self.pairs[form];
        let mut secret = api::core::Secret::default();
        secret.metadata.name = Some("tls".into());
        secret.metadata.namespace = Some("secure".into());
        secret.type_ = Some("kubernetes.io/tls".into());
        secret.data = Some(BTreeMap::from([
            ("tls.crt".to_owned(), ByteString(pair.server.certificate.clone().into_bytes())),
            ("tls.key".to_owned(), ByteString(pair.server.key.expose().as_bytes().to_vec())),
        ]));
        Change::Applied(Object::Secret(Box::new(secret)))
    }

    /// The proxy of a TLS host, whose routes are a table of their own.
    pub(crate) fn secure_proxy(&self, version: &str) -> Change {
        let Change::Applied(Object::HttpProxy(mut proxy)) = self.proxy(0, version) else { unreachable!() };
        proxy.metadata.name = Some("secure".into());
        proxy.metadata.namespace = Some("secure".into());
        let tls = Tls { secret_name: Some("tls".into()), ..Default::default() };
        proxy.spec.virtualhost = Some(Box::new(VirtualHost {
            fqdn: "secure.example.com".into(),
            tls: Some(Box::new(tls)),
            ..Default::default()
        }));
        Change::Applied(Object::HttpProxy(proxy))
    }
}

/// The Service of a host.
pub(crate) fn service(host: usize) -> Change {
    typed(
        json!({
            "metadata": { "name": service_name(host), "namespace": namespace(host) },
            "spec": { "ports": [{ "name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP" }] },
        }),
        Object::Service,
    )
}

fn service_name(host: usize) -> String {
    format!("service-{host}")
}

fn namespace(host: usize) -> String {
    format!("team-{}", host % 100)
}

/// An object from its JSON form.
pub(crate) fn typed<T: serde::de::DeserializeOwned>(value: Value, object: fn(Box<T>) -> Object) -> Change {
    Change::Applied(object(Box::new(serde_json::from_value(value).expect("a well-formed object"))))
}
