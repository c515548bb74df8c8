//! The leader's side.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use model::{FleetId, ObjectId, Problem, Report};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::dial::{Connect, Event, dial};
use crate::everywhere::Everywhere;
use crate::message::{Version, is_awaited};
use crate::progress::{Position, Progress};

/// How much a peer may say before it is heard.
const BACKLOG: usize = 64;

/// What the exchange is told.
#[derive(Debug, Clone)]
pub enum Input {
    /// There is something to tell of an object, whose configuration is in the publication or in one before it.
    Reported(Report, u64),
    /// There is nothing to tell of an object any more.
    Forgotten(ObjectId),
    /// All our Envoys of a fleet have acknowledged a publication, and all before it.
    Acknowledged(FleetId, u64),
    /// So many Envoys of a fleet are connected to us.
    Nodes(FleetId, usize),
    /// A fleet is no more. Another one of its name counts its publications anew.
    Dissolved(FleetId),
    /// These are the other controllers.
    Peers(BTreeSet<SocketAddr>),
    /// Whether we are the leader: the others are asked by the leader alone.
    Leads(bool),
}

/// What the leader learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// All Envoys of a fleet, of whichever controller, have what is in our publications up to this one.
    InForce(FleetId, u64),
    /// What Envoys of other controllers have against an object now.
    Rejected(ObjectId, Option<Problem>),
}

/// Asks the other controllers, while we are the leader.
pub struct Exchange {
    progress: Arc<Progress>,
    connect: Connect,
    addresses: BTreeSet<SocketAddr>,
    leading: Option<Leading>,
    tell: mpsc::Sender<(SocketAddr, Event)>,
    events: mpsc::Receiver<(SocketAddr, Event)>,
}

struct Leading {
    everywhere: Everywhere,
    in_force: BTreeMap<FleetId, u64>,
    peers: BTreeMap<SocketAddr, Link>,
}

struct Link {
    task: AbortHandle,
    asks: Option<mpsc::UnboundedSender<Vec<Version>>>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Exchange {
    /// An exchange with nobody yet.
    #[must_use]
    pub fn new(connect: Connect) -> Self {
        let (tell, events) = mpsc::channel(BACKLOG);
        Self { progress: Arc::default(), connect, addresses: BTreeSet::new(), leading: None, tell, events }
    }

    /// What peers are answered from.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Waits for what a peer has to say, and gives what follows from it.
    pub async fn heard(&mut self) -> Vec<News> {
        // We hold a sender ourselves: the channel is never closed.
        let Some((address, event)) = self.events.recv().await else { return std::future::pending().await };
        let Some(leading) = &mut self.leading else { return vec![] };
        let changed = leading.hear(address, event);
        leading.news(changed)
    }

    /// Takes in what happened, and gives what follows from it.
    pub fn handle(&mut self, input: Input) -> Vec<News> {
        match &input {
            Input::Reported(report, publication) => self.progress.reported(report, *publication),
            Input::Forgotten(object) => self.progress.forgotten(object),
            Input::Acknowledged(fleet, publication) => self.progress.acknowledged(fleet, *publication),
            Input::Nodes(fleet, count) => self.progress.nodes(fleet, *count),
            Input::Dissolved(fleet) => self.progress.dissolved(fleet),
            Input::Peers(addresses) => self.addresses.clone_from(addresses),
            Input::Leads(false) => self.leading = None,
            Input::Leads(true) if self.leading.is_none() => self.lead(),
            Input::Leads(true) => {}
        }
        let Some(leading) = &mut self.leading else { return vec![] };
        let mut changed = vec![];
        match input {
            Input::Reported(report, publication) => leading.reported(&report, publication),
            Input::Forgotten(object) => leading.everywhere.forgotten(&object),
            Input::Acknowledged(fleet, publication) => {
                leading.everywhere.own_acknowledged(&fleet, publication);
            }
            Input::Nodes(fleet, count) => leading.everywhere.own_nodes(&fleet, count),
            Input::Dissolved(fleet) => {
                leading.everywhere.dissolved(&fleet);
                leading.in_force.remove(&fleet);
            }
            Input::Peers(_) | Input::Leads(_) => {
                changed = leading.everywhere.peers_are(&self.addresses);
                leading.dial(&self.addresses, &self.connect, &self.tell);
            }
        }
        leading.news(changed)
    }

    fn lead(&mut self) {
        // What was said to us when we led before is not about now.
        while self.events.try_recv().is_ok() {}
        self.leading = Some(Leading::new(&self.progress));
    }
}

impl Leading {
    fn new(progress: &Progress) -> Self {
        let mut everywhere = Everywhere::default();
        let (acknowledged, nodes) = progress.reached();
        nodes.iter().for_each(|(fleet, count)| everywhere.own_nodes(fleet, *count));
        acknowledged.iter().for_each(|(fleet, publication)| everywhere.own_acknowledged(fleet, *publication));
        for (object, position) in progress.positions() {
            everywhere.reported(&object, position);
        }
        Self { everywhere, in_force: BTreeMap::new(), peers: BTreeMap::new() }
    }

    fn reported(&mut self, report: &Report, publication: u64) {
        if !is_awaited(&report.object) {
            return;
        }
        let generation = report.generation;
        let position = Position { generation, fleet: report.fleet.clone(), publication };
        self.everywhere.reported(&report.object, position);
        let version = Version::new(&report.object, generation);
        for asks in self.peers.values().filter_map(|link| link.asks.as_ref()) {
            // One that has just gone is asked again when it is back.
            let _ = asks.send(vec![version.clone()]);
        }
    }

    /// Keeps a connection to each of these.
    fn dial(
        &mut self,
        addresses: &BTreeSet<SocketAddr>,
        connect: &Connect,
        events: &mpsc::Sender<(SocketAddr, Event)>,
    ) {
        self.peers.retain(|address, _| addresses.contains(address));
        for address in addresses {
            self.peers.entry(*address).or_insert_with(|| {
                let task = tokio::spawn(dial(*address, connect.clone(), events.clone()));
                Link { task: task.abort_handle(), asks: None }
            });
        }
    }

    /// Gives the objects of which something else is rejected now.
    fn hear(&mut self, address: SocketAddr, event: Event) -> Vec<ObjectId> {
        let Some(link) = self.peers.get_mut(&address) else { return vec![] };
        match event {
            Event::Connected(asks) => {
                // One that has just gone is asked again when it is back.
                let _ = asks.send(self.everywhere.connected(address));
                link.asks = Some(asks);
                vec![]
            }
            Event::Said(word) => self.everywhere.said(address, &word),
            Event::Disconnected => {
                link.asks = None;
                self.everywhere.disconnected(address);
                vec![]
            }
            Event::Nobody => {
                self.everywhere.nobody(address);
                vec![]
            }
        }
    }

    fn news(&mut self, changed: Vec<ObjectId>) -> Vec<News> {
        let rejected = |object: ObjectId| {
            let problem = self.everywhere.rejection(&object);
            News::Rejected(object, problem)
        };
        let mut news: Vec<_> = changed.into_iter().map(rejected).collect();
        let fleets: Vec<FleetId> = self.everywhere.fleets().cloned().collect();
        for fleet in fleets {
            let Some(reached) = self.everywhere.in_force(&fleet) else { continue };
            if self.in_force.get(&fleet).is_none_or(|before| *before < reached) {
                self.everywhere.settle(&fleet, reached);
                self.in_force.insert(fleet.clone(), reached);
                news.push(News::InForce(fleet, reached));
            }
        }
        news
    }
}
