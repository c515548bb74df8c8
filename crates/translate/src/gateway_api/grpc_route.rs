//! GRPCRoutes: a call is a request for `/service/method`.

use api::gateway_api::grpc_route::{GrpcBackendRef, GrpcMethodMatch, GrpcRouteMatch, GrpcRouteRule};
use api::gateway_api::http_route::matches::ValueMatchType;
use model::{Action, Forward, ObjectId, PathMatch, Route, RouteMatch, RouteTimeouts, Settings, Timeout};
use store::Reader;

use super::backend::Speaks;
use super::filters::Filters;
use super::http_route::{Shares, header};
use super::requests::Requests;
use super::translation::Translation;
use crate::Contribution;
use crate::field_path::FieldPath;
use crate::text;

/// What a GRPCRoute contributes.
pub(super) fn contribution(reader: &Reader<'_>, settings: &Settings, id: &ObjectId) -> Contribution {
    let Some(fact) = reader.grpc_route(&id.namespace, &id.name) else { return Contribution::default() };
    let spec = &fact.spec;
    let (parents, hosts, rules) = (&*spec.parent_refs, &*spec.hostnames, &*spec.rules);
    let default_gateways = spec.use_default_gateways.as_ref();
    let requests = Requests { id, age: fact.age, parents, hosts, default_gateways, rules };
    requests.contribution(reader, settings, Translation::grpc_rule)
}

impl Translation<'_, '_> {
    fn grpc_rule(&mut self, at: &FieldPath<'_>, rule: &GrpcRouteRule) -> Vec<Route> {
        self.rule.clone_from(&rule.name);
        let every = [GrpcRouteMatch::default()];
        let matches = if rule.matches.is_empty() { &every[..] } else { &rule.matches[..] };
        let mut matched = Vec::new();
        for (index, one) in matches.iter().enumerate() {
            match route_match(one) {
                Ok(route_match) => matched.push(route_match),
                Err(why) => self.unsupported(&at.item("matches", index), why),
            }
        }
        let filters = self.filters(at, &rule.filters, Speaks::Grpc);
        self.serves |= !matched.is_empty() && !filters.is_broken;
        let action = if filters.is_broken { Action::closed() } else { self.calls(at, rule, &filters) };
        matched.into_iter().map(|matches| self.http_route(matches, action.clone(), &filters)).collect()
    }

    fn calls(&mut self, at: &FieldPath<'_>, rule: &GrpcRouteRule, filters: &Filters<'_>) -> Action {
        let mut shares = Shares::default();
        for (index, backend) in rule.backend_refs.iter().enumerate() {
            let at = at.item("backendRefs", index);
            let own = self.filters(&at, &backend.filters, Speaks::Grpc);
            if own.is_for_rules_only() {
                self.unsupported(&at.field("filters"), "filters of a backend can change headers only");
            }
            self.backend(&at, (&backend.object(), backend.weight), own, Speaks::Grpc, &mut shares);
        }
        let backends = rule.backend_refs.iter().map(GrpcBackendRef::object);
        let session = self.session(at, rule.session_persistence.as_deref(), backends);
        let Some(Shares { clusters, invalid }) = shares.with(session.as_ref()) else {
            return Action::closed();
        };
        Action::Forward(Box::new(Forward {
            clusters,
            invalid,
            mirrors: filters.mirrors.clone(),
            path: None,
            host: filters.host.clone(),
            hash: vec![],
            // Streams of gRPC last as long as they like.
            timeouts: RouteTimeouts { response: Timeout::Disabled, idle: Timeout::Default },
            retry: None,
            session,
            websockets: false,
            internal_redirect: None,
        }))
    }
}

fn route_match(one: &GrpcRouteMatch) -> Result<RouteMatch, String> {
    let mut headers = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for each in &one.headers {
        if seen.insert(each.name.to_ascii_lowercase()) {
            headers.push(header(&each.name, each.r#type.known(), &each.value)?);
        }
    }
    let path = one.method.as_ref().map_or_else(|| Ok(PathMatch::Prefix("/".into())), path)?;
    Ok(RouteMatch::new(path, headers, vec![]))
}

/// The path of calls to a method.
fn path(matched: &GrpcMethodMatch) -> Result<PathMatch, String> {
    let (service, method) = (matched.service.as_deref(), matched.method.as_deref());
    match matched.r#type.known() {
        Some(ValueMatchType::Exact) => match (service, method) {
            (Some(service), Some(method)) => {
                Ok(PathMatch::Exact(text::path(&format!("/{service}/{method}"))?.into()))
            }
            (Some(service), None) => Ok(PathMatch::Segments(text::path(&format!("/{service}"))?.into())),
            (None, Some(method)) => regex("[^/]+", &re2::quote(method)),
            (None, None) => Ok(PathMatch::Prefix("/".into())),
        },
        Some(ValueMatchType::RegularExpression) => {
            regex(service.unwrap_or("[^/]+"), method.unwrap_or("[^/]+"))
        }
        None => Err("the type of the method is not known".into()),
    }
}

fn regex(service: &str, method: &str) -> Result<PathMatch, String> {
    // Each is an expression of its own before they are put together.
    text::regex(service)?;
    text::regex(method)?;
    let whole = format!("/(?:{service})/(?:{method})");
    Ok(PathMatch::Regex(text::regex(&whole)?.into()))
}
