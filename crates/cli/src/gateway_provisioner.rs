//! `isobath gateway-provisioner`: Envoys for Gateways, apart from the controllers that serve them.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use anyhow::Context;
use clap::{ArgAction, Args};
use kubernetes::lease::{self, Candidate, Role};
use kubernetes::{Access, Client};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::output::Outcome;
use crate::provisioning::{Controllers, ProvisioningArguments};

/// The Lease of whoever provisions; that of controllers is another.
const LEASE: &str = "gateway-provisioner";

/// Makes what runs the Envoys of Gateways, and keeps it so.
///
/// `isobath serve --provision-gateways` does the same beside all else.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    provisioning: ProvisioningArguments,
    /// The namespace of the controllers, where the CA of the Gateways' certificates is kept.
    #[arg(long, env = "ISOBATH_NAMESPACE", default_value = "isobath")]
    namespace: String,
    /// The name under which Envoys of all namespaces find the controllers; isobath.NAMESPACE.svc.
    #[arg(long, value_name = "ADDRESS")]
    xds_address: Option<String>,
    /// The port where the controllers serve xDS.
    #[arg(long, default_value_t = 8001, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    xds_port: u16,
    /// The CA of the controllers' certificates, which Envoys are given.
    #[arg(long, env = "ENVOY_CAFILE", default_value = "/certs/ca.crt", value_name = "FILE")]
    envoy_cafile: PathBuf,
    /// Waits while another one provisions.
    #[arg(long)]
    enable_leader_election: bool,
    /// The namespace of the Lease; that of the controllers.
    #[arg(long, value_name = "NAMESPACE")]
    leader_election_namespace: Option<String>,
    /// Finds the cluster as a Pod does.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", value_name = "BOOL")]
    incluster: bool,
    /// The file that says where the cluster is.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Does nothing; there are no metrics here.
    #[arg(long, hide = true)]
    metrics_addr: Option<String>,
    /// What this one is called among its like.
    #[arg(long, env = "POD_NAME", hide = true)]
    pod_name: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(provision(arguments))
}

async fn provision(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let ca = &arguments.envoy_cafile;
    std::fs::metadata(ca).with_context(|| format!("--envoy-cafile: {}", ca.display()))?;
    let client = kubernetes::connect(&arguments.access()?).await?;
    let identity = arguments.identity();
    let address = arguments.xds_address.clone();
    let controllers = Controllers {
        address: address.unwrap_or_else(|| format!("isobath.{}.svc", arguments.namespace)),
        port: arguments.xds_port,
        ca: ca.clone(),
    };
    let provisioner =
        arguments.provisioning.provisioner(client.clone(), &arguments.namespace, &identity, controllers);
    let stop = CancellationToken::new();
    let (leads, election) = arguments.elect(client, &identity, stop.clone())?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tracing::info!("provisioning Envoys of Gateways");
    tokio::select! {
        () = provisioner.run(leads) => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stop.cancel();
    election.await?;
    Ok(Outcome::Good)
}

impl Arguments {
    fn access(&self) -> anyhow::Result<Access> {
        match (&self.kubeconfig, self.incluster) {
            (Some(path), _) => Ok(Access::Kubeconfig(path.clone())),
            (None, true) => Ok(Access::InCluster),
            (None, false) => anyhow::bail!("--incluster=false: name the cluster with --kubeconfig"),
        }
    }

    fn identity(&self) -> String {
        let number = RandomState::new().hash_one(std::process::id());
        format!("{}_{number:016x}", self.pod_name.as_deref().unwrap_or(LEASE))
    }

    /// Whether this one leads, now and later, and what takes part in the election.
    fn elect(
        &self,
        client: Client,
        identity: &str,
        stop: CancellationToken,
    ) -> anyhow::Result<(watch::Receiver<bool>, tokio::task::JoinHandle<()>)> {
        let (lead, leads) = watch::channel(!self.enable_leader_election);
        if !self.enable_leader_election {
            // The sender is kept until the end: nothing changes before.
            let election = tokio::spawn(async move {
                stop.cancelled().await;
                drop(lead);
            });
            return Ok((leads, election));
        }
        let namespace = self.leader_election_namespace.as_ref().unwrap_or(&self.namespace);
        let settings =
            lease::Settings { name: LEASE.to_owned(), ..lease::Settings::new(namespace, identity) };
        let (candidate, mut role) = Candidate::new(client, settings)?;
        let follow = async move {
            while role.changed().await.is_ok() {
                lead.send_replace(matches!(*role.borrow_and_update(), Role::Leader { .. }));
            }
        };
        let election = tokio::spawn(async move {
            tokio::join!(candidate.run(async move { stop.cancelled().await }), follow);
        });
        Ok((leads, election))
    }
}
