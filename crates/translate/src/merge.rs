//! What all roots together make of one host of one listener.

use std::collections::BTreeMap;

use model::{ObjectId, Problem, Route, RouteMatch, Severity, Traffic, VirtualHost, VirtualHostKey};

use crate::{Fragment, Note};

/// What all roots together make of one host of one listener.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Merged {
    /// The host; `None` when nobody contributes.
    pub virtual_host: Option<VirtualHost>,
    /// What the losers of conflicts are told.
    pub notes: BTreeMap<ObjectId, Note>,
}

/// Merges the fragments of a host: the first in rank decides how TLS ends and whether connections are
/// carried as they are; routes are put together, and of two with the same match the first in rank stays.
#[must_use]
pub fn merge(key: &VirtualHostKey, mut fragments: Vec<Fragment>) -> Merged {
    fragments.sort_by(|a, b| a.rank.cmp(&b.rank));
    let mut merged = Merged::default();
    let mut fragments = fragments.into_iter();
    let Some(first) = fragments.next() else { return merged };
    let tls = first.tls;
    let traffic = match first.traffic {
        Traffic::Tcp(proxy) => {
            for loser in fragments {
                merged.tell(&loser.rank.root, lost_host(key, &first.rank.root));
            }
            Traffic::Tcp(proxy)
        }
        Traffic::Http(routes) => Traffic::Http(merged.routes(key, &first.rank.root, routes, fragments)),
    };
    merged.virtual_host = Some(VirtualHost { host: key.host.clone(), tls, traffic });
    merged
}

impl Merged {
    fn routes(
        &mut self,
        key: &VirtualHostKey,
        first: &ObjectId,
        routes: Vec<Route>,
        others: impl Iterator<Item = Fragment>,
    ) -> Vec<Route> {
        let mut table: BTreeMap<RouteMatch, (ObjectId, Route)> = BTreeMap::new();
        self.add(key, &mut table, first, routes);
        for fragment in others {
            match fragment.traffic {
                Traffic::Http(routes) => self.add(key, &mut table, &fragment.rank.root, routes),
                Traffic::Tcp(_) => self.tell(&fragment.rank.root, lost_host(key, first)),
            }
        }
        table.into_values().map(|(_, route)| route).collect()
    }

    fn add(
        &mut self,
        key: &VirtualHostKey,
        table: &mut BTreeMap<RouteMatch, (ObjectId, Route)>,
        root: &ObjectId,
        routes: Vec<Route>,
    ) {
        for route in routes {
            match table.get(&route.matches) {
                None => {
                    table.insert(route.matches.clone(), (root.clone(), route));
                }
                // Within one root an equal match is the root's own business: it has been told already.
                Some((winner, _)) if winner == root => {}
                Some((winner, _)) => self.tell(root, lost_route(key, &route, winner)),
            }
        }
    }

    fn tell(&mut self, object: &ObjectId, problem: Problem) {
        let problems = &mut self.notes.entry(object.clone()).or_default().problems;
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

fn lost_host(key: &VirtualHostKey, winner: &ObjectId) -> Problem {
    Problem {
        severity: Severity::Warning,
        kind: "VirtualHostError",
        reason: "HostConflict",
        path: String::new(),
        message: format!("host \"{}\" on {} is already served by a {}", key.host, key.listener, winner.kind),
        help: Some("use another host, or remove one of the two objects".into()),
    }
}

fn lost_route(key: &VirtualHostKey, route: &Route, winner: &ObjectId) -> Problem {
    let path = match &route.matches.path {
        model::PathMatch::Exact(path)
        | model::PathMatch::Regex(path)
        | model::PathMatch::Segments(path)
        | model::PathMatch::Prefix(path) => path,
    };
    Problem {
        severity: Severity::Warning,
        kind: "RouteError",
        reason: "RouteConflict",
        path: String::new(),
        message: format!(
            "path \"{path}\" of host \"{}\" is already routed by an older or overriding {}",
            key.host, winner.kind
        ),
        help: Some("give the two routes different conditions, or remove one of them".into()),
    }
}
