//! The world of a cluster: what the API server has, and every change of it.
//!
//! Each kind is listed and then followed by a watch of its own. What is known stays known while the API server is
//! away; when it is back, only what changed meanwhile is told. How many watches there are depends on the kinds and
//! the namespaces alone.

mod decode;
mod events;
mod failure;
mod follow;
mod gather;
mod kinds;
mod known;
mod pages;
mod pause;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use model::Report;
use store::Change;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use follow::Follower;
use gather::gather;
pub(crate) use kinds::gateway_api_definitions;
use kinds::{Target, WATCHED};
pub use tally::{State, Tallies, Tally};

/// News that wait to be gathered; watches that are ahead of the engine wait.
const BACKLOG: usize = 1024;

/// What is watched, and how patiently.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The namespaces that are read; empty: all.
    pub namespaces: Vec<Arc<str>>,
    /// Whether the namespaces themselves, and their labels, are read whichever are; else they are when all are.
    pub namespace_labels: bool,
    /// Which Secrets are read, by their labels; `None`: all.
    pub secret_labels: Option<&'static str>,
    /// Kinds that are not read.
    pub without: Vec<api::Kind>,
    /// Whether to ask for lists as streams, which cost the API server less; one that has none is asked for pages.
    pub streams: bool,
    /// The pause after a failure; it grows with each further one.
    pub first_pause: Duration,
    /// Up to this. Short, because what is waiting when the API server comes back waits for this too.
    pub longest_pause: Duration,
    /// The longest pause before the API server is asked again for a kind that it does not have.
    pub longest_absence: Duration,
    /// A stream that is silent for so long is broken: the API server says something once in a minute.
    pub silence: Duration,
    /// A list that comes as a stream must say something in this time, else pages are asked for.
    pub silence_in_list: Duration,
    /// How long a list is not believed that lacks most of what was known, and that nobody was told to be gone: an API
    /// server with an old or an empty storage is more likely.
    pub disbelief: Duration,
    /// How old a list may become, should an event ever be lost.
    pub relist: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespaces: vec![],
            namespace_labels: false,
            secret_labels: None,
            without: vec![],
            streams: true,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(4),
            longest_absence: Duration::from_secs(10),
            silence: Duration::from_secs(90),
            silence_in_list: Duration::from_secs(10),
            disbelief: Duration::from_secs(30),
            relist: Duration::from_secs(30 * 60),
        }
    }
}

/// What happened in the cluster since the batch before: everything that was ready.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Objects that came, changed or went, in order.
    pub changes: Vec<Change>,
    /// Objects that cannot be read. Among the changes each is removed: nothing of it is served.
    pub unreadable: Vec<Unreadable>,
    /// Whether, with this batch for the first time, everything that there is has been told.
    pub synced: bool,
}

/// An object that cannot be read.
#[derive(Debug, Clone)]
pub struct Unreadable {
    /// What there is to say about it.
    pub report: Report,
    /// Its metadata and its status, where those can be read.
    pub object: Option<api::Object>,
}

/// The watches of a cluster.
pub struct Watches {
    client: Client,
    settings: Arc<Settings>,
    targets: Vec<Target>,
    tallies: Tallies,
}

impl Watches {
    /// Watches that have not begun.
    #[must_use]
    pub fn new(client: Client, settings: Settings) -> Self {
        let kinds = WATCHED.iter().filter(|watched| !settings.without.contains(&watched.kind));
        let targets: Vec<_> = kinds.flat_map(|watched| Target::of_kind(watched, &settings)).collect();
        let tallies = Tallies::new(targets.iter().map(|target| target.watched.kind));
        Self { client, settings: Arc::new(settings), targets, tallies }
    }

    /// How the watches fare, while they run too.
    #[must_use]
    pub fn tallies(&self) -> Tallies {
        self.tallies.clone()
    }

    /// Tells what the cluster has, and follows it until nobody takes the batches any more.
    ///
    /// # Errors
    /// When a watch ended by a panic.
    pub async fn run(self, batches: mpsc::Sender<Batch>) -> Result<(), JoinError> {
        let (news, heard) = mpsc::channel(BACKLOG);
        let expected = self.targets.len();
        let mut followers = JoinSet::new();
        for (number, target) in self.targets.into_iter().enumerate() {
            let (client, settings) = (self.client.clone(), Arc::clone(&self.settings));
            let tally = self.tallies.of(number);
            followers.spawn(Follower::new(client, number, target, settings, tally, news.clone()).run());
        }
        drop(news);
        tokio::select! {
            () = gather(heard, expected, batches) => Ok(()),
            Some(ended) = followers.join_next() => ended,
        }
    }
}
