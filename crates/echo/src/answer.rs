//! What a request looked like on arrival, and what it asked for.

use std::time::Duration;

use http::{HeaderMap, Request, StatusCode, Version};
use serde::{Deserialize, Serialize};

/// A request as it arrived. The body of each answer, and what [`crate::Server::last_seen`] gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The name of this backend.
    pub service: String,
    /// The method.
    pub method: String,
    /// The `Host` header, or `:authority` on HTTP/2; empty when there is neither.
    pub host: String,
    /// The path without the query.
    pub path: String,
    /// The query, without the question mark.
    pub query: Option<String>,
    /// All headers in the order of arrival, names in lower case; several values of one name stand
    /// together, where the first was. In JSON each is one string, `name: value`.
    #[serde(with = "header_lines")]
    pub headers: Vec<(String, String)>,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub protocol: String,
    /// The length of the body.
    pub body_bytes: u64,
    /// The TLS connection that the request came on.
    pub tls: Option<TlsSeen>,
}

/// A TLS connection as the backend saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsSeen {
    /// The server name that the client asked for.
    pub sni: Option<String>,
    /// The protocol that was agreed by ALPN.
    pub alpn: Option<String>,
}

impl Seen {
    /// The first value of a header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// All values of a header; the name in lower case.
    pub fn header_values(&self, name: &str) -> Vec<&str> {
        let values = self.headers.iter().filter(|(own, _)| own == name);
        values.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn of<B>(request: &Request<B>, service: &str, tls: Option<&TlsSeen>) -> Self {
        Self {
            service: service.to_owned(),
            method: request.method().to_string(),
            host: host(request),
            path: request.uri().path().to_owned(),
            query: request.uri().query().map(str::to_owned),
            headers: header_list(request.headers()),
            protocol: protocol(request.version()),
            body_bytes: 0,
            tls: tls.cloned(),
        }
    }
}

fn host<B>(request: &Request<B>) -> String {
    let authority = request.uri().authority().map(ToString::to_string);
    let header = || request.headers().get(http::header::HOST).map(|value| text(value.as_bytes()));
    authority.or_else(header).unwrap_or_default()
}

fn header_list(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn protocol(version: Version) -> String {
    format!("{version:?}")
}

/// Headers as people write them; names hold no colon, so nothing is lost.
mod header_lines {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(headers: &[(String, String)], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(headers.iter().map(|(name, value)| format!("{name}: {value}")))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Vec<(String, String)>, D::Error> {
        let lines = Vec::<String>::deserialize(from)?;
        let pairs = lines.iter().map(|line| line.split_once(": ").ok_or_else(|| D::Error::custom(line)));
        pairs.map(|pair| pair.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
    }
}

/// What a request asked its answer to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) status: StatusCode,
    pub(crate) delay: Option<Duration>,
}

const LONGEST_DELAY: Duration = Duration::from_secs(60);

impl Wish {
    /// A wish that cannot be read is answered with 400.
    pub(crate) fn of(path: &str, query: Option<&str>) -> Self {
        match (wished_status(path), wished_delay(query)) {
            (Some(status), Some(delay)) => Self { status, delay },
            _ => Self { status: StatusCode::BAD_REQUEST, delay: None },
        }
    }
}

fn wished_status(path: &str) -> Option<StatusCode> {
    let Some(number) = path.strip_prefix("/status/") else { return Some(StatusCode::OK) };
    let number: u16 = number.parse().ok()?;
    // 1xx are not final answers.
    (200..600).contains(&number).then(|| StatusCode::from_u16(number).ok())?
}

fn wished_delay(query: Option<&str>) -> Option<Option<Duration>> {
    let parts = query.unwrap_or_default().split('&');
    match parts.into_iter().find_map(|part| part.strip_prefix("delay=")) {
        None => Some(None),
        Some(millis) => Some(Some(Duration::from_millis(millis.parse().ok()?).min(LONGEST_DELAY))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(path: &str, query: Option<&str>) -> (u16, Option<u128>) {
        let wish = Wish::of(path, query);
        (wish.status.as_u16(), wish.delay.map(|delay| delay.as_millis()))
    }

    #[test]
    fn the_path_chooses_the_status() {
        assert_eq!(wish("/", None), (200, None));
        assert_eq!(wish("/status/503", None), (503, None));
        assert_eq!(wish("/status/100", None), (400, None));
        assert_eq!(wish("/status/600", None), (400, None));
        assert_eq!(wish("/status/teapot", None), (400, None));
    }

    #[test]
    fn the_query_chooses_a_bounded_delay() {
        assert_eq!(wish("/", Some("a=b&delay=20")), (200, Some(20)));
        assert_eq!(wish("/status/404", Some("delay=99999999")), (404, Some(60_000)));
        assert_eq!(wish("/", Some("delay=soon")), (400, None));
    }

    #[test]
    fn several_values_of_a_header_are_all_seen() {
        let request = Request::builder().header("a", "1").header("b", "2").header("a", "3").body(()).unwrap();
        let seen = Seen::of(&request, "s", None);
        assert_eq!(seen.header_values("a"), ["1", "3"]);
        assert_eq!(seen.header("b"), Some("2"));
        assert_eq!(seen.header("c"), None);
    }

    #[test]
    fn what_was_seen_survives_json() {
        let request =
            Request::builder().uri("/a?b").header("time", "12: 30").header("none", "").body(()).unwrap();
        let seen = Seen::of(&request, "s", Some(&TlsSeen { sni: None, alpn: Some("h2".into()) }));
        let text = serde_json::to_string(&seen).unwrap();
        assert!(text.contains(r#""headers":["time: 12: 30","none: "]"#), "{text}");
        assert_eq!(serde_json::from_str::<Seen>(&text).unwrap(), seen);
    }
}
