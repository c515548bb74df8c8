//! What a change costs with each layout.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use model::Layout;

use super::objects::{HOST, Objects};
use super::outside::Outside;
use super::step::{Step, Transport, Wanted};
use super::subject::{Start, Subject, Who, title};
use crate::summary::{Summary, time};

/// How often a change is made while clients ask for it, and how often while nobody does.
const REPEATS: (usize, usize) = (9, 9);
/// The same where one change takes Envoy a second.
const FEWER: (usize, usize) = (5, 3);
const MANY: usize = 20_000;
/// How long nothing happens before a change: longer than any window for bursts.
const PAUSE: Duration = Duration::from_millis(250);
/// Envoy needs a fifth of a millisecond and much memory for each filter chain, for each change.
const MOST_CHAINS: usize = 1_000;

/// The layouts that can be measured. Hosts without TLS are the same with and without certificates on demand.
fn layouts(transport: Transport, hosts: usize) -> &'static [Layout] {
    match transport {
        Transport::Http => &[Layout::Table, Layout::Scoped],
        Transport::Tls if hosts > MOST_CHAINS => &[Layout::OnDemand],
        Transport::Tls => &[Layout::Table, Layout::Scoped, Layout::OnDemand],
    }
}

pub(super) fn print_head() {
    println!(
        "| hosts | layout | change | until the right answer | least to most | the floor | × floor \
         | controller | to Envoy | Envoy's main thread | a neighbour's longest wait | failed | drained |"
    );
    println!("|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
}

/// Measures one size and prints its rows.
pub(super) fn measure(transport: Transport, hosts: usize) {
    let mut outside = Outside::start();
    let objects = Objects::new(hosts, transport, outside.backend);
    let mut subjects = Vec::new();
    for layout in layouts(transport, hosts) {
        for who in [Who::Ours, Who::Floor] {
            let subject = Subject::start(who, *layout, transport, &objects, &mut outside);
            subjects.push(Measured { subject, who, costs: BTreeMap::new() });
        }
    }
    let (watched, quiet) = if hosts > MANY { FEWER } else { REPEATS };
    for turn in 0..watched + quiet {
        let is_watched = turn < watched;
        for step in Step::all(transport) {
            // What one Envoy still clears away costs whoever comes next.
            subjects.rotate_left(1);
            for measured in &mut subjects {
                measured.once(*step, is_watched, &objects, &mut outside);
            }
        }
    }
    print(transport, hosts, &subjects);
}

/// An Envoy, and what changes cost it.
struct Measured {
    subject: Subject,
    who: Who,
    costs: BTreeMap<Step, Costs>,
}

/// All runs of one change.
#[derive(Default)]
struct Costs {
    took: Vec<Duration>,
    longest: Vec<Duration>,
    controller: Vec<Duration>,
    main_thread: Vec<Duration>,
    received: Vec<u64>,
    failed: u64,
    drained: u64,
}

impl Measured {
    fn once(&mut self, step: Step, is_watched: bool, objects: &Objects, outside: &mut Outside) {
        sleep(PAUSE.saturating_sub(self.subject.last_change().elapsed()));
        self.subject.settle();
        if is_watched {
            self.watched(step, objects, outside);
        } else if self.who == Who::Ours {
            self.quiet(step, objects, outside);
        } else {
            self.subject.apply(step, objects);
        }
    }

    /// While clients ask: how long it takes, and what it does to others.
    fn watched(&mut self, step: Step, objects: &Objects, outside: &mut Outside) {
        let Self { subject, costs, .. } = self;
        let drained = subject.counted().drained;
        let watch = subject.watch(HOST, step.path(), step.wanted(subject.transport()));
        let (took, watched) = outside.watch(watch, || subject.apply(step, objects));
        let costs = costs.entry(step).or_default();
        costs.took.push(took);
        costs.longest.push(watched.longest);
        costs.failed += watched.failed;
        costs.drained += watched.closed + subject.counted().drained - drained;
    }

    /// While nobody asks: all that is done is done for the change.
    fn quiet(&mut self, step: Step, objects: &Objects, outside: &mut Outside) {
        let Self { subject, costs, .. } = self;
        let counted = subject.counted();
        let (controller, main_thread) = (subject.controller_time(), subject.main_thread());
        subject.apply(step, objects);
        subject.settle();
        let costs = costs.entry(step).or_default();
        costs.controller.push(subject.controller_time() - controller);
        costs.main_thread.push(subject.main_thread() - main_thread);
        costs.received.push(subject.counted().received - counted.received);
        // That it has come to that, and, with certificates on demand, that Envoy has one to be renewed.
        let wanted = match step.wanted(subject.transport()) {
            Wanted::OtherCertificate => Wanted::OkAnew,
            wanted @ (Wanted::Ok | Wanted::OkAnew | Wanted::NotFound | Wanted::NoHandshake) => wanted,
        };
        outside.watch(subject.watch(HOST, step.path(), wanted), || ());
    }
}

fn print(transport: Transport, hosts: usize, subjects: &[Measured]) {
    let of = |layout: Layout, who: Who| {
        let found = subjects.iter().find(|each| each.subject.layout == layout && each.who == who);
        found.expect("each layout has both")
    };
    let of_hosts = match transport {
        Transport::Http => format!("{hosts} HTTP"),
        Transport::Tls => format!("{hosts} TLS"),
    };
    for layout in layouts(transport, hosts) {
        let (ours, floor) = (of(*layout, Who::Ours), of(*layout, Who::Floor));
        print_start(&of_hosts, ours.subject.start, floor.subject.start, title(*layout));
        for step in Step::all(transport) {
            let row = row(&ours.costs[step], &floor.costs[step]);
            println!("| {of_hosts} | {} | {} | {row} |", title(*layout), step.title());
        }
    }
}

fn print_start(of_hosts: &str, ours: Start, floor: Start, layout: &str) {
    let Start { took, main_thread, received, resident } = ours;
    println!(
        "| {of_hosts} | {layout} | Envoy starts: {} MB resident | {} | | {} | {:.2} | | {} | {} | | | |",
        resident / 1_000_000,
        time(took),
        time(floor.took),
        took.as_secs_f64() / floor.took.as_secs_f64(),
        bytes(received),
        time(main_thread),
    );
}

fn row(ours: &Costs, floor: &Costs) -> String {
    let (total, floor) = (Summary::of(ours.took.iter().copied()), Summary::of(floor.took.iter().copied()));
    let median = |runs: &[Duration]| time(Summary::of(runs.iter().copied()).median);
    let mut received = ours.received.clone();
    received.sort_unstable();
    [
        total.to_string(),
        time(floor.median),
        format!("{:.2}", total.median.as_secs_f64() / floor.median.as_secs_f64()),
        median(&ours.controller),
        bytes(received.get(received.len() / 2).copied().unwrap_or_default()),
        median(&ours.main_thread),
        median(&ours.longest),
        ours.failed.to_string(),
        ours.drained.to_string(),
    ]
    .join(" | ")
}

fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} B"),
        10_000..10_000_000 => format!("{} kB", count / 1_000),
        10_000_000.. => format!("{} MB", count / 1_000_000),
    }
}
