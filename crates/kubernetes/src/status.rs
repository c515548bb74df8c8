//! Statuses and Events, written as the [`Board`] says.
//!
//! Writes travel beside each other, so that a slow one delays no other, and none is under way when the lease ends that
//! it was begun under.

mod addresses;
pub(crate) mod request;
mod writes;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use status::{Board, Input, Outcome, Target};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;

use crate::lease::Role;

pub use addresses::{follow_service, input};
pub use writes::{Ended, Observe};

/// How many writes are under way at once.
const AT_A_TIME: usize = 32;
/// How many Events.
const EVENTS: usize = 4;
/// How long one request may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How many inputs are taken before the next write is begun.
const AT_ONCE: usize = 1024;

/// A write that has come to an end.
struct Finished {
    target: Target,
    outcome: Outcome,
    took: Duration,
}

/// Writes statuses while we lead.
pub struct Writer {
    client: Client,
    board: Board,
    inputs: mpsc::UnboundedReceiver<Input>,
    role: watch::Receiver<Role>,
    writes: FuturesUnordered<BoxFuture<'static, Finished>>,
    events: FuturesUnordered<BoxFuture<'static, ()>>,
    observer: Arc<dyn Observe>,
}

impl Writer {
    /// A writer that has not begun, and where it is told what happens. Events name `identity` as who tells.
    #[must_use]
    pub fn new(
        client: Client,
        identity: &str,
        role: watch::Receiver<Role>,
    ) -> (Self, mpsc::UnboundedSender<Input>) {
        let (tell, inputs) = mpsc::unbounded_channel();
        let board = Board::new(identity);
        let (writes, events) = (FuturesUnordered::new(), FuturesUnordered::new());
        let observer = Arc::new(());
        (Self { client, board, inputs, role, writes, events, observer }, tell)
    }

    /// The same, with another name of our entries in routes and policies of the Gateway API.
    #[must_use]
    pub fn named(self, controller: &str) -> Self {
        Self { board: self.board.named(controller), ..self }
    }

    /// The same, of a controller that serves a Gateway of its own, beside others that have the same name.
    #[must_use]
    pub fn dedicated(self, controller: &str) -> Self {
        Self { board: self.board.dedicated(controller), ..self }
    }

    /// The same, with somebody who is told how it fares.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observe>) -> Self {
        Self { observer, ..self }
    }

    /// Writes until nobody tells anything any more.
    pub async fn run(mut self) {
        self.take_role();
        let mut told = Vec::with_capacity(AT_ONCE);
        loop {
            self.begin();
            self.observer.waiting(self.board.waiting() + self.writes.len());
            let next = self.board.deadline(now()).filter(|_| self.writes.len() < AT_A_TIME);
            tokio::select! {
                // What happened comes before what is to be done about it, and whether we lead before all.
                biased;
                Ok(()) = self.role.changed() => self.take_role(),
                Some(Finished { target, outcome, took }) = self.writes.next() => {
                    self.observer.ended(target.kind, Ended::of(&outcome), took);
                    self.handle(Input::Finished(target, outcome));
                }
                count = self.inputs.recv_many(&mut told, AT_ONCE) => match count {
                    0 => return,
                    _ => told.drain(..).for_each(|input| self.handle(input)),
                },
                Some(()) = self.events.next() => {}
                () = until(next) => {}
            }
        }
    }

    fn handle(&mut self, input: Input) {
        self.board.handle(now(), input);
    }

    fn take_role(&mut self) {
        let role = *self.role.borrow_and_update();
        self.handle(match role {
            Role::Follower => Input::Follows,
            Role::Leader { until } => Input::Leads { until },
        });
    }

    /// Begins what is due, as far as there is room.
    fn begin(&mut self) {
        while self.writes.len() < AT_A_TIME {
            let Some(write) = self.board.next_write(now(), Timestamp::now()) else { break };
            let began = now();
            let patience = write.until.min(began + PATIENCE);
            let (target, write) = request::write(self.client.clone(), write);
            self.writes.push(Box::pin(async move {
                let outcome = tokio::time::timeout_at(patience.into(), write).await;
                let outcome = outcome.unwrap_or(Outcome::Failed);
                Finished { target, outcome, took: now().duration_since(began) }
            }));
        }
        while self.events.len() < EVENTS {
            let Some(event) = self.board.next_event(now(), Timestamp::now()) else { break };
            let told = request::tell(self.client.clone(), event);
            self.events.push(Box::pin(async move {
                // Events are worth one attempt.
                let _ = tokio::time::timeout(PATIENCE, told).await;
            }));
        }
    }
}

/// The time by the clock of timers.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Waits until then; without a time forever.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
