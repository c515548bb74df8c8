//! The real Envoy, with a small static configuration.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use isobath_testkit::{
    Backend, Envoy, Failure, Launch, Load, Mode, Port, Request, Stats, eventually, websocket_echo,
};
use serde_json::{Value, json};

/// Everything on `port` goes to `backend`.
fn bootstrap(port: &Port, backend: &Backend) -> Value {
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "test",
        "upgrade_configs": [{ "upgrade_type": "websocket" }],
        "http_filters": [{
            "name": "router",
            "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        }],
        "route_config": { "virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "backend" } }],
        }] },
    });
    json!({ "static_resources": {
        "listeners": [{
            "name": "test",
            "address": socket_address(port.number()),
            "filter_chains": [{ "filters": [{ "name": "http", "typed_config": manager }] }],
        }],
        "clusters": [{
            "name": "backend",
            "load_assignment": { "cluster_name": "backend", "endpoints": [{ "lb_endpoints": [
                { "endpoint": { "address": socket_address(backend.port()) } },
            ] }] },
        }],
    } })
}

fn socket_address(port: u16) -> Value {
    json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } })
}

#[tokio::test]
async fn requests_go_through_envoy_and_are_counted() {
    let (port, backend) = (Port::reserve(), Backend::start("one").await);
    let envoy = Envoy::start(bootstrap(&port, &backend)).await;
    let before = envoy.stats().await;
    for request in [Request::get(port.address(), "a", "/"), Request::get(port.address(), "a", "/").http2()] {
        assert_eq!(request.send().await.unwrap().service(), "one");
    }
    assert_eq!(websocket_echo(port.address(), None, "a", "/", "hello").await, Ok("hello".into()));
    let after = envoy.stats().await;
    let requests = |stats: &Stats| stats.get("http.test.downstream_rq_total");
    assert_eq!((requests(&before), requests(&after)), (0, 3));
    assert_eq!(after.rejected_updates(), 0);
    let dump = envoy.config_dump().await.to_string();
    assert!(dump.contains("test") && dump.contains("backend"));
}

#[tokio::test]
async fn the_admin_interface_may_be_on_a_port() {
    let (port, admin, backend) = (Port::reserve(), Port::reserve(), Backend::start("one").await);
    let mut bootstrap = bootstrap(&port, &backend);
    bootstrap["admin"] = json!({ "address": socket_address(admin.number()) });
    let envoy = Envoy::start(bootstrap).await;
    assert_eq!(envoy.stat("server.live").await, 1);
}

#[tokio::test]
async fn a_load_sees_envoy_go_and_come_back() {
    let (port, backend) = (Port::reserve(), Backend::start("one").await);
    let mut envoy = Envoy::start(bootstrap(&port, &backend)).await;
    let load = Load::new(Request::get(port.address(), "a", "/")).mode(Mode::NewConnections).start();
    load.more(20).await;
    assert_eq!(load.report().failures, 0);
    let first = envoy.pid();
    envoy.kill();
    assert!(!envoy.is_running());
    load.more(5).await;
    let failed = load.report().failures;
    assert!(failed > 0);
    envoy.start_again();
    envoy.ready().await;
    assert_ne!(envoy.pid(), first);
    load.stop().await;
    let load = Load::new(Request::get(port.address(), "a", "/")).start();
    load.more(20).await;
    load.stop().await.assert_clean();
}

#[tokio::test]
async fn a_drain_lets_the_open_request_end() {
    let (port, backend) = (Port::reserve(), Backend::start("one").await);
    let envoy = Envoy::start(bootstrap(&port, &backend)).await;
    let target = port.address();
    let slow = tokio::spawn(async move { Request::get(target, "a", "/?delay=300").send().await });
    eventually("the request has arrived", async || {
        if backend.requests() == 1 { Ok(()) } else { Err("not yet".into()) }
    })
    .await;
    envoy.drain_and_stop(Duration::from_secs(30)).await;
    let answer = slow.await.unwrap().unwrap();
    assert_eq!((answer.service().as_str(), answer.header("connection")), ("one", Some("close")));
    assert!(matches!(Request::get(target, "a", "/").send().await, Err(Failure::Connect(_))));
}

#[tokio::test]
async fn a_frozen_envoy_answers_once_it_is_thawed() {
    let (port, backend) = (Port::reserve(), Backend::start("one").await);
    let envoy = Envoy::start(bootstrap(&port, &backend)).await;
    envoy.freeze();
    let limit = Duration::from_millis(50);
    let request = Request { limit, ..Request::get(port.address(), "a", "/") };
    assert_eq!(request.send().await.unwrap_err(), Failure::TimedOut(limit));
    envoy.thaw();
    assert_eq!(Request::get(port.address(), "a", "/").send().await.unwrap().code(), 200);
}

#[tokio::test]
async fn a_bad_bootstrap_ends_envoy_with_its_words_in_the_log() {
    let envoy = Envoy::launch(Launch::new(json!({ "no_such_field": 1 })));
    assert_eq!(envoy.ended().await, Some(1));
    assert!(envoy.has_logged("no_such_field"), "{:#?}", envoy.log());
}
