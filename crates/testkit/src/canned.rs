//! Servers whose answers a test writes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use echo::tls;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A server whose answers a test writes: a key server, say, or a backend that redirects. On a loopback port, on the
/// runtime of the caller, until it is dropped.
#[derive(Debug)]
pub struct Canned {
    address: SocketAddr,
    certificate: Option<String>,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
}

#[derive(Debug, Default)]
struct State {
    answers: Mutex<BTreeMap<String, Response<Bytes>>>,
    received: Mutex<Vec<Received>>,
}

impl Canned {
    /// Speaks HTTP/1.1 and clear-text HTTP/2. Every path is answered with 404 at first.
    pub async fn start() -> Self {
        Self::with(None, None).await
    }

    /// The same over TLS, with a certificate for `host` that it makes itself.
    pub async fn start_tls(host: &str) -> Self {
        let made = tls::self_signed(&[host.to_owned()]).expect("a certificate can be made");
        Self::with(Some(made.config), Some(made.certificate)).await
    }

    async fn with(config: Option<Arc<ServerConfig>>, certificate: Option<String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(State::default());
        let accepting = tokio::spawn(accept(listener, config.map(TlsAcceptor::from), Arc::clone(&state)));
        Self { address, certificate, state, accepting }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate that clients have to trust, in PEM; None without TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Answers requests for a path, whatever their query, with this from now on.
    pub fn answer(&self, path: &str, status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        let answer = answer.body(body.into()).expect("a test writes what HTTP can carry");
        self.state.answers().insert(path.to_owned(), answer);
    }

    /// All requests that arrived, in order.
    pub fn received(&self) -> Vec<Received> {
        self.state.received().clone()
    }

    /// The requests that arrived since this was called last.
    pub fn take_received(&self) -> Vec<Received> {
        std::mem::take(&mut *self.state.received())
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl State {
    fn answers(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Response<Bytes>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self) -> std::sync::MutexGuard<'_, Vec<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        self.received().push(Received { path, headers: request.headers().clone() });
        match self.answers().get(request.uri().path()) {
            Some(answer) => answer.clone().map(Full::new),
            None => {
                let mut answer = Response::new(Full::default());
                *answer.status_mut() = StatusCode::NOT_FOUND;
                answer
            }
        }
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, tls.clone(), Arc::clone(&state)));
    }
}

/// A client that goes away in the middle is nobody's fault.
async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, state: Arc<State>) {
    let service = service_fn(move |request| {
        let answer = state.answer(&request);
        async move { Ok::<_, Infallible>(answer) }
    });
    let server = auto::Builder::new(TokioExecutor::new());
    let _ = match tls {
        None => server.serve_connection(TokioIo::new(stream), service).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => server.serve_connection(TokioIo::new(stream), service).await,
            Err(_) => return,
        },
    };
}
