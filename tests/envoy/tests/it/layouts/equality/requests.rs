//! Requests by chance: every part of one may be usual or odd.

use std::net::{Ipv4Addr, SocketAddr};

use http::Method;
use testkit::{Request, Version};

use super::objects::{COVERED, EXACT, SECURE};
use harness::Dice;

/// Hosts that nothing is configured for, and texts that are hardly hosts.
const UNKNOWN: [&str; 22] = [
    "unknown.example",
    "example",
    "wild.example",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "[::1",
    "[fe80::1%25eth0]",
    "*",
    "*.wild.example",
    "user@all.example",
    "all.example,closed.example",
    "all.example/closed",
    "all.example#closed",
    "http/all.example",
    "https/all.example",
    "all.example..",
    ".all.example",
    ".",
    "..",
    "xn--bcher-kva.example",
    "",
];
/// What may stand behind a host.
const ENDS: [&str; 16] = [
    "", "", "", "", ":80", ":8080", ":443", ":65535", ".", ".:80", ":", ":0", ":65536", ":abc", ":80:90",
    "..:80",
];
const PATHS: [&str; 34] = [
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/a/b/c?x=y",
    "/A",
    "/ab",
    "//a",
    "/a/../c",
    "/a/./b",
    "/%61",
    "/a%2Fb",
    "/c",
    "/c/d",
    "/q?a=one",
    "/q?a=on",
    "/q?b",
    "/q?a=two&b=",
    "/q",
    "/exact",
    "/exact/",
    "/exact?x",
    "/v1/a",
    "/v22/b",
    "/v1/c",
    "/moved",
    "/moved/host?a=b",
    "/moved/all/x",
    "/moved/prefix/x?y",
    "/said",
    "/said/text",
    "/said/nothing",
    "/status/404",
    "/status/503",
];
const METHODS: [&str; 12] =
    ["GET", "GET", "GET", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "OWN"];
const HEADERS: [(&str, &[&str]); 14] = [
    ("x-a", &["one", "two", ""]),
    ("X-B", &["TWO", "three", "tw"]),
    ("x-c", &["1", "12a", "a"]),
    ("x-own", &["kept", "a, b"]),
    ("cookie", &["a=b; c=d"]),
    ("content-type", &["application/grpc", "application/grpc-web", "text/plain"]),
    ("x-forwarded-for", &["10.0.0.1", "10.0.0.1, 10.0.0.2"]),
    ("x-forwarded-proto", &["https", "http", "other"]),
    ("x-forwarded-host", &["closed.example"]),
    ("x-envoy-original-path", &["/other"]),
    ("x-envoy-max-retries", &["3"]),
    ("x-request-id", &["mine"]),
    ("te", &["trailers"]),
    ("expect", &["other"]),
];
/// What a client may try to choose another scope with.
const SCOPES: [&str; 7] =
    ["http/all.example", "https/secure.example", "chain/strict.example", "http/*", "*", "", "x/y:z"];

/// A request, and a header that only a layout with scopes looks at.
pub(super) struct Sample {
    /// Its target is nowhere.
    pub(super) request: Request,
    pub(super) scope: Option<&'static str>,
}

/// One of the plaintext requests of a seed.
pub(super) fn plain(seed: u64, number: u64) -> Sample {
    let mut dice = Dice::of(seed, number);
    let known = [&EXACT[..], &COVERED, &SECURE].concat();
    let host = if dice.chance(85) { dice.pick(&known) } else { dice.pick(&UNKNOWN) };
    sample(&mut dice, host)
}

/// One of the requests over TLS, and the server name of its connection.
pub(super) fn secure(seed: u64, number: u64) -> (&'static str, Sample) {
    let mut dice = Dice::of(seed, number);
    let server_name = dice.pick(&SECURE);
    let host = match dice.chance(80) {
        true => server_name,
        false => dice.pick(&[&SECURE[..], &EXACT, &UNKNOWN].concat()),
    };
    (server_name, sample(&mut dice, host))
}

fn sample(dice: &mut Dice, host: &str) -> Sample {
    let mut request = Request::get((Ipv4Addr::LOCALHOST, 0).into(), &written(dice, host), dice.pick(&PATHS));
    request.method = Method::from_bytes(dice.pick(&METHODS).as_bytes()).unwrap();
    for (name, values) in HEADERS {
        if dice.chance(12) {
            request = request.header(name, dice.pick(values));
        }
    }
    if [Method::POST, Method::PUT, Method::PATCH].contains(&request.method) {
        request = request.body("a body");
    }
    if dice.chance(40) {
        request.version = Version::Http2;
    } else if dice.chance(4) {
        request.path = format!("http://{}{}", written(dice, "all.example"), request.path);
    }
    Sample { request, scope: dice.chance(10).then(|| dice.pick(&SCOPES)) }
}

/// A host as somebody could have written it.
fn written(dice: &mut Dice, host: &str) -> String {
    let mixed = dice.chance(25);
    let letter = |letter: char| if mixed && dice.chance(50) { letter.to_ascii_uppercase() } else { letter };
    let host: String = host.chars().map(letter).collect();
    host + dice.pick(&ENDS)
}

impl Sample {
    /// The request as it is sent to a server.
    pub(super) fn to(&self, target: SocketAddr, has_scopes: bool) -> Request {
        let request = Request { target, ..self.request.clone() };
        match self.scope.filter(|_| has_scopes) {
            Some(scope) => request.header("x-isobath-scope", scope),
            None => request,
        }
    }
}
