//! One route of an HTTPProxy.

use std::sync::Arc;

use api::http_proxy::Route as Spec;
use model::{Action, Forward, Host, HostRewrite, ObjectId, PathRewrite, Policies, Route, RouteMatch};

use super::authorization::{self, Offered as Authorized};
use super::conditions::{self, Conditions};
use super::headers::{self, Whose};
use super::jwt::{self, Offered};
use super::root::Context;
use super::services::{self, Carried, Services, Way};
use super::tree::Entry;
use super::{
    Fault, action, balancing, cookies, health, internal_redirect, policies, restrictions, rewrite,
    without_effect,
};
use crate::field_path::FieldPath;

/// Where a route stands.
pub(super) struct Scope<'a> {
    /// The object that it is part of.
    pub(super) owner: &'a ObjectId,
    /// The conditions that lead to that object.
    pub(super) above: &'a Conditions,
    /// Its place in the object.
    pub(super) at: &'a FieldPath<'a>,
    /// What the root decides.
    pub(super) root: &'a FromRoot<'a>,
}

/// What a root decides for all routes below it.
pub(super) struct FromRoot<'a> {
    /// The host.
    pub(super) host: &'a Host,
    /// The issuers of tokens that routes may ask for.
    pub(super) tokens: Offered<'a>,
    /// What is said about authorization.
    pub(super) authorization: Authorized<'a>,
}

/// What the route at `index` of an object becomes: one route, or two where a prefix is replaced.
pub(super) fn entries(
    context: &mut Context<'_, '_>,
    scope: &Scope<'_>,
    index: usize,
    spec: &Spec,
) -> Result<Vec<Entry>, Fault> {
    let Scope { owner, above, at, root } = scope;
    without_effect::route(context, scope, spec);
    let mut closed = false;
    let restricted = restrictions::policies(context.settings, owner, at, spec);
    let token = jwt::required(at, spec.jwt_verification_policy.as_deref(), &root.tokens);
    let check = authorization::of_route(context, owner, at, spec.auth_policy.as_deref(), &root.authorization);
    let mut told = |fault: Fault| {
        closed = true;
        context.note(owner, fault.error());
    };
    let mut policies = restricted.unwrap_or_else(|faults| {
        faults.into_iter().for_each(&mut told);
        Policies::default()
    });
    policies.authorization = check.unwrap_or_else(|fault| {
        told(fault);
        None
    });
    let token = token.unwrap_or_else(|fault| {
        told(fault);
        None
    });
    one_action(at, spec)?;
    let matches = conditions::route(above, at, &spec.conditions)?;
    let whose = Whose::route(owner);
    let request = headers::request(at, &whose, spec.request_headers_policy.as_deref())?;
    let response = headers::response(at, &whose, spec.response_headers_policy.as_deref())?;
    let mut variants = vec![(matches, None)];
    let action = if let Some(redirect) = &spec.request_redirect_policy {
        Action::Redirect(action::redirect(at, redirect)?)
    } else if let Some(response) = &spec.direct_response_policy {
        Action::Respond(action::direct_response(at, response)?)
    } else {
        variants = rewrite::variants(at, variants.remove(0).0, spec.path_rewrite_policy.as_deref())?;
        forward(context, scope, spec, request.host)?
    };
    let action = if closed { Action::closed() } else { action };
    let origin = (*owner).clone();
    let (request_headers, response_headers) = (request.edits, response);
    let blank = Blank { action, policies, jwt: token, request_headers, response_headers, origin };
    let entry = |(place, (blank, (matches, path))): (_, (Blank, _))| Entry {
        route: blank.with(matches, path),
        permit_insecure: spec.permit_insecure,
        index: Some(index),
        implied: place > 0,
    };
    // The last one is moved, and nearly always there is no other.
    let blanks = std::iter::repeat_n(blank, variants.len());
    Ok(blanks.zip(variants).enumerate().map(entry).collect())
}

/// All of a route but its match.
#[derive(Clone)]
struct Blank {
    action: Action,
    policies: Policies,
    jwt: Option<Arc<str>>,
    request_headers: model::HeaderEdits,
    response_headers: model::HeaderEdits,
    origin: ObjectId,
}

impl Blank {
    fn with(self, matches: RouteMatch, path: Option<PathRewrite>) -> Route {
        let Self { mut action, policies, jwt, request_headers, response_headers, origin } = self;
        if let Action::Forward(forward) = &mut action {
            forward.path = path;
        }
        let (authorization, cors) = (None, None);
        Route {
            matches,
            action,
            policies,
            jwt,
            authorization,
            cors,
            request_headers,
            response_headers,
            origin,
        }
    }
}

fn one_action(at: &FieldPath<'_>, spec: &Spec) -> Result<(), Fault> {
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
    Err(Fault::new("RouteError", "RouteActionCountNotValid", at, message))
}

fn forward(
    context: &mut Context<'_, '_>,
    scope: &Scope<'_>,
    spec: &Spec,
    host: Option<HostRewrite>,
) -> Result<Action, Fault> {
    let Scope { owner, at, root, .. } = scope;
    let timeouts = policies::timeouts(at, spec.timeout_policy.as_deref())?;
    let retry = policies::retry(context, owner, at, spec.retry_policy.as_deref())?;
    let policy = spec.internal_redirect_policy.as_deref();
    let internal_redirect = internal_redirect::followed(context, owner, root.host, at, policy)?;
    let chosen = balancing::of_requests(context, owner, at, spec.load_balancer_policy.as_deref());
    let way = Way {
        carried: Carried::Requests,
        host: host.as_ref(),
        balancing: chosen.balancing,
        health_check: health::of_requests(at, spec.health_check_policy.as_deref())?,
        idle: timeouts.connection,
        cookies: cookies::rewrites(at, &spec.cookie_rewrite_policies)?,
    };
    let Services { clusters, mirrors } = services::services(context, owner, at, &spec.services, &way)?;
    if clusters.is_empty() {
        return Ok(Action::without_backend());
    }
    Ok(Action::Forward(Box::new(Forward {
        clusters,
        invalid: 0,
        mirrors,
        path: None,
        host,
        hash: chosen.hash,
        timeouts: timeouts.route,
        retry,
        session: None,
        websockets: spec.enable_websockets,
        internal_redirect,
    })))
}
