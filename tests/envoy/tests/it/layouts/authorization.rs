//! Services that are asked whether requests may pass, in every layout.

use harness::manifests::{HostCertificate, http_proxy, secret, service};
use harness::{Options, World};
use model::{Layout, Settings};
use testkit::{Answer, AuthorizationServer, Canned, Failure, Issuer, Request, eventually};

const LAYOUTS: [Layout; 3] = [Layout::Table, Layout::Scoped, Layout::OnDemand];

/// A world with two backends, and certificates for two hosts.
async fn world(layout: Layout) -> World {
    let settings = Settings { layout, ..Settings::default() };
    let mut world = World::with(Options { settings, ..Options::default() }).await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    for host in ["site", "other"] {
        world.write(&format!("{host}-cert"), &HostCertificate::new(&format!("{host}.example")).secret(host));
    }
    world
}

/// An ExtensionService of one Service of its name, which it brings; `more` are further fields.
fn extension(name: &str, port: u16, more: &str) -> String {
    format!(
        "{}---\napiVersion: projectcontour.io/v1alpha1\nkind: ExtensionService\n\
         metadata: {{name: {name}, namespace: default}}\n\
         spec: {{services: [{{name: {name}, port: 80}}]{more}}}\n",
        service("default", name, &[port])
    )
}

/// A host with TLS, more fields of it, and routes: `/app`, `/more`, `/answer` and `/open`.
fn site(host: &str, backend: &str, more: &str) -> String {
    let forward = format!("services: [{{name: {backend}, port: 80}}]");
    let spec = format!(
        "virtualhost: {{fqdn: {host}.example, tls: {{secretName: {host}}}{more}}}\n\
         routes:\n\
         - {{conditions: [{{prefix: /app}}], permitInsecure: true, {forward}}}\n\
         - {{conditions: [{{prefix: /more}}], authPolicy: {{context: {{who: route}}}}, {forward}}}\n\
         - {{conditions: [{{prefix: /answer}}], directResponsePolicy: {{statusCode: 202}}}}\n\
         - {{conditions: [{{prefix: /open}}], permitInsecure: true, authPolicy: {{disabled: true}}, {forward}}}\n"
    );
    http_proxy(host, &spec)
}

/// A host that asks a service; `more` are further fields.
fn asking(service: &str, more: &str) -> String {
    let patience = if more.contains("responseTimeout") { "" } else { ", responseTimeout: 10s" };
    format!(", authorization: {{extensionRef: {{name: {service}}}{patience}{more}}}")
}

async fn asked(request: Request, may_pass: bool) -> Result<Answer, Failure> {
    if may_pass { request.header("authorization", "yes").send().await } else { request.send().await }
}

async fn ask(world: &World, path: &str, may_pass: bool) -> Answer {
    asked(world.get_tls("site.example", path), may_pass).await.unwrap()
}

#[tokio::test]
async fn only_requests_that_the_service_lets_pass_are_served() {
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        let server = AuthorizationServer::start_tls("auth.example").await;
        world.write("ca", &secret("ca", "Opaque", &[("ca.crt", server.certificate().unwrap())]));
        let proven = ", validation: {caSecret: ca, subjectName: auth.example}";
        world.write("auth", &extension("auth", server.port(), proven));
        let context = ", authPolicy: {context: {tier: gold, who: host}}";
        world.write("site", &site("site", "blue", &asking("auth", context)));
        world.write("other", &site("other", "green", ""));
        world.sync().await;
        for (path, code) in [("/app", 200), ("/more", 200), ("/answer", 202)] {
            let denied = ask(&world, path, false).await;
            assert_eq!((denied.code(), &*denied.text()), (402, "pay first"), "{layout:?} {path}");
            assert_eq!(ask(&world, path, true).await.code(), code, "{layout:?} {path}");
        }
        let questions = server.take_questions();
        let told: Vec<_> = questions.iter().map(testkit::Question::context).collect();
        let (of_host, of_route) = ([("tier", "gold"), ("who", "host")], [("tier", "gold"), ("who", "route")]);
        assert_eq!(told, [of_host, of_host, of_route, of_route, of_host, of_host], "{layout:?}");
        for question in &questions {
            assert_eq!(question.authority, "auth.example", "{layout:?}");
            assert_eq!(question.http().unwrap().host, "site.example", "{layout:?}");
            assert_eq!(question.header("x-isobath-scope"), None, "{layout:?}");
        }
        assert_eq!(ask(&world, "/open", false).await.code(), 200, "{layout:?}");
        assert_eq!(ask(&world, "/nothing", false).await.code(), 404, "{layout:?}");
        for host in ["SITE.example", "site.example:8443", "site.example."] {
            let request = |path| Request { host: host.into(), ..world.get_tls("site.example", path) };
            assert_eq!(asked(request("/open"), false).await.unwrap().code(), 200, "{layout:?} {host}");
            assert_eq!(asked(request("/nothing"), false).await.unwrap().code(), 404, "{layout:?} {host}");
        }
        let misdirected = Request { host: "other.example".into(), ..world.get_tls("site.example", "/app") };
        assert_eq!(misdirected.send().await.unwrap().code(), 421, "{layout:?}");
        for (path, code) in [("/app", 301), ("/answer", 301), ("/open", 200)] {
            let answer = asked(world.get("site.example", path), true).await.unwrap();
            assert_eq!(answer.code(), code, "{layout:?} over plaintext, {path}");
        }
        assert_eq!(world.get_tls("other.example", "/app").send().await.unwrap().service(), "green");
        assert_eq!(server.take_questions().len(), 0, "{layout:?} nobody is asked about these");
        world.assert_nothing_rejected().await;
    }
}

/// The key of a table is a header, which a service could set: those of others are not its business.
#[tokio::test]
async fn a_service_changes_requests_but_not_the_table_that_they_are_looked_up_in() {
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        let server = AuthorizationServer::start().await;
        world.write("auth", &extension("auth", server.port(), ", protocol: h2c"));
        world.write("site", &site("site", "blue", &asking("auth", "")));
        world.write("other", &site("other", "green", ""));
        world.sync().await;
        for scope in
            ["chain/other.example", "https/other.example", "http/other.example", "fallback/other.example"]
        {
            server.give(&[("x-isobath-scope", scope), ("x-user", "me")]);
            let answer = ask(&world, "/app", true).await;
            assert_eq!(answer.service(), "blue", "{layout:?} {scope}");
            let seen = answer.seen().unwrap();
            assert_eq!(seen.header("x-user"), Some("me"), "{layout:?} {scope}");
            assert_eq!(seen.header("x-isobath-scope"), None, "{layout:?} {scope}");
        }
        assert!(
            server.take_questions().iter().all(|question| question.authority == "extension.default.auth")
        );
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_service_by_http_gets_and_gives_the_headers_that_were_chosen() {
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        let server = Canned::start().await;
        server.answer("/check/app", 200, &[("x-user", "me"), ("x-secret", "no")], "");
        server.answer("/check/answer", 401, &[("www-authenticate", "Basic")], "who are you?");
        world.write("auth", &extension("auth", server.port(), ", protocol: http/1.1"));
        let settings = ", serviceType: http, httpSettings: {pathPrefix: /check, \
            allowedAuthorizationHeaders: [{exact: X-Key}], allowedUpstreamHeaders: [{prefix: x-us}]}";
        world.write("site", &site("site", "blue", &asking("auth", settings)));
        world.sync().await;
        let request = world.get_tls("site.example", "/app?a=b").header("x-key", "1").header("x-other", "2");
        let answer = request.send().await.unwrap();
        let seen = answer.seen().unwrap();
        assert_eq!((seen.header("x-user"), seen.header("x-secret")), (Some("me"), None), "{layout:?}");
        let denied = ask(&world, "/answer", false).await;
        assert_eq!((denied.code(), &*denied.text()), (401, "who are you?"), "{layout:?}");
        assert_eq!(denied.header("www-authenticate"), Some("Basic"), "{layout:?}");
        let received = server.received();
        let paths: Vec<_> = received.iter().map(|received| &*received.path).collect();
        assert_eq!(paths, ["/check/app?a=b", "/check/answer"], "{layout:?}");
        let header = |name| received[0].headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!((header("host"), header("x-key")), (Some("site.example"), Some("1")), "{layout:?}");
        assert_eq!((header("x-other"), header("x-isobath-scope")), (None, None), "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

/// Proves client/authorization-down.
#[tokio::test]
async fn a_service_that_does_not_answer_lets_nobody_pass_unless_it_may() {
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        let server = AuthorizationServer::start().await;
        let yaml = extension("auth", server.port(), ", protocol: h2c");
        world.write("auth", &yaml);
        world.write("site", &site("site", "blue", &asking("auth", "")));
        world.write("other", &site("other", "green", &asking("auth", ", failOpen: true")));
        world.sync().await;
        let codes = async |may_pass| {
            let other = asked(world.get_tls("other.example", "/app"), may_pass).await.unwrap();
            (ask(&world, "/app", may_pass).await.code(), other.code())
        };
        assert_eq!((codes(false).await, codes(true).await), ((402, 402), (200, 200)), "{layout:?}");
        drop(server);
        eventually("nobody listens", async || match codes(true).await {
            (403, 200) => Ok(()),
            codes => Err(format!("{layout:?} {codes:?}")),
        })
        .await;
        assert_eq!(ask(&world, "/open", false).await.code(), 200, "{layout:?}");
        // Without its Service there is nobody, which is the same.
        let nobody = yaml.split_once("---\napiVersion: projectcontour").unwrap().1;
        world.write("auth", &format!("apiVersion: projectcontour{nobody}"));
        world.sync().await;
        assert_eq!(ask(&world, "/app", true).await.code(), 403, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_service_sees_as_much_of_the_body_as_it_may() {
    let mut world = World::start().await;
    let server = AuthorizationServer::start().await;
    world.add_backend("blue").await;
    world.write("site-cert", &HostCertificate::new("site.example").secret("site"));
    world.write("auth", &extension("auth", server.port(), ", protocol: h2c"));
    for (more, body, told) in [
        (", withRequestBody: {maxRequestBytes: 4}", "1234", Some("1234")),
        (", withRequestBody: {maxRequestBytes: 4}", "12345", None),
        (", withRequestBody: {maxRequestBytes: 4, allowPartialMessage: true}", "12345", Some("1234")),
        ("", "12345", Some("")),
    ] {
        world.apply("site", &site("site", "blue", &asking("auth", more))).await;
        let request = world.get_tls("site.example", "/app").method(http::Method::POST).body(body);
        let code = asked(request, true).await.unwrap().code();
        let questions = server.take_questions();
        let bodies: Vec<_> = questions.iter().map(|question| &*question.http().unwrap().body).collect();
        match told {
            Some(told) => assert_eq!((code, bodies), (200, vec![told]), "{more} {body}"),
            None => assert_eq!((code, bodies), (413, vec![]), "{more} {body}"),
        }
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn services_share_by_weight_and_one_that_goes_leaves_its_share_to_others() {
    let mut world = World::start().await;
    let (one, two) = (AuthorizationServer::start().await, AuthorizationServer::start().await);
    world.add_backend("blue").await;
    world.write("site-cert", &HostCertificate::new("site.example").secret("site"));
    world.write("one", &service("default", "one", &[one.port()]));
    world.write("two", &service("default", "two", &[two.port()]));
    let shares =
        "{services: [{name: one, port: 80, weight: 1}, {name: two, port: 80, weight: 3}], protocol: h2c}";
    let extension = format!(
        "apiVersion: projectcontour.io/v1alpha1\nkind: ExtensionService\n\
         metadata: {{name: auth, namespace: default}}\nspec: {shares}\n"
    );
    world.write("auth", &extension);
    world.write("site", &site("site", "blue", &asking("auth", "")));
    world.sync().await;
    // Each worker of Envoy takes turns for itself, and takes whole turns.
    let ask_often = async || {
        for _ in 0..80 {
            assert_eq!(ask(&world, "/app", true).await.code(), 200);
        }
        (one.take_questions().len(), two.take_questions().len())
    };
    let (first, second) = ask_often().await;
    assert_eq!(first + second, 80);
    assert!((10..=30).contains(&first), "{first} of 80 where 20 are its share");
    world.delete("two");
    world.sync().await;
    let ask_often = async || {
        for _ in 0..8 {
            assert_eq!(ask(&world, "/app", true).await.code(), 200);
        }
        (one.take_questions().len(), two.take_questions().len())
    };
    eventually("the one that is left is asked", async || match ask_often().await {
        (8, 0) => Ok(()),
        shares => Err(format!("{shares:?}")),
    })
    .await;
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_host_that_begins_to_ask_drains_no_other_host_and_no_old_connection_goes_round() {
    let issuer = Issuer::new("1");
    let tokens = ", jwtProviders: [{name: local, default: true, issuer: here, localJWKS: {secretName: keys, key: jwks}}]";
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        let server = AuthorizationServer::start().await;
        world.write("keys", &secret("keys", "Opaque", &[("jwks", &issuer.jwks())]));
        world.write("auth", &extension("auth", server.port(), ", protocol: h2c"));
        world.write("other", &site("other", "green", ""));
        world.sync().await;
        let to_other = world.get_tls("other.example", "/app").http2();
        let mut other = to_other.connect().await.unwrap();
        assert_eq!(other.send(&to_other).await.unwrap().code(), 200, "{layout:?}");
        let asks = asking("auth", "");
        let both = format!("{asks}{tokens}");
        for (before, after) in [("", &*asks), (tokens, &both), (&asks, &both), ("", &both), (tokens, &asks)] {
            world.apply("site", &site("site", "blue", before)).await;
            let to_site = world.get_tls("site.example", "/open").http2();
            let mut old = to_site.connect().await.unwrap();
            assert_ne!(old.send(&to_site).await.unwrap().code(), 421, "{layout:?} {before}");
            world.apply("site", &site("site", "blue", after)).await;
            assert_eq!(ask(&world, "/app", false).await.code() / 100, 4, "{layout:?} {after}");
            match old.send(&to_site).await {
                Ok(answer) => assert_eq!(answer.code(), 421, "{layout:?} from {before} to {after}"),
                Err(failure) => assert!(old.is_closed(), "{layout:?} {failure}"),
            }
            assert_eq!(other.send(&to_other).await.unwrap().code(), 200, "{layout:?}");
        }
        assert!(!other.is_closed(), "{layout:?}");
        world.apply("site", &site("site", "blue", "")).await;
        assert_eq!(ask(&world, "/app", false).await.code(), 200, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}
