//! As much of WebSocket (RFC 6455) as an echo and its test client need: frames of up to 1 MiB.

use std::io;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// RFC 6455 section 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const LARGEST: u64 = 1 << 20;

/// Opcode of a text frame.
pub const TEXT: u8 = 1;
/// Opcode of a frame that ends the connection.
pub const CLOSE: u8 = 8;
/// Opcode of a frame that asks for a pong.
pub const PING: u8 = 9;
/// Opcode of the answer to a ping.
pub const PONG: u8 = 10;

/// One frame, unmasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whether it is the last of its message.
    pub last: bool,
    /// [`TEXT`], [`CLOSE`], [`PING`], [`PONG`], or another of RFC 6455 section 5.2.
    pub opcode: u8,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// The value of `sec-websocket-accept` for a `sec-websocket-key`.
pub fn accept_key(key: &str) -> String {
    let text = format!("{key}{GUID}");
    STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

/// Sends every frame back until a close frame or the end of the stream.
pub(crate) async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    while let Some(mut frame) = read_frame(&mut stream).await? {
        let is_close = frame.opcode == CLOSE;
        frame.opcode = if frame.opcode == PING { PONG } else { frame.opcode };
        write_frame(&mut stream, &frame, None).await?;
        if is_close {
            return stream.shutdown().await;
        }
    }
    Ok(())
}

/// Reads a frame; None when the stream ended before one began.
pub async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let mut head = [0; 2];
    match stream.read_exact(&mut head).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    let length = read_length(stream, head[1] & 0x7f).await?;
    let mut mask = [0; 4];
    if head[1] & 0x80 != 0 {
        stream.read_exact(&mut mask).await?;
    }
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await?;
    apply_mask(&mut payload, mask);
    Ok(Some(Frame { last: head[0] & 0x80 != 0, opcode: head[0] & 0x0f, payload }))
}

async fn read_length(stream: &mut (impl AsyncRead + Unpin), short: u8) -> io::Result<usize> {
    let length = match short {
        126 => u64::from(stream.read_u16().await?),
        127 => stream.read_u64().await?,
        short => u64::from(short),
    };
    let too_large = || io::Error::new(io::ErrorKind::InvalidData, "a frame of more than 1 MiB");
    if length > LARGEST { Err(too_large()) } else { usize::try_from(length).map_err(|_| too_large()) }
}

/// Writes a frame; clients must give a mask, servers must not.
pub async fn write_frame(
    stream: &mut (impl AsyncWrite + Unpin),
    frame: &Frame,
    mask: Option<[u8; 4]>,
) -> io::Result<()> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![u8::from(frame.last) << 7 | frame.opcode];
    let length = frame.payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => bytes.push(masked | short),
        (_, Ok(medium)) => {
            bytes.push(masked | 126);
            bytes.extend(medium.to_be_bytes());
        }
        _ => {
            bytes.push(masked | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(mask.unwrap_or_default().iter().take(if mask.is_some() { 4 } else { 0 }));
    let start = bytes.len();
    bytes.extend(&frame.payload);
    apply_mask(&mut bytes[start..], mask.unwrap_or_default());
    stream.write_all(&bytes).await?;
    stream.flush().await
}

fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_is_that_of_the_rfc() {
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[tokio::test]
    async fn frames_of_each_length_form_survive_the_wire_masked_or_not() {
        for length in [0, 125, 126, 65_535, 65_536] {
            for mask in [None, Some([1, 2, 3, 4])] {
                let frame = Frame { last: true, opcode: TEXT, payload: vec![7; length] };
                let mut wire = Vec::new();
                write_frame(&mut wire, &frame, mask).await.unwrap();
                assert_eq!(read_frame(&mut wire.as_slice()).await.unwrap(), Some(frame));
            }
        }
    }

    #[tokio::test]
    async fn a_frame_that_is_too_large_is_an_error() {
        let wire = [0x81, 127, 0, 0, 0, 0, 0, 16, 0, 1];
        assert!(read_frame(&mut wire.as_slice()).await.is_err());
    }

    #[tokio::test]
    async fn the_end_of_the_stream_is_no_frame() {
        assert_eq!(read_frame(&mut [].as_slice()).await.unwrap(), None);
    }
}
