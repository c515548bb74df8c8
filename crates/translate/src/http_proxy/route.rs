//! One route of an HTTPProxy.

use api::http_proxy::Route as Spec;
use model::{Action, DirectResponse, Forward, HeaderEdits, HostRewrite, Mirror, ObjectId, PathMatch, Route};

use super::conditions::{self, Conditions};
use super::headers::{self, Scope};
use super::root::{Context, Entry};
use super::services::{self, Services};
use super::{Fault, action, policies, rewrite, unsupported};

/// What one route of an object becomes: one route, or two where a prefix is replaced.
pub(super) fn entries(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    path: &str,
    above: &Conditions,
    spec: &Spec,
    closed: bool,
) -> Result<Vec<Entry>, Fault> {
    let closed = unsupported::route(context, owner, path, spec) | closed;
    one_action(path, spec)?;
    let matches = conditions::route(above, path, &spec.conditions)?;
    let scope = Scope::route(owner);
    let request = headers::request(
        &format!("{path}.requestHeadersPolicy"),
        &scope,
        spec.request_headers_policy.as_deref(),
    )?;
    let response = headers::response(
        &format!("{path}.responseHeadersPolicy"),
        &scope,
        spec.response_headers_policy.as_deref(),
    )?;
    let mut variants = vec![(matches, None)];
    let action = if let Some(redirect) = &spec.request_redirect_policy {
        Action::Redirect(action::redirect(path, redirect)?)
    } else if let Some(response) = &spec.direct_response_policy {
        Action::Respond(action::direct_response(path, response)?)
    } else {
        variants = rewrite::variants(path, variants.remove(0).0, spec.path_rewrite_policy.as_deref())?;
        forward(context, owner, path, spec, request.host)?
    };
    let action =
        if closed { Action::Respond(DirectResponse { status: 500, body: "".into() }) } else { action };
    let route = |matches, path| Route {
        matches,
        action: with_path(action.clone(), path),
        request_headers: request.edits.clone(),
        response_headers: response.clone(),
        origin: owner.clone(),
    };
    let entry = |route| Entry { route, permit_insecure: spec.permit_insecure };
    Ok(variants.into_iter().map(|(matches, path)| entry(route(matches, path))).collect())
}

fn one_action(path: &str, spec: &Spec) -> Result<(), Fault> {
    let actions = [
        !spec.services.is_empty(),
        spec.request_redirect_policy.is_some(),
        spec.direct_response_policy.is_some(),
    ];
    if actions.into_iter().filter(|is_set| *is_set).count() == 1 {
        return Ok(());
    }
    let message = "must set exactly one of route.services or route.requestRedirectPolicy or \
                   route.directResponsePolicy";
    Err(Fault::new("RouteError", "RouteActionCountNotValid", path.to_owned(), message))
}

fn forward(
    context: &mut Context<'_, '_>,
    owner: &ObjectId,
    path: &str,
    spec: &Spec,
    host: Option<HostRewrite>,
) -> Result<Action, Fault> {
    let timeouts = policies::timeouts(path, spec.timeout_policy.as_deref())?;
    let retry = policies::retry(context, owner, path, spec.retry_policy.as_deref())?;
    let sni = match &host {
        Some(HostRewrite::Literal(name)) => Some(name.clone()),
        Some(HostRewrite::Header(_)) | None => None,
    };
    let Services { clusters, mirror } =
        services::services(context, owner, path, spec, &services::Way { sni, idle: timeouts.connection })?;
    if clusters.is_empty() {
        return Ok(Action::Respond(DirectResponse { status: 503, body: "".into() }));
    }
    Ok(Action::Forward(Box::new(Forward {
        clusters,
        mirrors: mirror.into_iter().map(|(cluster, percent)| Mirror { cluster, percent }).collect(),
        path: None,
        host,
        timeouts: timeouts.route,
        retry,
        websockets: spec.enable_websockets,
    })))
}

/// The action with a change to the path.
fn with_path(mut action: Action, path: Option<model::PathRewrite>) -> Action {
    if let Action::Forward(forward) = &mut action {
        forward.path = path;
    }
    action
}

/// The prefix that a match begins with, where it is one.
pub(super) fn prefix(matches: &model::RouteMatch) -> Option<&str> {
    match &matches.path {
        PathMatch::Prefix(prefix) | PathMatch::Segments(prefix) => Some(prefix),
        PathMatch::Exact(_) | PathMatch::Regex(_) => None,
    }
}

/// Header changes of a request, the host apart.
#[derive(Debug, Default)]
pub(super) struct RequestEdits {
    pub(super) edits: HeaderEdits,
    pub(super) host: Option<HostRewrite>,
}
