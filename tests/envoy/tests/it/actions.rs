//! What becomes of a request that a route takes.

use harness::World;
use harness::manifests::{http_proxy, simple_proxy};
use testkit::{Answer, Failure, eventually, websocket_echo};

/// A world with `blue` and `green`, and the host `site.example` with these routes.
async fn world(routes: &[&str]) -> World {
    let mut world = World::start().await;
    world.add_backend("blue").await;
    world.add_backend("green").await;
    let routes: String = routes.iter().map(|route| format!("  - {route}\n")).collect();
    let spec = format!("virtualhost: {{fqdn: site.example}}\nroutes:\n{routes}");
    world.apply("site", &http_proxy("site", &spec)).await;
    assert_eq!(world.journal.problems("site"), [""; 0]);
    world
}

async fn get(world: &World, path: &str) -> Answer {
    world.get("site.example", path).send().await.unwrap()
}

const BLUE: &str = "services: [{name: blue, port: 80}]";

#[tokio::test]
async fn weights_share_out_requests() {
    let mut world =
        world(&["{services: [{name: blue, port: 80, weight: 90}, {name: green, port: 80, weight: 10}]}"])
            .await;
    let request = world.get("site.example", "/");
    let mut connection = request.connect().await.unwrap();
    for _ in 0..500 {
        assert_eq!(connection.send(&request).await.unwrap().code(), 200);
    }
    // 50 are to be expected; seven standard deviations to either side.
    let green = world.backend("green").requests();
    assert!((5..=97).contains(&green), "{green} of 500");
    assert_eq!(world.backend("blue").requests(), 500 - green);
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_service_of_weight_zero_gets_nothing() {
    let world =
        world(&["{services: [{name: blue, port: 80, weight: 1}, {name: green, port: 80, weight: 0}]}"]).await;
    for _ in 0..50 {
        assert_eq!(get(&world, "/").await.service(), "blue");
    }
    assert_eq!(world.backend("green").requests(), 0);
}

#[tokio::test]
async fn a_mirror_gets_copies_and_its_answers_are_dropped() {
    let mut world =
        world(&["{services: [{name: blue, port: 80}, {name: green, port: 80, mirror: true}]}"]).await;
    world.backend("green").answer_next(10, 500);
    for _ in 0..10 {
        let answer = get(&world, "/copied").await;
        assert_eq!((answer.code(), answer.service()), (200, "blue".into()));
    }
    eventually("the mirror has all copies", async || match world.backend("green").requests() {
        10 => Ok(()),
        other => Err(format!("{other} of 10")),
    })
    .await;
    assert_eq!(world.backend("green").last_seen().unwrap().path, "/copied");
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn prefixes_are_rewritten_without_double_slashes() {
    let rewrite = |prefix: &str, replacement: &str| {
        let policy = format!("pathRewritePolicy: {{replacePrefix: [{{replacement: {replacement}}}]}}");
        format!("{{conditions: [{{prefix: {prefix}}}], {policy}, {BLUE}}}")
    };
    let several =
        "pathRewritePolicy: {replacePrefix: [{prefix: /named, replacement: /chosen}, {replacement: /else}]}";
    let several = format!("{{conditions: [{{prefix: /named}}], {several}, {BLUE}}}");
    let routes = [rewrite("/foo", "/bar"), rewrite("/gone", "/"), rewrite("/slash/", "/with/"), several];
    let mut world = world(&routes.each_ref().map(String::as_str)).await;
    for (path, expected) in [
        ("/foo", "/bar"),
        ("/foo/", "/bar/"),
        ("/foo/x/y", "/bar/x/y"),
        ("/gone", "/"),
        ("/gone/", "/"),
        ("/gone/x", "/x"),
        ("/slash/x", "/with/x"),
        ("/named/x", "/chosen/x"),
    ] {
        assert_eq!(get(&world, path).await.seen().map(|seen| seen.path).as_deref(), Some(expected), "{path}");
    }
    let seen = get(&world, "/foo/x?q=1").await.seen().unwrap();
    assert_eq!((seen.path.as_str(), seen.query.as_deref()), ("/bar/x", Some("q=1")));
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn redirects_have_the_code_and_the_place_that_they_say() {
    let redirect = |prefix: &str, policy: &str| {
        format!("{{conditions: [{{prefix: {prefix}}}], requestRedirectPolicy: {{{policy}}}}}")
    };
    let routes = [
        redirect("/host", "hostname: to.example"),
        redirect("/scheme", "scheme: https, statusCode: 301"),
        redirect("/port", "hostname: to.example, port: 8443, scheme: https, statusCode: 307"),
        redirect("/path", "path: /new, statusCode: 308"),
        redirect("/prefix", "prefix: /other, statusCode: 303"),
    ];
    let mut world = world(&routes.each_ref().map(String::as_str)).await;
    for (path, code, location) in [
        ("/host/x?q", 302, "http://to.example/host/x?q"),
        ("/scheme/x", 301, "https://site.example/scheme/x"),
        ("/port/x", 307, "https://to.example:8443/port/x"),
        ("/path/x", 308, "http://site.example/new"),
        ("/prefix/x?q", 303, "http://site.example/other/x?q"),
    ] {
        let answer = get(&world, path).await;
        assert_eq!((answer.code(), answer.header("location")), (code, Some(location)), "{path}");
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn direct_responses_come_from_envoy() {
    let mut world = world(&[
        "{conditions: [{prefix: /gone}], directResponsePolicy: {statusCode: 410, body: 'no more: 100%'}}",
        "{conditions: [{prefix: /empty}], directResponsePolicy: {statusCode: 200}}",
    ])
    .await;
    let gone = get(&world, "/gone/x").await;
    assert_eq!((gone.code(), gone.text()), (410, "no more: 100%".into()));
    let empty = get(&world, "/empty").await;
    assert_eq!((empty.code(), empty.text()), (200, String::new()));
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn headers_of_requests_and_responses_are_set_and_removed() {
    let set = "requestHeadersPolicy: {remove: [x-secret], set: [\
        {name: x-fixed, value: 'a 100% value'}, \
        {name: x-from, value: 'by %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'}, \
        {name: x-copied, value: '%REQ(x-given)%'}, \
        {name: x-namespace, value: '%CONTOUR_NAMESPACE%'}, \
        {name: x-unknown, value: '%NOT_ONE_OF_THEM%'}]}";
    let back = "responseHeadersPolicy: {remove: [content-type], set: [{name: x-answer, value: 'yes'}]}";
    let mut world = world(&[&format!("{{{set}, {back}, {BLUE}}}")]).await;
    let request = world.get("site.example", "/").header("x-secret", "s").header("x-given", "g");
    let answer = request.header("x-fixed", "mine").send().await.unwrap();
    let seen = answer.seen().unwrap();
    assert_eq!(seen.header_values("x-fixed"), ["a 100% value"]);
    assert_eq!(seen.header("x-from"), Some("by 127.0.0.1"));
    assert_eq!(seen.header("x-copied"), Some("g"));
    assert_eq!(seen.header("x-namespace"), Some("default"));
    assert_eq!(seen.header("x-unknown"), Some("%NOT_ONE_OF_THEM%"));
    assert_eq!(seen.header("x-secret"), None);
    assert_eq!((answer.header("x-answer"), answer.header("content-type")), (Some("yes"), None));
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn headers_of_one_service_are_changed_for_it_alone() {
    let policy = "requestHeadersPolicy: {set: [{name: x-to, value: green}]}, \
        responseHeadersPolicy: {set: [{name: x-by, value: green}]}";
    let services = format!("services: [{{name: blue, port: 80}}, {{name: green, port: 80, {policy}}}]");
    let world = world(&[&format!("{{{services}}}")]).await;
    let mut answered = std::collections::BTreeSet::new();
    for _ in 0..60 {
        let answer = get(&world, "/").await;
        let expected = (answer.service() == "green").then_some("green");
        assert_eq!((answer.seen().unwrap().header("x-to"), answer.header("x-by")), (expected, expected));
        answered.insert(answer.service());
    }
    assert_eq!(answered.len(), 2);
}

#[tokio::test]
async fn the_host_is_rewritten_to_a_text_or_to_another_header() {
    let host = |prefix: &str, value: &str| {
        let policy = format!("requestHeadersPolicy: {{set: [{{name: Host, value: '{value}'}}]}}");
        format!("{{conditions: [{{prefix: {prefix}}}], {policy}, {BLUE}}}")
    };
    let routes = [host("/text", "inner.example"), host("/header", "%REQ(x-host)%")];
    let mut world = world(&routes.each_ref().map(String::as_str)).await;
    assert_eq!(get(&world, "/text").await.seen().unwrap().host, "inner.example");
    let request = world.get("site.example", "/header").header("x-host", "chosen.example");
    assert_eq!(request.send().await.unwrap().seen().unwrap().host, "chosen.example");
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn what_a_route_says_of_headers_goes_before_what_its_services_say_however_many_there_are() {
    let policy = |host: &str, by: &str| {
        let headers = format!("{{name: x-by, value: {by}}}");
        format!(
            "requestHeadersPolicy: {{set: [{{name: Host, value: {host}}}, {headers}]}}, \
             responseHeadersPolicy: {{set: [{headers}]}}"
        )
    };
    let service = format!("{{name: blue, port: 80, {}}}", policy("service.example", "service"));
    let route = |prefix: &str, services: &str, policies: &str| {
        format!("{{conditions: [{{prefix: {prefix}}}], services: [{services}]{policies}}}")
    };
    let of_route = format!(", {}", policy("route.example", "route"));
    let two = format!("{service}, {{name: blue, port: 80, weight: 0}}");
    let mut world = world(&[
        &route("/one", &service, &of_route),
        &route("/two", &two, &of_route),
        &route("/service", &service, ""),
    ])
    .await;
    for (path, by) in [("/one", "route"), ("/two", "route"), ("/service", "service")] {
        let answer = get(&world, path).await;
        let seen = answer.seen().unwrap();
        assert_eq!(seen.host, format!("{by}.example"), "{path}");
        assert_eq!((seen.header("x-by"), answer.header("x-by")), (Some(by), Some(by)), "{path}");
        assert_eq!(seen.header("x-envoy-original-host"), Some("site.example"), "{path}");
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_response_that_takes_too_long_is_504() {
    let mut world = world(&[
        &format!("{{conditions: [{{prefix: /short}}], timeoutPolicy: {{response: 200ms}}, {BLUE}}}"),
        &format!("{{conditions: [{{prefix: /long}}], timeoutPolicy: {{response: infinity}}, {BLUE}}}"),
    ])
    .await;
    assert_eq!(get(&world, "/short?delay=30000").await.code(), 504);
    // A machine that is busy may take longer, too.
    eventually("an answer in time", async || match get(&world, "/short").await.code() {
        200 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    assert_eq!(get(&world, "/long?delay=400").await.code(), 200);
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn failed_requests_are_sent_again_as_often_as_the_policy_says() {
    let mut world = world(&[
        &format!("{{retryPolicy: {{count: 2, retryOn: ['5xx']}}, {BLUE}}}"),
        &format!(
            "{{conditions: [{{prefix: /codes}}], \
             retryPolicy: {{count: 1, retryOn: [retriable-status-codes], retriableStatusCodes: [418]}}, {BLUE}}}"
        ),
        &format!(
            "{{conditions: [{{prefix: /slow}}], \
             retryPolicy: {{count: 1, perTryTimeout: 200ms}}, timeoutPolicy: {{response: 20s}}, {BLUE}}}"
        ),
        &format!("{{conditions: [{{prefix: /never}}], {BLUE}}}"),
    ])
    .await;
    for (path, failures, status, code, tries) in [
        ("/", 2, 503, 200, 3),
        ("/", 3, 503, 503, 3),
        ("/", 1, 404, 404, 1),
        ("/codes", 1, 418, 200, 2),
        ("/codes", 1, 503, 503, 1),
        ("/never", 1, 503, 503, 1),
    ] {
        let before = world.backend("blue").requests();
        world.backend("blue").answer_next(failures, status);
        let got = get(&world, path).await.code();
        let sent = world.backend("blue").requests() - before;
        assert_eq!((got, sent), (code, tries), "{path}: {failures} times {status}");
    }
    let before = world.backend("blue").requests();
    assert_eq!(get(&world, "/slow?delay=30000").await.code(), 504);
    eventually("the backend has seen both tries", async || match world.backend("blue").requests() - before {
        2 => Ok(()),
        other => Err(format!("{other} of 2")),
    })
    .await;
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn websockets_pass_where_the_route_enables_them_and_nowhere_else() {
    let mut world = world(&[
        &format!("{{conditions: [{{prefix: /socket}}], enableWebsockets: true, {BLUE}}}"),
        &format!("{{conditions: [{{prefix: /plain}}], {BLUE}}}"),
    ])
    .await;
    let echo = async |path: &str| websocket_echo(world.http(), None, "site.example", path, "hello").await;
    assert_eq!(echo("/socket").await, Ok("hello".into()));
    let refused = echo("/plain").await;
    assert!(matches!(refused, Err(Failure::Lost(_))), "{refused:?}");
    world.apply("other", &simple_proxy("other", "other.example", "blue")).await;
    assert_eq!(get(&world, "/plain").await.code(), 200);
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn backends_learn_when_a_request_arrived() {
    let world = world(&[
        &format!(
            "{{conditions: [{{prefix: /own}}], requestHeadersPolicy: {{remove: [x-request-start]}}, {BLUE}}}"
        ),
        &format!("{{{BLUE}}}"),
    ])
    .await;
    let seen = get(&world, "/").await.seen().unwrap();
    let seconds = seen.header("x-request-start").and_then(|start| start.strip_prefix("t=")?.parse().ok());
    let age = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64() - seconds.unwrap_or(0.0);
    assert!((0.0..600.0).contains(&age), "{seconds:?}");
    assert_eq!(get(&world, "/own").await.seen().unwrap().header("x-request-start"), None);
}
