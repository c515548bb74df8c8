//! Attached routes: many at once, and gone at once, until the Gateway's status counts them right.

use std::time::{Duration, Instant};

use kube::api::DynamicObject;
use kube::runtime::wait::await_condition;
use serde_json::Value;

use super::objects::{GATEWAY, PORT, attached_routes, gateway, route, to};
use super::{Subject, each, print_row, seconds};
use crate::in_cluster::{Writes, create_all, delete_all, place, writes_of_one};

/// How long the status may take to be right.
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) async fn measure(subject: &Subject, count: usize) {
    let client = &subject.client;
    counts(subject, 0).await;
    let (before, routes) = (gateway_writes(subject).len(), Writes::count(client, "httproutes").await);
    let began = Instant::now();
    create_all(client, objects(count).map(|route| vec![route])).await;
    let created = began.elapsed();
    counts(subject, count).await;
    let right = began.elapsed();
    let up = gateway_writes(subject).len();

    let deleting = Instant::now();
    delete_all(client, objects(count)).await;
    let deleted = deleting.elapsed();
    counts(subject, 0).await;
    let gone = deleting.elapsed();
    let writes = gateway_writes(subject);

    println!("Attached routes:\n");
    print_row(&[
        ("routes", count.to_string()),
        ("created within", seconds(created)),
        ("count right after", seconds(right)),
        ("writes of the Gateway's status", (up - before).to_string()),
        ("writes for each route", each(routes.so_far().await, count)),
        ("deleted within", seconds(deleted)),
        ("0 again after", seconds(gone)),
        ("writes until then", (writes.len() - up).to_string()),
        ("shortest time between two writes", seconds(shortest(&writes[before..]))),
    ]);
}

fn objects(count: usize) -> impl Iterator<Item = Value> {
    (0..count).map(|number| route(&format!("attached-{number}"), &to("backend")))
}

/// Waits until the Gateway's status counts so many.
async fn counts(subject: &Subject, count: usize) {
    let (gateways, name) = place(&subject.client, &gateway("default", PORT));
    let wanted = u64::try_from(count).ok();
    let is_right = move |gateway: Option<&DynamicObject>| gateway.and_then(attached_routes) == wanted;
    let waiting = await_condition(gateways, &name, is_right);
    drop(
        tokio::time::timeout(PATIENCE, waiting).await.expect("they are counted").expect("it can be watched"),
    );
}

fn gateway_writes(subject: &Subject) -> Vec<Duration> {
    writes_of_one(&subject.cluster, "gateways", GATEWAY)
}

fn shortest(times: &[Duration]) -> Duration {
    times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or_default()
}
