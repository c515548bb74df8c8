//! A running cluster: everything in one network namespace, gone without a trace when it is dropped.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::children::Children;
use crate::control_plane::{AUDIT_LOG, ControlPlane};
use crate::credentials::Credentials;
use crate::network::Namespace;
use crate::programs::Programs;
use crate::{kubelet, services};

/// How long the node may take to become one.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running cluster.
///
/// Its processes and the tasks that play node and network run on threads of their own, in the network namespace of
/// the cluster. Whoever wants to speak to it runs inside too: see [`Cluster::inside`].
#[derive(Debug)]
pub struct Cluster {
    control: Arc<Mutex<ControlPlane>>,
    programs: Programs,
    credentials: Credentials,
    network: Namespace,
    /// The thread of the cluster waits for the end of this.
    _life: mpsc::Sender<()>,
    folder: TempDir,
    _sweeper: Sweeper,
}

impl Cluster {
    /// Starts one and waits until it is ready. Blocks.
    pub fn start() -> Result<Self> {
        let programs = Programs::prepare()?;
        let folder = tempfile::Builder::new().prefix("isobath-testbed-").tempdir()?;
        let sweeper = Sweeper::start(folder.path())?;
        let credentials = Credentials::create(folder.path())?;
        let (life, end) = mpsc::channel();
        let (started, result) = mpsc::channel();
        let work = {
            let (programs, credentials, folder) =
                (programs.clone(), credentials.clone(), folder.path().to_owned());
            move || live(&programs, &credentials, &folder, &end, &started)
        };
        thread::Builder::new().name("cluster".to_owned()).spawn(work)?;
        let (control, network) = result.recv().context("the cluster's thread has ended")??;
        Ok(Self { control, programs, credentials, network, _life: life, folder, _sweeper: sweeper })
    }

    /// Runs the work on a thread in the network namespace of the cluster, and waits for it. Threads and processes that
    /// it starts are inside too. Blocks; the error is the panic of the work.
    pub fn inside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> thread::Result<T> {
        let network = self.network.clone();
        let thread = thread::spawn(move || {
            network.enter().expect("the namespace is there as long as the cluster");
            work()
        });
        thread.join()
    }

    /// Where the administrator's kubeconfig is. It leads to the API server from inside only.
    pub fn kubeconfig(&self) -> PathBuf {
        self.credentials.kubeconfig()
    }

    /// The folder with all that the cluster writes: logs, data, the pods' files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Every request that the API server has answered, an audit event in each line
    /// (`audit.k8s.io/v1`, level `Metadata`).
    pub fn audit(&self) -> std::io::Result<String> {
        std::fs::read_to_string(self.folder.path().join(AUDIT_LOG))
    }

    /// What it runs.
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The administrator's client, for the runtime that calls this; from inside only.
    pub async fn client(&self) -> Result<kube::Client> {
        self.credentials.client().await
    }

    /// Kills the API server. What runs goes on running.
    pub async fn stop_api_server(&self) -> Result<()> {
        self.control.lock().await.stop_api_server().await
    }

    /// Starts the API server again and waits until it is ready.
    pub async fn start_api_server(&self) -> Result<()> {
        self.control.lock().await.start_api_server().await
    }

    /// Kills etcd. The API server stays, and can neither read nor write.
    pub async fn stop_etcd(&self) -> Result<()> {
        self.control.lock().await.stop_etcd().await
    }

    /// Starts etcd again, with the data that it had.
    pub async fn start_etcd(&self) -> Result<()> {
        self.control.lock().await.start_etcd().await
    }
}

type Started = (Arc<Mutex<ControlPlane>>, Namespace);

/// What the thread of the cluster does: it moves into a new network namespace and starts everything from there.
fn live(
    programs: &Programs,
    credentials: &Credentials,
    folder: &Path,
    end: &mpsc::Receiver<()>,
    started: &mpsc::Sender<Result<Started>>,
) {
    let (network, runtime) = match enter() {
        Ok(entered) => entered,
        Err(error) => return drop(started.send(Err(error))),
    };
    let outcome = runtime.block_on(start(programs, credentials, folder));
    // Nobody waits any more when the process ends meanwhile.
    let _ = started.send(outcome.map(|control| (control, network)));
    // An error is the end: nothing is ever sent.
    let _ = end.recv();
    runtime.shutdown_background();
}

fn enter() -> Result<(Namespace, Runtime)> {
    let network = Namespace::create().context("a network namespace for the cluster")?;
    // Its threads are born in the namespace.
    let runtime =
        Builder::new_multi_thread().worker_threads(2).thread_name("cluster").enable_all().build()?;
    Ok((network, runtime))
}

async fn start(
    programs: &Programs,
    credentials: &Credentials,
    folder: &Path,
) -> Result<Arc<Mutex<ControlPlane>>> {
    let children = Children::start()?;
    let binaries = programs.kubernetes.clone();
    let mut control = ControlPlane::new(children.clone(), binaries, folder.to_owned(), credentials.clone());
    control.start().await?;
    let client = credentials.client().await?;
    let pods = folder.join("pods");
    let node = kubelet::run(client.clone(), children, programs.clone(), pods, credentials);
    tokio::spawn(timeout(PATIENCE, node).await.context("the node does not register itself")??);
    tokio::spawn(services::run(client).await?);
    Ok(Arc::new(Mutex::new(control)))
}

/// Removes the folder when we are gone, for whatever reason.
#[derive(Debug)]
struct Sweeper(Child);

/// Waits until nobody has the other side of its input. What still dies may write a little longer.
const SWEEP: &str = "trap '' HUP INT TERM; read -r _; for _ in 1 2 3 4 5 6 7 8 9; do rm -rf -- \"$0\" 2>/dev/null && exit; sleep 0.2; done";

impl Sweeper {
    fn start(folder: &Path) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SWEEP]).arg(folder).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(command.spawn()?))
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // An error means that somebody else has waited for it.
        let _ = self.0.wait();
    }
}
