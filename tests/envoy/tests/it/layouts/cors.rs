//! Scripts of other origins, in every layout.

use harness::manifests::{HostCertificate, http_proxy, simple_proxy};
use harness::{Options, World};
use http::Method;
use model::Layout;
use testkit::{Answer, Request};

const LAYOUTS: [Layout; 3] = [Layout::Table, Layout::Scoped, Layout::OnDemand];

/// A host with two routes that scripts of two origins, and of those below a third, may use.
fn shared(name: &str, host: &str, tls: &str) -> String {
    http_proxy(
        name,
        &format!(
            "virtualhost:\n  fqdn: '{host}'\n{tls}  corsPolicy:\n    allowCredentials: true\n    \
             allowOrigin: ['https://shop.example', 'http://local.example:3000', 'https://[a-z]+\\.shop\\.example']\n    \
             allowMethods: [GET, PUT]\n    allowHeaders: [x-token]\n    exposeHeaders: [x-total, x-page]\n    \
             maxAge: 10m\n    allowPrivateNetwork: true\n\
             routes:\n\
             - {{conditions: [{{prefix: /a}}], services: [{{name: blue, port: 80}}]}}\n\
             - {{conditions: [{{prefix: /b}}], directResponsePolicy: {{statusCode: 202}}}}\n"
        ),
    )
}

async fn world(layout: Layout) -> World {
    let mut world = World::with(Options::with_layout(layout)).await;
    world.add_backend("blue").await;
    world.write("exact", &shared("exact", "site.example", ""));
    world.write("wild", &shared("wild", "*.wild.example", ""));
    world.write("other", &simple_proxy("other", "other.example", "blue"));
    world.write("secret", &HostCertificate::new("safe.example").secret("safe"));
    world.write("safe", &shared("safe", "safe.example", "  tls: {secretName: safe}\n"));
    world.sync().await;
    world
}

/// What a browser asks before a script's request.
async fn ask_first(request: Request, origin: &str) -> Answer {
    let request = request.method(Method::OPTIONS).header("origin", origin);
    let request = request.header("access-control-request-method", "PUT");
    request.header("access-control-request-private-network", "true").send().await.unwrap()
}

/// What an answer tells a browser.
fn told(answer: &Answer) -> [Option<&str>; 7] {
    ["origin", "credentials", "methods", "headers", "max-age", "private-network", "expose"].map(|what| {
        let name = match what {
            "max-age" => "access-control-max-age".to_owned(),
            "expose" => "access-control-expose-headers".to_owned(),
            what => format!("access-control-allow-{what}"),
        };
        answer.header(&name)
    })
}

/// The hosts that say so in their spellings, with TLS too.
fn requests(world: &World, path: &str) -> Vec<Request> {
    let hosts = ["site.example", "SITE.example.:8080", "a.wild.example", "B.Wild.example:80"];
    hosts.into_iter().map(|host| world.get(host, path)).chain([world.get_tls("safe.example", path)]).collect()
}

#[tokio::test]
async fn browsers_are_told_which_scripts_may_ask_by_hosts_that_say_so() {
    let all = ["true", "GET,PUT", "x-token", "600", "true", "x-total,x-page"].map(Some);
    let [credentials, methods, headers, age, private, expose] = all;
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        for origin in [
            "https://shop.example",
            "HTTPS://Shop.Example",
            "http://local.example:3000",
            "https://a.shop.example",
        ] {
            let expected = [Some(origin), credentials, methods, headers, age, private, expose];
            for request in requests(&world, "/a") {
                let answer = ask_first(request.clone(), origin).await;
                assert_eq!((answer.code(), told(&answer)), (200, expected), "{layout:?} {request:?}");
            }
        }
        for origin in ["https://evil.example", "https://shop.example.evil", "https://a-shop.example", "null"]
        {
            for request in requests(&world, "/a") {
                let answer = ask_first(request.clone(), origin).await;
                assert_eq!(
                    (&*answer.service(), told(&answer)),
                    ("blue", [None; 7]),
                    "{layout:?} {request:?}"
                );
            }
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn answers_may_be_read_by_the_scripts_that_may_ask() {
    let expected =
        [Some("https://shop.example"), Some("true"), None, None, None, None, Some("x-total,x-page")];
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        for request in requests(&world, "/a") {
            let answer = request.clone().header("origin", "https://shop.example").send().await.unwrap();
            assert_eq!((&*answer.service(), told(&answer)), ("blue", expected), "{layout:?} {request:?}");
            let stranger = request.clone().header("origin", "https://evil.example").send().await.unwrap();
            assert_eq!(
                (&*stranger.service(), told(&stranger)),
                ("blue", [None; 7]),
                "{layout:?} {request:?}"
            );
        }
        world.assert_nothing_rejected().await;
    }
}

/// Envoy leaves to itself what it answers itself.
#[tokio::test]
async fn what_has_no_backend_and_other_hosts_have_no_part_in_it() {
    for layout in LAYOUTS {
        let world = world(layout).await;
        for (path, status) in [("/nothing", 404), ("/b", 202)] {
            for request in requests(&world, path) {
                let answer = ask_first(request.clone(), "https://shop.example").await;
                assert_eq!((answer.code(), told(&answer)), (status, [None; 7]), "{layout:?} {request:?}");
            }
        }
        let redirect = ask_first(world.get("safe.example", "/a"), "https://shop.example").await;
        assert_eq!((redirect.code(), told(&redirect)), (301, [None; 7]), "{layout:?}");
        let other = ask_first(world.get("other.example", "/"), "https://shop.example").await;
        assert_eq!((&*other.service(), told(&other)), ("blue", [None; 7]), "{layout:?}");
    }
}
