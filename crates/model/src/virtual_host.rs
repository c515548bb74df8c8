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
    /// Whose connections bring its requests, on a TLS listener of a Gateway: the host of the Gateway's listener, where
    /// that is another. How TLS ends is that one's.
    pub section: Option<Host>,
    /// How TLS ends here; `None` on a plaintext listener, and where TLS is passed through.
    pub tls: Option<TlsTermination>,
    /// What happens to its traffic.
    pub traffic: Traffic,
    /// What requests must meet; of these, connections that are carried as they are meet the addresses only, and datagrams
    /// nothing.
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
            Action::Redirect(_) | Action::UpgradeToHttps(_) | Action::Respond(_) => false,
        };
        match &self.traffic {
            Traffic::Http(routes) => routes.iter().any(rewrites),
            Traffic::Tcp(_) | Traffic::Udp(_) => false,
        }
    }

    /// The host as it answers every request with 500; `None` for one that carries connections or datagrams, which cannot be told.
    #[must_use]
    pub fn closed(&self) -> Option<Self> {
        let Traffic::Http(routes) = &self.traffic else { return None };
        let answer = Route {
            matches: RouteMatch::new(PathMatch::Prefix("/".into()), vec![], vec![]),
            action: Action::closed(),
            policies: Policies::default(),
            jwt: None,
            authorization: None,
            cors: None,
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
            origin: routes.first()?.origin.clone(),
        };
        Some(Self {
            host: self.host.clone(),
            section: self.section.clone(),
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
    /// Connections are carried to backends as they are. On a listener for TLS, or on one for TCP.
    Tcp(Targets),
    /// Datagrams are carried to backends as they are. On a listener for UDP only.
    Udp(Targets),
}

/// Backends that share connections, or datagrams: those of one client go to one backend while they follow each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Targets {
    /// The backends; their headers are empty.
    pub clusters: Vec<WeightedCluster>,
    /// The weight of those that cannot be reached: their share of connections is closed, that of datagrams dropped. The
    /// sum of all weights is a `u32`; where it is zero, that is what happens to all.
    pub invalid: u32,
}

impl Targets {
    /// These backends, all of which can be reached.
    #[must_use]
    pub const fn valid(clusters: Vec<WeightedCluster>) -> Self {
        Self { clusters, invalid: 0 }
    }
}
