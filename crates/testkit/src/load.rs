//! Requests without end, to prove that none fails while something changes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::{Answer, Connection, Failure, Request, eventually};

/// When a client opens a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Once, and again when the server closed it.
    KeepAlive,
    /// For each request.
    NewConnections,
}

/// Judges an answer: a label to count it under, or what is wrong with it.
type Expectation = Arc<dyn Fn(&Answer) -> Result<String, String> + Send + Sync>;

/// A load: clients that each send the request again as soon as they have its answer.
#[derive(Clone)]
pub struct Load {
    request: Request,
    clients: usize,
    mode: Mode,
    pause: Duration,
    expectation: Expectation,
}

impl Load {
    /// Four clients that keep their connections, pause a millisecond after each answer, and expect 200
    /// from a [`crate::Backend`]; answers are counted by the backend's name.
    pub fn new(request: Request) -> Self {
        let (mode, pause) = (Mode::KeepAlive, Duration::from_millis(1));
        Self { request, clients: 4, mode, pause, expectation: Arc::new(expect_backend) }
    }

    /// With so many clients.
    #[must_use]
    pub fn clients(mut self, clients: usize) -> Self {
        self.clients = clients;
        self
    }

    /// With connections opened so.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// With another pause after each answer.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// With another judge: a label to count the answer under, or what is wrong with it.
    #[must_use]
    pub fn expect(
        mut self,
        judge: impl Fn(&Answer) -> Result<String, String> + Send + Sync + 'static,
    ) -> Self {
        self.expectation = Arc::new(judge);
        self
    }

    /// Starts it, on the runtime of the caller.
    pub fn start(self) -> RunningLoad {
        let shared = Arc::new(Shared::default());
        let mut clients = JoinSet::new();
        for _ in 0..self.clients {
            clients.spawn(client(self.clone(), Arc::clone(&shared)));
        }
        RunningLoad { shared, clients }
    }
}

fn expect_backend(answer: &Answer) -> Result<String, String> {
    match (answer.code(), answer.seen()) {
        (200, Some(seen)) => Ok(seen.service),
        (code, _) => Err(format!("status {code}: {}", answer.text())),
    }
}

/// A load that runs. Dropping it cuts its requests.
pub struct RunningLoad {
    shared: Arc<Shared>,
    clients: JoinSet<()>,
}

/// What became of a load's requests.
#[derive(Clone, Debug, Default)]
pub struct LoadReport {
    /// The answers as expected, by label.
    pub answers: BTreeMap<String, u64>,
    /// How many requests got another answer, or none.
    pub failures: u64,
    /// The first hundred of these: when, since the start, and what.
    pub first_failures: Vec<(Duration, String)>,
    /// The connections that were opened.
    pub connections: u64,
    /// The longest wait for an answer.
    pub slowest: Duration,
}

struct Shared {
    began: Instant,
    stopping: AtomicBool,
    finished: AtomicU64,
    report: Mutex<LoadReport>,
}

impl Default for Shared {
    fn default() -> Self {
        let (stopping, finished) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { began: Instant::now(), stopping, finished, report: Mutex::default() }
    }
}

impl RunningLoad {
    /// How many requests are finished, well or badly.
    pub fn finished(&self) -> u64 {
        self.shared.finished.load(Ordering::Acquire)
    }

    /// Waits until so many more requests are finished: that something has been under load.
    pub async fn more(&self, requests: u64) {
        let wanted = self.finished() + requests;
        eventually("the load goes on", async || match self.finished() {
            finished if finished >= wanted => Ok(()),
            finished => Err(format!("{finished} requests of {wanted} are finished")),
        })
        .await;
    }

    /// How it stands.
    pub fn report(&self) -> LoadReport {
        self.shared.report().clone()
    }

    /// Lets each client finish its request, and gives the account.
    pub async fn stop(mut self) -> LoadReport {
        self.shared.stopping.store(true, Ordering::Release);
        while let Some(ended) = self.clients.join_next().await {
            ended.expect("a client of the load panicked");
        }
        self.report()
    }
}

impl LoadReport {
    /// The answers that were as expected.
    pub fn good(&self) -> u64 {
        self.answers.values().sum()
    }

    /// Panics unless requests were sent and each was answered as expected.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.failures == 0, "{} of {} requests failed: {self:#?}", self.failures, self.total());
        assert!(self.good() > 0, "no request was sent");
    }

    fn total(&self) -> u64 {
        self.good() + self.failures
    }
}

impl Shared {
    fn report(&self) -> MutexGuard<'_, LoadReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, outcome: Result<String, String>, waited: Duration) {
        let mut report = self.report();
        report.slowest = report.slowest.max(waited);
        match outcome {
            Ok(label) => *report.answers.entry(label).or_default() += 1,
            Err(reason) => {
                report.failures += 1;
                if report.first_failures.len() < 100 {
                    report.first_failures.push((self.began.elapsed(), reason));
                }
            }
        }
        drop(report);
        self.finished.fetch_add(1, Ordering::Release);
    }
}

async fn client(load: Load, shared: Arc<Shared>) {
    let mut connection = None;
    while !shared.stopping.load(Ordering::Acquire) {
        let began = Instant::now();
        let outcome = ask(&load, &shared, &mut connection).await;
        if load.mode == Mode::NewConnections || outcome.is_err() {
            connection = None;
        }
        let judged =
            outcome.map_err(|failure| failure.to_string()).and_then(|answer| (load.expectation)(&answer));
        shared.record(judged, began.elapsed());
        tokio::time::sleep(load.pause).await;
    }
}

/// One request. A server may close an idle connection at any time, so one that was closed before the
/// request was sent is opened again; one that is lost with a request on it is a failure.
async fn ask(load: &Load, shared: &Shared, connection: &mut Option<Connection>) -> Result<Answer, Failure> {
    loop {
        let open = match connection.take().filter(|connection| !connection.is_closed()) {
            Some(open) => connection.insert(open),
            None => {
                shared.report().connections += 1;
                connection.insert(load.request.connect().await?)
            }
        };
        match open.send(&load.request).await {
            Err(Failure::NotSent) => *connection = None,
            outcome => return outcome,
        }
    }
}
