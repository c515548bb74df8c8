//! What routes are called. Access logs show it, and Envoy tells routes apart by it where it has to.

use model::{Action, DirectResponse, Host, InternalRedirect, Route};

use super::Table;
use crate::filters::scope_miss::WEBSOCKET_ROUTE;

/// The names of a host's routes, in order.
///
/// Scripts tell by a name that a scope has a route; elsewhere a host's routes have names only where some follow
/// redirects, which have to lead to routes of the same host. Each route has its own where Envoy has to know which
/// it has been to.
pub(super) fn names(host: &Host, routes: &[Route], table: Table<'_>) -> Vec<String> {
    let followed = || routes.iter().filter_map(followed);
    let name = |route: &Route| match table.scope {
        None if followed().next().is_none() => String::new(),
        None => host.to_string(),
        Some(_) => word(&route.action).to_owned(),
    };
    let apart = followed().any(|redirect| redirect.each_route_once);
    let numbered = |(number, route)| match apart {
        true => format!("{}#{number}", name(route)),
        false => name(route),
    };
    routes.iter().enumerate().map(numbered).collect()
}

/// The redirects that a route follows.
pub(super) fn followed(route: &Route) -> Option<&InternalRedirect> {
    match &route.action {
        Action::Forward(forward) => forward.internal_redirect.as_ref(),
        Action::Redirect(_) | Action::UpgradeToHttps(_) | Action::Respond(_) => None,
    }
}

/// What a route does, in one word.
fn word(action: &Action) -> &'static str {
    match action {
        Action::Forward(forward) if forward.websockets => WEBSOCKET_ROUTE,
        Action::Forward(_) => "forward",
        Action::Redirect(_) | Action::UpgradeToHttps(_) => "redirect",
        Action::Respond(DirectResponse { .. }) => "respond",
    }
}
