//! Hosts that ask clients for certificates: who gets in, what backends are told, and what goes on when that changes.

use envoy::XdsMode;
use harness::manifests::{HostCertificate, http_proxy, secret, simple_proxy, tls_proxy};
use harness::{Authority, ClientIdentity, LAYOUTS, Options, World};
use model::Layout;
use testkit::{ClientTls, Connection, Failure, Request, Seen, Trust, eventually};

/// A world with the backend `blue`, and the Secret `ca` of an authority.
async fn world(layout: Layout, authority: &Authority) -> World {
    world_of(Options::with_layout(layout), authority).await
}

async fn world_of(options: Options, authority: &Authority) -> World {
    let mut world = World::with(options).await;
    world.add_backend("blue").await;
    world.write("ca", &authority.secret("ca"));
    world
}

/// Writes a host that goes to `blue`; `validation` is the fields of `clientValidation`, none for a host without.
fn write_host(world: &World, name: &str, validation: &str) {
    let host = format!("{name}.example");
    world.write(&format!("secret-{name}"), &HostCertificate::new(&host).secret(name));
    write_validation(world, name, validation);
}

/// The same, of a host that has its Secret.
fn write_validation(world: &World, name: &str, validation: &str) {
    let validation = match validation {
        "" => String::new(),
        fields => format!(", clientValidation: {{{fields}}}"),
    };
    let tls = format!("{{secretName: {name}{validation}}}");
    world.write(name, &tls_proxy(name, &format!("{name}.example"), &tls, "blue"));
}

fn client(host: &str, identity: Option<&ClientIdentity>) -> ClientTls {
    match identity {
        None => ClientTls::new(host, &Trust::Anything),
        Some(identity) => ClientTls::with_identity(host, &Trust::Anything, &identity.chain, &identity.key),
    }
}

/// A request to a host by a client that shows this certificate if it is asked for one.
fn request(world: &World, name: &str, identity: Option<&ClientIdentity>) -> Request {
    let host = format!("{name}.example");
    world.get_tls(&host, "/").tls(client(&host, identity))
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Served,
    /// There is no connection for such a client.
    Refused,
    /// Envoy's own answer.
    Status(u16),
}
use Outcome::{Refused, Served, Status};

async fn outcome(request: &Request) -> Outcome {
    match request.send().await {
        Ok(answer) if answer.service() == "blue" => Served,
        Ok(answer) => Status(answer.code()),
        // In TLS 1.3 a client learns that it is refused when it waits for its answer.
        Err(Failure::Tls(_) | Failure::Lost(_) | Failure::NotSent) => Refused,
        Err(failure) => panic!("{failure}"),
    }
}

/// Waits until this comes of a request: an acknowledgement is no sign that the workers know. Until they all do, a
/// connection may still come by the chain of before, and find that its host is closed to it.
async fn comes_to(request: &Request, expected: Outcome, until_then: &[Outcome]) {
    eventually("the workers know", async || match outcome(request).await {
        found if found == expected => Ok(()),
        found if until_then.contains(&found) => Err(format!("{found:?}")),
        found => panic!("{found:?}"),
    })
    .await;
}

/// Proves client/certificate-required, client/certificate-optional.
#[tokio::test]
async fn clients_get_in_by_what_their_host_asks_for() {
    for layout in LAYOUTS {
        let (ours, theirs) = (Authority::root("ours"), Authority::root("theirs"));
        let branch = ours.intermediate("branch");
        let [good, bad] = ["good", "bad"].map(|name| ours.issue(name));
        let clients = [
            ("none", None),
            ("good", Some(good)),
            ("revoked", Some(bad.clone())),
            ("expired", Some(ours.issue_expired("late"))),
            ("foreign", Some(theirs.issue("good"))),
            ("branch", Some(branch.issue("leaf"))),
        ];
        let mut world = world(layout, &ours).await;
        world.write("crl", &secret("crl", "Opaque", &[("crl.pem", &ours.revoke(&[&bad]))]));
        world.write("branch", &secret("branch", "Opaque", &[("crl.pem", &branch.revoke(&[]))]));
        let hosts = [
            ("required", "caSecret: ca", ["good", "revoked", "branch"].as_slice()),
            (
                "optional",
                "caSecret: ca, optionalClientCertificate: true",
                &["none", "good", "revoked", "branch"],
            ),
            ("any", "skipClientCertValidation: true", &["good", "revoked", "expired", "foreign", "branch"]),
            (
                "suggested",
                "skipClientCertValidation: true, caSecret: ca, optionalClientCertificate: true",
                &["none", "good", "revoked", "expired", "foreign", "branch"],
            ),
            (
                "open",
                "skipClientCertValidation: true, optionalClientCertificate: true",
                &["none", "good", "revoked", "expired", "foreign", "branch"],
            ),
            ("lists", "caSecret: ca, crlSecret: crl", &["good"]),
            // The list of the root is missing, and the leaf's issuer shows its own.
            ("leaf", "caSecret: ca, crlSecret: branch, crlOnlyVerifyLeafCert: true", &["branch"]),
            ("whole", "caSecret: ca, crlSecret: branch", &[]),
        ];
        for (name, validation, _) in hosts {
            write_host(&world, name, validation);
        }
        write_host(&world, "plain", "");
        world.sync().await;
        for (host, _, expected) in hosts {
            for (name, identity) in &clients {
                let served = world.backend("blue").requests();
                let found = outcome(&request(&world, host, identity.as_ref())).await;
                let expected = if expected.contains(name) { Served } else { Refused };
                assert_eq!(found, expected, "{layout:?}: {name} at {host}");
                let served = world.backend("blue").requests() - served;
                assert_eq!(served, u64::from(found == Served), "{layout:?}: {name} at {host}");
            }
        }
        for (name, identity) in &clients {
            assert_eq!(
                outcome(&request(&world, "plain", identity.as_ref())).await,
                Served,
                "{layout:?}: {name}"
            );
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn connections_for_other_hosts_never_reach_a_host_that_asks_for_certificates() {
    for layout in LAYOUTS {
        let authority = Authority::root("ours");
        let mut world = world(layout, &authority).await;
        for (name, validation) in [
            ("plain", ""),
            ("asks", "caSecret: ca"),
            ("optional", "caSecret: ca, optionalClientCertificate: true"),
        ] {
            write_host(&world, name, validation);
        }
        world.write("secret-wild", &HostCertificate::new("*.example").secret("wild"));
        world.write("wild", &tls_proxy("wild", "'*.example'", "{secretName: wild}", "blue"));
        world.sync().await;
        let good = authority.issue("good");
        for (identity, server_name, host, code) in [
            (None, "plain.example", "asks.example", 421),
            (None, "any.example", "asks.example", 421),
            (None, "optional.example", "asks.example", 421),
            (Some(&good), "optional.example", "asks.example", 421),
            (Some(&good), "asks.example", "plain.example", 421),
            (Some(&good), "asks.example", "ASKS.example:8443", 200),
            (Some(&good), "asks.example", "asks.example.", 200),
            (None, "any.example", "any.example", 200),
        ] {
            for protocol in ["http/1.1", "h2"] {
                let tls = client(server_name, identity).alpn(&[protocol]);
                let mut request = Request { host: host.into(), ..world.get_tls(server_name, "/") }.tls(tls);
                if protocol == "h2" {
                    request = request.http2();
                }
                let answer = request.send().await.unwrap();
                assert_eq!(answer.code(), code, "{layout:?} {protocol}: {server_name} asks for {host}");
            }
        }
        assert_eq!(outcome(&world.get_tls("127.0.0.1", "/")).await, Refused, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_client_that_resumes_its_session_gets_in_without_showing_its_certificate_again() {
    for layout in LAYOUTS {
        let authority = Authority::root("ours");
        let mut world = world(layout, &authority).await;
        write_host(&world, "asks", "caSecret: ca, forwardClientCertificate: {subject: true}");
        world.sync().await;
        let ClientIdentity { chain, key, .. } = authority.issue("good");
        for (version, reused) in [(&rustls::version::TLS12, 2), (&rustls::version::TLS13, 4)] {
            let identity = (chain.as_str(), key.as_str());
            let trust = Trust::Anything;
            let tls = ClientTls::with_identity_and_version("asks.example", &trust, identity, version);
            let request = request(&world, "asks", None).tls(tls.resuming());
            for _ in 0..3 {
                let answer = request.send().await.unwrap();
                let told = answer.seen().map(|seen| told_by(&seen).concat()).unwrap_or_default();
                assert!(
                    told.contains("Subject=\"CN=good\""),
                    "{layout:?} {version:?}: {} {told}",
                    answer.code()
                );
            }
            let found = world.envoy.stats().await.sum("listener.", ".ssl.session_reused");
            assert_eq!(found, reused, "{layout:?} {version:?}");
        }
        world.assert_nothing_rejected().await;
    }
}

/// What a client might say to be taken for somebody else.
const FORGED: &str = "By=spiffe://forged;Hash=forged;Subject=\"CN=forged\"";

async fn told(world: &World, name: &str, identity: Option<&ClientIdentity>) -> Vec<String> {
    let answer =
        request(world, name, identity).header("X-Forwarded-Client-Cert", FORGED).send().await.unwrap();
    told_by(&answer.seen().unwrap())
}

fn told_by(seen: &Seen) -> Vec<String> {
    seen.header_values("x-forwarded-client-cert").into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn backends_are_told_what_was_chosen_and_nothing_that_a_client_made_up() {
    for layout in LAYOUTS {
        let root = Authority::root("ours");
        let good = root.intermediate("branch").issue("good");
        let mut world = world(layout, &root).await;
        for (name, validation) in [
            ("plain", ""),
            ("silent", "caSecret: ca"),
            ("hash", "caSecret: ca, optionalClientCertificate: true, forwardClientCertificate: {}"),
            ("names", "caSecret: ca, forwardClientCertificate: {subject: true, dns: true, uri: true}"),
            ("whole", "skipClientCertValidation: true, forwardClientCertificate: {cert: true, chain: true}"),
        ] {
            write_host(&world, name, validation);
        }
        world.write("clear", &simple_proxy("clear", "clear.example", "blue"));
        world.sync().await;
        for name in ["plain", "silent"] {
            assert_eq!(told(&world, name, Some(&good)).await, [""; 0], "{layout:?}: {name}");
        }
        assert_eq!(told(&world, "hash", None).await, [""; 0], "{layout:?}");
        let clear = world.get("clear.example", "/").header("x-forwarded-client-cert", FORGED);
        assert_eq!(told_by(&clear.send().await.unwrap().seen().unwrap()), [""; 0], "{layout:?}");

        let hash = told(&world, "hash", Some(&good)).await;
        let [hash] = hash.as_slice() else { panic!("{hash:?}") };
        let digits = hash.strip_prefix("Hash=").unwrap_or_else(|| panic!("{hash}"));
        assert!(digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        assert_eq!(
            told(&world, "names", Some(&good)).await,
            [format!("{hash};Subject=\"CN=good\";URI=spiffe://client.example/good;DNS=good.client.example")]
        );
        let whole = told(&world, "whole", Some(&good)).await.concat();
        let leaf = "Cert=\"-----BEGIN%20CERTIFICATE-----";
        assert!(whole.starts_with(&format!("{hash};{leaf}")), "{whole}");
        let (_, chain) = whole.split_once(";Chain=").unwrap_or_else(|| panic!("{whole}"));
        assert_eq!(chain.matches("BEGIN%20CERTIFICATE").count(), 2, "{chain}");
        assert!(!whole.contains("forged"), "{whole}");
        world.assert_nothing_rejected().await;
    }
}

/// An open connection of a client without a certificate.
struct Open {
    request: Request,
    connection: Connection,
}

impl Open {
    async fn to(world: &World, name: &str) -> Self {
        let request = request(world, name, None);
        let mut connection = request.connect().await.unwrap();
        assert_eq!(connection.send(&request).await.unwrap().code(), 200, "{name}");
        Self { request, connection }
    }

    async fn code(&mut self) -> u16 {
        self.connection.send(&self.request).await.unwrap().code()
    }
}

#[tokio::test]
async fn a_host_that_begins_to_ask_lets_no_earlier_connection_in_and_touches_no_other_host() {
    for layout in LAYOUTS {
        let authority = Authority::root("ours");
        let good = authority.issue("good");
        let mut world = world(layout, &authority).await;
        for name in ["changes", "other"] {
            write_host(&world, name, "");
        }
        world.sync().await;
        let [none, some] = [None, Some(&good)].map(|identity| request(&world, "changes", identity));
        let mut other = Open::to(&world, "other").await;
        for round in 0..3 {
            let mut earlier = Open::to(&world, "changes").await;
            write_validation(&world, "changes", "caSecret: ca");
            world.sync().await;
            eventually("the earlier connection leads nowhere", async || match earlier.code().await {
                421 => Ok(()),
                200 => Err("200".to_owned()),
                code => panic!("{layout:?}: {code}"),
            })
            .await;
            comes_to(&none, Refused, &[Status(421)]).await;
            comes_to(&some, Served, &[Status(421)]).await;
            assert_eq!(other.code().await, 200, "{layout:?}, round {round}");
            write_validation(&world, "changes", "");
            world.sync().await;
            comes_to(&none, Served, &[Refused, Status(421)]).await;
            assert_eq!(other.code().await, 200, "{layout:?}, round {round}");
        }
        assert!(!other.connection.is_closed(), "{layout:?}");
        let stats = world.envoy.stats().await;
        assert_eq!(stats.get("listener_manager.total_listeners_draining"), 0, "{layout:?}");
        // In place: of the listener nothing is drained but the chain that changed.
        let modified = stats.get("listener_manager.listener_modified");
        assert_eq!(stats.get("listener_manager.listener_in_place_updated"), modified, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn other_cas_and_lists_are_in_force_by_one_update_and_no_listener_changes() {
    let delta = LAYOUTS.map(|layout| (layout, XdsMode::AdsDelta));
    let sotw = [(Layout::Table, XdsMode::Sotw), (Layout::Scoped, XdsMode::AdsSotw)];
    for (layout, mode) in delta.into_iter().chain(sotw) {
        let (first, second) = (Authority::root("first"), Authority::root("second"));
        let [old, new] = [first.issue("old"), second.issue("new")];
        let taken_back = first.issue("taken back");
        let mut world = world_of(Options { mode, ..Options::with_layout(layout) }, &first).await;
        let lists =
            |revoked: &[&ClientIdentity]| secret("crl", "Opaque", &[("crl.pem", &first.revoke(revoked))]);
        world.write("crl", &lists(&[]));
        write_host(&world, "asks", "caSecret: ca");
        write_host(&world, "looks-up", "caSecret: ca, crlSecret: crl");
        write_host(&world, "other", "");
        world.sync().await;
        // Without ADS Envoy acknowledges a listener before it asks for what the listener waits for.
        eventually("the listener listens", async || {
            request(&world, "other", None).connect().await.map_err(|failure| failure.to_string())
        })
        .await;
        let mut other = Open::to(&world, "other").await;
        let updates = world.envoy.stat("listener_manager.lds.update_success").await;

        let tls = client("looks-up.example", Some(&taken_back)).resuming();
        let revoked = request(&world, "looks-up", None).tls(tls);
        for _ in 0..2 {
            assert_eq!(outcome(&revoked).await, Served, "{layout:?}");
        }
        assert_eq!(world.envoy.stats().await.sum("listener.", ".ssl.session_reused"), 1, "{layout:?}");
        let mark = world.mark();
        world.apply("crl", &lists(&[&taken_back])).await;
        assert_eq!(world.pushed_since(mark), ["Secret default/ca/ca/default/crl/crl"], "{layout:?}");
        comes_to(&revoked, Refused, &[Served]).await;
        assert_eq!(outcome(&request(&world, "looks-up", Some(&old))).await, Served, "{layout:?}");

        assert_eq!(outcome(&request(&world, "asks", Some(&old))).await, Served, "{layout:?}");
        assert_eq!(outcome(&request(&world, "asks", Some(&new))).await, Refused, "{layout:?}");
        let mark = world.mark();
        world.apply("ca", &second.secret("ca")).await;
        let mut pushed = world.pushed_since(mark);
        pushed.sort();
        assert_eq!(pushed, ["Secret default/ca/ca", "Secret default/ca/ca/default/crl/crl"], "{layout:?}");
        comes_to(&request(&world, "asks", Some(&new)), Served, &[Refused]).await;
        comes_to(&request(&world, "asks", Some(&old)), Refused, &[Served]).await;

        assert_eq!(other.code().await, 200, "{layout:?}");
        let stats = world.envoy.stats().await;
        assert_eq!(stats.get("listener_manager.lds.update_success"), updates, "{layout:?}");
        assert_eq!(stats.get("listener_manager.total_filter_chains_draining"), 0, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_host_whose_ca_goes_is_not_served_until_it_is_back() {
    for layout in LAYOUTS {
        let authority = Authority::root("ours");
        let good = authority.issue("good");
        let mut world = world(layout, &authority).await;
        write_host(&world, "asks", "caSecret: ca");
        write_host(&world, "other", "");
        world.sync().await;
        let mut other = Open::to(&world, "other").await;
        for broken in [None, Some("no certificate\n")] {
            comes_to(&request(&world, "asks", Some(&good)), Served, &[Refused, Status(421)]).await;
            match broken {
                None => world.remove("ca").await,
                Some(text) => world.apply("ca", &secret("ca", "Opaque", &[("ca.crt", text)])).await,
            }
            let problems = world.journal.problems("asks").concat();
            assert!(
                problems.contains("client validation is invalid: invalid CA Secret \"ca\""),
                "{problems}"
            );
            for identity in [None, Some(&good)] {
                let request = request(&world, "asks", identity);
                comes_to(&request, Refused, &[Served, Status(404), Status(421)]).await;
            }
            world.apply("ca", &authority.secret("ca")).await;
        }
        comes_to(&request(&world, "asks", Some(&good)), Served, &[Refused, Status(421)]).await;
        assert_eq!(outcome(&request(&world, "asks", None)).await, Refused, "{layout:?}");
        assert_eq!(other.code().await, 200, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn clients_of_a_tcp_proxy_are_asked_too() {
    for layout in LAYOUTS {
        let authority = Authority::root("ours");
        let mut world = world(layout, &authority).await;
        for (name, validation) in [("raw", "caSecret: ca"), ("any", "skipClientCertValidation: true")] {
            world.write(&format!("secret-{name}"), &HostCertificate::new("raw.example").secret(name));
            let tls = format!("{{secretName: {name}, clientValidation: {{{validation}}}}}");
            let host = format!("virtualhost: {{fqdn: {name}.example, tls: {tls}}}");
            let proxy = "tcpproxy: {services: [{name: blue, port: 80}]}";
            world.write(name, &http_proxy(name, &format!("{host}\n{proxy}\n")));
        }
        world.sync().await;
        for name in ["raw", "any"] {
            let good = authority.issue("good");
            assert_eq!(outcome(&request(&world, name, Some(&good))).await, Served, "{layout:?}: {name}");
            assert_eq!(outcome(&request(&world, name, None)).await, Refused, "{layout:?}: {name}");
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_host_that_becomes_a_tcp_proxy_and_asks_lets_no_earlier_connection_in() {
    for layout in LAYOUTS {
        let authority = Authority::root("ours");
        let mut world = world(layout, &authority).await;
        write_host(&world, "changes", "");
        world.sync().await;
        let mut earlier = Open::to(&world, "changes").await;
        assert_eq!(earlier.code().await, 200, "{layout:?}");
        let tls = "{secretName: changes, clientValidation: {caSecret: ca}}";
        let host = format!("virtualhost: {{fqdn: changes.example, tls: {tls}}}");
        let proxy = "tcpproxy: {services: [{name: blue, port: 80}]}";
        world.write("changes", &http_proxy("changes", &format!("{host}\n{proxy}\n")));
        world.sync().await;
        eventually("the earlier connection leads nowhere", async || match earlier.code().await {
            421 => Ok(()),
            code => Err(format!("{layout:?}: {code}")),
        })
        .await;
        comes_to(&request(&world, "changes", None), Refused, &[Status(421)]).await;
        world.assert_nothing_rejected().await;
    }
}
