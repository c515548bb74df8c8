//! Redirects of backends that Envoy follows itself: in every layout the same ones, and only to the same host.

use harness::manifests::{HostCertificate, http_proxy, service, simple_proxy};
use harness::{Options, World};
use model::{Layout, Settings};
use testkit::{Answer, Canned, Request};

const LAYOUTS: [Layout; 3] = [Layout::Table, Layout::Scoped, Layout::OnDemand];

/// A header that no backend may see, and that none may choose.
const KEY: &str = "x-isobath-scope";

/// `site.example` (with TLS, and without by permission) and `wild.example`, whose backend redirects; the policy is that
/// of `/from`. `other.example` has another backend.
async fn world(layout: Layout, policy: &str) -> (World, Canned) {
    let settings = Settings { layout, ..Settings::default() };
    let mut world = World::with(Options { settings, ..Options::default() }).await;
    world.add_backend("other").await;
    let backend = Canned::start().await;
    world.write("moving", &service("default", "moving", &[backend.port()]));
    world.write("cert", &HostCertificate::new("site.example").secret("cert"));
    let routes = format!(
        "routes:\n\
         - {{conditions: [{{prefix: /from}}], permitInsecure: true, services: [{{name: moving, port: 80}}], \
           internalRedirectPolicy: {policy}}}\n\
         - {{conditions: [{{prefix: /to}}], permitInsecure: true, services: [{{name: moving, port: 80}}]}}\n\
         - {{conditions: [{{prefix: /answer}}], permitInsecure: true, directResponsePolicy: {{statusCode: 202}}}}\n"
    );
    let site = format!("virtualhost: {{fqdn: site.example, tls: {{secretName: cert}}}}\n{routes}");
    world.write("site", &http_proxy("site", &site));
    world.write("wild", &http_proxy("wild", &format!("virtualhost: {{fqdn: '*.wild.example'}}\n{routes}")));
    world.write("second", &http_proxy("second", &format!("virtualhost: {{fqdn: second.example}}\n{routes}")));
    world.write("other", &simple_proxy("other", "other.example", "other"));
    world.sync().await;
    backend.answer("/to", 200, &[], "arrived");
    (world, backend)
}

/// The backend redirects from `/from` to there, and tries to choose a scope.
fn redirect(backend: &Canned, status: u16, to: &str) {
    let stolen = (KEY, "http/other.example");
    backend.answer("/from", status, &[("location", to), stolen, (KEY, "https/other.example")], "moved");
}

async fn send(request: Request) -> Answer {
    request.send().await.unwrap()
}

/// Status, body, and where the client is sent.
fn outcome(answer: &Answer) -> (u16, String, Option<String>) {
    let from_backend = |key: &str| key.ends_with("/other.example");
    assert!(answer.header(KEY).is_none_or(from_backend), "the key reaches no client");
    (answer.code(), answer.text(), answer.header("location").map(str::to_owned))
}

fn arrived() -> (u16, String, Option<String>) {
    (200, "arrived".into(), None)
}

fn returned(status: u16, to: &str) -> (u16, String, Option<String>) {
    (status, "moved".into(), Some(to.into()))
}

#[tokio::test]
async fn a_redirect_to_the_same_host_is_followed_and_one_to_another_is_the_clients() {
    for layout in LAYOUTS {
        let (mut world, backend) = world(layout, "{}").await;
        let plain = |host: &str| send(world.get(host, "/from"));
        let tls =
            |host: &str| send(Request { host: host.to_owned(), ..world.get_tls("site.example", "/from") });
        for (to, followed) in [
            ("site.example/to", true),
            ("SITE.example:8080/to?a=b", true),
            ("other.example/to", false),
            ("second.example/to", false),
            ("a.wild.example/to", false),
            ("nobody.example/to", false),
            ("site.example/nowhere", false),
        ] {
            let (http, https) = (format!("http://{to}"), format!("https://{to}"));
            redirect(&backend, 302, &http);
            let expected = if followed { arrived() } else { returned(302, &http) };
            for host in ["site.example", "Site.Example.:80"] {
                assert_eq!(outcome(&plain(host).await), expected, "{layout:?} {host} {http}");
            }
            redirect(&backend, 302, &https);
            let expected = if followed { arrived() } else { returned(302, &https) };
            for host in ["site.example", "Site.Example.:80"] {
                assert_eq!(outcome(&tls(host).await), expected, "{layout:?} {host} {https}");
            }
        }
        redirect(&backend, 302, "http://site.example/answer");
        assert_eq!(plain("site.example").await.code(), 202, "{layout:?} routes without a backend count, too");
        for received in backend.received() {
            assert_eq!(received.headers.get(KEY), None, "{layout:?} {}", received.path);
        }
        assert_eq!(world.backend("other").requests(), 0, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn what_a_policy_does_not_name_is_the_clients() {
    for layout in LAYOUTS {
        let policy = "{redirectResponseCodes: [303, 307]}";
        let (mut world, backend) = world(layout, policy).await;
        let to = "http://site.example/to";
        for (status, followed) in [(301, false), (302, false), (303, true), (307, true), (308, false)] {
            redirect(&backend, status, to);
            let expected = if followed { arrived() } else { returned(status, to) };
            assert_eq!(
                outcome(&send(world.get("site.example", "/from")).await),
                expected,
                "{layout:?} {status}"
            );
        }
        redirect(&backend, 303, "/to");
        let relative = send(world.get("site.example", "/from")).await;
        assert_eq!(outcome(&relative), returned(303, "/to"), "{layout:?} Envoy follows absolute URLs only");
        redirect(&backend, 303, "http://a.wild.example/to");
        let wild = send(world.get("a.wild.example", "/from")).await;
        assert_eq!(
            outcome(&wild),
            returned(303, "http://a.wild.example/to"),
            "{layout:?} wildcards follow none"
        );
        assert_eq!(world.journal.problems("wild").len(), 1);
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn the_scheme_changes_only_where_the_policy_lets_it() {
    for layout in [Layout::Table, Layout::Scoped] {
        for (word, to_http, to_https) in
            [("Never", false, false), ("SafeOnly", true, false), ("Always", true, true)]
        {
            let policy = format!("{{allowCrossSchemeRedirect: {word}}}");
            let (mut world, backend) = world(layout, &policy).await;
            for (url, followed, request) in [
                ("http://site.example/to", to_http, world.get_tls("site.example", "/from")),
                ("https://site.example/to", to_https, world.get("site.example", "/from")),
            ] {
                redirect(&backend, 302, url);
                let expected = if followed { arrived() } else { returned(302, url) };
                assert_eq!(outcome(&send(request).await), expected, "{layout:?} {word} {url}");
            }
            world.assert_nothing_rejected().await;
        }
    }
}

#[tokio::test]
async fn redirects_are_followed_as_often_as_the_policy_says_and_not_in_circles() {
    for layout in [Layout::Table, Layout::Scoped] {
        let next = "http://site.example/from/2";
        for (policy, second, third) in [
            ("{maxInternalRedirects: 1}", returned(302, next), returned(302, next)),
            ("{maxInternalRedirects: 3}", arrived(), returned(302, "http://site.example/from/2")),
            ("{maxInternalRedirects: 9, denyRepeatedRouteRedirect: true}", arrived(), returned(302, next)),
        ] {
            let (mut world, backend) = world(layout, policy).await;
            redirect(&backend, 302, "http://site.example/from/1");
            backend.answer("/from/1", 302, &[("location", next)], "moved");
            backend.answer("/from/2", 302, &[("location", "http://site.example/to")], "moved");
            // Each step comes to the same route again.
            let asked = || send(world.get("site.example", "/from"));
            let expected = if policy.contains("deny") { returned(302, next) } else { second };
            assert_eq!(outcome(&asked().await), expected, "{layout:?} {policy}");
            backend.answer("/from/2", 302, &[("location", next)], "moved");
            assert_eq!(outcome(&asked().await), third, "{layout:?} {policy}");
            world.assert_nothing_rejected().await;
        }
    }
}
