//! Route scale: many Gateways, each in a namespace of its own with a Service and many routes, of which some change all the
//! time.

use std::time::{Duration, Instant};

use kube::Client;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::objects::{
    PORT, VERSION, attached_routes, follow_routes, gateway, request, route, to, with_endpoints,
};
use super::{SILENCE, Subject, each, megabytes, milliseconds, print_row, seconds};
use crate::in_cluster::{
    Backend, FIRST, Followed, Traffic, Writes, change, create_all, endpoint_slice, every,
};

/// How many Gateways have a real Envoy: more of them would take the machine's processors from the controller.
const ENVOYS: usize = 3;
/// How many routes change, and after what time the next one does.
const CHANGES: usize = 400;
const PERIOD: Duration = Duration::from_millis(50);

pub(super) async fn measure(subject: &Subject, gateways: usize, routes: usize) {
    let (client, all) = (&subject.client, gateways * routes);
    let _backend = FIRST.start(&subject.cluster);
    create_all(client, (0..gateways).map(fleet)).await;
    let mut envoys = Vec::new();
    for fleet in 0..gateways.min(ENVOYS) {
        envoys.push(subject.envoy(&namespace(fleet), port(fleet)).await);
    }
    let accepted = follow_routes(client);
    let is_counted = move |gateway: &_| attached_routes(gateway) == u64::try_from(routes).ok();
    let counted = Followed::start(every(client, VERSION, "Gateway"), is_counted);
    let writes = [Writes::count(client, "httproutes").await, Writes::count(client, "gateways").await];
    let (began, before) = (Instant::now(), subject.controller.processor_time());
    create_all(client, (0..all).map(|number| vec![route_of(number, gateways, None)])).await;
    let created = began.elapsed();
    accepted.are(all).await;
    let all_accepted = began.elapsed();
    counted.are(gateways).await;
    is_served(gateways, all).await;
    sleep(SILENCE).await;
    println!("Route scale:\n");
    print_row(&[
        ("Gateways", gateways.to_string()),
        ("routes", all.to_string()),
        ("created within", seconds(created)),
        ("all accepted after", seconds(all_accepted)),
        ("controller's processor time", seconds(subject.controller.processor_time() - before)),
        ("peak memory", megabytes(subject.controller.peak_bytes())),
        ("writes for each route", each(writes[0].so_far().await, all)),
        ("writes for each Gateway", each(writes[1].so_far().await, gateways)),
    ]);
    churn(subject, gateways, all).await;
    accepted.are(all).await;
}

fn namespace(fleet: usize) -> String {
    format!("fleet-{fleet}")
}

fn port(fleet: usize) -> u16 {
    PORT + u16::try_from(fleet).expect("few Gateways")
}

/// A namespace with all that is in it but for the routes.
fn fleet(number: usize) -> Vec<Value> {
    let namespace = namespace(number);
    let mut objects = with_endpoints("backend", FIRST);
    objects.iter_mut().for_each(|object| object["metadata"]["namespace"] = json!(namespace));
    let itself = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    [vec![itself, gateway(&namespace, port(number))], objects].concat()
}

fn name(number: usize) -> String {
    format!("route-{number}")
}

/// The route of this number: it goes round among the Gateways.
fn route_of(number: usize, gateways: usize, header: Option<usize>) -> Value {
    let mut rule = to("backend");
    if let Some(value) = header {
        let set = json!([{"name": "x-change", "value": value.to_string()}]);
        rule["filters"] = json!([{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": set}}]);
    }
    let mut route = route(&name(number), &rule);
    route["metadata"]["namespace"] = json!(namespace(number % gateways));
    route
}

/// Waits until the last route of each Gateway that has an Envoy is answered.
async fn is_served(gateways: usize, all: usize) {
    for fleet in 0..gateways.min(ENVOYS) {
        let traffic = Traffic::start(request(port(fleet), &name(all - gateways + fleet)), 404);
        traffic.first().await;
        traffic.stop().await;
    }
}

/// Routes change, one after the other, and endpoints in between.
async fn churn(subject: &Subject, gateways: usize, all: usize) {
    let client = &subject.client;
    let writes = [Writes::count(client, "httproutes").await, Writes::count(client, "gateways").await];
    let before = subject.controller.processor_time();
    let mut pace = interval(PERIOD);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..CHANGES {
        pace.tick().await;
        change(client, &route_of(number * 7 % all, gateways, Some(number))).await;
        move_endpoint(client, number, gateways).await;
    }
    sleep(SILENCE).await;
    let used = subject.controller.processor_time() - before;
    let changes = u32::try_from(CHANGES).expect("a small number");
    print_row(&[
        ("changes of routes, and as many of endpoints", CHANGES.to_string()),
        ("writes for each changed route", each(writes[0].so_far().await, CHANGES)),
        ("writes of Gateways", writes[1].so_far().await.to_string()),
        ("controller's processor time for a pair", milliseconds(used / changes)),
        ("peak memory", megabytes(subject.controller.peak_bytes())),
    ]);
}

/// The endpoint of a Gateway's Service gets company, or loses it.
async fn move_endpoint(client: &Client, number: usize, gateways: usize) {
    let mut endpoints = vec![Backend::endpoint()];
    if (number / gateways).is_multiple_of(2) {
        endpoints.push(json!({"addresses": ["10.88.0.77"], "conditions": {"ready": true}}));
    }
    let mut slice = endpoint_slice("backend", "backend", FIRST, &endpoints);
    slice["metadata"]["namespace"] = json!(namespace(number % gateways));
    change(client, &slice).await;
}
