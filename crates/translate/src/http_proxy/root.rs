//! A root: its host, its TLS, and what is served where.

use std::sync::Arc;

use api::http_proxy::VirtualHost;
use model::{Action, Host, ObjectId, Problem, Route, Settings, TlsTermination, Traffic, VirtualHostKey};
use store::{HttpProxyFact, Reader};

use super::tls::Front;
use super::{Fault, class, tcp, tls, tree, unsupported};
use crate::{Contribution, Fragment, Origin, Rank};

/// What the parts of one root share while it is translated.
pub(super) struct Context<'r, 's> {
    pub(super) reader: &'r Reader<'s>,
    pub(super) settings: &'r Settings,
    pub(super) out: Contribution,
}

impl Context<'_, '_> {
    /// Says something about an object.
    pub(super) fn note(&mut self, object: &ObjectId, problem: Problem) {
        self.out.note(object, problem);
    }
}

/// A route of the tree, and whether it may be served without TLS.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) route: Route,
    pub(super) permit_insecure: bool,
}

/// What a root contributes.
pub(super) fn contribution(
    reader: &Reader<'_>,
    settings: &Settings,
    id: &ObjectId,
    fact: &HttpProxyFact,
) -> Contribution {
    let Some(spec) = fact.spec.virtualhost.as_deref() else { return Contribution::default() };
    let mut context = Context { reader, settings, out: Contribution::default() };
    let host = match host(&context, id, spec) {
        Ok(host) => host,
        Err(fault) => {
            context.note(id, fault.error());
            return context.out;
        }
    };
    let closed = unsupported::virtual_host(&mut context, id, spec);
    let entries = tree::routes(&mut context, id, fact, closed);
    match tls::front(&mut context, id, fact, spec) {
        Ok(front) => serve(&mut context, &Root { id, fact, host }, front, entries),
        Err(fault) => context.note(id, fault.error()),
    }
    if context.out.fragments.is_empty() {
        // Nothing is served: nothing is needed either.
        context.out.clusters.clear();
        context.out.secrets.clear();
    }
    context.out
}

/// A root whose host is its own.
struct Root<'a> {
    id: &'a ObjectId,
    fact: &'a HttpProxyFact,
    host: Host,
}

/// The host of a root that may have it.
fn host(context: &Context<'_, '_>, id: &ObjectId, spec: &VirtualHost) -> Result<Host, Fault> {
    let settings = context.settings;
    if !may_be_root(settings, &id.namespace) {
        return Err(Fault::new(
            "RootNamespaceError",
            "RootProxyNotAllowedInNamespace",
            "metadata.namespace".into(),
            "root HTTPProxy cannot be defined in this namespace",
        ));
    }
    let path = "spec.virtualhost.fqdn".to_owned();
    if spec.fqdn.trim().is_empty() {
        let message = "Spec.VirtualHost.Fqdn must be specified";
        return Err(Fault::new("VirtualHostError", "FQDNNotSpecified", path, message));
    }
    let host = crate::text::host(&spec.fqdn)
        .map_err(|why| Fault::new("VirtualHostError", "FQDNNotValid", path.clone(), why))?;
    let rivals = rivals(context, &spec.fqdn);
    let is_winner = rivals.first().is_some_and(|first| *first == (id.namespace.clone(), id.name.clone()));
    let all_lose = settings.duplicate_fqdn == model::DuplicateFqdn::InvalidAll;
    if rivals.len() > 1 && (all_lose || !is_winner) {
        return Err(duplicate(path, &host, rivals));
    }
    Ok(host)
}

/// The roots that claim a host and may have it; the first is the oldest.
fn rivals(context: &Context<'_, '_>, fqdn: &str) -> Vec<(Arc<str>, Arc<str>)> {
    let settings = context.settings;
    context
        .reader
        .roots_of_host(&fqdn.to_ascii_lowercase())
        .filter(|(name, fact)| {
            class::is_ours(settings, fact.class.as_deref()) && may_be_root(settings, &name.namespace)
        })
        .map(|(name, _)| (name.namespace.clone(), name.name.clone()))
        .collect()
}

fn duplicate(path: String, host: &Host, mut rivals: Vec<(Arc<str>, Arc<str>)>) -> Fault {
    rivals.sort();
    let names: Vec<_> = rivals.iter().map(|(namespace, name)| format!("{namespace}/{name}")).collect();
    let message = format!("fqdn \"{host}\" is used in multiple HTTPProxies: {}", names.join(", "));
    Fault::new("VirtualHostError", "DuplicateVhost", path, message)
        .with_help("give each root another fqdn, or make one of them a part that the other includes")
}

fn may_be_root(settings: &Settings, namespace: &str) -> bool {
    settings.root_namespaces.is_empty() || settings.root_namespaces.iter().any(|root| **root == *namespace)
}

/// Puts the routes and connections of a root on the listeners.
fn serve(context: &mut Context<'_, '_>, root: &Root<'_>, front: Front, entries: Vec<Entry>) {
    let spec = &root.fact.spec;
    if spec.routes.is_empty() && spec.includes.is_empty() && spec.tcpproxy.is_none() {
        let message = "HTTPProxy.Spec must have at least one Route, Include, or a TCPProxy";
        context.note(root.id, Fault::new("SpecError", "NothingDefined", "spec".into(), message).error());
        return;
    }
    let https = context.settings.https_listener();
    let insecure = Traffic::Http(plain(context.settings, &front, &entries));
    match (tcp::proxy(context, root.id, root.fact, &front), front) {
        (Err(fault), _) => return context.note(root.id, fault.error()),
        (Ok(Some(proxy)), Front::Terminated(tls)) => {
            add(context, root, https, Some(tls), Traffic::Tcp(proxy));
        }
        (Ok(Some(proxy)), Front::Passthrough) => add(context, root, https, None, Traffic::Tcp(proxy)),
        (Ok(None), Front::Terminated(tls)) if spec.tcpproxy.is_none() => {
            let routes = entries.into_iter().map(|entry| entry.route).collect();
            add(context, root, https, Some(tls), Traffic::Http(routes));
        }
        // Without a proxy connections have nowhere to go, and a closed host has no chain.
        (Ok(_), _) => {}
    }
    add(context, root, context.settings.http_listener(), None, insecure);
}

/// The routes of the plaintext listener: a host with TLS redirects, unless a route permits otherwise.
fn plain(settings: &Settings, front: &Front, entries: &[Entry]) -> Vec<Route> {
    let has_tls = !matches!(front, Front::Plain);
    let stays = |entry: &Entry| !has_tls || (entry.permit_insecure && !settings.disable_permit_insecure);
    entries
        .iter()
        .map(|entry| if stays(entry) { entry.route.clone() } else { upgrade(&entry.route) })
        .collect()
}

fn upgrade(route: &Route) -> Route {
    Route {
        matches: route.matches.clone(),
        action: Action::UpgradeToHttps,
        request_headers: model::HeaderEdits::default(),
        response_headers: model::HeaderEdits::default(),
        origin: route.origin.clone(),
    }
}

fn add(
    context: &mut Context<'_, '_>,
    root: &Root<'_>,
    listener: model::ListenerId,
    tls: Option<TlsTermination>,
    traffic: Traffic,
) {
    if matches!(&traffic, Traffic::Http(routes) if routes.is_empty()) {
        return;
    }
    context.out.secrets.extend(tls.iter().map(|tls| tls.certificate.clone()));
    let rank = Rank { origin: Origin::HttpProxy, age: root.fact.age, root: root.id.clone() };
    let key = VirtualHostKey { listener, host: root.host.clone() };
    context.out.fragments.insert(key, Fragment { rank, tls, traffic });
}
