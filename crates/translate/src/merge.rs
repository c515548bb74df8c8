//! What all roots together make of one host of one listener.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use model::{
    Action, Kind, ObjectId, PathMatch, Problem, Route, Severity, TlsTermination, Traffic, VirtualHost,
    VirtualHostKey,
};

use crate::text::quoted;
use crate::{Fragment, Note, Origin};

/// What all roots together make of one host of one listener.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Merged {
    /// The host; `None` when nobody contributes.
    pub virtual_host: Option<VirtualHost>,
    /// What the losers of conflicts are told.
    pub notes: BTreeMap<ObjectId, Note>,
}

/// Merges the fragments of a host: the first in rank decides what requests must meet, the first that serves how TLS
/// ends and whether connections are carried as they are; routes are put together, and of two with the same match the
/// first in rank stays. A root that closes the host closes it for all.
#[must_use]
pub fn merge(key: &VirtualHostKey, mut fragments: Vec<Fragment>) -> Merged {
    fragments.sort_by(|a, b| a.rank.cmp(&b.rank));
    let policies = fragments.first().map(|first| first.policies.clone()).unwrap_or_default();
    let closer = fragments.iter().find(|fragment| fragment.closed).map(|fragment| fragment.rank.root.clone());
    let mut serving: Vec<_> = fragments.into_iter().filter(Fragment::serves).collect();
    let Some(winner) = serving.first().map(|first| first.rank.root.clone()) else { return Merged::default() };
    let mut conflicts = Conflicts { key, winner, told: BTreeMap::new() };
    if let Some(closer) = closer {
        let others = serving.iter_mut().filter(|fragment| fragment.rank.root != closer);
        others.for_each(|fragment| conflicts.close(&closer, fragment));
    }
    let has_routes = serving.iter().any(|fragment| fragment.rank.origin >= Origin::Route);
    let mut serving = serving.into_iter();
    let Some(Fragment { section, tls, traffic, cors, jwt_providers, authorization, .. }) = serving.next()
    else {
        return Merged::default();
    };
    let others: Vec<_> = serving.collect();
    let traffic = match traffic {
        carried @ (Traffic::Tcp(_) | Traffic::Udp(_)) => {
            // In the Gateway API it is no fault to come second.
            let losers = others.iter().filter(|loser| loser.rank.origin < Origin::Route);
            losers.for_each(|loser| conflicts.tell_host(&loser.rank.root));
            carried
        }
        Traffic::Http(routes) if has_routes => Traffic::Http(in_order(routes, others)),
        Traffic::Http(routes) => Traffic::Http(conflicts.routes(routes, tls.as_ref(), others)),
    };
    let is_served = !matches!(&traffic, Traffic::Http(routes) if routes.is_empty());
    let host = key.host.clone();
    let host = VirtualHost { host, section, tls, traffic, policies, cors, jwt_providers, authorization };
    Merged { virtual_host: is_served.then_some(host), notes: conflicts.notes() }
}

/// The routes of all fragments by the order of the Gateway API: the more specific first, then those of the first in rank,
/// then as they stand there. What an equal match before takes is left out.
fn in_order(routes: Vec<Route>, others: Vec<Fragment>) -> Vec<Route> {
    let of_others = others.into_iter().flat_map(|fragment| match fragment.traffic {
        Traffic::Http(routes) => routes,
        Traffic::Tcp(_) | Traffic::Udp(_) => vec![],
    });
    let mut all: Vec<Route> = routes.into_iter().chain(of_others).collect();
    all.sort_by(|one, other| one.matches.specificity(&other.matches));
    let mut seen = HashSet::new();
    let firsts: Vec<_> = all.iter().map(|route| seen.insert(&route.matches)).collect();
    all.into_iter().zip(firsts).filter_map(|(route, is_first)| is_first.then_some(route)).collect()
}

/// Whether two ends of TLS are the same for clients that name the host. Others may be served by one of the two only.
fn is_same(one: Option<&TlsTermination>, other: Option<&TlsTermination>) -> bool {
    let named = |tls: &TlsTermination| {
        (tls.certificates.clone(), tls.minimum, tls.maximum, tls.clients.certificates().cloned())
    };
    one.map(named) == other.map(named)
}

/// A host with several claims.
struct Conflicts<'a> {
    key: &'a VirtualHostKey,
    /// The first in rank.
    winner: ObjectId,
    told: BTreeMap<ObjectId, BTreeSet<Problem>>,
}

impl Conflicts<'_> {
    /// All routes by precedence; of equal matches the first in rank stays.
    fn routes(
        &mut self,
        routes: Vec<Route>,
        tls: Option<&TlsTermination>,
        others: Vec<Fragment>,
    ) -> Vec<Route> {
        // As nearly all are.
        if others.is_empty() && routes.is_sorted_by(|one, next| one.matches < next.matches) {
            return routes;
        }
        let mut all: Vec<(usize, Route)> = routes.into_iter().map(|route| (0, route)).collect();
        let mut roots = vec![self.winner.clone()];
        for fragment in others {
            let root = fragment.rank.root;
            match fragment.traffic {
                Traffic::Http(routes) => all.extend(routes.into_iter().map(|route| (roots.len(), route))),
                Traffic::Tcp(_) | Traffic::Udp(_) => self.tell_host(&root),
            }
            if !is_same(fragment.tls.as_ref(), tls) {
                self.tell_tls(&root, tls);
            }
            roots.push(root);
        }
        all.sort_by(|(a, one), (b, other)| one.matches.cmp(&other.matches).then(a.cmp(b)));
        let mut sorted: Vec<(usize, Route)> = Vec::with_capacity(all.len());
        for (root, route) in all {
            match sorted.last() {
                Some((winner, last)) if last.matches == route.matches => {
                    let winner = roots[*winner].kind;
                    self.tell_route(&roots[root], &route, winner);
                }
                Some(_) | None => sorted.push((root, route)),
            }
        }
        sorted.into_iter().map(|(_, route)| route).collect()
    }

    /// Closes what a root has in a host that another root closes.
    fn close(&mut self, closer: &ObjectId, fragment: &mut Fragment) {
        match &mut fragment.traffic {
            Traffic::Tcp(_) | Traffic::Udp(_) => fragment.traffic = Traffic::Http(vec![]),
            Traffic::Http(routes) => {
                let closed = Action::closed();
                routes.iter_mut().for_each(|route| route.action = closed.clone());
            }
        }
        let host = &self.key.host;
        let message = format!(
            "host \"{host}\" is closed by {closer}, which restricts access in a way that cannot be built"
        );
        let help = "mend that object, or use another host";
        self.tell(&fragment.rank.root, Severity::Error, ("VirtualHostError", "HostClosed"), message, help);
    }

    fn tell_host(&mut self, loser: &ObjectId) {
        let VirtualHostKey { listener, host } = self.key;
        let message = format!("host \"{host}\" on {listener} is already served by {}", self.winner);
        let help = "use another host, or remove one of the two";
        self.tell(loser, Severity::Warning, ("VirtualHostError", "HostConflict"), message, help);
    }

    fn tell_tls(&mut self, loser: &ObjectId, tls: Option<&TlsTermination>) {
        let message =
            format!("TLS of host \"{}\" is decided by {}, this is not used", self.key.host, self.winner);
        let asks_clients = tls.is_some_and(|tls| tls.clients.certificates().is_some());
        let help = match asks_clients {
            true => "use another host if its clients have no certificates to show",
            false => "give both the same Secret and TLS versions",
        };
        self.tell(loser, Severity::Warning, ("TLSError", "TLSConflict"), message, help);
    }

    fn tell_route(&mut self, loser: &ObjectId, route: &Route, winner: Kind) {
        let (PathMatch::Exact(path)
        | PathMatch::Regex(path)
        | PathMatch::Segments(path)
        | PathMatch::Prefix(path)) = &route.matches.path;
        let path = quoted(path);
        let message = format!(
            "path {path} of host \"{}\" is already routed by an older or overriding {winner}",
            self.key.host
        );
        let help = "give the two routes different conditions, or remove one of them";
        self.tell(loser, Severity::Warning, ("RouteError", "RouteConflict"), message, help);
    }

    fn tell(
        &mut self,
        loser: &ObjectId,
        severity: Severity,
        (kind, reason): (&'static str, &'static str),
        message: String,
        help: &str,
    ) {
        let path = String::new();
        let help = Some(help.to_owned());
        let problem = Problem { severity, kind, reason, path, message, help };
        self.told.entry(loser.clone()).or_default().insert(problem);
    }

    fn notes(self) -> BTreeMap<ObjectId, Note> {
        let note = |(object, problems): (_, BTreeSet<_>)| {
            (object, Note { problems: problems.into_iter().collect(), ..Note::default() })
        };
        self.told.into_iter().map(note).collect()
    }
}
