//! Cookies whose attributes are rewritten, in every layout.

use harness::manifests::{HostCertificate, http_proxy, service};
use harness::{Options, World};
use model::Layout;
use testkit::{Answer, Canned, Request};

const LAYOUTS: [Layout; 3] = [Layout::Table, Layout::Scoped, Layout::OnDemand];

/// A host that rewrites two cookies, one of them otherwise where the service is another.
fn rewriting(name: &str, host: &str, tls: &str) -> String {
    http_proxy(
        name,
        &format!(
            "virtualhost: {{fqdn: '{host}'{tls}}}\n\
             routes:\n\
             - conditions: [{{prefix: /shop}}]\n  permitInsecure: true\n  services:\n  - {{name: cookies, port: 80}}\n  \
               cookieRewritePolicies:\n  \
               - {{name: session, pathRewrite: {{value: /shop}}, domainRewrite: {{value: site.example}}, secure: true, sameSite: Strict}}\n  \
               - {{name: plain, secure: false}}\n\
             - conditions: [{{prefix: /own}}]\n  permitInsecure: true\n  services:\n  \
               - {{name: cookies, port: 80, cookieRewritePolicies: [{{name: session, sameSite: Lax}}]}}\n  \
               cookieRewritePolicies: [{{name: session, sameSite: None, secure: true}}]\n\
             - conditions: [{{prefix: /as-is}}]\n  permitInsecure: true\n  services: [{{name: cookies, port: 80}}]\n\
             - conditions: [{{prefix: /policy}}]\n  permitInsecure: true\n  services: [{{name: cookies, port: 80}}]\n  \
               responseHeadersPolicy: {{set: [{{name: set-cookie, value: 'session=new; Path=/'}}]}}\n  \
               cookieRewritePolicies: [{{name: session, pathRewrite: {{value: /policy}}}}]\n"
        ),
    )
}

async fn world(layout: Layout) -> (World, Canned) {
    let mut world = World::with(Options::with_layout(layout)).await;
    let backend = Canned::start().await;
    world.write("cookies", &service("default", "cookies", &[backend.port()]));
    world.write("secret", &HostCertificate::new("safe.example").secret("safe"));
    world.write("exact", &rewriting("exact", "site.example", ""));
    world.write("wild", &rewriting("wild", "*.wild.example", ""));
    world.write("safe", &rewriting("safe", "safe.example", ", tls: {secretName: safe}"));
    world.sync().await;
    (world, backend)
}

fn requests(world: &World, path: &str) -> Vec<Request> {
    let hosts = ["site.example", "SITE.Example.:80", "a.wild.example", "safe.example"];
    let plain = hosts.into_iter().map(|host| world.get(host, path));
    plain.chain([world.get_tls("safe.example", path), world.get_tls("safe.example", path).http2()]).collect()
}

fn cookies(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect()
}

async fn check(world: &World, path: &str, expected: &[&str]) {
    for request in requests(world, path) {
        let answer = request.send().await.unwrap();
        assert_eq!((answer.code(), cookies(&answer)), (200, expected.to_vec()), "{} {path}", request.host);
    }
}

#[tokio::test]
async fn attributes_are_replaced_added_and_removed_and_all_else_stays() {
    for layout in LAYOUTS {
        let (mut world, backend) = world(layout).await;
        let set: [&str; 6] = [
            "session=1; path=/; Max-Age=60; HttpOnly; SAMESITE=None; Domain=old.example",
            "other=session=2; Path=/",
            "plain=3; Secure; Path=/; secure",
            " session = 4 ",
            "Session=5; Path=/",
            "broken; Path=/",
        ];
        let headers = set.map(|cookie| ("set-cookie", cookie));
        for path in ["/shop", "/as-is"] {
            backend.answer(path, 200, &headers, "");
        }
        let added = " Path=/shop; Domain=site.example; SameSite=Strict; Secure";
        let first = format!("session=1; Max-Age=60; HttpOnly;{added}");
        let fourth = format!("session = 4;{added}");
        let expected = [&*first, set[1], "plain=3; Path=/", &fourth, set[4], set[5]];
        check(&world, "/shop", &expected).await;
        check(&world, "/as-is", &set.map(str::trim)).await;
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_service_goes_before_its_route_and_headers_of_policies_are_rewritten_too() {
    for layout in LAYOUTS {
        let (mut world, backend) = world(layout).await;
        backend.answer("/own", 200, &[("set-cookie", "session=1")], "");
        check(&world, "/own", &["session=1; SameSite=Lax; Secure"]).await;
        backend.answer("/policy", 200, &[("set-cookie", "session=1; Path=/")], "");
        check(&world, "/policy", &["session=new; Path=/policy"]).await;
        world.assert_nothing_rejected().await;
    }
}

/// Proves instead/two-scripts.
#[tokio::test]
async fn a_wildcard_host_with_tls_changes_cookies_and_looks_at_the_host_of_a_connection() {
    for layout in LAYOUTS {
        let (mut world, backend) = world(layout).await;
        world.write("deep-secret", &HostCertificate::new("*.deep.example").secret("deep"));
        world.apply("deep", &rewriting("deep", "*.deep.example", ", tls: {secretName: deep}")).await;
        backend.answer("/own", 200, &[("set-cookie", "session=1")], "");
        for (host, code, set) in [
            ("a.deep.example", 200, &["session=1; SameSite=Lax; Secure"][..]),
            ("b.deep.example", 421, &[]),
            ("site.example", 421, &[]),
        ] {
            let request = Request { host: host.into(), ..world.get_tls("a.deep.example", "/own") };
            let answer = request.send().await.unwrap();
            assert_eq!((answer.code(), cookies(&answer)), (code, set.to_vec()), "{layout:?} {host}");
        }
        world.assert_nothing_rejected().await;
    }
}

/// A backend decides how long a cookie is: what it costs must not grow faster than that.
#[tokio::test]
async fn long_cookies_of_any_form_are_taken() {
    let (world, backend) = world(Layout::Scoped).await;
    let long = " ".repeat(20_000);
    for cookie in [
        format!("session=1;{long}a b"),
        format!("session{long}x=1"),
        format!("session=1{}", ";=".repeat(10_000)),
    ] {
        backend.answer("/shop", 200, &[("set-cookie", &cookie)], "");
        let answer = world.get("site.example", "/shop").send().await.unwrap();
        assert_eq!((answer.code(), cookies(&answer).len()), (200, 1));
    }
}
