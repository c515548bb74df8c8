//! Annotations of objects.

use serde_json::{Map, Value};

use super::{Anything, words};

type Annotation = (&'static str, &'static [&'static str]);

/// Annotations that are read of each kind.
pub(super) const OF_INGRESS: [Annotation; 11] = [
    ("kubernetes.io/ingress.allow-http", &["true", "false", "no"]),
    ("ingress.kubernetes.io/force-ssl-redirect", &["true", "false", ""]),
    ("projectcontour.io/num-retries", &words::COUNTS),
    ("projectcontour.io/retry-on", &["5xx", "reset,connect-failure", "a\nb", "nothing", ""]),
    ("projectcontour.io/per-try-timeout", &["1s", "infinity", "x", "-1s"]),
    ("projectcontour.io/request-timeout", &["1s", "infinity", "x", "0"]),
    ("projectcontour.io/response-timeout", &["1s", "infinity", "x", "99999999h"]),
    ("projectcontour.io/tls-minimum-protocol-version", &["1.2", "1.3", "1.1", "x"]),
    ("projectcontour.io/tls-maximum-protocol-version", &["1.2", "1.3", "x"]),
    ("projectcontour.io/tls-cert-namespace", &["team", "default", "Gone", ""]),
    ("projectcontour.io/websocket-routes", &["/", "/a,/b", ",", " /a "]),
];
pub(super) const OF_SERVICE: [Annotation; 8] = [
    ("projectcontour.io/max-connections", &words::COUNTS),
    ("projectcontour.io/max-pending-requests", &words::COUNTS),
    ("projectcontour.io/max-requests", &words::COUNTS),
    ("projectcontour.io/max-retries", &words::COUNTS),
    ("projectcontour.io/per-host-max-connections", &words::COUNTS),
    ("projectcontour.io/upstream-protocol.h2", &["80", "http", ""]),
    ("projectcontour.io/upstream-protocol.h2c", &["80,81", "http", ", ,"]),
    ("projectcontour.io/upstream-protocol.tls", &["http", "443", "é"]),
];

/// Where a class may be said.
const CLASS: [&str; 3] =
    ["projectcontour.io/ingress.class", "contour.heptio.com/ingress.class", "kubernetes.io/ingress.class"];
/// Most of them are ours.
const CLASSES: [&str; 6] = ["contour", "contour", "isobath", "", "", "other"];

impl Anything {
    /// Some of these, by their names of today or of old, and now and then a class.
    pub(super) fn annotations(&mut self, all: &[Annotation]) -> Value {
        let mut chosen = Map::new();
        for (key, values) in all {
            let of_old = key.replace("projectcontour.io/", "contour.heptio.com/");
            for (key, share) in [((*key).to_owned(), 20), (of_old, 6)] {
                if self.dice.chance(share) {
                    chosen.insert(key, self.dice.pick(values).into());
                }
            }
        }
        for key in CLASS {
            if self.dice.chance(3) {
                chosen.insert(key.to_owned(), self.dice.pick(&CLASSES).into());
            }
        }
        Value::Object(chosen)
    }
}
