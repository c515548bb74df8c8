//! Envoy's on-demand certificates, served by the xDS server alone: no controller, one static listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use harness::client_hello;
use serde_json::{Value, json};
use testkit::{Envoy, Port, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;
use xds::{FleetId, Hub, OnDemandSecrets, Resource, ResourceType, Security, Server, Settings, Update};

/// What a server says first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    /// It goes on with the handshake, which it can with a certificate only.
    Certificate,
    /// An alert, or the end of the connection.
    Refusal,
}

struct World {
    envoy: Envoy,
    hub: Arc<Hub>,
    https: Port,
    stop: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl World {
    async fn start(guard: bool) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let on_demand_secrets = Some(OnDemandSecrets::default());
        let (hub, observations) = Hub::new(Settings { on_demand_secrets, ..Settings::default() });
        tokio::spawn(async move {
            let mut observations = observations;
            while observations.recv().await.is_some() {}
        });
        let (https, stop) = (Port::reserve(), CancellationToken::new());
        let server = Server::new(Arc::clone(&hub), Security::Plaintext);
        let xds = listener.local_addr().unwrap().port();
        tokio::spawn(server.serve(listener, stop.clone()));
        hub.publish(&FleetId::default_fleet(), Update::default());
        let world =
            Self { envoy: Envoy::start(bootstrap(https.number(), xds, guard)).await, hub, https, stop };
        world.publish(&["a.example.com", "*.example.com"], &[]);
        world
    }

    fn publish(&self, set: &[&str], removed: &[&str]) {
        let secret = |name: &&str| (ResourceType::Secret, secret(name));
        let removed = removed.iter().map(|name| (ResourceType::Secret, (*name).into())).collect();
        let update = Update { set: set.iter().map(secret).collect(), removed };
        self.hub.publish(&FleetId::default_fleet(), update);
    }

    /// What Envoy replies to a client that sends these bytes as the server name.
    async fn reply(&self, server_name: &[u8]) -> Reply {
        let exchange = reply(self.https.address(), server_name);
        let reply = tokio::time::timeout(Duration::from_secs(4), exchange).await;
        reply.unwrap_or_else(|_| panic!("no reply to {}", server_name.escape_ascii()))
    }

    async fn replies(&self, server_names: &[&[u8]]) -> Vec<Reply> {
        let mut replies = Vec::new();
        for server_name in server_names {
            replies.push(self.reply(server_name).await);
        }
        replies
    }

    /// The certificates and subscriptions that Envoy and its session have.
    async fn held(&self) -> usize {
        let status = &self.hub.status()[0];
        status.types.iter().find(|each| each.resource_type == ResourceType::Secret).map_or(0, |s| s.resources)
    }
}

async fn reply(address: SocketAddr, server_name: &[u8]) -> Reply {
    let mut stream = testkit::open(address, None).await.unwrap();
    stream.write_all(&client_hello(server_name)).await.unwrap();
    match stream.read_u8().await {
        Ok(22) => Reply::Certificate,
        Ok(_) | Err(_) => Reply::Refusal,
    }
}

/// `envoy.extensions.transport_sockets.tls.v3.Secret` without its name, with a key pair of its own.
fn secret(name: &str) -> Resource {
    let pair = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let inline_string = |text: String| field(3, text.as_bytes());
    let chain = field(1, &inline_string(pair.cert.pem()));
    let key = field(2, &inline_string(pair.signing_key.serialize_pem()));
    Resource::named(name, field(2, &[chain, key].concat()))
}

/// A field of bytes in a protobuf message.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let (mut field, mut length) = (vec![tag << 3 | 2], bytes.len());
    while length > 127 {
        field.push(u8::try_from(length & 127).unwrap() | 128);
        length >>= 7;
    }
    field.push(u8::try_from(length).unwrap());
    [&*field, bytes].concat()
}

fn bootstrap(https: u16, xds: u16, guard: bool) -> Value {
    let http2 = json!({
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    });
    let endpoint = json!({"endpoint": {"address": address(xds)}});
    json!({
        "node": {"id": "envoy-1", "cluster": "test"},
        "dynamic_resources": {"ads_config": {
            "api_type": "DELTA_GRPC",
            "transport_api_version": "V3",
            "grpc_services": [{"envoy_grpc": {"cluster_name": "xds"}}],
        }},
        "static_resources": {
            "listeners": [listener(https, guard)],
            "clusters": [{
                "name": "xds",
                "type": "STATIC",
                "load_assignment": {"cluster_name": "xds", "endpoints": [{"lb_endpoints": [endpoint]}]},
                "typed_extension_protocol_options": {
                    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2,
                },
            }],
        },
    })
}

fn address(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}

fn listener(port: u16, guard: bool) -> Value {
    let mut listener = json!({
        "name": "https",
        "address": address(port),
        "listener_filters": [{
            "name": "envoy.filters.listener.tls_inspector",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"},
        }],
        "filter_chains": [{
            "name": "default",
            "transport_socket_connect_timeout": "5s",
            "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": downstream_tls()},
            "filters": [{
                "name": "envoy.filters.network.echo",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo"},
            }],
        }],
    });
    if guard {
        listener["filter_chain_matcher"] = server_name_guard();
    }
    listener
}

fn downstream_tls() -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "disable_stateless_session_resumption": true,
        "disable_stateful_session_resumption": true,
        "common_tls_context": {"custom_tls_certificate_selector": {
            "name": "on-demand",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_selectors.on_demand_secret.v3.Config",
                "config_source": {"ads": {}, "resource_api_version": "V3"},
                "certificate_mapper": {"name": "sni", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_mappers.sni.v3.SNI",
                    "default_value": "~fallback",
                }},
            },
        }},
    })
}

/// Only names of hosts reach the chain that asks for certificates.
fn server_name_guard() -> Value {
    let label = "[a-z0-9_]([a-z0-9_-]{0,62})";
    let input = json!({
        "name": "sni",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.ServerNameInput"},
    });
    let regex = json!({"google_re2": {}, "regex": format!(r"({label}\.)*{label}\.?")});
    let action = json!({
        "name": "default",
        "typed_config": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "default"},
    });
    json!({"matcher_list": {"matchers": [{
        "predicate": {"single_predicate": {"input": input, "value_match": {"safe_regex": regex}}},
        "on_match": {"action": action},
    }]}})
}

const KNOWN: [&[u8]; 4] = [b"a.example.com", b"A.Example.COM", b"q.example.com", b"Q.EXAMPLE.com"];

#[tokio::test]
async fn server_names_in_any_spelling_get_their_certificate_and_unknown_ones_leave_nothing_behind() {
    let world = World::start(true).await;
    assert_eq!(world.replies(&KNOWN).await, [Reply::Certificate; 4]);
    eventually("all is acknowledged", async || match world.held().await {
        4 => Ok(()),
        other => Err(format!("{other} certificates")),
    })
    .await;
    for number in 0..2_000 {
        assert_eq!(world.reply(format!("x{number}.example.org").as_bytes()).await, Reply::Refusal);
    }
    assert_eq!(
        world.replies(&[b"*", b"xdstp:x.example.com", b"a\xff.example.com", b"x/y"]).await,
        [Reply::Refusal; 4]
    );
    assert_eq!(world.replies(&KNOWN).await, [Reply::Certificate; 4]);
    assert_eq!(world.held().await, 4);
    assert_eq!(world.envoy.stats().await.sum("", "cert_active"), 4);
}

#[tokio::test]
async fn host_that_goes_and_comes_back_is_asked_for_again() {
    let world = World::start(true).await;
    assert_eq!(world.reply(b"A.example.com").await, Reply::Certificate);
    world.publish(&[], &["a.example.com", "*.example.com"]);
    eventually("the certificate is gone", async || match world.reply(b"A.example.com").await {
        Reply::Refusal => Ok(()),
        Reply::Certificate => Err("it is served".to_owned()),
    })
    .await;
    world.publish(&["a.example.com"], &[]);
    assert_eq!(world.reply(b"A.example.com").await, Reply::Certificate);
}

#[tokio::test]
async fn without_the_guard_odd_names_are_refused_and_the_stream_goes_on() {
    let world = World::start(false).await;
    assert_eq!(world.reply(b"a.example.com").await, Reply::Certificate);
    assert_eq!(world.replies(&[b"x y", b"*.example.com"]).await, [Reply::Refusal; 2]);
    // Envoy cannot be told about this one: its client waits until the time for handshakes is over.
    let mut stream = testkit::open(world.https.address(), None).await.unwrap();
    stream.write_all(&client_hello(b"a\xff\xfe.com")).await.unwrap();
    assert!(stream.read_u8().await.is_err());
    assert_eq!(world.reply(b"q.example.com").await, Reply::Certificate);
    let streams = world.envoy.stats().await.sum("cluster.xds.", "upstream_rq_total");
    assert_eq!(streams, 1, "the stream was opened once");
}
