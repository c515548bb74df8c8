//! What a request costs with each layout.

use std::collections::BTreeMap;
use std::time::Duration;

use model::Layout;

use super::objects::{BELOW_WILDCARD, NEIGHBOUR, Objects, UNKNOWN};
use super::outside::Outside;
use super::step::{Transport, Wanted};
use super::subject::{Subject, Who};
use crate::summary::Summary;

const LAYOUTS: [Layout; 2] = [Layout::Table, Layout::Scoped];
/// Runs with each layout, in turns; the first is thrown away.
const ROUNDS: usize = 16;
/// Connections, and requests on each.
const LOAD: (usize, usize) = (4, 1_000);
const WARM_UP: (usize, usize) = (4, 200);
/// Another spelling of a host that is there.
const UPPER_CASE: &str = "HOST-0.example.com";
const HOSTS: [(&str, &str); 4] = [
    ("a host", NEIGHBOUR),
    ("a host in upper case", UPPER_CASE),
    ("below a wildcard", BELOW_WILDCARD),
    ("the catch-all", UNKNOWN),
];

/// What runs have cost, by host and layout.
type Runs = BTreeMap<(usize, usize), Vec<Run>>;

/// One run.
struct Run {
    /// Of Envoy's worker, for each request.
    worker: Duration,
    per_second: u64,
}

pub(super) fn print_head() {
    println!(
        "| {} proxied requests for | table: worker | requests/s | scoped: worker | requests/s \
         | scoped ÷ table, median | middle half of the pairs |",
        LOAD.0 * LOAD.1
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
}

/// Measures at one size and prints its rows.
pub(super) fn measure(hosts: usize) {
    let mut outside = Outside::start();
    let objects = Objects::new(hosts, Transport::Http, outside.backend);
    let subjects: Vec<_> = LAYOUTS.iter().map(|layout| start(*layout, &objects, &mut outside)).collect();
    let mut runs = Runs::new();
    for round in 0..ROUNDS {
        for (of, (_, host)) in HOSTS.iter().enumerate() {
            let order = if round.is_multiple_of(2) { [0, 1] } else { [1, 0] };
            for layout in order {
                let run = once(&subjects[layout], host, &mut outside);
                if round > 0 {
                    runs.entry((of, layout)).or_default().push(run);
                }
            }
        }
    }
    for (of, (title, _)) in HOSTS.iter().enumerate() {
        println!("| {title} | {} |", row(&runs[&(of, 0)], &runs[&(of, 1)]));
    }
}

fn start(layout: Layout, objects: &Objects, outside: &mut Outside) -> Subject {
    let mut subject = Subject::start(Who::Ours, layout, Transport::Http, objects, outside);
    subject.add(objects.hosts_of_many_names());
    outside.watch(subject.watch(BELOW_WILDCARD, "/", Wanted::Ok), || ());
    outside.watch(subject.watch(UNKNOWN, "/", Wanted::Ok), || ());
    subject.settle();
    subject
}

fn once(subject: &Subject, host: &str, outside: &mut Outside) -> Run {
    // New connections, to Envoy and from there, are not what is measured.
    outside.load(subject.address(), host, WARM_UP);
    let before = subject.worker();
    let loaded = outside.load(subject.address(), host, LOAD);
    let spent = subject.worker() - before;
    assert_eq!(loaded.failed, 0, "requests for {host} fail");
    let requests = u32::try_from(LOAD.0 * LOAD.1).expect("a small number");
    let per_second = (f64::from(requests) / loaded.took.as_secs_f64()) as u64;
    Run { worker: spent / requests, per_second }
}

fn row(table: &[Run], scoped: &[Run]) -> String {
    let worker = |runs: &[Run]| micros(Summary::of(runs.iter().map(|run| run.worker)).median);
    let per_second = |runs: &[Run]| middle(runs.iter().map(|run| run.per_second as f64).collect());
    let pair = |(table, scoped): (&Run, &Run)| scoped.worker.as_secs_f64() / table.worker.as_secs_f64();
    let mut pairs: Vec<_> = table.iter().zip(scoped).map(pair).collect();
    pairs.sort_by(f64::total_cmp);
    let at = |part: usize| pairs[pairs.len() * part / 4];
    let medians = |runs: &[Run]| Summary::of(runs.iter().map(|run| run.worker)).median.as_secs_f64();
    let ratio = medians(scoped) / medians(table);
    let (of_table, of_scoped) = (per_second(table), per_second(scoped));
    format!(
        "{} | {of_table:.0} | {} | {of_scoped:.0} | {ratio:.2} | {:.2} to {:.2}",
        worker(table),
        worker(scoped),
        at(1),
        at(3),
    )
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}
