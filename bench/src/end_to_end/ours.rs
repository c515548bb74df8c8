//! The whole way: a folder that is watched, the controller, mutual TLS, a real Envoy.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use files::{Folder, FolderChange, Reload, WatchSettings};
use model::Layout;
use runtime::{Input, Notice, Published};
use tempfile::TempDir;
use testkit::{Envoy, Port};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::manifests::{Manifests, Save};
use super::{PAUSE, applied, poll};
use crate::controller::Running;
use crate::envoys::{launch, settings, wait_for};

/// How many hosts there are where a file is saved often.
const HOSTS: usize = 1_000;
/// How long a step inside the controller may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The product, following a folder.
pub(super) struct Ours {
    /// First: it must not see the folder go.
    _following: AbortOnDropHandle<()>,
    manifests: Manifests,
    events: mpsc::UnboundedReceiver<(Instant, Happened)>,
    http: Port,
    _ports: [Port; 2],
    _envoy: Envoy,
    _credentials: TempDir,
}

/// What one change took, from just before the file was saved.
pub(super) struct Parts {
    /// Until the first 200.
    pub(super) total: Duration,
    /// Until the changed objects were known.
    pub(super) watcher: Duration,
    /// Time of the engine.
    pub(super) engine: Duration,
    /// From the objects until the streams were woken, without the engine.
    pub(super) publish: Duration,
    /// From there until the first 200.
    pub(super) envoy: Duration,
    /// From the engine's end until the acknowledgement was known.
    pub(super) acknowledged: Duration,
}

/// What is seen of a change on its way.
enum Happened {
    Read,
    Published(Published),
    Acknowledged { generation: u64, after: Duration },
    Rejected(String),
}

impl Ours {
    /// Reads the folder, starts everything, and waits until Envoy is in step.
    pub(super) async fn start(layout: Layout, manifests: Manifests) -> Self {
        let (settings, [http, https, stats]) = settings(layout);
        let running = Running::start(settings).await;
        let credentials = tempfile::tempdir().expect("a temporary folder");
        running.write_client(credentials.path());
        let folder = Arc::new(Mutex::new(Folder::new([manifests.path()])));
        let reload = folder.lock().unwrap_or_else(PoisonError::into_inner).reload();
        running.send(Input::Changes(objects(reload, &folder))).await;
        running.send(Input::Synced).await;
        let envoy = launch("ours", running.address, Some(credentials.path()));
        let (happened, events) = mpsc::unbounded_channel();
        let following = AbortOnDropHandle::new(tokio::spawn(follow(running, folder, happened)));
        wait_for(http.address()).await;
        let mut ours = Self {
            _following: following,
            manifests,
            events,
            http,
            _ports: [https, stats],
            _envoy: envoy,
            _credentials: credentials,
        };
        ours.first_configuration().await;
        ours
    }

    /// One change.
    pub(super) async fn once(&mut self, how: Save) -> Parts {
        let (began, answered) = poll(self.http.address(), 200, || self.manifests.save(how, true)).await;
        let [read, published, acknowledged] = self.see_through().await;
        let (read_at, Happened::Read) = read else { panic!("a change is read first") };
        let (published_at, Happened::Published(Published { engine_time: engine, .. })) = published else {
            panic!("then it is published")
        };
        let (_, Happened::Acknowledged { after, .. }) = acknowledged else { panic!("then acknowledged") };
        poll(self.http.address(), 404, || self.manifests.save(how, false)).await;
        self.see_through().await;
        tokio::time::sleep(PAUSE).await;
        Parts {
            total: answered - began,
            watcher: read_at - began,
            engine,
            publish: (published_at - read_at).saturating_sub(engine),
            envoy: answered.saturating_duration_since(published_at),
            acknowledged: after,
        }
    }

    /// The three events of one change.
    async fn see_through(&mut self) -> [(Instant, Happened); 3] {
        [self.next().await, self.next().await, self.next().await]
    }

    async fn first_configuration(&mut self) {
        let mut newest = 0;
        loop {
            match self.next().await.1 {
                Happened::Published(published) => newest = published.generation,
                Happened::Acknowledged { generation, .. } if generation == newest => return,
                Happened::Acknowledged { .. } | Happened::Read => {}
                Happened::Rejected(_) => {}
            }
        }
    }

    async fn next(&mut self) -> (Instant, Happened) {
        let event = tokio::time::timeout(LIMIT, self.events.recv()).await;
        let (at, happened) = event.expect("the change goes on").expect("the follower runs");
        if let Happened::Rejected(why) = &happened {
            panic!("rejected: {why}");
        }
        (at, happened)
    }
}

/// Saves a file of a folder that is followed, again and again. Nobody is connected.
pub(super) async fn save_often(times: usize) {
    let manifests = Manifests::new(HOSTS, 1);
    let running = Running::start(settings(Layout::Scoped).0).await;
    let folder = Arc::new(Mutex::new(Folder::new([manifests.path()])));
    let reload = folder.lock().unwrap_or_else(PoisonError::into_inner).reload();
    running.send(Input::Changes(objects(reload, &folder))).await;
    running.send(Input::Synced).await;
    let (happened, mut events) = mpsc::unbounded_channel();
    let _following = AbortOnDropHandle::new(tokio::spawn(follow(running, folder, happened)));
    let mut next = async || tokio::time::timeout(LIMIT, events.recv()).await.expect("the change goes on");
    next().await;
    for turn in 0..times {
        let how = if turn % 4 < 2 { Save::Rename } else { Save::Overwrite };
        manifests.save(how, turn % 2 == 0);
        for _ in ["read", "published"] {
            next().await;
        }
    }
}

/// Hands what the watcher sees to the controller, and tells when things happened.
async fn follow(
    mut running: Running,
    folder: Arc<Mutex<Folder>>,
    happened: mpsc::UnboundedSender<(Instant, Happened)>,
) {
    let (batches, mut reloads) = mpsc::channel(16);
    let mut watching = std::pin::pin!(files::watch(Arc::clone(&folder), WatchSettings::default(), batches));
    loop {
        let event = tokio::select! {
            ended = &mut watching => panic!("the watcher has ended: {ended:?}"),
            Some(reload) = reloads.recv() => {
                let at = Instant::now();
                running.send(Input::Changes(objects(reload, &folder))).await;
                Some((at, Happened::Read))
            }
            Some(notice) = running.notices.recv() => of_notice(notice).map(|event| (Instant::now(), event)),
        };
        if let Some(event) = event
            && happened.send(event).is_err()
        {
            return;
        }
    }
}

/// The changed objects, checked as `isobath up` checks them.
fn objects(reload: Reload, folder: &Mutex<Folder>) -> Vec<store::Change> {
    let folder = folder.lock().unwrap_or_else(PoisonError::into_inner);
    let mut wrong: Vec<_> = reload.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect();
    for change in &reload.changes {
        if let FolderChange::Applied(object) = change {
            wrong.extend(folder.violations(&object.id()).into_iter().map(|violation| violation.message));
        }
    }
    assert!(wrong.is_empty(), "in the manifests: {wrong:?}");
    reload.changes.into_iter().map(applied).collect()
}

fn of_notice(notice: Notice) -> Option<Happened> {
    match notice {
        Notice::Published(published) => Some(Happened::Published(published)),
        Notice::Acknowledged { generation, after, .. } => Some(Happened::Acknowledged { generation, after }),
        Notice::Rejected { rejection, .. } => Some(Happened::Rejected(rejection.message)),
        Notice::Report { .. }
        | Notice::Forgotten(_)
        | Notice::Dissolved(_)
        | Notice::Connected { .. }
        | Notice::Disconnected { .. } => None,
    }
}
