//! Open connections of every kind.

use harness::World;
use testkit::{Backend, ClientTls, Http2Stream, LIMIT, Request, Stream, Trust, WebSocket, open};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// An open connection to a backend that sends back what it receives.
pub(super) struct Line {
    host: String,
    /// For people.
    name: String,
    kind: Kind,
}

enum Kind {
    WebSocket(WebSocket),
    Stream(Http2Stream),
    Bytes(Box<dyn Stream>),
}

impl Line {
    /// A WebSocket in clear text.
    pub(super) async fn websocket(world: &World, host: &str) -> Self {
        let socket = WebSocket::open(world.http(), None, host, "/ws").await;
        Self::new(host, "WebSocket to http", Kind::WebSocket(socket.unwrap()))
    }

    /// A WebSocket over TLS.
    pub(super) async fn secure_websocket(world: &World, host: &str) -> Self {
        let tls = ClientTls::new(host, &Trust::Anything);
        let socket = WebSocket::open(world.https(), Some(&tls), host, "/ws").await;
        Self::new(host, "WebSocket to https", Kind::WebSocket(socket.unwrap()))
    }

    /// An HTTP/2 stream in clear text.
    pub(super) async fn stream(world: &World, host: &str) -> Self {
        let stream = Http2Stream::open(&world.get(host, "/echo")).await;
        Self::new(host, "stream to http", Kind::Stream(stream.unwrap()))
    }

    /// An HTTP/2 stream over TLS.
    pub(super) async fn secure_stream(world: &World, host: &str) -> Self {
        let tls = ClientTls::new(host, &Trust::Anything).alpn(&["h2"]);
        let stream = Http2Stream::open(&world.get_tls(host, "/echo").tls(tls)).await;
        Self::new(host, "stream to https", Kind::Stream(stream.unwrap()))
    }

    /// Bytes in TLS that ends at Envoy.
    pub(super) async fn bytes(world: &World, host: &str) -> Self {
        let mut stream = open(world.https(), Some(&ClientTls::new(host, &Trust::Anything))).await.unwrap();
        // The backend gives its name first.
        while stream.read_u8().await.unwrap() != b'\n' {}
        Self::new(host, "bytes over tls", Kind::Bytes(stream))
    }

    /// A connection whose TLS ends at the backend, which Envoy sees nothing of; in it, an HTTP/2 stream.
    pub(super) async fn passed_through(world: &World, backend: &Backend, host: &str) -> Self {
        let trust = Trust::Roots(backend.certificate().unwrap().to_owned());
        let tls = ClientTls::new(host, &trust).alpn(&["h2"]);
        let stream = Http2Stream::open(&Request::get(world.https(), host, "/echo").tls(tls)).await;
        Self::new(host, "stream through tcp", Kind::Stream(stream.unwrap()))
    }

    fn new(host: &str, what: &str, kind: Kind) -> Self {
        Self { host: host.to_owned(), name: format!("{what}://{host}"), kind }
    }

    /// The host that it is open for.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Sends a word there and back; on HTTP/2 a request beside it, too, which a connection that is to end would not
    /// take. Panics if the connection is broken.
    pub(super) async fn exchange(&mut self, word: &str) {
        let answer = tokio::time::timeout(LIMIT, self.kind.echo(word)).await;
        assert_eq!(answer.as_ref().map(Result::as_deref), Ok(Ok(word)), "{}", self.name);
    }

    /// Waits until the other side closes the connection, or says that it is to end.
    pub(super) async fn ends(&mut self) {
        testkit::eventually(&self.name, async || match self.kind.echo("x").await {
            Err(_) => Ok(()),
            Ok(_) => Err("it is open".to_owned()),
        })
        .await;
    }
}

impl Kind {
    async fn echo(&mut self, word: &str) -> Result<String, String> {
        let told = |failure: testkit::Failure| failure.to_string();
        match self {
            Self::WebSocket(socket) => socket.echo(word).await.map_err(told),
            Self::Stream(stream) => {
                let answer = stream.echo(word).await.map_err(told)?;
                match stream.get("/").await.map_err(told)? {
                    200 => Ok(answer),
                    other => Err(format!("another request on the connection is answered with {other}")),
                }
            }
            Self::Bytes(stream) => echo_bytes(stream, word).await.map_err(|error| error.to_string()),
        }
    }
}

async fn echo_bytes(stream: &mut dyn Stream, word: &str) -> std::io::Result<String> {
    stream.write_all(word.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = vec![0; word.len()];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
