//! The gRPC server: connections in, streams to their sessions.
//!
//! tonic decodes requests; responses are framed by the `wire` module, so that one encoded payload is shared by all
//! streams. Authentication is at the connection, so it holds for every method.

mod accept;
mod body;
mod methods;
mod stream;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::fleet::FleetId;
use crate::hub::Hub;
use crate::settings::Settings;

/// The TLS side of one handshake; asked for anew each time, so that rotation needs no restart.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Must require a client certificate and offer `h2`; connections below TLS 1.3 are dropped in any case.
    pub config: Arc<ServerConfig>,
    /// The DNS or common name of the default fleet's certificate.
    pub name: Arc<str>,
    /// Which certificates may stand for the default fleet; `None`: all that the handshake accepts.
    pub default_clients: Option<Arc<dyn ClientCertVerifier>>,
    /// Which certificates may stand for a Gateway's fleet; `None`: all that the handshake accepts.
    pub gateway_clients: Option<Arc<dyn ClientCertVerifier>>,
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
                    connections.spawn(serve_connection(Arc::clone(&self.hub), peer, leave));
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
}

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

async fn serve_connection(hub: Arc<Hub>, peer: Peer, leave: CancellationToken) {
    let settings = Arc::clone(hub.settings());
    let service = methods::Methods::new(hub, peer.fleet, leave.clone());
    let connection = http2(&settings).serve_connection(TokioIo::new(peer.io), service);
    let mut connection = std::pin::pin!(connection);
    let mut too_old = std::pin::pin!(too_old(settings.max_connection_age));
    let mut leaving = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "xds connection ended");
                }
                // Whatever streams are left go with their connection.
                return leave.cancel();
            }
            () = leave.cancelled(), if !leaving => {
                leaving = true;
                connection.as_mut().graceful_shutdown();
            }
            () = too_old.as_mut(), if !leave.is_cancelled() => leave.cancel(),
        }
    }
}

fn http2(settings: &Settings) -> hyper::server::conn::http2::Builder<TokioExecutor> {
    let mut http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(settings.keepalive))
        .keep_alive_timeout(settings.keepalive)
        .max_concurrent_streams(settings.streams_per_connection)
        .initial_stream_window_size(1024 * 1024)
        .initial_connection_window_size(16 * 1024 * 1024);
    http2
}

/// Ends after the greatest age less up to a fifth, so that Envoys do not all come back at once.
async fn too_old(max: Option<Duration>) {
    let Some(max) = max else { return std::future::pending().await };
    tokio::time::sleep(max - max.mul_f64(0.2 * random_part())).await;
}

/// A number from 0 to 1; the standard library's hasher is seeded at random.
fn random_part() -> f64 {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish();
    f64::from((random >> 32) as u32) / f64::from(u32::MAX)
}
