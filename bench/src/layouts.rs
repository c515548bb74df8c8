//! The layouts beside each other: what a change costs with each, and what a request does.
//!
//! Each layout has two Envoys with equal configurations: one is fed by the controller, the other by the least
//! server there can be. The same host comes, changes and goes in all of them, in turns. Backend and clients are
//! another process.

mod changes;
mod client;
mod least;
mod objects;
mod order;
mod ours;
mod outside;
mod requests;
mod step;
mod subject;

use std::process::Command;

use crate::{machine, threads};
pub(crate) use client::outside;
pub(crate) use step::Transport;

/// Sizes with all layouts, but for those at which some cannot be measured: see `changes::layouts`.
const SIZES: [(Transport, usize); 8] = [
    (Transport::Http, 10),
    (Transport::Http, 1_000),
    (Transport::Http, 10_000),
    (Transport::Http, 50_000),
    (Transport::Tls, 10),
    (Transport::Tls, 1_000),
    (Transport::Tls, 10_000),
    (Transport::Tls, 50_000),
];
/// Hosts while requests are measured.
const REQUEST_HOSTS: usize = 1_000;

/// Measures everything, each size in a process of its own.
pub(crate) fn all() {
    println!("Machine: {}; load at the start: {}.\n", machine::description(), threads::load());
    changes::print_head();
    for (transport, hosts) in SIZES {
        run(&["layouts-changes", &transport.to_string(), &hosts.to_string()]);
    }
    println!();
    requests::print_head();
    run(&["layouts-requests", &REQUEST_HOSTS.to_string()]);
    println!("\nLoad at the end: {}.", threads::load());
}

/// Measures changes at one size and prints their rows.
pub(crate) fn changes(transport: Transport, hosts: usize) {
    changes::measure(transport, hosts);
}

/// Measures requests at one size and prints their rows.
pub(crate) fn requests(hosts: usize) {
    requests::measure(hosts);
}

fn run(arguments: &[&str]) {
    let this = std::env::current_exe().expect("this program has a path");
    let status = Command::new(this).args(arguments).status().expect("this program can be started again");
    assert!(status.success(), "{}: {status}", arguments.join(" "));
}
