//! The clients and the backends, face to face.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use isobath_testkit::{
    Backend, ClientTls, Failure, Http2Stream, Load, Mode, Request, Trust, exchange, open, websocket_echo,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn each_version_of_http_is_seen_as_it_was_sent() {
    let backend = Backend::start("one").await;
    let request =
        Request::get(backend.address(), "a.example", "/p?q=1").header("x-a", "1").header("x-a", "2");
    let request = request.body("12345").method(http::Method::POST);
    for (request, protocol) in [(request.clone(), "HTTP/1.1"), (request.http2(), "HTTP/2.0")] {
        let seen = request.send().await.unwrap().seen().unwrap();
        assert_eq!(
            (seen.service.as_str(), seen.protocol.as_str(), seen.method.as_str()),
            ("one", protocol, "POST")
        );
        assert_eq!(
            (seen.host.as_str(), seen.path.as_str(), seen.query.as_deref()),
            ("a.example", "/p", Some("q=1"))
        );
        assert_eq!((seen.header_values("x-a"), seen.body_bytes), (vec!["1", "2"], 5));
        assert_eq!(backend.last_seen(), Some(seen));
    }
    assert_eq!((backend.requests(), backend.connections()), (2, 2));
}

#[tokio::test]
async fn a_tls_backend_is_trusted_by_its_certificate_alone_and_tells_the_server_name() {
    let backend = Backend::start_tls("safe", "tls.example").await;
    let trust = Trust::Roots(backend.certificate().unwrap().to_owned());
    let request = Request::get(backend.address(), "tls.example", "/");
    let tls = ClientTls::new("tls.example", &trust).alpn(&["h2"]);
    let answer = request.clone().tls(tls.clone()).http2().send().await.unwrap();
    let seen = answer.seen().unwrap().tls.unwrap();
    assert_eq!((seen.sni.as_deref(), seen.alpn.as_deref()), (Some("tls.example"), Some("h2")));
    assert_eq!(answer.certificates.len(), 1);

    let other_name = request.clone().tls(tls.sni("other.example")).send().await.unwrap_err();
    assert!(matches!(other_name, Failure::Tls(_)), "{other_name}");
    let trusting = ClientTls::new("other.example", &Trust::Anything);
    assert_eq!(request.tls(trusting).send().await.unwrap().code(), 200);
}

#[tokio::test]
async fn a_request_chooses_its_status_and_delay() {
    let backend = Backend::start("one").await;
    let status = async |path: &str| {
        Request::get(backend.address(), "a", path).send().await.map(|answer| answer.code())
    };
    assert_eq!(status("/status/418").await, Ok(418));
    assert_eq!(status("/status/204").await, Ok(204));
    assert_eq!(status("/status/99").await, Ok(400));
    backend.answer_next(1, 503);
    assert_eq!((status("/").await, status("/").await), (Ok(503), Ok(200)));
    let limit = Duration::from_millis(20);
    let slow = Request { limit, ..Request::get(backend.address(), "a", "/?delay=60000") };
    assert_eq!(slow.send().await.unwrap_err(), Failure::TimedOut(limit));
}

#[tokio::test]
async fn websocket_messages_come_back() {
    let backend = Backend::start("one").await;
    let message = "x".repeat(70_000);
    assert_eq!(websocket_echo(backend.address(), None, "a", "/", &message).await, Ok(message));
}

#[tokio::test]
async fn an_http2_stream_goes_on_after_the_server_takes_no_more_requests() {
    let backend = Backend::start("one").await;
    let mut stream = Http2Stream::open(&Request::get(backend.address(), "a.example", "/echo")).await.unwrap();
    let long = "x".repeat(70_000);
    for text in ["hello", long.as_str(), "again"] {
        assert_eq!(stream.echo(text).await, Ok(text.to_owned()));
    }
    assert_eq!(stream.get("/status/418").await, Ok(418));
    let draining = tokio::spawn(backend.drain());
    isobath_testkit::eventually("the server says so", async || match stream.get("/").await {
        Err(Failure::NotSent) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(stream.echo("still").await, Ok("still".to_owned()));
    drop(stream);
    draining.await.unwrap();
}

#[tokio::test]
async fn a_tcp_backend_gives_its_name_and_then_every_byte() {
    let backend = Backend::start_tcp("raw").await;
    let mut stream = open(backend.address(), None).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "raw\nhello");
}

#[tokio::test]
async fn raw_bytes_are_sent_as_they_are() {
    let backend = Backend::start("one").await;
    let answer = exchange(backend.address(), None, b"NOT HTTP\r\n\r\n").await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400 "));
}

#[tokio::test]
async fn a_backend_that_drains_fails_no_request() {
    let first = Backend::start("first").await;
    let address = first.address();
    let slow = tokio::spawn(async move { Request::get(address, "a", "/?delay=50").send().await });
    isobath_testkit::eventually("the request has arrived", async || {
        if first.requests() == 1 { Ok(()) } else { Err("not yet".into()) }
    })
    .await;
    first.drain().await;
    assert_eq!(slow.await.unwrap().unwrap().service(), "first");
    assert!(matches!(Request::get(address, "a", "/").send().await, Err(Failure::Connect(_))));
    let second = Backend::start_at("second", address).await;
    assert_eq!(Request::get(address, "a", "/").send().await.unwrap().service(), "second");
    drop(second);
}

#[tokio::test]
async fn a_load_on_a_healthy_backend_is_clean_in_both_modes() {
    let backend = Backend::start("one").await;
    for (mode, request) in [
        (Mode::KeepAlive, Request::get(backend.address(), "a", "/")),
        (Mode::KeepAlive, Request::get(backend.address(), "a", "/").http2()),
        (Mode::NewConnections, Request::get(backend.address(), "a", "/")),
    ] {
        let load = Load::new(request).mode(mode).clients(2).start();
        load.more(50).await;
        let report = load.stop().await;
        report.assert_clean();
        assert_eq!(report.answers.keys().collect::<Vec<_>>(), ["one"]);
        let opened = if mode == Mode::KeepAlive { 2 } else { report.good() };
        assert_eq!(report.connections, opened);
    }
}

#[tokio::test]
async fn a_load_tells_every_wrong_answer_and_every_lost_connection() {
    let backend = Backend::start("one").await;
    let load = Load::new(Request::get(backend.address(), "a", "/")).clients(1).start();
    load.more(5).await;
    backend.answer_next(3, 503);
    load.more(10).await;
    assert_eq!(load.report().failures, 3);
    assert!(load.report().first_failures[0].1.starts_with("status 503"));
    backend.crash();
    load.more(5).await;
    let report = load.stop().await;
    assert!(report.failures > 3);
    let last = &report.first_failures.last().unwrap().1;
    assert!(last.starts_with("cannot connect"), "{last}");
}
