//! A stream of a connected Envoy.

use std::sync::Arc;

use super::Hub;
use super::connected::{Connected, Failed};
use crate::discovery::Request;
use crate::fleet::FleetId;
use crate::resource::Name;
use crate::session::{Input, StreamId};

/// An open stream of a session; it is closed there when this is dropped.
#[derive(Debug)]
pub(crate) struct Member {
    pub(super) hub: Arc<Hub>,
    pub(super) connected: Arc<Connected>,
    pub(super) fleet: FleetId,
    pub(super) node: Name,
    pub(super) stream: StreamId,
    /// Whether the session's clock runs as long as this stream.
    pub(super) runs_clock: bool,
}

impl Member {
    /// Hands a request to the session.
    pub(crate) fn request(&self, request: Request) -> Result<(), Failed> {
        self.connected.feed_from_stream(&self.hub, Input::Request(self.stream, request))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.connected.close(&self.hub, self.stream);
        self.hub.leave(self);
    }
}
