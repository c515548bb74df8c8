//! What all roots together make of one host of one listener.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use model::{
    Action, JwtProvider, Kind, ObjectId, PathMatch, Problem, Route, Severity, TlsTermination, Traffic,
    VirtualHost, VirtualHostKey,
};

use crate::gateway_api::{ACCEPTED, MATCH_CONFLICT};
use crate::text::quoted;
use crate::{Fragment, Note, Origin, Rank};

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
    let mut others: Vec<_> = serving.collect();
    need_token(&mut others, &jwt_providers);
    let traffic = match traffic {
        carried @ (Traffic::Tcp(_) | Traffic::Udp(_)) => {
            others.iter().for_each(|loser| conflicts.tell_host(&loser.rank));
            carried
        }
        Traffic::Http(routes) if has_routes => Traffic::Http(conflicts.in_order(routes, others)),
        Traffic::Http(routes) => Traffic::Http(conflicts.routes(routes, tls.as_ref(), others)),
    };
    let is_served = !matches!(&traffic, Traffic::Http(routes) if routes.is_empty());
    let host = key.host.clone();
    let host = VirtualHost { host, section, tls, traffic, policies, cors, jwt_providers, authorization };
    Merged { virtual_host: is_served.then_some(host), notes: conflicts.notes() }
}

/// Has the routes of other roots carry the token that the first in rank asks of routes which say nothing.
fn need_token(others: &mut [Fragment], providers: &[JwtProvider]) {
    let Some(provider) = providers.iter().find(|provider| provider.is_default) else { return };
    for fragment in others {
        if let Traffic::Http(routes) = &mut fragment.traffic {
            routes.iter_mut().for_each(|route| route.jwt = Some(Arc::clone(&provider.name)));
        }
    }
}

/// The path of a route, for messages.
fn path(route: &Route) -> String {
    let (PathMatch::Exact(path)
    | PathMatch::Regex(path)
    | PathMatch::Segments(path)
    | PathMatch::Prefix(path)) = &route.matches.path;
    format!("path {}", quoted(path))
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
    /// The routes of all fragments by the order of the Gateway API: the more specific first, then those of the first in rank,
    /// then as they stand there. What an equal match before takes is left out.
    fn in_order(&mut self, routes: Vec<Route>, others: Vec<Fragment>) -> Vec<Route> {
        let mut all = routes;
        for fragment in others {
            match fragment.traffic {
                Traffic::Http(routes) => all.extend(routes),
                Traffic::Tcp(_) | Traffic::Udp(_) => self.tell_host(&fragment.rank),
            }
        }
        all.sort_by(|one, other| one.matches.specificity(&other.matches));
        let mut firsts = HashMap::new();
        let mut winners = Vec::with_capacity(all.len());
        for route in &all {
            winners.push(match firsts.entry(&route.matches) {
                Entry::Vacant(vacant) => {
                    vacant.insert(&route.origin);
                    None
                }
                Entry::Occupied(first) => Some(ObjectId::clone(first.get())),
            });
        }
        let stays = |(route, winner): (Route, Option<ObjectId>)| match winner {
            None => Some(route),
            Some(winner) => {
                self.tell_match(&route, &winner);
                None
            }
        };
        all.into_iter().zip(winners).filter_map(stays).collect()
    }

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
            let root = fragment.rank.root.clone();
            match fragment.traffic {
                Traffic::Http(routes) => all.extend(routes.into_iter().map(|route| (roots.len(), route))),
                Traffic::Tcp(_) | Traffic::Udp(_) => self.tell_host(&fragment.rank),
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

    fn tell_host(&mut self, loser: &Rank) {
        let VirtualHostKey { listener, host } = self.key;
        let what = match host.is_any() {
            true => format!("listener {listener}"),
            false => format!("host \"{host}\" on {listener}"),
        };
        let message = format!("{what} is already served by {}", self.winner);
        let help = "use another host, or remove one of the two";
        let reason = match loser.origin {
            Origin::HttpProxy | Origin::IngressRoute | Origin::Ingress => {
                ("VirtualHostError", "HostConflict")
            }
            Origin::Route => (ACCEPTED, MATCH_CONFLICT),
            // It answers where nobody else does.
            Origin::Gateway => return,
        };
        self.tell(&loser.root, Severity::Warning, reason, message, help);
    }

    /// A route of the Gateway API, or of a root that a Gateway serves, has a match that another has before it.
    fn tell_match(&mut self, loser: &Route, winner: &ObjectId) {
        // Its answer is for what no route matches.
        if matches!(loser.origin.kind, Kind::Gateway | Kind::ListenerSet) {
            return;
        }
        let by = if loser.origin == *winner {
            "an earlier rule of its own".to_owned()
        } else {
            winner.to_string()
        };
        let message = format!("{} of host \"{}\" is already matched by {by}", path(loser), self.key.host);
        let help = "give the two different matches, or remove one of them";
        self.tell(&loser.origin, Severity::Warning, (ACCEPTED, MATCH_CONFLICT), message, help);
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
        let message = format!(
            "{} of host \"{}\" is already routed by an older or overriding {winner}",
            path(route),
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
