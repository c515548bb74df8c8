//! Certificates that `certgen` writes into a cluster, and that a controller renews there.

mod renewed;

use std::collections::BTreeMap;
use std::process::Command;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use testbed::Bed;

/// Runs `isobath certgen --kube` for the bed's namespace.
fn certgen(bed: &Bed, more: &[&str]) -> String {
    let output = Command::new(&bed.cluster.programs().isobath)
        .args([
            "certgen",
            "--kube",
            "--secrets-format=compact",
            "--namespace",
            &bed.namespace,
            "--kubeconfig",
        ])
        .arg(bed.cluster.kubeconfig())
        .args(more)
        .output()
        .expect("certgen runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

async fn data(bed: &Bed, name: &str) -> BTreeMap<String, ByteString> {
    bed.api::<Secret>().get(name).await.expect("a Secret").data.expect("data")
}

#[test]
fn certgen_keeps_what_is_there_and_rotates_when_it_is_told_to() {
    testbed::test("certgen", async |bed| {
        let written = "secret/isobathcert written\nsecret/envoycert written\nsecret/nextcerts written\n";
        assert_eq!(certgen(bed, &[]), written);
        let (first, next) = (data(bed, "isobathcert").await, data(bed, "nextcerts").await);
        assert_eq!(certgen(bed, &[]), "secret/isobathcert already exists\nsecret/envoycert already exists\n");
        assert_eq!(data(bed, "isobathcert").await, first);
        assert_eq!(certgen(bed, &["--overwrite"]), written);
        let second = data(bed, "isobathcert").await;
        assert_eq!(second["tls.crt"], next["isobathcert.pem"]);
        assert_ne!(second["ca.crt"], first["ca.crt"]);
        assert!(second["ca.crt"].0.len() > first["ca.crt"].0.len(), "what was trusted still is");
    });
}
