//! One peer that asks.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite, BufReader};

use crate::Progress;
use crate::message::{Ask, receive, send};
use crate::progress::Answers;

/// Answers a peer until it goes.
///
/// # Errors
/// When the connection breaks, or what comes is no question.
pub async fn serve(progress: &Progress, peer: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let (from, mut to) = tokio::io::split(peer);
    let (mut from, mut line) = (BufReader::new(from), Vec::new());
    let (mut answers, mut changes) = (Answers::default(), progress.changes());
    loop {
        tokio::select! {
            asked = receive::<Ask>(&mut from, &mut line) => match asked? {
                Some(ask) => answers.ask(&ask.about),
                None => return Ok(()),
            },
            _ = changes.changed() => {}
        }
        while let Some(word) = answers.next(progress) {
            send(&mut to, &word).await?;
        }
    }
}
