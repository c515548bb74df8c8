//! What happens to a request that a route takes.

use std::sync::Arc;
use std::time::Duration;

use crate::{
    ClusterKey, CookieRewrite, CorsPolicy, Fraction, HashPart, HeaderEdits, ObjectId, Policies,
    RouteAuthorization, RouteMatch, Timeout,
};

/// A route: which requests it takes, and what happens to them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// Which requests it takes.
    pub matches: RouteMatch,
    /// What happens to them.
    pub action: Action,
    /// What they must meet first, where that is other than for the host.
    pub policies: Policies,
    /// The provider of the host whose token they must carry.
    pub jwt: Option<Arc<str>>,
    /// The service that is asked whether they may pass; on listeners of Gateways only.
    pub authorization: Option<Arc<RouteAuthorization>>,
    /// Which scripts of other origins may send such requests, where that is other than for the host.
    pub cors: Option<Arc<CorsPolicy>>,
    /// Changes to the request before it goes on.
    pub request_headers: HeaderEdits,
    /// Changes to the response on its way back.
    pub response_headers: HeaderEdits,
    /// The object that asked for the route; access logs show it.
    pub origin: ObjectId,
}

impl Route {
    /// The clusters that its requests need: of backends, of copies, and of the service that is asked.
    pub fn clusters(&self) -> impl Iterator<Item = &ClusterKey> {
        let forward = match &self.action {
            Action::Forward(forward) => Some(forward),
            Action::Redirect(_) | Action::UpgradeToHttps(_) | Action::Respond(_) => None,
        };
        let asked = self.authorization.iter().map(|authorization| &authorization.cluster);
        let carried = forward.into_iter().flat_map(|forward| {
            let shares = forward.clusters.iter().map(|each| &each.cluster);
            shares.chain(forward.mirrors.iter().map(|each| &each.cluster))
        });
        asked.chain(carried)
    }
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// It goes to a backend.
    Forward(Box<Forward>),
    /// The client is sent elsewhere.
    Redirect(Redirect),
    /// The client is sent to the same URL with `https`, status 301, and with this port.
    UpgradeToHttps(RedirectPort),
    /// Envoy answers.
    Respond(DirectResponse),
}

impl Action {
    /// 500: what would restrict access to the route cannot be built, and it must not be open.
    #[must_use]
    pub fn closed() -> Self {
        Self::Respond(DirectResponse { status: 500, body: Arc::default() })
    }

    /// 503: there is no backend, and the request must not fall through to a broader route.
    #[must_use]
    pub fn without_backend() -> Self {
        Self::Respond(DirectResponse { status: 503, body: Arc::default() })
    }
}

/// An answer that Envoy gives itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DirectResponse {
    /// The HTTP status, 200 to 599.
    pub status: u16,
    /// The body, at most 4096 bytes; empty for none.
    pub body: Arc<str>,
}

/// Where the client is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Redirect {
    /// `http` or `https`; the request's own when absent.
    pub scheme: Option<Arc<str>>,
    /// Another host; the request's own when absent.
    pub host: Option<Arc<str>>,
    /// Which port.
    pub port: RedirectPort,
    /// Another path.
    pub path: Option<RedirectPath>,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
}

/// To which port the client is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RedirectPort {
    /// That of the request, as it stands there.
    #[default]
    Same,
    /// This one.
    Number(u16),
    /// This one, which is that of the scheme: it is left out where the host is known beforehand.
    Usual(u16),
}

/// How a redirect changes the path. The query stays.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RedirectPath {
    /// The whole path is replaced.
    Full(Arc<str>),
    /// The prefix that matched is replaced.
    Prefix(Arc<str>),
    /// The segments that matched are replaced.
    Segments(Segments),
}

/// Segments at the beginning of a path, and what stands in their place: `/a` by `/b` makes `/b/c` of `/a/c`, and `/b` of
/// `/a`. Neither text ends in a slash: all of the path is below the empty one, and `/c` is left of `/a/c` where it replaces
/// `/a`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Segments {
    /// What the route matches.
    pub matched: Arc<str>,
    /// What stands there instead.
    pub replacement: Arc<str>,
}

/// How a request reaches a backend.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Forward {
    /// The backends that share the requests. With a session, those without a share are for clients who have theirs there.
    pub clusters: Vec<WeightedCluster>,
    /// The weight of backends that cannot be reached: their share of requests is answered with 500. The sum of all weights
    /// is a `u32` above zero.
    pub invalid: u32,
    /// Backends that get a copy, whose answers are dropped.
    pub mirrors: Vec<Mirror>,
    /// A change to the path.
    pub path: Option<PathRewrite>,
    /// A change to the host.
    pub host: Option<HostRewrite>,
    /// What goes into the hash of a request, for backends that choose endpoints by it; each part once.
    pub hash: Vec<HashPart>,
    /// Time limits.
    pub timeouts: RouteTimeouts,
    /// Second tries.
    pub retry: Option<Retry>,
    /// How a client keeps its endpoint.
    pub session: Option<SessionPersistence>,
    /// Whether a client may upgrade to a WebSocket.
    pub websockets: bool,
    /// Redirects of backends that Envoy follows itself, to the same host; exact hosts only.
    pub internal_redirect: Option<InternalRedirect>,
}

/// One of the backends that share a route's requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WeightedCluster {
    /// The backend.
    pub cluster: ClusterKey,
    /// Its share among the sum of weights.
    pub weight: u32,
    /// Changes to requests for this backend alone.
    pub request_headers: HeaderEdits,
    /// Changes to responses of this backend alone.
    pub response_headers: HeaderEdits,
    /// The host that this backend alone is asked for.
    pub host: Option<HostRewrite>,
    /// Changes to the cookies that this backend sets; sorted by name, each once.
    pub cookies: Vec<CookieRewrite>,
}

impl WeightedCluster {
    /// A backend with nothing of its own but its share.
    #[must_use]
    pub fn plain(cluster: ClusterKey, weight: u32) -> Self {
        Self {
            cluster,
            weight,
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
            host: None,
            cookies: vec![],
        }
    }
}

/// A backend that gets a copy of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mirror {
    /// The backend.
    pub cluster: ClusterKey,
    /// How many requests are copied.
    pub share: Fraction,
}

/// A change to the path of a request. The query stays.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathRewrite {
    /// The whole path is replaced.
    Full(Arc<str>),
    /// The prefix that matched is replaced.
    Prefix(Arc<str>),
    /// The segments that matched are replaced.
    Segments(Segments),
    /// What the RE2 expression finds first is replaced by the text (`\1` for its first group).
    Regex {
        /// The expression.
        pattern: Arc<str>,
        /// The text.
        substitution: Arc<str>,
    },
}

/// A change to the host of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostRewrite {
    /// This host.
    Literal(Arc<str>),
    /// The value of this request header.
    Header(Arc<str>),
}

/// Time limits of one route.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct RouteTimeouts {
    /// From the end of the request to the end of the response. Envoy's default: 15 s.
    pub response: Timeout,
    /// Without a byte in either direction. Envoy's default: 5 min.
    pub idle: Timeout,
}

/// When a request is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Retry {
    /// Envoy's words for the cases, joined by commas (`5xx,reset`).
    pub on: Arc<str>,
    /// How often at most; 0 where there is nothing but a limit of the only try.
    pub count: u32,
    /// The time limit of one try.
    pub per_try: Timeout,
    /// Statuses that count as a failure with `retriable-status-codes`; sorted.
    pub status_codes: Vec<u32>,
    /// About how long it waits before the second try, and twice as long before each next one, up to ten times; never zero.
    /// Envoy's default: 25 ms.
    pub back_off: Option<Duration>,
}

/// How a client that was sent to an endpoint of a backend comes to the same one again, while that is there, and to the same
/// backend, while the route has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionPersistence {
    /// What the name of the cookie begins with, a token; or the name of the header, lower case.
    pub name: Arc<str>,
    /// What brings it.
    pub carrier: SessionCarrier,
}

/// What brings the endpoint of a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SessionCarrier {
    /// A cookie.
    Cookie {
        /// Below which path clients send it; below others nothing is kept.
        path: Arc<str>,
        /// How long clients keep it, in whole seconds; `None` for as long as they run.
        lifetime: Option<Duration>,
    },
    /// A header of answers that clients send back.
    Header,
}

/// Which redirects of backends Envoy follows itself. Clients get all others, and those to other hosts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InternalRedirect {
    /// How many one request follows; at least 1.
    pub count: u32,
    /// Those with these statuses, of 301, 302, 303, 307 and 308; sorted; empty for 302 alone.
    pub statuses: Vec<u16>,
    /// Those between `http` and `https`.
    pub schemes: SchemeChange,
    /// Whether a request comes to each route by a redirect once at most.
    pub each_route_once: bool,
}

/// Whether an internal redirect may change between `http` and `https`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SchemeChange {
    /// It may not.
    #[default]
    Never,
    /// From `https` to `http` alone.
    SafeOnly,
    /// It may.
    Always,
}
