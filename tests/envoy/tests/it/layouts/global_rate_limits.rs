//! Limits that a service counts, in every layout.

use harness::manifests::{HostCertificate, http_proxy, service};
use harness::{LAYOUTS, Options, World};
use model::Layout;
use testkit::{Answer, RateLimitServer, Request, eventually};

/// A world whose operator names a service that counts, and says `more` about it.
async fn world(layout: Layout, more: &str) -> World {
    let mut options = Options::configured(&format!(
        "rateLimitService:\n  extensionService: default/limits\n  domain: ours\n{more}"
    ));
    options.settings.layout = layout;
    let mut world = World::with(options).await;
    world.add_backend("blue").await;
    world.write("cert", &HostCertificate::new("site.example").secret("site"));
    world
}

/// The service; `more` are further fields of its object.
fn extension(port: u16, more: &str) -> String {
    format!(
        "{}---\napiVersion: projectcontour.io/v1alpha1\nkind: ExtensionService\n\
         metadata: {{name: limits, namespace: default}}\n\
         spec: {{services: [{{name: limits, port: 80}}], protocol: h2c, timeoutPolicy: {{response: 10s}}{more}}}\n",
        service("default", "limits", &[port])
    )
}

/// A host with TLS and what it says itself; its routes say something else, or nothing.
fn site(of_host: &str) -> String {
    let forward = "services: [{name: blue, port: 80}], permitInsecure: true";
    let entries = "[{genericKey: {key: kind, value: '100% %REQ(x-user)%'}}, \
        {requestHeader: {headerName: X-User, descriptorKey: user}}]";
    let own = format!(
        "{{descriptors: [{{entries: {entries}}}, {{entries: [{{requestHeaderValueMatch: \
         {{headers: [{{name: x-user, exact: me}}], expectMatch: false, value: other}}}}]}}]}}"
    );
    http_proxy(
        "site",
        &format!(
            "virtualhost: {{fqdn: site.example, tls: {{secretName: site}}{of_host}}}\n\
             routes:\n\
             - {{conditions: [{{prefix: /host}}], {forward}}}\n\
             - {{conditions: [{{prefix: /own}}], rateLimitPolicy: {{global: {own}}}, {forward}}}\n\
             - {{conditions: [{{prefix: /free}}], rateLimitPolicy: {{global: {{disabled: true}}}}, {forward}}}\n"
        ),
    )
}

/// All requests of one client to the host are counted together.
const OF_HOST: &str = ", rateLimitPolicy: {global: {descriptors: [{entries: [{remoteAddress: {}}, \
    {genericKey: {value: site}}]}]}}";

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

async fn ask(world: &World, path: &str) -> Answer {
    world.get_tls("site.example", path).send().await.unwrap()
}

/// Proves client/global-rate-limit.
#[tokio::test]
async fn what_is_counted_is_said_by_the_route_or_else_by_the_host() {
    for layout in LAYOUTS {
        let mut world = world(layout, "  enableXRateLimitHeaders: true\n").await;
        let server = RateLimitServer::start(2).await;
        world.write("limits", &extension(server.port(), ""));
        world.write("site", &site(OF_HOST));
        world.sync().await;
        let of_host = vec![pairs(&[("remote_address", "127.0.0.1"), ("generic_key", "site")])];
        for (left, code) in [("1", 200), ("0", 200), ("0", 429)] {
            let answer = ask(&world, "/host").await;
            assert_eq!(answer.code(), code, "{layout:?} {left}");
            assert_eq!(answer.header("x-ratelimit-limit"), Some("2, 2;w=3600"), "{layout:?}");
            assert_eq!(answer.header("x-ratelimit-remaining"), Some(left), "{layout:?}");
        }
        assert_eq!(server.take_asked(), vec![("ours".to_owned(), of_host.clone()); 3], "{layout:?}");
        assert_eq!(world.get("site.example", "/host").send().await.unwrap().code(), 429, "{layout:?}");
        for host in ["SITE.example", "site.example:8443", "site.example."] {
            let request = Request { host: host.into(), ..world.get_tls("site.example", "/host") };
            assert_eq!(request.send().await.unwrap().code(), 429, "{layout:?} {host}");
        }
        assert_eq!(ask(&world, "/nothing").await.code(), 404, "{layout:?}");
        server.take_asked();
        let own = async |user| {
            let request = world.get_tls("site.example", "/own").header("x-user", user);
            assert_eq!(request.send().await.unwrap().code(), 200, "{layout:?} {user}");
        };
        own("me").await;
        own("you").await;
        let of_user = |user: &str| pairs(&[("kind", "100% %REQ(x-user)%"), ("user", user)]);
        let other = pairs(&[("header_match", "other")]);
        let asked = server.take_asked();
        let asked: Vec<_> = asked.into_iter().map(|(_, descriptors)| descriptors).collect();
        assert_eq!(asked, [vec![of_user("me")], vec![of_user("you"), other]], "{layout:?}");
        for _ in 0..3 {
            assert_eq!(ask(&world, "/free").await.code(), 200, "{layout:?}");
        }
        assert!(server.take_asked().is_empty(), "{layout:?} nobody counts these");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn hosts_below_a_wildcard_are_counted_in_every_spelling() {
    for layout in LAYOUTS {
        let mut world = world(layout, "").await;
        let server = RateLimitServer::start(2).await;
        world.write("limits", &extension(server.port(), ""));
        let spec = format!(
            "virtualhost: {{fqdn: '*.site.example'{OF_HOST}}}\n\
             routes: [{{services: [{{name: blue, port: 80}}]}}]\n"
        );
        world.apply("wild", &http_proxy("wild", &spec)).await;
        for (host, code) in [
            ("a.site.example", 200),
            ("B.SITE.example", 200),
            ("c.site.example.", 429),
            ("d.site.example:8080", 429),
        ] {
            let request = Request { host: host.into(), ..world.get("a.site.example", "/") };
            assert_eq!(request.send().await.unwrap().code(), code, "{layout:?} {host}");
        }
        world.assert_nothing_rejected().await;
    }
}

/// Envoy 1.40 has only requests counted that are forwarded, which users are told. An Envoy in which this fails does better.
#[tokio::test]
async fn redirects_and_direct_responses_are_not_counted() {
    for layout in LAYOUTS {
        let mut world = world(layout, "").await;
        let server = RateLimitServer::start(0).await;
        world.write("limits", &extension(server.port(), ""));
        let spec = format!(
            "virtualhost: {{fqdn: site.example{OF_HOST}}}\n\
             routes:\n\
             - {{conditions: [{{prefix: /counted}}], services: [{{name: blue, port: 80}}]}}\n\
             - {{conditions: [{{prefix: /answer}}], directResponsePolicy: {{statusCode: 202}}}}\n\
             - {{conditions: [{{prefix: /away}}], requestRedirectPolicy: {{path: /x}}}}\n"
        );
        world.apply("site", &http_proxy("site", &spec)).await;
        for (path, code) in [("/counted", 429), ("/answer", 202), ("/away", 302)] {
            assert_eq!(world.ask("site.example", path).await.0, code, "{layout:?} {path}");
        }
        assert_eq!(server.take_asked().len(), 1, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_service_that_does_not_answer_stops_what_is_counted_unless_it_may_pass() {
    for (layout, fail_open) in [(Layout::Table, false), (Layout::Scoped, true), (Layout::OnDemand, false)] {
        let mut world = world(layout, &format!("  failOpen: {fail_open}\n")).await;
        world.write("site", &site(OF_HOST));
        world.sync().await;
        let code = async |path: &str| ask(&world, path).await.code();
        let without = if fail_open { 200 } else { 500 };
        assert_eq!((code("/host").await, code("/free").await), (without, 200), "{layout:?}");
        let server = RateLimitServer::start(0).await;
        world.apply("limits", &extension(server.port(), "")).await;
        let code = async |path: &str| ask(&world, path).await.code();
        eventually("it is asked", async || match code("/host").await {
            429 => Ok(()),
            code => Err(format!("{layout:?} {code}")),
        })
        .await;
        world.remove("limits").await;
        assert_eq!((ask(&world, "/host").await.code(), ask(&world, "/free").await.code()), (without, 200));
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn an_object_that_changes_is_asked_as_it_says_now() {
    for layout in LAYOUTS {
        let mut world = world(layout, "").await;
        let server = RateLimitServer::start_tls(0, "limits.example").await;
        world.write("site", &site(OF_HOST));
        world.write("limits", &extension(server.port(), "").replace("protocol: h2c", "protocol: h2"));
        world.sync().await;
        assert_eq!(ask(&world, "/host").await.code(), 429, "{layout:?}");
        let ca = harness::manifests::secret("ca", "Opaque", &[("ca.crt", server.certificate().unwrap())]);
        let proven = ", validation: {caSecret: ca, subjectName: limits.example}";
        let changed = extension(server.port(), proven).replace("protocol: h2c", "protocol: h2");
        world.write("ca", &ca);
        world.apply("limits", &changed).await;
        assert_eq!(ask(&world, "/host").await.code(), 429, "{layout:?}");
        assert_eq!(world.get("site.example", "/host").send().await.unwrap().code(), 429, "{layout:?}");
        let asked_as = ["extension.default.limits", "limits.example", "limits.example"];
        assert_eq!(server.take_authorities(), asked_as, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn hosts_that_say_nothing_are_counted_as_the_operator_says() {
    let default = "  enableResourceExhaustedCode: true\n  defaultGlobalRateLimitPolicy:\n    \
        descriptors: [{entries: [{genericKey: {value: everyone}}]}]\n";
    for layout in LAYOUTS {
        let mut world = world(layout, default).await;
        let server = RateLimitServer::start(1).await;
        world.write("limits", &extension(server.port(), ""));
        world.apply("site", &site("")).await;
        let code = async |path: &str| ask(&world, path).await.code();
        assert_eq!(
            (code("/host").await, code("/host").await, code("/free").await),
            (200, 429, 200),
            "{layout:?}"
        );
        let everyone = vec![pairs(&[("generic_key", "everyone")])];
        assert_eq!(server.take_asked(), vec![("ours".to_owned(), everyone); 2], "{layout:?}");
        let call = world.get_tls("site.example", "/host").header("content-type", "application/grpc");
        let answer = call.send().await.unwrap();
        assert_eq!((answer.code(), answer.header("grpc-status")), (200, Some("8")), "{layout:?}");
        assert_eq!(answer.header("x-ratelimit-limit"), None, "{layout:?}");
        server.take_asked();
        world.apply("site", &site(", rateLimitPolicy: {global: {disabled: true}}")).await;
        assert_eq!(ask(&world, "/host").await.code(), 200, "{layout:?} the host has opted out");
        assert!(server.take_asked().is_empty(), "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}
