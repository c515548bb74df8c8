//! A client that asks again and again on one connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::manifests::{HOST, PATH};

/// How long an answer may take to come, and to become the wanted one.
const LIMIT: Duration = Duration::from_secs(60);

/// A client that asks again and again on one connection, without a pause.
pub(super) struct Poller {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Poller {
    /// Connects, and asks once, so that nothing of the connection is left to do.
    pub(super) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("Envoy listens");
        stream.set_nodelay(true).expect("a connected socket");
        stream.set_read_timeout(Some(LIMIT)).expect("not zero");
        let mut poller = Self { stream, buffer: Vec::new() };
        poller.ask();
        poller
    }

    /// Asks until the status is the wanted one, and says when it was.
    pub(super) fn until(&mut self, wanted: u16) -> Instant {
        let began = Instant::now();
        loop {
            let status = self.ask();
            let now = Instant::now();
            if status == wanted {
                return now;
            }
            assert!(now - began < LIMIT, "{status}, and not {wanted}, for {LIMIT:?}");
        }
    }

    fn ask(&mut self) -> u16 {
        let request = format!("GET {PATH} HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
        self.stream.write_all(request.as_bytes()).expect("Envoy keeps the connection");
        self.buffer.clear();
        loop {
            let mut piece = [0; 4096];
            let count = self.stream.read(&mut piece).expect("Envoy answers");
            assert!(count > 0, "Envoy has closed the connection");
            self.buffer.extend_from_slice(&piece[..count]);
            if let Some(status) = status(&self.buffer) {
                return status;
            }
        }
    }
}

/// The status of an answer; `None` while it is not complete.
fn status(answer: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let header = |name: &str| {
        let mut headers = head.lines().filter_map(|line| line.split_once(": "));
        headers.find_map(|(found, value)| found.eq_ignore_ascii_case(name).then_some(value))
    };
    let complete = match (header("content-length"), header("transfer-encoding")) {
        (Some(length), _) => body.len() >= length.parse().ok()?,
        (None, Some(_)) => body.ends_with("0\r\n\r\n"),
        (None, None) => true,
    };
    if !complete {
        return None;
    }
    head.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_once_it_is_complete() {
        assert_eq!(status(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"), Some(404));
        assert_eq!(status(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na"), None);
        assert_eq!(status(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab"), Some(200));
        assert_eq!(status(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n"), None);
        assert_eq!(status(b"HTTP/1.1 200 OK\r\n"), None);
    }
}
