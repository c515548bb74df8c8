//! One controller without xDS: it watches, judges and writes statuses. Its Envoys acknowledge whatever comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::http_proxy::status::LoadBalancerIngress;
use kube::Client;
use kube::client::Body;
use kubernetes::lease::{Candidate, Role, Settings as Election};
use kubernetes::status::Writer;
use kubernetes::watch::{Batch, Settings, Watches};
use model::FleetId;
use runtime::{Controller, Input, Notice, Options};
use status::{Statement, Target};
use store::Change;
use testbed::Bed;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

type Tell = mpsc::UnboundedSender<status::Input>;

/// A controller that runs; dropped, it is killed.
pub(crate) struct Replica {
    /// How many statuses it has written, or tried to.
    pub(crate) writes: Arc<AtomicUsize>,
    role: watch::Receiver<Role>,
    shutdown: Option<oneshot::Sender<()>>,
    tasks: JoinSet<()>,
}

impl Replica {
    pub(crate) fn start(bed: &Bed, name: &str) -> Self {
        Self::start_with(bed, Election::new(&bed.namespace, name), vec![])
    }

    /// One whose lease is short.
    pub(crate) fn start_hasty(bed: &Bed, name: &str) -> Self {
        let election = Election {
            lease_duration: Duration::from_secs(3),
            renew_deadline: Duration::from_secs(2),
            retry_period: Duration::from_millis(500),
            ..Election::new(&bed.namespace, name)
        };
        Self::start_with(bed, election, vec![])
    }

    /// One that knows where clients get in.
    pub(crate) fn start_behind(bed: &Bed, address: LoadBalancerIngress) -> Self {
        Self::start_with(bed, Election::new(&bed.namespace, "a"), vec![address])
    }

    fn start_with(bed: &Bed, election: Election, addresses: Vec<LoadBalancerIngress>) -> Self {
        let writes = Arc::new(AtomicUsize::new(0));
        let client = counting(bed.client.clone(), &writes);
        let identity = election.identity.clone();
        let (candidate, role) = Candidate::new(client.clone(), election).expect("the periods make sense");
        let (writer, tell) = Writer::new(client.clone(), &identity, role.clone());
        for input in
            [status::Input::Addresses(addresses), status::Input::Acknowledged(FleetId::ingress(), u64::MAX)]
        {
            drop(tell.send(input));
        }
        let (controller, notices) = Controller::new(Options::default());
        let settings = Settings { namespaces: vec![bed.namespace.as_str().into()], ..Settings::default() };
        let (inputs, received) = mpsc::channel(1);
        let (batches, batched) = mpsc::channel(1);
        let (shutdown, stop) = oneshot::channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(candidate.run(async { drop(stop.await) }));
        tasks.spawn(writer.run());
        tasks.spawn(controller.run(received));
        tasks.spawn(changes(batched, inputs, tell.clone()));
        tasks.spawn(told(notices, tell));
        let watches = Watches::new(client, settings);
        tasks.spawn(async { watches.run(batches).await.expect("no watch panics") });
        Self { writes, role, shutdown: Some(shutdown), tasks }
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// Waits until it does not lead.
    pub(crate) async fn follows(&self) {
        let mut role = self.role.clone();
        role.wait_for(|role| *role == Role::Follower).await.expect("the candidate runs");
    }

    /// Ends it as a signal does: it gives the Lease back.
    pub(crate) async fn end(mut self) {
        drop(self.shutdown.take());
        self.tasks.join_next().await.expect("it runs").expect("the candidate ends");
    }
}

/// A client that counts the statuses it is to write.
pub(super) fn counting(client: Client, writes: &Arc<AtomicUsize>) -> Client {
    let writes = Arc::clone(writes);
    let service = tower::service_fn(move |request: http::Request<Body>| {
        if request.method() == http::Method::PATCH {
            writes.fetch_add(1, Ordering::SeqCst);
        }
        let client = client.clone();
        async move { client.send(request).await }
    });
    Client::new(service, "default")
}

async fn changes(mut batches: mpsc::Receiver<Batch>, inputs: mpsc::Sender<Input>, tell: Tell) {
    while let Some(Batch { changes, unreadable, synced }) = batches.recv().await {
        changes.iter().filter_map(kubernetes::status::input).for_each(|input| drop(tell.send(input)));
        let objects = unreadable.iter().filter_map(|each| each.object.clone().map(Change::Applied));
        objects
            .filter_map(|change| kubernetes::status::input(&change))
            .for_each(|input| drop(tell.send(input)));
        let reports = unreadable.into_iter().map(|each| each.report).collect();
        for input in [Input::Changes(changes), Input::Unreadable(reports)] {
            drop(inputs.send(input).await);
        }
        if synced {
            drop(inputs.send(Input::Synced).await);
        }
    }
}

async fn told(mut notices: mpsc::UnboundedReceiver<Notice>, tell: Tell) {
    while let Some(notice) = notices.recv().await {
        let input = match notice {
            Notice::Report { report, carried_by } => {
                Statement::of(&report, carried_by).map(|said| status::Input::Said(Box::new(said)))
            }
            Notice::Forgotten(object) => Target::of(&object).map(status::Input::Unsaid),
            _ => None,
        };
        input.into_iter().for_each(|input| drop(tell.send(input)));
    }
}
