//! Backends in the test's own process.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use echo::{Options, Protocol, Seen, Server, tls};
use http::StatusCode;
use tokio::net::{TcpListener, TcpSocket};

use crate::{ServerTls, eventually};

/// An echo backend on a loopback port, on the runtime of the caller. Dropping it cuts its connections.
#[derive(Debug)]
pub struct Backend {
    server: Server,
    certificate: Option<String>,
}

impl Backend {
    /// Speaks HTTP/1.1 and clear-text HTTP/2, and gives `name` in its answers.
    pub async fn start(name: &str) -> Self {
        Self::start_at(name, (Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// The same at a given address, for one that comes back after it was stopped.
    pub async fn start_at(name: &str, address: SocketAddr) -> Self {
        Self::with(address, Options { name: name.to_owned(), ..Options::default() }, None).await
    }

    /// Speaks HTTP over TLS, with a certificate for `host` that it makes itself: see
    /// [`Backend::certificate`].
    pub async fn start_tls(name: &str, host: &str) -> Self {
        let made = tls::self_signed(&[host.to_owned()]).expect("a certificate can be made");
        let options =
            Options { name: name.to_owned(), tls: Some(Arc::clone(&made.config)), ..Options::default() };
        Self::with((Ipv4Addr::LOCALHOST, 0).into(), options, Some(made.certificate)).await
    }

    /// Speaks HTTP over TLS as said.
    pub async fn start_tls_as(name: &str, tls: &ServerTls) -> Self {
        let options =
            Options { name: name.to_owned(), tls: Some(Arc::clone(&tls.config)), ..Options::default() };
        Self::with((Ipv4Addr::LOCALHOST, 0).into(), options, None).await
    }

    /// Sends its name as a line, then every byte that it receives.
    pub async fn start_tcp(name: &str) -> Self {
        let options = Options { name: name.to_owned(), protocol: Protocol::Tcp, tls: None };
        Self::with((Ipv4Addr::LOCALHOST, 0).into(), options, None).await
    }

    async fn with(address: SocketAddr, options: Options, certificate: Option<String>) -> Self {
        let listener = bind(address).unwrap_or_else(|error| panic!("a backend at {address}: {error}"));
        let server = Server::start(listener, options).expect("a bound socket has an address");
        Self { server, certificate }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.server.address().port()
    }

    /// The certificate that clients have to trust, in PEM, if it made one.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// How many HTTP requests have arrived.
    pub fn requests(&self) -> u64 {
        self.server.requests()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> u64 {
        self.server.connections()
    }

    /// The last HTTP request that arrived.
    pub fn last_seen(&self) -> Option<Seen> {
        self.server.last_seen()
    }

    /// The next `count` requests are answered with this status.
    pub fn answer_next(&self, count: u32, status: u16) {
        self.server.answer_next(count, StatusCode::from_u16(status).expect("a status"));
    }

    /// Stops once nobody is connected any more: for one that was taken out of the configuration. An
    /// acknowledgement is no sign that Envoy's workers have stopped using it.
    pub async fn retire(self) {
        eventually("nobody is connected to the backend", async || match self.server.open_connections() {
            0 => Ok(()),
            open => Err(format!("{open} connections to {}", self.address())),
        })
        .await;
    }

    /// Stops at once and cuts its connections, as a backend that crashes does.
    pub fn crash(self) {
        drop(self);
    }

    /// Stops in order: each connection ends after the request that it carries.
    pub async fn drain(self) {
        self.server.drain().await;
    }
}

/// A backend that comes back must get the port of its former life.
fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}
