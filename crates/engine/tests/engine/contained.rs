//! Contained: an object changes nothing of the hosts that it has no part in.

use std::collections::{BTreeMap, BTreeSet};

use api::Object;
use api::http_proxy::Tls;
use envoy::ResourceType;
use envoy_protos::envoy::config::listener::v3::{FilterChain, Listener};
use envoy_protos::envoy::config::route::v3::RouteConfiguration;
use model::{Kind, ObjectId, Settings};
use prost::Message;
use store::Change;

use crate::histories::hold;
use crate::outside::{Id, Run};
use crate::world::{Edit, FALLBACK, World, new_object, settings};

/// Proves instead/contained.
#[test]
fn an_object_changes_no_byte_of_hosts_that_it_has_no_part_in() {
    hold(700, 150, |history, mut dice| {
        // What is asked about all hosts, or shown to all backends, has a part in each.
        let mut settings = Settings {
            rate_limit_service: None,
            global_authorization: None,
            tracing: None,
            ..settings(&mut dice)
        };
        settings.upstream.client_certificate = None;
        let mut world = World::after(history);
        let mut run = Run::of(&settings, world.changes());
        for _ in 0..5 {
            let object = new_object(&mut dice);
            let id = Change::Applied(object.clone()).object();
            let mut concerned = hosts_of(&world, &id);
            let before = (parts(&run), shared(&run));
            world.edit(&Edit::Put(object.clone()));
            concerned.extend(hosts_of(&world, &id));
            run.apply([object]);
            let after = (parts(&run), shared(&run));
            let hosts: BTreeSet<_> = before.0.keys().chain(after.0.keys()).collect();
            let changed = hosts.into_iter().filter(|host| before.0.get(*host) != after.0.get(*host));
            if let Some((listener, host)) = changed.into_iter().find(|(_, host)| !concerned.contains(host)) {
                return Err(format!("{id} changes {host} on {listener}, and only concerns {concerned:?}"));
            }
            let is_proxy = matches!(id.kind, Kind::HttpProxy | Kind::Ingress | Kind::IngressRoute);
            let stays = |(id, body): (&Id, &Vec<u8>)| after.1.get(id).is_none_or(|now| now == body);
            if is_proxy && !before.1.iter().all(stays) {
                return Err(format!("{id} changes a cluster, endpoints or a Secret of others"));
            }
        }
        Ok(())
    });
}

/// What Envoy is sent for each host, by listener and host.
fn parts(run: &Run) -> BTreeMap<(String, String), Vec<Vec<u8>>> {
    let mut parts: BTreeMap<(String, String), Vec<Vec<u8>>> = BTreeMap::new();
    for ((kind, name), resource) in run.ingress() {
        match (kind, name.strip_prefix("https/")) {
            (ResourceType::RouteConfiguration, Some(rest)) => {
                // What follows the host says what its chain looks at.
                let host = rest.split('/').next().unwrap_or(rest);
                let key = ("ingress_https".to_owned(), host.to_owned());
                parts.entry(key).or_default().push(resource.body.to_bytes().to_vec());
            }
            // What hosts share comes with the first of them.
            (ResourceType::ScopedRouteConfiguration, _) if &**name == "fallback/*" => {}
            (ResourceType::ScopedRouteConfiguration, _) => {
                let (class, host) = name.split_once('/').expect("a class and a host");
                let listener = if class == "http" { "ingress_http" } else { "ingress_https" };
                let key = (listener.to_owned(), host.to_owned());
                parts.entry(key).or_default().push(resource.body.to_bytes().to_vec());
            }
            (ResourceType::Secret, _) if !name.contains('/') => {
                let key = ("ingress_https".to_owned(), name.to_string());
                parts.entry(key).or_default().push(resource.body.to_bytes().to_vec());
            }
            (ResourceType::RouteConfiguration, None) => {
                let table = RouteConfiguration::decode(resource.body.to_bytes()).expect("a table");
                for host in table.virtual_hosts {
                    parts
                        .entry((name.to_string(), host.name.clone()))
                        .or_default()
                        .push(host.encode_to_vec());
                }
            }
            (ResourceType::Listener, _) => {
                let listener = Listener::decode(resource.body.to_bytes()).expect("a listener");
                let shared = ["", "~shared", "~fallback", "fallback-certificate"];
                let is_of_host = |chain: &FilterChain| !shared.contains(&chain.name.as_str());
                for chain in listener.filter_chains.into_iter().filter(is_of_host) {
                    parts
                        .entry((name.to_string(), chain.name.clone()))
                        .or_default()
                        .push(chain.encode_to_vec());
                }
            }
            _ => {}
        }
    }
    parts
}

/// What hosts share.
fn shared(run: &Run) -> BTreeMap<Id, Vec<u8>> {
    let is_shared = |kind, name: &str| match kind {
        ResourceType::Cluster | ResourceType::ClusterLoadAssignment => true,
        // Another goes by the name of a host.
        ResourceType::Secret => name.contains('/'),
        _ => false,
    };
    let resources = run.ingress().iter().filter(|((kind, name), _)| is_shared(*kind, name));
    resources.map(|(id, resource)| (id.clone(), resource.body.to_bytes().to_vec())).collect()
}

/// The hosts that an object has a part in, generously: whatever names it, and whatever names that.
fn hosts_of(world: &World, id: &ObjectId) -> BTreeSet<String> {
    let mut concerned = BTreeSet::from([id.clone()]);
    loop {
        let names = |object: &Object| named(object).iter().any(|name| concerned.contains(name));
        let more = world.0.iter().filter(|(_, object)| names(object)).map(|(id, _)| id.clone());
        let all: BTreeSet<_> = concerned.iter().cloned().chain(more).collect();
        if all.len() == concerned.len() {
            break;
        }
        concerned = all;
    }
    concerned.iter().filter_map(|id| world.0.get(id)).flat_map(claimed).collect()
}

/// The objects that an object names.
fn named(object: &Object) -> Vec<ObjectId> {
    let own = object.metadata().namespace.clone().unwrap_or_default();
    let id = |kind, namespace: Option<&str>, name: &str| {
        ObjectId::new(kind, namespace.filter(|it| !it.is_empty()).unwrap_or(&own), name)
    };
    let secret = |name: &str| match name.split_once('/') {
        Some((namespace, name)) => id(Kind::Secret, Some(namespace), name),
        None => id(Kind::Secret, None, name),
    };
    // A Secret of another namespace is used by leave of any delegation there.
    let delegations = |secret: &ObjectId| {
        let kinds = [Kind::TlsCertificateDelegation, Kind::HeptioCertificateDelegation];
        let of = |kind| ["it0", "it1"].map(|name| id(kind, Some(&secret.namespace), name));
        kinds.map(of).concat()
    };
    let mut names = Vec::new();
    match object {
        Object::HttpProxy(proxy) => {
            let spec = &proxy.spec;
            names.extend(
                spec.includes.iter().map(|each| id(Kind::HttpProxy, each.namespace.as_deref(), &each.name)),
            );
            let services = spec.routes.iter().flat_map(|route| &route.services);
            let tcp = spec.tcpproxy.iter();
            let tcp_services = tcp.clone().flat_map(|tcp| &tcp.services);
            let services = services.chain(tcp_services);
            names.extend(services.clone().map(|each| id(Kind::Service, None, &each.name)));
            let proofs = services.filter_map(|each| each.validation.as_deref());
            names.extend(proofs.map(|validation| secret(&validation.ca_secret)));
            let included = tcp.filter_map(|tcp| tcp.include.as_deref());
            names.extend(included.map(|each| id(Kind::HttpProxy, each.namespace.as_deref(), &each.name)));
            let tls = spec.virtualhost.iter().filter_map(|host| host.tls.as_deref());
            names.extend(tls.flat_map(secrets).map(secret));
            let asked = spec.virtualhost.iter().filter_map(|host| host.authorization.as_deref());
            let asked = asked.filter_map(|server| server.extension_ref.as_deref());
            names.extend(asked.map(|each| {
                id(
                    Kind::ExtensionService,
                    each.namespace.as_deref(),
                    each.name.as_deref().unwrap_or_default(),
                )
            }));
        }
        Object::ExtensionService(service) => {
            let spec = &service.spec;
            names.extend(spec.services.iter().map(|each| id(Kind::Service, None, &each.name)));
            names.extend(spec.validation.iter().map(|validation| secret(&validation.ca_secret)));
        }
        Object::IngressRoute(route) => {
            let spec = &route.spec;
            let tcp = spec.tcpproxy.iter();
            let delegates = spec.routes.iter().filter_map(|route| route.delegate.as_ref());
            let delegates = delegates.chain(tcp.clone().filter_map(|tcp| tcp.delegate.as_ref()));
            names.extend(delegates.map(|each| id(Kind::IngressRoute, each.namespace.as_deref(), &each.name)));
            let services = spec.routes.iter().flat_map(|route| &route.services);
            let services = services.chain(tcp.flat_map(|tcp| &tcp.services));
            names.extend(services.map(|each| id(Kind::Service, None, &each.name)));
            let tls = spec.virtualhost.iter().filter_map(|host| host.tls.as_ref()?.secret_name.as_deref());
            names.extend(tls.map(secret));
        }
        Object::Ingress(ingress) => {
            let spec = ingress.spec.clone().unwrap_or_default();
            let rules = spec.rules.unwrap_or_default().into_iter().filter_map(|rule| rule.http);
            let backends =
                rules.flat_map(|http| http.paths).map(|path| path.backend).chain(spec.default_backend);
            let services = backends.filter_map(|backend| backend.service);
            names.extend(services.map(|service| id(Kind::Service, None, &service.name)));
            let tls = spec.tls.unwrap_or_default().into_iter();
            names.extend(tls.filter_map(|tls| tls.secret_name).map(|name| secret(&name)));
        }
        _ => {}
    }
    let used: Vec<_> = names.iter().filter(|id| id.kind == Kind::Secret).flat_map(delegations).collect();
    names.extend(used);
    names
}

/// The Secrets that TLS needs.
fn secrets(tls: &Tls) -> impl Iterator<Item = &str> {
    let clients = tls.client_validation.as_deref();
    let fallback = tls.enable_fallback_certificate.then_some(FALLBACK);
    let ca = clients.and_then(|clients| clients.ca_secret.as_deref());
    let crl = clients.and_then(|clients| clients.crl_secret.as_deref());
    [tls.secret_name.as_deref(), ca, crl, fallback].into_iter().flatten()
}

/// The hosts that an object claims.
fn claimed(object: &Object) -> Vec<String> {
    match object {
        Object::HttpProxy(proxy) => {
            proxy.spec.virtualhost.iter().map(|host| host.fqdn.to_ascii_lowercase()).collect()
        }
        Object::IngressRoute(route) => {
            route.spec.virtualhost.iter().map(|host| host.fqdn.to_ascii_lowercase()).collect()
        }
        Object::Ingress(ingress) => {
            let spec = ingress.spec.clone().unwrap_or_default();
            let rules =
                spec.rules.unwrap_or_default().into_iter().map(|rule| rule.host.unwrap_or("*".into()));
            rules.map(|host| host.to_ascii_lowercase()).chain(["*".to_owned()]).collect()
        }
        _ => vec![],
    }
}
