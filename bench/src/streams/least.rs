//! What any server would do at the least: bytes of the same number over the same connections, and as many back as an
//! acknowledgement has. No HTTP/2, no xDS, nothing to think about.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::{Clients, PAUSE, STREAMS};

/// Bytes of a change with the heads of its message and of its HTTP/2 frame.
pub(super) const CHANGE: usize = 288;
/// The same of an acknowledgement.
pub(super) const ACKNOWLEDGEMENT: usize = 90;

/// A server that knows nothing but how to send.
pub(super) struct Least {
    pub(super) address: SocketAddr,
    changes: watch::Sender<()>,
    acknowledged: Arc<AtomicUsize>,
}

impl Least {
    pub(super) async fn start(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (changes, acknowledged) = (watch::Sender::new(()), Arc::new(AtomicUsize::new(0)));
        let connection = Connection {
            acceptor: config.into(),
            changes: changes.subscribe(),
            acknowledged: Arc::clone(&acknowledged),
        };
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.expect("the socket listens");
                tokio::spawn(connection.clone().serve(socket));
            }
        });
        Self { address, changes, acknowledged }
    }

    /// One change; returns how long it took until the last client had it.
    pub(super) async fn once(&self, clients: &mut Clients) -> Duration {
        self.acknowledged.store(0, Ordering::SeqCst);
        let began = Instant::now();
        self.changes.send_replace(());
        tokio::task::block_in_place(|| clients.all_have_it());
        let took = began.elapsed();
        while self.acknowledged.load(Ordering::SeqCst) < STREAMS {
            tokio::time::sleep(PAUSE).await;
        }
        tokio::time::sleep(PAUSE).await;
        took
    }
}

#[derive(Clone)]
struct Connection {
    acceptor: TlsAcceptor,
    changes: watch::Receiver<()>,
    acknowledged: Arc<AtomicUsize>,
}

impl Connection {
    /// Serves a client until it goes. It has to be told something first, as with xDS.
    async fn serve(mut self, socket: TcpStream) {
        socket.set_nodelay(true).expect("a connected socket");
        let Ok(mut stream) = self.acceptor.accept(socket).await else { return };
        self.changes.mark_changed();
        let mut acknowledgement = [0; ACKNOWLEDGEMENT];
        while self.changes.changed().await.is_ok() {
            let sent = async {
                stream.write_all(&[0; CHANGE]).await?;
                stream.flush().await?;
                stream.read_exact(&mut acknowledgement).await
            };
            if sent.await.is_err() {
                return;
            }
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
        }
    }
}
