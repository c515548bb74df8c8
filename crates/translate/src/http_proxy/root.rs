//! A root: its host, its TLS, and what is served where.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use api::HttpProxySpec;
use api::http_proxy::VirtualHost;
use model::{
    Action, Authorization, Check, CorsPolicy, Host, JwtProvider, Kind, ObjectId, Policies, Problem,
    RedirectPort, Route, Settings, TlsTermination, Traffic, VirtualHostKey,
};
use store::{Age, Claimant, HttpProxyFact, Reader};

use super::route::FromRoot;
use super::tls::Front;
use super::tree::{self, Entry};
use super::{Fault, SPEC, authorization, class, cors, jwt, restrictions, tcp, tls, without_effect};
use crate::field_path::FieldPath;
use crate::{Contribution, Fragment, Origin, Rank, text};

/// How many rivals for a host are named: each of them is told about all others.
const NAMED_RIVALS: usize = 16;

/// What the parts of one root share while it is translated.
pub(crate) struct Context<'r, 's> {
    pub(crate) reader: &'r Reader<'s>,
    pub(crate) settings: &'r Settings,
    pub(crate) out: Contribution,
    /// What was unpacked: a part may be included again and again.
    specs: BTreeMap<ObjectId, Rc<HttpProxySpec>>,
}

impl<'r, 's> Context<'r, 's> {
    /// With nothing translated yet.
    pub(crate) fn new(reader: &'r Reader<'s>, settings: &'r Settings) -> Self {
        Self { reader, settings, out: Contribution::default(), specs: BTreeMap::new() }
    }
}

impl Context<'_, '_> {
    /// What an object wants; unpacked when it is met first.
    pub(super) fn spec(&mut self, id: &ObjectId, fact: &HttpProxyFact) -> Rc<HttpProxySpec> {
        let spec = self.specs.entry(id.clone()).or_insert_with(|| Rc::new(fact.spec()));
        Rc::clone(spec)
    }

    /// Says something about an object.
    pub(crate) fn note(&mut self, object: &ObjectId, problem: Problem) {
        self.out.note(object, problem);
    }
}

/// What a root contributes.
pub(super) fn contribution(
    reader: &Reader<'_>,
    settings: &Settings,
    id: &ObjectId,
    fact: &HttpProxyFact,
) -> Contribution {
    let mut context = Context::new(reader, settings);
    if let Err(fault) = translate(&mut context, id, fact) {
        context.note(id, fault.error());
    }
    context.out.keep_what_is_named();
    context.out
}

/// A root whose host is its own.
pub(crate) struct Root<'a> {
    pub(crate) id: &'a ObjectId,
    pub(crate) age: Age,
    pub(crate) host: &'a Host,
    /// Whether it carries connections as they are.
    pub(crate) has_tcp: bool,
    /// What requests to the host must meet; `None` where that cannot be said: nothing may be served then.
    pub(crate) policies: Option<Policies>,
    /// Which scripts of other origins it serves.
    pub(crate) cors: Option<Arc<CorsPolicy>>,
}

/// What only chains for TLS look at.
#[derive(Default)]
pub(crate) struct Secured {
    tokens: Vec<JwtProvider>,
    authorization: Option<Arc<Authorization>>,
    /// What the authorization service is told of all routes.
    check: Option<Arc<Check>>,
}

/// Puts a root where it is served; a fault stops all of it.
fn translate(context: &mut Context<'_, '_>, id: &ObjectId, fact: &HttpProxyFact) -> Result<(), Fault> {
    let spec = context.spec(id, fact);
    let (Some(host), Some(virtual_host)) = (&fact.host, spec.virtualhost.as_deref()) else { return Ok(()) };
    let owned = may_have(context, id, host, &virtual_host.fqdn);
    if owned.as_ref().is_err_and(|fault| !is_lost_by_all(context.settings, fault)) {
        return owned;
    }
    without_effect::host(context, id, virtual_host);
    let policies = policies(context, id, virtual_host);
    let cors = cors::policy(context, id, virtual_host);
    let known = cors.as_ref().ok().cloned().flatten();
    let has_tcp = spec.tcpproxy.is_some();
    let root = Root { id, age: fact.age, host, has_tcp, policies, cors: known };
    let served = owned.and(cors).and_then(|_| serve(context, &root, fact, &spec, virtual_host));
    guard(context, &root, virtual_host);
    served
}

/// Whether nobody has the host, although it is one: what each asks for must be kept up.
fn is_lost_by_all(settings: &Settings, fault: &Fault) -> bool {
    fault.reason == "DuplicateVhost" && settings.duplicate_fqdn == model::DuplicateFqdn::InvalidAll
}

/// Serves a root.
fn serve(
    context: &mut Context<'_, '_>,
    root: &Root<'_>,
    fact: &HttpProxyFact,
    spec: &HttpProxySpec,
    virtual_host: &VirtualHost,
) -> Result<(), Fault> {
    something_is_defined(spec)?;
    let Root { id, host, .. } = *root;
    let tokens = virtual_host.into();
    let offered = authorization::Offered::new(context.settings, virtual_host);
    let from_root = FromRoot { host, tokens, authorization: offered };
    let entries = tree::routes(context, id, fact, &from_root);
    let front = tls::front(context, id, spec, virtual_host)?;
    if root.policies.is_none() {
        return Ok(());
    }
    let secured = Secured {
        tokens: jwt::providers(context, id, spec, virtual_host, &front)?,
        check: offered.check()?,
        authorization: authorization::service(context, id, spec, virtual_host, &front)?,
    };
    match tcp::proxy(context, id, fact) {
        Ok(Some(proxy)) => serve_connections(context, root, &front, Traffic::Tcp(proxy)),
        Ok(None) => {}
        Err(blamed) => {
            let (owner, fault) = *blamed;
            context.note(&owner, fault.error());
            return Ok(());
        }
    }
    serve_requests(context, root, front, secured, entries);
    Ok(())
}

/// Keeps up what a root asks for where it serves nothing itself: routes of other objects under its host were never
/// meant to be without it.
fn guard(context: &mut Context<'_, '_>, root: &Root<'_>, virtual_host: &VirtualHost) {
    let wants_certificates = virtual_host.tls.as_deref().is_some_and(|tls| tls.client_validation.is_some());
    let closed = root.policies.is_none();
    let wants_authorization = authorization::is_wanted(context.settings, virtual_host);
    let wants_tokens = virtual_host.jwt_providers.iter().any(|provider| provider.default);
    let closed_to_tls = closed || wants_certificates || wants_authorization || wants_tokens;
    let http = (context.settings.http_listener(), closed);
    // Also where the root has no certificate: another object may have one for the host.
    let https = (context.settings.https_listener(), closed_to_tls);
    for (listener, closed) in [http, https] {
        let key = VirtualHostKey { listener, host: root.host.clone() };
        let authorization = authorization::kept_up(context.settings, virtual_host);
        let policies = Policies { authorization, ..root.policies.clone().unwrap_or_default() };
        if (closed || !policies.is_empty()) && !context.out.fragments.contains_key(&key) {
            let traffic = Traffic::Http(vec![]);
            let (rank, jwt_providers) = (root.rank(), vec![]);
            let (tls, cors, authorization) = (None, None, None);
            let fragment = Fragment {
                rank,
                section: None,
                tls,
                traffic,
                policies,
                cors,
                jwt_providers,
                closed,
                authorization,
            };
            context.out.fragments.insert(key, fragment);
        }
    }
}

impl Root<'_> {
    fn rank(&self) -> Rank {
        let origin = match self.id.kind {
            Kind::IngressRoute => Origin::IngressRoute,
            _ => Origin::HttpProxy,
        };
        Rank { origin, age: self.age, root: self.id.clone() }
    }
}

/// What requests to the host must meet; `None` where that cannot be said: nothing may be served then.
fn policies(context: &mut Context<'_, '_>, id: &ObjectId, host: &VirtualHost) -> Option<Policies> {
    let policies = restrictions::policies(context.settings, id, &SPEC.field("virtualhost"), host);
    policies.map_err(|faults| faults.into_iter().for_each(|fault| context.note(id, fault.error()))).ok()
}

/// Whether the host is one, and this root may have it.
pub(crate) fn may_have(
    context: &Context<'_, '_>,
    id: &ObjectId,
    host: &Host,
    fqdn: &str,
) -> Result<(), Fault> {
    if !may_be_root(context.settings, &id.namespace) {
        let at = FieldPath::root("metadata.namespace");
        let message = format!("root {} cannot be defined in this namespace", id.kind);
        return Err(Fault::new("RootNamespaceError", "RootProxyNotAllowedInNamespace", &at, message));
    }
    let at = SPEC.field("virtualhost");
    let fault = |reason, why: String| Fault::new("VirtualHostError", reason, &at.field("fqdn"), why);
    if fqdn.trim().is_empty() {
        return Err(fault("FQDNNotSpecified", "Spec.VirtualHost.Fqdn must be specified".into()));
    }
    // Its canonical spelling is the one that the fact has: lower case.
    text::host(fqdn)
        .map_err(|why| fault("FQDNNotValid", format!("Spec.VirtualHost.Fqdn is not valid: {why}")))?;
    match rivals(context, id, host) {
        None => Ok(()),
        Some(message) => Err(fault("DuplicateVhost", message)
            .with_help("give each root another fqdn, or make one of them a part that the other includes")),
    }
}

fn may_be_root(settings: &Settings, namespace: &str) -> bool {
    settings.root_namespaces.is_empty() || settings.root_namespaces.iter().any(|root| **root == *namespace)
}

/// Why a root may not have its host: others claim it too, and (unless all lose) one of them is older.
fn rivals(context: &Context<'_, '_>, id: &ObjectId, host: &Host) -> Option<String> {
    let settings = context.settings;
    let claims = context.reader.roots_of_host(host);
    let mut claims = claims.filter(|root| {
        // An IngressRoute with a wildcard is served by nobody.
        let may_be = root.kind != Kind::IngressRoute || host.wildcard_parent().is_none();
        may_be && class::is_ours(settings, root.class) && may_be_root(settings, &root.name.namespace)
    });
    let first = claims.next()?;
    let oldest_wins = settings.duplicate_fqdn == model::DuplicateFqdn::OldestWins;
    if oldest_wins && first.name.object(first.kind) == *id {
        return None;
    }
    let mut roots: Vec<_> = std::iter::once(first).chain(claims).collect();
    if roots.len() < 2 {
        return None;
    }
    roots.sort_by_key(|root| (root.name, root.kind));
    let alike = roots.iter().all(|root| root.kind == id.kind);
    let name = |root: &Claimant<'_>| match alike {
        true => root.name.to_string(),
        false => root.name.object(root.kind).to_string(),
    };
    let kinds = match (alike, id.kind) {
        (true, Kind::IngressRoute) => "IngressRoutes",
        (true, _) => "HTTPProxies",
        (false, _) => "objects",
    };
    let shown: Vec<_> = roots.iter().take(NAMED_RIVALS).map(name).collect();
    let more = match roots.len().saturating_sub(NAMED_RIVALS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("fqdn \"{host}\" is used in multiple {kinds}: {}{more}", shown.join(", ")))
}

fn something_is_defined(spec: &HttpProxySpec) -> Result<(), Fault> {
    if spec.routes.is_empty() && spec.includes.is_empty() && spec.tcpproxy.is_none() {
        let message = "HTTPProxy.Spec must have at least one Route, Include, or a TCPProxy";
        return Err(Fault::new("SpecError", "NothingDefined", &SPEC, message));
    }
    Ok(())
}

/// Carries the connections of a host that has TLS.
pub(crate) fn serve_connections(
    context: &mut Context<'_, '_>,
    root: &Root<'_>,
    front: &Front,
    traffic: Traffic,
) {
    let https = context.settings.https_listener();
    match front {
        Front::Terminated(tls) => add(context, root, https, Some(tls.clone()), Secured::default(), traffic),
        Front::Passthrough => add(context, root, https, None, Secured::default(), traffic),
        Front::Plain => {}
    }
}

/// Routes requests: with TLS on both listeners, where plaintext redirects unless a route permits otherwise.
/// Connections that are carried as they are leave the plaintext listener alone.
pub(crate) fn serve_requests(
    context: &mut Context<'_, '_>,
    root: &Root<'_>,
    front: Front,
    secured: Secured,
    entries: Vec<Entry>,
) {
    let http = context.settings.http_listener();
    if front == Front::Plain {
        return add(context, root, http, None, secured.plain(), Traffic::Http(routes(entries)));
    }
    let plaintext = entries.iter().map(|entry| plaintext(context, &secured, entry)).collect();
    add(context, root, http, None, secured.plain(), Traffic::Http(plaintext));
    match front {
        Front::Terminated(tls) if !root.has_tcp => {
            let https = context.settings.https_listener();
            add(context, root, https, Some(tls), secured, Traffic::Http(routes(entries)));
        }
        Front::Passthrough if !root.has_tcp => {
            let message = "Spec.VirtualHost.TLS passthrough has no effect without Spec.TCPProxy";
            let at = SPEC.field("virtualhost");
            let fault = Fault::new("TLSError", "TLSConfigNotValid", &at.field("tls.passthrough"), message);
            let fault = fault.with_help("add a tcpproxy, or name a Secret to end TLS here");
            context.note(root.id, fault.warning());
        }
        Front::Terminated(_) | Front::Passthrough | Front::Plain => {}
    }
}

/// In a list of their own: one made in the place of the other would have to be cut to size.
fn routes(entries: Vec<Entry>) -> Vec<Route> {
    let mut routes = Vec::with_capacity(entries.len());
    routes.extend(entries.into_iter().map(|entry| entry.route));
    routes
}

/// The route of a host with TLS on the plaintext listener. Nobody looks at tokens there, and of those who are asked
/// whether requests may pass only the one who is asked about all hosts.
fn plaintext(context: &mut Context<'_, '_>, secured: &Secured, entry: &Entry) -> Route {
    let route = &entry.route;
    let authorization =
        context.settings.global_authorization.as_ref().and_then(|_| route.policies.authorization.clone());
    let policies = Policies { authorization, ..route.policies.clone() };
    if entry.permit_insecure && !context.settings.disable_permit_insecure {
        let Some((kind, why)) = secured.needed(route) else { return Route { policies, ..route.clone() } };
        if let Some(index) = entry.index {
            let at = SPEC.item("routes", index);
            let at = at.field("permitInsecure");
            let message = format!("{at} has no effect on a route that {why} and is ignored");
            let fault = Fault::new(kind, "IgnoredField", &at, message);
            let help = "disable the verification on the route if it may be reached without TLS";
            context.note(&route.origin, fault.with_help(help).warning());
        }
    }
    Route {
        matches: route.matches.clone(),
        action: Action::UpgradeToHttps(RedirectPort::Same),
        policies,
        jwt: None,
        authorization: None,
        cors: None,
        request_headers: model::HeaderEdits::default(),
        response_headers: model::HeaderEdits::default(),
        origin: route.origin.clone(),
    }
}

impl Secured {
    /// What is left of it without TLS.
    fn plain(&self) -> Self {
        let check = self.authorization.is_none().then(|| self.check.clone()).flatten();
        Self { check, ..Self::default() }
    }

    /// What a route needs of it, and the kind of what there is to say about that.
    fn needed(&self, route: &Route) -> Option<(&'static str, &'static str)> {
        if route.jwt.is_some() {
            return Some(("JWTVerificationError", "needs a token"));
        }
        let said = route.policies.authorization.as_deref().or(self.check.as_deref());
        let is_asked = self.authorization.is_some() && said != Some(&Check::Skip);
        is_asked.then_some(("AuthError", "needs authorization"))
    }
}

fn add(
    context: &mut Context<'_, '_>,
    root: &Root<'_>,
    listener: model::ListenerId,
    tls: Option<TlsTermination>,
    secured: Secured,
    traffic: Traffic,
) {
    let asks_clients = tls.as_ref().is_some_and(|tls| tls.clients.certificates().is_some());
    if !asks_clients && matches!(&traffic, Traffic::Http(routes) if routes.is_empty()) {
        return;
    }
    let (rank, closed) = (root.rank(), false);
    let key = VirtualHostKey { listener, host: root.host.clone() };
    let Secured { tokens: jwt_providers, authorization, check } = secured;
    let is_asked_by_all = authorization.is_none() && matches!(traffic, Traffic::Http(_));
    let of_all = || authorization::of_all(context.settings).filter(|_| is_asked_by_all);
    let policies =
        Policies { authorization: check.or_else(of_all), ..root.policies.clone().unwrap_or_default() };
    let cors = root.cors.clone();
    let fragment =
        Fragment { rank, section: None, tls, traffic, policies, cors, jwt_providers, closed, authorization };
    context.out.fragments.insert(key, fragment);
}

#[cfg(test)]
mod tests {
    use store::Store;

    use super::*;

    #[test]
    fn what_is_met_again_is_not_unpacked_again() {
        let (store, settings) = (Store::default(), Settings::default());
        let reader = store.reader();
        let mut context = Context::new(&reader, &settings);
        let (id, fact) =
            (ObjectId::new(Kind::HttpProxy, "ns", "part"), HttpProxyFact::from(&api::HttpProxy::default()));
        let first = context.spec(&id, &fact);
        assert!(Rc::ptr_eq(&first, &context.spec(&id, &fact)));
    }
}
