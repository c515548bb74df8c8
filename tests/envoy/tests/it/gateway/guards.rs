//! Hosts that want tokens or ask a service of their own, as an HTTPProxy at a Gateway may, beside hosts that do not.

use std::sync::Arc;

use harness::Options;
use harness::gateway::{self, GatewayWorld, behind_tls, host, listener, route, routed, to};
use harness::manifests::HostCertificate;
use model::{
    Authorization, AuthorizationProtocol, Check, Cluster, ClusterKey, ExtensionName, Jwks, JwtProvider, Kind,
    Listener, Policies, Protocol, PublicKeys, Question, Route, Timeout, Traffic, Transport, VirtualHost,
};
use serde_json::json;
use testkit::{AuthorizationServer, Backend, ClientTls, Issuer, Port, Request, Trust};

use super::{member, not_found};

/// A Gateway with a listener that ends TLS, and one backend.
struct Scene {
    gateway: GatewayWorld,
    listener: Listener,
    port: Port,
    backend: ClusterKey,
    _running: Backend,
}

impl Scene {
    async fn start(options: Options) -> Self {
        let port = Port::reserve();
        let listener = listener("https-443", Transport::Tls, port.address());
        let gateway = GatewayWorld::of(options, std::slice::from_ref(&listener)).await;
        gateway.add_certificate("all", &HostCertificate::new("site.example"));
        let running = Backend::start("one").await;
        let backend = gateway.add_cluster("one", running.port());
        Self { gateway, listener, port, backend, _running: running }
    }

    /// Paths that may be guarded, and one that is not.
    fn routes(&self) -> Vec<Route> {
        ["/app", "/open"].map(|path| route(path, to(&self.backend))).into()
    }

    fn set(&self, value: VirtualHost) {
        let name = value.host.clone();
        self.gateway.set(&self.listener, name.as_str(), Some(&behind_tls("all", value)));
    }

    fn own_service(&self, server: &AuthorizationServer) -> ClusterKey {
        self.gateway.add(&Cluster { protocol: Protocol::Http2, ..gateway::cluster("own") }, &[server.port()])
    }

    /// By HTTP/2, as browsers share connections.
    fn request(&self, server_name: &str, host: &str, path: &str) -> Request {
        let tls = ClientTls::new(server_name, &Trust::Anything).alpn(&["h2"]);
        Request::get(self.port.address(), host, path).tls(tls).http2()
    }

    /// The status of a request to the host of its connection, with what lets it pass or without.
    async fn code(&self, host: &str, path: &str, pass: Option<&str>) -> u16 {
        let request = self.request(host, host, path);
        let request = pass.into_iter().fold(request, |request, pass| request.header("authorization", pass));
        request.send().await.unwrap_or_else(|failure| panic!("{host}{path}: {failure}")).code()
    }

    async fn end(mut self) {
        self.gateway.world.assert_nothing_rejected().await;
    }
}

/// The same host, as an HTTPProxy has it.
fn of_proxy(host: VirtualHost) -> VirtualHost {
    let Traffic::Http(mut routes) = host.traffic else { panic!("it has routes") };
    routes.iter_mut().for_each(|route| route.origin.kind = Kind::HttpProxy);
    VirtualHost { traffic: Traffic::Http(routes), ..host }
}

fn with_tokens(issuer: &Issuer, host: VirtualHost) -> VirtualHost {
    let provider = JwtProvider {
        name: "own".into(),
        issuer: "here".into(),
        audiences: vec![],
        keys: Jwks::Local(PublicKeys::new(issuer.jwks())),
        forward: false,
        is_default: false,
    };
    let Traffic::Http(mut routes) = host.traffic else { panic!("it has routes") };
    routes[0].jwt = Some("own".into());
    VirtualHost { jwt_providers: vec![provider], traffic: Traffic::Http(routes), ..host }
}

fn with_service(cluster: &ClusterKey, host: VirtualHost) -> VirtualHost {
    let question = Question {
        protocol: AuthorizationProtocol::Grpc,
        authority: "own.example".into(),
        timeout: Timeout::Default,
        fail_open: false,
        body: None,
    };
    let Traffic::Http(mut routes) = host.traffic else { panic!("it has routes") };
    routes[1].policies.authorization = Some(Arc::new(Check::Skip));
    let authorization = Some(Arc::new(Authorization { cluster: cluster.clone(), question }));
    VirtualHost { authorization, traffic: Traffic::Http(routes), ..host }
}

#[tokio::test]
async fn tokens_are_asked_for_by_the_chain_of_the_host_that_wants_them() {
    let mut scene = Scene::start(Options::default()).await;
    let issuer = Issuer::new("1");
    let token = format!("Bearer {}", issuer.token(json!({"iss": "here"}), 600));
    for name in ["site.example", "*.wild.example"] {
        scene.set(with_tokens(&issuer, of_proxy(routed(name, scene.routes()))));
    }
    scene.set(member("*.wild.example", routed("member.wild.example", scene.routes())));
    scene.set(routed("near.wild.example", scene.routes()));
    scene.set(host("*", not_found()));
    scene.gateway.push().await;
    for name in ["site.example", "any.wild.example"] {
        assert_eq!(scene.code(name, "/app", None).await, 401, "{name}");
        assert_eq!(scene.code(name, "/app", Some("Bearer nonsense")).await, 401, "{name}");
        assert_eq!(scene.code(name, "/app", Some(&token)).await, 200, "{name}");
        assert_eq!(scene.code(name, "/open", None).await, 200, "{name}");
    }
    for name in ["member.wild.example", "near.wild.example"] {
        assert_eq!(scene.code(name, "/app", None).await, 200, "{name}");
    }
    for (server_name, host, code) in [
        ("any.wild.example", "near.wild.example", 421),
        ("near.wild.example", "any.wild.example", 421),
        ("near.wild.example", "site.example", 421),
        ("site.example", "near.wild.example", 421),
        ("unknown.example", "site.example", 421),
    ] {
        let answer = scene.request(server_name, host, "/app").send().await.unwrap();
        assert_eq!(answer.code(), code, "{host} by a connection for {server_name}");
    }
    scene.end().await;
}

#[tokio::test]
async fn the_service_of_a_host_is_asked_about_it_alone_and_that_of_all_about_the_others() {
    for is_global in [false, true] {
        let text = if is_global { "globalExtAuth:\n  extensionService: default/all\n" } else { "" };
        let mut scene = Scene::start(Options::configured(text)).await;
        let (own, all) = (AuthorizationServer::start().await, AuthorizationServer::start().await);
        let of_all = Cluster { protocol: Protocol::Http2, ..gateway::cluster("all") };
        let name = ExtensionName::new("default", "all").cluster();
        scene.gateway.add_as(&name, &of_all, &[all.port()]);
        let service = scene.own_service(&own);
        let checked = Policies {
            authorization: is_global.then(|| Arc::new(Check::Ask { context: vec![] })),
            ..Policies::default()
        };
        let under_policies = |host: VirtualHost| VirtualHost { policies: checked.clone(), ..host };
        for name in ["site.example", "*.wild.example"] {
            scene.set(under_policies(with_service(&service, of_proxy(routed(name, scene.routes())))));
        }
        scene.set(under_policies(member("*.wild.example", routed("member.wild.example", scene.routes()))));
        scene.set(under_policies(routed("near.wild.example", scene.routes())));
        scene.gateway.push().await;
        let asked = || (own.take_questions().len(), all.take_questions().len());
        for name in ["site.example", "any.wild.example"] {
            assert_eq!(scene.code(name, "/app", None).await, 402, "{name}");
            assert_eq!(scene.code(name, "/app", Some("yes")).await, 200, "{name}");
            assert_eq!(asked(), (2, 0), "{name}");
            assert_eq!(scene.code(name, "/open", None).await, 200, "{name}");
            assert_eq!(scene.code(name, "/nothing", None).await, 404, "{name}");
            assert_eq!(asked(), (0, 0), "{name}");
        }
        for name in ["member.wild.example", "near.wild.example"] {
            let (denied, questions) = if is_global { (402, (0, 2)) } else { (200, (0, 0)) };
            assert_eq!(scene.code(name, "/app", None).await, denied, "{name}");
            assert_eq!(scene.code(name, "/app", Some("yes")).await, 200, "{name}");
            assert_eq!(asked(), questions, "{name}");
        }
        for (server_name, host) in [
            ("any.wild.example", "near.wild.example"),
            ("any.wild.example", "site.example"),
            ("site.example", "any.wild.example"),
        ] {
            let answer = scene.request(server_name, host, "/app").send().await.unwrap();
            assert_eq!((answer.code(), asked()), (421, (0, 0)), "{host} by a connection for {server_name}");
        }
        scene.end().await;
    }
}

/// Every step from one kind of guard to another: connections of the chain from before find nothing any more, and nobody
/// else is drained.
#[tokio::test]
async fn connections_from_before_a_host_was_guarded_do_not_go_round_it() {
    let mut scene = Scene::start(Options::default()).await;
    let (issuer, own) = (Issuer::new("1"), AuthorizationServer::start().await);
    let service = scene.own_service(&own);
    let token = format!("Bearer {}", issuer.token(json!({"iss": "here"}), 600));
    let open = of_proxy(routed("site.example", scene.routes()));
    let tokens = with_tokens(&issuer, open.clone());
    let both = with_service(&service, tokens.clone());
    let asking = with_service(&service, open.clone());
    scene.set(routed("near.example", scene.routes()));
    scene.set(open.clone());
    scene.gateway.push().await;
    let to_near = scene.request("near.example", "near.example", "/app");
    let mut near = to_near.connect().await.unwrap();
    assert_eq!(near.send(&to_near).await.unwrap().code(), 200);
    for (step, value, without, with_token) in [
        ("tokens", &tokens, 401, 200),
        ("both", &both, 401, 402),
        ("a service", &asking, 402, 200),
        ("tokens again", &tokens, 401, 200),
        ("nothing", &open, 200, 200),
        ("a service after nothing", &asking, 402, 200),
    ] {
        let request = scene.request("site.example", "site.example", "/app");
        let mut old = request.connect().await.unwrap();
        old.send(&request).await.unwrap();
        scene.set(value.clone());
        scene.gateway.push().await;
        assert_eq!(scene.code("site.example", "/app", None).await, without, "{step}");
        assert_eq!(scene.code("site.example", "/app", Some(&token)).await, with_token, "{step}");
        assert_eq!(scene.code("site.example", "/open", None).await, 200, "{step}");
        match old.send(&request).await {
            Ok(answer) => assert_eq!(answer.code(), 421, "{step}"),
            Err(failure) => assert!(old.is_closed(), "{step}: {failure}"),
        }
        assert_eq!(near.send(&to_near).await.unwrap().code(), 200, "{step}");
        assert!(!near.is_closed(), "{step}");
    }
    scene.end().await;
}
