//! From a saved file to the first 200 of a real Envoy, beside what Envoy itself needs.
//!
//! Two Envoys have equal configurations. One is fed by the controller that follows a folder, the other by
//! the least server there can be ([`Floor`]). The same route comes and goes in both, in turns.

mod manifests;
mod ours;
mod poller;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use engine::{Effect, Engine, Event};
use envoy::{Resource, XdsMode};
use files::{Folder, FolderChange};
use model::Layout;
use store::Change;
use testkit::{Backend, Envoy, Port};

use crate::envoys::{launch, settings, wait_for};
use crate::floor::{self, Floor};
use crate::machine;
use crate::summary::{Summary, time};
use manifests::{Manifests, Save};
use ours::{Ours, Parts};
use poller::Poller;

const SIZES: [usize; 3] = [10, 1_000, 10_000];
const LAYOUTS: [Layout; 2] = [Layout::Table, Layout::Scoped];
/// How often each way is measured; the median counts.
const REPEATS: usize = 15;
/// How long nothing happens before a change: longer than any window for bursts.
const PAUSE: Duration = Duration::from_millis(250);

/// Who sends a change.
#[derive(Debug, Clone, Copy)]
enum Way {
    Floor,
    Rename,
    Overwrite,
}

/// All orders: what an Envoy still clears away costs whoever comes next.
const ORDERS: [[Way; 3]; 6] = {
    use Way::{Floor as F, Overwrite as O, Rename as R};
    [[F, R, O], [O, R, F], [R, F, O], [O, F, R], [F, O, R], [R, O, F]]
};

/// Measures every size in a process of its own.
pub(crate) fn all_sizes() {
    println!("Machine: {}.\n", machine::description());
    println!(
        "| layout | hosts | saved by | median | least to most | × floor | watched and read | engine | published \
         | then Envoy | acknowledged after |"
    );
    println!("|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    let this = std::env::current_exe().expect("this program has a path");
    for (layout, hosts) in LAYOUTS.into_iter().flat_map(|layout| SIZES.map(|hosts| (layout, hosts))) {
        let layout = format!("{layout:?}");
        let status = Command::new(&this).args(["end-to-end-size", &layout, &hosts.to_string()]).status();
        let status = status.expect("this program can be started again");
        assert!(status.success(), "{layout}, {hosts} hosts: {status}");
    }
}

/// Measures one size and prints its rows.
pub(crate) fn one_size(layout: &str, hosts: usize) {
    let known = LAYOUTS.into_iter().find(|known| format!("{known:?}") == layout);
    let layout = known.expect("one of the layouts that are measured");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("threads can be started").block_on(measure(layout, hosts));
}

/// Saves a file often, and follows that as far as the streams.
pub(crate) fn save_often(times: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("threads can be started").block_on(ours::save_often(times));
}

async fn measure(layout: Layout, hosts: usize) {
    let backend = Backend::start("bench").await;
    let manifests = Manifests::new(hosts, backend.port());
    let least = Least::start(layout, &manifests).await;
    let mut ours = Ours::start(layout, manifests).await;

    let mut floor = Vec::new();
    let mut saved = [(Save::Rename, Vec::new()), (Save::Overwrite, Vec::new())];
    for turn in 0..REPEATS {
        for way in ORDERS[turn % ORDERS.len()] {
            match way {
                Way::Floor => floor.push(least.once().await),
                Way::Rename => saved[0].1.push(ours.once(Save::Rename).await),
                Way::Overwrite => saved[1].1.push(ours.once(Save::Overwrite).await),
            }
        }
    }
    let floor = Summary::of(floor.into_iter());
    let what = format!("{} | {hosts}", format!("{layout:?}").to_lowercase());
    println!("| {what} | the floor: a minimal server sends it | {floor} | 1.00 | | | | | |");
    for (how, runs) in saved {
        let total = Summary::of(runs.iter().map(|run| run.total));
        let ratio = total.median.as_secs_f64() / floor.median.as_secs_f64();
        println!("| {what} | {how:?} | {total} | {ratio:.2} | {} |", parts(&runs));
    }
}

/// The medians of the parts.
fn parts(runs: &[Parts]) -> String {
    let median = |part: fn(&Parts) -> Duration| time(Summary::of(runs.iter().map(part)).median);
    [
        median(|run| run.watcher),
        median(|run| run.engine),
        median(|run| run.publish),
        median(|run| run.envoy),
        median(|run| run.acknowledged),
    ]
    .join(" | ")
}

/// An Envoy that a minimal server feeds.
struct Least {
    floor: Floor,
    http: Port,
    messages: [Bytes; 2],
    _ports: [Port; 2],
    _envoy: Envoy,
}

impl Least {
    /// Makes all messages before anything is measured, by the product's own engine, so that both Envoys get
    /// the same configuration.
    async fn start(layout: Layout, manifests: &Manifests) -> Self {
        let (settings, [http, https, stats]) = settings(layout);
        let settings = Arc::new(settings);
        let mode = XdsMode::default();
        let mut engine = Engine::new(Arc::clone(&settings), mode, envoy::layout(&settings, mode));
        let mut folder = Folder::new([manifests.path()]);
        engine.handle(Event::Changes(changes(&mut folder)));
        let resources = published(engine.handle(Event::SourceSynced));
        let messages = [true, false].map(|with_route| {
            manifests.save(Save::Overwrite, with_route);
            let changed = published(engine.handle(Event::Changes(changes(&mut folder))));
            let [table] = changed.as_slice() else { panic!("one table changes, not {changed:?}") };
            floor::message(table.resource_type, std::iter::once(table), &format!("route-{with_route}"))
        });
        let floor = Floor::start(resources).await;
        let envoy = launch("floor", floor.address, None);
        wait_for(http.address()).await;
        Self { floor, http, messages, _ports: [https, stats], _envoy: envoy }
    }

    /// One change, from just before it is sent.
    async fn once(&self) -> Duration {
        let [with, without] = &self.messages;
        let (began, answered) = poll(self.http.address(), 200, || self.floor.send(with)).await;
        poll(self.http.address(), 404, || self.floor.send(without)).await;
        tokio::time::sleep(PAUSE).await;
        answered - began
    }
}

/// What changed in the folder.
fn changes(folder: &mut Folder) -> Vec<Change> {
    folder.reload().changes.into_iter().map(applied).collect()
}

fn applied(change: FolderChange) -> Change {
    match change {
        FolderChange::Applied(object) => Change::Applied(object),
        FolderChange::Removed(id) => panic!("{id:?} is gone"),
    }
}

fn published(effects: Vec<Effect>) -> Vec<Resource> {
    let published = effects.into_iter().find_map(|effect| match effect {
        Effect::Publish(publication) => Some(publication.set),
        Effect::Dissolve(_) | Effect::Report(_) | Effect::Forget(_) => None,
    });
    published.expect("a change that matters")
}

/// Asks without a pause, does something, and says when that began and when the wanted status came.
async fn poll(address: SocketAddr, wanted: u16, act: impl FnOnce()) -> (Instant, Instant) {
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let polling = tokio::task::spawn_blocking(move || {
        let mut poller = Poller::connect(address);
        ready.send(()).expect("somebody waits for this");
        poller.until(wanted)
    });
    is_ready.await.expect("the poller connects");
    let began = Instant::now();
    act();
    (began, polling.await.expect("the wanted status comes"))
}
