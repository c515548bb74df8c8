//! How many requests to a backend may be made again at once.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use harness::gateway::{self, GatewayWorld, forward, host, listener};
use model::{Action, CircuitBreakers, Cluster, Forward, Retry, RetryBudget, Timeout, Transport};
use testkit::{Port, Request, eventually};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A backend that refuses the first request for each path below `/again`, and answers all others when it is told to.
struct Reluctant {
    port: u16,
    /// How many requests wait for their answer.
    waiting: watch::Sender<usize>,
    answers: watch::Sender<bool>,
    _serving: JoinSet<()>,
}

impl Reluctant {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (waiting, answers) = (watch::Sender::new(0), watch::Sender::new(false));
        let refused = Arc::new(Mutex::new(BTreeSet::new()));
        let mut serving = JoinSet::new();
        let (noting, answering) = (waiting.clone(), answers.clone());
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, refused.clone(), noting.clone(), answering.subscribe()));
            }
        });
        Self { port, waiting, answers, _serving: serving }
    }

    async fn has_waiting(&self, count: usize) {
        eventually("requests wait for their answer", async || match *self.waiting.borrow() {
            waiting if waiting == count => Ok(()),
            waiting => Err(format!("{waiting} of {count}")),
        })
        .await;
    }
}

async fn serve(
    stream: TcpStream,
    refused: Arc<Mutex<BTreeSet<String>>>,
    waiting: watch::Sender<usize>,
    mut answers: watch::Receiver<bool>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(path) = asked(&mut stream).await {
        let is_refused =
            path.starts_with("/again") && refused.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
        let status = if is_refused {
            "503 Service Unavailable"
        } else {
            waiting.send_modify(|count| *count += 1);
            if answers.wait_for(|answers| *answers).await.is_err() {
                return;
            }
            "200 OK"
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The path of the next request, which has no body.
pub(super) async fn asked(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line).await {
            Ok(0) | Err(_) => return None,
            Ok(_) if line.trim().is_empty() => break,
            Ok(_) => lines.push(line),
        }
    }
    lines.first()?.split(' ').nth(1).map(str::to_owned)
}

/// Sends four requests that wait, one whose second try waits, and another one that is refused first; gives its status.
async fn status_of_the_second_retry(budget: RetryBudget, is_tried_again: bool) -> u16 {
    let port = Port::reserve();
    let http = listener("http-80", Transport::Plaintext, port.address());
    let mut gateway = GatewayWorld::with(std::slice::from_ref(&http)).await;
    let backend = Reluctant::start().await;
    let limits = CircuitBreakers { retry_budget: Some(budget), ..CircuitBreakers::default() };
    let cluster = Cluster { circuit_breakers: limits, ..gateway::cluster("reluctant") };
    let cluster = gateway.add(&cluster, &[backend.port]);
    let retry = Retry {
        on: "retriable-status-codes".into(),
        count: 1,
        per_try: Timeout::Default,
        status_codes: vec![503],
        back_off: None,
    };
    let action = Action::Forward(Box::new(Forward { retry: Some(retry), ..forward(&cluster) }));
    gateway.set(&http, "a.example", Some(&host("a.example", action)));
    gateway.push().await;
    let send = |path: &str| {
        let request = Request::get(port.address(), "a.example", path);
        async move { request.send().await.unwrap().code() }
    };
    let mut sent = JoinSet::new();
    for number in 0..4 {
        sent.spawn(send(&format!("/wait/{number}")));
    }
    sent.spawn(send("/again/first"));
    backend.has_waiting(5).await;
    let second = tokio::spawn(send("/again/second"));
    if is_tried_again {
        backend.has_waiting(6).await;
        backend.answers.send_replace(true);
    }
    let status = second.await.unwrap();
    backend.answers.send_replace(true);
    assert_eq!(sent.join_all().await, [200; 5]);
    gateway.world.assert_nothing_rejected().await;
    status
}

#[tokio::test]
async fn so_many_requests_are_made_again_at_once_as_the_budget_of_their_backend_allows() {
    for interval in [None, Some(Duration::from_secs(60))] {
        let budget = |percent, minimum| RetryBudget { percent, interval, minimum };
        assert_eq!(status_of_the_second_retry(budget(0, 1), false).await, 503, "{interval:?}");
        assert_eq!(status_of_the_second_retry(budget(0, 2), true).await, 200, "{interval:?}");
        assert_eq!(status_of_the_second_retry(budget(100, 1), true).await, 200, "{interval:?}");
    }
}
