//! What a change costs in the engine.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use engine::{Counters, Effect, Engine, Event, Publication};
use envoy::{Before, Output, ResourceType, XdsMode};
use model::{
    FleetId, Layout, Listener, ListenerId, SecretContent, SecretKey, Settings, VirtualHost, VirtualHostKey,
};
use store::Change;

use crate::machine;
use crate::world::{self, World};

/// How often a small change is measured; the median counts.
const REPEATS: usize = 41;
/// Hosts, and routes of each.
const SIZES: [(usize, usize); 6] =
    [(1_000, 1), (10_000, 1), (100_000, 1), (1_000, 10), (10_000, 10), (100_000, 10)];
const LAYOUTS: [Layout; 2] = [Layout::Table, Layout::Scoped];

/// What one process measures.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) layout: Layout,
    pub(crate) hosts: usize,
    pub(crate) routes: usize,
}

impl Size {
    /// From the arguments of a process.
    pub(crate) fn read(arguments: &[String]) -> Option<Self> {
        let [layout, hosts, routes] = arguments else { return None };
        let layout = LAYOUTS.into_iter().find(|known| format!("{known:?}") == *layout)?;
        Some(Self { layout, hosts: hosts.parse().ok()?, routes: routes.parse().ok()? })
    }

    fn arguments(self) -> [String; 3] {
        [format!("{:?}", self.layout), self.hosts.to_string(), self.routes.to_string()]
    }
}

/// What the allocator has counted: calls so far, and bytes that are in use.
#[derive(Clone, Copy)]
pub(crate) struct Heap {
    pub(crate) allocations: usize,
    pub(crate) bytes: usize,
}

/// Asks the allocator, in the program that counts.
pub(crate) type Counted<'a> = Option<&'a dyn Fn() -> Heap>;

/// Measures every size in processes of its own: one for the times, and one that counts allocations.
pub(crate) fn all_sizes() {
    println!("Machine: {}.\n", machine::description());
    println!(
        "| layout | hosts | routes each | change | engine up to the fragment | assembly | allocations | units \
         | resources | bytes published |"
    );
    println!("|---|---:|---:|---|---:|---:|---:|---:|---:|---:|");
    let this = std::env::current_exe().expect("this program has a path");
    let counting = this.with_file_name("isobath-bench-allocations");
    let sizes = LAYOUTS.iter().flat_map(|layout| SIZES.map(|(hosts, routes)| (*layout, hosts, routes)));
    for (layout, hosts, routes) in sizes {
        let arguments = Size { layout, hosts, routes }.arguments();
        let timed = rows(Command::new(&this).arg("engine-size").args(&arguments));
        let counted = rows(Command::new(&counting).args(&arguments));
        for (timed, counted) in timed.iter().zip(&counted) {
            let row = timed.with_counts_of(counted).0.join(" | ");
            println!("| {} | {hosts} | {routes} | {row} |", format!("{layout:?}").to_lowercase());
        }
    }
}

/// The rows that a process prints.
fn rows(command: &mut Command) -> Vec<Row> {
    let output = command.stderr(Stdio::inherit()).output().expect("the programs are built together");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    let lines = String::from_utf8(output.stdout).expect("text");
    lines.lines().map(Row::read).collect()
}

/// A row without its first two columns.
#[derive(Default)]
struct Row([String; 7]);

/// Where a row tells its allocations. Rows without any tell the heap in the column of the time.
const ALLOCATIONS: usize = 3;

impl Row {
    fn read(line: &str) -> Self {
        let columns: Vec<_> = line.split('\t').map(str::to_owned).collect();
        Self(columns.try_into().expect("seven columns"))
    }

    fn print(self) {
        println!("{}", self.0.join("\t"));
    }

    fn with_counts_of(&self, counted: &Self) -> Self {
        let mut row = Self(self.0.clone());
        row.0[ALLOCATIONS].clone_from(&counted.0[ALLOCATIONS]);
        if row.0[0] == MEMORY {
            row.0[1] = format!("{} resident, {} on the heap", self.0[1], counted.0[1]);
        }
        row
    }
}

const MEMORY: &str = "memory per host, published bytes included";

/// Measures one size and prints its rows.
pub(crate) fn one_size(size: Size, counted: Counted<'_>) {
    let Size { layout, hosts, routes } = size;
    let world = World::new(hosts, routes);
    let in_use = || counted.map_or_else(machine::resident_bytes, |heap| heap().bytes as u64);
    let before = in_use();
    let mut bench = Bench::new(layout, counted);
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
    let (flushed, work) = (bench.flushed(), publication.work);
    let build =
        Measured { engine: built.saturating_sub(flushed), assembly: flushed, allocations: None, work };
    build.row("initial build (processor time)").print();
    row("of that: taking objects in", time(taken)).print();
    let kept: Vec<_> = publication.set.iter().map(|resource| resource.body.clone()).collect();
    drop(publication);
    bench.engine.handle(Event::Accepted { fleet: FleetId::ingress(), generation: u64::MAX });
    let bytes = in_use().saturating_sub(before) / hosts as u64;
    row(MEMORY, format!("{bytes} B")).print();
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
        bench.measure(|turn| vec![change(turn)]).row(name).print();
    }
    let added = bench.measure(|turn| {
        vec![world.proxy(hosts + turn, "v1"), world::service(hosts + turn), world.endpoints(hosts + turn, 1)]
    });
    added.row("one host added").print();
    // The process ends here; to free every host one by one would only take time.
    std::mem::forget(bench);
}

/// A row with one figure.
fn row(name: &str, figure: String) -> Row {
    let mut row = Row::default();
    row.0[0] = name.to_owned();
    row.0[1] = figure;
    row
}

/// An engine whose layout tells how long it takes.
struct Bench<'a> {
    engine: Engine,
    flush_nanos: Arc<AtomicU64>,
    counted: Counted<'a>,
}

/// One run, or the median of several.
struct Measured {
    engine: Duration,
    assembly: Duration,
    allocations: Option<usize>,
    work: Counters,
}

impl<'a> Bench<'a> {
    fn new(layout: Layout, counted: Counted<'a>) -> Self {
        let settings = Arc::new(Settings { layout, ..Settings::default() });
        let mode = XdsMode::default();
        let flush_nanos = Arc::new(AtomicU64::new(0));
        let layout = Timed { layout: envoy::layout(&settings, mode), flush_nanos: flush_nanos.clone() };
        Self { engine: Engine::new(settings, mode, Box::new(layout)), flush_nanos, counted }
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
        let flushed = self.flushed();
        let before = self.counted.map(|heap| heap());
        let began = Instant::now();
        let effects = self.engine.handle(Event::Changes(changes));
        let all = began.elapsed();
        let after = self.counted.map(|heap| heap());
        let allocations = before.zip(after).map(|(before, after)| after.allocations - before.allocations);
        let assembly = self.flushed() - flushed;
        let work = publication(effects).map(|publication| publication.work).unwrap_or_default();
        self.engine.handle(Event::Accepted { fleet: FleetId::ingress(), generation: u64::MAX });
        Measured { engine: all.saturating_sub(assembly), assembly, allocations, work }
    }
}

impl Measured {
    fn row(&self, name: &str) -> Row {
        let Self { engine, assembly, allocations, work } = self;
        let allocations = allocations.map(|allocations| allocations.to_string()).unwrap_or_default();
        let [units, resources, bytes] =
            [work.units(), work.resources, work.bytes].map(|count| count.to_string());
        Row([name.to_owned(), time(*engine), time(*assembly), allocations, units, resources, bytes])
    }
}

fn publication(effects: Vec<Effect>) -> Option<Publication> {
    effects.into_iter().find_map(|effect| match effect {
        Effect::Publish(publication) => Some(publication),
        Effect::Dissolve(_) | Effect::Report(_) | Effect::Forget(_) => None,
    })
}

fn time(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1000.0 { format!("{micros:.1} µs") } else { format!("{:.2} ms", micros / 1000.0) }
}

/// A layout that tells how long its flushes take.
struct Timed {
    layout: Box<dyn envoy::Layout>,
    flush_nanos: Arc<AtomicU64>,
}

impl envoy::Layout for Timed {
    fn set(&mut self, key: &VirtualHostKey, value: Option<&VirtualHost>) {
        self.layout.set(key, value);
    }

    fn set_settings(&mut self, settings: &Settings) {
        self.layout.set_settings(settings);
    }

    fn set_listeners(&mut self, listeners: &[Listener]) -> Vec<ListenerId> {
        self.layout.set_listeners(listeners)
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
