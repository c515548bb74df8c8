//! Limits that Envoy keeps by itself, in every layout.

use harness::manifests::http_proxy;
use harness::{Options, World};
use model::Layout;

/// A host whose routes share three requests an hour, but for two of them.
fn limited(name: &str, host: &str) -> String {
    http_proxy(
        name,
        &format!(
            "virtualhost:\n  fqdn: '{host}'\n  rateLimitPolicy: {{local: {{requests: 2, unit: hour, burst: 1}}}}\n\
             routes:\n\
             - {{conditions: [{{prefix: /a}}], services: [{{name: blue, port: 80}}]}}\n\
             - {{conditions: [{{prefix: /b}}], directResponsePolicy: {{statusCode: 200}}}}\n\
             - {{conditions: [{{prefix: /own}}], services: [{{name: blue, port: 80}}], rateLimitPolicy: {{local: \
               {{requests: 1, unit: hour, responseStatusCode: 503, responseHeadersToAdd: \
               [{{name: x-limit, value: 'not 100%'}}, {{name: x-host, value: '%REQ(:authority)%'}}]}}}}}}\n\
             - {{conditions: [{{prefix: /many}}], services: [{{name: blue, port: 80}}], \
               rateLimitPolicy: {{local: {{requests: 1000, unit: second}}}}}}\n"
        ),
    )
}

async fn world(layout: Layout) -> World {
    let mut world = World::with(Options::with_layout(layout)).await;
    world.add_backend("blue").await;
    world.write("exact", &limited("exact", "site.example"));
    world.write("wild", &limited("wild", "*.wild.example"));
    world.sync().await;
    world
}

/// Proves client/rate-limit.
#[tokio::test]
async fn a_limit_counts_all_forms_of_its_host_together_and_a_routes_own_stands_in_its_place() {
    for layout in [Layout::Table, Layout::Scoped] {
        let mut world = world(layout).await;
        for [first, second, third] in [
            ["site.example", "SITE.example.", "site.example:8080"],
            ["a.wild.example", "b.wild.example", "A.Wild.example:80"],
        ] {
            let ask = async |host: &str, path: &str| world.get(host, path).send().await.unwrap();
            let code = async |host: &str, path: &str| ask(host, path).await.code();
            assert_eq!(code(first, "/a").await, 200, "{layout:?}");
            assert_eq!(code(second, "/b").await, 200, "{layout:?}");
            assert_eq!(code(third, "/a").await, 200, "{layout:?}");
            for (host, path) in [(first, "/a"), (second, "/a"), (third, "/b")] {
                assert_eq!(code(host, path).await, 429, "{layout:?} {host}{path}");
            }
            assert_eq!(code(second, "/own").await, 200, "{layout:?}");
            let refused = ask(first, "/own").await;
            assert_eq!(refused.code(), 503, "{layout:?}");
            assert_eq!(refused.header("x-limit"), Some("not 100%"));
            assert_eq!(refused.header("x-host"), Some(first));
            assert_eq!((code(first, "/many").await, code(third, "/many").await), (200, 200), "{layout:?}");
            assert_eq!(code(first, "/nothing").await, 404, "what nobody serves is not counted");
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_change_of_another_host_refills_no_bucket_where_hosts_have_scopes() {
    let mut world = world(Layout::Scoped).await;
    for _ in 0..3 {
        assert_eq!(world.ask("site.example", "/a").await.0, 200);
    }
    assert_eq!(world.ask("site.example", "/a").await.0, 429);
    world.apply("other", &limited("other", "other.example")).await;
    assert_eq!(world.ask("other.example", "/a").await.0, 200);
    assert_eq!(world.ask("site.example", "/a").await.0, 429);
    world.assert_nothing_rejected().await;
}
