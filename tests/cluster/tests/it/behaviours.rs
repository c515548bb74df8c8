//! What clients see of objects in a cluster, and what their owners are told: each row of what Contour promises, and
//! objects as they were written for Contour 0.14.

use std::net::SocketAddr;

use isobath_cluster_tests::{eventually, install_definitions};
use serde_json::{Value, json};
use status::Kind;
use testbed::Bed;
use testkit::{ClientTls, Failure, Issuer, Request, Trust};

use crate::controller::{Controller, certificates};
use crate::objects::{http_proxy, pair, secret};
use crate::outages::BACKENDS;
use crate::statuses::{apply, becomes, status_of};

const OBJECTS: &str = include_str!("behaviours/objects.yaml");

/// What came of a request: a status with a backend or a place to go to, or no answer.
async fn outcome(request: &Request) -> String {
    match request.send().await {
        Ok(answer) if answer.code() == 200 => answer.service(),
        Ok(answer) => match answer.header("location") {
            Some(location) => format!("{} to {location}", answer.code()),
            None => answer.code().to_string(),
        },
        Err(Failure::Connect(_) | Failure::Tls(_) | Failure::Lost(_) | Failure::NotSent) => {
            "no connection".to_owned()
        }
        Err(other) => other.to_string(),
    }
}

/// Where clients come in.
struct Entrance {
    http: SocketAddr,
    https: SocketAddr,
}

impl Entrance {
    fn plain(&self, host: &str, path: &str) -> Request {
        Request::get(self.http, host, path)
    }

    fn tls(&self, host: &str) -> Request {
        Request::get(self.https, host, "/").tls(ClientTls::new(host, &Trust::Anything))
    }

    async fn gives(&self, what: &str, request: Request, wanted: &str) {
        eventually(what, async || {
            let found = outcome(&request).await;
            if found == wanted { Ok(()) } else { Err(format!("{found} instead of {wanted}")) }
        })
        .await;
    }
}

/// Starts everything: the objects, a controller, an Envoy and two backends.
async fn served(bed: &Bed, issuer: &Issuer) -> (Controller, testkit::Envoy, Entrance) {
    install_definitions(bed).await;
    bed.objects.apply(BACKENDS).await.unwrap();
    let [host, authority] = [certificates(0), certificates(0)];
    apply(bed, &secret("certificate", "kubernetes.io/tls", &pair(&host.server))).await;
    apply(bed, &secret("authority", "Opaque", &json!({"ca.crt": authority.ca}))).await;
    apply(bed, &secret("keys", "Opaque", &json!({"jwks": issuer.jwks()}))).await;
    bed.objects.apply(OBJECTS).await.unwrap();
    let controller = Controller::start(bed, &[], &[]).await;
    let envoy = controller.envoy("one").await;
    let entrance = Entrance { http: controller.http(), https: controller.https() };
    for backend in ["blue", "green"] {
        let route = json!({"services": [{"name": backend, "port": 80}]});
        apply(bed, &http_proxy(backend, json!({}), &route)).await;
        let request = entrance.plain(&format!("{backend}.example"), "/");
        entrance.gives("the backend answers", request, backend).await;
    }
    (controller, envoy, entrance)
}

#[test]
fn clients_see_what_contour_promises_and_owners_are_told() {
    testbed::test("behaviours", async |bed| {
        let issuer = Issuer::new("issuer");
        let (_controller, _envoy, entrance) = served(bed, &issuer).await;
        let token = |audience: &str| {
            let token = issuer.token(json!({"iss": "issuer.example", "aud": audience}), 600);
            entrance.tls("tokens.example").header("authorization", &format!("Bearer {token}"))
        };
        let misdirected = Request { host: "plain.example".to_owned(), ..entrance.tls("safe.example") };
        let rows = [
            ("no host", entrance.plain("nobody.example", "/"), "404"),
            ("a backend", entrance.plain("plain.example", "/"), "blue"),
            ("no endpoints", entrance.plain("plain.example", "/nobody"), "503"),
            ("an address that is not let in", entrance.plain("plain.example", "/denied"), "403"),
            ("the first of a limited number", entrance.plain("plain.example", "/limited"), "blue"),
            ("one more than a limited number", entrance.plain("plain.example", "/limited"), "429"),
            ("no Service", entrance.plain("unresolved.example", "/"), "503"),
            ("an included route", entrance.plain("includes.example", "/there"), "green"),
            ("an include that is missing", entrance.plain("includes.example", "/missing"), "502"),
            ("beside it", entrance.plain("includes.example", "/"), "blue"),
            (
                "plain HTTP to a host with TLS",
                entrance.plain("safe.example", "/a?b"),
                "301 to https://safe.example/a?b",
            ),
            ("TLS", entrance.tls("safe.example"), "blue"),
            ("a server name that nobody has", entrance.tls("nobody.example"), "no connection"),
            ("another host than the server name", misdirected, "421"),
            ("no certificate of a client", entrance.tls("clients.example"), "no connection"),
            ("no certificate where none is needed", entrance.tls("optional.example"), "blue"),
            ("no token", entrance.tls("tokens.example"), "401"),
            ("a token for somebody else", token("another"), "403"),
            ("a token", token("shop"), "blue"),
            ("nobody who could be asked", entrance.tls("asked.example"), "403"),
            ("nobody who must be asked", entrance.tls("open.example"), "blue"),
            ("an IngressRoute", entrance.plain("old.example", "/"), "blue"),
            ("a policy of an IngressRoute", entrance.plain("old.example", "/retried"), "green"),
            ("a rewritten path", entrance.plain("old.example", "/rewritten/a"), "green"),
            ("a delegated path", entrance.plain("old.example", "/team/a"), "green"),
            ("TLS of an IngressRoute", entrance.tls("old-safe.example"), "blue"),
            ("plain HTTP to it", entrance.plain("old-safe.example", "/"), "301 to https://old-safe.example/"),
            ("where it is permitted", entrance.plain("old-safe.example", "/open"), "green"),
            ("a tcpproxy", entrance.tls("old-tcp.example"), "green"),
            ("no Service of an IngressRoute", entrance.plain("old-unresolved.example", "/"), "503"),
            ("a delegation to nowhere", entrance.plain("old-nowhere.example", "/"), "404"),
        ];
        for (what, request, wanted) in rows {
            entrance.gives(what, request, wanted).await;
        }
        for (kind, name, wanted) in STATUSES {
            becomes(name, json!(wanted), async || words(&status_of(bed, kind, name).await)).await;
        }
    });
}

/// What a status says first: of an error its reason.
fn words(status: &Value) -> Value {
    let first = &status["conditions"][0]["errors"][0]["reason"];
    let said = if first.is_null() { &status["description"] } else { first };
    json!([status["currentStatus"], said])
}

const STATUSES: [(Kind, &str, [&str; 2]); 18] = [
    (Kind::HttpProxy, "plain", ["valid", "Valid HTTPProxy"]),
    (Kind::HttpProxy, "unresolved", ["invalid", "ServiceUnresolvedReference"]),
    (Kind::HttpProxy, "includes", ["invalid", "IncludeNotFound"]),
    (Kind::HttpProxy, "included", ["valid", "Valid HTTPProxy"]),
    (Kind::HttpProxy, "orphan", ["orphaned", "Orphaned"]),
    (Kind::HttpProxy, "safe", ["valid", "Valid HTTPProxy"]),
    (Kind::HttpProxy, "clients", ["valid", "Valid HTTPProxy"]),
    (Kind::HttpProxy, "optional", ["valid", "Valid HTTPProxy"]),
    (Kind::HttpProxy, "tokens", ["valid", "Valid HTTPProxy"]),
    (Kind::HttpProxy, "asked", ["valid", "Valid HTTPProxy"]),
    (Kind::HttpProxy, "open", ["valid", "Valid HTTPProxy"]),
    (Kind::IngressRoute, "old", ["valid", "valid IngressRoute"]),
    (Kind::IngressRoute, "old-part", ["valid", "valid IngressRoute"]),
    (
        Kind::IngressRoute,
        "old-orphan",
        ["orphaned", "this IngressRoute is not part of a delegation chain from a root IngressRoute"],
    ),
    (Kind::IngressRoute, "old-safe", ["valid", "valid IngressRoute"]),
    (Kind::IngressRoute, "old-tcp", ["valid", "valid IngressRoute"]),
    (Kind::IngressRoute, "old-unresolved", ["invalid", "Service [not-there:80] is invalid or missing"]),
    (Kind::IngressRoute, "old-nowhere", ["valid", "valid IngressRoute"]),
];

#[test]
fn what_is_taken_away_is_served_no_more() {
    testbed::test("behaviours-taken", async |bed| {
        let (_controller, _envoy, entrance) = served(bed, &Issuer::new("issuer")).await;
        entrance.gives("TLS", entrance.tls("safe.example"), "blue").await;
        bed.objects.delete("{apiVersion: v1, kind: Secret, metadata: {name: certificate}}").await.unwrap();
        entrance.gives("a host without its certificate", entrance.tls("safe.example"), "no connection").await;
        entrance.gives("plain HTTP to it", entrance.plain("safe.example", "/"), "404").await;

        let with_prefix = |prefix: &str| {
            let route =
                json!({"conditions": [{"prefix": prefix}], "services": [{"name": "blue", "port": 80}]});
            http_proxy("plain", json!({}), &route)
        };
        apply(bed, &with_prefix("no-slash")).await;
        entrance.gives("a host that became invalid", entrance.plain("plain.example", "/"), "404").await;
        apply(bed, &with_prefix("/")).await;
        entrance.gives("a host that became valid", entrance.plain("plain.example", "/"), "blue").await;
    });
}
