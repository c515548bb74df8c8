//! Services that routes of a Gateway ask whether requests may pass.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use harness::gateway::{self, GatewayWorld, behind_tls, host, listener, route, routed, to};
use harness::manifests::HostCertificate;
use model::{
    Action, Cluster, ClusterKey, DirectResponse, Forward, Fraction, HeaderEdits, Listener, Mirror,
    PathRewrite, Protocol, Route, RouteAuthorization, RouteAuthorizationProtocol, Timeout, Transport,
    WeightedCluster,
};
use testkit::{
    Answer, AuthorizationServer, Backend, Canned, ClientTls, Failure, Port, Request, Trust, eventually,
};
use tokio::net::TcpListener;

/// A Gateway with a listener in clear text and one that ends TLS, and one backend.
struct Scene {
    gateway: GatewayWorld,
    listeners: [Listener; 2],
    ports: [Port; 2],
    backend: ClusterKey,
    running: Backend,
}

impl Scene {
    async fn start() -> Self {
        let ports = [Port::reserve(), Port::reserve()];
        let listeners = [
            listener("http-80", Transport::Plaintext, ports[0].address()),
            listener("https-443", Transport::Tls, ports[1].address()),
        ];
        let gateway = GatewayWorld::with(&listeners).await;
        gateway.add_certificate("all", &HostCertificate::new("a.example"));
        let running = Backend::start("one").await;
        let backend = gateway.add_cluster("one", running.port());
        Self { gateway, listeners, ports, backend, running }
    }

    fn service(&self, port: u16, protocol: Protocol) -> ClusterKey {
        self.gateway.add(&Cluster { protocol, ..gateway::cluster(&format!("auth-{port}")) }, &[port])
    }

    /// `/app` and `/answer` ask, `/open` does not.
    async fn serve(&mut self, authorization: RouteAuthorization) {
        let app = route("/app", to(&self.backend));
        self.serve_asking(authorization, &[app, route("/answer", accepted())]).await;
    }

    /// The host of all requests, on both listeners, and a wildcard: these routes ask, `/open` does not.
    async fn serve_asking(&mut self, authorization: RouteAuthorization, routes: &[Route]) {
        let authorization = Some(Arc::new(authorization));
        let asking =
            routes.iter().map(|route| Route { authorization: authorization.clone(), ..route.clone() });
        let routes: Vec<_> = asking.chain([route("/open", to(&self.backend))]).collect();
        let [plain, tls] = &self.listeners;
        for name in ["a.example", "*.wild.example"] {
            self.gateway.set(plain, name, Some(&routed(name, routes.clone())));
        }
        self.gateway.set(tls, "a.example", Some(&behind_tls("all", routed("a.example", routes))));
        self.gateway.set(tls, "b.example", Some(&behind_tls("all", host("b.example", accepted()))));
        self.gateway.push().await;
    }

    /// A request to each place where the routes are.
    fn requests(&self, path: &str) -> [Request; 3] {
        let [plain, tls] = [self.ports[0].address(), self.ports[1].address()];
        let client = ClientTls::new("a.example", &Trust::Anything).alpn(&["h2"]);
        [
            Request::get(plain, "a.example", path),
            Request::get(plain, "b.wild.example", path),
            Request::get(tls, "a.example", path).tls(client).http2(),
        ]
    }

    fn request(&self, path: &str) -> Request {
        let [request, ..] = self.requests(path);
        request
    }

    /// The service is asked about what Envoy answers itself, too, and not about other routes or none.
    async fn asks_where_it_should(&self, server: &AuthorizationServer) {
        for request in self.requests("/answer") {
            assert_eq!(asked(request.clone(), false).await.unwrap().code(), 402, "{}", request.host);
            assert_eq!(asked(request, true).await.unwrap().code(), 202);
        }
        server.take_questions();
        for (path, code) in [("/open", 200), ("/nothing", 404)] {
            for request in self.requests(path) {
                let answer = asked(request.clone(), false).await.unwrap();
                assert_eq!(answer.code(), code, "{path} {}", request.host);
            }
        }
    }

    /// Nobody passes any more, soon.
    async fn shuts(&self) {
        for request in self.requests("/app") {
            eventually("nobody answers", async || match asked(request.clone(), true).await {
                Ok(answer) if answer.code() == 403 => Ok(()),
                other => Err(format!("{other:?}")),
            })
            .await;
        }
    }

    async fn end(mut self) {
        self.gateway.world.assert_nothing_rejected().await;
    }
}

fn accepted() -> Action {
    Action::Respond(DirectResponse { status: 202, body: "".into() })
}

fn asks(cluster: ClusterKey, protocol: RouteAuthorizationProtocol) -> RouteAuthorization {
    let timeout = Timeout::After(Duration::from_secs(10));
    RouteAuthorization { cluster, protocol, authority: "auth.default".into(), timeout, body: None }
}

fn by_grpc(request_headers: Option<&[&str]>) -> RouteAuthorizationProtocol {
    RouteAuthorizationProtocol::Grpc { request_headers: request_headers.map(names) }
}

fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn by_http(request_headers: &[&str], answer_headers: Option<&[&str]>) -> RouteAuthorizationProtocol {
    RouteAuthorizationProtocol::Http {
        path_prefix: "/check".into(),
        request_headers: names(request_headers),
        answer_headers: answer_headers.map(names),
    }
}

async fn asked(request: Request, may_pass: bool) -> Result<Answer, Failure> {
    if may_pass { request.header("authorization", "yes").send().await } else { request.send().await }
}

#[tokio::test]
async fn a_service_by_grpc_is_asked_about_the_routes_that_name_it() {
    let mut scene = Scene::start().await;
    let server = AuthorizationServer::start().await;
    server.give(&[("x-user", "me"), ("x-isobath-scope", "http/other.example")]);
    let auth = scene.service(server.port(), Protocol::Http2);
    scene.serve(asks(auth, by_grpc(None))).await;
    for request in scene.requests("/app") {
        let place = format!("{} {:?}", request.host, request.version);
        let denied = asked(request.clone(), false).await.unwrap();
        assert_eq!((denied.code(), &*denied.text()), (402, "pay first"), "{place}");
        let passed = asked(request.header("x-some", "thing"), true).await.unwrap();
        let seen = passed.seen().unwrap();
        assert_eq!((passed.code(), seen.header("x-user")), (200, Some("me")), "{place}");
        assert_eq!(seen.header("x-isobath-scope"), None, "{place}");
        let questions = server.take_questions();
        let told: Vec<_> = questions.iter().map(|each| (&*each.authority, each.header("x-some"))).collect();
        assert_eq!(told, [("auth.default", None), ("auth.default", Some("thing"))], "{place}");
        assert!(questions.iter().all(|each| each.header("x-isobath-scope").is_none()), "{place}");
    }
    scene.asks_where_it_should(&server).await;
    let [.., misdirected] = scene.requests("/app");
    let misdirected = Request { host: "b.example".into(), ..misdirected };
    assert_eq!(misdirected.send().await.unwrap().code(), 421);
    let unknown = Request { host: "c.example".into(), ..scene.request("/app") };
    assert_eq!(unknown.send().await.unwrap().code(), 404);
    assert!(server.take_questions().is_empty(), "nobody is asked about these");
    scene.end().await;
}

#[tokio::test]
async fn a_service_by_grpc_is_told_the_headers_that_the_route_names() {
    let mut scene = Scene::start().await;
    let server = AuthorizationServer::start().await;
    server.give(&[("x-user", "me"), ("x-isobath-scope", "http/other.example")]);
    let auth = scene.service(server.port(), Protocol::Http2);
    let body = NonZeroU16::new(4);
    let told = by_grpc(Some(&["authorization", "x-some"]));
    scene.serve(RouteAuthorization { body, ..asks(auth, told) }).await;
    for request in scene.requests("/app") {
        let place = format!("{} {:?}", request.host, request.version);
        let request = request.header("x-some", "thing").header("cookie", "a=1");
        let request = request.method(http::Method::POST).body("12345");
        let denied = asked(request.clone(), false).await.unwrap();
        assert_eq!((denied.code(), &*denied.text()), (402, "pay first"), "{place}");
        let passed = asked(request.clone(), true).await.unwrap();
        let seen = passed.seen().unwrap();
        assert_eq!((passed.code(), seen.header("x-user")), (200, Some("me")), "{place}");
        assert_eq!((seen.header("cookie"), seen.header("x-isobath-scope")), (Some("a=1"), None), "{place}");
        let questions = server.take_questions();
        for (question, authorization) in questions.iter().zip([None, Some("yes")]) {
            let headers = ["authorization", "x-some", "cookie", "x-isobath-scope"];
            assert_eq!(
                headers.map(|name| question.header(name)),
                [authorization, Some("thing"), None, None],
                "{place}"
            );
            let asked = question.http().unwrap();
            assert_eq!(
                (&*asked.path, &*asked.host, &*asked.body),
                ("/app", &*request.host, "1234"),
                "{place}"
            );
            assert_eq!(question.authority, "auth.default", "{place}");
        }
        assert_eq!(questions.len(), 2, "{place}");
    }
    scene.asks_where_it_should(&server).await;
    assert!(server.take_questions().is_empty(), "nobody is asked about these");
    drop(server);
    scene.shuts().await;
    scene.end().await;
}

/// Proves client/authorization-down.
#[tokio::test]
async fn while_the_service_of_a_route_does_not_answer_nobody_passes() {
    let mut scene = Scene::start().await;
    let (absent, silent) = (Port::reserve(), TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
    for port in [absent.number(), silent.local_addr().unwrap().port()] {
        let by_http = by_http(&[], None);
        for (wire, protocol) in [(Protocol::Http2, by_grpc(None)), (Protocol::Http1, by_http)] {
            let asks = asks(scene.service(port, wire), protocol);
            let timeout = Timeout::After(Duration::from_millis(200));
            scene.serve(RouteAuthorization { timeout, ..asks }).await;
            for request in scene.requests("/app") {
                let answer = asked(request.clone(), true).await.unwrap();
                assert_eq!(answer.code(), 403, "{wire:?} {port} {}", request.host);
            }
            assert_eq!(asked(scene.request("/open"), false).await.unwrap().code(), 200);
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn nobody_passes_any_more_when_the_service_of_a_route_goes_away() {
    let mut scene = Scene::start().await;
    let server = AuthorizationServer::start().await;
    let auth = scene.service(server.port(), Protocol::Http2);
    scene.serve(asks(auth, by_grpc(None))).await;
    assert_eq!(asked(scene.request("/app"), true).await.unwrap().code(), 200);
    drop(server);
    scene.shuts().await;
    scene.end().await;
}

#[tokio::test]
async fn what_else_a_route_does_is_done_with_what_may_pass_and_with_nothing_else() {
    let mut scene = Scene::start().await;
    let server = AuthorizationServer::start().await;
    let auth = scene.service(server.port(), Protocol::Http2);
    let (two, copies) = (Backend::start("two").await, Backend::start("copies").await);
    let clusters = [("two", &two), ("copies", &copies)];
    let [second, copied] = clusters.map(|(name, backend)| scene.gateway.add_cluster(name, backend.port()));
    let forward = Forward {
        clusters: vec![WeightedCluster::plain(scene.backend.clone(), 1), WeightedCluster::plain(second, 1)],
        mirrors: vec![Mirror { cluster: copied, share: Fraction::ALL }],
        path: Some(PathRewrite::Full("/new".into())),
        ..gateway::forward(&scene.backend)
    };
    let request_headers = HeaderEdits { remove: vec!["x-secret".into()], ..HeaderEdits::default() };
    let app = Route { request_headers, ..route("/app", Action::Forward(Box::new(forward))) };
    scene.serve_asking(asks(auth, by_grpc(None)), &[app]).await;
    for request in scene.requests("/app") {
        assert_eq!(asked(request, false).await.unwrap().code(), 402);
    }
    assert_eq!([&scene.running, &two, &copies].map(Backend::requests), [0; 3], "nothing passed");
    server.take_questions();
    let request = scene.request("/app").header("x-secret", "s");
    let mut served = BTreeSet::new();
    for _ in 0..100 {
        let seen = asked(request.clone(), true).await.unwrap().seen().unwrap();
        assert_eq!((&*seen.path, seen.header("x-secret")), ("/new", None));
        served.insert(seen.service);
    }
    assert_eq!(served, BTreeSet::from(["one", "two"].map(str::to_owned)), "both have half of the weight");
    eventually("all is copied", async || match copies.requests() {
        100 => Ok(()),
        other => Err(format!("{other} copies")),
    })
    .await;
    for question in server.take_questions() {
        assert_eq!((&*question.http().unwrap().path, question.header("x-secret")), ("/app", Some("s")));
    }
    scene.end().await;
}

#[tokio::test]
async fn a_service_by_http_is_told_and_tells_what_the_route_says() {
    let mut scene = Scene::start().await;
    let server = Canned::start().await;
    let of_answer =
        [("x-user", "me"), ("x-other", "too"), ("content-type", "text/odd"), ("host", "evil.example")];
    server.answer("/check/app", 200, &of_answer, "");
    server.answer("/check/answer", 401, &[("www-authenticate", "Basic")], "who are you?");
    let auth = scene.service(server.port(), Protocol::Http1);
    let none: &[&str] = &[];
    for (told, allowed, gets) in [
        (none, None, [Some("me"), Some("too")]),
        (&["cookie", "x-none"], Some(&["x-user"][..]), [Some("me"), None]),
    ] {
        scene.serve(asks(auth.clone(), by_http(told, allowed))).await;
        for request in scene.requests("/app?a=b") {
            let place = format!("{} {told:?}", request.host);
            let host = request.host.clone();
            let answer = request.header("cookie", "a=1").header("x-secret", "s").send().await.unwrap();
            let seen = answer.seen().unwrap_or_else(|| panic!("{place}: {answer:?}"));
            assert_eq!(["x-user", "x-other"].map(|name| seen.header(name)), gets, "{place}");
            assert_eq!(
                ["content-type", "host"].map(|name| seen.header(name)),
                [None, Some(&*host)],
                "{place}"
            );
            let received = server.take_received();
            let [question] = &received[..] else { panic!("{place}: {received:?}") };
            let header = |name| question.headers.get(name).map(|value| value.to_str().unwrap());
            let cookie = told.contains(&"cookie").then_some("a=1");
            assert_eq!((&*question.path, header("host")), ("/check/app?a=b", Some(&*host)), "{place}");
            assert_eq!((header("cookie"), header("content-length")), (cookie, Some("0")), "{place}");
            assert_eq!(["x-none", "x-secret", "x-isobath-scope"].map(header), [None; 3], "{place}");
        }
        let denied = scene.request("/answer").send().await.unwrap();
        assert_eq!((denied.code(), &*denied.text()), (401, "who are you?"));
        assert_eq!(denied.header("www-authenticate"), Some("Basic"));
        server.take_received();
    }
    scene.end().await;
}

#[tokio::test]
async fn a_service_of_a_route_is_told_as_much_of_the_body_as_the_route_says() {
    let mut scene = Scene::start().await;
    let calls = AuthorizationServer::start().await;
    let requests = Canned::start().await;
    requests.answer("/check/app", 200, &[], "");
    let by_grpc = asks(scene.service(calls.port(), Protocol::Http2), by_grpc(None));
    let by_http = asks(scene.service(requests.port(), Protocol::Http1), by_http(&[], None));
    for most in [0, 4] {
        let body = NonZeroU16::new(most);
        scene.serve(RouteAuthorization { body, ..by_grpc.clone() }).await;
        let posts = |scene: &Scene, body: &'static str| {
            scene.requests("/app").map(|request| request.method(http::Method::POST).body(body))
        };
        let told = |body: &'static str| &body[..body.len().min(most.into())];
        for sent in ["1234", "12345"] {
            for post in posts(&scene, sent) {
                let place = format!("{} {:?} {sent} {most}", post.host, post.version);
                assert_eq!(asked(post, true).await.unwrap().code(), 200, "{place}");
                let questions = calls.take_questions();
                let bodies: Vec<_> = questions.iter().map(|each| &*each.http().unwrap().body).collect();
                assert_eq!(bodies, [told(sent)], "{place}");
            }
        }
        scene.serve(RouteAuthorization { body, ..by_http.clone() }).await;
        for sent in ["1234", "12345"] {
            for post in posts(&scene, sent) {
                let place = format!("{} {:?} {sent} {most}", post.host, post.version);
                assert_eq!(post.send().await.unwrap().code(), 200, "{place}");
                let received = requests.take_received();
                let lengths: Vec<_> =
                    received.iter().map(|each| each.headers["content-length"].to_str().unwrap()).collect();
                assert_eq!(lengths, [told(sent).len().to_string()], "{place}");
            }
        }
    }
    scene.end().await;
}
