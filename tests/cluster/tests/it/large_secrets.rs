//! Secrets as large as an API server takes.

use isobath_cluster_tests::install_definitions;
use serde_json::{Value, json};
use status::Kind;
use testbed::{Bed, Mode};

use crate::controller::{Controller, certificates, text};
use crate::objects::{http_proxy, pair, secret};
use crate::statuses::{apply, becomes, current_status, status_of};

/// What an API server takes of a Secret: the sum of all its values, in bytes.
const LARGEST: usize = 1 << 20;
/// How many there are that nobody asked for.
const OTHERS: usize = 20;

/// A Secret whose values are as large as they may be: with these fields, and one that fills it.
fn full(name: &str, kind: &str, mut fields: Value, filler: &str) -> Value {
    let used: usize =
        fields.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str()).map(str::len).sum();
    fields[filler] = json!("a".repeat(LARGEST - used));
    secret(name, kind, &fields)
}

fn proxy(name: &str, tls: &Value) -> Value {
    http_proxy(name, json!({"tls": tls}), &json!({"requestRedirectPolicy": {"hostname": "to.example"}}))
}

/// The sum of a metric over all lines with this label.
fn sum(metrics: &str, name: &str, label: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.starts_with(name) && line.contains(label));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

async fn is(bed: &Bed, name: &str, status: &str) {
    becomes(name, json!(status), async || current_status(bed, name).await).await;
}

#[test]
fn the_largest_secrets_are_read_and_nothing_stops_beside_them() {
    testbed::test("large-secrets", async |bed| {
        install_definitions(bed).await;
        let controller = Controller::start(bed, &[], &[]).await;
        let lists = sum(&controller.metrics().await, "isobath_lists_total", "Secret");
        let identity = certificates(0).server;
        let key = json!({"tls.key": identity.key.expose()});

        let mut too_large = full("too-large", "Opaque", json!({}), "ca.crt");
        too_large["stringData"]["more"] = json!("a");
        let refused = bed.objects.apply_one(&too_large, Mode::Keep).await;
        assert!(refused.is_err(), "there are none that are larger");

        apply(bed, &full("pair", "kubernetes.io/tls", pair(&identity), "more")).await;
        apply(bed, &full("no-ca", "Opaque", json!({}), "ca.crt")).await;
        apply(bed, &full("no-certificate", "kubernetes.io/tls", key, "tls.crt")).await;
        for number in 0..OTHERS {
            apply(bed, &full(&format!("other-{number}"), "Opaque", json!({}), "anything")).await;
        }
        apply(bed, &proxy("pair", &json!({"secretName": "pair"}))).await;
        let clients = json!({"secretName": "pair", "clientValidation": {"caSecret": "no-ca"}});
        apply(bed, &proxy("no-ca", &clients)).await;
        apply(bed, &proxy("no-certificate", &json!({"secretName": "no-certificate"}))).await;
        is(bed, "pair", "valid").await;
        for name in ["no-ca", "no-certificate"] {
            is(bed, name, "invalid").await;
            let said = status_of(bed, Kind::HttpProxy, name).await.to_string();
            assert!(said.contains(name) && said.len() < 4096, "{} bytes", said.len());
        }
        // What is not asked for goes to no Envoy.
        let sent = controller.cli(&["sds", "large-secrets/pair", "--once"]).output().unwrap();
        let sent = text(&sent);
        assert!(sent.contains("large-secrets/pair") && sent.len() < 8192, "{} bytes", sent.len());

        bed.objects.delete("{apiVersion: v1, kind: Secret, metadata: {name: pair}}").await.unwrap();
        is(bed, "pair", "invalid").await;
        apply(bed, &secret("pair", "kubernetes.io/tls", &pair(&identity))).await;
        is(bed, "pair", "valid").await;
        let metrics = controller.metrics().await;
        let watches =
            ["isobath_watches_failing", "isobath_watch_failures_total"].map(|name| sum(&metrics, name, ""));
        assert_eq!(watches, [0.0, 0.0], "{metrics}");
        assert_eq!(sum(&metrics, "isobath_lists_total", "Secret"), lists);
    });
}
