//! The Envoys of a run: that of the ingress, and one for each Gateway, which comes and goes with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use anyhow::Context;
use model::FleetId;
use tokio::task::JoinSet;

use super::envoy_process::{Process, Start};

/// The Envoys of a run.
pub(super) struct Envoys {
    start: Start,
    scratch: PathBuf,
    running: BTreeMap<FleetId, Running>,
    /// Of fleets that are no more: what ends them, and their processes.
    ends: JoinSet<()>,
    ending: Vec<Weak<Process>>,
    /// How many were started. A Gateway may be made again while the Envoy of the one before still ends.
    started: u32,
}

struct Running {
    process: Arc<Process>,
    folder: PathBuf,
}

impl Envoys {
    /// None yet; their files are going to be in a folder.
    pub(super) fn new(start: Start, scratch: &Path) -> Self {
        let scratch = scratch.to_owned();
        Self {
            start,
            scratch,
            running: BTreeMap::new(),
            ends: JoinSet::new(),
            ending: Vec::new(),
            started: 0,
        }
    }

    /// Whether a fleet has one.
    pub(super) fn has(&self, fleet: &FleetId) -> bool {
        self.running.contains_key(fleet)
    }

    /// Starts the Envoy of a fleet. False when it has one.
    pub(super) fn start(&mut self, fleet: &FleetId) -> anyhow::Result<bool> {
        if self.has(fleet) {
            return Ok(false);
        }
        // Numbers keep the path of the socket in it short.
        let folder = self.scratch.join(self.started.to_string());
        self.started += 1;
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        let process = Arc::new(Process::start(&self.start, fleet, &folder)?);
        self.running.insert(fleet.clone(), Running { process, folder });
        Ok(true)
    }

    /// Ends the Envoy of a fleet, while others go on.
    pub(super) fn end(&mut self, fleet: &FleetId) {
        if let Some(running) = self.running.remove(fleet) {
            self.ending.retain(|process| process.strong_count() > 0);
            self.ending.push(Arc::downgrade(&running.process));
            self.ends.spawn_blocking(move || running.end());
        }
    }

    /// The processes of those that are ending.
    pub(super) fn ending(&self) -> Vec<u32> {
        self.ending.iter().filter_map(|process| process.upgrade()?.pid()).collect()
    }

    /// Waits until one of them ends.
    pub(super) fn one_ends(&self) -> impl Future<Output = ()> + use<> {
        let ended = Arc::clone(&self.start.ended);
        async move { ended.notified().await }
    }

    /// Ends all of them.
    pub(super) async fn end_all(mut self) -> anyhow::Result<()> {
        for (_, running) in std::mem::take(&mut self.running) {
            self.ends.spawn_blocking(move || running.end());
        }
        while let Some(ended) = self.ends.join_next().await {
            ended?;
        }
        Ok(())
    }
}

impl Running {
    fn end(self) {
        self.process.stop();
        // The run's folder goes in the end; what stays until then is of no use to anybody.
        let _ = fs::remove_dir_all(self.folder);
    }
}
