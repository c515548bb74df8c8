//! Connections of clients and their limits.

use testkit::{Request, exchange, open};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{both, offering, world};

#[tokio::test]
async fn only_the_versions_of_http_that_are_said_are_spoken() {
    for (versions, http1, http2) in
        [("[HTTP/1.1]", true, false), ("[HTTP/2]", false, true), ("[HTTP/2, HTTP/1.1]", true, true)]
    {
        let (mut world, backend) = world(&format!("default-http-versions: {versions}\n")).await;
        backend.answer("/", 200, &[], "");
        let [plain, tls] = both(&world, "/");
        let with = |protocol| tls.clone().tls(offering(&[protocol]));
        let spoken = async |request: Request| request.send().await.is_ok_and(|answer| answer.code() == 200);
        assert_eq!(spoken(plain.clone()).await, http1, "{versions}");
        assert_eq!(spoken(plain.http2()).await, http2, "{versions}");
        assert_eq!(spoken(with("http/1.1")).await, http1, "{versions}");
        assert_eq!(spoken(with("h2").http2()).await, http2, "{versions}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_length_beside_chunks_is_refused_where_it_is_said() {
    let request = b"POST / HTTP/1.1\r\nhost: site.example\r\nconnection: close\r\ncontent-length: 3\r\n\
        transfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    for (disabled, expected) in [("false", "HTTP/1.1 200"), ("true", "HTTP/1.1 400")] {
        let (mut world, backend) = world(&format!("disableAllowChunkedLength: {disabled}\n")).await;
        backend.answer("/", 200, &[], "");
        for tls in [None, Some(offering(&[]))] {
            let target = if tls.is_some() { world.https() } else { world.http() };
            let answer = exchange(target, tls.as_ref(), request).await.unwrap();
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.starts_with(expected), "{disabled}: {answer}");
        }
        assert!(backend.received().iter().all(|seen| !seen.headers.contains_key("content-length")));
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn slashes_in_a_row_are_one_unless_it_is_said() {
    for (disabled, paths) in [("false", ["/a/b", "/a/b"]), ("true", ["/a//b", "/a//b"])] {
        let (mut world, backend) = world(&format!("disableMergeSlashes: {disabled}\n")).await;
        for request in both(&world, "/a//b") {
            request.send().await.unwrap();
        }
        let seen: Vec<_> = backend.received().into_iter().map(|seen| seen.path).collect();
        assert_eq!(seen, paths, "{disabled}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_connection_ends_after_as_many_requests_as_are_said() {
    let (mut world, backend) = world("listener: {max-requests-per-connection: 2}\n").await;
    backend.answer("/", 200, &[], "");
    for request in both(&world, "/") {
        let mut connection = request.connect().await.unwrap();
        let first = connection.send(&request).await.unwrap();
        let second = connection.send(&request).await.unwrap();
        assert_eq!((first.header("connection"), second.header("connection")), (None, Some("close")));
    }
    world.assert_nothing_rejected().await;
}

/// The number of streams that a server allows by its first frame; `None` where it does not say.
async fn allowed_streams(target: std::net::SocketAddr) -> Option<u32> {
    let mut stream = open(target, None).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00").await.unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "the first frame is SETTINGS");
    let mut settings = vec![0; usize::from(head[2])];
    stream.read_exact(&mut settings).await.unwrap();
    let value = |setting: &[u8]| u32::from_be_bytes(setting[2..].try_into().expect("four bytes"));
    settings.chunks_exact(6).find(|setting| setting[..2] == [0, 3]).map(value)
}

#[tokio::test]
async fn a_client_of_http2_is_told_how_many_streams_it_may_have() {
    for (configuration, expected) in [("listener: {http2-max-concurrent-streams: 7}\n", 7), ("", 1024)] {
        let (mut world, _backend) = world(configuration).await;
        assert_eq!(allowed_streams(world.http()).await, Some(expected));
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn options_of_listeners_are_accepted_and_clients_served() {
    let (mut world, backend) = world(
        "listener:\n  connection-balancer: exact\n  per-connection-buffer-limit-bytes: 4096\n  \
         max-connections-to-accept-per-socket-event: 1\n  socket-options: {tos: 64, traffic-class: 64}\n",
    )
    .await;
    backend.answer("/", 200, &[], "x".repeat(100_000));
    for request in both(&world, "/") {
        assert_eq!(request.send().await.unwrap().text().len(), 100_000);
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_connection_without_requests_ends_when_it_is_said() {
    let (mut world, backend) = world("timeouts: {connection-idle-timeout: 500ms}\n").await;
    backend.answer("/", 200, &[], "");
    for request in both(&world, "/") {
        let mut connection = request.connect().await.unwrap();
        assert_eq!(connection.send(&request).await.unwrap().code(), 200);
        testkit::eventually("the connection ends", async || {
            connection.is_closed().then_some(()).ok_or_else(|| "it is open".to_owned())
        })
        .await;
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_connection_ends_after_the_time_that_is_said() {
    let configuration = "timeouts: {max-connection-duration: 50ms, connection-shutdown-grace-period: 10ms}\n";
    let (mut world, backend) = world(configuration).await;
    backend.answer("/", 200, &[], "");
    for request in both(&world, "/") {
        let mut connection = request.connect().await.unwrap();
        testkit::eventually("a request is told that the connection ends, or meets its end", async || {
            match connection.send(&request).await {
                Ok(answer) if answer.header("connection") != Some("close") => Err("it goes on".to_owned()),
                Ok(_) | Err(_) => Ok(()),
            }
        })
        .await;
    }
    world.assert_nothing_rejected().await;
}

#[tokio::test]
async fn a_client_that_does_not_close_is_waited_for_as_long_as_is_said() {
    for (limit, waited) in [("infinity", 0), ("50ms", 1)] {
        let (mut world, _backend) = world(&format!("timeouts: {{delayed-close-timeout: {limit}}}\n")).await;
        let answer = exchange(world.http(), None, b"no request\r\n\r\n").await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 400"), "{answer:?}");
        let times = world.envoy.stat("http.ingress_http.downstream_cx_delayed_close_timeout").await;
        assert_eq!(times, waited, "{limit}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_request_that_does_not_arrive_in_time_is_answered() {
    let (mut world, _backend) = world("timeouts: {request-timeout: 50ms}\n").await;
    let unfinished = b"GET / HTTP/1.1\r\nhost: site.example\r\n";
    for tls in [None, Some(offering(&[]))] {
        let target = if tls.is_some() { world.https() } else { world.http() };
        let answer = exchange(target, tls.as_ref(), unfinished).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    world.assert_nothing_rejected().await;
}
