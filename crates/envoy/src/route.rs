//! Routes.

mod action;
mod forward;
mod hash;
mod internal_redirect;
mod matching;
mod names;
mod paths;
mod redirect;
mod sessions;

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use envoy_protos::envoy::config::core::v3::Metadata;
use envoy_protos::envoy::config::route::v3 as proto;
use envoy_protos::google::protobuf::BoolValue;
use envoy_protos::google::protobuf::value::Kind;
use model::{DirectResponse, ListenerId, ObjectId, Route, Settings, VirtualHost};

use crate::{Reference, filters, headers};

pub(crate) use matching::{header, quote};

/// The table that routes are part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Table<'a> {
    /// The key of the scope that it is the table of; else it is a route configuration, which may hold other hosts, too.
    pub(crate) scope: Option<&'a str>,
    pub(crate) style: Style,
}

/// What all routes of a listener have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    origins: Origins,
    is_of_gateway: bool,
}

/// Whether routes tell which objects they come from. Nobody reads it but access logs that ask for it, and Envoy takes a
/// table in nearly twice the time with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origins {
    Told,
    Untold,
}

/// How many labels of a host the `*` of a wildcard stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wildcards {
    /// One, as for Ingresses and HTTPProxies (reference 3.2).
    OneLabel,
    /// One or more, as for the routes of a Gateway.
    Labels,
}

impl Wildcards {
    /// Those of the object that asks for a route: a Gateway may serve HTTPProxies, too.
    const fn of(origin: &ObjectId) -> Self {
        match origin.kind {
            model::Kind::HttpProxy | model::Kind::IngressRoute | model::Kind::Ingress => Self::OneLabel,
            _ => Self::Labels,
        }
    }
}

impl Style {
    /// That of a listener's routes.
    pub(crate) fn of(listener: &ListenerId, settings: &Settings) -> Self {
        let origins = if settings.access_logs.tell_origins() { Origins::Told } else { Origins::Untold };
        Self { origins, is_of_gateway: !listener.fleet().is_ingress() }
    }

    /// Whether the listener is a Gateway's.
    pub(crate) const fn is_of_gateway(self) -> bool {
        self.is_of_gateway
    }

    /// A table that is no scope's.
    pub(crate) const fn table(self) -> Table<'static> {
        Table { scope: None, style: self }
    }

    /// That of the scope with this key.
    pub(crate) const fn scope(self, key: &str) -> Table<'_> {
        Table { scope: Some(key), style: self }
    }
}

/// The routes of a host. In front of one that draws backends stand those of clients who have one.
pub(crate) fn routes(value: &VirtualHost, routes: &[Route], table: Table<'_>) -> Vec<proto::Route> {
    let names = names::names(&value.host, routes, table);
    let own = LazyCell::new(|| BTreeSet::from_iter(&names).into_iter().cloned().collect::<Vec<String>>());
    let named = |route: &Route, name: &String| {
        let mut message = self::route(route, value, table.style);
        message.name.clone_from(name);
        if let Some(redirect) = names::followed(route) {
            internal_redirect::follow(&mut message, redirect, &own, table);
        }
        message
    };
    let mut messages = Vec::with_capacity(routes.len() + OURS);
    for (route, name) in routes.iter().zip(&names) {
        messages.extend(sessions::kept(route).iter().map(|route| named(route, name)));
        messages.push(named(route, name));
    }
    messages
}

/// Room for the routes that tables add: a route is large, and to make room for one more copies all.
const OURS: usize = 2;

fn route(route: &Route, value: &VirtualHost, style: Style) -> proto::Route {
    proto::Route {
        r#match: Some(matching::route_match(&route.matches, &value.host, Wildcards::of(&route.origin))),
        action: Some(action::action(&route.action, &value.host)),
        metadata: (style.origins == Origins::Told).then(|| origin(&route.origin)),
        typed_per_filter_config: filters::messages_of_route(value, route),
        request_headers_to_add: headers::to_set(&route.request_headers),
        request_headers_to_remove: headers::to_remove(&route.request_headers),
        response_headers_to_add: headers::to_set(&route.response_headers),
        response_headers_to_remove: headers::to_remove(&route.response_headers),
        ..Default::default()
    }
}

/// A route that answers every request with a status. Nobody asked for it.
pub(crate) fn answer_all(name: &str, status: u16) -> proto::Route {
    every_request(name, action::respond(&DirectResponse { status, body: "".into() }))
}

/// A route that answers requests of connections whose client showed no certificate, whatever they ask for.
pub(crate) fn answer_uncertified(name: &str, status: u16) -> proto::Route {
    let context = proto::route_match::TlsContextMatchOptions {
        presented: Some(BoolValue { value: false }),
        ..Default::default()
    };
    let matches = proto::RouteMatch {
        path_specifier: Some(proto::route_match::PathSpecifier::Prefix(String::new())),
        tls_context: Some(context),
        ..Default::default()
    };
    proto::Route { r#match: Some(matches), ..answer_all(name, status) }
}

/// A route that sends every client to HTTPS whose host is matched by an expression.
pub(crate) fn upgrade_all(name: &str, authority: &str) -> proto::Route {
    let mut route = every_request(name, action::to_https());
    let headers = vec![matching::authority(authority)];
    route.r#match = route.r#match.map(|every| proto::RouteMatch { headers, ..every });
    route
}

fn every_request(name: &str, action: proto::route::Action) -> proto::Route {
    let prefix = proto::route_match::PathSpecifier::Prefix("/".to_owned());
    proto::Route {
        name: name.to_owned(),
        r#match: Some(proto::RouteMatch { path_specifier: Some(prefix), ..Default::default() }),
        action: Some(action),
        ..Default::default()
    }
}

/// The clusters that routes name.
pub(crate) fn references(routes: &[Route]) -> Vec<Reference> {
    routes.iter().flat_map(Route::clusters).map(|key| Reference::cluster(key.name())).collect()
}

/// The object that asked for the route, for access logs (`%METADATA(ROUTE:...)%`); Contour's keys.
fn origin(origin: &ObjectId) -> Metadata {
    let text = |text: &str| Kind::StringValue(text.to_owned());
    let fields = crate::runtime::fields([
        ("io.projectcontour.kind", text(origin.kind.as_str())),
        ("io.projectcontour.namespace", text(&origin.namespace)),
        ("io.projectcontour.name", text(&origin.name)),
    ]);
    Metadata {
        filter_metadata: BTreeMap::from([("envoy.access_loggers.file".to_owned(), fields)]),
        ..Default::default()
    }
}
