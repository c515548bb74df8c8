//! The objects: many hosts of one Service, one of which comes, changes and goes.

use std::collections::BTreeMap;

use api::http_proxy::{HttpProxy, MatchCondition, Route, Service as RouteService, Tls, VirtualHost};
use api::{ByteString, Object};
use certs::{Generated, Options, generate};
use model::{Kind, ObjectId};
use serde_json::json;
use store::Change;

use super::step::{Step, Transport};
use crate::world::typed;

/// The host that changes.
pub(super) const HOST: &str = "changing.example.com";
/// A host that is there all the time.
pub(super) const NEIGHBOUR: &str = "host-0.example.com";
/// A host that a wildcard serves.
pub(super) const BELOW_WILDCARD: &str = "any.wild.example.net";
/// A host that only the catch-all serves.
pub(super) const UNKNOWN: &str = "unknown.example.org";

const NAMESPACE: &str = "bench";
const SERVICE: &str = "echo";
/// Hosts whose objects come together.
const BATCH: usize = 100;

/// What there is to configure. All hosts have one Service: clusters cost the same in every layout.
pub(super) struct Objects {
    hosts: usize,
    transport: Transport,
    backend: u16,
    pairs: [Generated; 2],
}

impl Objects {
    /// As many hosts, all of which the backend at this port serves.
    pub(super) fn new(hosts: usize, transport: Transport, backend: u16) -> Self {
        let pair = || generate(&Options::loopback(1_700_000_000)).expect("fixed options");
        Self { hosts, transport, backend, pairs: [pair(), pair()] }
    }

    /// All objects but those of the host that changes, in batches that are made one at a time.
    pub(super) fn batches(&self) -> impl Iterator<Item = Vec<Change>> {
        let batch = |first: usize| -> Vec<Change> {
            (first..self.hosts.min(first + BATCH)).flat_map(|host| self.host(host)).collect()
        };
        let service = || vec![service(), self.endpoints()];
        std::iter::once_with(service).chain((0..self.hosts).step_by(BATCH).map(batch))
    }

    /// A wildcard, and a catch-all.
    pub(super) fn hosts_of_many_names(&self) -> Vec<Change> {
        let ingress = json!({
            "metadata": { "name": "any", "namespace": NAMESPACE },
            "spec": { "defaultBackend": { "service": { "name": SERVICE, "port": { "number": 80 } } } },
        });
        vec![self.proxy("wild", "*.wild.example.net", &["/"]), typed(ingress, Object::Ingress)]
    }

    /// What happens to the host that changes.
    pub(super) fn step(&self, step: Step) -> Vec<Change> {
        let name = "changing";
        let is_tls = self.transport == Transport::Tls;
        match step {
            Step::Added => {
                is_tls.then(|| self.secret(name, 0)).into_iter().chain([self.changing(&["/base"])]).collect()
            }
            Step::RouteChanged => vec![self.changing(&["/base", "/new"])],
            Step::CertificateChanged => vec![self.secret(name, 1)],
            Step::Removed => {
                let gone = |kind| Change::Removed(ObjectId::new(kind, NAMESPACE, name));
                let kinds = [Some(Kind::HttpProxy), is_tls.then_some(Kind::Secret)];
                kinds.into_iter().flatten().map(gone).collect()
            }
        }
    }

    fn changing(&self, paths: &[&str]) -> Change {
        self.proxy("changing", HOST, paths)
    }

    fn host(&self, host: usize) -> Vec<Change> {
        let name = format!("host-{host}");
        let secret = (self.transport == Transport::Tls).then(|| self.secret(&name, 0));
        let proxy = self.proxy(&name, &format!("{name}.example.com"), &["/"]);
        secret.into_iter().chain([proxy]).collect()
    }

    fn proxy(&self, name: &str, fqdn: &str, paths: &[&str]) -> Change {
        let tls = || Box::new(Tls { secret_name: Some(name.to_owned()), ..Default::default() });
        let mut proxy = HttpProxy::default();
        proxy.metadata.name = Some(name.to_owned());
        proxy.metadata.namespace = Some(NAMESPACE.to_owned());
        proxy.spec.virtualhost = Some(Box::new(VirtualHost {
            fqdn: fqdn.to_owned(),
            tls: (self.transport == Transport::Tls).then(tls),
            ..Default::default()
        }));
        proxy.spec.routes = paths.iter().map(|path| route(path)).collect();
        Change::Applied(proxy.into())
    }

    fn secret(&self, name: &str, form: usize) -> Change {
        let pair = &self.pairs[form].server;
        let mut secret = api::core::Secret::default();
        secret.metadata.name = Some(name.to_owned());
        secret.metadata.namespace = Some(NAMESPACE.to_owned());
        secret.type_ = Some("kubernetes.io/tls".into());
        secret.data = Some(BTreeMap::from([
            ("tls.crt".to_owned(), ByteString(pair.certificate.clone().into_bytes())),
            ("tls.key".to_owned(), ByteString(pair.key.expose().as_bytes().to_vec())),
        ]));
        Change::Applied(Object::Secret(Box::new(secret)))
    }

    fn endpoints(&self) -> Change {
        let slice = json!({
            "metadata": {
                "name": "echo-abcde",
                "namespace": NAMESPACE,
                "labels": { "kubernetes.io/service-name": SERVICE },
            },
            "addressType": "IPv4",
            "ports": [{ "name": "http", "port": self.backend, "protocol": "TCP" }],
            "endpoints": [{ "addresses": ["127.0.0.1"], "conditions": { "ready": true } }],
        });
        typed(slice, Object::EndpointSlice)
    }
}

fn route(path: &str) -> Route {
    Route {
        conditions: vec![MatchCondition { prefix: Some(path.to_owned()), ..Default::default() }],
        services: vec![RouteService { name: SERVICE.to_owned(), port: 80, ..Default::default() }],
        ..Default::default()
    }
}

fn service() -> Change {
    let port = json!({ "name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP" });
    let service =
        json!({ "metadata": { "name": SERVICE, "namespace": NAMESPACE }, "spec": { "ports": [port] } });
    typed(service, Object::Service)
}
