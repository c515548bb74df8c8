//! The product: engine, controller and xDS server, on threads of their own, whose time can be told.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use model::Settings;
use runtime::Input;
use store::Change;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::controller::Running;
use crate::threads;

/// A running controller.
pub(super) struct Ours {
    running: Running,
    credentials: TempDir,
    threads: String,
    runtime: Runtime,
}

impl Ours {
    /// `name` is that of its threads, and no other's.
    pub(super) fn start(settings: Settings, name: &str) -> Self {
        let threads = format!("ctl-{name}");
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).thread_name(&threads).enable_all().build();
        let runtime = runtime.expect("threads can be started");
        let running = runtime.block_on(Running::start(settings));
        let credentials = tempfile::tempdir().expect("a temporary folder");
        running.write_client(credentials.path());
        Self { running, credentials, threads, runtime }
    }

    /// All that there is at first.
    pub(super) fn begin(&self, batches: impl Iterator<Item = Vec<Change>>) {
        batches.for_each(|batch| self.send(batch));
        self.runtime.block_on(self.running.send(Input::Synced));
    }

    pub(super) fn send(&self, changes: Vec<Change>) {
        self.runtime.block_on(self.running.send(Input::Changes(changes)));
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// The folder with what an Envoy needs to be let in.
    pub(super) fn credentials(&self) -> &Path {
        self.credentials.path()
    }

    /// What its threads have used.
    pub(super) fn processor_time(&self) -> Duration {
        threads::processor_time_of_threads("self", &self.threads)
    }
}
