//! Requests that are made again after their backend gave no answer.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use harness::gateway::{self, GatewayWorld, forward, host, listener};
use model::{Action, Forward, Retry, Timeout, Transport};
use testkit::{Port, Request};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::retry_budget::asked;

/// How often each path was asked for.
type Asked = Arc<Mutex<BTreeMap<String, u32>>>;

/// A backend that answers only the last of three requests for a path: it closes the connection of others below `/closed`,
/// and lets those below `/silent` wait.
struct Mute {
    port: u16,
    asked: Asked,
    _serving: JoinSet<()>,
}

impl Mute {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, mut serving) = (Asked::default(), JoinSet::new());
        let counting = asked.clone();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, counting.clone()));
            }
        });
        Self { port, asked, _serving: serving }
    }

    fn asked(&self, path: &str) -> u32 {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied().unwrap_or_default()
    }
}

async fn serve(stream: TcpStream, counting: Asked) {
    let mut stream = BufReader::new(stream);
    while let Some(path) = asked(&mut stream).await {
        let is_silent = path.starts_with("/silent");
        let count = {
            let mut counts = counting.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(path).or_default();
            *count += 1;
            *count
        };
        if count < 3 {
            if is_silent {
                // Until Envoy gives the try up.
                asked(&mut stream).await;
            }
            return;
        }
        if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_request_is_made_again_when_its_connection_ends_or_its_try_lasts_too_long() {
    let port = Port::reserve();
    let http = listener("http-80", Transport::Plaintext, port.address());
    let mut gateway = GatewayWorld::with(std::slice::from_ref(&http)).await;
    let backend = Mute::start().await;
    let cluster = gateway.add(&gateway::cluster("mute"), &[backend.port]);
    // As `retry` of an HTTPRoute is translated: testdata/cases/gateway-api/timeouts.yaml.
    let retry = |count| Retry {
        on: "connect-failure,reset".into(),
        count,
        per_try: Timeout::After(Duration::from_millis(200)),
        status_codes: vec![],
        back_off: Some(Duration::from_millis(1)),
    };
    for (name, count) in [("twice.example", 2), ("once.example", 1)] {
        let action = Action::Forward(Box::new(Forward { retry: Some(retry(count)), ..forward(&cluster) }));
        gateway.set(&http, name, Some(&host(name, action)));
    }
    gateway.push().await;
    let get =
        async |host: &str, path: &str| Request::get(port.address(), host, path).send().await.unwrap().code();
    let cases = [
        ("twice.example", "/closed/a", 200, 3),
        ("twice.example", "/silent/a", 200, 3),
        ("once.example", "/closed/b", 503, 2),
        ("once.example", "/silent/b", 504, 2),
    ];
    for (host, path, code, tries) in cases {
        assert_eq!((get(host, path).await, backend.asked(path)), (code, tries), "{host}{path}");
    }
    gateway.world.assert_nothing_rejected().await;
}
