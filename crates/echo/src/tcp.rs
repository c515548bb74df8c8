//! The echo without HTTP.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

/// Sends the name as a line, then whatever arrives, until the client has nothing more to say.
pub(crate) async fn echo(stream: impl AsyncRead + AsyncWrite, name: &str) -> io::Result<()> {
    let (mut from, mut to) = tokio::io::split(stream);
    to.write_all(format!("{name}\n").as_bytes()).await?;
    to.flush().await?;
    tokio::io::copy(&mut from, &mut to).await?;
    to.shutdown().await
}
