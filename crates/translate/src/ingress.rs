//! Ingress v1: hosts and paths to Services (reference §5).

mod annotations;
mod path;

use api::networking::{HTTPIngressPath, IngressBackend, IngressRule, IngressTLS};
use model::{
    Action, DirectResponse, Forward, HeaderEdits, Host, ObjectId, Problem, Route, RouteMatch, Settings,
    Severity, TlsTermination, Traffic, VirtualHostKey, WeightedCluster,
};
use store::{IngressFact, Reader};

use crate::backend::{self, Policy, PortRef};
use crate::tls::{self, Unusable};
use crate::{Contribution, Fragment, Origin, Rank, class};
use annotations::Annotations;

/// What an Ingress contributes.
pub(crate) fn contribution(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Contribution {
    let Some(fact) = ours(reader, settings, id) else { return Contribution::default() };
    let mut translation = Translation {
        reader,
        settings,
        id,
        fact,
        annotations: Annotations::default(),
        secure: vec![],
        out: Contribution::default(),
    };
    translation.run();
    translation.out
}

/// The generation of an Ingress; `None` when it is gone or not ours.
pub(crate) fn generation(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Option<i64> {
    ours(reader, settings, id).map(|fact| fact.generation)
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
    annotations: Annotations,
    /// The hosts that are served over TLS, and how.
    secure: Vec<(Host, TlsTermination)>,
    out: Contribution,
}

impl<'s> Translation<'_, 's> {
    fn run(&mut self) {
        let (annotations, problems) = Annotations::read(self.fact);
        self.annotations = annotations;
        for problem in problems {
            self.out.note(self.id, problem);
        }
        for (index, block) in self.fact.spec.tls.iter().flatten().enumerate() {
            self.tls_block(&format!("spec.tls[{index}]"), block);
        }
        if let Some(backend) = &self.fact.spec.default_backend {
            self.default_backend(backend);
        }
        for (index, rule) in self.fact.spec.rules.iter().flatten().enumerate() {
            self.rule(&format!("spec.rules[{index}]"), rule);
        }
    }

    fn tls_block(&mut self, path: &str, block: &IngressTLS) {
        let Some(reference) = block.secret_name.as_deref().filter(|name| !name.is_empty()) else {
            self.problem(
                format!("{path}.secretName"),
                "TLSError",
                "SecretNotValid",
                "no Secret is named, so these hosts are not served over TLS".into(),
            );
            return;
        };
        let own = &*self.id.namespace;
        let default = self.fact.annotation("projectcontour.io/tls-cert-namespace").unwrap_or(own);
        let secret = tls::split(reference, default);
        let certificate = match tls::pair(self.reader, own, secret) {
            Ok(certificate) => certificate,
            Err(unusable) => {
                let (reason, why) = match unusable {
                    Unusable::NotDelegated => {
                        ("DelegationNotPermitted", "certificate delegation not permitted".to_owned())
                    }
                    Unusable::Invalid(why) => ("SecretNotValid", format!("is invalid: {why}")),
                };
                let message = format!("TLS Secret \"{reference}\" {why}");
                self.problem(format!("{path}.secretName"), "TLSError", reason, message);
                return;
            }
        };
        let (minimum, maximum) = tls::versions(
            self.settings,
            self.fact.annotation("projectcontour.io/tls-minimum-protocol-version"),
            self.fact.annotation("projectcontour.io/tls-maximum-protocol-version"),
        );
        if minimum > maximum {
            let message = "the minimum TLS version is greater than the maximum".to_owned();
            self.problem("metadata.annotations".into(), "TLSError", "TLSConfigNotValid", message);
            return;
        }
        for (index, text) in block.hosts.iter().flatten().enumerate() {
            let Some(host) = self.host(&format!("{path}.hosts[{index}]"), text) else { continue };
            if !self.secure.iter().any(|(other, _)| *other == host) {
                let termination = TlsTermination { certificate: certificate.clone(), minimum, maximum };
                self.secure.push((host, termination));
            }
        }
    }

    fn default_backend(&mut self, backend: &'s IngressBackend) {
        let matches = RouteMatch::new(model::PathMatch::Prefix("/".into()), vec![], vec![]);
        let action = self.forward("spec.defaultBackend", backend, None);
        let route = self.route(matches, action);
        // HTTP only: there is no name to choose a certificate by.
        self.add(VirtualHostKey { listener: self.settings.http_listener(), host: Host::any() }, None, route);
    }

    fn rule(&mut self, path: &str, rule: &'s IngressRule) {
        let text = rule.host.as_deref().filter(|host| !host.is_empty()).unwrap_or("*");
        let Some(host) = self.host(&format!("{path}.host"), text) else { return };
        for (index, entry) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
            self.path(&format!("{path}.http.paths[{index}]"), &host, entry);
        }
    }

    fn path(&mut self, path: &str, host: &Host, entry: &'s HTTPIngressPath) {
        let matched = match path::path_match(entry) {
            Ok(matched) => matched,
            Err(message) => {
                let path = format!("{path}.path");
                return self.problem(path, "RouteError", "PathMatchConditionsNotValid", message);
            }
        };
        let action = self.forward(&format!("{path}.backend"), &entry.backend, entry.path.as_deref());
        let route = self.route(RouteMatch::new(matched, vec![], vec![]), action);
        let secure = self.secure.iter().find(|(other, _)| other == host).map(|(_, tls)| tls.clone());
        if let Some(tls) = secure {
            self.out.secrets.insert(tls.certificate.clone());
            let key = VirtualHostKey { listener: self.settings.https_listener(), host: host.clone() };
            self.add(key, Some(tls), route.clone());
        }
        if self.annotations.allow_http {
            let mut route = route;
            if self.annotations.force_https {
                route = self.route(route.matches, Action::UpgradeToHttps);
            }
            let key = VirtualHostKey { listener: self.settings.http_listener(), host: host.clone() };
            self.add(key, None, route);
        }
    }

    /// The way to a backend; 503 where there is none, so that the request goes to nobody else's instead.
    fn forward(&mut self, path: &str, backend: &'s IngressBackend, route_path: Option<&str>) -> Action {
        match self.cluster(backend) {
            Ok(cluster) => {
                let websockets = self.annotations.websockets.iter().any(|path| Some(&**path) == route_path);
                Action::Forward(Box::new(Forward {
                    clusters: vec![WeightedCluster::plain(cluster, 1)],
                    mirrors: vec![],
                    path: None,
                    host: None,
                    timeouts: self.annotations.timeouts,
                    retry: self.annotations.retry.clone(),
                    websockets,
                }))
            }
            Err(why) => {
                let message = format!("unresolved service reference: {why}");
                self.problem(path.to_owned(), "ServiceError", "ServiceUnresolvedReference", message);
                Action::Respond(DirectResponse { status: 503, body: "".into() })
            }
        }
    }

    fn cluster(&mut self, backend: &'s IngressBackend) -> Result<model::ClusterKey, String> {
        let Some(service) = &backend.service else {
            return Err("only backends of kind Service are supported, not resource backends".into());
        };
        let port = service.port.as_ref();
        let port = match (port.and_then(|port| port.number), port.and_then(|port| port.name.as_deref())) {
            (Some(number), _) => PortRef::Number(
                u16::try_from(number).map_err(|_| format!("port {number} must be in the range 1-65535"))?,
            ),
            (None, Some(name)) => PortRef::Name(name),
            (None, None) => return Err(format!("no port of service \"{}\" is named", service.name)),
        };
        let target = backend::target(self.reader, self.settings, &self.id.namespace, &service.name, port)?;
        Ok(self.out.add_cluster(target.cluster(self.settings, &Policy::default())))
    }

    fn route(&self, matches: RouteMatch, action: Action) -> Route {
        Route {
            matches,
            action,
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
            origin: self.id.clone(),
        }
    }

    /// Adds a route; of two with one match in one Ingress the later counts, as in Contour.
    fn add(&mut self, key: VirtualHostKey, tls: Option<TlsTermination>, route: Route) {
        let fragment = self.out.fragments.entry(key).or_insert_with(|| Fragment {
            rank: Rank { origin: Origin::Ingress, age: self.fact.age, root: self.id.clone() },
            tls,
            traffic: Traffic::Http(vec![]),
        });
        if let Traffic::Http(routes) = &mut fragment.traffic {
            routes.retain(|other| other.matches != route.matches);
            routes.push(route);
        }
    }

    fn host(&mut self, path: &str, text: &str) -> Option<Host> {
        if text == "*" {
            return Some(Host::any());
        }
        match crate::text::host(text) {
            Ok(host) => Some(host),
            Err(invalid) => {
                self.problem(path.to_owned(), "VirtualHostError", "HostNotValid", invalid.to_string());
                None
            }
        }
    }

    fn problem(&mut self, path: String, kind: &'static str, reason: &'static str, message: String) {
        let severity = Severity::Error;
        let message = format!("{path}: {message}");
        self.out.note(self.id, Problem { severity, kind, reason, path, message, help: None });
    }
}
