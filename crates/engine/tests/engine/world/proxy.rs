//! Random HTTPProxies.

use super::*;

pub(super) fn any_proxy(dice: &mut Dice, namespace: &str, name: &str) -> HttpProxy {
    let routes = dice.below(3);
    let mut proxy = part(namespace, name, dice.some(routes, any_route));
    proxy.metadata = any_metadata(dice, namespace, name);
    let is_root = dice.chance(if name.starts_with("part") { 4 } else { 92 });
    proxy.spec.virtualhost = is_root.then(|| Box::new(any_host(dice)));
    let includes = dice.below(3);
    proxy.spec.includes = dice.some(includes, any_include);
    proxy.spec.tcpproxy = dice.maybe(7, |dice| Box::new(any_tcp_proxy(dice)));
    proxy.spec.ingress_class_name = dice.maybe(4, |dice| (*dice.pick(&["contour", "nginx"])).into());
    proxy
}

fn any_host(dice: &mut Dice) -> VirtualHost {
    let tls = dice.maybe(45, |dice| {
        let passthrough = dice.chance(20);
        let secret_name = (!passthrough || dice.chance(5)).then(|| any_secret_name(dice));
        Box::new(Tls {
            secret_name,
            passthrough,
            minimum_protocol_version: dice.maybe(15, |dice| dice.word(&["1.2", "1.3"], &["1.1"]).into()),
            maximum_protocol_version: dice.maybe(15, |dice| dice.word(&["1.2", "1.3"], &["1.1"]).into()),
            client_validation: dice.maybe(15, |dice| Box::new(any_validation(dice))),
            enable_fallback_certificate: dice.chance(20),
        })
    });
    let ip_allow_policy = if dice.chance(3) { vec![IpFilterPolicy::default()] } else { vec![] };
    let fqdn = dice.word(&HOSTS, &BAD_HOSTS).into();
    let authorization = dice.maybe(15, |dice| Box::new(any_authorization(dice)));
    let cors_policy = dice.maybe(8, |dice| Box::new(any_cors_policy(dice)));
    let rate_limit_policy = dice.maybe(10, |dice| Box::new(any_limit(dice)));
    VirtualHost {
        fqdn,
        tls,
        ip_allow_policy,
        authorization,
        cors_policy,
        rate_limit_policy,
        ..VirtualHost::default()
    }
}

fn any_cors_policy(dice: &mut Dice) -> CorsPolicy {
    CorsPolicy {
        allow_origin: vec![dice.word(&["*", "https://else.com", "https://.*"], &["("]).into()],
        allow_methods: vec!["GET".into()],
        allow_credentials: dice.chance(20),
        max_age: dice.maybe(30, |dice| dice.word(&["0", "10m"], &["soon"]).into()),
        ..CorsPolicy::default()
    }
}

fn any_cookie_rewrite(dice: &mut Dice) -> CookieRewritePolicy {
    let value = dice.word(&["/", "/a"], &["a;b"]).into();
    CookieRewritePolicy {
        name: dice.word(&["session", "other"], &["a=b"]).into(),
        path_rewrite: dice.maybe(60, |_| Box::new(CookieValueRewrite { value })),
        secure: dice.maybe(40, |dice| dice.chance(50)),
        ..CookieRewritePolicy::default()
    }
}

fn any_authorization(dice: &mut Dice) -> AuthorizationServer {
    AuthorizationServer {
        extension_ref: dice.maybe(95, |dice| {
            let name = Some(format!("it{}", dice.below(2)));
            let namespace = dice.maybe(30, |dice| (*dice.pick(&NAMESPACES)).into());
            Box::new(ExtensionServiceReference { api_version: None, namespace, name })
        }),
        service_type: dice.maybe(10, |_| Choice::parse("http")),
        auth_policy: dice.maybe(30, |dice| Box::new(any_auth_policy(dice))),
        response_timeout: dice.maybe(10, |dice| dice.word(&["1s", "infinity"], &["soon"]).into()),
        fail_open: dice.chance(20),
        ..AuthorizationServer::default()
    }
}

fn any_limit(dice: &mut Dice) -> RateLimitPolicy {
    let entry = RateLimitDescriptorEntry {
        remote_address: dice.maybe(90, |_| Box::default()),
        ..RateLimitDescriptorEntry::default()
    };
    let descriptors = vec![RateLimitDescriptor { entries: vec![entry] }];
    let global = GlobalRateLimitPolicy { disabled: dice.chance(20), descriptors };
    RateLimitPolicy { global: Some(Box::new(global)), ..RateLimitPolicy::default() }
}

fn any_auth_policy(dice: &mut Dice) -> AuthorizationPolicy {
    let context = dice.maybe(50, |dice| [("key".to_owned(), dice.below(2).to_string())].into());
    AuthorizationPolicy { disabled: dice.chance(30), context: context.unwrap_or_default() }
}

fn any_include(dice: &mut Dice) -> Include {
    Include {
        name: if dice.chance(90) { format!("part{}", dice.below(4)) } else { format!("it{}", dice.below(4)) },
        namespace: dice.maybe(40, |dice| (*dice.pick(&NAMESPACES)).into()),
        conditions: dice.maybe(80, |dice| vec![prefix(dice.word(&PATHS, &BAD_PATHS))]).unwrap_or_default(),
    }
}

fn any_tcp_proxy(dice: &mut Dice) -> TcpProxy {
    if dice.chance(40) {
        let include = TcpProxyInclude { name: format!("part{}", dice.below(4)), namespace: None };
        return TcpProxy { include: Some(Box::new(include)), ..TcpProxy::default() };
    }
    let count = dice.below(3);
    TcpProxy { services: dice.some(count, any_target), ..TcpProxy::default() }
}

fn any_target(dice: &mut Dice) -> api::http_proxy::Service {
    let mut target = to(&any_service_name(dice), *dice.mostly(&[80], &[81, 443, 0, 99_999]));
    target.weight = *dice.mostly(&[0, 1, 50, 100], &[-1, 5_000_000_000]);
    if dice.chance(60) {
        target.weight = 1;
    }
    target.mirror = dice.chance(8);
    target.protocol = dice.maybe(8, |dice| Choice::parse(dice.word(&["h2", "h2c", "tls"], &["h3"])));
    if dice.chance(6) {
        target.protocol = Some(Choice::parse("tls"));
        let ca_secret = any_secret_name(dice);
        let subject_name = dice.word(&["web.inner"], &["a b"]).into();
        let validation = UpstreamValidation { ca_secret, subject_name, subject_names: vec![] };
        target.validation = Some(Box::new(validation));
    }
    if dice.chance(4) {
        target.cookie_rewrite_policies = vec![any_cookie_rewrite(dice)];
    }
    target.health_port = dice.maybe(3, |dice| *dice.mostly(&[81, 443], &[0]));
    target
}

pub(super) fn any_route(dice: &mut Dice) -> Route {
    let path = any_path_condition(dice);
    let further = if dice.chance(3) { any_path_condition(dice) } else { any_condition(dice) };
    let mut route = Route {
        conditions: if dice.chance(70) { vec![path] } else { vec![path, further] },
        permit_insecure: dice.chance(30),
        enable_websockets: dice.chance(10),
        ..Route::default()
    };
    match dice.below(20) {
        0 => {
            let policy = HttpRequestRedirectPolicy {
                hostname: dice.maybe(50, |_| "else.com".into()),
                status_code: dice.maybe(50, |dice| *dice.mostly(&[301, 302], &[999])),
                path: dice.maybe(30, |_| "/new".into()),
                ..HttpRequestRedirectPolicy::default()
            };
            route.request_redirect_policy = Some(Box::new(policy));
        }
        1 => {
            let policy = HttpDirectResponsePolicy {
                status_code: *dice.mostly(&[200, 404], &[7]),
                ..HttpDirectResponsePolicy::default()
            };
            route.direct_response_policy = Some(Box::new(policy));
        }
        2 if dice.chance(20) => {}
        _ => {
            let count = 1 + dice.below(2);
            route.services = dice.some(count, any_target);
        }
    }
    with_policies(dice, route)
}

fn with_policies(dice: &mut Dice, mut route: Route) -> Route {
    route.timeout_policy = dice.maybe(8, |dice| Box::new(any_timeouts(dice)));
    route.retry_policy = dice.maybe(5, |_| Box::new(RetryPolicy { count: 3, ..RetryPolicy::default() }));
    route.path_rewrite_policy = dice.maybe(8, |dice| {
        let replacement = dice.word(&["/", "/new", "/new/"], &[""]).into();
        Box::new(PathRewritePolicy { replace_prefix: vec![ReplacePrefix { prefix: None, replacement }] })
    });
    route.request_headers_policy = dice.maybe(8, |dice| {
        let name = dice.word(&["x-one", "Host"], &["bad name"]).into();
        let set = vec![HeaderValue { name, value: "some%thing".into() }];
        Box::new(HeadersPolicy { set, remove: vec![] })
    });
    route.health_check_policy = dice.maybe(5, |dice| {
        let path = dice.word(&["/healthy"], &["healthy"]).into();
        Box::new(HealthCheckPolicy { path, ..HealthCheckPolicy::default() })
    });
    route.load_balancer_policy = dice.maybe(5, |dice| {
        let strategy = Some(Choice::from(*dice.pick(&[Strategy::Random, Strategy::Cookie])));
        Box::new(LoadBalancerPolicy { strategy, ..LoadBalancerPolicy::default() })
    });
    if dice.chance(5) {
        let count = 1 + dice.below(2);
        route.cookie_rewrite_policies = dice.some(count, any_cookie_rewrite);
    }
    route.auth_policy = dice.maybe(8, |dice| Box::new(any_auth_policy(dice)));
    if dice.chance(2) {
        route.ip_deny_policy = vec![IpFilterPolicy::default()];
    }
    route
}

pub(super) fn any_timeouts(dice: &mut Dice) -> TimeoutPolicy {
    TimeoutPolicy {
        response: Some(dice.mostly(&["10s", "infinity"], &["soon"]).to_string()),
        idle: None,
        idle_connection: dice.maybe(30, |_| "7s".into()),
    }
}

fn any_path_condition(dice: &mut Dice) -> MatchCondition {
    let mut condition = MatchCondition::default();
    match dice.below(10) {
        0 => condition.exact = Some(dice.word(&PATHS, &BAD_PATHS).into()),
        1 => condition.regex = Some(dice.word(&["/x.*", "/[a-z]+"], &["/(", "no"]).into()),
        _ => condition.prefix = Some(dice.word(&PATHS, &BAD_PATHS).into()),
    }
    condition
}

/// A condition on a header or a query parameter.
fn any_condition(dice: &mut Dice) -> MatchCondition {
    if dice.chance(50) {
        let exact = Some((*dice.pick(&["value", "other"])).into());
        let parameter = QueryParameterMatchCondition { name: "q".into(), exact, ..Default::default() };
        return MatchCondition { query_parameter: Some(Box::new(parameter)), ..Default::default() };
    }
    let mut header = HeaderMatchCondition { name: "x-one".into(), ..Default::default() };
    match dice.below(3) {
        0 => header.present = true,
        1 => header.exact = Some("value".into()),
        _ => header.notcontains = Some("thing".into()),
    }
    MatchCondition { header: Some(Box::new(header)), ..Default::default() }
}
