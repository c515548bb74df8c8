//! HTTPRoutes.

mod matches;
mod redirected;

pub(super) use matches::header;

use std::sync::Arc;
use std::time::Duration;

use api::duration;
use api::gateway_api::http_route::redirect::HttpRequestRedirectFilter;
use api::gateway_api::http_route::{HttpBackendRef, HttpRouteRetry, HttpRouteRule, HttpRouteTimeouts};
use api::gateway_api::references::BackendObjectReference;
use model::{
    Action, Forward, ObjectId, PathMatch, PathRewrite, Policies, Redirect, RedirectPath, RedirectPort, Retry,
    Route, RouteMatch, RouteTimeouts, Segments, SessionPersistence, Settings, Timeout, WeightedCluster,
};
use store::Reader;

use super::backend::Speaks;
use super::filters::{Filters, PathChange};
use super::requests::Requests;
use super::translation::Translation;
use crate::Contribution;
use crate::field_path::FieldPath;
use crate::text::quoted;

/// What an HTTPRoute contributes.
pub(super) fn contribution(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Contribution {
    let Some(fact) = reader.http_route(&id.namespace, &id.name) else { return Contribution::default() };
    let spec = &fact.spec;
    let (parents, hosts, rules) = (&*spec.parent_refs, &*spec.hostnames, &*spec.rules);
    let default_gateways = spec.use_default_gateways.as_ref();
    let requests = Requests { id, age: fact.age, parents, hosts, default_gateways, rules };
    requests.contribution(reader, settings, Translation::http_rule)
}

impl Translation<'_, '_> {
    /// The routes of a rule, one for each match.
    fn http_rule(&mut self, at: &FieldPath<'_>, rule: &HttpRouteRule) -> Vec<Route> {
        self.rule.clone_from(&rule.name);
        self.tell_redirected(at, rule);
        let mut matched = Vec::new();
        for (index, one) in rule.matches.iter().enumerate() {
            match matches::route_match(one) {
                Ok(route_match) => matched.push(route_match),
                Err(why) => self.unsupported(&at.item("matches", index), why),
            }
        }
        let filters = self.filters(at, &rule.filters, Speaks::Http);
        self.serves |= !matched.is_empty() && !filters.is_broken;
        let forward = self.forward(at, rule, &filters);
        let mut routes = Vec::new();
        for matches in matched {
            let change = path_change(&filters).map(|change| Change::of(change, &matches));
            let action = action(&filters, &forward, change);
            routes.push(self.http_route(matches, action, &filters));
        }
        routes
    }

    pub(super) fn http_route(&self, matches: RouteMatch, action: Action, filters: &Filters<'_>) -> Route {
        Route {
            matches,
            action,
            policies: Policies::default(),
            jwt: None,
            authorization: filters.authorization.clone(),
            cors: filters.cors.clone(),
            request_headers: filters.request.clone(),
            response_headers: filters.response.clone(),
            origin: self.id.clone(),
        }
    }

    /// Where requests go; what answers instead where nobody can have them.
    fn forward(&mut self, at: &FieldPath<'_>, rule: &HttpRouteRule, filters: &Filters<'_>) -> Action {
        let shares = self.http_backends(at, &rule.backend_refs);
        let backends = rule.backend_refs.iter().map(HttpBackendRef::object);
        let session = self.session(at, rule.session_persistence.as_deref(), backends);
        let Some(Shares { clusters, invalid }) = shares.with(session.as_ref()) else {
            return Action::closed();
        };
        let timeouts = self.timeouts(at, rule);
        let retry = self.retry(at, rule.retry.as_ref(), rule.timeouts.as_ref());
        Action::Forward(Box::new(Forward {
            clusters,
            invalid,
            mirrors: filters.mirrors.clone(),
            path: None,
            host: filters.host.clone(),
            hash: vec![],
            session,
            timeouts,
            retry,
            websockets: true,
            internal_redirect: None,
        }))
    }

    fn http_backends(&mut self, at: &FieldPath<'_>, backends: &[HttpBackendRef]) -> Shares {
        let mut shares = Shares::default();
        for (index, backend) in backends.iter().enumerate() {
            let at = at.item("backendRefs", index);
            let mut filters = self.filters(&at, &backend.filters, Speaks::Http);
            if filters.is_for_rules_only() {
                let message = "filters of a backend can change headers and the host only";
                self.unsupported(&at.field("filters"), message);
                // What must be asked about is not served unasked.
                filters.is_broken |= filters.authorization.is_some();
            }
            self.backend(&at, (&backend.object(), backend.weight), filters, Speaks::Http, &mut shares);
        }
        shares
    }
}

/// Backends with their shares.
#[derive(Debug, Default)]
pub(super) struct Shares {
    pub(super) clusters: Vec<WeightedCluster>,
    /// The weight of those that cannot be used.
    pub(super) invalid: u32,
}

impl Shares {
    /// Those of a rule: a backend without a share has its place where sessions may be with it. `None` where no backend has
    /// a share.
    pub(super) fn with(mut self, session: Option<&SessionPersistence>) -> Option<Self> {
        let has_share = |backend: &WeightedCluster| backend.weight > 0;
        if !self.clusters.iter().any(has_share) {
            return None;
        }
        if session.is_none() {
            self.clusters.retain(has_share);
        }
        Some(self)
    }
}

/// What a rule does to paths.
fn path_change<'a>(filters: &Filters<'a>) -> Option<PathChange<'a>> {
    let redirected = filters.redirect.and_then(|redirect| redirect.path.as_ref()).and_then(PathChange::of);
    filters.path.or(redirected)
}

/// What happens to requests of one match.
fn action(filters: &Filters<'_>, forward: &Action, change: Option<Change>) -> Action {
    if filters.is_broken {
        return Action::closed();
    }
    if let Some(redirect) = filters.redirect {
        return Action::Redirect(self::redirect(redirect, change));
    }
    let mut action = forward.clone();
    if let Action::Forward(forward) = &mut action {
        forward.path = change.map(|change| match change {
            Change::Full(path) => PathRewrite::Full(path),
            Change::Segments(segments) => PathRewrite::Segments(segments),
        });
    }
    action
}

fn redirect(filter: &HttpRequestRedirectFilter, change: Option<Change>) -> Redirect {
    Redirect {
        scheme: filter.scheme.as_ref().map(|scheme| scheme.as_str().into()),
        host: filter.hostname.as_deref().map(Into::into),
        port: filter
            .port
            .and_then(|port| u16::try_from(port).ok())
            .map_or(RedirectPort::Same, RedirectPort::Number),
        path: change.map(|change| match change {
            Change::Full(path) => RedirectPath::Full(path),
            Change::Segments(segments) => RedirectPath::Segments(segments),
        }),
        status: u16::try_from(filter.status_code).unwrap_or(302),
    }
}

/// How the path of a request changes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Full(Arc<str>),
    Segments(Segments),
}

impl Change {
    /// The change for requests that match.
    fn of(change: PathChange<'_>, matches: &RouteMatch) -> Self {
        match change {
            PathChange::Full("") => Self::Full("/".into()),
            PathChange::Full(path) => Self::Full(path.into()),
            PathChange::Prefix(replacement) => {
                let matched = match &matches.path {
                    PathMatch::Segments(segments) => segments.clone(),
                    // All of the path is below what has no segments.
                    PathMatch::Exact(_) | PathMatch::Regex(_) | PathMatch::Prefix(_) => "".into(),
                };
                let replacement = replacement.trim_end_matches('/').into();
                Self::Segments(Segments { matched, replacement })
            }
        }
    }
}

impl Translation<'_, '_> {
    /// Adds a backend with its share: one that cannot be used answers for it with 500.
    pub(super) fn backend(
        &mut self,
        at: &FieldPath<'_>,
        (reference, weight): (&BackendObjectReference, i64),
        filters: Filters<'_>,
        speaks: Speaks,
        shares: &mut Shares,
    ) {
        let weight = u32::try_from(weight).unwrap_or_default();
        match self.cluster(at, reference, speaks) {
            Ok(cluster) if !filters.is_broken => shares.clusters.push(WeightedCluster {
                request_headers: filters.request,
                response_headers: filters.response,
                host: filters.host,
                ..WeightedCluster::plain(self.out.add_cluster(cluster), weight)
            }),
            Ok(_) => shares.invalid = shares.invalid.saturating_add(weight),
            Err(failure) => {
                self.unresolved(at, failure);
                shares.invalid = shares.invalid.saturating_add(weight);
            }
        }
    }

    /// The limits of a rule. That of one try bounds the whole where there are no others; else it is told with the tries.
    fn timeouts(&mut self, at: &FieldPath<'_>, rule: &HttpRouteRule) -> RouteTimeouts {
        let at = at.field("timeouts");
        let mut limit = |field, text: Option<&str>| {
            text.map_or(Timeout::Disabled, |text| self.timeout(&at.field(field), text))
        };
        let timeouts = rule.timeouts.as_ref();
        let request = limit("request", timeouts.and_then(|timeouts| timeouts.request.as_deref()));
        let of_one = timeouts.filter(|_| rule.retry.is_none());
        let of_one = limit("backendRequest", of_one.and_then(|timeouts| timeouts.backend_request.as_deref()));
        let response = match (request, of_one) {
            (Timeout::After(request), Timeout::After(of_one)) => Timeout::After(request.min(of_one)),
            (Timeout::Disabled, other) | (other, Timeout::Disabled) => other,
            _ => Timeout::Default,
        };
        RouteTimeouts { response, idle: Timeout::Default }
    }

    /// A time limit; zero for none.
    fn timeout(&mut self, at: &FieldPath<'_>, text: &str) -> Timeout {
        match duration::parse(text).map_err(|why| why.to_string()) {
            Ok(time) if time.is_zero() => Timeout::Disabled,
            Ok(time) => match rules::timeout(time) {
                Ok(time) => Timeout::After(time),
                Err(why) => {
                    self.unsupported(at, why.to_string());
                    Timeout::Default
                }
            },
            Err(why) => {
                self.unsupported(at, format!("{}: {why}", quoted(text)));
                Timeout::Default
            }
        }
    }

    /// Second tries, and the limit of one try where there is one.
    fn retry(
        &mut self,
        at: &FieldPath<'_>,
        retry: Option<&HttpRouteRetry>,
        timeouts: Option<&HttpRouteTimeouts>,
    ) -> Option<Retry> {
        let retry = retry?;
        let backend = timeouts.and_then(|timeouts| timeouts.backend_request.as_deref());
        let per_try = backend.map(|text| self.timeout(&at.field("timeouts").field("backendRequest"), text));
        let mut codes: Vec<_> = retry.codes.iter().filter_map(|code| u32::try_from(*code).ok()).collect();
        codes.sort_unstable();
        codes.dedup();
        // `reset` is every end of a connection without an answer, and that of a try by its limit.
        let on = match codes.is_empty() {
            true => "connect-failure,reset",
            false => "connect-failure,reset,retriable-status-codes",
        };
        Some(Retry {
            on: on.into(),
            count: retry.attempts.and_then(|count| u32::try_from(count).ok()).unwrap_or(1),
            per_try: per_try.unwrap_or(Timeout::Default),
            status_codes: codes,
            back_off: self.back_off(&at.field("retry"), retry),
        })
    }

    /// The pause before another try.
    fn back_off(&mut self, at: &FieldPath<'_>, retry: &HttpRouteRetry) -> Option<Duration> {
        let text = retry.backoff.as_deref()?;
        match self.timeout(&at.field("backoff"), text) {
            Timeout::After(time) => Some(time),
            Timeout::Default | Timeout::Disabled => None,
        }
    }
}
