//! `isobath-testbed`: the cluster by hand.

use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use isobath_testbed::{Cluster, why_not};

/// A Kubernetes cluster of plain processes, as long as a command runs in it.
#[derive(Parser)]
#[command(name = "isobath-testbed", version)]
struct Flags {
    #[command(subcommand)]
    command: Do,
}

#[derive(Subcommand)]
enum Do {
    /// Says whether there can be a cluster on this machine, and why not
    Check,
    /// Starts a cluster and a shell in it; both end together
    Shell,
    /// Starts a cluster and a command in it; both end together
    Run {
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match (Flags::parse().command, why_not()) {
        (_, Some(why)) => Err(anyhow::anyhow!("{why}")),
        (Do::Check, None) => Ok(ExitCode::SUCCESS),
        (Do::Shell, None) => shell(),
        (Do::Run { command }, None) => run(&command),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("isobath-testbed: {error:#}");
        ExitCode::FAILURE
    })
}

fn shell() -> Result<ExitCode> {
    let cluster = start()?;
    let folder = cluster.folder().display();
    println!("A cluster runs. In this shell:");
    println!("  kubectl         speaks to it; KUBECONFIG is {}", cluster.kubeconfig().display());
    println!("  addresses       of pods, Services and load balancers answer (curl http://10.89.1.2/)");
    println!("  names           of Services are resolved (echo.default.svc.cluster.local)");
    println!("  images          …isobath…: {}", cluster.programs().isobath.display());
    println!("                  …echo…: {}", cluster.programs().echo.display());
    println!("                  …envoyproxy/envoy…: {}", cluster.programs().envoy.display());
    println!("  logs and files  {folder}");
    println!("It ends with the shell.");
    let rc = cluster.folder().join("bashrc");
    std::fs::write(&rc, "[ -f ~/.bashrc ] && . ~/.bashrc\nPS1='(cluster) \\w\\$ '\n")?;
    let status =
        inside(&cluster, vec!["bash".into(), "--rcfile".into(), rc.display().to_string(), "-i".into()])?;
    Ok(code(status))
}

fn run(command: &[String]) -> Result<ExitCode> {
    Ok(code(inside(&start()?, command.to_vec())?))
}

fn start() -> Result<Cluster> {
    eprintln!("starting etcd, the API server and the controllers");
    Cluster::start()
}

/// Runs a command with the cluster's programs, configuration and names.
fn inside(cluster: &Cluster, words: Vec<String>) -> Result<ExitStatus> {
    let resolver = cluster.folder().join("resolv.conf");
    std::fs::write(&resolver, "nameserver 10.88.0.1\nsearch default.svc.cluster.local svc.cluster.local\n")?;
    let path = path_with(&cluster.programs().kubernetes)?;
    let kubeconfig = cluster.kubeconfig();
    // Clusters have one address: what kinds another had is not to be taken for this one's.
    let cache = cluster.folder().join("kubectl");
    let work = move || {
        // It ends with us, also when we are killed.
        let mut command = Command::new("setpriv");
        command.args([
            "--pdeathsig",
            "KILL",
            "--",
            "unshare",
            "--mount",
            "sh",
            "-c",
            "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"",
        ]);
        command.arg(&resolver).args(words).env("PATH", path).env("KUBECONFIG", kubeconfig);
        command.env("KUBECACHEDIR", cache);
        command.status()
    };
    let status = cluster.inside(work).map_err(|_| anyhow::anyhow!("the cluster has ended"))?;
    status.context("the command could not be started")
}

fn path_with(folder: &Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&path)))?)
}

fn code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
