//! With a real API server: what many HTTPProxies cost, and a change among them.
//!
//! Everything runs in the network namespace of a cluster of plain processes (`testbed`): the API server, the controller
//! in a process of its own, an Envoy, two backends. Nothing is known of the controller but its command line, which is
//! Contour's: so a Contour, named by `PEER_CONTOUR`, is measured in the same way.

mod objects;
mod subject;

use std::time::{Duration, Instant};

use kube::Client;
use model::Layout;
use testbed::Cluster;

use crate::in_cluster::{self, FIRST, Program, SECOND, Writes};
use crate::summary::Summary;
use objects::{create, definitions, endpoints, follow, move_away};
use subject::{Subject, takes_clients, traffic_to};

/// How often a route is moved to another Service.
const MOVES: usize = 30;
/// How many updates of endpoints there are, and the time between two.
const UPDATES: usize = 100;
const PERIOD: Duration = Duration::from_millis(50);

/// How many objects there are at most; three kinds of each.
const SIZES: [usize; 3] = [100, 1000, 5000];

/// The sizes with a peer: with more objects its statuses take more than half an hour.
const PEER_SIZES: [usize; 2] = [100, 1000];

/// Measures all sizes with both layouts, and with a peer where there is one, each in a cluster of its own.
pub(crate) fn all_sizes() {
    if let Some(why) = testbed::why_not() {
        println!("Left out: {why}.");
        return;
    }
    head();
    for layout in [Layout::Scoped, Layout::Table] {
        for objects in SIZES {
            one_size(&Program::Isobath(layout), objects);
        }
    }
    match std::env::var_os("PEER_CONTOUR") {
        None => println!("\nNo peer was measured: `PEER_CONTOUR` names none."),
        Some(path) => {
            let peer = Program::Contour(path.into());
            PEER_SIZES.into_iter().for_each(|objects| one_size(&peer, objects));
        }
    }
}

fn head() {
    println!(
        "| layout | objects | last create to all `Valid` | status writes for each | route moved (median) | controller | \
         Envoy's main thread | to Envoy | answers but 200 | endpoint update | peak memory | to Envoy after a restart | \
         asked by it |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
}

/// Measures one size in a cluster of its own, and prints a row.
pub(crate) fn one_size(program: &Program, objects: usize) {
    let program = program.clone();
    in_cluster::run(move |cluster| async move { measure(&cluster, program, objects).await });
}

async fn measure(cluster: &Cluster, program: Program, count: usize) {
    let (client, title) = (cluster.client().await.expect("a client"), program.title());
    definitions(&client).await;
    let mut subject = Subject::start(cluster, program).await;
    let (statuses, writes) = (follow(&client), Writes::count(&client, "httpproxies").await);
    create(&client, count).await;
    let created = Instant::now();
    statuses.are(count).await;
    let valid = created.elapsed();
    let writes = writes.so_far().await;

    takes_clients().await;
    let moved = moves(&client, &subject, count).await;
    let update = endpoint_updates(&client, &subject).await;
    let peak = subject.peak_bytes();
    let again = subject.restart(cluster).await;
    println!(
        "| {title} | {count} | {:.1} s | {:.2} | {} | {} | {} | {} | {} | {} | {:.0} MB | {} | {} |",
        valid.as_secs_f64(),
        writes as f64 / count as f64,
        milliseconds(moved.time),
        milliseconds(moved.controller),
        milliseconds(moved.envoy),
        bytes(moved.bytes),
        moved.bad,
        milliseconds(update),
        peak as f64 / 1e6,
        bytes(again.to_envoy),
        bytes(again.by_envoy),
    );
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} B"),
        10_000..10_000_000 => format!("{:.0} KB", count as f64 / 1e3),
        _ => format!("{:.0} MB", count as f64 / 1e6),
    }
}

/// What moving a route costs: medians of the time, means of the rest.
struct Moves {
    time: Duration,
    controller: Duration,
    envoy: Duration,
    bytes: u64,
    bad: u64,
}

async fn moves(client: &Client, subject: &Subject, count: usize) -> Moves {
    let begin = subject.begin().await;
    let (mut times, mut bad) = (Vec::new(), 0);
    for number in 0..MOVES {
        let host = number * count / MOVES;
        let traffic = traffic_to(host);
        traffic.is_answered_by(FIRST.name).await;
        move_away(client, host).await;
        times.push(traffic.is_answered_by(SECOND.name).await);
        bad += traffic.stop().await;
    }
    let used = subject.since(&begin).await;
    let each = u32::try_from(MOVES).unwrap_or(u32::MAX);
    Moves {
        time: Summary::of(times.into_iter()).median,
        controller: used.controller / each,
        envoy: used.envoy / each,
        bytes: used.said.to_envoy / MOVES as u64,
        bad,
    }
}

async fn endpoint_updates(client: &Client, subject: &Subject) -> Duration {
    let begin = subject.begin().await;
    for number in 0..UPDATES {
        endpoints(client, 0, number % 2 == 0).await;
        tokio::time::sleep(PERIOD).await;
    }
    subject.since(&begin).await.controller / u32::try_from(UPDATES).unwrap_or(u32::MAX)
}
