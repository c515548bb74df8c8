//! An Envoy with one layout, and who feeds it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use envoy::XDS_CLUSTER;
use envoy::bootstrap::BootstrapOptions;
use model::Layout;
use testkit::{Envoy, Port};

use super::least::Least;
use super::objects::{NEIGHBOUR, Objects};
use super::order::Watch;
use super::ours::Ours;
use super::outside::Outside;
use super::step::{Step, Transport, Wanted};
use crate::envoys::{launch, settings};
use crate::machine;
use crate::threads;

/// How long Envoy's main thread must do next to nothing to be done, and what next to nothing is.
const QUIET: (Duration, Duration) = (Duration::from_millis(60), Duration::from_micros(700));
/// How long a change may keep Envoy busy.
const LIMIT: Duration = Duration::from_secs(60);

/// Who feeds the Envoy of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Ours,
    Floor,
}

/// An Envoy with one layout.
pub(super) struct Subject {
    pub(super) layout: Layout,
    feeder: Feeder,
    transport: Transport,
    envoy: Envoy,
    ports: [Port; 3],
    pub(super) start: Start,
    last_change: Instant,
}

enum Feeder {
    Ours(Ours),
    Floor(Least),
}

/// What Envoy needed until it served.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Start {
    pub(super) took: Duration,
    pub(super) main_thread: Duration,
    pub(super) received: u64,
    pub(super) resident: u64,
}

/// What Envoy counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    /// Bytes from the xDS server, with TLS and HTTP/2 around them.
    pub(super) received: u64,
    /// Client connections that were closed because their listener or filter chain went.
    pub(super) drained: u64,
    pub(super) rejected: u64,
}

/// The name of a layout in tables.
pub(super) const fn title(layout: Layout) -> &'static str {
    match layout {
        Layout::Table => "table, chains",
        Layout::Scoped => "scoped, chains",
        Layout::OnDemand => "scoped, on-demand",
    }
}

const fn thread_name(layout: Layout) -> &'static str {
    match layout {
        Layout::Table => "table",
        Layout::Scoped => "scoped",
        Layout::OnDemand => "demand",
    }
}

impl Subject {
    /// Starts whoever feeds it, then Envoy, and waits until that serves.
    pub(super) fn start(
        who: Who,
        layout: Layout,
        transport: Transport,
        objects: &Objects,
        outside: &mut Outside,
    ) -> Self {
        let (settings, ports) = settings(layout);
        let feeder = match who {
            Who::Ours => {
                let ours = Ours::start(settings, thread_name(layout));
                ours.begin(objects.batches());
                Feeder::Ours(ours)
            }
            Who::Floor => Feeder::Floor(Least::start(settings, objects, transport)),
        };
        let name = thread_name(layout);
        let began = Instant::now();
        let envoy = match &feeder {
            Feeder::Ours(ours) => launch(name, ours.address(), Some(ours.credentials())),
            Feeder::Floor(least) => launch(name, least.address(), None),
        };
        let last_change = Instant::now();
        let mut subject =
            Self { layout, feeder, transport, envoy, ports, start: Start::default(), last_change };
        let launched = began.elapsed();
        let answered = outside.first_answer(subject.watch(NEIGHBOUR, "/", Wanted::Ok));
        subject.settle();
        subject.start = Start {
            took: launched + answered,
            main_thread: subject.main_thread(),
            received: subject.counted().received,
            resident: machine::resident_bytes_of(&subject.pid()),
        };
        subject
    }

    /// The order to ask for a host of this Envoy.
    pub(super) fn watch(&self, host: &str, path: &str, wanted: Wanted) -> Watch {
        let (host, path) = (host.to_owned(), path.to_owned());
        Watch { transport: self.transport, address: self.address(), host, path, wanted }
    }

    pub(super) fn address(&self) -> SocketAddr {
        let [http, https, _] = &self.ports;
        match self.transport {
            Transport::Http => http.address(),
            Transport::Tls => https.address(),
        }
    }

    /// Changes the host, and returns at once.
    pub(super) fn apply(&mut self, step: Step, objects: &Objects) {
        self.last_change = Instant::now();
        match &self.feeder {
            Feeder::Ours(ours) => ours.send(objects.step(step)),
            Feeder::Floor(least) => least.send(step),
        }
    }

    /// More objects, for the product's Envoy only.
    pub(super) fn add(&mut self, changes: Vec<store::Change>) {
        match &self.feeder {
            Feeder::Ours(ours) => ours.send(changes),
            Feeder::Floor(_) => panic!("the least server knows what it was made for"),
        }
    }

    pub(super) const fn transport(&self) -> Transport {
        self.transport
    }

    pub(super) fn last_change(&self) -> Instant {
        self.last_change
    }

    /// Waits until Envoy has nothing more to do.
    pub(super) fn settle(&self) {
        let (pause, little) = QUIET;
        let began = Instant::now();
        let mut before = self.main_thread();
        loop {
            std::thread::sleep(pause);
            let now = self.main_thread();
            if now.saturating_sub(before) < little {
                return;
            }
            assert!(began.elapsed() < LIMIT, "Envoy is busy for {LIMIT:?}");
            before = now;
        }
    }

    /// What the controller has used; nothing that is known of the least server.
    pub(super) fn controller_time(&self) -> Duration {
        match &self.feeder {
            Feeder::Ours(ours) => ours.processor_time(),
            Feeder::Floor(_) => Duration::ZERO,
        }
    }

    /// What Envoy's main thread has used.
    pub(super) fn main_thread(&self) -> Duration {
        threads::processor_time_of_thread(&self.pid(), &self.pid())
    }

    /// What Envoy's worker has used.
    pub(super) fn worker(&self) -> Duration {
        threads::processor_time_of_threads(&self.pid(), "wrk:worker_")
    }

    pub(super) fn counted(&self) -> Counted {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let stats = runtime.expect("a runtime can be made").block_on(self.envoy.stats());
        let counted = Counted {
            received: stats.sum(&xds_cluster(), ".upstream_cx_rx_bytes_total"),
            drained: stats.sum("http.", ".downstream_cx_drain_close"),
            rejected: stats.rejected_updates(),
        };
        assert_eq!(counted.rejected, 0, "Envoy rejects what is measured");
        counted
    }

    fn pid(&self) -> String {
        self.envoy.pid().expect("Envoy runs").to_string()
    }
}

/// What the statistics of the xDS server's cluster begin with; its port follows.
fn xds_cluster() -> String {
    format!("cluster.{}_{XDS_CLUSTER}_", BootstrapOptions::new().namespace)
}
