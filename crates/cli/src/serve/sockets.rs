//! The addresses that the controller listens on.

use std::net::{IpAddr, SocketAddr};

use anyhow::Context;
use model::Bind;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait to be accepted.
const WAITING: u32 = 1024;

/// A port that is ours, and that nobody can connect to yet.
pub(super) struct Bound(TcpSocket);

impl Bound {
    pub(super) fn new(bind: Bind, what: &'static str) -> anyhow::Result<Self> {
        let address = SocketAddr::new(bind.address, bind.port);
        let socket = match bind.address {
            IpAddr::V4(_) => TcpSocket::new_v4(),
            IpAddr::V6(_) => TcpSocket::new_v6(),
        };
        let bound = socket.and_then(|socket| {
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            Ok(socket)
        });
        Ok(Self(bound.with_context(|| format!("{what} cannot be served at {address}"))?))
    }

    /// Lets clients in.
    pub(super) fn listen(self) -> std::io::Result<TcpListener> {
        self.0.listen(WAITING)
    }
}
