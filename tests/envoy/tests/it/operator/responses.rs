//! What clients get, and what backends see of their requests.

use testkit::Answer;

use super::{both, world};

const LONG: &str = "a text that is long enough to be worth the work of compressing it";

#[tokio::test]
async fn responses_are_compressed_as_the_configuration_says() {
    for (algorithm, expected) in
        [("gzip", Some("gzip")), ("brotli", Some("br")), ("zstd", Some("zstd")), ("disabled", None)]
    {
        let (mut world, backend) = world(&format!("compression: {{algorithm: {algorithm}}}\n")).await;
        backend.answer("/", 200, &[("content-type", "text/plain")], LONG);
        for request in both(&world, "/") {
            let asked = request.clone().header("accept-encoding", "gzip, br, zstd");
            let answer: Answer = asked.send().await.unwrap();
            assert_eq!(answer.header("content-encoding"), expected, "{algorithm}");
            assert_eq!(answer.text() == LONG, expected.is_none(), "{algorithm}");
            let plain = request.send().await.unwrap();
            assert_eq!(
                (plain.header("content-encoding"), plain.text().as_str()),
                (None, LONG),
                "{algorithm}"
            );
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn the_server_header_is_what_the_configuration_says() {
    for (word, said, unsaid) in [
        ("overwrite", "envoy", "envoy"),
        ("append_if_absent", "backend", "envoy"),
        ("pass_through", "backend", ""),
    ] {
        let (mut world, backend) = world(&format!("serverHeaderTransformation: {word}\n")).await;
        backend.answer("/said", 200, &[("server", "backend")], "");
        backend.answer("/unsaid", 200, &[], "");
        for (path, expected) in [("/said", said), ("/unsaid", unsaid)] {
            for request in both(&world, path) {
                let answer = request.send().await.unwrap();
                assert_eq!(answer.header("server").unwrap_or_default(), expected, "{word} {path}");
            }
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_dot_at_the_end_of_the_host_is_taken_away_where_it_is_said() {
    for (strip, expected) in [("true", "site.example"), ("false", "site.example.")] {
        let (mut world, backend) = world(&format!("network: {{strip-trailing-host-dot: {strip}}}\n")).await;
        backend.answer("/", 200, &[], "");
        for mut request in both(&world, "/") {
            request.host = "site.example.".into();
            assert_eq!(request.send().await.unwrap().code(), 200, "{strip}");
            let seen = backend.received().pop().expect("a request");
            assert_eq!(seen.headers["host"], expected, "{strip}");
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn slashes_are_merged_unless_it_is_said() {
    for (disabled, expected) in [("false", "/a/b"), ("true", "//a//b")] {
        let (mut world, backend) = world(&format!("disableMergeSlashes: {disabled}\n")).await;
        backend.answer(expected, 200, &[], "");
        for request in both(&world, "//a//b") {
            assert_eq!(request.send().await.unwrap().code(), 200, "{disabled}");
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn calls_of_browsers_become_grpc_and_are_counted() {
    let (mut world, backend) = world("").await;
    backend.answer("/shop.Cart/Add", 200, &[("content-type", "application/grpc"), ("grpc-status", "0")], "");
    for request in both(&world, "/shop.Cart/Add") {
        let call = request.method(http::Method::POST).header("content-type", "application/grpc-web+proto");
        let answer = call.body(&b"\0\0\0\0\0"[..]).send().await.unwrap();
        assert_eq!(answer.header("content-type"), Some("application/grpc-web+proto"));
        let seen = backend.received().pop().expect("a call").headers;
        assert_eq!(
            (&seen["content-type"], &seen["te"]),
            (&"application/grpc".parse().unwrap(), &"trailers".parse().unwrap())
        );
    }
    let stats = world.envoy.stats().await;
    let found: Vec<_> = stats.iter().filter(|(name, _)| name.contains(".grpc.")).collect();
    assert_eq!(stats.get("cluster.default_site_80.grpc.request_message_count"), 2, "{found:?}");
    world.assert_nothing_rejected().await;
}
