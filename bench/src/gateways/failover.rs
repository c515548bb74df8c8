//! Backend failover: one of two endpoints of a backend goes and comes under load.

use std::time::Duration;

use kube::Client;
use serde_json::{Value, json};
use testkit::{Load, RunningLoad};
use tokio::time::sleep;

use super::Subject;
use super::changes::tell;
use super::objects::{PORT, request, route, to};
use crate::envoys;
use crate::in_cluster::{
    Backend, FIRST, Process, SECOND, change, create, create_all, endpoint_slice, service,
};

/// The name of the route and of its Service.
const PAIR: &str = "pair";
/// How often the endpoint goes, and how long it is there and away.
const ROUNDS: usize = 20;
const PERIOD: Duration = Duration::from_millis(100);

/// `second` is the process of the second backend.
pub(super) async fn measure(subject: &Subject, second: Process) {
    let client = &subject.client;
    let slices = [FIRST, SECOND].map(|backend| slice(backend, true));
    create_all(client, std::iter::once([vec![service(PAIR)], slices.into()].concat())).await;
    println!("Backend failover:\n");
    println!("| an endpoint of two | times | requests | failures |");
    println!("|---|---:|---:|---:|");
    create(client, &route(PAIR, &to(PAIR))).await;
    leaves(client).await;
    let second = is_killed(subject, second, "is killed, and leaves the EndpointSlice after 100 ms").await;
    change(client, &route(PAIR, &with_retries())).await;
    drop(is_killed(subject, second, "the same, with `retry: {attempts: 2, codes: [503]}`").await);
    println!();
}

/// The endpoints of one of the backends: it, or none.
fn slice(backend: Backend, is_there: bool) -> Value {
    let endpoints = if is_there { vec![Backend::endpoint()] } else { vec![] };
    endpoint_slice(&format!("{PAIR}-{}", backend.name), PAIR, backend, &endpoints)
}

fn with_retries() -> Value {
    let mut rule = to(PAIR);
    rule["retry"] = json!({"attempts": 2, "codes": [503]});
    rule
}

/// A load on the route, once both endpoints answer.
async fn load() -> RunningLoad {
    let load = || Load::new(request(PORT, PAIR));
    let warm = load().expect(|answer| Ok(answer.service())).start();
    let both = async || match warm.report().answers {
        answers if [FIRST, SECOND].iter().all(|backend| answers.contains_key(backend.name)) => Ok(()),
        answers => Err(format!("{answers:?}")),
    };
    testkit::eventually("both endpoints answer", both).await;
    load().start()
}

async fn leaves(client: &Client) {
    let load = load().await;
    for _ in 0..ROUNDS {
        for is_there in [false, true] {
            change(client, &slice(SECOND, is_there)).await;
            sleep(PERIOD).await;
        }
    }
    print("leaves the EndpointSlice, and comes back", load).await;
}

async fn is_killed(subject: &Subject, mut second: Process, title: &str) -> Process {
    let load = load().await;
    for _ in 0..ROUNDS {
        drop(second);
        sleep(PERIOD).await;
        change(&subject.client, &slice(SECOND, false)).await;
        sleep(PERIOD).await;
        second = SECOND.start(&subject.cluster);
        envoys::wait_for(SECOND.address()).await;
        change(&subject.client, &slice(SECOND, true)).await;
        sleep(PERIOD).await;
    }
    print(title, load).await;
    second
}

async fn print(title: &str, load: RunningLoad) {
    let report = load.stop().await;
    println!("| {title} | {ROUNDS} | {} | {} |", report.good() + report.failures, report.failures);
    tell(title, &report.first_failures);
}
