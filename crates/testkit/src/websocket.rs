//! A WebSocket client.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use echo::websocket::{Frame, TEXT, accept_key, read_frame, write_frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::Stream;
use crate::{ClientTls, Failure, open};

/// An open WebSocket.
pub struct WebSocket {
    stream: Box<dyn Stream>,
}

impl WebSocket {
    /// Opens a connection and upgrades it.
    pub async fn open(
        target: SocketAddr,
        tls: Option<&ClientTls>,
        host: &str,
        path: &str,
    ) -> Result<Self, Failure> {
        let mut stream = open(target, tls).await?;
        upgrade(&mut *stream, host, path).await?;
        Ok(Self { stream })
    }

    /// Sends a text message, and gives the one that comes back.
    pub async fn echo(&mut self, message: &str) -> Result<String, Failure> {
        let frame = Frame { last: true, opcode: TEXT, payload: message.as_bytes().to_vec() };
        write_frame(&mut self.stream, &frame, Some([7, 11, 13, 17])).await.map_err(|error| lost(&error))?;
        let answer = read_frame(&mut self.stream).await.map_err(|error| lost(&error))?;
        let answer = answer.ok_or_else(|| Failure::Lost("closed instead of an answer".into()))?;
        Ok(String::from_utf8_lossy(&answer.payload).into_owned())
    }
}

/// Upgrades to WebSocket, sends a text message and gives what came back.
pub async fn websocket_echo(
    target: SocketAddr,
    tls: Option<&ClientTls>,
    host: &str,
    path: &str,
    message: &str,
) -> Result<String, Failure> {
    WebSocket::open(target, tls, host, path).await?.echo(message).await
}

async fn upgrade(stream: &mut dyn Stream, host: &str, path: &str) -> Result<(), Failure> {
    let key = STANDARD.encode(*b"isobath-testkit!");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(|error| lost(&error))?;
    stream.flush().await.map_err(|error| lost(&error))?;
    let head = read_head(stream).await.map_err(|error| lost(&error))?;
    let proof = format!("sec-websocket-accept: {}", accept_key(&key).to_ascii_lowercase());
    let accepted = head.starts_with("http/1.1 101 ") && head.contains(&proof);
    if accepted { Ok(()) } else { Err(Failure::Lost(format!("no upgrade: {head}"))) }
}

/// Byte by byte, so that nothing of what follows is swallowed. In lower case.
async fn read_head(stream: &mut dyn Stream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16_384 {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).to_ascii_lowercase())
}

fn lost(error: &std::io::Error) -> Failure {
    Failure::Lost(error.to_string())
}
