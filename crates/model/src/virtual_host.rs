//! What one host of one listener does.

use std::sync::Arc;

use crate::{
    Action, Authorization, CorsPolicy, HeaderEdits, Host, JwtProvider, PathMatch, Policies, Route,
    RouteMatch, TlsTermination, WeightedCluster,
};

/// What one host of one listener does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VirtualHost {
    /// The host.
    pub host: Host,
    /// How TLS ends here; `None` on a plaintext listener, and where TLS is passed through.
    pub tls: Option<TlsTermination>,
    /// What happens to its traffic.
    pub traffic: Traffic,
    /// What requests must meet; of these, connections that are carried as they are meet the addresses only.
    pub policies: Policies,
    /// Which scripts of other origins may send requests and read the answers; `None` leaves that to the backends.
    pub cors: Option<Arc<CorsPolicy>>,
    /// The issuers of tokens that routes may ask for; where TLS ends and requests are routed. Sorted by name.
    pub jwt_providers: Vec<JwtProvider>,
    /// The service that is asked about every request that a policy does not let pass; where TLS ends and requests are
    /// routed.
    pub authorization: Option<Arc<Authorization>>,
}

impl VirtualHost {
    /// Whether somebody is asked about requests of which no policy says anything.
    #[must_use]
    pub const fn is_authorized(&self) -> bool {
        self.authorization.is_some()
    }

    /// Whether cookies of a backend are changed.
    #[must_use]
    pub fn rewrites_cookies(&self) -> bool {
        let rewrites = |route: &Route| match &route.action {
            Action::Forward(forward) => forward.clusters.iter().any(|each| !each.cookies.is_empty()),
            Action::Redirect(_) | Action::UpgradeToHttps | Action::Respond(_) => false,
        };
        match &self.traffic {
            Traffic::Http(routes) => routes.iter().any(rewrites),
            Traffic::Tcp(_) => false,
        }
    }

    /// The host as it answers every request with 500; `None` for one that carries connections, which cannot be told.
    #[must_use]
    pub fn closed(&self) -> Option<Self> {
        let Traffic::Http(routes) = &self.traffic else { return None };
        let answer = Route {
            matches: RouteMatch::new(PathMatch::Prefix("/".into()), vec![], vec![]),
            action: Action::closed(),
            policies: Policies::default(),
            jwt: None,
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
            origin: routes.first()?.origin.clone(),
        };
        Some(Self {
            host: self.host.clone(),
            tls: self.tls.clone(),
            traffic: Traffic::Http(vec![answer]),
            policies: Policies::default(),
            cors: None,
            jwt_providers: vec![],
            authorization: None,
        })
    }
}

/// What happens to the traffic of a host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Traffic {
    /// Requests are routed; sorted by precedence, each match once.
    Http(Vec<Route>),
    /// Connections are carried to a backend as they are. On a TLS listener only.
    Tcp(TcpProxy),
}

/// Backends that share connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TcpProxy {
    /// At least one, with a sum of weights above zero; the headers are empty.
    pub clusters: Vec<WeightedCluster>,
}
