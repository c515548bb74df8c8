//! A controller renews certificates that end soon, and nobody notices.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use certs::SecretsFormat;
use certs::certgen::{CertgenOptions, Deed, in_cluster};
use isobath_cluster_tests::eventually;
use k8s_openapi::ByteString;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Pod, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use testbed::Bed;
use testkit::{Load, Request};

use crate::install::{NAMESPACE, OBJECTS, address, condition, is_installed, kubectl};

const LEASE: &str = "leader-elect";

fn installed<T>(bed: &Bed) -> Api<T>
where
    T: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
{
    Api::namespaced(bed.client.clone(), NAMESPACE)
}

async fn apply(bed: &Bed, object: serde_json::Value) {
    bed.objects.apply(&object.to_string()).await.unwrap();
}

/// The Secrets that certgen would have written 355 days ago: ten days are left of what is in use.
async fn old_certificates(bed: &Bed) {
    let options = CertgenOptions { secrets_format: SecretsFormat::Compact, ..CertgenOptions::default() };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let Deed::Write(secrets, _) = in_cluster(&options, &[], now - 355 * 86_400).unwrap() else { panic!() };
    for secret in secrets {
        let data: BTreeMap<_, _> =
            secret.data.into_iter().map(|(key, value)| (key, ByteString(value))).collect();
        let metadata = json!({"name": secret.name, "namespace": secret.namespace});
        apply(bed, json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": secret.kind, "data": data}))
            .await;
    }
}

/// Nobody leads before [`let_lead`].
async fn let_nobody_lead(bed: &Bed) {
    let spec = json!({"holderIdentity": "the test", "leaseDurationSeconds": 36_000});
    let metadata = json!({"name": LEASE, "namespace": NAMESPACE});
    let lease =
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec});
    apply(bed, lease).await;
}

async fn let_lead(bed: &Bed) {
    let free = Patch::Merge(json!({"spec": {"holderIdentity": ""}}));
    installed::<Lease>(bed).patch(LEASE, &PatchParams::default(), &free).await.unwrap();
}

async fn data(bed: &Bed, name: &str) -> BTreeMap<String, ByteString> {
    installed::<Secret>(bed).get(name).await.unwrap().data.unwrap()
}

/// Answers with this status from now on.
async fn answers(bed: &Bed, address: SocketAddr, status: u16) {
    let proxy = json!({
        "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy", "metadata": {"name": "answers"},
        "spec": {
            "virtualhost": {"fqdn": "answers.example"},
            "routes": [{"directResponsePolicy": {"statusCode": status}}],
        },
    });
    apply(bed, proxy).await;
    eventually("the change is in force", async || {
        let answer = Request::get(address, "answers.example", "/").send().await;
        let code = answer.map_err(|error| error.to_string())?.code();
        if code == status { Ok(()) } else { Err(code.to_string()) }
    })
    .await;
}

async fn envoys(bed: &Bed) -> BTreeSet<(String, i32)> {
    let labelled = ListParams::default().labels("app.kubernetes.io/component=envoy");
    let pods = installed::<Pod>(bed).list(&labelled).await.unwrap();
    let restarts = |pod: &Pod| -> i32 {
        let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
        statuses.map(|status| status.restart_count).sum()
    };
    pods.items.iter().map(|pod| (pod.uid().unwrap(), restarts(pod))).collect()
}

/// What Events tell about the controllers, each once.
async fn told(bed: &Bed) -> BTreeSet<(String, String)> {
    let events = installed::<Event>(bed).list(&ListParams::default()).await.unwrap();
    let ours =
        events.items.into_iter().filter(|event| event.reporting_controller.as_deref() == Some("isobath"));
    let pod = |event: &Event| event.regarding.as_ref().and_then(|pod| pod.kind.clone());
    ours.map(|event| (pod(&event).unwrap_or_default(), event.reason.unwrap_or_default())).collect()
}

#[test]
fn certificates_that_end_soon_are_renewed_and_no_request_fails() {
    testbed::test_alone("renewed", async |bed| {
        kubectl(bed, &["apply", "--filename", "deploy/base/namespace.yaml"]).await;
        old_certificates(bed).await;
        let_nobody_lead(bed).await;
        kubectl(
            bed,
            &[
                "apply",
                "--server-side",
                "--force-conflicts",
                "--kustomize",
                "deploy/overlays/renewing-controller",
            ],
        )
        .await;
        is_installed(bed).await;
        bed.objects.apply(OBJECTS).await.unwrap();
        let address = address(bed).await;
        answers(bed, address, 201).await;
        eventually("the backend is served", async || {
            let answer = Request::get(address, "shop.example", "/").send().await;
            let code = answer.map_err(|error| error.to_string())?.code();
            if code == 200 { Ok(()) } else { Err(code.to_string()) }
        })
        .await;
        let warned = BTreeSet::from([("Pod".to_owned(), "CertificateExpiresSoon".to_owned())]);
        eventually("the controllers are warned of", async || {
            let told = told(bed).await;
            if told == warned { Ok(()) } else { Err(format!("{told:?}")) }
        })
        .await;

        let (before, announced, envoys_before) =
            (data(bed, "isobathcert").await, data(bed, "nextcerts").await, envoys(bed).await);
        let load = Load::new(Request::get(address, "shop.example", "/")).start();
        let_lead(bed).await;
        eventually("all three Secrets are new", async || {
            let (server, client) = (data(bed, "isobathcert").await, data(bed, "envoycert").await);
            let is_renewed = server["tls.crt"] == announced["isobathcert.pem"]
                && client["tls.crt"] == announced["envoycert.pem"]
                && data(bed, "nextcerts").await != announced;
            if is_renewed { Ok(()) } else { Err("the old ones".to_owned()) }
        })
        .await;
        assert!(data(bed, "isobathcert").await["ca.crt"].0.len() > before["ca.crt"].0.len());
        answers(bed, address, 202).await;

        // New controllers know the new certificates alone, so Envoy has to connect with its own new one.
        kubectl(bed, &["rollout", "restart", "--namespace", NAMESPACE, "deployment/isobath"]).await;
        kubectl(
            bed,
            &["rollout", "status", "--namespace", NAMESPACE, "deployment/isobath", "--timeout=180s"],
        )
        .await;
        answers(bed, address, 203).await;
        eventually("the status says so", async || {
            let said = condition(bed, "httpproxy/answers", "Programmed").await;
            if said.as_ref().is_some_and(|said| said.status == "True" && said.generation == 3) {
                Ok(())
            } else {
                Err(format!("{said:?}"))
            }
        })
        .await;
        load.more(20).await;
        load.stop().await.assert_clean();
        assert_eq!(envoys(bed).await, envoys_before, "the Envoy stays");
    });
}
