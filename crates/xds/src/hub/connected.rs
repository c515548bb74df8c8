//! One connected Envoy: its session, and the ways out to its streams.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Buf;
use futures::task::AtomicWaker;
use tokio::sync::mpsc;
use tonic::Status;

use super::Hub;
use crate::session::{Close, Input, Output, Scope, Session, StreamId};
use crate::settings::Moment;
use crate::wire::{Message, Protocol};

/// What a stream is to write. There is no limit on the number: the acknowledgements limit it.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// A response.
    Response(Message),
    /// The end.
    End(Status),
}

/// A stream that joins.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) protocol: Protocol,
    pub(crate) scope: Scope,
    pub(crate) outlet: mpsc::UnboundedSender<Outgoing>,
}

/// The session has panicked. Its streams end, and the Envoy comes back to a new one.
#[derive(Debug)]
pub(crate) struct Failed;

/// A session, fed by turns by the streams of its Envoy and by its clock.
#[derive(Debug)]
pub(super) struct Connected {
    state: Mutex<State>,
    bell: Bell,
}

/// Calls the clock.
#[derive(Debug, Default)]
struct Bell {
    has_rung: AtomicBool,
    clock: AtomicWaker,
}

impl Bell {
    fn ring(&self) {
        self.has_rung.store(true, Ordering::Release);
        self.clock.wake();
    }

    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        self.clock.register(context.waker());
        if self.has_rung.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[derive(Debug)]
struct State {
    session: Session,
    outlets: BTreeMap<StreamId, mpsc::UnboundedSender<Outgoing>>,
    /// When the clock will feed the session.
    alarm: Option<Moment>,
}

impl Connected {
    pub(super) fn new(session: Session) -> Self {
        let state = State { session, outlets: BTreeMap::new(), alarm: None };
        Self { state: Mutex::new(state), bell: Bell::default() }
    }

    /// Hands an input to the session and carries out what it wants.
    pub(super) fn feed(&self, hub: &Hub, input: Input) -> Result<(), Failed> {
        self.state()?.feed(hub, input);
        Ok(())
    }

    /// The same from a stream: the clock may be needed earlier then.
    pub(super) fn feed_from_stream(&self, hub: &Hub, input: Input) -> Result<(), Failed> {
        let mut state = self.state()?;
        state.feed(hub, input);
        self.ring_if_earlier(&state);
        Ok(())
    }

    /// Calls the clock where the session needs it before its alarm.
    fn ring_if_earlier(&self, state: &State) {
        if state.session.wakeup().is_some_and(|at| state.alarm.is_none_or(|alarm| at < alarm)) {
            self.bell.ring();
        }
    }

    /// Opens a stream in the session.
    pub(super) fn open(&self, hub: &Hub, stream: StreamId, opening: Opening) {
        let Opening { protocol, scope, outlet } = opening;
        if let Ok(mut state) = self.state() {
            state.outlets.insert(stream, outlet);
            state.feed(hub, Input::Opened { stream, protocol, scope });
            self.ring_if_earlier(&state);
        }
    }

    /// Closes it again.
    pub(super) fn close(&self, hub: &Hub, stream: StreamId) {
        if let Ok(mut state) = self.state() {
            state.outlets.remove(&stream);
            state.feed(hub, Input::Closed(stream));
            self.ring_if_earlier(&state);
        }
    }

    /// When the clock will feed the session: at `alarm`, or earlier if the session needs that.
    pub(super) fn set_alarm(&self, alarm: Option<Moment>) -> Result<Option<Moment>, Failed> {
        let mut state = self.state()?;
        state.alarm = alarm.into_iter().chain(state.session.wakeup()).min();
        Ok(state.alarm)
    }

    /// Calls the clock: there is a new configuration.
    pub(super) fn call(&self) {
        self.bell.ring();
    }

    /// Waits until the clock is called.
    pub(super) async fn called(&self) {
        poll_fn(|context| self.bell.poll(context)).await;
    }

    /// Looks at the session, whatever has become of it.
    pub(super) fn with_session<T>(&self, look: impl FnOnce(&Session) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner).session)
    }

    pub(super) fn has_failed(&self) -> bool {
        self.state.is_poisoned()
    }

    /// Whether nobody needs it any more.
    pub(super) fn is_over(&self) -> bool {
        self.has_failed() || !self.with_session(Session::is_connected)
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, Failed> {
        self.state.lock().map_err(|poisoned| {
            poisoned.into_inner().outlets.clear();
            Failed
        })
    }
}

impl State {
    fn feed(&mut self, hub: &Hub, input: Input) {
        for output in self.session.handle(hub.now(), input) {
            match output {
                Output::Send(stream, response) => {
                    let message = hub.encoder().encode(&response);
                    hub.sent(response.resource_type, message.remaining());
                    self.write(stream, Outgoing::Response(message));
                }
                Output::Close(stream, why) => {
                    self.write(stream, Outgoing::End(status_of(&why)));
                    self.outlets.remove(&stream);
                }
                Output::Observe(observation) => hub.observe(observation),
            }
        }
    }

    fn write(&self, stream: StreamId, outgoing: Outgoing) {
        if let Some(outlet) = self.outlets.get(&stream) {
            // A stream that is gone says so itself.
            let _ = outlet.send(outgoing);
        }
    }
}

fn status_of(why: &Close) -> Status {
    let text = why.to_string();
    match why {
        Close::InvalidArgument(_) => Status::invalid_argument(text),
        Close::ResourceExhausted(_) => Status::resource_exhausted(text),
        Close::Superseded => Status::aborted(text),
        Close::Stuck => Status::deadline_exceeded(text),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;

    use tokio::sync::mpsc::error::TryRecvError;

    use super::*;
    use crate::discovery::Node;
    use crate::fleet::FleetId;
    use crate::settings::Settings;

    #[test]
    fn streams_of_a_session_that_panicked_end() {
        let (hub, _observed) = Hub::new(Settings::default());
        let node = Node { id: "envoy-1".into(), ..Node::default() };
        let session = Session::new(FleetId::default_fleet(), &node, Arc::clone(hub.settings()));
        let connected = Connected::new(session);
        let (outlet, mut outgoing) = mpsc::unbounded_channel();
        let opening = Opening { protocol: Protocol::Delta, scope: Scope::Aggregated, outlet };
        connected.open(&hub, StreamId(1), opening);
        assert_eq!(outgoing.try_recv().err(), Some(TryRecvError::Empty));
        let panic = || connected.with_session(|_| panic!("on purpose"));
        assert!(catch_unwind(AssertUnwindSafe(panic)).is_err());
        assert!(connected.feed(&hub, Input::Tick).is_err());
        assert_eq!(outgoing.try_recv().err(), Some(TryRecvError::Disconnected));
        assert!(connected.is_over());
    }
}
