//! With the Gateway API and a real API server: the scenarios that the field compares controllers by.
//!
//! Everything runs as in the part `cluster`. Envoys of Gateways are started here, with certificates by the CA of Gateways,
//! as the provisioner gives them. Attached routes, propagation, changes under load and failover share a cluster, a
//! controller and a Gateway; the two scenarios of scale have their own.

mod attached;
mod changes;
mod failover;
mod fleets;
mod listener_sets;
mod objects;
mod propagation;
mod subject;

use std::time::Duration;

use crate::in_cluster::{self, FIRST, SECOND};
use crate::{machine, threads};
use subject::Subject;

/// Routes that are attached at once, and those that are added one by one.
const ROUTES: (usize, usize) = (1_000, 3_000);
/// Gateways, and routes of each.
const FLEETS: (usize, usize) = (50, 100);
/// ListenerSets, and routes of all.
const LISTENER_SETS: (usize, usize) = (2_500, 40_000);
/// When nothing has been written for so long, all has been written.
const SILENCE: Duration = Duration::from_secs(3);

/// Runs all scenarios.
pub(crate) fn all() {
    if let Some(why) = testbed::why_not() {
        println!("Left out: {why}.");
        return;
    }
    println!("Machine: {}; load at the start: {}.\n", machine::description(), threads::load());
    routes(ROUTES.0, ROUTES.1);
    fleets(FLEETS.0, FLEETS.1);
    listener_sets(LISTENER_SETS.0, LISTENER_SETS.1);
    println!("Load at the end: {}.", threads::load());
}

/// One Gateway: so many routes at once, and then so many one by one; changes under load among these.
pub(crate) fn routes(attached: usize, propagated: usize) {
    in_cluster::run(async move |cluster| {
        let subject = Subject::start(&cluster).await;
        objects::create_gateway_with_backends(&subject.client).await;
        let (_first, second) = (FIRST.start(&cluster), SECOND.start(&cluster));
        let _envoy = subject.envoy("default", objects::PORT).await;
        attached::measure(&subject, attached).await;
        propagation::measure(&subject, propagated).await;
        changes::measure(&subject).await;
        failover::measure(&subject, second).await;
    });
}

/// So many Gateways with so many routes each, which change.
pub(crate) fn fleets(gateways: usize, routes: usize) {
    in_cluster::run(async move |cluster| {
        fleets::measure(&Subject::start(&cluster).await, gateways, routes).await;
    });
}

/// One Gateway with so many ListenerSets, and so many routes of these.
pub(crate) fn listener_sets(sets: usize, routes: usize) {
    in_cluster::run(async move |cluster| {
        listener_sets::measure(&Subject::start(&cluster).await, sets, routes).await;
    });
}

/// A table of one row: its cells, each under its title.
fn print_row(cells: &[(&str, String)]) {
    let line = |cells: Vec<&str>| println!("| {} |", cells.join(" | "));
    line(cells.iter().map(|(title, _)| *title).collect());
    line(cells.iter().map(|_| "---:").collect());
    line(cells.iter().map(|(_, cell)| &**cell).collect());
    println!();
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

/// How many there are for each.
fn each(number: u64, of: usize) -> String {
    format!("{:.2}", number as f64 / of as f64)
}
