//! Who writes statuses, and what whoever does is told.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::http_proxy::status::LoadBalancerIngress;
use certs::{PEERS, TlsFiles};
use clap::{Args, ValueEnum};
use config::{Serving, StatusAddress, XdsSecurity};
use kubernetes::lease::{self, Candidate, OwnerReference, Role};
use kubernetes::status::{Observe, Writer, follow_service, input};
use kubernetes::watch::{Batch, State, Tallies};
use kubernetes::{Client, Configured, Pod, follow_gateways, follow_peers, follow_releases};
use peers::Connect;
use runtime::Notice;
use status::Input;
use store::Change;
use tokio::sync::{mpsc, watch};

use super::everywhere::{Everywhere, answer};
use super::metrics::Writes;
use super::session::{Tasks, done};
use super::tenancy::Tenancy;

/// The name in the certificates of controllers.
const CONTROLLER: &str = "isobath";
/// Connections of other controllers that wait to be answered.
const WAITING: usize = 16;
/// How often it is looked which channel of the Gateway API the cluster has.
const LOOKS: Duration = Duration::from_secs(1);

/// What flags say about statuses.
#[derive(Debug, Clone, Args)]
pub(super) struct StatusArguments {
    /// Whether statuses are written; a controller that only looks on, beside another one, writes none.
    #[arg(long, value_enum, default_value_t = Status::On)]
    status: Status,
    /// The Service of the controllers, by which they find one another.
    #[arg(long, default_value = CONTROLLER, value_name = "NAME")]
    controller_service_name: String,
    /// What this controller is called among its like.
    #[arg(long, env = "POD_NAME", hide = true)]
    pod_name: Option<String>,
    /// The uid of its Pod.
    #[arg(long, env = "POD_UID", hide = true)]
    pod_uid: Option<String>,
    /// The address at which the others would find it; without one it asks nobody.
    #[arg(long, env = "POD_IP", hide = true)]
    pod_ip: Option<IpAddr>,
}

impl StatusArguments {
    /// The Pod that Events of the controller itself are about; nothing when none are to be written, or when it does not
    /// know which Pod it is.
    pub(super) fn pod(&self, namespace: &str) -> Option<Pod> {
        let known = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (name, uid) = known(&self.pod_name).zip(known(&self.pod_uid))?;
        self.are_written().then(|| Pod { namespace: namespace.to_owned(), name, uid })
    }

    /// The name under which controllers in a namespace are found from every other one.
    pub(super) fn controllers(&self, namespace: &str) -> String {
        format!("{}.{namespace}.svc", self.controller_service_name)
    }

    /// Whether statuses and Events are written.
    pub(super) fn are_written(&self) -> bool {
        self.status == Status::On
    }

    /// Who we are among the candidates: the Pod's name for people, and a number that no other process has.
    pub(super) fn identity(&self) -> String {
        let number = RandomState::new().build_hasher().finish();
        let name = self.pod_name.as_deref().filter(|name| !name.is_empty());
        format!("{}_{number:016x}", name.unwrap_or(CONTROLLER))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    /// They are.
    On,
    /// They are not.
    Off,
}

/// Where whoever writes statuses is told what happens.
#[derive(Clone)]
pub(super) struct Statuses {
    notices: mpsc::UnboundedSender<Notice>,
    objects: mpsc::UnboundedSender<Input>,
}

/// The Gateways that are served, beside controllers of the same name.
#[derive(Clone, Copy)]
pub(super) struct Gateways<'a> {
    /// The name, by which classes choose it.
    pub(super) controller: &'a str,
    /// Where this controller runs: with the shared ones there are the Envoys that all Gateways of a class share.
    pub(super) namespace: &'a str,
    pub(super) tenancy: &'a Tenancy,
}

/// What others need to know.
pub(super) struct Seams {
    /// Whether this controller writes statuses.
    pub(super) leads: watch::Receiver<bool>,
    /// How writing fares.
    pub(super) writes: Arc<Writes>,
    /// Takes the other controllers that come.
    pub(super) peers: Option<xds::Peers>,
}

impl Statuses {
    /// Starts to write statuses, whenever this controller leads; they are written by a client of their own.
    pub(super) fn start(
        tasks: &mut Tasks,
        client: &Client,
        writer: Client,
        serving: &Serving,
        arguments: &StatusArguments,
        gateways: Option<Gateways<'_>>,
    ) -> anyhow::Result<(Self, Seams)> {
        let identity = arguments.identity();
        let owner = gateways.and_then(|gateways| gateways.tenancy.owner());
        let role = elect(tasks, client, serving, arguments, (&identity, owner))?;
        let (writer, objects) = Writer::new(writer, &identity, role.clone());
        let writes = Arc::<Writes>::default();
        let writer = match gateways {
            None => writer,
            Some(gateways @ Gateways { controller, tenancy, .. }) => {
                follow_addresses(tasks, client, gateways, &objects);
                match tenancy.only() {
                    None => writer.named(controller),
                    Some(_) => writer.dedicated(controller),
                }
            }
        };
        let writer = writer.observed_by(Arc::clone(&writes) as Arc<dyn Observe>);
        tasks.start_until_stop("statuses", done(writer.run()));
        addresses(tasks, client, serving, &objects);

        let leads = leads(tasks, role);
        let files = files(&serving.xds_security);
        let controllers = controllers(tasks, client, serving, arguments, files.is_some());
        // Without certificates nobody is asked, and nobody answered.
        let connect = Connect::tls(&CONTROLLER.try_into()?, files.clone().unwrap_or_else(nowhere));
        let everywhere = Everywhere::new(connect);
        let peers = files.map(|_| {
            let (accepted, coming) = mpsc::channel(WAITING);
            let answers = answer(everywhere.progress(), coming);
            tasks.start_until_stop("the answers to other controllers", done(answers));
            xds::Peers { protocol: PEERS, name: CONTROLLER.into(), accepted }
        });
        let (notices, noticed) = mpsc::unbounded_channel();
        let run = everywhere.run(noticed, controllers, leads.clone(), objects.clone());
        tasks.start_until_stop("what all Envoys have", done(run));
        Ok((Self { notices, objects }, Seams { leads, writes, peers }))
    }

    /// Tells which object everything is configured by.
    pub(super) fn configured_by(&self, configured: Option<&Configured>) {
        configured.into_iter().flat_map(Configured::in_force).for_each(|input| self.tell(input));
    }

    /// Tells which channel of the Gateway API the watches find, and which release.
    pub(super) fn follow_gateway_api(&self, tasks: &mut Tasks, tallies: Tallies, client: Client) {
        let channel = channel(tallies, self.objects.clone());
        tasks.start_until_stop("the channel of the Gateway API", done(channel));
        let releases = follow_releases(client, self.objects.clone());
        tasks.start_until_stop("the release of the Gateway API", done(releases));
    }

    /// Tells what the cluster has.
    pub(super) fn observe(&self, batch: &Batch) {
        batch.changes.iter().filter_map(input).for_each(|input| self.tell(input));
        // After the changes, where they are gone: nothing of them is served, but they have a status.
        let unreadable = batch.unreadable.iter().filter_map(|unreadable| unreadable.object.clone());
        let applied = unreadable.map(Change::Applied);
        applied.filter_map(|change| input(&change)).for_each(|input| self.tell(input));
    }

    /// Tells what there is to say.
    pub(super) fn note(&self, notice: Notice) {
        // Nobody listens during shutdown only.
        let _ = self.notices.send(notice);
    }

    /// Tells whoever writes statuses.
    pub(super) fn tell(&self, input: Input) {
        // Nobody listens during shutdown only.
        let _ = self.objects.send(input);
    }
}

/// Where this controller stands, now and later.
fn elect(
    tasks: &mut Tasks,
    client: &Client,
    serving: &Serving,
    arguments: &StatusArguments,
    (identity, owner): (&str, Option<OwnerReference>),
) -> anyhow::Result<watch::Receiver<Role>> {
    let election = &serving.election;
    if !arguments.are_written() {
        return Ok(always(Role::Follower));
    }
    if election.disabled {
        let never = std::time::Instant::now() + std::time::Duration::from_secs(100 * 365 * 86_400);
        return Ok(always(Role::Leader { until: never }));
    }
    let settings = lease::Settings {
        namespace: election.lease.namespace.to_string(),
        name: election.lease.name.to_string(),
        owner,
        identity: identity.to_owned(),
        lease_duration: election.duration,
        renew_deadline: election.renew,
        retry_period: election.retry,
    };
    let (candidate, role) = Candidate::new(client.clone(), settings)?;
    let stop = tasks.stop.clone();
    tasks.start("the election", done(candidate.run(async move { stop.cancelled().await })));
    Ok(role)
}

fn always(role: Role) -> watch::Receiver<Role> {
    watch::channel(role).1
}

/// Where clients get in, for the statuses of objects.
fn addresses(tasks: &mut Tasks, client: &Client, serving: &Serving, tell: &mpsc::UnboundedSender<Input>) {
    if serving.status_addresses.is_empty() {
        let (service, client, tell) = (serving.envoy_service.clone(), client.clone(), tell.clone());
        tasks.start_until_stop("the addresses of Envoys", async move {
            follow_service(client, &service.namespace, &service.name, tell).await;
            Ok(())
        });
        return;
    }
    let addresses = serving.status_addresses.iter().map(address).collect();
    // The writer is there as long as the session.
    let _ = tell.send(Input::Addresses(addresses));
}

/// Where clients reach Gateways, whoever provisions their Envoys.
fn follow_addresses(
    tasks: &mut Tasks,
    client: &Client,
    gateways: Gateways<'_>,
    tell: &mpsc::UnboundedSender<Input>,
) {
    let Gateways { namespace, tenancy, .. } = gateways;
    let (told, mut heard) = mpsc::unbounded_channel();
    let only = tenancy.only().map(|only| Arc::clone(&only.namespace));
    let following = follow_gateways(client.clone(), namespace.to_owned(), only, told);
    tasks.start_until_stop("the Services of Gateways", done(following));
    let tell = tell.clone();
    tasks.start_until_stop("the addresses of Gateways", async move {
        while let Some((owner, reached)) = heard.recv().await {
            let addresses = reached.map_or_else(Vec::new, |reached| reached.addresses);
            // The writer is there as long as the session.
            let _ = tell.send(Input::GatewayAddresses(owner.into(), addresses));
        }
        Ok(())
    });
}

/// Which channel of the Gateway API the cluster has, as it comes and goes: one kind is in the experimental one alone.
async fn channel(tallies: Tallies, tell: mpsc::UnboundedSender<Input>) {
    let mut looks = tokio::time::interval(LOOKS);
    loop {
        looks.tick().await;
        let mut theirs = tallies.iter().filter(|tally| tally.kind() == api::Kind::XBackendTrafficPolicy);
        let known = theirs.find_map(|tally| match tally.state() {
            State::Current => Some(true),
            State::Absent => Some(false),
            State::Waiting | State::Failing => None,
        });
        if known.is_some_and(|experimental| tell.send(Input::Experimental(experimental)).is_err()) {
            return;
        }
    }
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

/// Whether this controller leads.
fn leads(tasks: &mut Tasks, mut role: watch::Receiver<Role>) -> watch::Receiver<bool> {
    let is_leader = |role: &Role| matches!(role, Role::Leader { .. });
    let (lead, leads) = watch::channel(is_leader(&role.borrow_and_update()));
    tasks.start_until_stop("the role", async move {
        while role.changed().await.is_ok() {
            let now = is_leader(&role.borrow_and_update());
            lead.send_if_modified(|before| std::mem::replace(before, now) != now);
        }
        // Nothing changes any more.
        std::future::pending::<anyhow::Result<()>>().await
    });
    leads
}

pub(super) fn files(security: &XdsSecurity) -> Option<TlsFiles> {
    let XdsSecurity::Mutual { ca, certificate, key } = security else { return None };
    let [ca, certificate, key] = [ca, certificate, key].map(|path| Path::new(&**path).to_owned());
    Some(TlsFiles { ca, certificate, key })
}

fn nowhere() -> TlsFiles {
    let [ca, certificate, key] = Default::default();
    TlsFiles { ca, certificate, key }
}

/// Where the other controllers are, now and later.
fn controllers(
    tasks: &mut Tasks,
    client: &Client,
    serving: &Serving,
    arguments: &StatusArguments,
    have_certificates: bool,
) -> watch::Receiver<BTreeSet<SocketAddr>> {
    let (peers, found) = watch::channel(BTreeSet::new());
    if let Some(own) = arguments.pod_ip.filter(|_| have_certificates) {
        let (client, namespace) = (client.clone(), Arc::clone(&serving.election.lease.namespace));
        let service = arguments.controller_service_name.clone();
        tasks.start_until_stop("the addresses of other controllers", async move {
            follow_peers(client, &namespace, &service, Some(own), peers).await;
            Ok(())
        });
    }
    found
}
