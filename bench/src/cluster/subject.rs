//! The controller in a process of its own, an Envoy, two backends, and a client.
//!
//! What the controller sends and is sent is counted by Envoy: bytes of its connection, as they are within TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testbed::Cluster;
use testkit::{Envoy, Request, Stats, eventually_within};

use super::objects::host;
use crate::envoys;
use crate::in_cluster::{FIRST, Process, Program, SECOND, Traffic, XDS};
use crate::threads::processor_time_of_thread;

const TRAFFIC: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// How long anything may take to begin.
const PATIENCE: Duration = Duration::from_secs(300);
/// When nothing has been said for so long, all has been said.
const SILENCE: Duration = Duration::from_secs(5);

/// What is measured.
pub(super) struct Subject {
    program: Program,
    controller: Process,
    envoy: Envoy,
    _backends: [Process; 2],
    certificates: TempDir,
}

/// What was used so far.
pub(super) struct Costs {
    pub(super) controller: Duration,
    pub(super) envoy: Duration,
    pub(super) said: Said,
}

/// Bytes that were said between controller and Envoy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) to_envoy: u64,
    pub(super) by_envoy: u64,
}

impl Said {
    pub(super) fn since(self, earlier: Self) -> Self {
        Self { to_envoy: self.to_envoy - earlier.to_envoy, by_envoy: self.by_envoy - earlier.by_envoy }
    }
}

impl Subject {
    pub(super) async fn start(cluster: &Cluster, program: Program) -> Self {
        let certificates = program.certificates(cluster);
        let controller = Process::start(&mut program.serve(cluster, certificates.path()));
        envoys::wait_for(XDS).await;
        let envoy = program.envoy(cluster, certificates.path(), "envoy", "bench");
        let backends = [FIRST, SECOND].map(|backend| backend.start(cluster));
        envoy.ready().await;
        Self { program, controller, envoy, _backends: backends, certificates }
    }

    /// The most memory that the controller has had resident, in bytes.
    pub(super) fn peak_bytes(&self) -> u64 {
        self.controller.peak_bytes()
    }

    /// What was used so far: to begin with.
    pub(super) async fn begin(&self) -> Costs {
        // To ask Envoy costs it something, too.
        let said = self.said().await;
        let (controller, envoy) = self.times();
        Costs { controller, envoy, said }
    }

    /// What was used since then.
    pub(super) async fn since(&self, begin: &Costs) -> Costs {
        let (controller, envoy) = self.times();
        let said = self.said().await.since(begin.said);
        Costs { controller: controller - begin.controller, envoy: envoy - begin.envoy, said }
    }

    /// The processor times of the controller and of Envoy's main thread.
    fn times(&self) -> (Duration, Duration) {
        let envoy = self.envoy.pid().expect("Envoy runs").to_string();
        (self.controller.processor_time(), processor_time_of_thread(&envoy, &envoy))
    }

    async fn stats(&self, filter: &str) -> Stats {
        Stats::parse(&self.envoy.get(&format!("/stats?filter={filter}")).await)
    }

    async fn said(&self) -> Said {
        // The port is that of no other cluster.
        let stats = self.stats("_8001.upstream_cx_.x_bytes_total").await;
        let bytes = |figure: &str| stats.sum("cluster.", &format!("_8001.{figure}"));
        Said { to_envoy: bytes("upstream_cx_rx_bytes_total"), by_envoy: bytes("upstream_cx_tx_bytes_total") }
    }

    async fn is_connected(&self, wanted: bool) {
        const STATE: &str = "control_plane.connected_state";
        eventually_within(PATIENCE, "the Envoy's connection to the controller", async || {
            // For each type, where there is a stream for each.
            let connected = self.stats(STATE).await.sum("", STATE) > 0;
            if connected == wanted { Ok(()) } else { Err(format!("connected: {connected}")) }
        })
        .await;
    }

    /// Ends the controller and starts another: what both sides say then.
    pub(super) async fn restart(&mut self, cluster: &Cluster) -> Said {
        drop(std::mem::replace(&mut self.controller, Process::start(&mut Command::new("true"))));
        self.is_connected(false).await;
        let before = self.said().await;
        self.controller = Process::start(&mut self.program.serve(cluster, self.certificates.path()));
        self.is_connected(true).await;
        let (mut said, mut since) = (self.said().await, Instant::now());
        while since.elapsed() < SILENCE {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let now = self.said().await;
            if now != said {
                (said, since) = (now, Instant::now());
            }
        }
        said.since(before)
    }
}

/// A client that asks one host without a pause, and expects nothing but 200.
pub(super) fn traffic_to(number: usize) -> Traffic {
    Traffic::start(Request::get(TRAFFIC, &host(number), "/"), 200)
}

/// Waits until Envoy takes connections of clients: Contour's does when there is a host.
pub(super) async fn takes_clients() {
    envoys::wait_for(TRAFFIC).await;
}
