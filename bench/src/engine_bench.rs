//! What a change costs in the engine.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use engine::{Counters, Effect, Engine, Event, Publication};
use envoy::{Before, Layout, Output, ResourceType, XdsMode};
use model::{SecretContent, SecretKey, Settings, VirtualHost, VirtualHostKey};
use stats_alloc::Region;
use store::Change;

use crate::machine;
use crate::world::{self, World};

/// How often a small change is measured; the median counts.
const REPEATS: usize = 41;
const SIZES: [(usize, usize); 6] =
    [(1_000, 1), (10_000, 1), (100_000, 1), (1_000, 10), (10_000, 10), (100_000, 10)];

/// Measures every size in a process of its own.
pub(crate) fn all_sizes() {
    println!("Machine: {}.\n", machine::description());
    println!(
        "| hosts | routes each | change | engine up to the fragment | table assembly | allocations | units \
         | resources | bytes published |"
    );
    println!("|---:|---:|---|---:|---:|---:|---:|---:|---:|");
    let this = std::env::current_exe().expect("this program has a path");
    for (hosts, routes) in SIZES {
        let status =
            Command::new(&this).args(["engine-size", &hosts.to_string(), &routes.to_string()]).status();
        if !status.is_ok_and(|status| status.success()) {
            println!("| {hosts} | {routes} | failed | | | | | | |");
        }
    }
}

/// Measures one size and prints its rows.
pub(crate) fn one_size(hosts: usize, routes: usize) {
    let world = World::new(hosts, routes);
    let before = machine::resident_bytes();
    let mut bench = Bench::new();
    let live = Region::new(crate::ALLOCATOR);
    // In batches, as sources deliver them: what they held before must not count as the engine's memory.
    let mut taken = Duration::ZERO;
    for batch in world.batches() {
        let began = machine::processor_time();
        bench.engine.handle(Event::Changes(batch));
        taken += machine::processor_time() - began;
    }
    let began = machine::processor_time();
    let effects = bench.engine.handle(Event::SourceSynced);
    let ran = machine::processor_time() - began;
    let built = taken + ran;
    let publication = publication(effects).expect("a first configuration");
    let row = |name: &str, rest: String| println!("| {hosts} | {routes} | {name} | {rest} |");
    row(
        "initial build (processor time)",
        format!(
            "{} | {} | | {} | {} | {}",
            time(built.saturating_sub(bench.flushed())),
            time(bench.flushed()),
            publication.work.units(),
            publication.work.resources,
            publication.work.bytes
        ),
    );
    let kept: Vec<_> = publication.set.iter().map(|resource| resource.body.clone()).collect();
    drop(publication);
    bench.engine.handle(Event::Accepted { generation: u64::MAX });
    let resident = machine::resident_bytes().saturating_sub(before);
    let live = live.change();
    let live = live.bytes_allocated.saturating_sub(live.bytes_deallocated) as u64;
    let per_host = |bytes: u64| bytes / hosts as u64;
    row("of that: taking objects in", format!("{} | | | | |", time(taken)));
    row(
        "memory per host, published bytes included",
        format!("{} B resident, {} B on the heap | | | | |", per_host(resident), per_host(live)),
    );
    drop(kept);

    let middle = hosts / 2;
    let flip = |turn: usize| if turn.is_multiple_of(2) { "v2" } else { "v1" };
    for (name, change) in [
        ("one route changed", &(|turn| world.proxy(middle, flip(turn))) as &dyn Fn(usize) -> Change),
        ("one route of a TLS host changed", &|turn| world.secure_proxy(flip(turn))),
        ("one endpoint changed", &|turn| world.endpoints(middle, 2 + u8::from(turn.is_multiple_of(2)))),
        ("one Secret changed", &|turn| world.secret(usize::from(turn.is_multiple_of(2)))),
        ("one unrelated change", &|_| world::service(hosts * 3)),
    ] {
        row(name, bench.measure(|turn| vec![change(turn)]).to_string());
    }
    let added = bench.measure(|turn| {
        vec![world.proxy(hosts + turn, "v1"), world::service(hosts + turn), world.endpoints(hosts + turn, 1)]
    });
    row("one host added", added.to_string());
    // The process ends here; to free every host one by one would only take time.
    std::mem::forget(bench);
}

/// An engine whose layout tells how long it takes.
struct Bench {
    engine: Engine,
    flush_nanos: Arc<AtomicU64>,
}

/// The median of several runs of one change.
struct Measured {
    engine: Duration,
    assembly: Duration,
    allocations: usize,
    work: Counters,
}

impl Bench {
    fn new() -> Self {
        let settings = Arc::new(Settings::default());
        let mode = XdsMode::default();
        let flush_nanos = Arc::new(AtomicU64::new(0));
        let layout = Timed { layout: envoy::layout(&settings, mode), flush_nanos: flush_nanos.clone() };
        Self { engine: Engine::new(settings, mode, Box::new(layout)), flush_nanos }
    }

    fn flushed(&self) -> Duration {
        Duration::from_nanos(self.flush_nanos.load(Ordering::Relaxed))
    }

    fn measure(&mut self, changes: impl Fn(usize) -> Vec<Change>) -> Measured {
        let mut runs: Vec<_> = (0..REPEATS).map(|turn| self.once(changes(turn))).collect();
        runs.sort_by_key(|run| run.engine);
        let mut assemblies: Vec<_> = runs.iter().map(|run| run.assembly).collect();
        assemblies.sort();
        let median = runs.swap_remove(REPEATS / 2);
        Measured { assembly: assemblies[REPEATS / 2], ..median }
    }

    fn once(&mut self, changes: Vec<Change>) -> Measured {
        let region = Region::new(crate::ALLOCATOR);
        let flushed = self.flushed();
        let began = Instant::now();
        let effects = self.engine.handle(Event::Changes(changes));
        let all = began.elapsed();
        let allocations = region.change().allocations;
        let assembly = self.flushed() - flushed;
        let work = publication(effects).map(|publication| publication.work).unwrap_or_default();
        self.engine.handle(Event::Accepted { generation: u64::MAX });
        Measured { engine: all.saturating_sub(assembly), assembly, allocations, work }
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { engine, assembly, allocations, work } = self;
        let Counters { resources, bytes, .. } = work;
        let units = work.units();
        write!(f, "{} | {} | {allocations} | {units} | {resources} | {bytes}", time(*engine), time(*assembly))
    }
}

fn publication(effects: Vec<Effect>) -> Option<Publication> {
    effects.into_iter().find_map(|effect| match effect {
        Effect::Publish(publication) => Some(publication),
        Effect::Report(_) | Effect::Forget(_) => None,
    })
}

fn time(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1000.0 { format!("{micros:.1} µs") } else { format!("{:.2} ms", micros / 1000.0) }
}

/// A layout that tells how long its flushes take.
struct Timed {
    layout: Box<dyn Layout>,
    flush_nanos: Arc<AtomicU64>,
}

impl Layout for Timed {
    fn set(&mut self, key: &VirtualHostKey, value: Option<&VirtualHost>) {
        self.layout.set(key, value);
    }

    fn set_secret(&mut self, key: &SecretKey, content: Option<&SecretContent>) {
        self.layout.set_secret(key, content);
    }

    fn flush(&mut self) -> Vec<Output> {
        let began = Instant::now();
        let outputs = self.layout.flush();
        let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.flush_nanos.fetch_add(nanos, Ordering::Relaxed);
        outputs
    }

    fn shared(&self) -> Vec<(ResourceType, Arc<str>)> {
        self.layout.shared()
    }

    fn take_replaced(&mut self) -> Vec<(VirtualHostKey, Before)> {
        self.layout.take_replaced()
    }

    fn restore(&mut self, key: &VirtualHostKey, before: Before) {
        self.layout.restore(key, before);
    }

    fn members(&self, resource_type: ResourceType, name: &str) -> Vec<VirtualHostKey> {
        self.layout.members(resource_type, name)
    }
}
