//! The HTTP server.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::page::{Page, Pages};

/// For a handshake, and for the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// For a connection in all, as a rule: whoever reads slowly holds nothing for ever.
const LIFETIME: Duration = Duration::from_secs(300);
/// Bytes of the head of a request.
const HEAD: usize = 8 * 1024;
/// Connections at one time; more wait in the accept queue of the system.
const CONNECTIONS: usize = 256;
/// How long accepting rests when the system refuses.
const REST: Duration = Duration::from_millis(100);

/// Gives what the next handshake uses.
pub type TlsSource = Arc<dyn Fn() -> io::Result<Arc<ServerConfig>> + Send + Sync>;

/// Answers GET with pages.
pub struct Server {
    pages: Pages,
    tls: Option<TlsSource>,
    lifetime: Duration,
}

impl Server {
    /// A server of pages.
    #[must_use]
    pub fn new(pages: Pages) -> Self {
        Self { pages, tls: None, lifetime: LIFETIME }
    }

    /// The same behind TLS.
    #[must_use]
    pub fn secured(self, tls: TlsSource) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// The same with so much time for a connection in all.
    #[must_use]
    pub fn patient(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Serves until `stop`; then connections end at once: whoever asks, asks again.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        let server = Arc::new(self);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                    Ok((socket, _)) => {
                        let connection = Arc::clone(&server).connection(socket);
                        connections.spawn(tokio::time::timeout(server.lifetime, connection));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "http connection not accepted");
                        tokio::time::sleep(REST).await;
                    }
                },
            }
        }
    }

    async fn connection(self: Arc<Self>, socket: TcpStream) {
        let ended = match &self.tls {
            None => self.http(socket).await,
            Some(source) => match handshake(source, socket).await {
                Ok(stream) => self.http(stream).await,
                Err(error) => {
                    tracing::info!(%error, "http tls handshake failed");
                    return;
                }
            },
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "http connection ended");
        }
    }

    async fn http(&self, io: impl AsyncRead + AsyncWrite + Send + Unpin) -> Result<(), hyper::Error> {
        let service = service_fn(|request| self.answer(&request));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(HEAD);
        http.serve_connection(TokioIo::new(io), service).await
    }

    fn answer(
        &self,
        request: &Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + use<> {
        let is_get = matches!(*request.method(), Method::GET | Method::HEAD);
        let uri = request.uri();
        let making = (self.pages)(uri.path(), uri.query().unwrap_or_default()).filter(|_| is_get);
        async move {
            let mut response = match making {
                Some(making) => response(making.await),
                None if is_get => response(Page::text(StatusCode::NOT_FOUND, "there is no such page\n")),
                None => response(Page::text(StatusCode::METHOD_NOT_ALLOWED, "there is nothing but GET\n")),
            };
            if !is_get {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
            Ok(response)
        }
    }
}

async fn handshake(
    source: &TlsSource,
    socket: TcpStream,
) -> io::Result<tokio_rustls::server::TlsStream<TcpStream>> {
    let shaken = TlsAcceptor::from(source()?).accept(socket);
    tokio::time::timeout(PATIENCE, shaken).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn response(page: Page) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(page.body));
    *response.status_mut() = page.status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(page.content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch;

    async fn answer(method: Method, path: &str) -> String {
        let pages: Pages = Arc::new(|path, query| match path {
            "/now" => Page::text(StatusCode::OK, query.to_owned()).now(),
            "/later" => Page::later(async { Page::json("{}") }),
            _ => None,
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let server = tokio::spawn(Server::new(pages).serve(listener, stop.clone()));
        let client = TcpStream::connect(address).await.unwrap();
        let (status, body) = fetch(client, method, path).await.unwrap();
        stop.cancel();
        server.await.unwrap();
        format!("{} {}", status.as_u16(), String::from_utf8_lossy(&body))
    }

    #[tokio::test]
    async fn pages_are_read_and_nothing_else() {
        assert_eq!(answer(Method::GET, "/now?a=1").await, "200 a=1");
        assert_eq!(answer(Method::GET, "/later").await, "200 {}");
        assert_eq!(answer(Method::HEAD, "/now?a=1").await, "200 ");
        assert_eq!(answer(Method::GET, "/nowhere").await, "404 there is no such page\n");
        assert_eq!(answer(Method::POST, "/now").await, "405 there is nothing but GET\n");
    }
}
