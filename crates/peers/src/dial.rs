//! A connection to a peer, for as long as it is one.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use certs::{PEERS, TlsFiles};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;

use crate::message::{Ask, CHUNK, Version, Word, receive, send};

/// How long a peer may take to answer a connection.
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A connection.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

type Connecting = Pin<Box<dyn Future<Output = io::Result<Box<dyn Io>>> + Send>>;

/// How peers are reached.
#[derive(Clone)]
pub struct Connect(Arc<dyn Fn(SocketAddr) -> Connecting + Send + Sync>);

impl Connect {
    /// By TLS with the certificate in these files, under the name that all controllers have. The files are read for
    /// each connection, so that renewed certificates are used.
    #[must_use]
    pub fn tls(name: &ServerName<'static>, files: TlsFiles) -> Self {
        let (name, files) = (name.clone(), Arc::new(files));
        Self(Arc::new(move |address| Box::pin(connect(address, name.clone(), Arc::clone(&files)))))
    }
}

async fn connect(
    address: SocketAddr,
    name: ServerName<'static>,
    files: Arc<TlsFiles>,
) -> io::Result<Box<dyn Io>> {
    let mut config = files.client_config().map_err(io::Error::other)?;
    config.alpn_protocols = vec![PEERS.to_vec()];
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
    match stream.get_ref().1.alpn_protocol() == Some(PEERS) {
        true => Ok(Box::new(stream)),
        false => Err(io::Error::other("this is no controller that answers others")),
    }
}

/// What happens to the connection.
#[derive(Debug)]
pub(crate) enum Event {
    /// It is open; what is to be asked goes here.
    Connected(mpsc::UnboundedSender<Vec<Version>>),
    /// The peer said something.
    Said(Word),
    /// It broke.
    Disconnected,
    /// No controller runs there now: the address refuses connections.
    Nobody,
}

/// Keeps a connection, and tells what happens to it, until nobody listens.
pub(crate) async fn dial(address: SocketAddr, connect: Connect, events: mpsc::Sender<(SocketAddr, Event)>) {
    let mut pause = FIRST_PAUSE;
    loop {
        match tokio::time::timeout(PATIENCE, (connect.0)(address)).await {
            Ok(Ok(peer)) => {
                pause = FIRST_PAUSE;
                if let Err(error) = converse(address, peer, &events).await {
                    tracing::debug!(%address, %error, "the connection to a peer broke");
                }
                if events.send((address, Event::Disconnected)).await.is_err() {
                    return;
                }
            }
            Ok(Err(error)) => {
                tracing::debug!(%address, %error, "a peer cannot be reached");
                let refused = error.kind() == io::ErrorKind::ConnectionRefused;
                if refused && events.send((address, Event::Nobody)).await.is_err() {
                    return;
                }
            }
            Err(_) => tracing::debug!(%address, "a peer does not answer"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn converse(
    address: SocketAddr,
    peer: Box<dyn Io>,
    events: &mpsc::Sender<(SocketAddr, Event)>,
) -> io::Result<()> {
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    let (asks, mut asked) = mpsc::unbounded_channel();
    events.send((address, Event::Connected(asks))).await.map_err(gone)?;
    let (from, mut to) = tokio::io::split(peer);
    let (mut from, mut line) = (BufReader::new(from), Vec::new());
    loop {
        tokio::select! {
            ask = asked.recv() => {
                let about: Vec<Version> = ask.ok_or(io::ErrorKind::BrokenPipe)?;
                for about in about.chunks(CHUNK) {
                    send(&mut to, &Ask { about: about.to_vec() }).await?;
                }
            }
            word = receive::<Word>(&mut from, &mut line) => {
                let word = word?.ok_or(io::ErrorKind::UnexpectedEof)?;
                events.send((address, Event::Said(word))).await.map_err(gone)?;
            }
        }
    }
}
