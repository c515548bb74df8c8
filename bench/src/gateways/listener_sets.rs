//! ListenerSet scale: one Gateway with many ListenerSets, each with a listener for a host of its own, and some routes of
//! each.

use std::time::Instant;

use kube::api::DynamicObject;
use serde_json::{Value, json};
use testkit::Request;
use tokio::time::sleep;

use super::objects::{
    GATEWAY, PORT, VERSION, create_gateway_with_backends, follow_routes, holds, request, route, to,
};
use super::{SILENCE, Subject, each, megabytes, print_row, seconds};
use crate::in_cluster::{FIRST, Followed, Traffic, Writes, create_all, every};

pub(super) async fn measure(subject: &Subject, sets: usize, routes: usize) {
    let client = &subject.client;
    let _backend = FIRST.start(&subject.cluster);
    create_gateway_with_backends(client).await;
    let _envoy = subject.envoy("default", PORT).await;
    let with_sets = Followed::start(every(client, VERSION, "ListenerSet"), is_accepted);
    let with_routes = follow_routes(client);
    let of_sets = Writes::count(client, "listenersets").await;
    let of_routes = Writes::count(client, "httproutes").await;
    let of_gateways = Writes::count(client, "gateways").await;
    let before = subject.controller.processor_time();

    let began = Instant::now();
    create_all(client, (0..sets).map(|number| vec![set(number)])).await;
    let sets_created = began.elapsed();
    with_sets.are(sets).await;
    let sets_accepted = began.elapsed();
    let began = Instant::now();
    create_all(client, (0..routes).map(|number| vec![route_of(number, sets)])).await;
    let routes_created = began.elapsed();
    with_routes.are(routes).await;
    let routes_accepted = began.elapsed();
    let traffic = Traffic::start(last(routes, sets), 404);
    let served = traffic.first().await - began;
    traffic.stop().await;
    sleep(SILENCE).await;

    println!("ListenerSet scale:\n");
    print_row(&[
        ("ListenerSets", sets.to_string()),
        ("created within", seconds(sets_created)),
        ("all accepted after", seconds(sets_accepted)),
        ("routes", routes.to_string()),
        ("created within", seconds(routes_created)),
        ("all accepted after", seconds(routes_accepted)),
        ("last one answered after", seconds(served)),
    ]);
    print_row(&[
        ("controller's processor time", seconds(subject.controller.processor_time() - before)),
        ("peak memory", megabytes(subject.controller.peak_bytes())),
        ("writes for each ListenerSet", each(of_sets.so_far().await, sets)),
        ("writes for each route", each(of_routes.so_far().await, routes)),
        ("writes of the Gateway", of_gateways.so_far().await.to_string()),
    ]);
}

fn name(set: usize) -> String {
    format!("set-{set}")
}

fn set(number: usize) -> Value {
    let listener = json!({
        "name": "http", "hostname": format!("{}.example", name(number)), "port": PORT, "protocol": "HTTP",
    });
    json!({
        "apiVersion": VERSION, "kind": "ListenerSet", "metadata": {"name": name(number)},
        "spec": {"parentRef": {"name": GATEWAY}, "listeners": [listener]},
    })
}

fn path(number: usize, sets: usize) -> String {
    format!("/{}", number / sets)
}

/// The route of this number: it goes round among the ListenerSets, and has a path of its own in its host.
fn route_of(number: usize, sets: usize) -> Value {
    let mut rule = to("backend");
    rule["matches"] = json!([{"path": {"type": "PathPrefix", "value": path(number, sets)}}]);
    let mut route = route(&format!("route-{number}"), &rule);
    route["spec"]["parentRefs"] = json!([{"kind": "ListenerSet", "name": name(number % sets)}]);
    route["spec"]["hostnames"] = json!([format!("{}.example", name(number % sets))]);
    route
}

/// A request for the last route.
fn last(routes: usize, sets: usize) -> Request {
    let number = routes - 1;
    Request { path: path(number, sets), ..request(PORT, &name(number % sets)) }
}

fn is_accepted(set: &DynamicObject) -> bool {
    holds(set, &set.data["status"]["conditions"], "Accepted")
}
