//! Clients that are no Envoys of a controller: they are refused, and its log says why and where they come from.

use certs::{GatewayCa, Generated, Identity};
use http::Method;
use isobath_cluster_tests::eventually;
use serde_json::Value;
use testkit::{ClientTls, Failure, Request, Trust};

use crate::controller::{Controller, certificates, now};
use crate::objects::gateway_ca;
use crate::statuses::{apply, becomes};

/// Asks for a method that does not exist: who is let in gets an answer that says so.
async fn ask(controller: &Controller, identity: Option<&Identity>) -> Result<String, Failure> {
    let trust = Trust::Roots(controller.certificates().ca.clone());
    let tls = match identity {
        None => ClientTls::new("localhost", &trust),
        Some(Identity { certificate, key }) => {
            ClientTls::with_identity("localhost", &trust, certificate, key.expose())
        }
    };
    let request = Request::get(controller.xds(), "localhost", "/no.such.Service/Method").method(Method::POST);
    let answer = request.tls(tls.alpn(&["h2"])).http2().send().await?;
    Ok(answer.header("grpc-status").unwrap_or_default().to_owned())
}

/// The fields of a line of the log with this message, as often as it is said.
fn said<'a>(log: &'a str, message: &'a str) -> impl Iterator<Item = Value> + 'a {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(move |line| line["message"] == message)
}

/// Waits until the log says of a handshake why it failed.
async fn is_told(controller: &Controller, why: &str) {
    eventually("the log says why", async || {
        let log = controller.log();
        let failures: Vec<Value> = said(&log, "xds tls handshake failed").collect();
        let is_it = |line: &Value| {
            let text = |field: &str| line[field].as_str().unwrap_or_default().to_lowercase();
            text("error").contains(why) && text("from").starts_with("127.0.0.1:")
        };
        if failures.iter().any(is_it) { Ok(()) } else { Err(format!("{why}: {failures:?}")) }
    })
    .await;
}

#[test]
fn clients_with_a_wrong_certificate_are_refused_and_the_log_says_why() {
    testbed::test("strangers", async |bed| {
        let (old, foreign) = (certificates(60), certificates(0));
        let trusted = |ours: &Generated| format!("{}{}", ours.ca, old.ca);
        let controller = Controller::trusting(bed, trusted, &["--log-format=json"], &[]).await;
        for (identity, why) in [
            (None, "peer sent no certificates"),
            (Some(&foreign.client), "unknownissuer"),
            (Some(&old.client), "expired"),
        ] {
            let answer = ask(&controller, identity).await;
            assert!(
                matches!(answer, Err(Failure::Tls(_) | Failure::Lost(_) | Failure::NotSent)),
                "{answer:?}"
            );
            is_told(&controller, why).await;
        }
        let ours = controller.certificates();
        assert_eq!(ask(&controller, Some(&ours.client)).await.as_deref(), Ok("12"));

        // One of the right CA, for something else.
        let refused = controller.cli_as("server", &["lds"]).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        let log = controller.end();
        let reasons: Vec<Value> =
            said(&log, "xds stream refused").map(|line| line["reason"].clone()).collect();
        let expected =
            ["this method is not served", "client certificate: names neither envoy nor one gateway"];
        assert_eq!(reasons, expected);
    });
}

#[test]
fn envoys_of_gateways_are_let_in_as_long_as_their_ca_is_there() {
    testbed::test("strangers-of-gateways", async |bed| {
        let controller = Controller::start(bed, &[], &[]).await;
        let ca = GatewayCa::new(now()).unwrap();
        let envoy = ca.issue("gateway/shop/web", now()).unwrap();
        let is_let_in = async || ask(&controller, Some(&envoy)).await.as_deref() == Ok("12");
        assert!(!is_let_in().await);
        apply(bed, &gateway_ca(&ca)).await;
        becomes("whether it is let in", true, is_let_in).await;
        bed.objects.delete(&gateway_ca(&ca).to_string()).await.unwrap();
        becomes("whether it is let in", false, is_let_in).await;
        assert_eq!(ask(&controller, Some(&controller.certificates().client)).await.as_deref(), Ok("12"));
    });
}
