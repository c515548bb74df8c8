//! What the annotations of an Ingress do.

use harness::World;
use harness::manifests::{HostCertificate, annotated_ingress};
use testkit::{ClientTls, Failure, Trust, eventually, websocket_echo};

const HOST: &str = "in.example";

/// The paths of the host, all to `blue`.
fn rules(paths: &[&str]) -> String {
    let path = |path: &&str| {
        let backend = "backend: {service: {name: blue, port: {name: http}}}";
        format!("{{path: '{path}', pathType: ImplementationSpecific, {backend}}}")
    };
    let paths: Vec<_> = paths.iter().map(path).collect();
    format!("rules: [{{host: {HOST}, http: {{paths: [{}]}}}}]\n", paths.join(", "))
}

async fn world() -> World {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world
}

async fn apply(world: &mut World, annotations: &str, spec: &str) {
    world.apply("site", &annotated_ingress("site", annotations, spec)).await;
}

#[tokio::test]
async fn plain_requests_are_served_redirected_or_not_found_as_annotations_say() {
    let mut world = world().await;
    world.apply("secret", &HostCertificate::new(HOST).secret("cert")).await;
    let spec = format!("tls: [{{hosts: [{HOST}], secretName: cert}}]\n{}", rules(&["/"]));
    const FORCE: &str = "ingress.kubernetes.io/force-ssl-redirect";
    const ALLOW: &str = "kubernetes.io/ingress.allow-http";
    let both = format!("{FORCE}: 'true', {ALLOW}: 'false'");
    for (annotations, plain) in [
        ("", 200),
        (&format!("{FORCE}: 'true'"), 301),
        (&format!("{ALLOW}: 'false'"), 404),
        (&both, 301),
        // What cannot be read may have been meant to shut it.
        (&format!("{FORCE}: 'Yes'"), 301),
        (&format!("{ALLOW}: '0'"), 404),
    ] {
        apply(&mut world, annotations, &spec).await;
        let answer = world.get(HOST, "/path?q").send().await.unwrap();
        assert_eq!(answer.code(), plain, "{annotations}");
        if plain == 301 {
            assert_eq!(answer.header("location"), Some("https://in.example/path?q"));
        }
        let tls = ClientTls::new(HOST, &Trust::Anything);
        assert_eq!(world.get_tls(HOST, "/").tls(tls).send().await.unwrap().code(), 200, "{annotations}");
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn requests_are_limited_and_tried_again_as_annotations_say() {
    let mut world = world().await;
    let annotations = "projectcontour.io/response-timeout: 200ms";
    apply(&mut world, annotations, &rules(&["/"])).await;
    assert_eq!(world.ask(HOST, "/?delay=30000").await.0, 504);
    for (annotations, tries) in [
        ("projectcontour.io/retry-on: 5xx, projectcontour.io/num-retries: '2'", 3),
        ("contour.heptio.com/retry-on: 5xx", 2),
        ("projectcontour.io/retry-on: 5xx, projectcontour.io/num-retries: '-1'", 1),
        ("projectcontour.io/num-retries: '2'", 1),
    ] {
        apply(&mut world, annotations, &rules(&["/"])).await;
        let before = world.backend("blue").requests();
        world.backend("blue").answer_next(3, 503);
        world.ask(HOST, "/").await;
        let sent = world.backend("blue").requests() - before;
        world.backend("blue").answer_next(0, 503);
        assert_eq!(sent, tries, "{annotations}");
    }
    let annotations = "projectcontour.io/retry-on: 5xx, projectcontour.io/per-try-timeout: 200ms, \
        projectcontour.io/response-timeout: 20s";
    apply(&mut world, annotations, &rules(&["/"])).await;
    let before = world.backend("blue").requests();
    assert_eq!(world.ask(HOST, "/?delay=30000").await.0, 504);
    eventually("the backend has seen both tries", async || match world.backend("blue").requests() - before {
        2 => Ok(()),
        other => Err(format!("{other} of 2")),
    })
    .await;
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn websockets_pass_on_the_paths_that_are_listed() {
    let mut world = world().await;
    let annotations = "projectcontour.io/websocket-routes: '/socket, /[a-z]+/deep'";
    apply(&mut world, annotations, &rules(&["/socket", "/[a-z]+/deep", "/plain"])).await;
    let echo = async |path: &str| websocket_echo(world.http(), None, HOST, path, "hello").await;
    for path in ["/socket", "/any/deep"] {
        assert_eq!(echo(path).await, Ok("hello".into()), "{path}");
    }
    let refused = echo("/plain").await;
    assert!(matches!(refused, Err(Failure::Lost(_))), "{refused:?}");
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn tls_versions_are_those_of_the_annotations() {
    let mut world = world().await;
    world.apply("secret", &HostCertificate::new(HOST).secret("cert")).await;
    let spec = format!("tls: [{{hosts: [{HOST}], secretName: cert}}]\n{}", rules(&["/"]));
    for (annotations, old, new) in [
        ("", true, true),
        ("projectcontour.io/tls-minimum-protocol-version: '1.3'", false, true),
        ("projectcontour.io/tls-maximum-protocol-version: '1.2'", true, false),
        ("contour.heptio.com/tls-minimum-protocol-version: '1.1'", true, true),
    ] {
        apply(&mut world, annotations, &spec).await;
        for (version, expected) in [(&rustls::version::TLS12, old), (&rustls::version::TLS13, new)] {
            let tls = ClientTls::with_version(HOST, &Trust::Anything, version);
            let answer = world.get_tls(HOST, "/").tls(tls).send().await;
            assert_eq!(answer.is_ok(), expected, "{annotations} {version:?}");
        }
    }
    world.assert_nothing_rejected().await;
}
