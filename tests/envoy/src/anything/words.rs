//! Texts by the field that they stand in: right ones, and ones that somebody could think are right.

use super::Path;
use crate::Dice;

/// What a field's texts are taken from.
pub(super) struct Words {
    right: &'static [&'static str],
    unusual: &'static [&'static str],
}

impl Words {
    /// The words of a field. A `#` in a word stands for the number of the object.
    pub(super) fn of(path: Path<'_>) -> Self {
        let (right, unusual) = match path {
            [.., "virtualhost", "fqdn"] | [.., "rules", "host"] | [.., "tls", "hosts"] => {
                (&HOSTS[..], &UNUSUAL_HOSTS[..])
            }
            [.., "tls", "secretName"] => (
                &["cert", "cert", "cert", "default/cert", "team/cert"][..],
                &["gone", "ca", "team/hidden", "/", "a/b/c"][..],
            ),
            [.., "caSecret"] => (&["ca", "ca", "team/ca"][..], &["cert", "gone", "default/", "/ca"][..]),
            [.., "crlSecret"] => (&["ca", "team/ca"][..], &["cert", "gone"][..]),
            [.., "localJWKS", "secretName"] => (&["keys"][..], &["cert", "gone"][..]),
            [.., "localJWKS", "key"] => (&["jwks"][..], &["none", "tls.crt"][..]),
            [.., "services" | "service", "name"] => (
                &["web", "web", "web", "web", "web", "grpc", "out"][..],
                &["gone", "no-ports", "WEB", "a/b"][..],
            ),
            [.., "port", "name"] => (&["http"][..], &["gone", "80"][..]),
            [.., "delegate" | "includes" | "include", "name"] => {
                (&["part", "child-#", "child-#"][..], &["gone", "other", "root-#"][..])
            }
            [.., "namespace"] => (&["default", "default", "team"][..], &["gone", "Team"][..]),
            [.., "extensionRef", "name"] => (&["auth"][..], &["gone"][..]),
            [.., "extensionRef", "apiVersion"] => (&["projectcontour.io/v1alpha1"][..], &["v1"][..]),
            [.., "jwtProviders", "name"] | [.., "jwtVerificationPolicy", "require"] => {
                (&["one", "two"][..], &["", "é", "a b"][..])
            }
            [.., "source"] => (&["Peer", "Remote"][..], &[""][..]),
            _ => return Self::of_requests(path),
        };
        Self { right, unusual }
    }

    /// Those of fields that requests and responses are matched by, or that change them.
    fn of_requests(path: Path<'_>) -> Self {
        let (right, unusual) = match path {
            [.., "cidr"] => (&ADDRESSES[..], &UNUSUAL_ADDRESSES[..]),
            [.., "uri"] => (&URIS[..], &UNUSUAL_URIS[..]),
            [.., "conditions", "prefix" | "exact"]
            | [.., "paths", "path"]
            | [.., "healthCheckPolicy", "path"] => (&PATHS[..], &UNUSUAL_PATHS[..]),
            [.., "routes", "match" | "prefixRewrite"] | [.., "healthCheck", "path"] => {
                (&PATHS[..], &UNUSUAL_PATHS[..])
            }
            [.., "replacePrefix", _]
            | [.., "requestRedirectPolicy", "path" | "prefix"]
            | [.., "pathPrefix"] => (&PATHS[..], &UNUSUAL_PATHS[..]),
            [.., "conditions", "regex"] => (&PATH_EXPRESSIONS[..], &UNUSUAL_EXPRESSIONS[..]),
            [.., "regex"] => (&EXPRESSIONS[..], &UNUSUAL_EXPRESSIONS[..]),
            [.., "allowOrigin"] => (
                &["*", "https://a.example", "http://a.example:8080", "https://.*[.]example"][..],
                &["(", "a{1001}", "https://a.example/x", "null"][..],
            ),
            [.., "header" | "headers", "name"] | [.., "headerName"] => (&HEADERS[..], &UNUSUAL_HEADERS[..]),
            [.., "set" | "responseHeadersToAdd", "name"] | [.., "remove"] => {
                (&HEADERS[..], &UNUSUAL_HEADERS[..])
            }
            [.., "allowHeaders" | "exposeHeaders" | "allowMethods"] => {
                (&["GET", "X-A", "x-b"][..], &["*", "a b", "a,b"][..])
            }
            [.., "set" | "responseHeadersToAdd", "value"] => (&VALUES[..], &UNUSUAL_VALUES[..]),
            [.., "cookieRewritePolicies", "name"] => (&["session", "a"][..], &["a=b", "a\"b", "x;y"][..]),
            [.., "pathRewrite", "value"] => (&["/", "/a"][..], &["a;b", "é", "]]", "\"", "\\"][..]),
            [.., "domainRewrite", "value"] | [.., "hostname"] | [.., "subjectName" | "subjectNames"] => (
                &["a.example", "b.example"][..],
                &["*.example", "A.example", "a..b", "127.0.0.1", "a.example.", "a b"][..],
            ),
            [.., "aggression"] => {
                (&["1.0", ".5", "2"][..], &["0", "0.0", "-1", "1e3", "99999999999999999999"][..])
            }
            [
                ..,
                "request" | "response" | "idle" | "idleConnection" | "perTryTimeout" | "responseTimeout",
            ] => (&TIMEOUTS[..], &UNUSUAL_DURATIONS[..]),
            [.., "window" | "timeout" | "cacheDuration"] => {
                (&["1s", "10s", "5m", "1h30m"][..], &UNUSUAL_DURATIONS[..])
            }
            [.., "maxAge"] => (&["0", "10m", "1s"][..], &UNUSUAL_DURATIONS[..]),
            [.., "minimumProtocolVersion" | "maximumProtocolVersion"] => {
                (&["1.2", "1.3"][..], &["1.1", "", "1.4"][..])
            }
            [.., "strategy"] => (
                &["RoundRobin", "WeightedLeastRequest", "Random", "Cookie", "RequestHash"][..],
                &["cookie"][..],
            ),
            [.., "ingressClassName"] => (&["contour"][..], &["other"][..]),
            [.., "body"] => (&["", "no", "{\"a\": 1}"][..], &["%", "%REQ(X)%", "\0", "é"][..]),
            _ => return Self::of_operators(path),
        };
        Self { right, unusual }
    }

    /// Those of fields that only operators have.
    fn of_operators(path: Path<'_>) -> Self {
        let (right, unusual) = match path {
            [.., "accessLogFormatString"] => (&LINES[..], &UNUSUAL_VALUES[..]),
            [.., "accessLogJSONFields"] => {
                (&LOG_FIELDS[..], &["nothing", "a=%FOO%", "=", "a=", "a=%REQ(", "=%PROTOCOL%"][..])
            }
            [.., "cipherSuites"] => (&CIPHERS[..], &["TLS_AES_128_GCM_SHA256", "x", "", "ALL", "[a|b]"][..]),
            [.., "ecdhCurves"] => (&["X25519", "P-256", "P-384"][..], &["P-521", "x25519", ""][..]),
            [.., "overallSampling" | "clientSampling" | "randomSampling"] => {
                (&["100", "0.5", "0"][..], &["101", "-1", "x", "1e9"][..])
            }
            [.., "customTags", "requestHeaderName"] => (&HEADERS[..], &UNUSUAL_HEADERS[..]),
            [.., "envoy", "timeouts", "connectTimeout"] => (&["1s", "250ms"][..], &UNUSUAL_DURATIONS[..]),
            [.., "envoy", "timeouts", _] => (&TIMEOUTS[..], &UNUSUAL_DURATIONS[..]),
            [.., "address"] => (&["127.0.0.1"][..], &["", "a", "::1"][..]),
            [.., "clientCertificate" | "fallbackCertificate", "name"] => (&["cert"][..], &["gone", "ca"][..]),
            [.., "extensionService", "name"] => (&["auth"][..], &["gone"][..]),
            _ => (&PLAIN[..], &NASTY[..]),
        };
        Self { right, unusual }
    }

    /// One of them, with the number of the object in place of `#`.
    pub(super) fn pick(&self, unusual: bool, number: u64, dice: &mut Dice) -> String {
        let word = match unusual {
            true if dice.chance(25) => return nasty(dice),
            true => dice.pick(self.unusual),
            false => dice.pick(self.right),
        };
        word.replace('#', &number.to_string())
    }
}

/// A text that is right nowhere, or too long.
pub(super) fn nasty(dice: &mut Dice) -> String {
    match dice.below(12) {
        0 => "x".repeat([64, 254, 300, 4097, 16_385][dice.below(5)]),
        1 => format!("/{}", "a/".repeat(dice.below(300))),
        _ => dice.pick(&NASTY).to_owned(),
    }
}

pub(super) const NUMBERS: [i64; 16] = [
    0,
    1,
    -1,
    2,
    80,
    99,
    100,
    101,
    599,
    600,
    65_535,
    65_536,
    2_147_483_647,
    4_294_967_296,
    i64::MAX,
    i64::MIN,
];

pub(super) const PLAIN: [&str; 6] = ["a", "b", "one", "two", "value", "x-y"];

/// Control characters, separators, other alphabets, and the languages that Envoy knows.
const NASTY: [&str; 44] = [
    "",
    " ",
    "\0",
    "\n",
    "\r\n",
    "a\r\nx: y",
    "\t",
    "\u{7f}",
    "é",
    "\u{202e}",
    "\u{1f600}",
    "%",
    "%%",
    "%20",
    "a%",
    "%REQ(",
    "%REQ(X)%",
    "%REQ()%",
    "%REQ(X):abc%",
    "%REQ(A?B?C)%",
    "%hostname%",
    "%START_TIME(%Y)%",
    "%CEL(1)%",
    "%SUBSTRING%",
    "%PER_REQUEST_STATE(x)%",
    "/",
    "//",
    "/?",
    "/#",
    "*",
    "*.",
    ".*",
    "(",
    "[",
    "\\",
    "\\1",
    "(?=a)",
    "a{1001}",
    "]]",
    "]=]",
    "\"",
    "'",
    "{}",
    "..",
];

const HOSTS: [&str; 6] =
    ["h#.example", "h#.example", "h#.example", "*.w#.example", "deep.w#.example", "a-b.h#.example"];
const UNUSUAL_HOSTS: [&str; 12] = [
    "H#.example",
    "h#.example.",
    "*",
    "*.example",
    "h.*.example",
    "127.0.0.1",
    "h#.example:80",
    "[::1]",
    "shared.example",
    "h#_x.example",
    "xn--nxasmq6b.example",
    "*.*.example",
];
const PATHS: [&str; 9] = ["/", "/a", "/a", "/b", "/a/b", "/a/", "/a-b_c.d~e", "/api/v1", "/A"];
const UNUSUAL_PATHS: [&str; 18] = [
    "", "a", "//", "/a//b", "/a/../b", "/a?b", "/a#b", "/a b", "/a%20b", "/%", "/é", "/a;b", "/a\r\nb",
    "/a*", "/[a]", "/a\\", "/:a", "/{a}",
];
const EXPRESSIONS: [&str; 5] = ["a+", "[a-z]{1,8}", "(a|b)", "^x$", ".*"];
const PATH_EXPRESSIONS: [&str; 5] = ["/a+", "/v[0-9]+", "/(a|b)/.*", "/[^/]+", "/x"];
const UNUSUAL_EXPRESSIONS: [&str; 30] = [
    "/(",
    "(",
    "a**",
    "a++",
    "(?=a)",
    "/(?!a)",
    "/(?P<x>a)",
    "/(?<x>a)",
    "a{1001}",
    "a{1000}",
    "/a{90}",
    "(a{1,30}){1,30}",
    "((a{100}){100})",
    "\\p{L}",
    "/\\pN",
    "\\y",
    "/\\",
    "/\n",
    "[[:foo:]]",
    "/[[:alpha:]]",
    "\\Q/a",
    "/\\C",
    "a{2,1}",
    "{",
    "/x{,3}",
    "(?i)/a",
    "/\\b",
    "/\\x{10FFFF}",
    "[z-a]",
    "/a|/b",
];
const HEADERS: [&str; 8] = ["x-a", "X-B", "x-c", "User-Agent", "accept", ":method", "x-envoy-x", "x-d"];
const UNUSUAL_HEADERS: [&str; 20] = [
    "Host",
    "host",
    ":authority",
    ":path",
    ":scheme",
    ":status",
    "Content-Length",
    "transfer-encoding",
    "Connection",
    "te",
    "upgrade",
    "a b",
    "é",
    "a:b",
    "a\"b",
    "x\ny",
    "",
    "x-request-id",
    "x-forwarded-for",
    "trailer",
];
const VALUES: [&str; 8] = [
    "a",
    "a b",
    "%REQ(X-A)%",
    "%HOSTNAME%",
    "%CONTOUR_NAMESPACE%",
    "%CONTOUR_SERVICE_NAME%",
    "100%",
    "%DOWNSTREAM_REMOTE_ADDRESS%",
];
const UNUSUAL_VALUES: [&str; 14] = [
    "%REQ(",
    "%REQ()%",
    "%REQ(X):abc%",
    "%REQ(X):7%",
    "%REQ(A?B)%",
    "%REQ( A )%",
    "%REQ(%HOSTNAME%)%",
    "a%20b",
    "%hostname%",
    "%DOWNSTREAM_REMOTE_ADDRESS(x)%",
    "%START_TIME(%Y)%",
    "%CEL(request.path)%",
    "a\tb",
    "é",
];
const ADDRESSES: [&str; 6] =
    ["10.0.0.0/8", "127.0.0.1", "::1", "2001:db8::/32", "0.0.0.0/0", "192.168.0.0/16"];
const UNUSUAL_ADDRESSES: [&str; 10] = [
    "10.0.0.1/33",
    "010.0.0.1",
    "fe80::1%eth0",
    "::/129",
    "10.0.0.0/",
    "a",
    "10.0.0.0/08",
    "::ffff:10.0.0.1/96",
    "10.1/16",
    "1.2.3.4/-1",
];
const URIS: [&str; 4] = [
    "https://127.0.0.1:9/jwks",
    "http://127.0.0.1:9/keys",
    "http://127.0.0.2:9/",
    "https://localhost:9/a?b=c",
];
const UNUSUAL_URIS: [&str; 14] = [
    "ftp://a.example/",
    "https://",
    "https://a.example:0/",
    "https://a.example:70000/",
    "a",
    "https://[::1]/k",
    "https://u:p@a.example/",
    "https://a b/",
    "HTTPS://A.example/",
    "https://a.example/\n",
    "https://a.example#x",
    "//a.example/",
    "https://é.example/",
    "http://:80/",
];
const LINES: [&str; 4] = [
    "%PROTOCOL%\n",
    "[%START_TIME(%s)%] \"%REQ(:METHOD)%\" %RESPONSE_CODE%\n",
    "a\n",
    "%REQ(X?Y):9% %DURATION%\n",
];
const LOG_FIELDS: [&str; 5] = ["method", "path", "@timestamp", "a=%PROTOCOL%", "b=%REQ(X-A)%"];
const CIPHERS: [&str; 3] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]",
    "ECDHE-RSA-AES256-GCM-SHA384",
];
const TIMEOUTS: [&str; 6] = ["1s", "infinity", "infinite", "1h30m", "250ms", "5s"];
const UNUSUAL_DURATIONS: [&str; 15] = [
    "0",
    "0s",
    "",
    "-1s",
    "1",
    "1ns",
    "1us",
    "0.0000001s",
    "9223372035s",
    "9223372036s",
    "2562047h47m16.854775807s",
    "99999999h",
    "1d",
    "1s1s",
    "+1s",
];

pub(super) const COUNTS: [&str; 12] =
    ["1", "10", "1024", "0", "-1", "4294967295", "4294967296", "99999999999999999999", "a", "", "1.5", " 1"];
