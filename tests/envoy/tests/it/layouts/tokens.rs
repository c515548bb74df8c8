//! Tokens (JWT) that requests must carry, in every layout.

use harness::manifests::{HostCertificate, http_proxy};
use harness::{Options, World};
use model::{DnsFamily, Layout, Settings};
use serde_json::{Value, json};
use testkit::{Answer, Canned, Failure, Issuer, Request, eventually};

const LAYOUTS: [Layout; 3] = [Layout::Table, Layout::Scoped, Layout::OnDemand];

/// A world with the backend `blue` and a certificate for two hosts.
async fn world(layout: Layout) -> World {
    world_of(Settings { layout, ..Settings::default() }).await
}

async fn world_of(settings: Settings) -> World {
    let mut world = World::with(Options { settings, ..Options::default() }).await;
    world.add_backend("blue").await;
    for host in ["site", "other"] {
        world.write(&format!("{host}-cert"), &HostCertificate::new(&format!("{host}.example")).secret(host));
    }
    world
}

/// The keys of an issuer in a Secret.
fn keys(name: &str, issuer: &Issuer) -> String {
    let head =
        format!("apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata: {{name: {name}, namespace: default}}");
    format!("{head}\nstringData: {{jwks: '{}'}}\n", issuer.jwks())
}

/// A host with TLS, these providers (YAML of a list in one line), and routes: `/app`, `/remote` and `/open`.
fn site(host: &str, providers: &str) -> String {
    let forward = "services: [{name: blue, port: 80}]";
    let spec = format!(
        "virtualhost: {{fqdn: {host}.example, tls: {{secretName: {host}}}, jwtProviders: {providers}}}\n\
         routes:\n\
         - {{conditions: [{{prefix: /app}}], permitInsecure: true, {forward}}}\n\
         - {{conditions: [{{prefix: /answer}}], directResponsePolicy: {{statusCode: 202}}}}\n\
         - {{conditions: [{{prefix: /open}}], permitInsecure: true, jwtVerificationPolicy: {{disabled: true}}, {forward}}}\n"
    );
    http_proxy(host, &spec)
}

const LOCAL: &str = "[{name: local, default: true, issuer: here, audiences: [us, them], \
    localJWKS: {secretName: keys, key: jwks}}]";

fn claims() -> Value {
    json!({"iss": "here", "aud": "us", "sub": "somebody"})
}

async fn ask(world: &World, path: &str, token: Option<&str>) -> Answer {
    asked(world.get_tls("site.example", path), token).await.unwrap()
}

async fn asked(request: Request, token: Option<&str>) -> Result<Answer, Failure> {
    match token {
        Some(token) => request.header("authorization", &format!("Bearer {token}")).send().await,
        None => request.send().await,
    }
}

/// Proves client/token.
#[tokio::test]
async fn only_a_token_that_is_signed_in_time_and_meant_for_us_is_let_through() {
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        let (issuer, stranger) = (Issuer::new("1"), Issuer::new("1"));
        world.write("keys", &keys("keys", &issuer));
        world.write("site", &site("site", LOCAL));
        world.sync().await;
        assert_eq!(world.journal.problems("site").len(), 1, "{layout:?} permitInsecure is ignored once");
        let good = issuer.token(claims(), 600);
        let other = |claim: &str, value: &str| {
            let mut claims = claims();
            claims[claim] = json!(value);
            issuer.token(claims, 600)
        };
        for (what, token, code) in [
            ("none", None, 401),
            ("good", Some(good.clone()), 200),
            ("for others, too", Some(other("aud", "them")), 200),
            ("no token", Some("nonsense".into()), 401),
            ("too late", Some(issuer.token(claims(), -600)), 401),
            ("forged", Some(stranger.token(claims(), 600)), 401),
            ("of another issuer", Some(other("iss", "elsewhere")), 401),
            ("for others", Some(other("aud", "nobody")), 403),
        ] {
            assert_eq!(ask(&world, "/app", token.as_deref()).await.code(), code, "{layout:?} {what}");
            let answer = if code == 200 { 202 } else { code };
            assert_eq!(ask(&world, "/answer", token.as_deref()).await.code(), answer, "{layout:?} {what}");
            assert_eq!(ask(&world, "/open", None).await.code(), 200, "{layout:?} {what}");
        }
        for host in ["SITE.example", "site.example:8443", "site.example."] {
            let request = |path| Request { host: host.into(), ..world.get_tls("site.example", path) };
            assert_eq!(asked(request("/app"), None).await.unwrap().code(), 401, "{layout:?} {host}");
            let answer = asked(request("/app"), Some(&good)).await.unwrap();
            assert_eq!(answer.code(), 200, "{layout:?} {host}");
            assert_eq!(answer.seen().unwrap().header("authorization"), None, "the token stays here");
            assert_eq!(asked(request("/nothing"), None).await.unwrap().code(), 404, "{layout:?} {host}");
        }
        for (path, token, code) in [("/app", None, 301), ("/app", Some(&*good), 301), ("/open", None, 200)] {
            let answer = asked(world.get("site.example", path), token).await.unwrap();
            assert_eq!(answer.code(), code, "{layout:?} over plaintext, {path}");
        }
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn the_routes_of_an_ingress_under_the_host_need_the_token_of_the_default_provider() {
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        let issuer = Issuer::new("1");
        world.write("keys", &keys("keys", &issuer));
        world.write("site", &site("site", LOCAL));
        world.write(
            "beside",
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: beside, namespace: default}\n\
             spec:\n  tls: [{hosts: [site.example], secretName: site}]\n  rules:\n\
             \x20 - {host: site.example, http: {paths: [{path: /beside, pathType: Prefix, \
             backend: {service: {name: blue, port: {number: 80}}}}]}}\n",
        );
        world.sync().await;
        let good = issuer.token(claims(), 600);
        assert_eq!(ask(&world, "/beside", None).await.code(), 401, "{layout:?}");
        assert_eq!(ask(&world, "/beside", Some(&good)).await.code(), 200, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn keys_are_asked_from_a_server_that_proves_who_it_is() {
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        let issuer = Issuer::new("remote");
        let (plain, secure) = (Canned::start().await, Canned::start_tls("keys.example").await);
        for server in [&plain, &secure] {
            server.answer("/keys", 200, &[("content-type", "application/json")], issuer.jwks());
        }
        let ca = |name: &str, pem: &str| {
            let pem: String = pem.lines().map(|line| format!("    {line}\n")).collect();
            format!(
                "apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata: {{name: {name}, namespace: default}}\n\
                 stringData:\n  ca.crt: |\n{pem}"
            )
        };
        world.write("right", &ca("right", secure.certificate().unwrap()));
        world.write("wrong", &ca("wrong", &HostCertificate::new("keys.example").certificate));
        let good = issuer.token(claims(), 600);
        let uri = |scheme: &str, server: &Canned| format!("{scheme}://127.0.0.1:{}/keys", server.port());
        let proven = |ca: &str, name: &str| {
            format!("uri: '{}', validation: {{caSecret: {ca}, subjectName: {name}}}", uri("https", &secure))
        };
        for (remote, code) in [
            (format!("uri: '{}'", uri("http", &plain)), 200),
            (format!("uri: '{}'", uri("https", &secure)), 200),
            (proven("right", "keys.example"), 200),
            (proven("wrong", "keys.example"), 401),
            (proven("right", "other.example"), 401),
            (format!("uri: '{}'", uri("http", &plain).replace("/keys", "/missing")), 401),
        ] {
            let provider =
                format!("[{{name: r, default: true, forwardJWT: true, remoteJWKS: {{{remote}}}}}]");
            world.apply("site", &site("site", &provider)).await;
            assert_eq!(ask(&world, "/app", None).await.code(), 401, "{layout:?} {remote}");
            eventually("the chain is the new one", async || match ask(&world, "/app", Some(&good)).await {
                answer if answer.code() == code => Ok(()),
                answer => Err(format!("{layout:?} {remote}: {} {}", answer.code(), answer.text())),
            })
            .await;
        }
        let answer_with_token = {
            let remote = format!("uri: '{}'", uri("http", &plain));
            let provider =
                format!("[{{name: r, default: true, forwardJWT: true, remoteJWKS: {{{remote}}}}}]");
            world.apply("site", &site("site", &provider)).await;
            ask(&world, "/app", Some(&good)).await
        };
        let seen = answer_with_token.seen().unwrap();
        assert_eq!(seen.header("authorization"), Some(&*format!("Bearer {good}")), "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn tokens_are_refused_while_their_keys_cannot_be_had_and_taken_when_they_can() {
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        let (issuer, server) = (Issuer::new("1"), Canned::start().await);
        let uri = format!("http://127.0.0.1:{}/keys", server.port());
        let provider =
            format!("[{{name: r, default: true, remoteJWKS: {{uri: '{uri}', cacheDuration: 1s}}}}]");
        world.write("site", &site("site", &provider));
        world.write("other", &site("other", "[]"));
        world.sync().await;
        let good = issuer.token(claims(), 600);
        let code = async || ask(&world, "/app", Some(&good)).await.code();
        server.answer("/keys", 503, &[], "");
        assert_eq!(code().await, 401, "{layout:?}");
        server.answer("/keys", 200, &[], issuer.jwks());
        let becomes = async |expected: u16| {
            eventually("the keys are asked for again", async || match code().await {
                code if code == expected => Ok(()),
                code => Err(format!("{layout:?} {code}")),
            })
            .await;
        };
        becomes(200).await;
        server.answer("/keys", 200, &[], Issuer::new("1").jwks());
        becomes(401).await;
        assert!(server.received().iter().all(|received| received.path == "/keys"), "{layout:?}");
        assert_eq!(world.get_tls("other.example", "/app").send().await.unwrap().code(), 200, "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}

/// The server of keys listens on 127.0.0.1 alone.
#[tokio::test]
async fn names_are_looked_up_in_the_family_that_the_operator_says() {
    for (dns_family, code, times) in [(DnsFamily::V4, 200, 1), (DnsFamily::V6, 401, 0)] {
        let mut world = world_of(Settings { dns_family, ..Settings::default() }).await;
        let (issuer, server) = (Issuer::new("1"), Canned::start().await);
        server.answer("/keys", 200, &[], issuer.jwks());
        let uri = format!("http://localhost:{}/keys", server.port());
        let provider = format!("[{{name: r, default: true, remoteJWKS: {{uri: '{uri}'}}}}]");
        world.apply("site", &site("site", &provider)).await;
        let answer = ask(&world, "/app", Some(&issuer.token(claims(), 600))).await;
        assert_eq!((answer.code(), server.received().len()), (code, times), "{dns_family:?}");
        world.assert_nothing_rejected().await;
    }
}

#[tokio::test]
async fn a_host_that_begins_to_ask_for_tokens_drains_no_other_host() {
    for layout in LAYOUTS {
        let mut world = world(layout).await;
        let issuer = Issuer::new("1");
        world.write("keys", &keys("keys", &issuer));
        world.write("site", &site("site", "[]"));
        world.write("other", &site("other", "[]"));
        world.sync().await;
        let request = |host: &str| world.get_tls(&format!("{host}.example"), "/app").http2();
        let (to_site, to_other) = (request("site"), request("other"));
        let (mut site, mut other) = (to_site.connect().await.unwrap(), to_other.connect().await.unwrap());
        assert_eq!(site.send(&to_site).await.unwrap().code(), 200, "{layout:?}");
        assert_eq!(other.send(&to_other).await.unwrap().code(), 200, "{layout:?}");
        world.apply("site", &self::site("site", LOCAL)).await;
        let good = issuer.token(claims(), 600);
        assert_eq!(ask(&world, "/app", None).await.code(), 401, "{layout:?}");
        assert_eq!(ask(&world, "/app", Some(&good)).await.code(), 200, "{layout:?}");
        match site.send(&to_site).await {
            Ok(answer) => {
                assert_eq!(answer.code(), 421, "{layout:?} what was open may not go round the check");
            }
            Err(failure) => assert!(site.is_closed(), "{layout:?} {failure}"),
        }
        assert_eq!(other.send(&to_other).await.unwrap().code(), 200, "{layout:?}");
        assert!(!other.is_closed(), "{layout:?}");
        world.apply("site", &self::site("site", "[]")).await;
        assert_eq!(ask(&world, "/app", None).await.code(), 200, "{layout:?}");
        assert_eq!(other.send(&to_other).await.unwrap().code(), 200, "{layout:?}");
        assert!(!other.is_closed(), "{layout:?}");
        world.assert_nothing_rejected().await;
    }
}
