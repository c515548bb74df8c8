//! What a test may do to a cluster, beside stopping its servers.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use rustix::process::{Pid, Signal, kill_process};

use crate::cluster::Cluster;

impl Cluster {
    /// Resets a pod's connections to the API server, and refuses new ones. From inside only.
    pub fn cut_off(&self, address: &str) -> Result<()> {
        let questions = format!("ip saddr {address} tcp dport 6443 reject with tcp reset");
        // All but the resets.
        let answers = format!("ip daddr {address} tcp sport 6443 tcp flags & rst == 0 drop");
        packet_filter(&[
            "add table ip faults",
            "add chain ip faults in { type filter hook input priority 0; }",
            "add chain ip faults out { type filter hook output priority 0; }",
            &format!("add rule ip faults in {questions}"),
            &format!("add rule ip faults out {answers}"),
        ])
    }

    /// Ends all that [`Cluster::cut_off`] did. From inside only.
    pub fn mend(&self) -> Result<()> {
        packet_filter(&["delete table ip faults"])
    }

    /// The processes of a container, by number. More than one while it is asked something by a probe.
    pub fn processes(&self, pod: &Pod, container: &str) -> Vec<i32> {
        let root =
            self.folder().join("pods").join(pod.uid().unwrap_or_default()).join(format!("root-{container}"));
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        numbers.filter(|number| root_of(*number).is_some_and(|found| found == root)).collect()
    }

    /// Kills a container; the node starts it again.
    pub fn kill(&self, pod: &Pod, container: &str) -> Result<()> {
        let processes = self.processes(pod, container);
        if processes.is_empty() {
            bail!("{} has no process in {container}", pod.name_any());
        }
        for process in processes.into_iter().filter_map(Pid::from_raw) {
            kill_process(process, Signal::KILL)?;
        }
        Ok(())
    }
}

fn root_of(process: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{process}/root")).ok()
}

fn packet_filter(lines: &[&str]) -> Result<()> {
    let output = Command::new("nft").arg(lines.join("; ")).stdin(Stdio::null()).output();
    let output = output.context("nft")?;
    if !output.status.success() {
        bail!("nft: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
