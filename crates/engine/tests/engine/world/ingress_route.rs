//! Random IngressRoutes.

use api::Choice;
use api::ingress_route::{Delegate, IngressRoute, Route, Service, TcpProxy, TimeoutPolicy, Tls, VirtualHost};

use super::{BAD_HOSTS, BAD_PATHS, HOSTS, PATHS, any_metadata, any_secret_name, any_service_name};
use crate::dice::Dice;

pub(super) fn any_ingress_route(dice: &mut Dice, namespace: &str, name: &str) -> IngressRoute {
    let mut object =
        IngressRoute { metadata: any_metadata(dice, namespace, name), ..IngressRoute::default() };
    let is_root = dice.chance(if name.starts_with("part") { 4 } else { 92 });
    object.spec.virtualhost = is_root.then(|| any_host(dice));
    let routes = 1 + dice.below(3);
    object.spec.routes = dice.some(routes, any_route);
    object.spec.tcpproxy = dice.maybe(7, |dice| match dice.chance(40) {
        true => TcpProxy { delegate: Some(any_delegate(dice)), ..TcpProxy::default() },
        false => TcpProxy { services: dice.some(1, any_service), ..TcpProxy::default() },
    });
    object
}

fn any_host(dice: &mut Dice) -> VirtualHost {
    let tls = dice.maybe(40, |dice| Tls {
        secret_name: dice.maybe(90, any_secret_name),
        minimum_protocol_version: dice.maybe(15, |dice| dice.word(&["1.2", "1.3"], &["1.1"]).into()),
        passthrough: dice.chance(15),
    });
    VirtualHost { fqdn: dice.word(&HOSTS, &BAD_HOSTS).into(), tls }
}

fn any_route(dice: &mut Dice) -> Route {
    let is_delegated = dice.chance(40);
    let services = if is_delegated && dice.chance(95) { 0 } else { 1 + dice.below(2) };
    Route {
        prefix: dice.word(&PATHS, &BAD_PATHS).into(),
        services: dice.some(services, any_service),
        delegate: is_delegated.then(|| any_delegate(dice)),
        permit_insecure: dice.chance(30),
        prefix_rewrite: dice.maybe(15, |dice| dice.word(&["/", "/x"], &["bad"]).into()),
        timeout_policy: dice.maybe(10, |dice| TimeoutPolicy {
            request: Some(dice.word(&["1s", "infinity"], &["soon"]).into()),
        }),
        ..Route::default()
    }
}

fn any_delegate(dice: &mut Dice) -> Delegate {
    let name = if dice.chance(90) { "part" } else { "it" };
    Delegate {
        name: format!("{name}{}", dice.below(4)),
        namespace: dice.maybe(40, |dice| (*dice.pick(&["a", "b"])).into()),
    }
}

fn any_service(dice: &mut Dice) -> Service {
    Service {
        name: any_service_name(dice),
        port: *dice.mostly(&[80], &[81, 0]),
        weight: *dice.mostly(&[0, 1, 50], &[-1]),
        strategy: dice.maybe(15, |dice| Choice::parse(dice.word(&["Random", "Cookie"], &["Other"]))),
        ..Service::default()
    }
}
