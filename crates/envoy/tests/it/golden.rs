//! Whole resources, as JSON.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use envoy::{Output, Resource, ResourceType, Warming, XdsMode, to_json};
use insta::assert_yaml_snapshot;
use model::{
    AccessLogs, Action, AddressFilter, AddressRange, AddressSource, Aggression, Asked, AssignmentKey,
    Authorities, AuthorizationProtocol, Backend, Balancing, Bind, Check, CipherSuite, CircuitBreakers,
    ClientCertificates, ClientDetail, Clients, Cluster, Compression, Curve, Demand, Discovery, DnsFamily,
    Downstream, Endpoint, Endpoints, EndpointsKey, ExtensionName, Fingerprints, Fraction,
    GlobalAuthorization, Handshake, HashPart, HashSource, HeaderEdits, HeaderMatch, HeaderPredicate,
    HealthCheck, HostRewrite, HttpVersions, InternalRedirect, Jwks, JwtProvider, Layout, LogFormat, Mirror,
    NameMatch, PathMatch, PathRewrite, Probe, Protocol, QueryMatch, QueryPredicate, Question, QuestionBody,
    RateLimitService, Redirect, RedirectPath, RedirectPort, Retry, Revocation, RouteMatch, RouteTimeouts,
    SchemeChange, SecretContent, SecretKey, SecretName, ServerHeader, Settings, SharedEndpoints, SlowStart,
    SubjectName, TextMatch, Timeout, TlsOffer, TlsVersion, Trust, UpstreamTls, UpstreamValidation,
    VirtualHost, WeightedCluster,
};
use serde_json::Value;

use crate::values::{
    answer, certified, classic, cluster, find, forward, http, https, key, passthrough, plain, prefix,
    provider, restricting, route, serving, to, with_authorization, with_clients, with_fallback, with_tls,
    with_tokens,
};

fn published(
    host: &VirtualHost,
    listener: fn(&str) -> model::VirtualHostKey,
    kind: ResourceType,
    name: &str,
) -> Resource {
    let mut layout = classic();
    layout.set(&listener(host.host.as_str()), Some(host));
    find(&layout.flush(), kind, name)
}

/// The virtual host of a plaintext host, alone.
fn virtual_host(host: &VirtualHost) -> Value {
    let table = published(host, http, ResourceType::RouteConfiguration, "ingress_http");
    to_json(&table)["virtual_hosts"][0].take()
}

/// The matches of routes with these actions or conditions, alone.
fn routes(routes: Vec<model::Route>, part: &str) -> Vec<Value> {
    let mut host = virtual_host(&plain("a.com", routes));
    let routes = host["routes"].as_array_mut().expect("a list");
    routes.iter_mut().map(|route| route[part].take()).collect()
}

fn text(value: &str, ignore_case: bool) -> TextMatch {
    TextMatch { value: value.into(), ignore_case }
}

#[test]
fn a_table_with_one_host() {
    let table = published(&serving("a.com", "x"), http, ResourceType::RouteConfiguration, "ingress_http");
    assert_yaml_snapshot!(to_json(&table));
}

/// The name of the object that the only route of a host comes from, as the route tells it.
fn told_origin(format: &LogFormat, layout: Layout) -> Option<Value> {
    let access_logs = AccessLogs { format: format.clone(), ..AccessLogs::default() };
    let settings = Settings { access_logs, layout, ..Settings::default() };
    let mut hosts = envoy::layout(&settings, XdsMode::default());
    hosts.set(&http("a.com"), Some(&serving("a.com", "x")));
    let (kind, name, table) = match layout {
        Layout::Table => (ResourceType::RouteConfiguration, "ingress_http", ""),
        Layout::Scoped | Layout::OnDemand => {
            (ResourceType::ScopedRouteConfiguration, "http/a.com", "/route_configuration")
        }
    };
    let metadata = format!("{table}/virtual_hosts/0/routes/0/metadata/filter_metadata");
    let json = to_json(&find(&hosts.flush(), kind, name));
    json.pointer(&format!("{metadata}/envoy.access_loggers.file/io.projectcontour.name")).cloned()
}

#[test]
fn routes_tell_their_objects_where_access_logs_ask_for_them() {
    let format = "%METADATA(ROUTE:envoy.access_loggers.file:io.projectcontour.name)%\n";
    let line = LogFormat::Line(format.into());
    let fields = LogFormat::Json(vec![("name".into(), format.into())]);
    let others = LogFormat::Json(vec![("protocol".into(), "%PROTOCOL%".into())]);
    for layout in [Layout::Table, Layout::Scoped, Layout::OnDemand] {
        let told = [&line, &fields, &others, &LogFormat::Default].map(|format| told_origin(format, layout));
        assert_eq!(told, [Some("proxy".into()), Some("proxy".into()), None, None], "{layout:?}");
    }
}

#[test]
fn every_condition_on_the_path() {
    let matches = [
        PathMatch::Exact("/exact".into()),
        PathMatch::Regex("/regex/[0-9]+".into()),
        PathMatch::Segments("/segments".into()),
        PathMatch::Prefix("/prefix".into()),
    ];
    let matches = matches.map(|path| route(RouteMatch::new(path, vec![], vec![]), answer(200, "")));
    assert_yaml_snapshot!(routes(matches.to_vec(), "match"));
}

#[test]
fn every_condition_on_headers() {
    let header = |name: &str, predicate, invert, missing_is_empty| HeaderMatch {
        name: name.into(),
        predicate,
        invert,
        missing_is_empty,
    };
    let headers = vec![
        header(":method", HeaderPredicate::Exact(text("GET", false)), false, false),
        header("x-exact", HeaderPredicate::Exact(text("v", true)), true, true),
        header("x-regex", HeaderPredicate::Regex("v.*".into()), false, false),
        header("x-contains", HeaderPredicate::Contains(text("v", false)), false, false),
        header("x-present", HeaderPredicate::Present, true, false),
    ];
    let matches = RouteMatch::new(PathMatch::Prefix("/".into()), headers, vec![]);
    assert_yaml_snapshot!(routes(vec![route(matches, answer(200, ""))], "match"));
}

#[test]
fn every_condition_on_query_parameters() {
    let query = |name: &str, predicate| QueryMatch { name: name.into(), predicate };
    let conditions = vec![
        query("exact", QueryPredicate::Exact(text("v", true))),
        query("regex", QueryPredicate::Regex("v.*".into())),
        query("prefix", QueryPredicate::Prefix(text("v", false))),
        query("suffix", QueryPredicate::Suffix(text("v", false))),
        query("contains", QueryPredicate::Contains(text("v", false))),
        query("present", QueryPredicate::Present),
    ];
    let matches = RouteMatch::new(PathMatch::Prefix("/".into()), vec![], conditions);
    assert_yaml_snapshot!(routes(vec![route(matches, answer(200, ""))], "match"));
}

#[test]
fn a_wildcard_host_takes_one_label() {
    assert_yaml_snapshot!(virtual_host(&serving("*.example.com", "x")));
}

#[test]
fn a_route_with_everything_about_its_backends() {
    let mut action = forward(&["x", "y"]);
    action.clusters[0].weight = 90;
    action.clusters[0].host = Some(HostRewrite::Literal("x.internal".into()));
    action.clusters[1].request_headers =
        HeaderEdits { set: vec![("x-to".into(), "y".into())], add: vec![], remove: vec!["x-from".into()] };
    action.clusters[1].response_headers =
        HeaderEdits { set: vec![("x-empty".into(), "".into())], add: vec![], remove: vec![] };
    action.mirrors.push(Mirror { cluster: key("z"), share: Fraction::percent(5).expect("a share") });
    action.path = Some(PathRewrite::Prefix("/new".into()));
    action.host = Some(HostRewrite::Header("x-host".into()));
    action.timeouts =
        RouteTimeouts { response: Timeout::After(Duration::from_millis(1500)), idle: Timeout::Disabled };
    action.retry = Some(Retry {
        on: "5xx,retriable-status-codes".into(),
        count: 3,
        per_try: Timeout::After(Duration::from_secs(1)),
        back_off: None,
        status_codes: vec![409, 503],
    });
    let part = |source, terminal| HashPart { source, terminal };
    action.hash = vec![
        part(HashSource::Header("x-tenant".into()), true),
        part(HashSource::Query("user".into()), false),
        part(HashSource::Session, false),
        part(HashSource::Address, false),
    ];
    action.websockets = true;
    let mut route = route(prefix("/old"), Action::Forward(Box::new(action)));
    route.request_headers =
        HeaderEdits { set: vec![("x-a".into(), "100%%".into())], add: vec![], remove: vec![] };
    route.response_headers = HeaderEdits { set: vec![], add: vec![], remove: vec!["server".into()] };
    assert_yaml_snapshot!(virtual_host(&plain("a.com", vec![route])));
}

#[test]
fn what_requests_to_a_host_and_to_one_of_its_routes_must_meet() {
    let range = |source, network: &str| AddressRange { source, range: network.parse().expect("a network") };
    let ranges = vec![range(AddressSource::Peer, "192.0.2.7/32"), range(AddressSource::Remote, "fd00::/8")];
    let mut own = route(prefix("/own"), to(&["x"]));
    own.policies.addresses = Some(Arc::new(AddressFilter::Allow(ranges)));
    let mut host = plain("a.com", vec![own]);
    host.policies = restricting();
    assert_yaml_snapshot!(virtual_host(&host));
}

#[test]
fn a_host_with_routes_that_follow_redirects_has_named_routes() {
    let following = |redirect: InternalRedirect| {
        let action = model::Forward { internal_redirect: Some(redirect), ..forward(&["x"]) };
        Action::Forward(Box::new(action))
    };
    let all = InternalRedirect {
        count: 5,
        statuses: vec![301, 308],
        schemes: SchemeChange::SafeOnly,
        each_route_once: false,
    };
    let host = plain(
        "a.com",
        vec![route(prefix("/all"), following(all.clone())), route(prefix("/"), answer(404, ""))],
    );
    assert_yaml_snapshot!(virtual_host(&host));
    let once = InternalRedirect { each_route_once: true, schemes: SchemeChange::Always, ..all };
    let host = plain("a.com", vec![route(prefix("/once"), following(once)), route(prefix("/"), to(&["x"]))]);
    assert_yaml_snapshot!(virtual_host(&host));
}

#[test]
fn the_chain_of_a_host_that_asks_for_tokens_has_a_filter_and_a_table_of_its_own() {
    let server = Cluster {
        backend: Backend::Server { scheme: "https", host: "keys.example".into(), port: 8443 },
        ..cluster("x")
    };
    let remote = Jwks::Remote {
        uri: "https://keys.example:8443/jwks".into(),
        cluster: server.key(),
        timeout: Duration::from_secs(1),
        cache: Duration::from_secs(300),
    };
    let mut host = with_tokens(with_tls("s", serving("a.com", "x")));
    host.jwt_providers.push(JwtProvider {
        issuer: "issuer".into(),
        audiences: vec!["a".into(), "b".into()],
        forward: true,
        ..provider("remote", remote)
    });
    let mut layout = classic();
    layout.set(&https("a.com"), Some(&host));
    let outputs = layout.flush();
    let listener = to_json(&find(&outputs, ResourceType::Listener, "ingress_https"));
    let manager = &listener["filter_chains"][0]["filters"][0]["typed_config"];
    let filters = manager["http_filters"].as_array().expect("a list").iter();
    let filter: Vec<_> = filters.filter(|each| each["name"] == "envoy.filters.http.jwt_authn").collect();
    let table = |name: &str| to_json(&find(&outputs, ResourceType::RouteConfiguration, name));
    assert_yaml_snapshot!((
        &manager["rds"]["route_config_name"],
        filter,
        table("https/a.com/tokens"),
        table("https/a.com")
    ));
}

#[test]
fn the_chain_of_a_host_that_asks_a_service_has_a_filter_and_a_table_of_its_own() {
    let routes = vec![route(prefix("/asked"), to(&["x"])), route(prefix("/free"), answer(200, ""))];
    let mut host = with_authorization(with_tls("s", plain("a.com", routes)));
    let context = vec![("tier".into(), "gold".into())];
    host.policies.authorization = Some(Arc::new(Check::Ask { context }));
    let of = |layout: Settings, host: &VirtualHost| {
        let mut layout = envoy::layout(&layout, XdsMode::AdsDelta);
        layout.set(&https("a.com"), Some(host));
        layout.flush()
    };
    let filter = |outputs: &[Output]| {
        let listener = to_json(&find(outputs, ResourceType::Listener, "ingress_https"));
        let manager = &listener["filter_chains"][0]["filters"][0]["typed_config"];
        let mut filters = manager["http_filters"].as_array().expect("a list").iter();
        filters.find(|each| each["name"] == "envoy.filters.http.ext_authz").cloned()
    };
    let table =
        |outputs: &[Output], name: &str| to_json(&find(outputs, ResourceType::RouteConfiguration, name));
    let outputs = of(Settings { layout: model::Layout::Table, ..Settings::default() }, &host);
    let tables =
        ["https/a.com/authorization", "https/a.com", "https/a.com/tokens"].map(|name| table(&outputs, name));
    assert_yaml_snapshot!((filter(&outputs), tables));
    let outputs = of(Settings::default(), &host);
    assert_yaml_snapshot!(to_json(&find(
        &outputs,
        ResourceType::ScopedRouteConfiguration,
        "authorized/a.com"
    )));
    let authorization = Arc::make_mut(host.authorization.as_mut().expect("one"));
    authorization.question = Question {
        protocol: AuthorizationProtocol::Http {
            path_prefix: "/check".into(),
            request_headers: vec![NameMatch::Exact("x-key".into()), NameMatch::Prefix("x-".into())],
            upstream_headers: vec![NameMatch::Suffix("-user".into()), NameMatch::Contains("b".into())],
        },
        authority: "auth.example".into(),
        timeout: Timeout::Default,
        fail_open: true,
        body: Some(QuestionBody { most: 1024, partial: true, as_bytes: false }),
    };
    assert_yaml_snapshot!(filter(&of(Settings::default(), &host)));
}

#[test]
fn one_backend_with_a_host_of_its_own_is_named_directly() {
    let mut action = forward(&["x"]);
    action.clusters[0].host = Some(HostRewrite::Literal("x.internal".into()));
    action.path = Some(PathRewrite::Regex { pattern: "^/old/?".into(), substitution: "/".into() });
    let routes = routes(vec![route(prefix("/"), Action::Forward(Box::new(action)))], "route");
    assert_yaml_snapshot!(routes);
}

#[test]
fn a_host_of_the_route_goes_before_those_of_backends_however_many_there_are() {
    let hosts = |services: &[&str], of_route: HostRewrite, with_headers: bool| {
        let mut action = forward(services);
        action.clusters[0].host = Some(HostRewrite::Literal("x.internal".into()));
        if with_headers {
            action.clusters[0].request_headers.remove.push("x-from".into());
        }
        action.host = Some(of_route);
        let routes = routes(vec![route(prefix("/"), Action::Forward(Box::new(action)))], "route");
        let of_backend = routes[0].pointer("/weighted_clusters/clusters/0/host_rewrite_literal");
        let of_route = ["host_rewrite_literal", "host_rewrite_header"].map(|key| routes[0][key].clone());
        (of_backend.cloned(), of_route)
    };
    let literal = || HostRewrite::Literal("of.the.route".into());
    let expected = (None, ["of.the.route".into(), serde_json::Value::Null]);
    for (services, with_headers) in [(&["x"][..], false), (&["x"], true), (&["x", "y"], false)] {
        assert_eq!(hosts(services, literal(), with_headers), expected, "{services:?} {with_headers}");
    }
    // A header may be missing.
    let header = || HostRewrite::Header("x-host".into());
    let expected = (Some("x.internal".into()), [serde_json::Value::Null, "x-host".into()]);
    for services in [&["x"][..], &["x", "y"]] {
        assert_eq!(hosts(services, header(), false), expected, "{services:?}");
    }
}

#[test]
fn every_redirect() {
    let redirect = |status, path| Redirect {
        scheme: Some("https".into()),
        host: Some("b.com".into()),
        port: RedirectPort::Number(8443),
        path,
        status,
    };
    let bare = Redirect { scheme: None, host: None, port: RedirectPort::Same, path: None, status: 308 };
    let full = redirect(302, Some(RedirectPath::Full("/full".into())));
    let by_prefix = redirect(307, Some(RedirectPath::Prefix("/prefix".into())));
    let actions = [
        Action::UpgradeToHttps(RedirectPort::Same),
        Action::Redirect(full),
        Action::Redirect(by_prefix),
        Action::Redirect(Redirect { status: 301, ..bare.clone() }),
        Action::Redirect(Redirect { status: 303, ..bare.clone() }),
        Action::Redirect(bare),
    ];
    assert_yaml_snapshot!(routes(actions.map(|action| route(prefix("/"), action)).to_vec(), "redirect"));
}

#[test]
fn answers_of_envoy_itself() {
    let answers = [answer(503, ""), answer(200, "hello")];
    let routes = routes(answers.map(|action| route(prefix("/"), action)).to_vec(), "direct_response");
    assert_yaml_snapshot!(routes);
}

#[test]
fn the_plaintext_listener() {
    assert_yaml_snapshot!(to_json(&find(&classic().flush(), ResourceType::Listener, "ingress_http")));
}

#[test]
fn the_plaintext_listener_with_every_setting() {
    let layout = model::Layout::Table;
    let mut settings = Settings { layout, proxy_protocol: true, trusted_hops: 2, ..Settings::default() };
    settings.merge_slashes = false;
    settings.http = Bind { address: "::".parse().unwrap(), port: 80 };
    settings.http_access_log = "/dev/null".into();
    settings.downstream = Downstream {
        versions: HttpVersions::Http1,
        compression: Some(Compression::Brotli),
        server_header: ServerHeader::PassThrough,
        strip_trailing_dot: true,
        allow_chunked_length: false,
        max_requests: NonZeroU32::new(1),
        max_streams: NonZeroU32::new(2),
        requests_at_once: None,
        max_connections: None,
        buffer_limit: NonZeroU32::new(3),
        balanced: true,
        accepted_at_once: NonZeroU32::new(4),
        type_of_service: 5,
        traffic_class: 6,
        fingerprints: Fingerprints { ja3: true, ja4: true },
    };
    let asked = |name: &str| Asked::new(ExtensionName::new("ops", name));
    settings.rate_limit_service = Some(RateLimitService {
        asked: Asked { timeout: Timeout::After(Duration::from_secs(6)), ..asked("limits") },
        domain: "ours".into(),
        fail_open: false,
        limit_headers: true,
        resource_exhausted: true,
        default: None,
    });
    settings.global_authorization = Some(GlobalAuthorization {
        asked: asked("auth"),
        protocol: AuthorizationProtocol::Grpc,
        fail_open: true,
        body: None,
        is_skipped: false,
        context: vec![],
    });
    let timeouts = &mut settings.timeouts;
    timeouts.request = Timeout::After(Duration::from_secs(1));
    timeouts.connection_idle = Timeout::Disabled;
    timeouts.stream_idle = Timeout::After(Duration::from_secs(2));
    timeouts.max_connection_duration = Timeout::After(Duration::from_secs(3));
    timeouts.delayed_close = Timeout::After(Duration::from_secs(4));
    timeouts.connection_shutdown_grace = Timeout::After(Duration::from_secs(5));
    let outputs = envoy::layout(&settings, XdsMode::Sotw).flush();
    assert_yaml_snapshot!(to_json(&find(&outputs, ResourceType::Listener, "ingress_http")));
}

#[test]
fn what_all_tls_hosts_offer() {
    let mut settings = Settings { layout: model::Layout::Table, ..Settings::default() };
    settings.downstream.versions = HttpVersions::Http2;
    settings.downstream.fingerprints = Fingerprints { ja3: true, ja4: true };
    settings.downstream.traffic_class = 6;
    settings.tls_offer =
        TlsOffer { ciphers: vec![CipherSuite::ALL[4]], curves: vec![Curve::ALL[0], Curve::ALL[1]] };
    let mut layout = envoy::layout(&settings, XdsMode::AdsDelta);
    layout.set(&https("a.com"), Some(&with_tls("s", serving("a.com", "x"))));
    let mut listener = to_json(&find(&layout.flush(), ResourceType::Listener, "ingress_https"));
    let socket = listener["filter_chains"][0]["transport_socket"].take();
    assert_yaml_snapshot!((
        socket,
        ["listener_filters", "socket_options"].map(|field| listener[field].take())
    ));
}

#[test]
fn the_tls_listener_with_one_host() {
    let host = with_tls("s", serving("a.com", "x"));
    assert_yaml_snapshot!(to_json(&published(&host, https, ResourceType::Listener, "ingress_https")));
}

#[test]
fn the_table_of_a_tls_host_answers_421_to_other_hosts() {
    let host = with_tls("s", serving("a.com", "x"));
    assert_yaml_snapshot!(to_json(&published(&host, https, ResourceType::RouteConfiguration, "https/a.com")));
}

#[test]
fn chains_of_wildcards_compare_host_and_sni() {
    let chain = |host: &str| {
        let host = with_tls("s", plain(host, vec![]));
        let listener = published(&host, https, ResourceType::Listener, "ingress_https");
        let mut chain = to_json(&listener)["filter_chains"][0].take();
        let filter = chain["filters"][0]["typed_config"]["http_filters"][0].take();
        (chain["filter_chain_match"].take(), filter)
    };
    assert_yaml_snapshot!([chain("*"), chain("*.example.com"), chain("a.com")]);
}

#[test]
fn chains_that_carry_connections() {
    let chain = |host: &VirtualHost| {
        let listener = published(host, https, ResourceType::Listener, "ingress_https");
        to_json(&listener)["filter_chains"][0].take()
    };
    let share = |service, weight| WeightedCluster::plain(key(service), weight);
    let through = passthrough("a.com", vec![share("x", 1), share("y", 0), share("z", 2)]);
    let ended = with_tls("s", passthrough("b.com", vec![share("x", 1)]));
    let restricted = VirtualHost { policies: restricting(), ..passthrough("c.com", vec![share("x", 1)]) };
    assert_yaml_snapshot!([chain(&through), chain(&ended), chain(&restricted)]);
}

#[test]
fn chains_that_ask_clients_for_certificates() {
    let chain = |asked: ClientCertificates| {
        let clients = Clients::Certified(Box::new(asked));
        let host = with_clients(clients, with_tls("s", plain("a.com", vec![])));
        let listener = published(&host, https, ResourceType::Listener, "ingress_https");
        let mut chain = to_json(&listener)["filter_chains"][0].take();
        let manager = &mut chain["filters"][0]["typed_config"];
        let details = ["forward_client_cert_details", "set_current_client_cert_details"];
        let details = details.map(|field| manager[field].take());
        let context = &mut chain["transport_socket"]["typed_config"];
        let validation = ["validation_context", "combined_validation_context"];
        let validation = validation.map(|field| context["common_tls_context"][field].take());
        (context["require_client_certificate"].take(), validation, details)
    };
    let issued = |crl, revocation| Trust::Issued { by: SecretKey::ca("ns", "ca", crl), revocation };
    let any = |suggested| Trust::Any { suggested };
    let details = |details: &[ClientDetail]| Some(details.iter().copied().collect());
    let all = [
        ClientDetail::Subject,
        ClientDetail::Certificate,
        ClientDetail::Chain,
        ClientDetail::Dns,
        ClientDetail::Uri,
    ];
    let crl = || Some(SecretName::new("vault", "crl"));
    let asked = [
        (Demand::Required, issued(None, Revocation::Chain), None),
        (Demand::Required, issued(crl(), Revocation::Chain), details(&[])),
        (Demand::Optional, issued(crl(), Revocation::Leaf), details(&[ClientDetail::Uri])),
        (Demand::Required, any(None), details(&all)),
        (Demand::Optional, any(Some(SecretKey::ca("ns", "ca", None))), None),
    ];
    let asked = asked.map(|(demand, trust, forward)| chain(ClientCertificates { demand, trust, forward }));
    assert_yaml_snapshot!(asked);
}

#[test]
fn the_table_of_a_host_whose_clients_must_have_certificates() {
    let host = certified("s", "ca", serving("a.com", "x"));
    let table = published(&host, https, ResourceType::RouteConfiguration, "https/a.com");
    assert_yaml_snapshot!(to_json(&table)["virtual_hosts"][0]["routes"][0]);
}

#[test]
fn the_fallback_chain_and_its_table() {
    let mut layout = classic();
    for host in ["a.com", "*.b.com"] {
        layout.set(&https(host), Some(&with_fallback("s", "f", plain(host, vec![]))));
    }
    layout.set(&https("c.com"), Some(&with_tls("s", plain("c.com", vec![]))));
    let outputs = layout.flush();
    let table = find(&outputs, ResourceType::RouteConfiguration, "ingress_fallbackcert");
    let listener = to_json(&find(&outputs, ResourceType::Listener, "ingress_https"));
    let chains = listener["filter_chains"].as_array().expect("a list");
    let mut fallback = chains.iter().find(|chain| chain["name"] == "fallback-certificate").cloned();
    let fallback = fallback.as_mut().expect("it is there");
    let rds = fallback["filters"][0]["typed_config"]["rds"].take();
    let chain = ["filter_chain_match", "transport_socket"].map(|field| fallback[field].take());
    assert_yaml_snapshot!((chain, rds, to_json(&table)));
}

#[test]
fn the_statistics_listener() {
    let listeners = envoy::static_listeners(&Settings::default(), XdsMode::AdsDelta);
    assert_yaml_snapshot!(listeners.iter().map(to_json).collect::<Vec<_>>());
}

#[test]
fn the_runtime_layer() {
    assert_yaml_snapshot!(to_json(&envoy::runtime(&Settings::default(), &[])));
}

#[test]
fn a_cluster_by_endpoints() {
    assert_yaml_snapshot!(to_json(&envoy::cluster(&cluster("x").key(), &cluster("x"), XdsMode::AdsDelta)));
}

#[test]
fn a_cluster_with_everything() {
    let mut value = cluster("x");
    value.protocol = Protocol::Http2;
    value.balancing = Balancing::Hash;
    value.idle_timeout = Timeout::After(Duration::from_secs(30));
    value.connect_timeout = Duration::from_millis(250);
    value.requests_per_connection = Some(100);
    value.buffer_bytes = Some(32_768);
    value.circuit_breakers = CircuitBreakers {
        max_connections: Some(1),
        max_pending_requests: Some(2),
        max_requests: Some(3),
        max_retries: Some(4),
        retry_budget: None,
        per_host_max_connections: Some(5),
    };
    let ca = SecretKey::ca("ns", "trust", None);
    let subject_names = ["x.ns", "y.ns"].map(|name| SubjectName::Dns(name.into())).to_vec();
    value.tls = Some(UpstreamTls {
        sni: "x.ns".into(),
        validation: Some(UpstreamValidation { authorities: Authorities::Bundle(ca), subject_names }),
        client_certificate: Some(SecretKey::client_pair("operator", "envoy")),
        handshake: Arc::new(Handshake {
            minimum: TlsVersion::V1_3,
            maximum: TlsVersion::V1_3,
            offer: TlsOffer {
                ciphers: vec![CipherSuite::find("ECDHE-RSA-AES256-GCM-SHA384").expect("a suite")],
                curves: vec![Curve::find("P-521").expect("a curve")],
            },
        }),
    });
    assert_yaml_snapshot!(to_json(&envoy::cluster(&value.key(), &value, XdsMode::AdsDelta)));
}

#[test]
fn a_cluster_by_name_for_each_family() {
    let families = [DnsFamily::Auto, DnsFamily::V4, DnsFamily::V6, DnsFamily::All];
    let clusters = families.map(|family| {
        let mut value = cluster("x");
        value.discovery = Discovery::Dns { name: "x.example".into(), port: 8080, health_port: None, family };
        let mut json = to_json(&envoy::cluster(&value.key(), &value, XdsMode::AdsDelta));
        ["type", "dns_lookup_family", "load_assignment"].map(|field| json[field].take())
    });
    assert_yaml_snapshot!(clusters);
}

#[test]
fn a_cluster_whose_new_endpoints_get_little_at_first() {
    let slow_start = SlowStart {
        window: Duration::from_secs(30),
        aggression: Aggression::new(1.5).expect("a number above zero"),
        minimum_percent: 20,
    };
    let kinds = [Balancing::RoundRobin(Some(slow_start)), Balancing::LeastRequest(Some(slow_start))];
    let clusters = kinds.map(|balancing| {
        let value = Cluster { balancing, ..cluster("x") };
        let mut json = to_json(&envoy::cluster(&value.key(), &value, XdsMode::AdsDelta));
        ["lb_policy", "round_robin_lb_config", "least_request_lb_config"].map(|field| json[field].take())
    });
    assert_yaml_snapshot!(clusters);
}

#[test]
fn a_cluster_whose_endpoints_are_probed() {
    let http = Probe::Http {
        path: "/healthz?deep".into(),
        host: "inner".into(),
        statuses: vec![200..202, 300..400],
    };
    let probed =
        [(Protocol::Http1, Probe::Connect), (Protocol::Http1, http.clone()), (Protocol::Http2, http)];
    let checks = probed.map(|(protocol, probe)| {
        let mut value = Cluster { protocol, ..cluster("x") };
        value.health_check = Some(Arc::new(HealthCheck {
            probe,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(1),
            unhealthy_after: 4,
            healthy_after: 3,
        }));
        let resource = envoy::cluster(&value.key(), &value, XdsMode::AdsDelta);
        assert_eq!(resource.warming, Warming::Within(Duration::from_secs(2)));
        let mut json = to_json(&resource);
        ["health_checks", "ignore_health_on_host_removal"].map(|field| json[field].take())
    });
    assert_yaml_snapshot!(checks);
}

#[test]
fn an_idle_timeout_of_http1_names_the_protocol() {
    let mut value = cluster("x");
    value.idle_timeout = Timeout::Disabled;
    let mut json = to_json(&envoy::cluster(&value.key(), &value, XdsMode::AdsDelta));
    assert_yaml_snapshot!(json["typed_extension_protocol_options"].take());
}

#[test]
fn endpoints_with_and_without_addresses() {
    let key = EndpointsKey { port_name: "http".into(), ..EndpointsKey::of_service("ns", "x") };
    let endpoint = |ip: &str, health_port| Endpoint { ip: ip.parse().unwrap(), port: 8080, health_port };
    let some = Endpoints { addresses: vec![endpoint("10.0.0.1", None), endpoint("fd00::1", Some(9000))] };
    let other = EndpointsKey { service: "y".into(), ..key.clone() };
    let shares = vec![(key.clone(), 1), (other, 3)];
    let shared = Arc::new(SharedEndpoints { owner: "extension/ns/z".into(), shares });
    let mut cluster = cluster("x");
    cluster.discovery = Discovery::Shared(shared.clone());
    let (key, shared) = (AssignmentKey::Port(key), AssignmentKey::Shared(shared));
    let none = Endpoints::default();
    let resources = [
        envoy::endpoints(&key, std::slice::from_ref(&some)),
        envoy::endpoints(&key, std::slice::from_ref(&none)),
        envoy::endpoints(&shared, &[some.clone(), some.clone()]),
        envoy::endpoints(&shared, &[some, none]),
        envoy::cluster(&cluster.key(), &cluster, XdsMode::AdsDelta),
    ];
    assert_yaml_snapshot!(resources.iter().map(to_json).collect::<Vec<_>>());
}

#[test]
fn secrets_without_their_keys() {
    let bytes = |text: &str| -> Arc<[u8]> { text.as_bytes().into() };
    let pair = SecretContent::Pair { chain: bytes("chain"), key: bytes("canary") };
    let ca = SecretKey::ca("ns", "trust", None);
    let revocable = SecretKey::ca("ns", "trust", Some(SecretName::new("vault", "crl")));
    let resources = [
        envoy::secret(&SecretKey::pair("ns", "s"), &pair),
        envoy::secret(&ca, &SecretContent::Ca { bundle: bytes("bundle"), crl: None }),
        envoy::secret(&revocable, &SecretContent::Ca { bundle: bytes("bundle"), crl: Some(bytes("lists")) }),
    ];
    assert!(
        resources[0].body.to_bytes().windows(6).any(|part| part == b"canary"),
        "the key is in the resource"
    );
    assert!(!format!("{resources:?}").contains("canary"), "and not in its debug form");
    assert_yaml_snapshot!(resources.iter().map(to_json).collect::<Vec<_>>());
}
