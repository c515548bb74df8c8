//! TLS hosts in the scoped layouts: each by its own chain, or most of them by a shared one.

use harness::manifests::{HostCertificate, http_proxy};
use harness::{Options, World};
use model::Layout;
use testkit::{ClientTls, Failure, Request, Trust, Version};

async fn world(layout: Layout) -> World {
    let mut world = World::with(Options::with_layout(layout)).await;
    world.add_backend("blue").await;
    for (name, host, tls) in [
        ("exact", "exact.example", ""),
        ("other", "other.example", ""),
        ("strict", "strict.example", ", minimumProtocolVersion: '1.3'"),
    ] {
        world.write(&format!("secret-{name}"), &HostCertificate::new(host).secret(name));
        let host = format!("virtualhost: {{fqdn: {host}, tls: {{secretName: {name}{tls}}}}}");
        let routes = "routes: [{services: [{name: blue, port: 80}]}]";
        world.write(name, &http_proxy(name, &format!("{host}\n{routes}\n")));
    }
    world.sync().await;
    world
}

/// A request by a connection for `sni`.
fn request(world: &World, version: Version, sni: &str, host: &str) -> Request {
    let protocol = match version {
        Version::Http1 => "http/1.1",
        Version::Http2 => "h2",
    };
    let tls = ClientTls::new(sni, &Trust::Anything).alpn(&[protocol]);
    Request { host: host.into(), version, ..world.get_tls(sni, "/") }.tls(tls)
}

/// Proves client/misdirected.
#[tokio::test]
async fn a_request_for_another_host_than_that_of_the_handshake_is_misdirected_in_every_layout() {
    for layout in [Layout::Table, Layout::Scoped, Layout::OnDemand] {
        let mut world = world(layout).await;
        for version in [Version::Http1, Version::Http2] {
            for (sni, host, code) in [
                ("exact.example", "exact.example", 200),
                ("exact.example", "EXACT.example:8443", 200),
                ("exact.example", "exact.example.", 200),
                ("exact.example", "other.example", 421),
                ("exact.example", "strict.example", 421),
                ("strict.example", "strict.example", 200),
                ("strict.example", "exact.example", 421),
                ("exact.example", "unknown.example", 421),
            ] {
                let answer = request(&world, version, sni, host).send().await.unwrap();
                assert_eq!(answer.code(), code, "{layout:?} {version:?} {sni} {host}");
                let seen = answer.seen();
                assert_eq!(seen.as_ref().map(|seen| seen.host.as_str()), (code == 200).then_some(host));
                assert_eq!(seen.and_then(|seen| seen.header("x-isobath-scope").map(str::to_owned)), None);
            }
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn on_demand_a_host_that_comes_changes_no_listener() {
    let mut world = world(Layout::OnDemand).await;
    let mark = world.mark();
    world.write("secret-new", &HostCertificate::new("new.example").secret("new"));
    let host = "virtualhost: {fqdn: new.example, tls: {secretName: new}}";
    world
        .apply(
            "new",
            &http_proxy("new", &format!("{host}\nroutes: [{{services: [{{name: blue, port: 80}}]}}]\n")),
        )
        .await;
    assert_eq!(
        world.pushed_since(mark),
        [
            "Secret new.example",
            "ScopedRouteConfiguration http/new.example",
            "ScopedRouteConfiguration https/new.example"
        ]
    );
    let answer = request(&world, Version::Http1, "new.example", "new.example").send().await.unwrap();
    assert_eq!(answer.service(), "blue");
    let redirect = world.get("NEW.example", "/a").send().await.unwrap();
    assert_eq!((redirect.code(), redirect.header("location")), (301, Some("https://NEW.example/a")));
    let unknown = world.get_tls("unknown.example", "/").send().await.unwrap_err();
    assert!(matches!(unknown, Failure::Tls(_)), "{unknown}");
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_connection_that_was_opened_before_a_host_had_a_chain_of_its_own_is_misdirected() {
    let mut world = world(Layout::OnDemand).await;
    let request = request(&world, Version::Http1, "other.example", "other.example");
    let mut connection = request.connect().await.unwrap();
    assert_eq!(connection.send(&request).await.unwrap().code(), 200);
    let host = "virtualhost: {fqdn: other.example, tls: {secretName: other, minimumProtocolVersion: '1.3'}}";
    let routes = "routes: [{services: [{name: blue, port: 80}]}]";
    world.apply("other", &http_proxy("other", &format!("{host}\n{routes}\n"))).await;
    assert_eq!(connection.send(&request).await.unwrap().code(), 421);
    assert_eq!(request.send().await.unwrap().code(), 200);
    world.assert_nothing_rejected().await;
}
