//! The gRPC server: connections in, streams to their sessions.
//!
//! h2 carries the streams; messages are framed here and in the `wire` module, so that one encoded payload is shared
//! by all streams. Authentication is at the connection, so it holds for every method.

mod accept;
mod connection;
mod messages;
mod methods;
mod parts;
mod stream;

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::fleet::FleetId;
use crate::hub::Hub;

/// The TLS side of one handshake; asked for anew each time, so that rotation needs no restart.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Must require a client certificate and offer `h2`; connections below TLS 1.3 are dropped in any case.
    pub config: Arc<ServerConfig>,
    /// The DNS or common name of the default fleet's certificate.
    pub name: Arc<str>,
    /// The fleet of Envoys with such a certificate, in place of the default one.
    pub own_fleet: FleetId,
    /// Which certificates may stand for the default fleet.
    pub default_clients: Clients,
    /// Which certificates may stand for a Gateway's fleet.
    pub gateway_clients: Clients,
    /// Who else may come to this port; `None`: Envoys only.
    pub peers: Option<Peers>,
}

/// Certificates that may stand for a fleet, of those that the handshake accepts.
#[derive(Clone, Debug)]
pub enum Clients {
    /// All of them.
    All,
    /// Those that this verifier accepts.
    Of(Arc<dyn ClientCertVerifier>),
    /// None of them.
    Nobody,
}

/// Other servers, which come to the same port and speak another protocol than Envoys.
#[derive(Clone, Debug)]
pub struct Peers {
    /// By which the handshake tells them (ALPN); [`Tls::config`] must offer it.
    pub protocol: &'static [u8],
    /// The DNS or common name of their certificates.
    pub name: Arc<str>,
    /// Takes their connections; what does not fit is closed.
    pub accepted: mpsc::Sender<Box<dyn Io>>,
}

/// Gives what the next handshake uses.
pub type TlsSource = Arc<dyn Fn() -> Tls + Send + Sync>;

/// How connections are protected.
#[derive(Clone)]
pub enum Security {
    /// Not at all; must be asked for.
    Plaintext,
    /// TLS 1.3 with client certificates.
    Mutual(TlsSource),
}

/// Serves the hub's fleets on a listener.
pub struct Server {
    hub: Arc<Hub>,
    security: Security,
}

impl Server {
    /// A server of this hub.
    pub fn new(hub: Arc<Hub>, security: Security) -> Self {
        Self { hub, security }
    }

    /// Serves until `stop`: then no connection is accepted, every stream ends with UNAVAILABLE and every
    /// connection is asked to leave; what remains after the grace time is cut.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        let settings = Arc::clone(self.hub.settings());
        let mut connections = JoinSet::new();
        let mut accepting = accept::Accepting::new(listener, self.security, &settings);
        loop {
            tokio::select! {
                peer = accepting.next() => {
                    let leave = stop.child_token();
                    connections.spawn(connection::serve(Arc::clone(&self.hub), peer, leave));
                }
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                () = stop.cancelled() => break,
            }
        }
        drop(accepting);
        let all_gone = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(settings.stop_grace, all_gone).await.is_err() {
            tracing::warn!(connections = connections.len(), "xds connections cut after the grace time");
        }
        connections.shutdown().await;
        Ok(())
    }
}

/// The other end of an accepted connection.
pub(crate) struct Peer {
    pub(crate) io: Box<dyn Io>,
    /// From the certificate; `None` in plaintext.
    pub(crate) fleet: Result<Option<FleetId>, crate::identity::Refused>,
    /// When its certificate expires, in unix seconds, if that is to be watched.
    pub(crate) not_after: Option<i64>,
}

/// A connection.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}
