//! A client for Envoy's administration interface: one connection and one short answer per request.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// Where the administration interface of an Envoy listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admin {
    /// An address and port.
    Tcp(SocketAddr),
    /// A Unix domain socket.
    Unix(PathBuf),
}

/// An answer of the administration interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// Envoy's administration interface gave no answer, or not the one that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// It could not be reached, or the connection broke.
    #[error("Envoy's admin interface at {admin}: {source}")]
    Io {
        /// Where it was looked for.
        admin: String,
        /// What went wrong.
        source: io::Error,
    },
    /// What came back is not HTTP/1.1 as Envoy writes it.
    #[error("Envoy's admin interface answered {path} with something that is not HTTP")]
    NotHttp {
        /// What was asked for.
        path: String,
    },
    /// It answered with an error.
    #[error("Envoy's admin interface answered {path} with status {status}: {body}")]
    Refused {
        /// What was asked for.
        path: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        body: String,
    },
}

/// A request that takes longer has failed. `config_dump` of 10,000 hosts takes about a second.
const LIMIT: Duration = Duration::from_secs(30);

impl fmt::Display for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Admin {
    /// Reads something, for example `/stats?filter=^http`. An answer other than 200 is an error.
    pub fn get(&self, path: &str) -> Result<String, AdminError> {
        accept(path, self.ask("GET", path)?)
    }

    /// Changes something, for example `/healthcheck/fail`. An answer other than 200 is an error.
    pub fn post(&self, path: &str) -> Result<String, AdminError> {
        accept(path, self.ask("POST", path)?)
    }

    /// Asks, and gives the answer whatever its status: `/ready` says 503 while Envoy starts.
    pub fn ask(&self, method: &str, path: &str) -> Result<Answer, AdminError> {
        let answer = self.exchange(method, path);
        let bytes = answer.map_err(|source| AdminError::Io { admin: self.to_string(), source })?;
        parse_answer(&bytes).ok_or_else(|| AdminError::NotHttp { path: path.to_owned() })
    }

    /// True when Envoy says that it is initialized: it has its first configuration and its listeners.
    pub fn is_ready(&self) -> bool {
        self.ask("GET", "/ready").is_ok_and(|answer| answer.status == 200)
    }

    fn exchange(&self, method: &str, path: &str) -> io::Result<Vec<u8>> {
        match self {
            Self::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, LIMIT)?;
                stream.set_read_timeout(Some(LIMIT))?;
                exchange(stream, method, path)
            }
            Self::Unix(socket) => {
                let stream = UnixStream::connect(socket)?;
                stream.set_read_timeout(Some(LIMIT))?;
                exchange(stream, method, path)
            }
        }
    }
}

fn exchange(mut stream: impl Read + Write, method: &str, path: &str) -> io::Result<Vec<u8>> {
    // Envoy answers 426 to HTTP/1.0, so the chunks of 1.1 have to be put together here.
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

fn accept(path: &str, answer: Answer) -> Result<String, AdminError> {
    match answer {
        Answer { status: 200, body } => Ok(body),
        Answer { status, body } => Err(AdminError::Refused { path: path.to_owned(), status, body }),
    }
}

fn parse_answer(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?.to_ascii_lowercase();
    let status = head.strip_prefix("http/1.1 ")?.get(..3)?.parse().ok()?;
    let body = &bytes[end + 4..];
    let chunked = head.lines().any(|line| line.starts_with("transfer-encoding:") && line.contains("chunked"));
    let body = if chunked { join_chunks(body)? } else { body.to_vec() };
    Some(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// None when the last chunk is missing: the answer was cut off.
fn join_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line_end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line_end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let start = line_end + 2;
        let end = start.checked_add(size)?;
        body.extend_from_slice(rest.get(start..end)?);
        rest = rest.get(end + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(bytes: &[u8]) -> Option<String> {
        parse_answer(bytes).map(|answer| answer.body)
    }

    #[test]
    fn chunks_are_joined() {
        let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na;x=1\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(body(answer).as_deref(), Some("abc0123456789"));
    }

    #[test]
    fn an_answer_that_is_cut_off_is_no_answer() {
        assert_eq!(body(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab"), None);
        assert_eq!(body(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n"), None);
        assert_eq!(body(b"HTTP/1.1 200 OK\r\n"), None);
    }

    #[test]
    fn a_size_that_overflows_is_no_answer() {
        let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nab\r\n";
        assert_eq!(body(answer), None);
    }

    #[test]
    fn a_status_other_than_200_is_an_error_with_what_envoy_said() {
        let answer = parse_answer(b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnope").unwrap();
        let error = accept("/nothing", answer).unwrap_err().to_string();
        assert_eq!(error, "Envoy's admin interface answered /nothing with status 404: nope");
    }
}
