//! Clients that stay with one of several backends, as they stay with its endpoint (GEP-1619).
//!
//! Envoy draws a backend before it looks at a session, and looks for the endpoint of a session in that backend alone. So
//! what brings a session says the backend, too; and in front of the route that draws stands a route for each backend, which
//! takes the requests that bring its sessions. It stands there for backends that get no new clients, too.

use model::{
    Action, Forward, HeaderMatch, HeaderPredicate, Route, RouteMatch, SessionPersistence, TextMatch,
    WeightedCluster,
};

use crate::filters::stateful_session;

/// The routes of clients that have a backend already; none where all clients come to the same one.
pub(super) fn kept(route: &Route) -> Vec<Route> {
    let Action::Forward(forward) = &route.action else { return vec![] };
    match &forward.session {
        Some(session) if forward.clusters.len() > 1 || forward.invalid > 0 => {
            let alone = |backend| to_one(route, forward, backend, session);
            forward.clusters.iter().map(alone).collect()
        }
        Some(_) | None => vec![],
    }
}

/// A route that takes the clients of one backend.
fn to_one(
    route: &Route,
    forward: &Forward,
    backend: &WeightedCluster,
    session: &SessionPersistence,
) -> Route {
    let alone = WeightedCluster { weight: 1, ..backend.clone() };
    let forward = Forward { clusters: vec![alone], invalid: 0, ..forward.clone() };
    let RouteMatch { path, mut headers, query } = route.matches.clone();
    headers.push(brings(session, backend));
    let matches = RouteMatch::new(path, headers, query);
    Route { matches, action: Action::Forward(Box::new(forward)), ..route.clone() }
}

/// That a request brings a session with a backend.
fn brings(session: &SessionPersistence, backend: &WeightedCluster) -> HeaderMatch {
    let (name, value) = stateful_session::brought(session, &backend.cluster);
    let predicate = HeaderPredicate::Contains(TextMatch { value: value.into(), ignore_case: false });
    HeaderMatch { name: name.into(), predicate, invert: false, missing_is_empty: false }
}
