//! One change to a thousand streams: what a stream costs the server, and how long until the last has it.

mod client;
mod encoding;
mod least;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::Settings;
use runtime::{Input, Notice};
use xds::{Entry, FleetId, Progress, Resource, ResourceType, Update};

use crate::controller::Running;
use crate::machine;
use crate::world::World;

use least::Least;

pub(crate) use client::{Talk, clients};

const STREAMS: usize = 1_000;
const HOSTS: usize = 10;
/// Changes before anything is measured.
const WARM_UP: usize = 20;
const CHANGES: usize = 200;
/// Longer than the gap within which changes count as a burst.
const PAUSE: Duration = Duration::from_millis(20);
const LIMIT: Duration = Duration::from_secs(120);

/// Measures and prints a table.
pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("threads can be started").block_on(table());
}

async fn table() {
    let world = World::new(HOSTS, 1);
    let mut running = Running::start(Settings::default()).await;
    for batch in world.batches() {
        running.send(Input::Changes(batch)).await;
    }
    running.send(Input::Synced).await;
    await_publication(&mut running).await;
    let idle_memory = machine::resident_bytes();
    let folder = tempfile::tempdir().expect("a temporary folder");
    running.write_client(folder.path());
    let endpoints = running.endpoints().name().to_string();
    let mut clients = Clients::start(&[&running.address.to_string(), &endpoints], folder.path());
    clients.all_have_it();
    await_everybody(&running).await;
    let memory = machine::resident_bytes().saturating_sub(idle_memory);

    println!("Machine: {}.\n", machine::description());
    println!("| {STREAMS} streams, {CHANGES} changes of one endpoint | |");
    println!("|---|---:|");
    let mut fan_out = FanOut { world, running, clients, turn: 0 };
    let object = measure("from the changed object", async || fan_out.once(&From::Object).await).await;
    let from = From::Resource(fan_out.both_forms().await);
    let title = "from the changed resource, without the controller";
    let resource = measure(title, async || fan_out.once(&from).await).await;
    let encoded = encoding::payloads(&fan_out.running.endpoints(), CHANGES, STREAMS);
    fan_out.clients.end();
    let least = Least::start(fan_out.running.server_config()).await;
    let mut clients = Clients::start(&[&least.address.to_string()], folder.path());
    clients.all_have_it();
    let title = "the least: as many bytes to and fro with the same TLS, no HTTP/2, no xDS";
    let floor = measure(title, async || least.once(&mut clients).await).await;
    clients.end();
    println!("| times the least | {:.2} and {:.2} |", object / floor, resource / floor);
    println!("| payloads encoded for each change | {:.2} |", encoded as f64 / CHANGES as f64);
    println!(
        "| resident memory of the server for each connected stream | {} KiB |",
        memory / 1024 / STREAMS as u64
    );
}

/// Measures many changes and prints what they took; returns microseconds for each stream and change.
async fn measure(title: &str, mut once: impl AsyncFnMut() -> Duration) -> f64 {
    for _ in 0..WARM_UP {
        once().await;
    }
    let began = processor_time();
    let mut times = Vec::new();
    for _ in 0..CHANGES {
        times.push(once().await);
    }
    let spent = processor_time() - began;
    times.sort_unstable();
    let per_stream = spent.as_secs_f64() * 1e6 / (CHANGES * STREAMS) as f64;
    let time = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let [least, median, most] = [times[0], times[times.len() / 2], times[times.len() - 1]].map(time);
    println!("| **{title}**: processor time of the server for each stream and change | {per_stream:.1} µs |");
    println!("| until the last stream has it: median, least to most | {median}, {least} to {most} |");
    per_stream
}

/// All threads of this process, in both modes.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// A server, and clients that have all that was published.
struct FanOut {
    world: World,
    running: Running,
    clients: Clients,
    turn: usize,
}

/// Where a change begins.
enum From {
    /// An EndpointSlice, through engine and controller, which learns of every acknowledgement.
    Object,
    /// Two forms of the endpoints, published by turns: the xDS server alone.
    Resource([Resource; 2]),
}

impl FanOut {
    /// One change; returns how long it took until the last client had it.
    async fn once(&mut self, from: &From) -> Duration {
        self.turn += 1;
        let form = self.turn % 2;
        let change = self.world.endpoints(0, if form == 0 { 2 } else { 3 });
        let began = Instant::now();
        match from {
            From::Object => self.running.send(Input::Changes(vec![change])).await,
            From::Resource(forms) => self.running.publish(forms[form].clone()),
        }
        // The two threads of the runtime serve the streams meanwhile.
        tokio::task::block_in_place(|| self.clients.all_have_it());
        let took = began.elapsed();
        match from {
            From::Object => await_acknowledgement(&mut self.running).await,
            From::Resource(_) => await_everybody(&self.running).await,
        }
        tokio::time::sleep(PAUSE).await;
        took
    }

    /// The endpoints of each turn, even turns first; the next turn after this is odd.
    async fn both_forms(&mut self) -> [Resource; 2] {
        if self.turn.is_multiple_of(2) {
            self.once(&From::Object).await;
        }
        let odd = self.running.endpoints().resource().clone();
        self.once(&From::Object).await;
        [self.running.endpoints().resource().clone(), odd]
    }
}

impl Running {
    fn publish(&self, endpoints: Resource) {
        let set = vec![(ResourceType::ClusterLoadAssignment, endpoints)];
        self.hub.publish(&FleetId::default_fleet(), Update { set, removed: Vec::new() });
    }

    /// The endpoints that change: those of the first host.
    fn endpoints(&self) -> Arc<Entry> {
        let snapshot = self.hub.snapshot(&FleetId::default_fleet()).expect("it was published");
        let mut all = snapshot.table(ResourceType::ClusterLoadAssignment).values();
        Arc::clone(all.find(|entry| entry.name().contains("service-0")).expect("the first host has some"))
    }
}

async fn await_publication(running: &mut Running) {
    await_notice(running, |notice| matches!(notice, Notice::Published(_))).await;
    // It is told a moment before.
    while running.hub.snapshot(&FleetId::default_fleet()).is_none() {
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until all streams have acknowledged all that they asked for.
async fn await_everybody(running: &Running) {
    let fleet = FleetId::default_fleet();
    let generation = running.hub.snapshot(&fleet).expect("it was published").generation();
    let everybody = async {
        while running.hub.progress(&fleet, generation) != (Progress { connected: STREAMS, reached: STREAMS })
        {
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(LIMIT, everybody).await.expect("every stream comes into step");
}

async fn await_acknowledgement(running: &mut Running) {
    await_notice(running, |notice| matches!(notice, Notice::Acknowledged { nodes: STREAMS, .. })).await;
}

async fn await_notice(running: &mut Running, wanted: impl Fn(&Notice) -> bool) {
    let waiting = async {
        loop {
            let notice = running.notices.recv().await.expect("the controller runs");
            if wanted(&notice) {
                return;
            }
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.expect("the controller tells");
}

/// The other process. It says a line whenever all its streams have got something.
struct Clients {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Clients {
    fn start(subject: &[&str], folder: &std::path::Path) -> Self {
        let this = std::env::current_exe().expect("this program has a path");
        let mut process = Command::new(this)
            .arg("streams-clients")
            .arg(folder)
            .arg(STREAMS.to_string())
            .args(subject)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let output = process.stdout.take().expect("it is piped");
        Self { process, lines: BufReader::new(output).lines() }
    }

    fn all_have_it(&mut self) {
        let line = self.lines.next().expect("the clients run").expect("their output is text");
        assert_eq!(line, "all", "the clients fail");
    }

    /// They end when their input does.
    fn end(mut self) {
        drop(self.process.stdin.take());
        self.process.wait().expect("it is our child");
    }
}
