//! What routes of a Gateway ask for that those of an ingress do not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::gateway::{self, GatewayWorld, forward, host, listener, route, routed};
use harness::manifests::HostCertificate;
use harness::{Suite, certificate_by};
use model::{
    Action, Authorities, ClusterKey, Forward, Fraction, Mirror, PathRewrite, Redirect, RedirectPath,
    RedirectPort, Retry, Route, SecretKey, Segments, SessionCarrier, SessionPersistence, SubjectName,
    Timeout, Transport, UpstreamTls, UpstreamValidation, WeightedCluster,
};
use testkit::{Answer, Backend, Port, Request, eventually};

/// A Gateway with a plaintext listener, and one backend.
struct Scene {
    gateway: GatewayWorld,
    http: model::Listener,
    port: Port,
    backend: Backend,
    cluster: ClusterKey,
}

impl Scene {
    async fn start() -> Self {
        let port = Port::reserve();
        let http = listener("http-80", Transport::Plaintext, port.address());
        let gateway = GatewayWorld::with(std::slice::from_ref(&http)).await;
        let backend = Backend::start("one").await;
        let cluster = gateway.add_cluster("one", backend.port());
        Self { gateway, http, port, backend, cluster }
    }

    async fn serve(&mut self, name: &str, routes: Vec<Route>) {
        self.gateway.set(&self.http, name, Some(&routed(name, routes)));
        self.gateway.push().await;
    }

    /// The same for all requests to one host.
    async fn do_with_all(&mut self, action: Action) {
        self.serve("a.example", vec![route("/", action)]).await;
    }

    fn forward(&self) -> Forward {
        forward(&self.cluster)
    }

    fn request(&self, host: &str, path: &str) -> Request {
        Request::get(self.port.address(), host, path)
    }

    async fn get(&self, path: &str) -> Answer {
        self.request("a.example", path).send().await.unwrap()
    }

    async fn end(mut self) {
        self.gateway.world.assert_nothing_rejected().await;
    }
}

fn to(forward: Forward) -> Action {
    Action::Forward(Box::new(forward))
}

fn segments(matched: &str, replacement: &str) -> Segments {
    Segments { matched: matched.into(), replacement: replacement.into() }
}

#[tokio::test]
async fn paths_are_replaced_and_queries_stay() {
    let mut scene = Scene::start().await;
    let rewritten =
        |prefix: &str, rewrite| route(prefix, to(Forward { path: Some(rewrite), ..scene.forward() }));
    let routes = vec![
        rewritten("/full", PathRewrite::Full(r"/new\1/$&%p".into())),
        rewritten("/a.b", PathRewrite::Segments(segments("/a.b", ""))),
        rewritten("/c", PathRewrite::Segments(segments("/c", "/d"))),
        rewritten("/", PathRewrite::Segments(segments("", "/base"))),
    ];
    scene.serve("a.example", routes).await;
    let cases = [
        ("/full", r"/new\1/$&%p"),
        ("/full/of/it?a=b&c", r"/new\1/$&%p?a=b&c"),
        ("/a.b", "/"),
        ("/a.b/", "/"),
        ("/a.b/c?q=/a.b", "/c?q=/a.b"),
        ("/c", "/d"),
        ("/c/", "/d/"),
        ("/c/e?q", "/d/e?q"),
        ("/other", "/base/other"),
        ("/?q", "/base/?q"),
    ];
    for (asked, expected) in cases {
        let seen = scene.get(asked).await.seen().unwrap();
        let query = seen.query.map(|query| format!("?{query}")).unwrap_or_default();
        assert_eq!(seen.path + &query, expected, "{asked}");
    }
    scene.end().await;
}

#[tokio::test]
async fn redirects_name_a_port_where_it_is_not_that_of_the_scheme() {
    let mut scene = Scene::start().await;
    let redirect = |scheme: Option<&str>, port, path| {
        let scheme = scheme.map(Into::into);
        Action::Redirect(Redirect { scheme, host: None, port, path, status: 302 })
    };
    let below = Some(RedirectPath::Segments(segments("/below", "")));
    let full = Some(RedirectPath::Full("/full".into()));
    let routes = vec![
        route("/usual", redirect(Some("https"), RedirectPort::Usual(443), None)),
        route("/same", redirect(None, RedirectPort::Same, None)),
        route("/other", redirect(None, RedirectPort::Number(8080), full)),
        route("/below", redirect(None, RedirectPort::Usual(80), below)),
    ];
    scene.serve("a.example", routes.clone()).await;
    scene.serve("*.wild.example", routes).await;
    let cases = [
        ("a.example:8080", "/usual?q", "https://a.example/usual?q"),
        ("a.example:8080", "/same", "http://a.example:8080/same"),
        ("a.example", "/other?q", "http://a.example:8080/full?q"),
        ("a.example", "/below/it?q", "http://a.example/it?q"),
        ("b.wild.example:8080", "/usual", "https://b.wild.example:443/usual"),
    ];
    for (host, path, expected) in cases {
        let answer = scene.request(host, path).send().await.unwrap();
        assert_eq!((answer.code(), answer.header("location")), (302, Some(expected)), "{host}{path}");
    }
    scene.end().await;
}

/// Proves client/gateway-no-backend.
#[tokio::test]
async fn the_share_of_backends_that_cannot_be_reached_is_answered_with_500() {
    let mut scene = Scene::start().await;
    let shared = to(Forward { invalid: 1, ..scene.forward() });
    let nowhere = to(Forward { clusters: vec![], invalid: 1, ..scene.forward() });
    scene.serve("a.example", vec![route("/none", nowhere), route("/", shared)]).await;
    let mut codes = std::collections::BTreeMap::new();
    for _ in 0..100 {
        *codes.entry(scene.get("/").await.code()).or_insert(0) += 1;
    }
    assert_eq!(codes.keys().collect::<Vec<_>>(), [&200, &500], "{codes:?}");
    assert_eq!(scene.get("/none").await.code(), 500);
    scene.end().await;
}

#[tokio::test]
async fn several_backends_get_their_fractions_of_copies() {
    let mut scene = Scene::start().await;
    let copies = [Backend::start("all").await, Backend::start("some").await];
    let clusters = [("all", &copies[0]), ("some", &copies[1])];
    let [all, some] = clusters.map(|(name, backend)| scene.gateway.add_cluster(name, backend.port()));
    let mirrors = vec![
        Mirror { cluster: all, share: Fraction::ALL },
        Mirror { cluster: some, share: Fraction::of(1, 3).unwrap() },
    ];
    scene.do_with_all(to(Forward { mirrors, ..scene.forward() })).await;
    for _ in 0..300 {
        assert_eq!(scene.get("/").await.service(), "one");
    }
    eventually("all is copied", async || match copies[0].requests() {
        300 => Ok(()),
        other => Err(format!("{other} copies")),
    })
    .await;
    // Six standard deviations around 100.
    assert!((50..150).contains(&copies[1].requests()), "{}", copies[1].requests());
    scene.end().await;
}

#[tokio::test]
async fn a_try_may_have_a_limit_without_being_made_again() {
    let mut scene = Scene::start().await;
    let per_try = Timeout::After(Duration::from_millis(200));
    let limited = Retry { on: "".into(), count: 0, per_try, status_codes: vec![], back_off: None };
    let again = Retry {
        on: "retriable-status-codes".into(),
        count: 2,
        per_try: Timeout::Default,
        status_codes: vec![503],
        back_off: Some(Duration::from_millis(10)),
    };
    let retried = |retry| Forward { retry: Some(retry), ..scene.forward() };
    let routes = vec![route("/limited", to(retried(limited))), route("/again", to(retried(again)))];
    scene.serve("a.example", routes).await;
    assert_eq!(scene.get("/limited?delay=20000").await.code(), 504);
    assert_eq!(scene.backend.requests(), 1);
    scene.backend.answer_next(2, 503);
    assert_eq!(scene.get("/again").await.code(), 200);
    assert_eq!(scene.backend.requests(), 4);
    scene.end().await;
}

/// A client with a session, and the endpoint that it came to first.
struct Client {
    path: &'static str,
    /// The header that brings the session, and its value.
    session: (&'static str, String),
    endpoint: String,
}

impl Scene {
    /// A client that comes for the first time.
    async fn new_client(&self, path: &'static str) -> Client {
        let answer = self.get(path).await;
        let (sends, brings) =
            if path == "/cookie" { ("set-cookie", "cookie") } else { ("x-keeps", "x-keeps") };
        let text = answer.header(sends).unwrap_or_else(|| panic!("{path}: {answer:?}"));
        let value = text.split("; ").next().unwrap().to_owned();
        Client { path, session: (brings, value), endpoint: answer.service() }
    }

    /// The endpoint that a client comes to with its session.
    async fn again(&self, client: &Client) -> String {
        let request = self.request("a.example", client.path);
        let (name, value) = &client.session;
        request.header(name, value).send().await.unwrap().service()
    }

    /// These backends share requests, which keep to them by a cookie or a header.
    async fn keep(&mut self, shares: &[(&ClusterKey, u32)]) {
        let shared =
            |(cluster, weight): &(&ClusterKey, u32)| WeightedCluster::plain((*cluster).clone(), *weight);
        let kept = |name: &str, carrier| {
            let session = Some(SessionPersistence { name: name.into(), carrier });
            to(Forward { clusters: shares.iter().map(shared).collect(), session, ..self.forward() })
        };
        let cookie = SessionCarrier::Cookie { path: "/".into(), lifetime: None };
        let routes = vec![
            route("/cookie", kept("keeps", cookie)),
            route("/header", kept("x-keeps", SessionCarrier::Header)),
        ];
        self.serve("a.example", routes).await;
    }
}

#[tokio::test]
async fn clients_keep_their_backend_and_its_endpoint_whatever_becomes_of_its_share() {
    let mut scene = Scene::start().await;
    let mut backends = Vec::new();
    for name in ["left one", "left two", "right one", "right two"] {
        backends.push(Backend::start(name).await);
    }
    let ports: Vec<_> = backends.iter().map(Backend::port).collect();
    let left = scene.gateway.add(&gateway::cluster("left"), &ports[..2]);
    let right = scene.gateway.add(&gateway::cluster("right"), &ports[2..]);
    let mut clients = Vec::new();
    // The right backend comes to the left one, which then loses its share.
    for shares in [&[(&left, 1)][..], &[(&left, 1), (&right, 1)], &[(&left, 0), (&right, 1)]] {
        scene.keep(shares).await;
        for path in ["/cookie", "/header"] {
            let mut found = BTreeSet::new();
            for _ in 0..30 {
                let client = scene.new_client(path).await;
                found.insert(client.endpoint.split(' ').next().unwrap().to_owned());
                clients.push(client);
            }
            let sharing = shares.iter().filter(|(_, weight)| *weight > 0);
            let names = sharing.map(|(cluster, _)| if *cluster == &left { "left" } else { "right" });
            let expected: BTreeSet<_> = names.map(str::to_owned).collect();
            // By chance, one of two stays away from 30 clients once in 10^9 times.
            assert_eq!(found, expected, "{path}");
        }
        for client in &clients {
            assert_eq!(scene.again(client).await, client.endpoint, "{:?}", client.session);
        }
    }
    // The backend of a session is taken out of the route.
    scene.keep(&[(&right, 1)]).await;
    for client in clients.iter().filter(|client| client.endpoint.starts_with("left")) {
        assert!(scene.again(client).await.starts_with("right"), "{:?}", client.session);
    }
    scene.end().await;
}

#[tokio::test]
async fn a_session_ends_when_its_cookie_does_though_the_client_still_sends_it() {
    let mut scene = Scene::start().await;
    let backends = [Backend::start("one").await, Backend::start("two").await];
    let ports = backends.each_ref().map(Backend::port);
    let cluster = scene.gateway.add(&gateway::cluster("kept"), &ports);
    let lifetime = Duration::from_secs(2);
    let carrier = SessionCarrier::Cookie { path: "/".into(), lifetime: Some(lifetime) };
    let session = Some(SessionPersistence { name: "keeps".into(), carrier });
    let kept = to(Forward { clusters: vec![WeightedCluster::plain(cluster, 1)], session, ..scene.forward() });
    scene.serve("a.example", vec![route("/cookie", kept)]).await;
    let client = scene.new_client("/cookie").await;
    let begun = Instant::now();
    while begun.elapsed() < lifetime / 2 {
        let endpoint = scene.again(&client).await;
        // Unless the machine was asleep for longer than the session lasts.
        assert!(endpoint == client.endpoint || begun.elapsed() > lifetime, "{endpoint}");
    }
    eventually("the session has ended", async || {
        let mut found = BTreeSet::new();
        for _ in 0..30 {
            found.insert(scene.again(&client).await);
        }
        if found.len() == 2 { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    scene.end().await;
}

#[tokio::test]
async fn each_client_gets_the_certificate_that_it_can_use() {
    let port = Port::reserve();
    let https = listener("https-443", Transport::Tls, port.address());
    let mut gateway = GatewayWorld::with(std::slice::from_ref(&https)).await;
    let backend = Backend::start("one").await;
    let cluster = gateway.add_cluster("one", backend.port());
    let certificates = [HostCertificate::new("a.example"), HostCertificate::rsa("a.example")];
    for (name, certificate) in ["ecdsa", "rsa"].into_iter().zip(&certificates) {
        gateway.add_certificate(name, certificate);
    }
    let mut value = gateway::behind_tls("ecdsa", host("a.example", gateway::to(&cluster)));
    value.tls.as_mut().unwrap().certificates.push(SecretKey::pair("default", "rsa"));
    gateway.set(&https, "a.example", Some(&value));
    gateway.push().await;
    for (suite, certificate) in [Suite::ECDSA, Suite::RSA].into_iter().zip(&certificates) {
        let shown = certificate_by(port.address(), b"a.example", &[suite]).await;
        assert_eq!(shown, Some(certificate.der()), "{suite:?}");
    }
    gateway.world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_backend_must_be_known_to_the_system_where_that_is_asked() {
    let mut scene = Scene::start().await;
    let backend = Backend::start_tls("stranger", "stranger.example").await;
    let mut cluster = gateway::cluster("stranger");
    let names = vec![SubjectName::Dns("stranger.example".into())];
    cluster.tls = Some(UpstreamTls {
        sni: "stranger.example".into(),
        handshake: Arc::default(),
        validation: Some(UpstreamValidation { authorities: Authorities::System, subject_names: names }),
        client_certificate: None,
    });
    let cluster = scene.gateway.add(&cluster, &[backend.port()]);
    let clusters = vec![WeightedCluster::plain(cluster, 1)];
    scene.do_with_all(to(Forward { clusters, ..scene.forward() })).await;
    assert_eq!(scene.get("/").await.code(), 503);
    assert_eq!(backend.requests(), 0);
    scene.end().await;
}
