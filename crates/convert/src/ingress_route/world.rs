//! What keeps IngressRoutes from being converted: each by itself, and those that belong together.

use std::collections::{BTreeMap, BTreeSet};

use api::ingress_route::{Delegate, Route, Service, TcpProxy};
use api::{IngressRoute, Kind, ObjectId};

use super::paths;
use crate::Finding;

/// All IngressRoutes that there are.
pub(super) struct World {
    pub(super) objects: BTreeMap<ObjectId, IngressRoute>,
    /// Those that stay as they are.
    pub(super) refused: BTreeSet<ObjectId>,
    pub(super) findings: Vec<Finding>,
    /// Names of HTTPProxies that are there already.
    taken: BTreeSet<ObjectId>,
    /// The paths that each was handed, by those who did.
    bases: BTreeMap<ObjectId, BTreeSet<String>>,
}

impl World {
    pub(super) fn new(
        objects: BTreeMap<ObjectId, IngressRoute>,
        taken: BTreeSet<ObjectId>,
        findings: Vec<Finding>,
    ) -> Self {
        let mut bases: BTreeMap<ObjectId, BTreeSet<String>> = BTreeMap::new();
        for (id, object) in &objects {
            for route in object.spec.routes.iter().filter(|route| route.services.is_empty()) {
                let Some(delegate) = &route.delegate else { continue };
                bases.entry(target(id, delegate)).or_default().insert(paths::base(&route.prefix));
            }
        }
        Self { objects, refused: BTreeSet::new(), findings, taken, bases }
    }

    /// The path that an object was handed; empty for roots.
    pub(super) fn base(&self, id: &ObjectId) -> &str {
        let is_root = self.objects.get(id).is_some_and(|object| object.spec.virtualhost.is_some());
        let bases = self.bases.get(id).filter(|_| !is_root);
        bases.and_then(|bases| bases.first()).map_or("", String::as_str)
    }

    /// Finds those that stay as they are, and says why; `misfits` says why the HTTPProxies of those that are left
    /// cannot be.
    pub(super) fn judge(&mut self, misfits: impl Fn(&Self) -> Vec<Finding>) {
        let mut findings = Vec::new();
        for (id, object) in &self.objects {
            let mut judge = Judge { world: self, id, findings: &mut findings };
            judge.object(object);
        }
        self.refuse_all(findings);
        self.refuse_all(misfits(self));
        self.refuse_those_who_belong_to_them();
    }

    fn refuse_all(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
        let refusals = self.findings.iter().filter(|finding| finding.refuses);
        self.refused = refusals.map(|finding| finding.object.clone()).collect();
    }

    /// An HTTPProxy cannot include an IngressRoute, or be delegated to by one.
    fn refuse_those_who_belong_to_them(&mut self) {
        let edges: Vec<_> = self.objects.iter().flat_map(|(id, object)| edges(id, object)).collect();
        loop {
            let news: Vec<Finding> = edges.iter().filter_map(|edge| self.follows(edge)).collect();
            if news.is_empty() {
                return;
            }
            for finding in news {
                if self.refused.insert(finding.object.clone()) {
                    self.findings.push(finding);
                }
            }
        }
    }

    fn follows(&self, (from, path, to): &(ObjectId, String, ObjectId)) -> Option<Finding> {
        let (object, path, message) = match (self.refused.contains(from), self.refused.contains(to)) {
            (false, true) => (from, path.clone(), format!("delegates to {to}, which cannot be converted")),
            (true, false) if self.objects.contains_key(to) => {
                (to, String::new(), format!("{from} delegates to it, which cannot be converted"))
            }
            _ => return None,
        };
        Some(Finding { object: object.clone(), refuses: true, path, message, help: None })
    }
}

/// The object that a delegate names.
fn target(owner: &ObjectId, delegate: &Delegate) -> ObjectId {
    let namespace = delegate.namespace.as_deref().filter(|namespace| !namespace.is_empty());
    ObjectId::new(Kind::IngressRoute, namespace.unwrap_or(&owner.namespace), delegate.name.as_str())
}

/// Where an object delegates, and to whom.
fn edges(id: &ObjectId, object: &IngressRoute) -> Vec<(ObjectId, String, ObjectId)> {
    let edge = |path: String, delegate: &Delegate| (id.clone(), path, target(id, delegate));
    let routes = object.spec.routes.iter().enumerate();
    let routes = routes.filter_map(|(index, route)| {
        Some(edge(format!("spec.routes[{index}].delegate"), route.delegate.as_ref()?))
    });
    let tcp = object.spec.tcpproxy.as_ref().and_then(|tcp| tcp.delegate.as_ref());
    routes.chain(tcp.map(|delegate| edge("spec.tcpproxy.delegate".into(), delegate))).collect()
}

/// One object that is looked at.
struct Judge<'a> {
    world: &'a World,
    id: &'a ObjectId,
    findings: &'a mut Vec<Finding>,
}

impl Judge<'_> {
    fn object(&mut self, object: &IngressRoute) {
        if self.world.taken.contains(self.id) {
            self.refuse(
                "metadata.name",
                "there is an HTTPProxy of this name already",
                "rename one of the two",
            );
        }
        self.host(object);
        self.place(object);
        let mut seen = BTreeSet::new();
        for (index, route) in object.spec.routes.iter().enumerate() {
            let at = format!("spec.routes[{index}]");
            self.route(&at, route);
            let is_new = route.delegate.is_none() || seen.insert(paths::base(&route.prefix));
            if !is_new && !paths::base(&route.prefix).is_empty() {
                let help = "keep one of them";
                self.refuse(&format!("{at}.match"), "two routes delegate the same path", help);
            }
        }
        if let Some(tcp) = &object.spec.tcpproxy {
            self.tcp(tcp);
        }
    }

    fn host(&mut self, object: &IngressRoute) {
        let Some(host) = &object.spec.virtualhost else { return };
        if host.fqdn.contains('*') {
            let help =
                "an HTTPProxy would serve it, other than the IngressRoute; write the host that is meant";
            self.refuse("spec.virtualhost.fqdn", "a wildcard is not served", help);
        }
        let Some(tls) = &host.tls else { return };
        let has_secret = tls.secret_name.as_deref().is_some_and(|name| !name.trim().is_empty());
        if has_secret && tls.passthrough {
            self.remark(
                "spec.virtualhost.tls.passthrough",
                "has no effect beside secretName, and is left out",
            );
        }
        if let Some(word) = &tls.minimum_protocol_version
            && !matches!(word.as_str(), "" | "1.2" | "1.3")
        {
            let message = format!("{word:?} counts as \"1.2\", which is what is written");
            self.remark("spec.virtualhost.tls.minimumProtocolVersion", &message);
        }
    }

    /// A part has to know which path it goes on from.
    fn place(&mut self, object: &IngressRoute) {
        let is_part = object.spec.virtualhost.is_none() && !object.spec.routes.is_empty();
        match self.world.bases.get(self.id).map_or(0, BTreeSet::len) {
            0 if is_part && object.spec.tcpproxy.is_none() => {
                let help = "convert it together with those that delegate to it";
                let message =
                    "nobody here delegates to it, so that the path that it goes on from is not known";
                self.refuse("spec.routes", message, help);
            }
            2.. if is_part => {
                let help = "delegate one path to it, or make an object for each";
                self.refuse("spec.routes", "several paths are delegated to it", help);
            }
            _ => {}
        }
    }

    fn route(&mut self, at: &str, route: &Route) {
        if !route.prefix.starts_with('/') {
            self.refuse(&format!("{at}.match"), "does not begin with a slash", "begin it with /");
        } else if paths::below(&route.prefix, self.world.base(self.id)).is_none() {
            let help = "begin it with that path";
            self.refuse(&format!("{at}.match"), "is not below the path that was delegated", help);
        }
        match &route.delegate {
            Some(_) if !route.services.is_empty() => {
                self.refuse(at, "has both services and delegate", "keep one of the two");
            }
            Some(delegate) => {
                self.delegate(&format!("{at}.delegate"), delegate);
                self.unused(at, route);
            }
            None if route.services.is_empty() => self.remark(at, "does nothing, and is left out"),
            None => self.services(at, route),
        }
        self.policies(at, route);
    }

    /// What a route that delegates says in vain.
    fn unused(&mut self, at: &str, route: &Route) {
        for (field, is_set) in [
            ("enableWebsockets", route.enable_websockets),
            ("permitInsecure", route.permit_insecure),
            ("prefixRewrite", route.prefix_rewrite.is_some()),
            ("timeoutPolicy", route.timeout_policy.is_some()),
            ("retryPolicy", route.retry_policy.is_some()),
        ] {
            if is_set {
                self.remark(&format!("{at}.{field}"), "has no effect beside delegate, and is left out");
            }
        }
    }

    fn delegate(&mut self, at: &str, delegate: &Delegate) {
        let target = target(self.id, delegate);
        match self.world.objects.get(&target) {
            None => {
                let help = "convert both together, or remove the delegation";
                self.refuse(at, &format!("{target} is not here"), help);
            }
            Some(object) if object.spec.virtualhost.is_some() => {
                self.refuse(at, &format!("{target} has a host of its own"), "remove the delegation");
            }
            Some(_) => {}
        }
    }

    /// An HTTPProxy says for a whole route what an IngressRoute says for each of its services.
    fn services(&mut self, at: &str, route: &Route) {
        self.strategies(at, &route.services);
        let Some((first, others)) = route.services.split_first() else { return };
        for (index, other) in (1..).zip(others) {
            let at = format!("{at}.services[{index}]");
            let help = "an HTTPProxy has one for all services of a route: give them the same";
            if strategy(other) != strategy(first) {
                self.refuse(&format!("{at}.strategy"), "differs from that of the first service", help);
            }
            if other.health_check != first.health_check {
                self.refuse(&format!("{at}.healthCheck"), "differs from that of the first service", help);
            }
        }
    }

    fn strategies(&mut self, at: &str, services: &[Service]) {
        for (index, service) in services.iter().enumerate() {
            let Some(word) = service.strategy.as_ref() else { continue };
            if word.known().is_none() && !word.as_str().is_empty() {
                let message = format!("{:?} counts as \"RoundRobin\", and is left out", word.as_str());
                self.remark(&format!("{at}.services[{index}].strategy"), &message);
            }
        }
    }

    fn policies(&mut self, at: &str, route: &Route) {
        let is_unreadable = |text: &str| api::duration::Timeout::parse(text).is_err();
        let request = route.timeout_policy.as_ref().and_then(|policy| policy.request.as_deref());
        if request.is_some_and(is_unreadable) {
            let path = format!("{at}.timeoutPolicy.request");
            self.remark(&path, "cannot be read and counts as no limit: infinity is what is written");
        }
        let per_try = route.retry_policy.as_ref().and_then(|policy| policy.per_try_timeout.as_deref());
        if per_try.is_some_and(is_unreadable) {
            let path = format!("{at}.retryPolicy.perTryTimeout");
            self.remark(&path, "cannot be read and counts as not said, so it is left out");
        }
    }

    fn tcp(&mut self, tcp: &TcpProxy) {
        if let Some(delegate) = &tcp.delegate {
            self.delegate("spec.tcpproxy.delegate", delegate);
        }
        self.strategies("spec.tcpproxy", &tcp.services);
        let Some((first, others)) = tcp.services.split_first() else { return };
        for (index, service) in tcp.services.iter().enumerate() {
            if service.health_check.is_some() {
                let path = format!("spec.tcpproxy.services[{index}].healthCheck");
                self.remark(&path, "has no effect on connections, and is left out");
            }
        }
        for (index, other) in (1..).zip(others) {
            if strategy(other) != strategy(first) {
                let path = format!("spec.tcpproxy.services[{index}].strategy");
                let help = "an HTTPProxy has one for all services of a tcpproxy: give them the same";
                self.refuse(&path, "differs from that of the first service", help);
            }
        }
    }

    fn refuse(&mut self, path: &str, message: &str, help: &str) {
        self.say(true, path, message, Some(help));
    }

    fn remark(&mut self, path: &str, message: &str) {
        self.say(false, path, message, None);
    }

    fn say(&mut self, refuses: bool, path: &str, message: &str, help: Option<&str>) {
        let (object, help) = (self.id.clone(), help.map(Into::into));
        self.findings.push(Finding { object, refuses, path: path.into(), message: message.into(), help });
    }
}

/// How a service's endpoints are chosen; nothing for in turn, which unknown words mean too.
pub(super) fn strategy(service: &Service) -> Option<&str> {
    let strategy = service.strategy.as_ref()?;
    strategy.known()?;
    Some(strategy.as_str()).filter(|word| *word != "RoundRobin")
}
