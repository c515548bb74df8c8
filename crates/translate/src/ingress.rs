//! Ingress v1: hosts and paths to Services (reference §5).

mod annotations;
mod path;
mod tls_block;

use std::collections::BTreeMap;

use api::networking::{HTTPIngressPath, IngressBackend, IngressRule};
use model::{
    Action, Forward, HeaderEdits, Host, ObjectId, PathMatch, Policies, Problem, RedirectPort, Route,
    RouteMatch, Settings, Severity, TlsTermination, Traffic, VirtualHostKey, WeightedCluster,
};
use rules::Invalid;
use store::{IngressFact, Reader};

use crate::backend::{self, Policy, PortRef, Target};
use crate::default_headers;
use crate::duplicates::{self, Candidate};
use crate::field_path::FieldPath;
use crate::http_proxy::authorization;
use crate::report::About;
use crate::way_out::way_out;
use crate::{Contribution, Fragment, Origin, Rank, annotation, class, text};
use annotations::{Annotations, Plain};
use tls_block::Secure;

/// Where everything stands.
static SPEC: FieldPath<'_> = FieldPath::root("spec");

/// What an Ingress contributes.
pub(crate) fn contribution(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Contribution {
    let Some(fact) = ours(reader, settings, id) else { return Contribution::default() };
    let (annotations, problems) = Annotations::read(fact);
    let mut translation = Translation {
        reader,
        settings,
        id,
        fact,
        annotations,
        secure: BTreeMap::new(),
        hosts: BTreeMap::new(),
        out: Contribution::default(),
    };
    for problem in problems {
        translation.out.note(id, problem);
    }
    translation.run();
    translation.out
}

/// What its report needs to know; `None` when it is gone or not ours.
pub(crate) fn about<'s>(reader: &Reader<'s>, settings: &Settings, id: &ObjectId) -> Option<About<'s>> {
    let fact = ours(reader, settings, id)?;
    Some(About { generation: fact.generation, needs_root: false, strays: &fact.strays })
}

fn ours<'s>(reader: &Reader<'s>, settings: &Settings, id: &ObjectId) -> Option<&'s IngressFact> {
    reader.ingress(&id.namespace, &id.name).filter(|fact| class::is_ours(settings, fact.class.as_deref()))
}

/// One Ingress on its way to a contribution.
struct Translation<'r, 's> {
    reader: &'r Reader<'s>,
    settings: &'r Settings,
    id: &'r ObjectId,
    fact: &'s IngressFact,
    annotations: Annotations<'s>,
    /// The hosts that are served over TLS.
    secure: BTreeMap<Host, Secure>,
    /// What was found for each host, in the order of the object.
    hosts: BTreeMap<Host, Vec<Entry>>,
    out: Contribution,
}

/// A route, and where it stands.
struct Entry {
    route: Route,
    /// `spec.rules[…].http.paths[…]`; none for the default backend.
    place: Option<(usize, usize)>,
}

impl Candidate for Entry {
    fn matches(&self) -> &RouteMatch {
        &self.route.matches
    }

    fn is_implied(&self) -> bool {
        self.place.is_none()
    }
}

impl<'s> Translation<'_, 's> {
    fn run(&mut self) {
        self.tls_blocks();
        if let Some(backend) = &self.fact.spec.default_backend {
            let matches = RouteMatch::new(PathMatch::Prefix("/".into()), vec![], vec![]);
            let action = self.forward(&SPEC.field("defaultBackend"), backend, None);
            let route = self.route(matches, action);
            self.hosts.entry(Host::any()).or_default().push(Entry { route, place: None });
        }
        for (index, rule) in self.fact.spec.rules.iter().flatten().enumerate() {
            self.rule(index, rule);
        }
        self.tell_hosts_without_rules();
        for (host, entries) in std::mem::take(&mut self.hosts) {
            self.serve(host, entries);
        }
        self.out.keep_what_is_named();
    }

    fn rule(&mut self, index: usize, rule: &'s IngressRule) {
        let at = SPEC.item("rules", index);
        let text = rule.host.as_deref().filter(|host| !host.is_empty()).unwrap_or("*");
        let Some(host) = self.host(&at.field("host"), text) else { return };
        let http = at.field("http");
        for (place, entry) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
            if let Some(route) = self.path(&http.item("paths", place), entry) {
                let place = Some((index, place));
                self.hosts.entry(host.clone()).or_default().push(Entry { route, place });
            }
        }
    }

    fn path(&mut self, at: &FieldPath<'_>, entry: &'s HTTPIngressPath) -> Option<Route> {
        match path::path_match(entry) {
            Ok(matched) => {
                self.tell_unmatched(&at.field("path"), entry);
                let action = self.forward(&at.field("backend"), &entry.backend, Some(path::written(entry)));
                Some(self.route(RouteMatch::new(matched, vec![], vec![]), action))
            }
            Err(message) => {
                self.problem(&at.field("path"), "RouteError", "PathMatchConditionsNotValid", message);
                None
            }
        }
    }

    fn tell_unmatched(&mut self, at: &FieldPath<'_>, entry: &HTTPIngressPath) {
        if let Some(Invalid { found, why, way_out, .. }) = path::unmatched(entry, self.settings) {
            let (kind, reason) = ("RouteError", "PathMatchConditionsNotValid");
            self.warn(
                at.to_string(),
                kind,
                reason,
                format!("no request matches: path \"{found}\" {why}"),
                &way_out,
            );
        }
    }

    /// Puts the routes of a host on the listeners.
    fn serve(&mut self, host: Host, entries: Vec<Entry>) {
        let (entries, losers) = duplicates::settle(entries);
        for (loser, winner) in losers {
            self.tell_duplicate(&loser, &entries[winner]);
        }
        let tls = self.secure.get(&host).map(|secure| secure.tls.clone());
        let is_secure = tls.is_some();
        if is_secure {
            // There is no name to choose a certificate by for the default backend: it has no TLS.
            let routes = entries.iter().filter(|entry| entry.place.is_some());
            let routes = routes.map(|entry| entry.route.clone()).collect();
            self.add(self.settings.https_listener(), host.clone(), tls, routes);
        }
        self.tell_unreachable(&host, is_secure);
        let routes = entries.into_iter().map(|entry| entry.route);
        let routes = match self.annotations.plain {
            Plain::Served => routes.collect(),
            Plain::Redirected(_) => routes
                .map(|route| self.route(route.matches, Action::UpgradeToHttps(RedirectPort::Same)))
                .collect(),
            Plain::Shut(_) => return,
        };
        self.add(self.settings.http_listener(), host, None, routes);
    }

    /// Plain HTTP is kept from a host that has nothing else.
    fn tell_unreachable(&mut self, host: &Host, is_secure: bool) {
        let (key, message) = match self.annotations.plain {
            Plain::Redirected(key) => (
                key,
                format!("sends clients of host \"{host}\" to HTTPS, where this Ingress does not serve it"),
            ),
            Plain::Shut(key) => {
                (key, format!("host \"{host}\" is not served at all: it has no TLS in this Ingress"))
            }
            Plain::Served => return,
        };
        if !is_secure {
            let help = Some("name the host in spec.tls, with a Secret that can be used".to_owned());
            self.out
                .note(self.id, Problem { help, ..annotation::problem(key, "TLSMustBeConfigured", message) });
        }
    }

    fn add(
        &mut self,
        listener: model::ListenerId,
        host: Host,
        tls: Option<TlsTermination>,
        routes: Vec<Route>,
    ) {
        if routes.is_empty() {
            return;
        }
        let rank = Rank { origin: Origin::Ingress, age: self.fact.age, root: self.id.clone() };
        let policies =
            Policies { authorization: authorization::of_all(self.settings), ..Policies::default() };
        let traffic = Traffic::Http(routes);
        let (cors, jwt_providers, closed, authorization) = (None, vec![], false, None);
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
        self.out.fragments.insert(VirtualHostKey { listener, host }, fragment);
    }

    /// The way to a backend; 503 where there is none, so that the request goes to nobody else's instead.
    fn forward(&mut self, at: &FieldPath<'_>, backend: &'s IngressBackend, path: Option<&str>) -> Action {
        match self.cluster(at, backend) {
            Ok(cluster) => Action::Forward(Box::new(Forward {
                clusters: vec![cluster],
                invalid: 0,
                mirrors: vec![],
                path: None,
                host: None,
                hash: vec![],
                timeouts: self.annotations.timeouts,
                retry: self.annotations.retry.clone(),
                internal_redirect: None,
                session: None,
                websockets: path.is_some_and(|path| self.annotations.websockets.contains(path)),
            })),
            Err(why) => {
                let message = format!("unresolved service reference: {why}");
                self.problem(at, "ServiceError", "ServiceUnresolvedReference", message);
                Action::without_backend()
            }
        }
    }

    fn cluster(
        &mut self,
        at: &FieldPath<'_>,
        backend: &'s IngressBackend,
    ) -> Result<WeightedCluster, String> {
        let Some(service) = &backend.service else {
            return Err("only backends of kind Service are supported, not resource backends".into());
        };
        let port = service.port.as_ref();
        let port = match (port.and_then(|port| port.number), port.and_then(|port| port.name.as_deref())) {
            (Some(number), _) => PortRef::Number(rules::port(number.into()).map_err(|why| why.to_string())?),
            (None, Some(name)) => PortRef::Name(name),
            (None, None) => return Err(format!("no port of service \"{}\" is named", service.name)),
        };
        let target = backend::target(self.reader, self.settings, &self.id.namespace, &service.name, port)?;
        for fault in target.ignored_annotations(at) {
            self.out.note(self.id, fault.warning());
        }
        let has_defaults = self.settings.default_headers.for_ingresses;
        let host = default_headers::host(self.settings).filter(|_| has_defaults);
        let sni = host.as_ref().and_then(backend::server_name);
        let mut policy = Policy { sni, ..Policy::default() };
        if target.speaks_tls(None) {
            policy.client_certificate = backend::client_certificate(self.reader, self.settings)?;
        }
        let cluster = self.out.add_cluster(target.cluster(self.settings, &policy));
        self.with_default_headers(WeightedCluster { host, ..WeightedCluster::plain(cluster, 1) }, &target)
    }

    fn with_default_headers(
        &self,
        plain: WeightedCluster,
        target: &Target<'_>,
    ) -> Result<WeightedCluster, String> {
        let defaults = &self.settings.default_headers;
        if !defaults.for_ingresses {
            return Ok(plain);
        }
        let complete = |texts| {
            default_headers::complete(HeaderEdits::default(), texts, &target.place())
                .map_err(|why| why.to_string())
        };
        let (request_headers, response_headers) =
            (complete(&defaults.request)?, complete(&defaults.response)?);
        Ok(WeightedCluster { request_headers, response_headers, ..plain })
    }

    fn route(&self, matches: RouteMatch, action: Action) -> Route {
        Route {
            matches,
            action,
            policies: Policies::default(),
            jwt: None,
            authorization: None,
            cors: None,
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
            origin: self.id.clone(),
        }
    }

    fn host(&mut self, at: &FieldPath<'_>, text: &str) -> Option<Host> {
        if text == "*" {
            return Some(Host::any());
        }
        let host = text::host_name(text);
        host.map_err(|why| self.problem(at, "VirtualHostError", "HostNotValid", why)).ok()
    }

    fn warn(&mut self, path: String, kind: &'static str, reason: &'static str, message: String, help: &str) {
        let (severity, help) = (Severity::Warning, Some(help.to_owned()));
        self.out.note(self.id, Problem { severity, kind, reason, path, message, help });
    }

    fn tell_duplicate(&mut self, loser: &Entry, winner: &Entry) {
        let (Some((rule, path)), Some((by_rule, by_path))) = (loser.place, winner.place) else { return };
        let message =
            format!("is never used: spec.rules[{by_rule}].http.paths[{by_path}] has the same host and path");
        let path = format!("spec.rules[{rule}].http.paths[{path}]");
        self.warn(
            path,
            "RouteError",
            "RouteConflict",
            message,
            "give them different paths, or remove one of them",
        );
    }

    fn problem(&mut self, at: &FieldPath<'_>, kind: &'static str, reason: &'static str, message: String) {
        let (severity, path, help) = (Severity::Error, at.to_string(), way_out(kind, reason));
        self.out.note(self.id, Problem { severity, kind, reason, path, message, help });
    }
}
