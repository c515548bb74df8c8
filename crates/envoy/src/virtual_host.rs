//! One host with its routes.

use envoy_protos::envoy::config::route::v3 as proto;
use model::{DirectResponse, Host, Route};

use crate::route::{respond, route};

/// The routes of one host.
pub(crate) fn virtual_host(host: &Host, routes: &[Route]) -> proto::VirtualHost {
    proto::VirtualHost {
        name: host.to_string(),
        domains: vec![host.to_string()],
        routes: routes.iter().map(|each| route(each, host)).collect(),
        ..Default::default()
    }
}

/// What answers 421 to every host that is not the one of the connection.
///
/// HTTP/2 clients share a connection among hosts whose names its certificate carries (RFC 9110 7.4); the
/// answer sends them to a connection of their own. No script is needed where one host is served.
pub(crate) fn misdirected() -> proto::VirtualHost {
    let answer = DirectResponse { status: 421, body: "".into() };
    let route = proto::Route {
        r#match: Some(proto::RouteMatch {
            path_specifier: Some(proto::route_match::PathSpecifier::Prefix("/".to_owned())),
            ..Default::default()
        }),
        action: Some(respond(&answer)),
        ..Default::default()
    };
    proto::VirtualHost {
        name: "mismatch".to_owned(),
        domains: vec!["*".to_owned()],
        routes: vec![route],
        ..Default::default()
    }
}
