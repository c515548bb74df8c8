//! Who is not let in to the xDS server.

use certs::{Generated, Options};
use http::Method;
use testkit::{Answer, ClientTls, Failure, Request, Trust};
use tokio_util::sync::CancellationToken;

const DAY: i64 = 86_400;

fn certificates(days_ago: i64) -> Generated {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    certs::generate(&Options::loopback(i64::try_from(now).unwrap() - days_ago * DAY)).unwrap()
}

/// What a client with this identity gets from a server with these certificates. It asks for a method that
/// does not exist: who is let in gets an answer that says so.
async fn ask(server: &Generated, identity: Option<&Generated>) -> Result<Answer, Failure> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let target = listener.local_addr().unwrap();
    let (hub, _observations) = xds::Hub::new(xds::Settings::default());
    let stop = CancellationToken::new();
    let serving =
        tokio::spawn(xds::Server::new(hub, harness::security(server)).serve(listener, stop.clone()));
    // The server's own certificate is not what is tested here, and one that is expired would hide the rest.
    let tls = match identity {
        None => ClientTls::new("localhost", &Trust::Anything),
        Some(identity) => {
            let client = &identity.client;
            ClientTls::with_identity("localhost", &Trust::Anything, &client.certificate, client.key.expose())
        }
    };
    let request = Request::get(target, "localhost", "/no.such.Service/Method").method(Method::POST);
    let answer = request.tls(tls.alpn(&["h2"])).http2().send().await;
    stop.cancel();
    serving.await.unwrap().unwrap();
    answer
}

fn is_refused(answer: &Result<Answer, Failure>) -> bool {
    matches!(answer, Err(Failure::Tls(_) | Failure::Lost(_) | Failure::NotSent))
}

#[tokio::test]
async fn the_right_certificate_is_let_in() {
    let ours = certificates(0);
    assert_eq!(ask(&ours, Some(&ours)).await.unwrap().header("grpc-status"), Some("12"));
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused() {
    let answer = ask(&certificates(0), None).await;
    assert!(is_refused(&answer), "{answer:?}");
}

#[tokio::test]
async fn a_client_of_a_foreign_ca_is_refused() {
    let answer = ask(&certificates(0), Some(&certificates(0))).await;
    assert!(is_refused(&answer), "{answer:?}");
}

#[tokio::test]
async fn a_client_whose_certificate_is_expired_is_refused() {
    let old = certificates(60);
    let answer = ask(&old, Some(&old)).await;
    assert!(is_refused(&answer), "{answer:?}");
}
