//! An authorization service.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Lets through who sends credentials, whatever they are, and answers 402 to others. Ends when it is dropped.
pub(super) struct AuthorizationService {
    port: u16,
    _accepting: JoinSet<()>,
}

impl AuthorizationService {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(async { drop(serve(stream).await) });
            }
        });
        Self { port, _accepting: accepting }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

/// Checks have no body.
async fn serve(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut has_credentials = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        has_credentials |= line.to_ascii_lowercase().starts_with("authorization:");
        if line == "\r\n" {
            let status = if has_credentials { "200 OK" } else { "402 Payment Required" };
            stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await?;
            has_credentials = false;
        }
    }
}
