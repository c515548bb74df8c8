//! The listening socket and its connections.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::answer::{Seen, TlsSeen};
use crate::{http_service, tcp};

/// What a backend speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 and HTTP/2 on one port.
    #[default]
    Http,
    /// Its name as a line, then an echo of the bytes.
    Tcp,
}

/// How a backend is set up.
#[derive(Clone, Default)]
pub struct Options {
    /// The name that its answers give.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Its TLS, from [`crate::tls`]; None for clear text.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// A running backend. Dropping it cuts all its connections.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    draining: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// What the connections of a server have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: String,
    requests: AtomicU64,
    connections: AtomicU64,
    open: AtomicU64,
    last_seen: Mutex<Option<Seen>>,
    forced: Mutex<Option<(u32, StatusCode)>>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, protocol, tls } = self;
        write!(f, "Options {{ name: {name:?}, protocol: {protocol:?}, tls: {} }}", tls.is_some())
    }
}

impl Server {
    /// Serves on a bound socket, on the runtime that it is called on.
    pub fn start(listener: TcpListener, options: Options) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(options.name.clone()));
        let (draining, drain) = watch::channel(false);
        let connection = Connection {
            shared: Arc::clone(&shared),
            protocol: options.protocol,
            tls: options.tls.map(TlsAcceptor::from),
            drain,
        };
        let accepting = tokio::spawn(accept(listener, connection));
        Ok(Self { address, shared, draining, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many HTTP requests have arrived.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// How many of them are still open; one that became a WebSocket does not count.
    pub fn open_connections(&self) -> u64 {
        self.shared.open.load(Ordering::Acquire)
    }

    /// The last HTTP request that arrived.
    pub fn last_seen(&self) -> Option<Seen> {
        self.shared.last_seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The next `count` HTTP requests are answered with `status`, whatever they ask for.
    pub fn answer_next(&self, count: u32, status: StatusCode) {
        *self.shared.forced.lock().unwrap_or_else(PoisonError::into_inner) = Some((count, status));
    }

    /// Stops in order: no new connections, each open one ends after the request that it carries.
    /// Returns when the last one has ended.
    pub async fn drain(mut self) {
        let _ = self.draining.send(true);
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn new(name: String) -> Self {
        Self {
            name,
            requests: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            open: AtomicU64::new(0),
            last_seen: Mutex::default(),
            forced: Mutex::default(),
        }
    }

    pub(crate) fn record(&self, seen: &Seen) {
        *self.last_seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen.clone());
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn forced_status(&self) -> Option<StatusCode> {
        let mut forced = self.forced.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, status) = forced.as_mut()?;
        *count = count.checked_sub(1)?;
        Some(*status)
    }
}

/// Counts a connection as open while it lives, also when it is cut.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        shared.open.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What it takes to serve a connection.
#[derive(Clone)]
struct Connection {
    shared: Arc<Shared>,
    protocol: Protocol,
    tls: Option<TlsAcceptor>,
    drain: watch::Receiver<bool>,
}

/// Accepts until the server drains, then waits for the connections. Being aborted drops them.
async fn accept(listener: TcpListener, connection: Connection) {
    let mut connections = JoinSet::new();
    let mut drain = connection.drain.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection.clone().serve(stream))),
                // Out of file descriptors, say: others may close theirs meanwhile.
                Err(_) => tokio::task::yield_now().await,
            },
            _ = connections.join_next(), if !connections.is_empty() => {}
            () = begin_of(&mut drain) => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The guard that `wait_for` gives must not live across an await.
async fn begin_of(drain: &mut watch::Receiver<bool>) {
    let _ = drain.wait_for(|draining| *draining).await;
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let _open = Open::new(&self.shared);
        // A connection that fails concerns its client alone, which sees it.
        let _ = stream.set_nodelay(true);
        let _ = match self.tls.clone() {
            None => self.speak(stream, None).await,
            Some(acceptor) => self.serve_tls(&acceptor, stream).await,
        };
    }

    async fn serve_tls(self, acceptor: &TlsAcceptor, stream: TcpStream) -> io::Result<()> {
        let stream = acceptor.accept(stream).await?;
        let session = stream.get_ref().1;
        let sni = session.server_name().map(str::to_owned);
        let alpn = session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        self.speak(stream, Some(Arc::new(TlsSeen { sni, alpn }))).await
    }

    async fn speak<S>(self, stream: S, tls: Option<Arc<TlsSeen>>) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match self.protocol {
            Protocol::Tcp => tcp::echo(stream, &self.shared.name).await,
            Protocol::Http => self.speak_http(stream, tls).await,
        }
    }

    async fn speak_http<S>(mut self, stream: S, tls: Option<Arc<TlsSeen>>) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let shared = self.shared;
        let service =
            service_fn(move |request| http_service::answer(request, Arc::clone(&shared), tls.clone()));
        let builder = auto::Builder::new(TokioExecutor::new());
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = begin_of(&mut self.drain) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        ended.map_err(io::Error::other)
    }
}
