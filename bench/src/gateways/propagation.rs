//! Route propagation: routes are added one by one, and each is asked for from before it is there.

use std::time::{Duration, Instant};

use kube::Client;

use super::objects::{PORT, request, route, to, with_endpoints};
use super::{Subject, milliseconds};
use crate::in_cluster::{FIRST, Traffic, create, create_all};

/// The numbers of routes at which the last [`LAST`] ones are looked at.
const SIZES: [usize; 3] = [100, 1_000, 3_000];
const LAST: usize = 100;
/// How many answers are waited for before a route is created, and after its first 200.
const BEFORE: u64 = 3;
const AFTER: u64 = 20;

/// How one route came.
struct Propagated {
    /// From the answer of the API server to the first 200.
    answered: Duration,
    /// From the request to the API server to the first 200.
    sent: Duration,
    /// Answers other than 404 before the first 200, and other than 200 after it.
    wrong: u64,
}

pub(super) async fn measure(subject: &Subject, count: usize) {
    let client = &subject.client;
    create_all(client, (0..count).map(|number| with_endpoints(&name(number), FIRST))).await;
    let mut all = Vec::new();
    for number in 0..count {
        all.push(propagate(client, &name(number)).await);
    }
    println!("Route propagation:\n");
    println!("| routes | p50 | p99 | most | with the API server's time: p50 | wrong answers |");
    println!("|---|---:|---:|---:|---:|---:|");
    for size in SIZES.into_iter().filter(|size| *size <= count) {
        print(&format!("{} to {size}", size - LAST + 1), &all[size - LAST..size]);
    }
    print(&format!("all {count}"), &all);
    println!();
}

/// The name of a route, of its Service, and the first label of its host.
pub(super) fn name(number: usize) -> String {
    format!("propagated-{number}")
}

async fn propagate(client: &Client, name: &str) -> Propagated {
    let traffic = Traffic::start(request(PORT, name), 404);
    traffic.more(BEFORE).await;
    let sent = Instant::now();
    create(client, &route(name, &to(name))).await;
    let answered = Instant::now();
    let first = traffic.first().await;
    traffic.more(AFTER).await;
    let wrong = traffic.stop().await;
    Propagated { answered: first.saturating_duration_since(answered), sent: first - sent, wrong }
}

fn print(title: &str, routes: &[Propagated]) {
    let sorted = |time: fn(&Propagated) -> Duration| {
        let mut times: Vec<_> = routes.iter().map(time).collect();
        times.sort();
        times
    };
    let (answered, sent) = (sorted(|route| route.answered), sorted(|route| route.sent));
    let at = |times: &[Duration], percent: usize| milliseconds(times[(times.len() - 1) * percent / 100]);
    let wrong: u64 = routes.iter().map(|route| route.wrong).sum();
    println!(
        "| {title} | {} | {} | {} | {} | {wrong} |",
        at(&answered, 50),
        at(&answered, 99),
        at(&answered, 100),
        at(&sent, 50)
    );
}
