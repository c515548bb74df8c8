//! What hosts ask of requests before they are served.

use model::{Action, Route, Traffic, VirtualHost};

use crate::hash::fingerprint;

/// A fingerprint of all that a host asks of requests: equal ones ask for the same.
///
/// Short, as each host that is served has one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Guards(u32);

impl Guards {
    const NONE: Self = Self(0);
    /// Of a host that serves nobody.
    pub(crate) const CLOSED: Self = Self(u32::MAX);

    pub(crate) fn of(host: &VirtualHost) -> Self {
        // Whoever adds a field decides whether it guards.
        let VirtualHost {
            host: _,
            section: _,
            tls,
            traffic,
            policies,
            cors: _,
            jwt_providers,
            authorization,
        } = host;
        let clients = tls.as_ref().map(|tls| &tls.clients).filter(|clients| clients.certificates().is_some());
        let routes: Vec<_> = match traffic {
            Traffic::Http(routes) => routes.iter().filter_map(guarded).collect(),
            Traffic::Tcp(_) | Traffic::Udp(_) => vec![],
        };
        if clients.is_none() && policies.is_empty() && routes.is_empty() && authorization.is_none() {
            return Self::NONE;
        }
        let [.., a, b, c, d] =
            fingerprint(&(clients, policies, routes, jwt_providers, authorization)).to_be_bytes();
        Self(u32::from_be_bytes([a, b, c, d]).clamp(1, u32::MAX - 1))
    }

    /// Whether these ask for something that those did not.
    pub(crate) fn are_other_than(self, before: Self) -> bool {
        self != Self::NONE && self != Self::CLOSED && self != before
    }
}

/// What a route asks of requests beside its host, and of which requests; `None` for nothing.
fn guarded(route: &Route) -> Option<impl std::hash::Hash> {
    let Route {
        matches,
        action,
        policies,
        jwt,
        authorization,
        cors: _,
        request_headers: _,
        response_headers: _,
        origin: _,
    } = route;
    let sent_away = is_sent_away(action).then_some(action);
    let asks = !policies.is_empty() || jwt.is_some() || authorization.is_some() || sent_away.is_some();
    asks.then_some((matches, policies, jwt, authorization, sent_away))
}

/// Whether requests are kept from backends: those that must come by TLS, and those that are answered with an error.
const fn is_sent_away(action: &Action) -> bool {
    match action {
        Action::UpgradeToHttps(_) => true,
        Action::Respond(response) => response.status >= 400,
        Action::Forward(_) | Action::Redirect(_) => false,
    }
}
