//! Traces of requests.

use harness::World;
use harness::manifests::{secret, service};
use testkit::{Answer, Canned, Collector, Request, Span, eventually};

use super::{both, world};

/// The collector of the tests; `more` are further keys. Envoy tells each piece at once.
fn configuration(more: &str) -> String {
    format!(
        "tracing: {{extensionService: default/traces, serviceName: edge{more}}}\n\
         runtime-settings: {{tracing.opentelemetry.min_flush_spans: '1'}}\n"
    )
}

/// The ExtensionService of a collector; `more` are further fields.
fn extension(collector: &Collector, more: &str) -> String {
    format!(
        "{}---\napiVersion: projectcontour.io/v1alpha1\nkind: ExtensionService\n\
         metadata: {{name: traces, namespace: default}}\n\
         spec: {{services: [{{name: collector, port: 80}}]{more}}}\n",
        service("default", "collector", &[collector.port()])
    )
}

/// A world whose collector is told.
async fn traced(more: &str) -> (World, Canned, Collector) {
    let (mut world, backend) = world(&configuration(more)).await;
    backend.answer("/", 200, &[], "");
    let collector = Collector::start().await;
    world.apply("collector", &extension(&collector, ", protocol: h2c")).await;
    (world, backend, collector)
}

async fn send(request: &Request) -> Answer {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.code(), 404, "the backend has no such page");
    answer
}

/// What is told about one request: as it came, and as it went on, which has no path.
async fn pieces(collector: &Collector, path: &str) -> [Span; 2] {
    let mut found = Vec::new();
    eventually("the collector is told", async || {
        let spans = collector.spans();
        let came = spans.iter().find(|span| is_about(span, path)).ok_or_else(|| format!("{spans:#?}"))?;
        found = spans.iter().filter(|span| span.trace == came.trace).cloned().collect();
        if found.len() > 1 { Ok(()) } else { Err(format!("{found:#?}")) }
    })
    .await;
    found.sort_by_key(|span| !span.is_server);
    found.try_into().unwrap_or_else(|spans| panic!("one request, and {spans:#?}"))
}

fn is_about(span: &Span, path: &str) -> bool {
    span.tag("http.url").is_some_and(|url| url.contains(path))
}

#[tokio::test]
async fn a_collector_is_told_of_every_request_what_the_operator_asks_for() {
    let tags = ", maxPathTagLength: 8, customTags: [{tagName: zone, literal: north}, \
        {tagName: tenant, requestHeaderName: X-Tenant}, {tagName: podName, literal: mine}]";
    let (mut world, backend, collector) = traced(tags).await;
    for (request, path) in both(&world, "/").into_iter().zip(["/one", "/two"]) {
        let whole = Request { path: format!("{path}/56789"), ..request };
        send(&whole.header("x-tenant", "acme")).await;
        let [came, went] = pieces(&collector, path).await;
        for span in [&came, &went] {
            let tags = ["zone", "tenant", "podName"].map(|name| span.tag(name));
            assert_eq!((&*span.service, tags), ("edge", [Some("north"), Some("acme"), Some("mine")]));
            assert_eq!(span.authority, "extension.default.traces");
        }
        assert!(came.is_server && !went.is_server);
        assert_eq!(came.trace, went.trace);
        assert!(came.tag("http.url").is_some_and(|url| url.ends_with(&format!("site.example{path}/567"))));
        let received = backend.received();
        let seen = &received.last().unwrap().headers;
        let parent = seen["traceparent"].to_str().unwrap();
        assert_eq!(parent.split('-').nth(1), Some(&*came.trace));
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_host_that_is_spelled_otherwise_is_told_once() {
    let (mut world, _backend, collector) = traced("").await;
    let request = world.get("SITE.example", "/spelled");
    send(&request).await;
    let [came, _] = pieces(&collector, "/spelled").await;
    assert_eq!(came.tag("http.status_code"), Some("404"));
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_trace_that_a_client_began_goes_on() {
    let (mut world, _backend, collector) = traced("").await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = world.get("site.example", "/began");
    send(&request.header("traceparent", &format!("00-{trace}-b7ad6b7169203331-01"))).await;
    assert_eq!(pieces(&collector, "/began").await.map(|span| span.trace), [trace, trace]);
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn clients_may_ask_for_traces_where_others_have_none() {
    let (mut world, _backend, collector) = traced(", randomSampling: '0'").await;
    // On one connection, and so by one of Envoy's threads: what it tells keeps the order.
    let silent = world.get("site.example", "/silent");
    let mut connection = silent.connect().await.unwrap();
    connection.send(&silent).await.unwrap();
    let asking = world.get("site.example", "/asking").header("x-client-trace-id", "1");
    connection.send(&asking).await.unwrap();
    pieces(&collector, "/asking").await;
    assert_eq!(collector.spans().len(), 2, "nothing is told of the other");
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_collector_may_come_and_change_and_go() {
    let (mut world, backend) = world(&configuration("")).await;
    backend.answer("/", 200, &[], "");
    let request = |world: &World, path: &str| world.get("site.example", path);
    let mut connection = request(&world, "/").connect().await.unwrap();
    connection.send(&request(&world, "/nobody")).await.unwrap();
    let collector = Collector::start().await;
    world.apply("collector", &extension(&collector, ", protocol: h2c")).await;
    connection.send(&request(&world, "/first")).await.unwrap();
    pieces(&collector, "/first").await;
    // It was asked for from the start: nobody had to go when it came.
    assert!(!connection.is_closed());
    let secure = Collector::start_tls("traces.example").await;
    world.write("ca", &secret("ca", "Opaque", &[("ca.crt", secure.certificate().unwrap())]));
    let validation = ", validation: {caSecret: ca, subjectName: traces.example}";
    world.apply("collector", &extension(&secure, validation)).await;
    for (request, path) in both(&world, "/").into_iter().zip(["/third", "/fourth"]) {
        send(&Request { path: path.to_owned(), ..request }).await;
        for span in pieces(&secure, path).await {
            assert_eq!(span.authority, "traces.example");
        }
    }
    world.remove("collector").await;
    for request in both(&world, "/") {
        assert_eq!(request.send().await.unwrap().code(), 200);
    }
    world.assert_nothing_rejected().await;
}
