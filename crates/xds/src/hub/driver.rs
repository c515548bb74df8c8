//! The task of one connected Envoy: feeds its session and carries out what the session wants.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tonic::Status;

use super::{Hub, lock};
use crate::discovery::Request;
use crate::fleet::FleetId;
use crate::resource::Name;
use crate::session::{Close, Input, Output, Scope, Session, StreamId};
use crate::snapshot::Snapshot;
use crate::wire::Protocol;

/// A new stream with its first request.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) stream: StreamId,
    pub(crate) protocol: Protocol,
    pub(crate) scope: Scope,
    pub(crate) request: Request,
    pub(crate) outlet: mpsc::UnboundedSender<Outgoing>,
}

/// What happens on a stream afterwards.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all messages are requests")]
pub(crate) enum Message {
    Request(StreamId, Request),
    Closed(StreamId),
}

/// What a stream is to write. There is no limit on the number: the acknowledgements limit it.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// One framed message in pieces.
    Response(Vec<Bytes>),
    /// The end.
    End(Status),
}

pub(super) struct Driver {
    pub(super) hub: Arc<Hub>,
    pub(super) fleet: FleetId,
    pub(super) node: Name,
    pub(super) session: Arc<Mutex<Session>>,
    pub(super) openings: mpsc::UnboundedReceiver<Opened>,
    pub(super) inbox: mpsc::Receiver<Message>,
    pub(super) snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    pub(super) outlets: BTreeMap<StreamId, mpsc::UnboundedSender<Outgoing>>,
}

enum Event {
    Opened(Opened),
    Message(Message),
    Snapshot,
    Tick,
}

impl Driver {
    pub(super) async fn run(mut self) {
        self.take_snapshot();
        loop {
            match self.next().await {
                Event::Opened(opened) => self.open(opened),
                Event::Message(message) => self.message(message),
                Event::Snapshot => self.take_snapshot(),
                Event::Tick => self.feed(Input::Tick),
            }
            if self.has_left() {
                return;
            }
        }
    }

    async fn next(&mut self) -> Event {
        let wakeup = lock(&self.session).wakeup().map(|moment| self.hub.at(moment));
        let tick = async {
            match wakeup {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(opened) = self.openings.recv() => Event::Opened(opened),
            Some(message) = self.inbox.recv() => Event::Message(message),
            Ok(()) = self.snapshots.changed() => Event::Snapshot,
            () = tick => Event::Tick,
        }
    }

    /// Whether the Envoy is gone and off the list.
    fn has_left(&mut self) -> bool {
        loop {
            let memory = {
                let session = lock(&self.session);
                if session.is_connected() {
                    return false;
                }
                session.memory()
            };
            match self.hub.leave(&self.fleet, &self.node, &mut self.openings, memory) {
                None => return true,
                Some(opened) => self.open(opened),
            }
        }
    }

    fn open(&mut self, opened: Opened) {
        let Opened { stream, protocol, scope, request, outlet } = opened;
        self.outlets.insert(stream, outlet);
        self.feed(Input::Opened { stream, protocol, scope });
        self.feed(Input::Request(stream, request));
    }

    fn message(&mut self, message: Message) {
        // A stream was opened before its further requests were sent, but on another channel.
        while let Ok(opened) = self.openings.try_recv() {
            self.open(opened);
        }
        match message {
            Message::Request(stream, request) => self.feed(Input::Request(stream, request)),
            Message::Closed(stream) => {
                self.outlets.remove(&stream);
                self.feed(Input::Closed(stream));
            }
        }
    }

    fn take_snapshot(&mut self) {
        let snapshot = self.snapshots.borrow_and_update().clone();
        if let Some(snapshot) = snapshot {
            self.feed(Input::Snapshot(snapshot));
        }
    }

    fn feed(&mut self, input: Input) {
        let outputs = lock(&self.session).handle(self.hub.now(), input);
        for output in outputs {
            match output {
                Output::Send(stream, response) => {
                    self.write(stream, Outgoing::Response(self.hub.encoder().encode(&response)));
                }
                Output::Close(stream, why) => {
                    self.write(stream, Outgoing::End(status_of(&why)));
                    self.outlets.remove(&stream);
                }
                Output::Observe(observation) => self.hub.observe(observation),
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
