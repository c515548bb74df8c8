//! A client that asks one host without a pause, and counts the answers that should not be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use testkit::Request;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long anything may take to be answered.
const PATIENCE: Duration = Duration::from_secs(300);

/// The client. It ends when it is stopped, and then says how many answers were wrong.
pub(crate) struct Traffic {
    seen: watch::Receiver<Seen>,
    stop: Arc<AtomicBool>,
    client: JoinHandle<u64>,
}

/// What came so far.
#[derive(Default)]
struct Seen {
    answers: u64,
    /// When the first 200 came.
    first: Option<Instant>,
    /// Who has answered last.
    backend: String,
}

impl Traffic {
    /// Asks. Right are answers with the code `before` until the first 200, and only 200 from then on.
    pub(crate) fn start(request: Request, before: u16) -> Self {
        let (see, seen) = watch::channel(Seen::default());
        let stop = Arc::new(AtomicBool::new(false));
        let client = tokio::spawn(ask(request, before, see, Arc::clone(&stop)));
        Self { seen, stop, client }
    }

    /// Waits until a backend answers, and says how long it took.
    pub(crate) async fn is_answered_by(&self, backend: &str) -> Duration {
        let began = Instant::now();
        self.until(|seen| seen.backend == backend).await;
        began.elapsed()
    }

    /// Waits for so many more answers.
    pub(crate) async fn more(&self, answers: u64) {
        let wanted = self.seen.borrow().answers + answers;
        self.until(|seen| seen.answers >= wanted).await;
    }

    /// Waits for the first 200, and says when it came.
    pub(crate) async fn first(&self) -> Instant {
        self.until(|seen| seen.first.is_some()).await;
        self.seen.borrow().first.expect("it was just there")
    }

    async fn until(&self, is_so: impl Fn(&Seen) -> bool) {
        let mut seen = self.seen.clone();
        let waited = tokio::time::timeout(PATIENCE, seen.wait_for(is_so)).await;
        drop(waited.expect("the answer comes").expect("the client asks"));
    }

    /// How many answers were wrong.
    pub(crate) async fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.client.await.expect("the client does not panic")
    }
}

async fn ask(request: Request, before: u16, see: watch::Sender<Seen>, stop: Arc<AtomicBool>) -> u64 {
    let mut connection = request.connect().await.expect("Envoy listens");
    let (mut wrong, mut wanted) = (0, before);
    while !stop.load(Ordering::Relaxed) {
        let answer = connection.send(&request).await;
        let backend = match &answer {
            Ok(answer) if answer.code() == 200 => Some(answer.service()),
            Ok(_) | Err(_) => None,
        };
        if backend.is_some() {
            wanted = 200;
        }
        wrong += u64::from(!answer.is_ok_and(|answer| answer.code() == wanted));
        see.send_modify(|seen| seen.note(backend));
    }
    wrong
}

impl Seen {
    /// One more answer, by a backend or not.
    fn note(&mut self, backend: Option<String>) {
        self.answers += 1;
        if let Some(backend) = backend {
            self.first.get_or_insert_with(Instant::now);
            self.backend = backend;
        }
    }
}
