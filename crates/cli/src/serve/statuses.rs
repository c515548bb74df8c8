//! Statuses: who writes them, and what they say of where clients get in.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use api::http_proxy::status::LoadBalancerIngress;
use config::{Election, Serving, StatusAddress};
use kubernetes::lease::{Candidate, Settings, Standing};
use kubernetes::status::{Writer, follow_service};
use kubernetes::{Client, watch};
use model::Report;
use runtime::Notice;
use status::{Input, Statement, Target};
use tokio::sync::mpsc;
use tokio::sync::watch as news;

use super::session::{Tasks, done};

/// Longer than any run.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Where the writer of statuses is told what happens.
#[derive(Clone)]
pub(super) struct Statuses(mpsc::UnboundedSender<Input>);

impl Statuses {
    /// Starts to write statuses, whenever this is the leader.
    pub(super) fn start(tasks: &mut Tasks, client: &Client, serving: &Serving) -> anyhow::Result<Self> {
        let identity = identity();
        let standing = elect(tasks, client.clone(), &serving.election, &identity)?;
        let (writer, tell) = Writer::new(client.clone(), &identity, standing);
        tasks.start_until_stop("statuses", done(writer.run()));
        if serving.status_addresses.is_empty() {
            let (client, service, tell) = (client.clone(), serving.envoy_service.clone(), tell.clone());
            tasks.start_until_stop("the addresses", async move {
                follow_service(client, &service.namespace, &service.name, tell).await;
                Ok(())
            });
        } else {
            let addresses = serving.status_addresses.iter().map(address).collect();
            drop(tell.send(Input::Addresses(addresses)));
        }
        Ok(Self(tell))
    }

    /// Tells what the cluster has.
    pub(super) fn observe(&self, batch: &watch::Batch) {
        batch.changes.iter().filter_map(kubernetes::status::input).for_each(|input| self.tell(input));
        // After the changes, where they are gone: nothing of them is served, but they have a status.
        let unreadable = batch.unreadable.iter().filter_map(|unreadable| unreadable.object.clone());
        let applied = unreadable.map(store::Change::Applied);
        applied.filter_map(|change| kubernetes::status::input(&change)).for_each(|input| self.tell(input));
    }

    /// Tells what there is to say.
    pub(super) fn note(&self, notice: &Notice) {
        match notice {
            Notice::Report { report, carried_by } => self.say(report, *carried_by),
            Notice::Forgotten(object) => {
                if let Some(target) = Target::of(object) {
                    self.tell(Input::Unsaid(target));
                }
            }
            Notice::Acknowledged { generation, .. } => self.tell(Input::Acknowledged(*generation)),
            Notice::Published(_)
            | Notice::Rejected { .. }
            | Notice::Connected { .. }
            | Notice::Disconnected { .. } => {}
        }
    }

    fn say(&self, report: &Report, carried_by: u64) {
        if let Some(statement) = Statement::of(report, carried_by) {
            self.tell(Input::Said(Box::new(statement)));
        }
    }

    fn tell(&self, input: Input) {
        // Nobody listens during shutdown only.
        let _ = self.0.send(input);
    }
}

/// Where we stand: elected by a Lease, or always the leader.
fn elect(
    tasks: &mut Tasks,
    client: Client,
    election: &Election,
    identity: &str,
) -> anyhow::Result<news::Receiver<Standing>> {
    if election.disabled {
        return Ok(news::channel(Standing::Leads { until: Instant::now() + FOREVER }).1);
    }
    let settings = Settings {
        name: election.lease.name.to_string(),
        lease_duration: election.duration,
        renew_deadline: election.renew,
        retry_period: election.retry,
        ..Settings::new(&election.lease.namespace, identity)
    };
    let (candidate, standing) = Candidate::new(client, settings)?;
    let stop = tasks.stop.clone();
    tasks.start("the leader election", done(candidate.run(async move { stop.cancelled().await })));
    Ok(standing)
}

fn address(address: &StatusAddress) -> LoadBalancerIngress {
    match address {
        StatusAddress::Ip(ip) => {
            LoadBalancerIngress { ip: Some(ip.to_string()), ..LoadBalancerIngress::default() }
        }
        StatusAddress::Name(name) => {
            LoadBalancerIngress { hostname: Some(name.to_string()), ..LoadBalancerIngress::default() }
        }
    }
}

/// Who we are among the candidates: the Pod's name for people, and a number that no other process has.
fn identity() -> String {
    let pod = ["POD_NAME", "HOSTNAME"].iter().find_map(|name| std::env::var(name).ok());
    let number = RandomState::new().build_hasher().finish();
    format!("{}_{number:016x}", pod.as_deref().unwrap_or("isobath"))
}
