//! The messages of a request stream: a flag byte, four bytes of length, the message, and so on.

use bytes::{Buf, Bytes, BytesMut};
use h2::RecvStream;
use tonic::Status;

use crate::wire::FRAME_HEAD;

/// Takes the messages of one stream apart.
pub(super) struct Messages {
    body: RecvStream,
    received: BytesMut,
    limit: usize,
}

impl Messages {
    /// Messages of at most `limit` bytes.
    pub(super) fn new(body: RecvStream, limit: usize) -> Self {
        Self { body, received: BytesMut::new(), limit }
    }

    /// The next message, or `None` at the end. Nothing is lost when this is dropped half way.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = take_message(&mut self.received, self.limit)? {
                return Ok(Some(message));
            }
            match self.body.data().await {
                Some(data) => self.receive(&data.map_err(broken)?)?,
                None if self.received.is_empty() => return Ok(None),
                None => return Err(Status::internal("the stream ends within a message")),
            }
        }
    }

    fn receive(&mut self, data: &[u8]) -> Result<(), Status> {
        self.received.extend_from_slice(data);
        self.body.flow_control().release_capacity(data.len()).map_err(broken)
    }
}

fn broken(error: h2::Error) -> Status {
    Status::from_error(error.into())
}

/// Takes the first message out of what was received, if it is there in whole.
fn take_message(received: &mut BytesMut, limit: usize) -> Result<Option<Bytes>, Status> {
    let [flag, length @ ..] = match received.first_chunk::<FRAME_HEAD>() {
        Some(head) => *head,
        None => return Ok(None),
    };
    if flag != 0 {
        return Err(Status::unimplemented("compressed requests are not served"));
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > limit {
        return Err(Status::out_of_range(format!("a request of {length} bytes, at most {limit} are served")));
    }
    if received.len() - FRAME_HEAD < length {
        return Ok(None);
    }
    received.advance(FRAME_HEAD);
    let message = received.split_to(length).freeze();
    if received.is_empty() {
        // Most of the time there is nothing; a large buffer would be kept for long.
        *received = BytesMut::new();
    }
    Ok(Some(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands bytes over in steps, and returns the messages or the first error.
    fn messages(bytes: &[u8], step: usize) -> Result<Vec<Bytes>, tonic::Code> {
        let (mut received, mut all) = (BytesMut::new(), Vec::new());
        for part in bytes.chunks(step) {
            received.extend_from_slice(part);
            while let Some(message) = take_message(&mut received, 300).map_err(|status| status.code())? {
                all.push(message);
            }
        }
        Ok(all)
    }

    #[test]
    fn messages_are_found_however_they_arrive() {
        let long = [7; 300];
        let bytes = [&b"\0\0\0\0\x02ab\0\0\0\0\0\0\0\0\x01\x2c"[..], &long].concat();
        let expected = [&b"ab"[..], b"", &long].map(Bytes::copy_from_slice);
        for step in 1..=bytes.len() {
            assert_eq!(messages(&bytes, step).unwrap(), expected, "{step}");
        }
    }

    #[test]
    fn what_is_not_whole_is_no_message() {
        for bytes in [&b""[..], b"\0\0\0\0", b"\0\0\0\0\x02a"] {
            assert_eq!(messages(bytes, 1), Ok(Vec::new()));
        }
    }

    #[test]
    fn too_long_and_compressed_messages_are_refused_before_they_arrive() {
        assert_eq!(messages(b"\0\0\0\x01\x2d", 1), Err(tonic::Code::OutOfRange));
        assert_eq!(messages(b"\x01\0\0\0\x02", 1), Err(tonic::Code::Unimplemented));
    }
}
