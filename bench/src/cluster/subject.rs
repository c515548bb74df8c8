//! The controller in a process of its own, an Envoy, two backends, and a client.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use certs::{Options, generate};
use model::Layout;
use tempfile::TempDir;
use testbed::Cluster;
use testkit::{Envoy, Request};
use tokio::task::JoinHandle;

use super::objects::{FIRST, FIRST_PORT, SECOND, SECOND_PORT, host};
use crate::envoys;
use crate::threads::{processor_time_of_thread, processor_time_of_threads};

const XDS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8001);
const PAGES: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8000);
const TRAFFIC: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// How long anything may take to begin.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that ends with this.
struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the program starts"))
    }

    fn id(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is measured.
pub(super) struct Subject {
    controller: Process,
    envoy: Envoy,
    _backends: [Process; 2],
    certificates: TempDir,
}

/// What was used so far.
pub(super) struct Costs {
    pub(super) controller: Duration,
    pub(super) envoy: Duration,
    /// To Envoy.
    pub(super) bytes: u64,
}

/// What an Envoy and a new controller said to each other, in bytes.
pub(super) struct Restart {
    /// By the Envoy.
    pub(super) asked: u64,
    /// To it.
    pub(super) sent: u64,
}

impl Subject {
    pub(super) async fn start(cluster: &Cluster, layout: Layout) -> Self {
        let certificates = certificates();
        let controller = controller(cluster, certificates.path(), layout);
        ready().await;
        let envoy = envoys::launch("bench", XDS, Some(&certificates.path().join("client")));
        let backend = |name: &str, port: u16| {
            let mut command = Command::new(&cluster.programs().echo);
            Process::start(command.args(["--listen", &format!("0.0.0.0:{port}"), "--name", name]))
        };
        let backends = [backend(FIRST, FIRST_PORT), backend(SECOND, SECOND_PORT)];
        envoys::wait_for(TRAFFIC).await;
        Self { controller, envoy, _backends: backends, certificates }
    }

    /// The most memory that the controller has had resident, in bytes.
    pub(super) fn peak_bytes(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.controller.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
        kibibytes.unwrap_or_default() * 1024
    }

    pub(super) async fn costs(&self) -> Costs {
        let envoy = self.envoy.pid().expect("Envoy runs").to_string();
        Costs {
            controller: processor_time_of_threads(&self.controller.id(), ""),
            envoy: processor_time_of_thread(&envoy, &envoy),
            bytes: sum(&page(PAGES, "/metrics").await, "isobath_xds_sent_bytes_total", ""),
        }
    }

    /// Ends the controller and starts another.
    pub(super) async fn restart(&mut self, cluster: &Cluster, layout: Layout) -> Restart {
        drop(std::mem::replace(&mut self.controller, Process::start(&mut Command::new("true"))));
        self.controller = controller(cluster, self.certificates.path(), layout);
        ready().await;
        until("the Envoy is connected and up to date", async || {
            let metrics = page(PAGES, "/metrics").await;
            sum(&metrics, "isobath_envoys", "fleet") == 1 && sum(&metrics, "isobath_envoy_lag", "node") == 0
        })
        .await;
        // What comes late is counted, too.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let metrics = page(PAGES, "/metrics").await;
        Restart {
            asked: sum(&metrics, "isobath_xds_received_bytes_total", ""),
            sent: sum(&metrics, "isobath_xds_sent_bytes_total", ""),
        }
    }
}

fn certificates() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    let made = generate(&Options::loopback(now.as_secs().cast_signed())).expect("certificates");
    for (name, identity) in [("server", &made.server), ("client", &made.client)] {
        let folder = folder.path().join(name);
        let write = |file: &str, text: &str| std::fs::write(folder.join(file), text).expect("a file");
        std::fs::create_dir(&folder).expect("a folder");
        write("ca.crt", &made.ca);
        write("tls.crt", &identity.certificate);
        write("tls.key", identity.key.expose());
    }
    folder
}

fn controller(cluster: &Cluster, certificates: &Path, layout: Layout) -> Process {
    let file = |name: &str| certificates.join("server").join(name).display().to_string();
    let mut command = Command::new(&cluster.programs().isobath);
    command.arg("serve").arg("--kubeconfig").arg(cluster.kubeconfig());
    command.args(["--contour-cafile", &file("ca.crt"), "--contour-cert-file", &file("tls.crt")]);
    command.args(["--contour-key-file", &file("tls.key"), "--ingress-status-address=192.0.2.1"]);
    command.args(["--envoy-http-access-log=/dev/null", "--leader-election-resource-namespace=default"]);
    let table = matches!(layout, Layout::Table);
    command.arg(format!("--route-layout={}", if table { "table" } else { "scoped" }));
    command.env("ISOBATH_LOG", "error");
    Process::start(&mut command)
}

async fn ready() {
    until("the controller is ready", async || {
        Request::get(PAGES, "localhost", "/readyz").send().await.is_ok_and(|answer| answer.code() == 200)
    })
    .await;
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

async fn page(address: SocketAddr, path: &str) -> String {
    let answer = Request::get(address, "localhost", path).send().await;
    answer.map(|answer| answer.text()).unwrap_or_default()
}

/// The sum of a metric over all lines that have a label.
fn sum(metrics: &str, name: &str, label: &str) -> u64 {
    let lines = metrics.lines().filter(|line| line.starts_with(name) && line.contains(label));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    values.sum::<f64>() as u64
}

/// A client that asks one host without a pause.
pub(super) struct Traffic {
    seen: tokio::sync::watch::Receiver<String>,
    stop: Arc<AtomicBool>,
    client: JoinHandle<u64>,
}

impl Traffic {
    pub(super) fn to(number: usize) -> Self {
        let (see, seen) = tokio::sync::watch::channel(String::new());
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let client = tokio::spawn(async move {
            let request = Request::get(TRAFFIC, &host(number), "/");
            let mut connection = request.connect().await.expect("Envoy listens");
            let mut bad = 0;
            while !stopped.load(Ordering::Relaxed) {
                match connection.send(&request).await {
                    Ok(answer) if answer.code() == 200 => drop(see.send_replace(answer.service())),
                    Ok(_) | Err(_) => bad += 1,
                }
            }
            bad
        });
        Self { seen, stop, client }
    }

    /// Waits until a backend answers, and says how long it took.
    pub(super) async fn is_answered_by(&self, backend: &str) -> Duration {
        let began = Instant::now();
        let mut seen = self.seen.clone();
        let waiting = seen.wait_for(|seen| seen == backend);
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        drop(waited.expect("the backend answers").expect("the client asks"));
        began.elapsed()
    }

    /// How many answers were not 200.
    pub(super) async fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.client.await.expect("the client does not panic")
    }
}
